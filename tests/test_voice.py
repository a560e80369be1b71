"""The voice check's arithmetic: which tokens are a sentence's, and how far it stands out among the book's."""

from __future__ import annotations

import random

import pytest

from templora.chunks import SEPARATOR
from templora.voice import Reading, Sample, Yardstick, heard

TEXT = "The mud was warm there. No.\n\nIt let her go each time 🦊. Then it was still."


def offsets(text: str) -> list[tuple[int, int]]:
    """A token a word, with the space before it; line breaks are tokens of their own."""
    spans: list[tuple[int, int]] = []
    start = 0
    for at, character in enumerate(text):
        if at > start and (character == " " or (character == "\n") != (text[at - 1] == "\n")):
            spans.append((start, at))
            start = at
    return [*spans, (start, len(text))]


def costs(text: str) -> list[float]:
    """Every token costs as much as it has letters."""
    return [float(len(text[start:end].strip())) for start, end in offsets(text)]


def test_a_sentence_has_the_mean_of_its_own_tokens() -> None:
    whole = SEPARATOR + TEXT
    found = heard(TEXT, [Reading.of(whole, -2, offsets(whole), costs(whole))])
    assert [TEXT[each.start : each.end] for each in found] == [
        "The mud was warm there.",
        "It let her go each time 🦊.",
        "Then it was still.",
    ]
    assert [(each.tokens, each.loss) for each in found] == [(5, 19 / 5), (7, 20 / 7), (4, 15 / 4)]


def test_passages_of_one_chapter_are_read_together() -> None:
    cut = TEXT.index("\n\nIt")
    parts = [(SEPARATOR + TEXT[:cut], -2), (TEXT[cut:], cut)]
    readings = [Reading.of(text, at, offsets(text), costs(text)) for text, at in parts]
    whole = SEPARATOR + TEXT
    assert heard(TEXT, readings) == heard(TEXT, [Reading.of(whole, -2, offsets(whole), costs(whole))])


def test_line_breaks_that_are_joined_to_a_full_stop_belong_to_the_sentence_before() -> None:
    text = "The mud was warm.\n\nIt let her go."
    joined = [(0, 3), (3, 7), (7, 11), (11, 16), (16, 19), (19, 21), (21, 25), (25, 29), (29, 32), (32, 33)]
    found = heard(text, [Reading.of(text, 0, joined, [1.0] * 5 + [2.0] * 5)])
    assert [(each.tokens, each.loss) for each in found] == [(5, 1.0), (5, 2.0)]


def test_what_was_not_read_whole_is_left_out() -> None:
    first = TEXT[: TEXT.index(" warm")]
    assert heard(TEXT, [Reading.of(first, 0, offsets(first), costs(first))]) == []


def test_a_sentence_is_measured_by_those_of_its_length() -> None:
    """Short sentences scatter more: the same mean loss is nothing in a short one and much in a long one."""
    draw = random.Random(1)
    short = [Sample(5, draw.gauss(4, 1.0)) for _ in range(300)]
    long = [Sample(40, draw.gauss(3, 0.3)) for _ in range(300)]
    yardstick = Yardstick([*short, *long])
    assert abs(yardstick.stands_out(Sample(5, 4.5))) < 1
    assert yardstick.stands_out(Sample(40, 4.5)) > 3


def test_a_few_sentences_that_are_beside_everything_do_not_move_the_measure() -> None:
    draw = random.Random(2)
    plain = [Sample(12, draw.gauss(3.5, 0.5)) for _ in range(80)]
    odd = [Sample(12, 60.0) for _ in range(8)]
    one = Sample(12, 5.5)
    assert Yardstick([*plain, *odd]).stands_out(one) == pytest.approx(Yardstick(plain).stands_out(one), rel=0.35)


def test_sentences_that_are_all_alike_do_not_make_a_small_difference_large() -> None:
    assert Yardstick([Sample(8, 3.5)] * 30).stands_out(Sample(8, 3.6)) == pytest.approx(0.5)
