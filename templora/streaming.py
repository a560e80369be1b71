"""From drawn tokens to the text of a take, piece by piece: whole characters only, cut where it should end. Pure.

A filter takes text as it comes and gives back what is certain; `done` says that the take has ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

Decode = Callable[[list[int]], str]

_BROKEN = "\N{REPLACEMENT CHARACTER}"
_CONTEXT_TOKENS = 8


class Filter(Protocol):
    done: bool

    def push(self, text: str) -> str:
        """Take more text; give back what is certain by now."""
        ...

    def finish(self) -> str:
        """Nothing more comes: give back what was held."""
        ...


class Detokenizer:
    """Token ids → text. Half a character is held until its rest has come, and dropped if it never does.

    `before`: the tokens that the take goes on from. Some tokenizers write a token's leading space only when another
    stands before it.
    """

    def __init__(self, decode: Decode, before: Sequence[int]) -> None:
        self._decode = decode
        self._ids = list(before[-_CONTEXT_TOKENS:])
        self._given = len(decode(self._ids))

    def push(self, id: int) -> str:
        """The characters that this token completes."""
        self._ids = [*self._ids, id]  # a copy of this object keeps the list as it was
        text = self._decode(self._ids)
        whole = text.rstrip(_BROKEN)
        fresh, self._given = whole[self._given :], max(self._given, len(whole))
        if whole == text and len(self._ids) > 4 * _CONTEXT_TOKENS:
            self._ids = self._ids[-_CONTEXT_TOKENS:]
            self._given = len(self._decode(self._ids))
        return fresh.replace(_BROKEN, "")


class LeadingSpace:
    """Drops the space that a take begins with: the writer has typed it already."""

    done = False

    def __init__(self) -> None:
        self._begun = False

    def push(self, text: str) -> str:
        if not self._begun:
            text = text.lstrip(" \t")
            self._begun = bool(text)
        return text

    def finish(self) -> str:
        return ""


class Paragraphs:
    """Ends a take after so many paragraphs: at a blank line after prose. The blank line is left out."""

    def __init__(self, count: int = 1) -> None:
        self.done = False
        self._left = count
        self._held = ""
        self._prose = False

    def push(self, text: str) -> str:
        out = ""
        for space, prose in re.findall(r"(\s*)(\S*)", text):
            self._held += space
            if self._prose and re.search(r"\n[^\S\n]*\n", self._held):
                self._left -= 1
                self._prose = False
                if not self._left:
                    self.done = True
                    return out
            if prose:
                out += self._held + prose
                self._held, self._prose = "", True
        return out

    def finish(self) -> str:
        return "" if self.done else self._held


def push_through(filters: Sequence[Filter], text: str) -> str:
    """Send text through all filters in order."""
    for part in filters:
        text = part.push(text)
    return text


def finish_through(filters: Sequence[Filter]) -> str:
    """End all filters in order; what one gives back the next ones still see."""
    text = ""
    for part in filters:
        text = (part.push(text) if text else "") + part.finish()
    return text
