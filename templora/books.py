"""The plan of each project's book, kept between changes: only chapters with a new revision are split again.

Reading a long book for the first time takes seconds (a million words: about four). Who only wants to show something
does not wait for that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from storage.manuscripts import Manuscripts
from templora import chunks as chunking
from templora.chunks import Chunk, FileTokenizer, Tokenizer
from templora.config import Recipe
from templora.engine import ModelInfo
from templora.memory import Plan

READ_AT_ONCE = 20
"""So many chapters are read by whoever asks; more only by who waits."""


@dataclass(frozen=True)
class _Split:
    """One chapter as it was split. `touched`: for each chunk's text, when it was first seen to read so (Unix s)."""

    revision: int
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
        self._plans: dict[str, tuple[tuple[tuple[str, int], ...], Plan]] = {}
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
            key = tuple((head.id, head.revision) for head in heads)
            if cached and cached[0] == key:
                return cached[1]
            new = [head for head in heads if head.id not in self._splits]
            if not wait and len(new) > READ_AT_ONCE:
                return cached[1] if cached else None
            parts = [chunk for head in heads for chunk in self._split(head.id, head.revision, self._tokenizer)]
            origin = chunking.origin(self._info.fingerprint, self._recipe)
            plan = Plan.of(origin, parts, self._recipe.prefix_tokens)
            self._plans[project] = (key, plan)
            return plan
        finally:
            self._reading.release()

    def _split(self, chapter_id: str, revision: int, tokenizer: Tokenizer) -> list[Chunk]:
        old = self._splits.get(chapter_id)
        if old and old.revision == revision:
            return old.chunks
        chapter = self._manuscripts.chapter(chapter_id)
        parts = chunking.split(chapter_id, chapter.text, tokenizer, self._recipe.chunk_tokens)
        now = self._clock() if old else chapter.updated_at
        touched = {part.text: old.touched.get(part.text, now) if old else now for part in parts}
        self._splits[chapter_id] = _Split(chapter.revision, parts, touched)
        return parts

    def touched(self, chunk: Chunk) -> float:
        """When the chunk's text last changed, as far as this process has seen (Unix seconds)."""
        split = self._splits.get(chunk.chapter)
        return split.touched.get(chunk.text, self._clock()) if split else self._clock()
