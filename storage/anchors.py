"""Where a passage is after an edit: carried by what the edit kept, and found again by its words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from storage.provenance import Match
from storage.records import Span

TELLING = 20
"""Code points. Shorter passages are not looked for elsewhere while anything of them is left: their words are common."""


def moved(span: Span, quote: str, kept: Sequence[Match], text: str) -> Span | None:
    """The span after an edit into `text`, of which `kept` is what it has of the old one; None where it is gone.

    It goes from the first to the last of what is left of it. A passage of which most was cut out and put elsewhere is
    there.
    """
    start, end = span
    left = [
        (to + max(start, at) - at, to + min(end, at + length) - at)
        for at, to, length in kept
        if at < end and start < at + length
    ]
    count = sum(b - a for a, b in left)
    if left and (2 * count >= end - start or len(quote) < TELLING):
        return left[0][0], left[-1][1]
    return sought(text, quote, start, kept) or ((left[0][0], left[-1][1]) if left else None)


def sought(text: str, quote: str, near: int, kept: Sequence[Match] = ()) -> Span | None:
    """Where these words stand, nearest to a place; None where they do not.

    Not in what the text has `kept`: what stands there stood there before, beside the passage that is looked for.
    """
    places: list[int] = []
    at = text.find(quote) if quote else -1
    while at >= 0:
        if not any(to <= at and at + len(quote) <= to + length for _, to, length in kept):
            places.append(at)
        at = text.find(quote, at + 1)
    at = min(places, key=lambda at: abs(at - near), default=-1)
    return (at, at + len(quote)) if places else None
