from __future__ import annotations

import random
from dataclasses import replace

import pytest
from transformers import PreTrainedTokenizerFast

from templora.engine import Rewrite
from templora.errors import BadInput
from templora.prompts import INSTRUCTION, Commentary, Preamble, Trimmed, Unquoted, rewrite_prompt
from templora.streaming import Filter, finish_through, push_through
from tests.engine.tiny import tiny_tokenizer

REQUEST = Rewrite(
    memory=None,
    before="Before it, an old line. " * 80 + "The last line before.",
    passage="She closed the door. It was cold.",
    after="The first line after. " * 80,
    instruction="",
    sampling={},
)
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
    ids, _ = rewrite_prompt(chatty, REQUEST, 0, 10_000)
    text = str(chatty.decode(ids))
    assert text.startswith("<s>user\n" + INSTRUCTION)
    assert "Passage:\nShe closed the door. It was cold.</s>" in text
    assert "The last line before." in text
    assert "The first line after." in text
    assert text.endswith("<s>assistant\nHere is the passage, rewritten:\n\n")
    assert ids.count(0) == 2  # the template writes BOS itself


def test_the_writers_instruction_replaces_the_default(chatty: PreTrainedTokenizerFast) -> None:
    ids, _ = rewrite_prompt(chatty, replace(REQUEST, instruction="Make it rain."), 0, 10_000)
    assert "Make it rain." in chatty.decode(ids)
    assert INSTRUCTION not in chatty.decode(ids)


def test_a_model_without_a_chat_format_gets_a_text_to_complete(tokenizer: PreTrainedTokenizerFast) -> None:
    ids, _ = rewrite_prompt(tokenizer, REQUEST, 0, 10_000)
    text = str(tokenizer.decode(ids))
    assert ids[0] == 0
    assert "She closed the door. It was cold.\n\n(The same passage again." in text
    assert text.endswith(")\n\n")


def test_context_begins_at_a_sentence_and_is_limited(chatty: PreTrainedTokenizerFast) -> None:
    text = chatty.decode(rewrite_prompt(chatty, REQUEST, 0, 10_000)[0])
    assert "for context:\nBefore it, an old line." in text
    assert text.count("Before it") < 80
    assert text.count("The first line after") < 80


def test_context_gives_way_before_the_passage_does(chatty: PreTrainedTokenizerFast) -> None:
    whole = len(rewrite_prompt(chatty, REQUEST, 0, 10_000)[0])
    ids, _ = rewrite_prompt(chatty, REQUEST, 0, whole - 1)
    assert "Text after it" not in chatty.decode(ids)
    bare, _ = rewrite_prompt(chatty, REQUEST, 0, len(ids) - 1)
    assert "context" not in chatty.decode(bare)
    assert "She closed the door." in chatty.decode(bare)
    with pytest.raises(BadInput, match="too long"):
        rewrite_prompt(chatty, REQUEST, 0, len(bare) - 1)


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
        ("One.\n\nI made a fire, and the room grew warm while the rain went on.",) * 2,
        ("I made a fire. The passage was dark.",) * 2,
        ("A short one",) * 2,
        ("", ""),
    ],
)
def test_an_answer_is_the_passage_alone(chatty: PreTrainedTokenizerFast, answer: str, expected: str, seed: int) -> None:
    _, filters = rewrite_prompt(chatty, REQUEST, 0, 10_000)
    assert streamed(filters(), answer, seed) == expected


def test_speech_keeps_its_marks_where_the_passage_is_speech(chatty: PreTrainedTokenizerFast) -> None:
    _, filters = rewrite_prompt(chatty, replace(REQUEST, passage="“Close it.”"), 0, 10_000)
    assert streamed(filters(), "“Shut it.”") == "“Shut it.”"


def test_a_completion_ends_with_as_many_paragraphs_as_the_passage(tokenizer: PreTrainedTokenizerFast) -> None:
    _, filters = rewrite_prompt(tokenizer, replace(REQUEST, passage="One.\n\nTwo."), 0, 10_000)
    assert streamed(filters(), "Eins.\n\nZwei.\n\nDrei.") == "Eins.\n\nZwei."


def test_plain_prose_is_shown_after_a_few_words() -> None:
    filters: list[Filter] = [Preamble(), Commentary(), Trimmed(), Unquoted("She closed it.")]
    assert push_through(filters, "The door fell shut behind") == "The door fell shut behind"
    assert push_through(filters, " her, and") == " her, and"
