"""Where a project's memory is: in the engine, in its snapshots, and what this process knows of both."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from storage.records import Snapshot
from storage.snapshots import Snapshots
from templora import memory
from templora.engine import Engine, Open, Save, Saved
from templora.errors import SnapshotDamaged
from templora.memory import Lineage, Plan

log = logging.getLogger(__name__)


@dataclass
class MemoryState:
    """What this process knows of one project's memory. Changed only under `lock`; lineages are replaced whole.

    `origin`: the chain_0 that the lineages belong to, None before the first look. `in_hand`: the chunk of the plan that
    is being learnt. `wanted`: how many verbs wait for the lock; learning lets them in before it goes on.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    serving: Lineage = ()
    building: Lineage | None = None
    origin: str | None = None
    in_hand: int | None = None
    learn_now: bool = False
    failure: str | None = None
    retry_at: float = 0.0
    wanted: int = 0

    @contextmanager
    def taken(self, interrupt: Callable[[], None]) -> Generator[None]:
        """The lock, without waiting for a whole chunk: `interrupt` makes learning give way."""
        self.wanted += 1
        try:
            if not self.lock.acquire(blocking=False):
                interrupt()
                self.lock.acquire()
            try:
                yield
            finally:
                self.lock.release()
        finally:
            self.wanted -= 1


class Keeping:
    """Commits memories as snapshots, finds them again, loads them into the engine."""

    def __init__(self, snapshots: Snapshots, engine: Engine) -> None:
        self._snapshots = snapshots
        self._engine = engine

    def remember(self, project: str, state: MemoryState, plan: Plan) -> None:
        """Once for each base model: take up the stored memory that knows the book best."""
        if state.origin == plan.origin:
            return
        lessons = self._snapshots.parents(project)
        state.serving, state.building = (), None
        best = (0, 0, -1)
        for order, snapshot in enumerate(self._snapshots.all(project)):
            lineage = memory.lineage(snapshot.chain, lessons, plan.origin)
            if lineage is None:
                continue
            standing = memory.standing(plan, lineage)
            if (standing.known, -standing.gone, order) > best:
                best = (standing.known, -standing.gone, order)
                state.serving = lineage
        state.origin = plan.origin

    def commit(self, project: str, state: MemoryState, lineage: Lineage, plan: Plan | None) -> None:
        """Make a memory a snapshot, unless it is one. Raises `MemoryNotResident`, `StorageError`."""
        if not lineage or lineage[-1].chain in self.claims(project):
            return
        head = lineage[-1].chain
        staged = self._snapshots.stage_path(project)
        saved = self._engine.call(Save(head, str(staged)))
        assert isinstance(saved, Saved)
        self._snapshots.commit(project, staged, head, len(lineage), saved.sha256, saved.numerics)
        self.thin(project, state, plan)

    def claims(self, project: str) -> list[str]:
        """The chains of the project's snapshots, the newest last."""
        return [snapshot.chain for snapshot in self._snapshots.all(project)]

    def thin(self, project: str, state: MemoryState, plan: Plan | None) -> None:
        """Let go of the snapshots that are not worth their room, and of the lessons behind them."""
        held, claims = (state.serving, state.building or ()), self.claims(project)
        tips = {next((link.chain for link in reversed(lineage) if link.chain in claims), "") for lineage in held}
        starts: set[str] = set()
        if plan is not None:
            tips.add(plan.before(memory.resume(plan, claims)))  # where a rebuild would go on
            starts = plan.chapter_starts()
        self._snapshots.thin(project, tips, starts)
        self._snapshots.prune(project, {link.chain for lineage in held for link in lineage})

    def reopen(self, project: str, plan: Plan, lineage: Lineage) -> Lineage:
        """Load the longest part of a lineage that a sound snapshot holds, and return that part.

        What no snapshot holds any more is pending again. Raises `EngineError`, `StorageError` where one that may be
        sound cannot be read just now.
        """
        by_chain = {snapshot.chain: snapshot for snapshot in self._snapshots.all(project)}
        for length in range(len(lineage), 0, -1):
            snapshot = by_chain.get(lineage[length - 1].chain)
            if snapshot is not None and self._open(snapshot):
                return lineage[:length]
        self._engine.call(Open(plan.origin))
        return ()

    def _open(self, snapshot: Snapshot) -> bool:
        try:
            path = self._snapshots.path(snapshot)
            self._engine.call(Open(snapshot.chain, snapshot.n_chunks, str(path), snapshot.sha256))
        except SnapshotDamaged as error:
            log.warning("snapshot %s is let go: %s", snapshot.id, error.message)
            self._snapshots.remove(snapshot)  # or every rebuild would start from it again
            return False
        return True
