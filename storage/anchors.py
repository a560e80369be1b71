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
    return sought(text, quote, start) or ((left[0][0], left[-1][1]) if left else None)


def sought(text: str, quote: str, near: int) -> Span | None:
    """Where these words stand, nearest to a place; None where they do not."""
    if not quote:
        return None
    after = text.find(quote, near)
    before = text.rfind(quote, 0, near + len(quote) - 1)
    found = [at for at in (before, after) if at >= 0]
    if not found:
        return None
    at = min(found, key=lambda at: abs(at - near))
    return at, at + len(quote)
