"""The text before the caret as it is read: the anchored window, and what may stand between its paragraphs. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from templora.chunks import SEPARATOR, Tokenizer, prompt_ids, reading_window

NOTE_DEPTH = 96
"""The author's note stands at least so many tokens before the caret, and moves on in steps of `NOTE_STEP`."""
NOTE_STEP = 128


_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")

SectionKind = Literal["bible", "synopsis", "titles", "text", "note"]


@dataclass(frozen=True)
class Piece:
    """A chapter's text, as far as it stands before the caret, and its ids, which begin with a separator's.

    `kind` is "titles" where there is no prose yet and the titles are what there is to go by.
    """

    text: str
    ids: list[int]
    kind: Literal["text", "titles"] = "text"

    @staticmethod
    def whole(text: str, tokenizer: Tokenizer) -> Piece:
        """A chapter to its end, without the space there."""
        text = text.rstrip()
        return Piece(text, tokenizer.encode(SEPARATOR + text) if text else [])

    @staticmethod
    def begun(text: str, tokenizer: Tokenizer, kind: Literal["text", "titles"] = "text") -> Piece:
        """The open chapter up to the caret: open at its end. A space there is left to the model."""
        text = text.rstrip(" \t")
        return Piece(text, prompt_ids(text, tokenizer), kind)


@dataclass(frozen=True)
class Section:
    """A stretch of what is read: its text and its ids."""

    kind: SectionKind
    text: str
    ids: tuple[int, ...]


def front_block(kind: SectionKind, text: str, tokenizer: Tokenizer) -> Section:
    """A block that stands before the text: a separator leads."""
    text = SEPARATOR + text
    return Section(kind, text, tuple(tokenizer.encode(text)))


def inner_block(kind: SectionKind, text: str, tokenizer: Tokenizer) -> Section:
    """A block where a paragraph begins: a separator follows, and it is open at its end."""
    text += SEPARATOR
    return Section(kind, text, tuple(tokenizer.encode(text + "A")[:-1]))


class Window:
    """The end of the text before the caret that is read, and where between its paragraphs something may stand."""

    def __init__(self, before: Sequence[Piece], tokenizer: Tokenizer, length: int, room: int) -> None:
        ids = [id for piece in before for id in piece.ids]
        self._ids = reading_window(ids, length)[-room:] if room else []
        self._tokenizer = tokenizer
        self._start = len(ids) - len(self._ids)
        self._last = before[-1]
        self._open = len(ids) - len(self._last.ids)
        """The token at which the open chapter begins."""
        self._spans = tokenizer.offsets(SEPARATOR + self._last.text)
        first, place = 0, 0
        while place + len(before[first].ids) <= self._start and first + 1 < len(before):
            place += len(before[first].ids)
            first += 1
        spans = self._spans if first + 1 == len(before) else tokenizer.offsets(SEPARATOR + before[first].text)
        inside = self._start - place
        self._texts = [SEPARATOR + piece.text for piece in before[first:]]
        """Of the chapters that are read, the first of them from character `_cut` on."""
        self._cut = spans[inside][0] if inside < len(spans) else len(self._texts[0])
        unread = [*(piece.text for piece in before[:first]), self._texts[0][: self._cut]]
        self.unread_words = sum(len(text.split()) for text in unread)

    def text(self) -> str:
        """All of it, without a separator at its beginning."""
        return "".join(self._texts)[self._cut :].lstrip("\n")

    def note_place(self) -> int:
        """The token at which the author's note stands: where a paragraph of the open chapter begins, a little before
        the caret, in steps; its first one where the chapter has only begun, the start of the window where none begins
        in it."""
        limit = (len(self._last.ids) - NOTE_DEPTH) // NOTE_STEP * NOTE_STEP
        starts = {match.end() for match in _PARAGRAPH.finditer(self._texts[-1])}
        # Some tokenizers give spaces a place of no width, where the next word begins.
        places = [token for token, (begin, end) in enumerate(self._spans) if begin in starts and begin < end]
        fitting = [self._open + place for place in places if place <= max(limit, places[0])]
        first = self._open + (places[0] if places else 0)
        # At the beginning of a chapter with nothing read before it, it stands before the separator.
        return max([self._start, *(place for place in fitting if place != first or self._start < self._open)])

    def sections(self, placed: Sequence[tuple[int, SectionKind, str]], parted: bool) -> list[Section]:
        """The window with blocks (place, kind, text) in it, in order. `parted`: something stands before it."""
        edges = [self._start, *(place for place, _, _ in placed), self._start + len(self._ids)]
        found: list[Section] = []
        for number, (begin, end) in enumerate(pairwise(edges)):
            if begin < end:
                if begin == self._start and self._cut and (parted or found):
                    found.append(Section("text", SEPARATOR, tuple(prompt_ids("", self._tokenizer))))
                found.append(self._between(begin, end))
            if number < len(placed):
                place, kind, text = placed[number]
                build = front_block if place == self._start else inner_block
                found.append(build(kind, text, self._tokenizer))
        return found

    def _between(self, begin: int, end: int) -> Section:
        a, b = self._character(begin), self._character(end)
        ids = self._ids[begin - self._start : end - self._start]
        return Section(self._last.kind, "".join(self._texts)[a:b], tuple(ids))

    def _character(self, place: int) -> int:
        """Where a token begins that is the window's first or one of the open chapter."""
        if place == self._start:
            return self._cut
        earlier = sum(len(text) for text in self._texts[:-1])
        token = place - self._open
        return earlier + (self._spans[token][0] if token < len(self._last.ids) else len(self._texts[-1]))
