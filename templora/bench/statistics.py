"""From rows to numbers: perplexity, bits per byte, by position, with bootstrap intervals. Pure.

Perplexity is exp(sum of loss / tokens), losses in nats; bits per byte is (sum of loss / ln 2) / bytes of UTF-8 text; a
change is 100·(perplexity / perplexity of the reader compared with − 1) percent.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from templora.bench.passages import BASE, MEMORY, Row

BIN_TOKENS = 8192
RESAMPLES = 2000


def having(rows: Sequence[Row], *readers: str) -> list[Row]:
    return [row for row in rows if all(reader in row.losses for reader in readers)]


def tokens(rows: Sequence[Row]) -> int:
    return sum(row.tokens for row in rows)


def perplexity(rows: Sequence[Row], reader: str) -> float:
    return math.exp(sum(sum(row.losses[reader]) for row in rows) / tokens(rows))


def bits_per_byte(rows: Sequence[Row], reader: str) -> float:
    return sum(sum(row.losses[reader]) for row in rows) / math.log(2) / sum(row.bytes for row in rows)


def change(rows: Sequence[Row], reader: str, against: str) -> float:
    """Percent, negative where `reader` is the better one."""
    gained = sum(sum(row.losses[reader]) - sum(row.losses[against]) for row in rows)
    return 100 * math.expm1(gained / tokens(rows))


def by_position(rows: Sequence[Row], reader: str, against: str) -> list[dict[str, Any]]:
    """One entry for each bin of `BIN_TOKENS`, by where a passage starts."""
    bins: dict[int, list[Row]] = {}
    for row in rows:
        bins.setdefault(row.start // BIN_TOKENS, []).append(row)
    return [
        {
            "from": part[0].start,
            "to": part[-1].start + part[-1].tokens,
            "base_ppl": perplexity(part, against),
            "memory_ppl": perplexity(part, reader),
            "change_percent": change(part, reader, against),
        }
        for _, part in sorted(bins.items())
    ]


def interval(books: Mapping[str, Sequence[Row]], reader: str, against: str, *, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over books of the change, in percent.

    Clustered: books are drawn with replacement, and inside each drawn book its passages (the two-stage bootstrap of
    Davison and Hinkley 1997, section 3.8: with few books, drawing books alone would hardly vary).
    """
    draw = random.Random(seed)
    gains = [
        [(sum(row.losses[reader]) - sum(row.losses[against]), row.tokens) for row in rows] for rows in books.values()
    ]
    found: list[float] = []
    for _ in range(RESAMPLES):
        changes: list[float] = []
        for book in draw.choices(gains, k=len(gains)):
            sample = draw.choices(book, k=len(book))
            changes.append(100 * math.expm1(sum(gain for gain, _ in sample) / sum(count for _, count in sample)))
        found.append(statistics.fmean(changes))
    found.sort()
    return found[round(0.025 * RESAMPLES)], found[round(0.975 * RESAMPLES) - 1]


def seconds(rows: Sequence[Row], *kinds: str) -> float:
    return sum(row.seconds.get(kind, 0.0) for row in rows for kind in kinds)


def book_entry(rows: Sequence[Row]) -> dict[str, Any]:
    """What a result says of one book under one recipe: base model and memory after the default prefix."""
    positions = by_position(rows, MEMORY, BASE)
    return {
        "tokens": tokens(rows),
        "base_ppl": perplexity(rows, BASE),
        "memory_ppl": perplexity(rows, MEMORY),
        "base_bits_per_byte": bits_per_byte(rows, BASE),
        "memory_bits_per_byte": bits_per_byte(rows, MEMORY),
        "change_percent": change(rows, MEMORY, BASE),
        "worst_after_first_percent": max((part["change_percent"] for part in positions[1:]), default=None),
        "positions": positions,
        "score_s": seconds(rows, "score"),
        "learn_s": seconds(rows, "learn"),
        "peak_mb": max(row.peak_mb for row in rows),
    }
