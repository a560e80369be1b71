from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from templora.streaming import Characters, Detokenizer, Filter, LeadingSpace, Paragraphs, finish_through, push_through
from tests.engine.tiny import tiny_tokenizer

HARD = "Ça va? “Oui” — 😀👩‍🚀 naïve 東京 𝔘𝔫𝔦 e\u0301 end"


def detokenizer(tokenizer: PreTrainedTokenizerFast, before: list[int] | None = None) -> Detokenizer:
    return Detokenizer(lambda ids: str(tokenizer.decode(ids, skip_special_tokens=True)), before or [])


def run(filters: list[Filter], pieces: list[str]) -> tuple[str, bool]:
    out = ""
    for piece in pieces:
        out += push_through(filters, piece)
        if any(part.done for part in filters):
            return out + finish_through(filters), True
    return out + finish_through(filters), False


def pieces_of(text: str, seed: int) -> list[str]:
    """The text cut at random places."""
    cuts = sorted(random.Random(seed).sample(range(1, len(text)), min(8, len(text) - 1)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def test_text_comes_back_whole_and_no_piece_holds_half_a_character(tokenizer: PreTrainedTokenizerFast) -> None:
    stream = detokenizer(tokenizer)
    pieces = [stream.push(id) for id in tokenizer.encode(HARD, add_special_tokens=False)]
    assert "".join(pieces) == HARD
    assert "" in pieces  # some token was only part of a character
    assert not any("\ufffd" in piece for piece in pieces)


def test_a_long_text_comes_back_whole(tokenizer: PreTrainedTokenizerFast) -> None:
    stream = detokenizer(tokenizer)
    assert "".join(map(stream.push, tokenizer.encode(HARD * 20, add_special_tokens=False))) == HARD * 20


def test_a_character_that_never_gets_complete_is_dropped(tokenizer: PreTrainedTokenizerFast) -> None:
    stream = detokenizer(tokenizer)
    broken = [
        *tokenizer.encode("so ", add_special_tokens=False),
        *tokenizer.encode("😀", add_special_tokens=False)[:-1],
    ]
    assert "".join(map(stream.push, broken)) == "so "
    assert "".join(map(stream.push, tokenizer.encode("x😀", add_special_tokens=False))) == "x😀"


def test_random_tokens_never_show_the_replacement_character(tokenizer: PreTrainedTokenizerFast) -> None:
    rng = random.Random(1)
    for _ in range(20):
        stream = detokenizer(tokenizer)
        assert "\ufffd" not in "".join(stream.push(rng.randrange(320)) for _ in range(60))


def test_the_prompt_is_not_repeated(tokenizer: PreTrainedTokenizerFast) -> None:
    before = tokenizer.encode("The lamp was", add_special_tokens=False)
    stream = detokenizer(tokenizer, before)
    assert "".join(map(stream.push, tokenizer.encode(" lit", add_special_tokens=False))) == " lit"


def test_a_tokenizer_that_drops_the_first_leading_space_keeps_it_after_a_prompt() -> None:
    words = ["▁The", "▁lamp", "▁was"]
    stream = Detokenizer(lambda ids: "".join(words[id] for id in ids).replace("▁", " ").removeprefix(" "), [0])
    assert [stream.push(1), stream.push(2)] == [" lamp", " was"]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [([" and", " then"], "and then"), ([" ", " and"], "and"), (["\n\nShe"], "\n\nShe"), (["and"], "and"), ([" "], "")],
)
def test_a_leading_space_is_dropped_once(pieces: list[str], expected: str) -> None:
    assert run([LeadingSpace()], pieces) == (expected, False)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("text", "count", "expected", "done"),
    [
        (" and so.\n\nNext", 1, " and so.", True),
        ("\n\nA new one.\n \nNext", 1, "\n\nA new one.", True),
        ("Verse one\nverse two\n\nNext", 1, "Verse one\nverse two", True),
        ("One.\n\nTwo.\n\n\nThree.", 2, "One.\n\nTwo.", True),
        ("only one ", 1, "only one ", False),
        ("ends\n\n", 1, "ends", True),
    ],
)
def test_a_take_ends_with_its_paragraphs(text: str, count: int, expected: str, done: bool, seed: int) -> None:
    assert run([Paragraphs(count)], pieces_of(text, seed)) == (expected, done)


def test_filters_work_in_order() -> None:
    assert run([LeadingSpace(), Paragraphs()], [" ", "and ", "so.", "\n", "\nNo"]) == ("and so.", True)


WHOLE = ["👩‍🚀", "👨‍👩‍👧‍👦", "🇳🇱", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👍🏽", "❤️", "😀", "क्षि", "שָׁ", "东", "é", "a", " ", "—", "’", "\n"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WHOLE), max_size=12))
def test_no_character_comes_in_two(characters: list[str]) -> None:
    tokenizer = tiny_tokenizer()
    stream, filters = detokenizer(tokenizer), [Characters()]
    ids = tokenizer.encode("".join(characters), add_special_tokens=False)
    pieces = [push_through(filters, stream.push(id)) for id in ids]
    pieces.append(finish_through(filters))
    assert "".join(pieces) == "".join(characters)
    ends = {len("".join(characters[:count])) for count in range(len(characters) + 1)}
    at = 0
    for piece in pieces:
        at += len(piece)
        assert at in ends


def test_words_are_not_held() -> None:
    part = Characters()
    assert [part.push(piece) for piece in ("The lam", "p, déjà", " Привет", "東")] == [
        "The lam",
        "p, déjà",
        " Привет",
        "東",
    ]
    assert [part.push("😀"), part.push(" so")] == ["", "😀 so"]
