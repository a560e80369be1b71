"""From drawn tokens to the text of a take, piece by piece: whole characters only, cut where it should end. Pure.

A filter takes text as it comes and gives back what is certain; `done` says that the take has ended.
"""

from __future__ import annotations

import re
import unicodedata
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


class Characters:
    """Gives back characters as readers count them: an emoji of several parts, or a letter with its signs, at once.

    Held is the last one of a text where more may belong to it. Latin, Greek and Cyrillic letters are not held: their
    accents are mostly part of them, and words would come a letter late.
    """

    done = False

    def __init__(self) -> None:
        self._held = ""

    def push(self, text: str) -> str:
        text = self._held + text
        whole = _whole(text)
        self._held = text[whole:]
        return text[:whole]

    def finish(self) -> str:
        text, self._held = self._held, ""
        return text


def _whole(text: str) -> int:
    """The length of a text without a last character that may go on."""
    start = len(text) - 1
    while start > 0 and (_extends(text[start]) or _joins(text[start - 1]) or _halves(text[start - 1 : start + 1])):
        start -= 1
    return start if start >= 0 and (len(text) - start > 1 or _may_go_on(text[start])) else len(text)


def _joins(character: str) -> bool:
    """Does what comes after it belong to it? The joiner of pictures, the sign that takes a letter's vowel away."""
    return character == "\u200d" or (character > "\u0900" and unicodedata.combining(character) == 9)


def _extends(character: str) -> bool:
    """Does it belong to the character before it?"""
    if character < "\u0300":
        return False
    return (
        character in "\u200c\u200d"
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # the colours of skin
        or "\U000e0020" <= character <= "\U000e007f"  # the tags of flags
    )


def _halves(two: str) -> bool:
    """Are these two letters of flags?"""
    return len(two) == 2 and all("\U0001f1e6" <= letter <= "\U0001f1ff" for letter in two)


def _may_go_on(character: str) -> bool:
    """Is it a picture, or a letter of a script that puts signs on its letters?"""
    return ("\u0590" <= character < "\u1100" and character.isalpha()) or unicodedata.category(character) == "So"


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
