"""The verbs of the memory: what it knows, learning, and how it is let go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from storage.manuscripts import Manuscripts
from storage.records import Discarded
from templora.learning import Learning
from templora.leaving import Forgotten
from templora.meter import MemoryReport, Passage


class Memories:
    """A part of the Studio. `stop` ends what works with a book's memory, before that is taken away; `forget_words`
    empties the desk's other caches of text."""

    def __init__(
        self,
        manuscripts: Manuscripts,
        learning: Learning,
        stop: Callable[[str], None],
        forget_words: Callable[[], None],
    ) -> None:
        self._manuscripts = manuscripts
        self._learning = learning
        self._stop_work = stop
        self._forget_words = forget_words

    def memory(self, project: str) -> MemoryReport:
        return self._learning.reports.memory(self._manuscripts.project(project), self._learning.memory(project))

    def passages(self, chapter: str) -> list[Passage]:
        """What the memory knows of a chapter, passage by passage."""
        found = self._manuscripts.chapter(chapter)
        return self._learning.reports.passages(found, self._learning.memory(found.project))

    def forget(self, project: str) -> Forgotten:
        """Let go at once of all that has seen text which is no longer in the book: see `Learning.forget`.

        Older revisions, takes and backups keep theirs.
        """
        self._manuscripts.project(project)  # raises NotFound
        self._stop_work(project)
        self._forget_words()
        return self._learning.forget(project)

    def set_disk_bytes(self, project: str, value: int) -> None:
        """What the snapshots of the memory may take on the disk, from now on."""
        self._manuscripts.set_disk_bytes(project, value)
        self._learning.thin(project)

    def memory_do(self, project: str, verb: Literal["learn", "pause", "resume", "cancel", "relearn"]) -> None:
        self._manuscripts.project(project)  # raises NotFound
        verbs = {
            "learn": self._learning.learn_now,
            "pause": self._learning.pause,
            "resume": self._learning.resume,
            "cancel": self._learning.cancel,
            "relearn": self._relearn,
        }
        verbs[verb](project)

    def _relearn(self, project: str) -> None:
        """Learn the book again from its first page; until then takes have what has been learnt of it so far."""
        self.discard_memory(project)
        self._learning.learn_now(project)

    def relearn_seconds(self, project: str) -> float:
        """How long learning the whole book takes on this machine, by what it has measured so far."""
        report = self.memory(project)
        return self._learning.reports.seconds_for(sum(chunk.tokens for chunk in report.chunks))

    def discard_memory(self, project: str) -> Discarded:
        self._manuscripts.project(project)
        self._stop_work(project)
        self._forget_words()
        return self._learning.discard(project)
