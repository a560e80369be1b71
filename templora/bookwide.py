"""What a take must know of the whole book: the marks that it is written with, and its words, not to copy them.

And what is told of a take: how much of the book it copies all the same. Counted chapter by chapter, and again only
where a chapter has changed. The book whose take was asked for last is kept.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from storage.manuscripts import Manuscripts
from storage.records import Chapter, Span
from templora.config import Sampling
from templora.engine import Generation, Rewrite
from templora.errors import NotFound
from templora.marks import Habit, habit, tally
from templora.phrases import passage_hashes
from templora.shaping import packed

MOST_WORDS = 1_000_000
"""So much of a book is guarded against copies, the end of it: 4 bytes a word go to the engine with each take."""
COPIED_WORDS = Sampling.copied_words
"""A take with more words in a row than these from the book is a copy of it."""
_COUNTS = 2
"""Hashes of so many lengths are kept: the guard's, and those that a take is measured by."""


@dataclass
class _Counted:
    """What was counted in a chapter as it stood at a revision. `hashes`: by how many words in a row."""

    revision: int
    marks: Counter[tuple[str, str]]
    hashes: dict[int, NDArray[np.uint64]] = field(default_factory=dict[int, NDArray[np.uint64]])


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
        """The hashes of all `count` words in a row of the book, `packed` for the engine."""
        with self._lock:
            parts = [each.hashes[count] for each in self._book(chapter, count).values()]
        return packed(_joined(parts)[-MOST_WORDS:])

    def copied(self, text: str, chapter: Chapter, span: Span) -> int:
        """Words of the longest run that a take for `span` of a chapter has in common with the book; 0 for
        `COPIED_WORDS` or fewer.

        The chapter as it stood when the take was asked for, without the span: a rewrite is not measured by the passage
        that it rewrites, nor a take by what was accepted of it while it came.
        """
        count = COPIED_WORDS + 1
        with self._lock:
            parts = [each.hashes[count] for id, each in self._book(chapter, count).items() if id != chapter.id]
        parts += [_hashes(part, count) for part in (chapter.text[: span[0]], chapter.text[span[1] :])]
        best = run = 0
        for is_known in np.isin(_hashes(text, count), _joined(parts)).tolist():
            run = run + 1 if is_known else 0
            best = max(best, run and run + COPIED_WORDS)
        return best

    def _book(self, chapter: Chapter, count: int | None = None) -> dict[str, _Counted]:
        """What was counted in each chapter of the book, in order; with its hashes of `count` words in a row."""
        if self._project != chapter.project:
            self._project, self._counted = chapter.project, {}
        counted: dict[str, _Counted] = {}
        for head in self._manuscripts.chapters(chapter.project):
            known = self._counted.get(head.id)
            if known is None or known.revision != head.revision or (count and count not in known.hashes):
                try:
                    is_asked = (head.id, head.revision) == (chapter.id, chapter.revision)
                    read = chapter if is_asked else self._manuscripts.chapter(head.id)
                except NotFound:  # deleted in this moment
                    continue
                if known is None or known.revision != read.revision:
                    known = _Counted(read.revision, tally(read.text))
                if count:
                    known.hashes[count] = _hashes(read.text, count)
                    while len(known.hashes) > _COUNTS:
                        del known.hashes[next(iter(known.hashes))]
            counted[head.id] = known
        self._counted = counted
        return counted


def _hashes(text: str, count: int) -> NDArray[np.uint64]:
    return np.array(passage_hashes(text, count), dtype=np.uint64)


def _joined(parts: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    return np.concatenate([*parts, np.empty(0, dtype=np.uint64)])
