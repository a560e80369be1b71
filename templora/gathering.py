"""Gathers what a continuation may read, from the book and its notes, for `templora.reading` to put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from storage.manuscripts import Manuscripts
from storage.records import Chapter
from templora.books import Books
from templora.config import Recipe
from templora.errors import ModelNotReady
from templora.reading import Extras, Reading, assemble, room_for
from templora.window import Piece


class Gathering:
    """`extras`: what a chapter has beside its text. A long book is not read for it, only what lies near the caret."""

    def __init__(
        self,
        manuscripts: Manuscripts,
        books: Books,
        recipe: Recipe,
        extras: Callable[[Chapter], Extras] = lambda _: Extras(),
    ) -> None:
        self._manuscripts = manuscripts
        self._books = books
        self._recipe = recipe
        self._extras = extras

    def reading(self, chapter: Chapter, cursor: int, max_tokens: int, beat: str = "") -> Reading:
        """What is read for a take of at most `max_tokens` at `cursor` (code points): the window before it, with earlier
        chapters where it reaches into them, and the extras. Where no prose lies before the cursor, the titles are what
        there is to go by.

        `beat`: what the writer wants to happen: the entries that it names apply too.
        Raises `ModelNotReady` while the tokenizer is not known.
        """
        tokenizer, info = self._books.tokenizer, self._books.info
        if tokenizer is None or info is None:
            raise ModelNotReady("The model is still loading; your text is safe. Try again in a moment.")
        text = chapter.text[:cursor]
        pieces = [Piece.begun(text, tokenizer)]
        length = self._recipe.prefix_tokens
        earlier = [head for head in self._manuscripts.chapters(chapter.project) if head.position < chapter.position]
        count = len(pieces[0].ids)
        while earlier and count < 1.5 * length:
            piece = Piece.whole(self._manuscripts.chapter(earlier.pop().id).text, tokenizer)
            pieces.insert(0, piece)
            count += len(piece.ids)
        if not text.strip() and count <= 2:
            book = self._manuscripts.project(chapter.project).title
            pieces = [Piece.begun(f"{book}\n\n{chapter.title}\n\n", tokenizer, "titles")]
        room = room_for(info.context_tokens, max_tokens) - (info.bos_id is not None)
        extras = replace(self._extras(chapter), beat=beat)
        # A space at the end is left to the model, whose tokens begin with theirs.
        after_space = text != text.rstrip(" \t")
        words = sum(head.words for head in earlier)
        reading = assemble(pieces, extras, tokenizer, length, room, after_space, words)
        return replace(reading, bos=info.bos_id is not None)
