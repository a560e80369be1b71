"""Passages that the memory leaves out: spans of a text, carried through every edit. Pure.

Spans are in order and apart: none is empty, and between two of them lies text that belongs to neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from storage.provenance import Match
from storage.records import Span

_BREAK = re.compile(r"\n[^\S\n]*\n\s*")
"""Between two paragraphs."""


def carry(excluded: Sequence[Span], kept: Sequence[Match], old: int, new: int) -> tuple[Span, ...]:
    """The spans after an edit of a text of `old` code points into one of `new`, of which `kept` stands in both.

    A span goes from the first to the last of what is left of it, so what is new inside of it is left out too, and what
    is new beside it is not. Where an edit replaced just the span, what took its place is left out.
    """
    carried: list[Span] = []
    for start, end in excluded:
        left = [
            (to + max(start, at) - at, to + min(end, at + length) - at)
            for at, to, length in kept
            if at < end and start < at + length
        ]
        before = max(((at + length, to + length) for at, to, length in kept if at + length <= start), default=(0, 0))
        after = min(((at, to) for at, to, _ in kept if at >= end), default=(old, new))
        if left:
            carried.append((left[0][0], left[-1][1]))
        elif (before[0], after[0]) == (start, end):
            carried.append((before[1], after[1]))
    return joined(carried)


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Any spans, put in order; those that touch or overlap become one, empty ones go."""
    result: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return tuple(result)


def without(spans: Iterable[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """What `taken` leaves of `spans`."""
    left = list(spans)
    for start, end in taken:
        left = [part for a, b in left for part in ((a, min(b, start)), (max(a, end), b)) if part[0] < part[1]]
    return joined(left)


def cut(spans: Iterable[Span], start: int, end: int) -> tuple[Span, ...]:
    """The spans inside of `[start, end)`, in code points of that stretch."""
    return joined((max(a, start) - start, min(b, end) - start) for a, b in spans)


def shift(spans: Iterable[Span], by: int) -> tuple[Span, ...]:
    return tuple((start + by, end + by) for start, end in spans)


def whole_paragraphs(text: str, span: Span) -> Span:
    """The paragraphs that a span touches, from the first to the last; the span itself where it touches none."""
    edges = [0, *(edge for found in _BREAK.finditer(text) for edge in found.span()), len(text)]
    touched = [part for part in zip(edges[::2], edges[1::2], strict=True) if part[0] < span[1] and span[0] < part[1]]
    return (touched[0][0], touched[-1][1]) if touched else span
