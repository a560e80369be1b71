"""What may not stand in a take: phrases that the writer bans, and long copies of the book. Pure.

A *watch* looks at the text of a take as it grows, and says where something begins that must be taken back, and from
where on the text has to be held because it may still become that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Protocol

from templora.names import UNSPACED

_ALIKE = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "\n": " ", "\t": " "})
APOSTROPHES = "'’"
WORD = re.compile(rf"[^\W_]+(?:[{APOSTROPHES}][^\W_]+)*")
_OPEN_END = re.compile(rf"[^\W_][{APOSTROPHES}]?\Z")


class Watch(Protocol):
    reach: int
    """So many characters before the take it wants to see."""

    def look(self, text: str, start: int, since: int, final: bool) -> tuple[int | None, int]:
        """(where something begins that must be taken back, or None; from where on the text must be held).

        The take is `text[start:]`. What stands before `since` has been shown, and nothing in it is taken back.
        `final`: no more text comes.
        """
        ...


class Phrases:
    """Banned phrases, as whole words. Curly and straight quotation marks, and all kinds of space, are alike."""

    def __init__(self, phrases: Sequence[str], any_case: bool = True) -> None:
        self._any_case = any_case
        plain = {self._plain(phrase.strip()) for phrase in phrases if phrase.strip()}
        self._phrases = plain
        self._lengths = sorted({len(phrase) for phrase in plain}, reverse=True)
        self._beginnings = {phrase[:length] for phrase in plain for length in range(1, len(phrase))}
        self.reach = max(self._lengths, default=0)

    def _plain(self, text: str) -> str:
        """The text as it is compared, character by character."""
        text = text.translate(_ALIKE)
        if not self._any_case:
            return text
        lower = text.casefold()
        return lower if len(lower) == len(text) else "".join(map(_lower, text))

    def look(self, text: str, start: int, since: int, final: bool) -> tuple[int | None, int]:
        low = max(0, since - self.reach)
        plain = self._plain(text[low:])
        before = text[low - 1] if low else ""
        # A phrase whose last word may go on is not whole yet.
        last = len(plain) - (not final and bool(plain) and joins(plain[-1]))
        found = [
            end - length
            for end in range(max(1, since - low + 1), last + 1)
            for length in self._lengths
            if length <= end and plain[end - length : end] in self._phrases
            if _is_whole(before, plain, end - length, end)
        ]
        held = len(plain)
        for length in range(min(self.reach, len(plain)), 0, -1):
            part = plain[-length:]
            if part in self._beginnings or (part in self._phrases and joins(part[-1])):
                place = len(plain) - length
                if _begins_word(before, plain, place):
                    held = place
                    break
        return (low + min(found) if found else None), max(since, low + held)


def _lower(character: str) -> str:
    lower = character.casefold()
    return lower if len(lower) == 1 else character


def joins(character: str) -> bool:
    """Can a word go on after this?"""
    return character.isalnum() and not UNSPACED.match(character)


def _begins_word(before: str, text: str, place: int) -> bool:
    last = text[place - 1] if place else before
    return not (last and joins(last) and joins(text[place]))


def _ends_word(text: str, end: int) -> bool:
    return end == len(text) or not (joins(text[end - 1]) and joins(text[end]))


def _is_whole(before: str, text: str, place: int, end: int) -> bool:
    return _begins_word(before, text, place) and _ends_word(text, end)


class Copies:
    """Ends a copy of the book after `count` words: what was copied before the take is not counted.

    `known`: is this the hash of `count` + 1 words in a row of the book?
    """

    reach = 0

    def __init__(self, count: int, known: Callable[[int], bool]) -> None:
        self._count = count
        self._known = known

    def look(self, text: str, start: int, since: int, final: bool) -> tuple[int | None, int]:
        low = self._low(text, start, since)
        words = list(WORD.finditer(text, low))
        held = len(text)
        if words and not final and _OPEN_END.search(text, words[-1].start()):
            last = words.pop()
            if len(words) >= self._count:
                held = last.start()
        for number in range(self._count, len(words)):
            word = words[number]
            if word.end() <= since:
                continue
            if self._known(words_hash([each[0] for each in words[number - self._count : number + 1]])):
                return max(word.start(), since), max(since, min(held, word.start()))
        return None, max(since, held)

    def _low(self, text: str, start: int, since: int) -> int:
        """A place before the `count` words that stand before `since`, and not within a word."""
        low, step = since, 8 * (self._count + 2)
        while low > start:
            low = max(start, low - step)
            while low > start and not text[low - 1].isspace():
                low -= 1
            if sum(1 for _ in WORD.finditer(text, low, since)) > self._count:
                break
        return low


def words_hash(words: Sequence[str]) -> int:
    """64 bits of some words in a row, whatever their case and the marks between them."""
    return _hash(" ".join(words).replace("’", "'").casefold())


def passage_hashes(text: str, count: int) -> list[int]:
    """The hashes of all `count` words in a row that stand in a text, in order."""
    words = [word[0] for word in WORD.finditer(text.replace("’", "'").casefold())]
    return [_hash(" ".join(words[at : at + count])) for at in range(len(words) - count + 1)]


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
