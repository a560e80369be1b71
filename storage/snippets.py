"""A passage with what was found in it, short enough for a list. Pure; what is marked is data, never markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.records import Span

BEFORE, LENGTH = 50, 150
"""Code points shown before the first place that was found, and of a snippet in all."""


@dataclass(frozen=True)
class Snippet:
    """`[start, end)`: the first place found, in code points of the text. `marks`: all of them that `words` shows, in
    code points of `words`."""

    start: int
    end: int
    words: str
    marks: tuple[Span, ...]


def snippet(text: str, found: Sequence[Span], before: int = BEFORE, length: int = LENGTH) -> Snippet:
    """Around the first of the places `found`, which are in order, in whole words of one paragraph; "…" where it is cut.

    A place of several lines is shown with spaces for its line breaks.
    """
    start, end = found[0]
    low = max(text.rfind("\n", 0, start) + 1, start - before)
    high = text.find("\n", end)
    high = min(high if high >= 0 else len(text), max(end, low + length))
    if low and text[low - 1] != "\n":
        while low < start and not text[low - 1].isspace():
            low += 1
    if high < len(text) and text[high] != "\n":
        cut = high
        while cut > end and not text[cut].isspace():
            cut -= 1
        high = cut if cut > end else high
    head = "… " if low and text[low - 1] != "\n" else ""
    tail = " …" if high < len(text) and text[high] != "\n" else ""
    shift = len(head) - low
    marks = tuple((a + shift, min(b, high) + shift) for a, b in found if low <= a < high)
    words = "".join(" " if letter.isspace() else letter for letter in text[low:high])
    return Snippet(start, end, f"{head}{words}{tail}", marks)
