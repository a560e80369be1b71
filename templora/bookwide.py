"""What a take must know of the whole book: the marks that it is written with, and its words, not to copy them.

Counted chapter by chapter, and again only where a chapter has changed. The book whose take was asked for last is kept.
"""

from __future__ import annotations

import base64
import threading
from collections import Counter
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from storage.manuscripts import Manuscripts
from storage.records import Chapter
from templora.engine import Generation, Rewrite
from templora.errors import NotFound
from templora.marks import Habit, habit, tally
from templora.phrases import passage_hashes

MOST_WORDS = 1_000_000
"""So much of a book is guarded against copies, the end of it: 4 bytes a word go to the engine with each take."""


@dataclass
class _Counted:
    """What was counted in a chapter as it stood at a revision. `hashes`: by how many words in a row."""

    revision: int
    marks: Counter[tuple[str, str]]
    hashes: dict[int, NDArray[np.uint32]] = field(default_factory=dict[int, NDArray[np.uint32]])


class Bookwide:
    """May be asked from any thread."""

    def __init__(self, manuscripts: Manuscripts) -> None:
        self._manuscripts = manuscripts
        self._lock = threading.Lock()
        self._project = ""
        self._counted: dict[str, _Counted] = {}

    def prepared(self, request: Generation, chapter: Chapter) -> Generation:
        """The request with what its sampling asks for: the book's marks, and the copies that it must not be.

        A rewrite may copy: it is a text of the book that it says again.
        """
        if request.sampling.get("follow_marks"):
            request = replace(request, habit=asdict(self.habit(chapter)))
        words = request.sampling.get("copied_words")
        if words and not isinstance(request, Rewrite):
            request = replace(request, copies=self.copies(chapter, words + 1))
        return request

    def habit(self, chapter: Chapter) -> Habit:
        """The marks of the chapter's book; of the chapter itself where the book is too short to tell."""
        with self._lock:
            counted = self._book(chapter)
            book = sum((each.marks for each in counted.values()), Counter[tuple[str, str]]())
            own = counted.get(chapter.id)
            return habit([book, own.marks if own else book])

    def copies(self, chapter: Chapter, count: int) -> str:
        """The hashes of all `count` words in a row of the book, sorted: little-endian, 4 bytes each, in base64."""
        with self._lock:
            parts = [each.hashes[count] for each in self._book(chapter, count).values()]
        joined = np.concatenate(parts)[-MOST_WORDS:] if parts else np.empty(0, dtype=np.uint32)
        return base64.b64encode(np.unique(joined).astype("<u4").tobytes()).decode()

    def _book(self, chapter: Chapter, count: int | None = None) -> dict[str, _Counted]:
        """What was counted in each chapter of the book, in order; with its hashes of `count` words in a row."""
        if self._project != chapter.project:
            self._project, self._counted = chapter.project, {}
        counted: dict[str, _Counted] = {}
        for head in self._manuscripts.chapters(chapter.project):
            known = self._counted.get(head.id)
            if known is None or known.revision != head.revision or (count and count not in known.hashes):
                try:
                    text = chapter.text if head.id == chapter.id else self._manuscripts.chapter(head.id).text
                except NotFound:  # deleted in this moment
                    continue
                if known is None or known.revision != head.revision:
                    known = _Counted(head.revision, tally(text))
                if count:
                    known.hashes = {count: np.array(passage_hashes(text, count), dtype=np.uint32)}
            counted[head.id] = known
        self._counted = counted
        return counted
