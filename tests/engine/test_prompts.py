from __future__ import annotations

import random
from dataclasses import replace

import pytest
from transformers import PreTrainedTokenizerFast

from templora.engine import Rewrite
from templora.errors import BadInput
from templora.prompts import Commentary, Preamble, Trimmed, Unquoted, answers, rewrite_prompt
from templora.streaming import Filter, finish_through, push_through
from templora.verbs import VERBS, tokens_for
from tests.engine.tiny import tiny_tokenizer

REQUEST = Rewrite(
    memory=None,
    before="Before it, an old line. " * 80 + "The last line before.",
    passage="She closed the door. It was cold.",
    after="The first line after. " * 80,
    instruction="",
    sampling={},
)
WISH = VERBS["rewrite"].wish
TEMPLATE = "{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>\n{% endfor %}<s>assistant{{ '\\n' }}"


@pytest.fixture(scope="module")
def chatty() -> PreTrainedTokenizerFast:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def streamed(filters: list[Filter], text: str, seed: int = 0) -> str:
    """The text sent through in random pieces, as tokens come."""
    rng, out = random.Random(seed), ""
    while text:
        size = rng.randint(1, 9)
        out += push_through(filters, text[:size])
        text = text[size:]
        if any(part.done for part in filters):
            break
    return out + finish_through(filters)


def test_a_chat_model_is_asked_in_its_own_format(chatty: PreTrainedTokenizerFast) -> None:
    ids, _ = rewrite_prompt(chatty, REQUEST, 0, 10_000, True)
    text = str(chatty.decode(ids))
    assert text.startswith("<s>user\n" + WISH)
    assert "Passage:\nShe closed the door. It was cold.</s>" in text
    assert "The last line before." in text
    assert "The first line after." in text
    assert text.endswith("<s>assistant\nHere is the passage, rewritten:\n\n")
    assert ids.count(0) == 2  # the template writes BOS itself


def test_the_writers_instruction_replaces_the_default(chatty: PreTrainedTokenizerFast) -> None:
    ids, _ = rewrite_prompt(chatty, replace(REQUEST, instruction="Make it rain."), 0, 10_000, True)
    assert "Make it rain." in chatty.decode(ids)
    assert WISH not in chatty.decode(ids)


def test_a_model_without_a_chat_format_gets_a_text_to_complete(tokenizer: PreTrainedTokenizerFast) -> None:
    ids, _ = rewrite_prompt(tokenizer, REQUEST, 0, 10_000, False)
    text = str(tokenizer.decode(ids))
    assert ids[0] == 0
    assert "Passage:\nShe closed the door. It was cold.\n\nThe same passage, rewritten:" in text
    assert text.count("The same passage, rewritten:") == 2  # an example goes before
    assert text.endswith(":\n")
    ids, _ = rewrite_prompt(tokenizer, replace(REQUEST, instruction="Make it rain."), 0, 10_000, False)
    assert str(tokenizer.decode(ids)).endswith("It was cold.\n\n(The same passage again. Make it rain.)\n\n")


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_asked_for_in_its_own_words(
    chatty: PreTrainedTokenizerFast, tokenizer: PreTrainedTokenizerFast, verb: str
) -> None:
    request = replace(REQUEST, verb=verb)
    told = str(chatty.decode(rewrite_prompt(chatty, request, 0, 10_000, True)[0]))
    assert VERBS[verb].wish in told
    assert told.endswith(f"<s>assistant\nHere is the passage, {VERBS[verb].result}:\n\n")
    shown = str(tokenizer.decode(rewrite_prompt(tokenizer, request, 0, 10_000, False)[0]))
    given, made = VERBS[verb].example
    assert f"Passage:\n{given}\n\nThe same passage, {VERBS[verb].result}:\n{made}\n\n***" in shown
    assert VERBS[verb].wish not in shown


def test_an_unknown_verb_is_refused(chatty: PreTrainedTokenizerFast) -> None:
    with pytest.raises(BadInput, match="translate"):
        rewrite_prompt(chatty, replace(REQUEST, verb="translate"), 0, 10_000, True)


def test_an_answer_may_be_as_long_as_its_verb_needs() -> None:
    assert tokens_for("shorten", 3000) < tokens_for("rewrite", 3000) < tokens_for("expand", 3000)
    assert (tokens_for("shorten", 30), tokens_for("expand", 100_000)) == (64, 2048)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HuggingFaceTB/SmolLM2-135M-Instruct", True),
        ("Qwen/Qwen3-1.7B", True),
        ("Qwen/Qwen3-1.7B-Base", False),
        ("google/gemma-3-1b-pt", False),
        ("/models/my_base.gguf", False),
        ("/models/basement-8B.gguf", True),
    ],
)
def test_a_base_model_that_carries_a_chat_format_is_known_by_its_name(
    chatty: PreTrainedTokenizerFast, tokenizer: PreTrainedTokenizerFast, name: str, expected: bool
) -> None:
    assert answers(chatty, name) is expected
    assert not answers(tokenizer, name)


