"""The plan of each project's book, kept between changes: only chapters that have changed are split again.

Reading a long book for the first time takes seconds (a million words: about four). Who only wants to show something
does not wait for that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from storage.manuscripts import Manuscripts
from storage.records import Span
from templora import chunks as chunking
from templora.chunks import Chunk, FileTokenizer, Tokenizer
from templora.config import Recipe
from templora.engine import ModelInfo
from templora.errors import NotFound
from templora.memory import Plan

READ_AT_ONCE = 20
"""So many chapters are read by whoever asks; more only by who waits."""


@dataclass(frozen=True)
class _Key:
    """What a chapter's chunks depend on. Passages can be left out without a new revision."""

    chapter: str
    revision: int
    excluded: tuple[Span, ...]


@dataclass(frozen=True)
class _Split:
    """One chapter as it was split. `touched`: for each chunk's text, when it was first seen to read so (Unix s)."""

    key: _Key
    chunks: list[Chunk]
    touched: dict[str, float]


class Books:
    """Plans by project. Knows the base model by its `ModelInfo` alone; without one there is no plan yet."""

    def __init__(
        self, manuscripts: Manuscripts, recipe: Recipe, info: ModelInfo | None, clock: Callable[[], float] = time.time
    ) -> None:
        self._manuscripts = manuscripts
        self._recipe = recipe
        self._clock = clock
        self._reading = threading.RLock()
        self._splits: dict[str, _Split] = {}
        self._plans: dict[str, tuple[tuple[_Key, ...], Plan]] = {}
        self._info: ModelInfo | None = None
        self._tokenizer: Tokenizer | None = None
        if info:
            self.use(info)

    def use(self, info: ModelInfo) -> None:
        """Plan for this base model from now on. Raises `ModelDamaged` where its tokenizer cannot be read."""
        if self._info == info:
            return
        with self._reading:
            self._tokenizer = FileTokenizer(info.tokenizer)
            self._info = info
            self._splits.clear()
            self._plans.clear()

    @property
    def info(self) -> ModelInfo | None:
        """The base model, where it is known."""
        return self._info

    @property
    def tokenizer(self) -> Tokenizer | None:
        return self._tokenizer

    def plan(self, project: str, wait: bool = True) -> Plan | None:
        """The project's plan, or None before a base model is known.

        With `wait` False it may be the plan of a moment ago, or None, while a long book is being read.
        """
        cached = self._plans.get(project)
        if not self._reading.acquire(blocking=wait):
            return cached[1] if cached else None
        try:
            if self._info is None or self._tokenizer is None:
                return None
            heads = self._manuscripts.chapters(project)
            keys = tuple(_Key(head.id, head.revision, head.excluded) for head in heads if head.learned)
            if cached and cached[0] == keys:
                return cached[1]
            new = [key for key in keys if key.chapter not in self._splits]
            if not wait and len(new) > READ_AT_ONCE:
                return cached[1] if cached else None
            parts = [chunk for key in keys for chunk in self._split(key, self._tokenizer)]
            origin = chunking.origin(self._info.fingerprint, self._recipe)
            plan = Plan.of(origin, parts, self._recipe.prefix_tokens)
            self._plans[project] = (keys, plan)
            for gone in {key.chapter for key in (cached[0] if cached else ())} - {key.chapter for key in keys}:
                self._splits.pop(gone, None)
            return plan
        finally:
            self._reading.release()

    def _split(self, key: _Key, tokenizer: Tokenizer) -> list[Chunk]:
        old = self._splits.get(key.chapter)
        if old and old.key == key:
            return old.chunks
        try:
            chapter = self._manuscripts.chapter(key.chapter)
        except NotFound:  # deleted since its head was read: the next plan is without it
            return []
        key = _Key(chapter.id, chapter.revision, chapter.excluded)  # a save may have come in between
        parts = chunking.split(chapter.id, chapter.text, tokenizer, self._recipe.chunk_tokens, chapter.excluded)
        now = self._clock() if old else chapter.updated_at
        touched = {part.text: old.touched.get(part.text, now) if old else now for part in parts}
        self._splits[chapter.id] = _Split(key, parts, touched)
        return parts

    def touched(self, chunk: Chunk) -> float:
        """When the chunk's text last changed, as far as this process has seen (Unix seconds)."""
        split = self._splits.get(chunk.chapter)
        return split.touched.get(chunk.text, self._clock()) if split else self._clock()
