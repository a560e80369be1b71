"""Learning in the background: keeps each project's memory in step with its book, one chunk at a time.

The *serving* memory is what takes are written with. Where the book was edited under it, a *building* memory starts from
the newest snapshot that the book still agrees with, and takes over when it has caught up (see `templora.memory`).
"""

from __future__ import annotations

import logging
import threading
import time
from array import array
from collections.abc import Callable

from storage.manuscripts import Manuscripts
from storage.records import Discarded, Lesson, Project
from storage.snapshots import Snapshots
from templora import memory, meter
from templora.books import Books
from templora.engine import Drop, Engine, GaveWay, Learn, Learnt
from templora.errors import (
    BadInput,
    EngineError,
    MemoryNotResident,
    ModelNotReady,
    NotFound,
    TemploraError,
)
from templora.keeping import Keeping, MemoryState
from templora.memory import Plan
from templora.meter import MemoryReport
from templora.schedule import Schedule

log = logging.getLogger(__name__)

COMMIT_EVERY = 4
"""Chunks between snapshots while a queue is worked off; the end of a queue is committed too."""
RETRY_S = 60.0
"""After a failure (a full disk, say) the memory is tried again this much later, or on *Learn now*."""
PACE_GUESS_S = 0.012
"""Seconds of learning a token, until this machine has learnt something and is measured instead."""


