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
from dataclasses import dataclass, replace

from storage import exclusions
from storage.manuscripts import Manuscripts
from storage.records import Chapter, Discarded, Lesson, Project
from storage.snapshots import Snapshots
from templora import chunks as chunking
from templora import memory, meter
from templora.books import Books
from templora.engine import Drop, Engine, GaveWay, Learn, Learnt, Resident, ResidentMemories
from templora.errors import (
    BadInput,
    EngineError,
    EngineStopped,
    MemoryNotResident,
    ModelNotReady,
    NotFound,
    TemploraError,
)
from templora.keeping import Keeping, MemoryState
from templora.memory import Lineage, Link, Plan, Work
from templora.meter import MemoryReport, Passage
from templora.schedule import Schedule

log = logging.getLogger(__name__)

COMMIT_EVERY = 4
"""Chunks between snapshots while a queue is worked off; the end of a queue is committed too."""
RETRY_S = 60.0
"""After a failure (a full disk, say) the memory is tried again this much later, or on *Learn now*."""
PACE_GUESS_S = 0.012
"""Seconds of learning a token, until this machine has learnt something and is measured instead."""


@dataclass(frozen=True)
class Forgotten:
    """What *Forget now* let go: `passages` that were no longer in the book, with the snapshots that had seen them.

    `relearn_chunks` chunks of the book as it stands have to be learnt again for it, in about `relearn_s` seconds.
    """

    passages: int
    discarded: Discarded
    relearn_chunks: int
    relearn_s: float


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
        """Give up the chunk in hand, and commit what was learnt since the last snapshot."""
        self._closed = True
        self._wake.set()
        self._interrupt()
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
            state = self._memory(id)
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
        if plan is None or project.learning != "on" or self._clock() < state.retry_at or state.wanted:
            return False
        self._keeping.remember(project.id, state, plan)
        work = self._schedule.next(project, state, plan, self._claims(project.id))
        state.building = work.building
        if work.serve is not None:
            self._serve(state, work.serve)
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

    def _claims(self, project: str) -> list[str]:
        return [snapshot.chain for snapshot in self._snapshots.all(project)]

    def _serve(self, state: MemoryState, lineage: Lineage) -> None:
        """From now on takes are written with another memory; the one before is let go."""
        old, state.serving = state.serving, lineage
        if old and old[-1] not in {*lineage, *(state.building or ())}:
            self._drop({old[-1].chain})

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
        return lineage[-1].chain if lineage else None

    def reopen(self, project: str, missing: str | None) -> str | None:
        """After `MemoryNotResident` for the chain `missing`: what to ask for instead, loaded where it has to be.

        Usually the memory has only learnt on in between; it is loaded from a snapshot where the process was restarted.
        """
        plan = self._books.plan(project)
        state = self._memory(project)
        if plan is None:
            raise ModelNotReady("The model is still loading.")
        with state.taken(self._interrupt):
            if not state.serving or state.serving[-1].chain == missing:
                state.serving = self._keeping.reopen(project, plan, state.serving)
            return state.serving[-1].chain if state.serving else None

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
        with state.taken(self._interrupt):
            chains = self._chains(project, state)
            freed = self._drop(chains)
            discarded = self._snapshots.discard(project)
            state.serving, state.building, state.committed, state.failure = (), None, set(), None
        if not freed:
            raise EngineError("The memory was deleted from the disk, but the model process still holds it. Try again.")
        return replace(discarded, resident=len(chains))

    def forget(self, project: str) -> Forgotten:
        """Let go at once of everything that has seen text which is no longer in the book, everywhere: takes are written
        with the newest memory from before it, and what that does not know is learnt again in its turn.

        Raises `ModelNotReady` where the model has not been read yet, `StorageError` where something is left.
        """
        plan = self._books.plan(project)
        if plan is None:
            raise ModelNotReady("The model is still loading. Try again in a moment; nothing is learnt meanwhile.")
        state = self._memory(project)
        with state.taken(self._interrupt):
            self._keeping.remember(project, state, plan)
            before = memory.standing(plan, state.serving)
            chains = {link.chain for link in plan.links}
            freed = self._drop(self._chains(project, state) - chains)
            discarded = self._snapshots.keep_only(project, chains)
            held = memory.known(plan, state.serving)
            if held < len(state.serving):
                held = memory.resume(plan, self._claims(project))
                state.serving = plan.links[:held]
            state.building = None
            state.committed &= chains
        self.nudge()
        if not freed:
            raise EngineError(
                "What was deleted is gone from the disk, but the model process still holds it. Try again."
            )
        left = plan.chunks[held : max(held, before.known)]
        return Forgotten(before.gone, discarded, len(left), self.seconds_for(sum(len(chunk.ids) for chunk in left)))

    def thin(self, project: str) -> None:
        """The room on the disk has changed: keep to it now."""
        state = self._memory(project)
        with state.taken(self._interrupt):
            self._keeping.thin(project, state, self._books.plan(project, wait=False))

    def _chains(self, project: str, state: MemoryState) -> set[str]:
        """Of every memory that this book ever had, abandoned ones too."""
        held = {link.chain for link in (*state.serving, *(state.building or ()))}
        return held | self._snapshots.parents(project).keys()

    def _drop(self, chains: set[str]) -> bool:
        """Let the process forget memories. True when it has said that it holds none of them any more, or is gone."""
        if not chains or self._engine.status().state == "failed":
            return True
        try:
            self._engine.call(Drop(sorted(chains)))
            reply = self._engine.call(Resident())
        except EngineError:
            log.info("no model process holds the memory")
            return True
        assert isinstance(reply, ResidentMemories)
        return chains.isdisjoint(reply.chains)

    def _interrupt(self) -> None:
        """Make learning give way now: whatever else is asked comes before it."""
        try:
            self._engine.call(Resident())
        except TemploraError:
            log.debug("no learning to interrupt")

    # --- what is shown ---

    def seconds_for(self, tokens: int) -> float:
        """How long learning so many tokens takes here, by the pace of the latest lessons."""
        return tokens * (self._snapshots.pace() or PACE_GUESS_S)

    def report(self, project: Project) -> MemoryReport:
        state = self._memory(project.id)
        plan = self._books.plan(project.id, wait=False)
        if plan is None:
            return meter.nothing("reading" if self._books.tokenizer else "empty", project.learning, state.failure)
        if state.origin != plan.origin:
            with state.lock:
                self._keeping.remember(project.id, state, plan)
        serving = state.serving
        work = self._schedule.next(project, state, plan, self._claims(project.id))
        able = project.learning == "on" and self._engine.status().state not in ("fetching", "loading", "failed")
        return meter.report(
            plan,
            serving,
            self._snapshots.lessons(project.id),
            work,
            book_words=sum(head.words for head in self._manuscripts.chapters(project.id)),
            target=self._schedule.target(project, state, plan) if able else 0,
            in_hand=state.in_hand,
            state=_state(project, state, work, able),
            learning=project.learning,
            failure=state.failure,
            seconds_for=self.seconds_for,
        )

    def passages(self, chapter: Chapter) -> list[Passage]:
        """What the memory knows of a chapter, passage by passage. Empty while no base model is known."""
        plan = self._books.plan(chapter.project, wait=False)
        if plan is None:
            return []
        state = self._memory(chapter.project)
        excluded = [exclusions.whole_paragraphs(chapter.text, span) for span in chapter.excluded]
        if not chapter.learned:
            excluded = [(0, len(chapter.text))]
        return meter.passages(plan, state.serving, state.in_hand, chapter.id, exclusions.joined(excluded))


def _state(project: Project, state: MemoryState, work: Work, able: bool) -> memory.State:
    if project.learning == "off" and not state.serving:
        return "discarded"
    if state.failure:
        return "failed"
    if project.learning != "on":
        return "paused"
    if able and work.build:
        return "rebuilding"
    if able and work.index is not None:
        return "learning"
    return "current" if state.serving else "empty"


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
