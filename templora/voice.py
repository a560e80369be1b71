"""The voice check: how surprising each sentence is to the book's memory, beside the book's other sentences. Pure.

A hint about voice, never a fact check: a new name surprises a memory as much as a foreign turn of phrase does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from templora.sentences import sentences

SHORTEST_WORDS = 4
"""A shorter sentence has too few tokens for a mean to mean anything."""
ALIKE = 100
"""With so many of the book's sentences a sentence is compared: those nearest to it in length."""
FEWEST = 20
"""With fewer there is nothing to compare with."""
_LEAST_SPREAD = 0.2
"""Nats a token; where a book's sentences are all alike, small differences would look large."""


@dataclass(frozen=True)
class Sample:
    """A sentence of the book as the memory read it. `loss`: mean, nats a token, of `tokens` tokens."""

    tokens: int
    loss: float


@dataclass(frozen=True)
class Sentence(Sample):
    """One that stands at `[start, end)` (code points) of a chapter's text."""

    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """The tokens of one passage: for each the code point at which it ends in the chapter, and its loss in nats."""

    ends: list[int]
    losses: list[float]

    @staticmethod
    def of(text: str, at: int, offsets: Sequence[tuple[int, int]], losses: Sequence[float]) -> Reading:
        """`text` begins at code point `at` of the chapter (below 0: what was put before it); `offsets` are its tokens.

        Space at the end of a token is not counted: some tokenizers join a full stop and the line breaks after it.
        """
        ends = [at + start + (len(text[start:end].rstrip()) or end - start) for start, end in offsets]
        return Reading(ends, list(losses))


def heard(text: str, readings: Sequence[Reading]) -> list[Sentence]:
    """The sentences of a text with their mean losses, in order, by what was read of it (in order too).

    Left out: sentences of fewer than `SHORTEST_WORDS` words, and those of which not all was read.
    """
    ends = [end for reading in readings for end in reading.ends]
    losses = [loss for reading in readings for loss in reading.losses]
    found: list[Sentence] = []
    for start, end in sentences(text):
        first, last = bisect_left(ends, start + 1), bisect_left(ends, end + 1)
        whole = first < last and ends[last - 1] == end
        if whole and len(text[start:end].split()) >= SHORTEST_WORDS:
            found.append(Sentence(last - first, sum(losses[first:last]) / (last - first), start, end))
    return found


class Yardstick:
    """The book's own sentences, to measure others by."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = sorted(samples, key=lambda sample: sample.tokens)
        self._lengths = [sample.tokens for sample in self._samples]

    def __len__(self) -> int:
        return len(self._samples)

    def stands_out(self, sample: Sample) -> float:
        """By how many robust standard deviations (the median absolute deviation × 1.4826) a sentence lies above the
        median of the book's sentences of about its length."""
        last = max(0, len(self._samples) - ALIKE)
        middle = (bisect_left(self._lengths, sample.tokens) + bisect_right(self._lengths, sample.tokens)) // 2
        first = min(max(0, middle - ALIKE // 2), last)
        alike = [other.loss for other in self._samples[first : first + ALIKE]]
        usual = median(alike)
        spread = 1.4826 * median(abs(loss - usual) for loss in alike)
        return (sample.loss - usual) / max(spread, _LEAST_SPREAD)
