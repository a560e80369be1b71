"""How memories leave: discarded with the finished book, or made to forget what was deleted from it. Verified gone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from storage.records import Discarded
from storage.snapshots import Snapshots
from templora import memory
from templora.engine import Drop, Engine, Resident, ResidentMemories
from templora.errors import EngineError, EngineStopped, ModelError, ModelNotReady
from templora.keeping import Keeping, MemoryState
from templora.memory import Lineage, Plan

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Forgotten:
    """What *Forget now* let go: `passages` that were no longer in the book, with all that had seen them.

    `relearn_chunks` chunks of the book as it stands have to be learnt again for it, in about `relearn_s` seconds.
    """

    passages: int
    discarded: Discarded
    relearn_chunks: int
    relearn_s: float


class Leaving:
    def __init__(self, snapshots: Snapshots, engine: Engine, keeping: Keeping) -> None:
        self._snapshots = snapshots
        self._engine = engine
        self._keeping = keeping

    def discard(self, project: str, state: MemoryState) -> Discarded:
        """Delete a memory from process, disk and database.

        Raises `StorageError` where something is left on the disk, `EngineError` where the process still holds it.
        """
        with state.taken(self.interrupt):
            chains = self._chains(project, state)
            freed = self.drop(chains)
            discarded = self._snapshots.keep_only(project, set())
            state.serving, state.building, state.failure = (), None, None
        if not freed:
            raise EngineError("The memory was deleted from the disk, but the model process still holds it. Try again.")
        return replace(discarded, resident=len(chains))

    def forget(self, project: str, state: MemoryState, plan: Plan, seconds_for: Callable[[int], float]) -> Forgotten:
        """Let go at once of everything that has seen text which is no longer in the book, everywhere: takes are written
        with the newest memory from before it, and what that does not know is learnt again in its turn.

        Raises as `discard` does.
        """
        with state.taken(self.interrupt):
            self._keeping.remember(project, state, plan)
            before = memory.standing(plan, state.serving)
            kept = memory.innocent(plan, self._snapshots.parents(project))
            gone = self._chains(project, state) - kept
            freed = self.drop(gone)
            discarded = self._snapshots.keep_only(project, kept)
            built, state.building = state.building, None
            if gone & {link.chain for link in state.serving}:
                state.origin = None
                self._keeping.remember(project, state, plan)
            self.release(state, built)
        if not freed:
            raise EngineError(
                "What was deleted is gone from the disk, but the model process still holds it. Try again."
            )
        after = memory.standing(plan, state.serving)
        both = zip(plan.chunks, before.chunks, after.chunks, strict=True)
        left = [chunk for chunk, then, now in both if then == "known" != now]
        seconds = seconds_for(sum(len(chunk.ids) for chunk in left))
        return Forgotten(before.gone, replace(discarded, resident=len(gone)), len(left), seconds)

    def _chains(self, project: str, state: MemoryState) -> set[str]:
        """Of every memory that this book ever had, abandoned ones too."""
        held = {link.chain for link in (*state.serving, *(state.building or ()))}
        return held | self._snapshots.parents(project).keys()

    def drop(self, chains: set[str]) -> bool:
        """Let the process forget memories. True when it has said that it holds none of them any more, or is gone."""
        if not chains:
            return True
        try:
            self._engine.call(Drop(sorted(chains)))
            reply = self._engine.call(Resident())
        except (EngineStopped, ModelNotReady, ModelError):
            log.info("there is no model process that could hold a memory")
            return True
        except EngineError as error:
            log.warning("the model process did not let go: %s", error.message)
            return False
        assert isinstance(reply, ResidentMemories)
        return chains.isdisjoint(reply.chains)

    def release(self, state: MemoryState, *abandoned: Lineage | None) -> None:
        """Let the process forget memories that nobody goes on with, while it is still known that there are any."""
        tips = {lineage[-1].chain for lineage in (state.serving, state.building) if lineage}
        self.drop({lineage[-1].chain for lineage in abandoned if lineage} - tips)

    def interrupt(self) -> None:
        """Make learning give way now: whatever else is asked comes before it."""
        try:
            self._engine.call(Resident())
        except (EngineError, ModelError):
            log.debug("no learning to interrupt")
