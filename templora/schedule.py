"""When a project's memory may learn: what is due now, and whether a stale one may be rebuilt whatever it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from storage.manuscripts import Manuscripts
from storage.records import Project
from templora import memory
from templora.books import Books
from templora.chunks import Chunk
from templora.keeping import MemoryState
from templora.memory import Plan, Work


class Schedule:
    """Decides by where and when the writer last wrote; `clock` is Unix time."""

    def __init__(self, manuscripts: Manuscripts, books: Books, clock: Callable[[], float]) -> None:
        self._manuscripts = manuscripts
        self._books = books
        self._clock = clock

    def _target(self, project: Project, state: MemoryState, plan: Plan) -> int:
        """How many leading chunks of the plan may be learnt now."""
        heads = self._manuscripts.chapters(project.id)
        if state.learn_now or not heads:
            return len(plan.chunks)
        # After a while the end of a chapter that was edited in mid-book must not keep the memory from what follows.
        latest = heads[-1] if self._idle(project) else max(heads, key=lambda head: (head.updated_at, head.position))
        return memory.due(plan, latest.id, self._settled)

    def _settled(self, chunk: Chunk) -> bool:
        return self._past(self._books.touched(chunk), memory.SETTLED_S)

    def _idle(self, project: Project) -> bool:
        return self._past(project.updated_at, memory.IDLE_S)

    def _past(self, then: float, seconds: float) -> bool:
        """Is `then` so long ago? Also where it lies in the future: the clock has been set back since."""
        return not 0 <= self._clock() - then < seconds

    def next(self, project: Project, state: MemoryState, plan: Plan, claims: Sequence[str]) -> Work:
        """The next step. `claims`: the chains of the project's snapshots."""
        return memory.work(
            plan,
            state.serving,
            state.building,
            claims,
            self._target(project, state, plan),
            rebuild=state.learn_now or self._idle(project),
            settled=self._settled,
        )
