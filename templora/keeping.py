"""Where a project's memory is: in the engine, in its snapshots, and what this process knows of both."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

from storage.records import Snapshot
from storage.snapshots import Snapshots
from templora import memory
from templora.engine import Engine, Open, Save, Saved
from templora.errors import SnapshotDamaged
from templora.memory import Plan

log = logging.getLogger(__name__)

BUDGET_BYTES = 4 * 1024**3
"""Snapshots of one project; the budget wins over the list of those worth keeping."""


@dataclass
class MemoryState:
    """What this process knows of one project's memory. Changed only under `lock`; lineages are replaced whole.

    `origin`: the chain_0 that the lineages belong to, None before the first look. `committed`: the chain of the newest
    snapshot of the lineage in work.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    serving: tuple[str, ...] = ()
    building: tuple[str, ...] | None = None
    committed: str | None = None
    origin: str | None = None
    learn_now: bool = False
    failure: str | None = None
    retry_at: float = 0.0

    @property
    def in_work(self) -> tuple[str, ...]:
        """The lineage that learning goes on with."""
        return self.serving if self.building is None else self.building


class Keeping:
    """Commits memories as snapshots, finds them again, loads them into the engine."""

    def __init__(self, snapshots: Snapshots, engine: Engine) -> None:
        self._snapshots = snapshots
        self._engine = engine

    def remember(self, project: str, state: MemoryState, plan: Plan) -> None:
        """Once for each base model: take up the memory as the last process left it, the one nearest to the book."""
        if state.origin == plan.origin:
            return
        parents = {chain: lesson.parent for chain, lesson in self._snapshots.lessons(project).items()}
        state.serving, state.building, state.committed = (), None, None
        best = (-1, -1)
        for order, snapshot in enumerate(self._snapshots.all(project)):
            lineage = memory.lineage(snapshot.chain, parents, plan.origin)
            if lineage is not None and (memory.known(plan, lineage), order) > best:
                best = (memory.known(plan, lineage), order)
                state.serving, state.committed = tuple(lineage), snapshot.chain
        state.origin = plan.origin

    def commit(self, project: str, state: MemoryState, plan: Plan | None) -> None:
        """Make the memory in work a snapshot, unless it is one. Raises `MemoryNotResident`, `StorageError`."""
        lineage = state.in_work
        if not lineage or lineage[-1] == state.committed:
            return
        staged = self._snapshots.stage_path(project)
        saved = self._engine.call(Save(lineage[-1], str(staged)))
        assert isinstance(saved, Saved)
        self._snapshots.commit(project, staged, lineage[-1], len(lineage), saved.sha256, saved.numerics)
        state.committed = lineage[-1]
        self._snapshots.thin(project, BUDGET_BYTES, plan.chapter_starts() if plan else set())

    def reopen(self, project: str, state: MemoryState, plan: Plan, lineage: tuple[str, ...]) -> tuple[str, ...]:
        """Load the longest part of a lineage that a sound snapshot holds, and make that the lineage.

        What no snapshot holds any more is pending again. Raises `EngineError`.
        """
        by_chain = {snapshot.chain: snapshot for snapshot in self._snapshots.all(project)}
        kept: tuple[str, ...] = ()
        for length in range(len(lineage), 0, -1):
            snapshot = by_chain.get(lineage[length - 1])
            if snapshot is not None and self._open(snapshot):
                kept = lineage[:length]
                break
        else:
            self._engine.call(Open(plan.origin))
        if state.building is not None and lineage == state.building:
            state.building = kept
        else:
            state.serving = kept
        return kept

    def _open(self, snapshot: Snapshot) -> bool:
        try:
            path = self._snapshots.path(snapshot)
            self._engine.call(Open(snapshot.chain, snapshot.n_chunks, str(path), snapshot.sha256))
        except SnapshotDamaged as error:
            log.warning("snapshot %s is passed over: %s", snapshot.id, error.message)
            return False
        return True