def test_a_verb_that_changes_only_words_keeps_the_paragraphs(chatty: PreTrainedTokenizerFast) -> None:
    answer = "One.\n\nTwo.\n\nThree."
    _, filters = rewrite_prompt(chatty, replace(REQUEST, passage="One.\n\nTwo.", verb="past"), 0, 10_000, True)
    assert streamed(filters(), answer) == "One.\n\nTwo."
    _, filters = rewrite_prompt(chatty, replace(REQUEST, passage="One.", verb="expand"), 0, 10_000, True)
    assert streamed(filters(), answer) == answer


def test_context_begins_at_a_sentence_and_is_limited(chatty: PreTrainedTokenizerFast) -> None:
    text = chatty.decode(rewrite_prompt(chatty, REQUEST, 0, 10_000, True)[0])
    assert "for context:\nBefore it, an old line." in text
    assert text.count("Before it") < 80
    assert text.count("The first line after") < 80


def test_context_gives_way_before_the_passage_does(chatty: PreTrainedTokenizerFast) -> None:
    whole = len(rewrite_prompt(chatty, REQUEST, 0, 10_000, True)[0])
    ids, _ = rewrite_prompt(chatty, REQUEST, 0, whole - 1, True)
    assert "Text after it" not in chatty.decode(ids)
    bare, _ = rewrite_prompt(chatty, REQUEST, 0, len(ids) - 1, True)
    assert "context" not in chatty.decode(bare)
    assert "She closed the door." in chatty.decode(bare)
    with pytest.raises(BadInput, match="too long"):
        rewrite_prompt(chatty, REQUEST, 0, len(bare) - 1, True)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Here is the rewritten passage:\n\nShe shut the door.", "She shut the door."),
        ("Sure! Here's a better version:\nShe shut the door.", "She shut the door."),
        ("**Rewritten passage:**\n\nShe shut the door.", "She shut the door."),
        ("  She shut the door.\n\n", "She shut the door."),
        ('"She shut the door. It froze."', "She shut the door. It froze."),
        ("“She shut the door.”", "She shut the door."),
        ('"Shut it," she said.', '"Shut it," she said.'),
        ('"Shut it," she said. "Now."', '"Shut it," she said. "Now."'),
        ("Here is where she stood, in the cold.", "Here is where she stood, in the cold."),
        ("Sure as death:\nshe shut the door.", "she shut the door."),
        ("Certainly the door was shut, and nobody had opened it since the morning.\n\nIt froze.",) * 2,
        ("One.\n\nTwo.\n\nI made a few changes to improve clarity and flow.", "One.\n\nTwo."),
        ("One.\n\nIn this version, I kept the cold.", "One."),
        ("One.\n\nNote: the door is a symbol.", "One."),
        ("One.\n\nAnd here's the passage again, without formatting:\n\nOne.", "One."),
        ("One.\n\nThis is the text you provided. Here is what it means:", "One."),
        ("One.\n\nI made a fire, and the room grew warm while the rain went on.",) * 2,
        ("I made a fire. The passage was dark.",) * 2,
        ("A short one",) * 2,
        ("", ""),
    ],
)
def test_an_answer_is_the_passage_alone(chatty: PreTrainedTokenizerFast, answer: str, expected: str, seed: int) -> None:
    _, filters = rewrite_prompt(chatty, REQUEST, 0, 10_000, True)
    assert streamed(filters(), answer, seed) == expected


def test_speech_keeps_its_marks_where_the_passage_is_speech(chatty: PreTrainedTokenizerFast) -> None:
    _, filters = rewrite_prompt(chatty, replace(REQUEST, passage="“Close it.”"), 0, 10_000, True)
    assert streamed(filters(), "“Shut it.”") == "“Shut it.”"


def test_a_completion_ends_with_as_many_paragraphs_as_the_passage(tokenizer: PreTrainedTokenizerFast) -> None:
    _, filters = rewrite_prompt(tokenizer, replace(REQUEST, passage="One.\n\nTwo."), 0, 10_000, False)
    assert streamed(filters(), "Eins.\n\nZwei.\n\nDrei.") == "Eins.\n\nZwei."


def test_plain_prose_is_shown_after_a_few_words() -> None:
    filters: list[Filter] = [Preamble(), Commentary(), Trimmed(), Unquoted("She closed it.")]
    assert push_through(filters, "The door fell shut behind") == "The door fell shut behind"
    assert push_through(filters, " her, and") == " her, and"
