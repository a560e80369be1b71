"""The numbers of the benchmarks, against what can be worked out by hand."""

from __future__ import annotations

import math

import pytest

from templora.bench.passages import Row
from templora.bench.statistics import (
    bits_per_byte,
    by_position,
    change,
    having,
    interval,
    perplexity,
    seconds,
)


def row(start: int, base: list[float], own: list[float], size: int = 8) -> Row:
    return Row("", start, len(base), size, {"base": base, "memory": own}, {"learn": 2.0, "score": 1.0})


def test_perplexity_is_over_tokens_not_over_passages() -> None:
    rows = [row(0, [1.0], [0.5]), row(1, [3.0, 3.0, 3.0], [2.0, 2.0, 2.0])]
    assert perplexity(rows, "base") == pytest.approx(math.exp(10 / 4))
    assert change(rows, "memory", "base") == pytest.approx(100 * (math.exp((6.5 - 10) / 4) - 1))
    assert bits_per_byte(rows, "base") == pytest.approx(10 / math.log(2) / 16)
    assert seconds(rows, "learn", "score") == 6


def test_a_passage_belongs_to_the_bin_in_which_it_starts() -> None:
    rows = [row(0, [1.0], [1.0]), row(8191, [2.0, 2.0], [1.0, 1.0]), row(8193, [4.0], [5.0])]
    first, second = by_position(rows, "memory", "base")
    assert (first["from"], first["to"]) == (0, 8193) and (second["from"], second["to"]) == (8193, 8194)
    assert first["base_ppl"] == pytest.approx(math.exp(5 / 3))
    assert second["change_percent"] == pytest.approx(100 * (math.e - 1))


def test_rows_without_a_reader_are_left_out() -> None:
    rows = [row(0, [1.0], [1.0]), Row("", 1, 1, 4, {"base": [1.0]})]
    assert having(rows, "base", "memory") == rows[:1]


def test_the_interval_holds_the_mean_and_widens_where_books_differ() -> None:
    def book(gain: float) -> list[Row]:
        return [row(i, [3.0] * 4, [3.0 - gain + 0.01 * (i % 3)] * 4) for i in range(40)]

    alike, unlike = {"a": book(0.2), "b": book(0.2)}, {"a": book(0.1), "b": book(0.3)}
    mean = sum(change(rows, "memory", "base") for rows in alike.values()) / 2
    low, high = interval(alike, "memory", "base")
    assert low < mean < high and high - low < 0.5
    lowest, highest = interval(unlike, "memory", "base")
    assert highest - lowest > 10
    assert interval(alike, "memory", "base") == (low, high), "the same rows, the same interval"
