"""The prompts of a beat and of a gap, and what is taken off the answers."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from transformers import PreTrainedTokenizerFast

from templora.composing import Before, Until, compose_prompt
from templora.engine import Compose
from templora.errors import BadInput
from templora.streaming import Filter, finish_through, push_through
from tests.engine.tiny import tiny_tokenizer

TEMPLATE = "{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>\n{% endfor %}<s>assistant{{ '\\n' }}"
EARLIER = "An old line of the book. " * 200 + "\n\n"
BEFORE = EARLIER + "The ferries were gone.\n\nInes counted the hours. Four until the flood."
AFTER = "The mud was warmer than the air. " * 60
BEAT = Compose(None, BEFORE + "\n\n", "", "She takes\noff her shoes.", {})
GAP = Compose(None, BEFORE + "\n\n", AFTER, "", {})


@pytest.fixture(scope="module")
def chatty() -> PreTrainedTokenizerFast:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def read(tokenizer: PreTrainedTokenizerFast, request: Compose, answers: bool, room: int = 10_000) -> str:
    return str(tokenizer.decode(compose_prompt(tokenizer, request, 0, room, answers)[0]))


def streamed(filters: list[Filter], text: str, seed: int = 0) -> str:
    rng, out = random.Random(seed), ""
    while text and not any(part.done for part in filters):
        size = rng.randint(1, 9)
        out += push_through(filters, text[:size])
        text = text[size:]
    return out + finish_through(filters)


def test_a_chat_model_is_told_the_beat_and_its_answer_begins_with_the_last_words(
    chatty: PreTrainedTokenizerFast,
) -> None:
    text = read(chatty, BEAT, True)
    told, answer = text.split("<s>assistant\n")
    assert "The story so far:\nAn old line" in told
    assert "This is what happens in it: She takes off her shoes." in told
    assert answer == "Ines counted the hours. Four until the flood.\n\n"


def test_a_take_in_the_middle_of_a_paragraph_goes_on_in_it(chatty: PreTrainedTokenizerFast) -> None:
    request = replace(BEAT, before=BEFORE + " She ")
    assert read(chatty, request, True).endswith("Four until the flood. She")
    _, filters = compose_prompt(chatty, request, 0, 10_000, True)
    assert streamed(filters(), " took them off.") == "took them off."
    _, filters = compose_prompt(chatty, replace(request, before=BEFORE), 0, 10_000, True)
    assert streamed(filters(), " She took them off.") == " She took them off."


def test_a_base_model_reads_the_beat_as_a_line_before_the_last_paragraph(tokenizer: PreTrainedTokenizerFast) -> None:
    text = read(tokenizer, BEAT, False)
    last = "Ines counted the hours. Four until the flood.\n\n"
    assert text.endswith("The ferries were gone.\n\n[What happens next: She takes off her shoes.]\n\n" + last)
    assert compose_prompt(tokenizer, BEAT, 0, 10_000, False)[0][0] == 0


def test_what_follows_a_gap_is_known_to_both_kinds_of_model(
    chatty: PreTrainedTokenizerFast, tokenizer: PreTrainedTokenizerFast
) -> None:
    told = read(chatty, GAP, True)
    assert "How it goes on after the gap:\nThe mud was warmer" in told
    assert "this happens" not in told
    assert "In between, this happens: She runs." in read(chatty, replace(GAP, beat="She runs."), True)
    text = read(tokenizer, replace(GAP, beat="She runs."), False)
    assert text.index("[Later: The mud was warmer") < text.index("An old line") < text.index("[In between: She runs.]")
    assert told.count("The mud") < 60  # as much as is needed, up to the end of a sentence
    assert "the air.\n\nWrite the passage that is missing" in told


def test_a_tokenizer_that_writes_gaps_is_asked_its_own_way() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.add_special_tokens(
        {"additional_special_tokens": ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"]}  # type: ignore[dict-item]
    )
    text = read(tokenizer, GAP, False)
    assert text.index("<|fim_prefix|>An old") < text.index("<|fim_suffix|>\n\nThe mud") < text.index("<|fim_middle|>")
    assert text.endswith("<|fim_middle|>")
    assert "<|fim" not in read(tokenizer, BEAT, False)


def test_what_is_to_be_known_of_the_book_stands_first(
    chatty: PreTrainedTokenizerFast, tokenizer: PreTrainedTokenizerFast
) -> None:
    request = replace(BEAT, notes="Ines is the pilot's sister.")
    assert read(chatty, request, True).startswith("<s>user\nInes is the pilot's sister.\n\nThe story")
    assert read(tokenizer, request, False).startswith("<s>Ines is the pilot's sister.\n\n")


def test_context_gives_way_to_the_room_there_is(chatty: PreTrainedTokenizerFast) -> None:
    whole = compose_prompt(chatty, BEAT, 0, 10_000, True)[0]
    less = compose_prompt(chatty, BEAT, 0, len(whole) // 2, True)[0]
    assert 0 < len(less) <= len(whole) // 2
    assert "She takes off her shoes." in str(chatty.decode(less))
    with pytest.raises(BadInput, match="fewer words"):
        compose_prompt(chatty, BEAT, 0, 10, True)


def test_a_beat_may_begin_a_book_and_nothing_at_all_may_not(chatty: PreTrainedTokenizerFast) -> None:
    ids, filters = compose_prompt(chatty, replace(BEAT, before=""), 0, 10_000, True)
    assert str(chatty.decode(ids)).endswith("<s>assistant\n")
    assert streamed(filters(), "Sure! Here is the next passage:\n\nShe took them off.") == "She took them off."
    with pytest.raises(BadInput, match="no text"):
        compose_prompt(chatty, replace(BEAT, before="", beat=""), 0, 10_000, True)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (" She went down. The mud was warmer than the air. It", "She went down."),
        ("She went down.\n\nThe mud was warmer, than the air!", "She went down."),
        ("She went down.\n\nThe mud was", "She went down."),
        ("She went down.\n\nThe mud was cold.", "She went down.\n\nThe mud was cold."),
        ("She knew the mud was warmer than the air.",) * 2,
        ("She went down.\n\nA boat, and", "She went down."),
        ("She went down, and", "She went down, and"),
        ("The mud was warmer than the air.", ""),
        ("She went down.\n\n[In between: no]", "She went down."),
        ("She went.\n\nI hope this passage leads up to what follows.", "She went."),
        ("", ""),
    ],
)
def test_a_gap_is_filled_up_to_what_follows(
    chatty: PreTrainedTokenizerFast, answer: str, expected: str, seed: int
) -> None:
    _, filters = compose_prompt(chatty, GAP, 0, 10_000, True)
    assert streamed(filters(), answer, seed) == expected


def test_two_words_say_too_little_to_end_a_take() -> None:
    assert streamed([Before("Yes. No.")], "Yes. No. Perhaps.") == "Yes. No. Perhaps."


@pytest.mark.parametrize("seed", range(5))
def test_a_take_ends_before_a_stop(seed: int) -> None:
    assert streamed([Until("[Later:", "\n[")], "One [La. Two\n[Later: x", seed) == "One [La. Two"
    assert streamed([Until("[Later:")], "One [Late", seed) == "One [Late"
