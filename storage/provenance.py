"""Who wrote what: a chapter's text as runs by one author each, carried through every edit. Pure.

What an edit keeps stays whose it was; what is new is the writer's, unless it is said to come from a take. A few letters
that a passage and its replacement happen to share are chance, and count as replaced.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate

from storage.records import Accepted, Run, Span
from templora.errors import BadInput

LONG_MATCH = 20
"""Code points. Shorter agreements count only in a passage of which half was kept in agreements of this length."""
WORD_PAIRS = 8_000_000
"""Bound on the cost of one edit: words of the old passages times words of the new ones, summed over passages."""

_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")

Match = tuple[int, int, int]
"""(start in the old text, start in the new text, length) of a stretch that both share."""


def kept(old: str, new: str, accepted: Sequence[Accepted] = ()) -> list[Match]:
    """The stretches of `old` that stand in `new` outside of its accepted spans, in order and never crossing.

    An accepted span has its author already. Without it, what is left of an accepted take is the old text itself.
    Raises `BadInput` where accepted spans overlap or lie outside the text.
    """
    spans = _ordered(accepted, len(new))
    edges = [0, *(edge for span in spans for edge in (span.start, span.start + span.length)), len(new)]
    outside = list(zip(edges[::2], edges[1::2], strict=True))
    starts = accumulate((end - start for start, end in outside), initial=0)  # in the text without the accepted spans
    found: list[Match] = []
    parts = list(zip(outside, starts, strict=False))
    for at_old, at, length in matches(old, "".join(new[start:end] for start, end in outside)):
        for (start, end), part in parts:
            low, high = max(at, part), min(at + length, part + end - start)
            if low < high:
                found.append((at_old + low - at, start + low - part, high - low))
    return found


def carry(runs: Sequence[Run], kept: Sequence[Match], length: int, accepted: Sequence[Accepted] = ()) -> list[Run]:
    """The runs of a text of `length` code points in which `kept` of the old one stands: what is neither kept nor
    accepted is the writer's."""
    authors = _Authors(runs)
    pieces = [(start, size, authors.cut(old, old + size)) for old, start, size in kept]
    pieces += [(span.start, span.length, [Run(span.length, span.take)]) for span in accepted]
    carried: list[Run] = []
    at = 0
    for start, size, who in sorted(pieces, key=lambda piece: piece[0]):
        carried += [Run(start - at, None), *who]
        at = start + size
    return _joined([*carried, Run(length - at, None)])


def cut(runs: Sequence[Run], start: int, end: int) -> list[Run]:
    """The runs of `[start, end)` of the text that `runs` cover."""
    return _Authors(runs).cut(start, end)


def concat(*parts: Sequence[Run]) -> list[Run]:
    """The runs of texts put one after the other."""
    return _joined([run for part in parts for run in part])


def matches(old: str, new: str) -> Iterator[Match]:
    """Stretches that an edit kept, in order and never crossing: both ends, then whole lines, then words inside lines.

    Costs n log n and at most `WORD_PAIRS`, however much has changed.
    """
    head, tail = common_ends(old, new)
    if head:
        yield 0, 0, head
    yield from _inside(old, new, (head, len(old) - tail), (head, len(new) - tail))
    if tail:
        yield len(old) - tail, len(new) - tail, tail


def common_ends(old: str, new: str) -> tuple[int, int]:
    """How many code points the texts share at the start and, of the rest, at the end."""
    head = _common_start(old, new)
    return head, _common_start(old[head:][::-1], new[head:][::-1])


def _common_start(old: str, new: str) -> int:
    low, high = 0, min(len(old), len(new))
    while low < high:  # halving compares long stretches at once instead of letters one by one
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _inside(old: str, new: str, within_old: Span, within_new: Span) -> Iterator[Match]:
    lines_old, lines_new = _spans(_LINES, old, within_old), _spans(_LINES, new, within_new)
    budget = WORD_PAIRS
    i, j = 0, 0
    anchors = _anchors([old[a:b] for a, b in lines_old], [new[a:b] for a, b in lines_new])
    for next_i, next_j in [*anchors, (len(lines_old), len(lines_new))]:
        for passage, other in _passages(lines_old[i:next_i], lines_new[j:next_j]):
            found, cost = _kept_words(old[slice(*passage)], new[slice(*other)], budget)
            budget -= cost
            yield from ((passage[0] + a, other[0] + b, length) for a, b, length in found)
        if next_i < len(lines_old):
            start, end = lines_old[next_i]
            yield start, lines_new[next_j][0], end - start
        i, j = next_i + 1, next_j + 1


