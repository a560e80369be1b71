"""What is shown of a memory: the report of the Memory panel, and each passage of a chapter. Waits for nothing."""

from __future__ import annotations

from storage import exclusions
from storage.manuscripts import Manuscripts
from storage.records import Chapter, Project
from storage.snapshots import Snapshots
from templora import memory, meter
from templora.books import Books
from templora.engine import Engine
from templora.keeping import Keeping, MemoryState
from templora.memory import Plan, Work
from templora.meter import MemoryReport, Passage
from templora.schedule import Schedule

PACE_GUESS_S = 0.012
"""Seconds of learning a token, until this machine has learnt something and is measured instead."""


class Reports:
    def __init__(
        self,
        manuscripts: Manuscripts,
        snapshots: Snapshots,
        engine: Engine,
        books: Books,
        keeping: Keeping,
        schedule: Schedule,
    ) -> None:
        self._manuscripts = manuscripts
        self._snapshots = snapshots
        self._engine = engine
        self._books = books
        self._keeping = keeping
        self._schedule = schedule

    def seconds_for(self, tokens: int) -> float:
        """How long learning so many tokens takes here, by the pace of the latest lessons."""
        return tokens * (self._snapshots.pace() or PACE_GUESS_S)

    def memory(self, project: Project, state: MemoryState) -> MemoryReport:
        """The report of a project's memory. `state`: what this process knows of it."""
        plan = self._plan(project.id, state)
        if plan is None:
            return meter.nothing("reading" if self._books.tokenizer else "empty", project.learning, state.failure)
        serving = state.serving
        work = self._schedule.next(project, state, plan, self._keeping.claims(project.id))
        able = project.learning == "on" and self._engine.status().state not in ("fetching", "loading", "failed")
        return meter.report(
            plan,
            serving,
            self._snapshots.lessons(project.id),
            work,
            book_words=sum(head.words for head in self._manuscripts.chapters(project.id)),
            able=able,
            in_hand=state.in_hand,
            state=_state(project, state, work, able),
            learning=project.learning,
            failure=state.failure,
            seconds_for=self.seconds_for,
        )

    def passages(self, chapter: Chapter, state: MemoryState) -> list[Passage]:
        """What the memory knows of a chapter, passage by passage. Empty while no base model is known."""
        plan = self._plan(chapter.project, state)
        if plan is None:
            return []
        excluded = [exclusions.whole_paragraphs(chapter.text, span) for span in chapter.excluded]
        if not chapter.learned:
            excluded = [(0, len(chapter.text))]
        return meter.passages(plan, state.serving, state.in_hand, chapter.id, exclusions.joined(excluded))

    def _plan(self, project: str, state: MemoryState) -> Plan | None:
        plan = self._books.plan(project, wait=False)
        if plan is not None and state.origin != plan.origin:
            with state.lock:
                self._keeping.remember(project, state, plan)
        return plan


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
