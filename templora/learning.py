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
from templora import chunks as chunking
from templora.books import Books
from templora.engine import Engine, GaveWay, Learn, Learnt
from templora.errors import (
    BadInput,
    EngineStopped,
    MemoryNotResident,
    ModelNotReady,
    NotFound,
    TemploraError,
)
from templora.keeping import Keeping, MemoryState
from templora.leaving import Forgotten, Leaving
from templora.memory import Lineage, Link, Plan, Work
from templora.reports import Reports
from templora.schedule import Schedule

log = logging.getLogger(__name__)

COMMIT_EVERY = 4
"""Chunks between snapshots while a queue is worked off; the end of a queue is committed too."""
RETRY_S = 60.0
"""After a failure (a full disk, say) the memory is tried again this much later, or on *Learn now*."""


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
        self._leaving = Leaving(snapshots, engine, self._keeping)
        self._schedule = Schedule(manuscripts, books, clock)
        self.reports = Reports(manuscripts, snapshots, engine, books, self._keeping, self._schedule)
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
        """Give up the chunk in hand, and commit what was learnt since the last snapshot."""
        self._closed = True
        self._wake.set()
        self._leaving.interrupt()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        for project, state in list(self._memories.items()):
            if not state.lock.acquire(timeout=5):
                continue  # a chunk of a large model is still in hand; it is learnt again, the same, next time
            try:
                plan = self._books.plan(project, wait=False)
                for lineage in (state.serving, state.building or ()):
                    self._keeping.commit(project, state, lineage, plan)
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
            state = self.memory(id)
            with state.lock:
                try:
                    project = self._manuscripts.project(id)
                    if project.deleted_at is None and self._advance(project, state):
                        return True
                except NotFound:
                    continue
                except (ModelNotReady, EngineStopped, MemoryNotResident) as error:
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
        waits = 0 < state.retry_at - self._clock() <= RETRY_S  # more: the clock has been set back
        if plan is None or project.learning != "on" or waits or state.wanted:
            return False
        self._keeping.remember(project.id, state, plan)
        work = self._schedule.next(project, state, plan, self._keeping.claims(project.id))
        built, state.building = state.building, work.building
        if work.serve is not None:
            self._serve(state, work.serve)
        self._leaving.release(state, built)
        lineage = work.building if work.build and work.building is not None else state.serving
        try:
            if work.index is None:
                return self._caught_up(project.id, state, plan, lineage, work)
            self._learn(project.id, state, plan, lineage, work)
        except MemoryNotResident:
            held = self._keeping.reopen(project.id, plan, lineage)
            self._put(state, held, work)
        return True

    @staticmethod
    def _put(state: MemoryState, lineage: Lineage, work: Work) -> None:
        if work.build:
            state.building = lineage
        else:
            state.serving = lineage

    def _serve(self, state: MemoryState, lineage: Lineage) -> None:
        """From now on takes are written with another memory; the one before is let go."""
        old, state.serving = state.serving, lineage
        self._leaving.release(state, old)

    def _caught_up(self, project: str, state: MemoryState, plan: Plan, lineage: Lineage, work: Work) -> bool:
        self._keeping.commit(project, state, lineage, plan)
        state.failure = None
        if state.learn_now and len(lineage) < len(plan.chunks):
            return True  # it was asked for while the snapshot was written
        if work.build:
            state.building = None
            self._serve(state, lineage)
        if state.learn_now:
            log.info("memory of %s has caught up: %d chunks", project, len(state.serving))
            state.learn_now = False
        return False

    def _learn(self, project: str, state: MemoryState, plan: Plan, lineage: Lineage, work: Work) -> None:
        assert work.index is not None
        chunk = plan.chunks[work.index]
        parent = lineage[-1].chain if lineage else plan.origin
        link = Link(chunking.link(parent, chunk.text), plan.links[work.index].digest)
        serves = work.build and bool(state.serving) and parent == state.serving[-1].chain
        request = Learn(parent, link.chain, plan.prefix(work.index), list(chunk.ids), keep=serves)
        state.in_hand = work.index
        try:
            reply = self._engine.call(request)
        finally:
            state.in_hand = None
        if isinstance(reply, GaveWay):
            time.sleep(0.05)  # what it gave way to is about to start
            return
        assert isinstance(reply, Learnt)
        self._snapshots.record_lesson(_lesson(project, link, parent, reply, self._clock()))
        state.failure = None
        lineage = (*lineage, link)
        self._put(state, lineage, work)
        if len(lineage) % COMMIT_EVERY == 0:
            self._keeping.commit(project, state, lineage, plan)

    # --- verbs ---

    def memory(self, project: str) -> MemoryState:
        """What this process knows of the project's memory."""
        with self._lock:
            return self._memories.setdefault(project, MemoryState())

    def touch(self, project: str) -> None:
        """The project is being worked on: from now on its memory is kept in step."""
        self.memory(project)
        self.nudge()

    def serving(self, project: str) -> str | None:
        """The chain of the memory that takes are to be written with, resident in the engine; None while it is empty.

        Waits for a chunk in hand only where the memory has to be loaded first.
        """
        plan = self._books.plan(project)
        state = self.memory(project)
        if plan is None:
            return None
        if state.origin != plan.origin:
            with state.lock:
                self._keeping.remember(project, state, plan)
        lineage = state.serving
        return lineage[-1].chain if lineage else None

    def reopen(self, project: str, missing: str | None) -> str | None:
        """After `MemoryNotResident` for the chain `missing`: what to ask for instead, loaded where it has to be.

        Usually the memory has only learnt on in between; it is loaded from a snapshot where the process was restarted.
        """
        plan = self._books.plan(project)
        state = self.memory(project)
        if plan is None:
            raise ModelNotReady("The model is still loading.")
        with state.taken(self._leaving.interrupt):
            if not state.serving or state.serving[-1].chain == missing:
                state.serving = self._keeping.reopen(project, plan, state.serving)
            return state.serving[-1].chain if state.serving else None

    def learn_now(self, project: str) -> None:
        """Learn all that is pending, the chapter's tail too, and rebuild what is stale."""
        self._manuscripts.set_learning(project, "on")
        self._manuscripts.set_finished(project, None)
        state = self.memory(project)
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
        self.memory(project).learn_now = False
        self.pause(project)

    def discard(self, project: str) -> Discarded:
        """Delete the memory from process, disk and database; learning stays off until the writer asks."""
        state = self.memory(project)
        self._manuscripts.set_learning(project, "off")
        state.learn_now = False
        return self._leaving.discard(project, state)

    def forget(self, project: str) -> Forgotten:
        """Let go at once of everything that has seen text which is no longer in the book: see `Leaving.forget`."""
        plan = self._books.plan(project)
        if plan is None:
            raise ModelNotReady("The model is still loading. Try again in a moment; nothing is learnt meanwhile.")
        state = self.memory(project)
        forgotten = self._leaving.forget(project, state, plan, self.reports.seconds_for)
        if forgotten.relearn_chunks and self._manuscripts.project(project).learning == "on":
            state.learn_now = True
        self.nudge()
        return forgotten

    def thin(self, project: str) -> None:
        """The room on the disk has changed: keep to it now."""
        state = self.memory(project)
        with state.taken(self._leaving.interrupt):
            self._keeping.thin(project, state, self._books.plan(project, wait=False))


def _lesson(project: str, link: Link, parent: str, learnt: Learnt, now: float) -> Lesson:
    return Lesson(
        project=project,
        chain=link.chain,
        parent=parent,
        tokens=len(learnt.base_losses),
        base_loss=sum(learnt.base_losses),
        memory_loss=sum(learnt.memory_losses),
        base_losses=array("f", learnt.base_losses).tobytes(),
        memory_losses=array("f", learnt.memory_losses).tobytes(),
        seconds=learnt.score_s + learnt.learn_s,
        created_at=now,
        digest=link.digest,
    )