def _passages(lines_old: Sequence[Span], lines_new: Sequence[Span]) -> list[tuple[Span, Span]]:
    """What to compare word by word, between two lines that were kept: line with line where their number is the same
    (a name replaced throughout a chapter changes every line and moves none), else all with all."""
    if not lines_old or not lines_new:
        return []
    if len(lines_old) == len(lines_new):
        return list(zip(lines_old, lines_new, strict=True))
    return [((lines_old[0][0], lines_old[-1][1]), (lines_new[0][0], lines_new[-1][1]))]


def _kept_words(old: str, new: str, budget: int) -> tuple[list[Match], int]:
    """What two versions of a passage share, and what finding it cost. Over `budget` only their ends are compared."""
    head, tail = common_ends(old, new)
    end_old, end_new = len(old) - tail, len(new) - tail
    words_old, words_new = _spans(_WORDS, old, (head, end_old)), _spans(_WORDS, new, (head, end_new))
    found: list[Match] = [(0, 0, head)]
    cost = len(words_old) * len(words_new)
    if cost <= budget:
        texts = [old[a:b] for a, b in words_old], [new[a:b] for a, b in words_new]
        for block in SequenceMatcher(None, *texts, autojunk=False).get_matching_blocks():
            if block.size:  # the last block is an empty end mark
                start, end = words_old[block.a][0], words_old[block.a + block.size - 1][1]
                found.append((start, words_new[block.b][0], end - start))
    found.append((end_old, end_new, tail))
    long = sum(length for _, _, length in found if length >= LONG_MATCH)
    least = 1 if 2 * long >= max(len(old), len(new)) else LONG_MATCH
    return [match for match in found if match[2] >= least], cost if cost <= budget else 0


def _anchors(lines_old: Sequence[str], lines_new: Sequence[str]) -> list[tuple[int, int]]:
    """Indices of equal lines that stand once in each text: the most that are in the same order in both.

    That is the longest increasing subsequence, by patience sorting, as in Bram Cohen's patience diff.
    """
    count_old, count_new = Counter(lines_old), Counter(lines_new)
    where = {line: i for i, line in enumerate(lines_old) if count_old[line] == 1 and count_new[line] == 1}
    pairs = [(where[line], j) for j, line in enumerate(lines_new) if line in where]
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for index, (i, _) in enumerate(pairs):
        pile = bisect_left(tops, i)
        before.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [i]
        piles[pile : pile + 1] = [index]
    chosen: list[tuple[int, int]] = []
    index = piles[-1] if piles else -1
    while index >= 0:
        chosen.append(pairs[index])
        index = before[index]
    return chosen[::-1]


def _spans(pattern: re.Pattern[str], text: str, within: Span) -> list[Span]:
    return [match.span() for match in pattern.finditer(text, *within)]


class _Authors:
    """Runs, to be cut at any place."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        self._ends = list(accumulate(run.length for run in runs))

    def cut(self, start: int, end: int) -> list[Run]:
        """The runs of `[start, end)`."""
        pieces: list[Run] = []
        index = bisect_right(self._ends, start)
        while start < end:
            stop = min(end, self._ends[index])
            pieces.append(Run(stop - start, self._runs[index].take))
            start, index = stop, index + 1
        return pieces


def _joined(runs: Iterable[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1].take == run.take:
            joined[-1] = Run(joined[-1].length + run.length, run.take)
        elif run.length:
            joined.append(run)
    return joined


def _ordered(accepted: Sequence[Accepted], length: int) -> list[Accepted]:
    spans = sorted(accepted, key=lambda span: span.start)
    at = 0
    for span in spans:
        if span.length < 1 or span.start < at or span.start + span.length > length:
            raise BadInput(
                f"The accepted text {span.start} to {span.start + span.length} does not lie in the chapter "
                f"({length} characters), or overlaps another."
            )
        at = span.start + span.length
    return spans