class Learning:
    """One thread that works through what is due. All methods may be called from any thread."""

    def __init__(
        self,
        manuscripts: Manuscripts,
        snapshots: Snapshots,
        engine: Engine,
        books: Books,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._manuscripts = manuscripts
        self._snapshots = snapshots
        self._engine = engine
        self._books = books
        self._keeping = Keeping(snapshots, engine)
        self._schedule = Schedule(manuscripts, books, clock)
        self._clock = clock
        self._lock = threading.Lock()
        self._memories: dict[str, MemoryState] = {}
        self._wake = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="learning", daemon=True)

    # --- the thread ---

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop after the chunk in hand, and commit what was learnt since the last snapshot."""
        self._closed = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        for project, state in list(self._memories.items()):
            if not state.lock.acquire(timeout=5):
                continue  # a chunk of a large model is still in hand; it is learnt again, the same, next time
            try:
                self._keeping.commit(project, state, self._books.plan(project))
            except TemploraError as error:
                log.warning("memory of %s not committed at the end: %s", project, error.message)
            finally:
                state.lock.release()

    def nudge(self) -> None:
        """Something changed: look again now instead of at the next tick."""
        self._wake.set()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(timeout=2.0)
            self._wake.clear()
            while not self._closed and self.step():
                pass

    def step(self) -> bool:
        """Do one piece of work for the first project that has any. False: nothing is due."""
        with self._lock:
            ids = sorted(self._memories, key=lambda id: not self._memories[id].learn_now)
        for id in ids:
            state = self._memory(id)
            with state.lock:
                try:
                    project = self._manuscripts.project(id)
                    if project.deleted_at is None and self._advance(project, state):
                        return True
                except NotFound:
                    continue
                except EngineError as error:
                    log.info("learning waits: %s", error.message)
                except TemploraError as error:
                    self._fail(state, error.message)
                except Exception:  # a bug in one book's memory must not end the learning of all
                    log.exception("learning %s broke off", id)
                    self._fail(state, "Learning stopped at an error of its own. It is tried again in a minute.")
        return False

    def _fail(self, state: MemoryState, message: str) -> None:
        state.failure, state.retry_at, state.learn_now = message, self._clock() + RETRY_S, False

    def _advance(self, project: Project, state: MemoryState) -> bool:
        plan = self._books.plan(project.id)
        if plan is None or project.learning != "on" or self._clock() < state.retry_at:
            return False
        self._keeping.remember(project.id, state, plan)
        target = self._schedule.target(project, state, plan)
        stale = memory.known(plan, state.serving) < len(state.serving)
        if stale and not self._schedule.may_rebuild(project, state, plan):
            return False
        if not stale:
            state.building = None
        elif state.building is None or memory.known(plan, state.building) < len(state.building):
            snapshots = self._snapshots.all(project.id)
            state.building = plan.chain[: memory.resume(plan, [snapshot.chain for snapshot in snapshots])]
        lineage = state.in_work
        try:
            if len(lineage) >= target:
                return self._caught_up(project.id, state, plan)
            return self._learn(project.id, state, plan, lineage)
        except MemoryNotResident:
            self._keeping.reopen(project.id, state, plan, state.in_work)
            return True

    def _caught_up(self, project: str, state: MemoryState, plan: Plan) -> bool:
        self._keeping.commit(project, state, plan)
        state.failure = None
        if state.learn_now and len(state.in_work) < len(plan.chunks):
            return True  # it was asked for while the snapshot was written
        if state.building is not None:
            old, state.serving, state.building = state.serving, state.building, None
            if old and old[-1] not in state.serving:
                self._engine.call(Drop([old[-1]]))
        if state.learn_now:
            log.info("memory of %s has caught up: %d chunks", project, len(state.serving))
            state.learn_now = False
        return False

    def _learn(self, project: str, state: MemoryState, plan: Plan, lineage: tuple[str, ...]) -> bool:
        index = len(lineage)
        chunk, parent, link = plan.chunks[index], plan.before(index), plan.chain[index]
        serves = state.serving and parent == state.serving[-1] and state.building is not None
        request = Learn(parent, link, plan.prefix(index), list(chunk.ids), keep=bool(serves))
        reply = self._engine.call(request)
        if isinstance(reply, GaveWay):
            time.sleep(0.05)  # the generation that it gave way to is about to start
            return True
        assert isinstance(reply, Learnt)
        self._snapshots.record_lesson(_lesson(project, link, parent, reply, self._clock()))
        state.failure = None
        if state.building is None:
            state.serving = (*lineage, link)
        else:
            state.building = (*lineage, link)
        if (index + 1) % COMMIT_EVERY == 0:
            self._keeping.commit(project, state, plan)
        return True

    # --- verbs ---

    def _memory(self, project: str) -> MemoryState:
        with self._lock:
            return self._memories.setdefault(project, MemoryState())

    def touch(self, project: str) -> None:
        """The project is being worked on: from now on its memory is kept in step."""
        self._memory(project)
        self.nudge()

    def serving(self, project: str) -> str | None:
        """The chain of the memory that takes are to be written with, resident in the engine; None while it is empty.

        Waits for a chunk in hand only where the memory has to be loaded first.
        """
        plan = self._books.plan(project)
        state = self._memory(project)
        if plan is None:
            return None
        if state.origin != plan.origin:
            with state.lock:
                self._keeping.remember(project, state, plan)
        lineage = state.serving
        return lineage[-1] if lineage else None

    def reopen(self, project: str, missing: str | None) -> str | None:
        """After `MemoryNotResident` for the chain `missing`: what to ask for instead, loaded where it has to be.

        Usually the memory has only learnt on in between; it is loaded from a snapshot where the process was restarted.
        """
        plan = self._books.plan(project)
        state = self._memory(project)
        if plan is None:
            raise ModelNotReady("The model is still loading.")
        with state.lock:
            serving = state.serving
            if not serving or serving[-1] == missing:
                serving = self._keeping.reopen(project, state, plan, serving)
        return serving[-1] if serving else None

    def learn_now(self, project: str) -> None:
        """Learn all that is pending, the chapter's tail too, and rebuild what is stale."""
        self._manuscripts.set_learning(project, "on")
        self._manuscripts.set_finished(project, None)
        state = self._memory(project)
        state.learn_now, state.retry_at, state.failure = True, 0.0, None
        self.nudge()

    def pause(self, project: str) -> None:
        """Stop after the chunk in hand; `resume` goes on where it stopped."""
        if self._manuscripts.project(project).learning == "on":
            self._manuscripts.set_learning(project, "paused")

    def resume(self, project: str) -> None:
        if self._manuscripts.project(project).finished_at is not None:
            raise BadInput("This book is finished and its memory discarded. Use 'Learn now' to learn it again.")
        self._manuscripts.set_learning(project, "on")
        self.touch(project)

    def cancel(self, project: str) -> None:
        """Give up what *Learn now* asked for: what is learnt stays, and learning waits until the writer asks."""
        self._memory(project).learn_now = False
        self.pause(project)

    def discard(self, project: str) -> Discarded:
        """Delete the memory from process, disk and database; learning stays off until the writer asks."""
        state = self._memory(project)
        self._manuscripts.set_learning(project, "off")
        state.learn_now = False
        with state.lock:
            chains = {*state.serving, *(state.building or ())}
            chains |= self._snapshots.lessons(project).keys()  # every memory that ever was, abandoned ones too
            if chains and self._engine.status().state != "failed":
                try:
                    self._engine.call(Drop(sorted(chains)))
                except EngineError:
                    log.info("no model process holds the memory of %s", project)
            discarded = self._snapshots.discard(project)
            state.serving, state.building, state.committed, state.failure = (), None, None, None
        return discarded

    # --- what is shown ---

    def seconds_for(self, tokens: int) -> float:
        """How long learning so many tokens takes here, by the pace of the latest lessons."""
        return tokens * (self._snapshots.pace() or PACE_GUESS_S)

    def report(self, project: Project) -> MemoryReport:
        state = self._memory(project.id)
        plan = self._books.plan(project.id)
        if plan is None:
            return meter.nothing(project.learning, state.failure)
        if state.origin != plan.origin:
            with state.lock:
                self._keeping.remember(project.id, state, plan)
        held = memory.known(plan, state.serving)
        stale = held < len(state.serving)
        waits = project.learning != "on" or (stale and not self._schedule.may_rebuild(project, state, plan))
        waits = waits or self._engine.status().state in ("fetching", "loading", "failed")
        target = held if waits else self._schedule.target(project, state, plan)
        known_to_builder = held if state.building is None else memory.known(plan, state.building)
        return meter.report(
            plan,
            self._snapshots.lessons(project.id),
            held=held,
            stale=len(state.serving) - held,
            done=known_to_builder,
            target=target,
            state=_state(project, state, held, target),
            learning=project.learning,
            failure=state.failure,
            seconds_for=self.seconds_for,
        )


def _state(project: Project, state: MemoryState, held: int, target: int) -> memory.State:
    if project.learning == "off" and not state.serving:
        return "discarded"
    if state.failure:
        return "failed"
    if project.learning != "on":
        return "paused"
    if state.building is not None:
        return "rebuilding"
    if target > held:
        return "learning"
    return "current" if held or state.serving else "empty"


def _lesson(project: str, link: str, parent: str, learnt: Learnt, now: float) -> Lesson:
    return Lesson(
        project=project,
        chain=link,
        parent=parent,
        tokens=len(learnt.base_losses),
        base_loss=sum(learnt.base_losses),
        memory_loss=sum(learnt.memory_losses),
        base_losses=array("f", learnt.base_losses).tobytes(),
        memory_losses=array("f", learnt.memory_losses).tobytes(),
        seconds=learnt.score_s + learnt.learn_s,
        created_at=now,
    )
