"""What a torture's journal has acknowledged, against what the data folder holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from storage.manuscripts import FOLD_LOSES, FOLD_S
from templora.studio import Studio
from tests.reliability import checks
from tests.reliability.book_model import lost

Fact = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """Something a thread asked for. `sure`: acknowledged; else it may have been done or not. Times are Unix time."""

    intent: Fact
    sure: bool
    tried_at: float
    done_at: float
    made: str | None = None


def asked(facts: list[Fact]) -> Iterator[Asked]:
    """Everything that was asked for and not refused, each thread in its order."""
    open_tries: dict[str, Fact] = {}
    for fact in facts:
        if fact.get("step") == "try":
            open_tries[fact["by"]] = fact
        elif fact.get("step") == "no":
            intent = open_tries.pop(fact["by"])
            if fact["gone"]:  # the chapter was deleted meanwhile: before it was saved, or just after
                yield Asked(intent, False, intent["at"], float("inf"))
        elif fact.get("step") == "ok":
            intent = open_tries.pop(fact["by"])
            yield Asked(intent, True, intent["at"], fact["at"], fact["made"])
    for intent in open_tries.values():
        yield Asked(intent, False, intent["at"], float("inf"))


@dataclass(frozen=True)
class Version:
    """A state of a chapter's text that was asked for, or that the last start has found (its times are not known)."""

    text: str
    kind: str
    sure: bool
    tried_at: float = 0.0
    done_at: float = float("inf")


@dataclass
class Ledger:
    """What was there after the last kill, and since then acknowledged. `speed`: of the writer's clock."""

    speed: float
    histories: dict[str, checks.History] = field(default_factory=dict)
    deleted: dict[str, set[Any]] = field(default_factory=dict)
    titles: dict[str, set[Any]] = field(default_factory=dict)
    takes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By id: (chapter, text)."""
    acknowledged: int = 0

    def begin(self, studio: Studio) -> None:
        """Take what is there as acknowledged."""
        (project,) = studio.projects()
        heads = studio.peek(project.id)[1]
        self.histories = {head.id: checks.history(studio, head.id) for head in heads}

    def check(self, studio: Studio, facts: list[Fact]) -> None:
        """After a kill: raises AssertionError where something acknowledged is missing, or something is there that
        nobody asked for."""
        bugs = [fact["bug"] for fact in facts if "bug" in fact]
        assert not bugs, "\n".join(bugs)
        asks = list(asked(facts))
        self.acknowledged += sum(ask.sure for ask in asks)
        project = studio.projects()[0].id if studio.projects() else None
        alive = [head.id for head in studio.peek(project)[1]] if project else []
        gone = [head.id for head in studio.deleted_chapters(project)] if project else []
        self._arrangement(studio, asks, alive, gone)
        made = {ask.made or "": ask for ask in asks if "new" in ask.intent}
        starts = {ask.intent["new"] for ask in asks if "new" in ask.intent} | {"The beginning"}
        for chapter in self.histories.keys() | made.keys() - {""}:
            assert chapter in {*alive, *gone}, "a chapter is missing"
        found = {chapter: checks.history(studio, chapter) for chapter in [*alive, *gone]}
        for chapter, history in found.items():
            self._revisions(studio, chapter, history, asks, starts)
        self._takes(studio, facts, asks)
        self.histories = found

    # --- chapters ---

    def _arrangement(self, studio: Studio, asks: list[Asked], alive: list[str], gone: list[str]) -> None:
        for ask in asks:
            chapter = ask.intent.get("chapter")
            for name, possible in (("deleted", self.deleted), ("title", self.titles)):
                if chapter and name in ask.intent:
                    value = ask.intent[name]
                    possible[chapter] = {value} if ask.sure else possible.get(chapter, set()) | {value}
        for chapter in [*alive, *gone]:
            assert (chapter in gone) in self.deleted.get(chapter, {False})
            self.deleted[chapter] = {chapter in gone}
        for chapter in alive:
            title = studio.chapter(chapter).title
            assert title in self.titles.get(chapter, {title})
            self.titles[chapter] = {title}

    # --- revisions ---

    def _revisions(
        self, studio: Studio, chapter: str, history: checks.History, asks: list[Asked], starts: set[str]
    ) -> None:
        found = {number: (kind, text) for number, kind, text in history}
        known = {number: [Version(text, kind, True)] for number, kind, text in self.histories.get(chapter, ())}
        for ask in asks:
            if ask.intent.get("chapter") == chapter and "number" in ask.intent:
                version = Version(ask.intent["text"], ask.intent["revision"], ask.sure, ask.tried_at, ask.done_at)
                known.setdefault(ask.intent["number"], []).append(version)
        for number, (kind, text) in found.items():
            wanted = [(version.kind, version.text) for version in known.get(number, [])]
            assert (kind, text) in wanted or (number == 1 and text in starts), "a text that nobody has written"
        kept_for = {take.revision for take in studio.takes(chapter)}
        for number, versions in known.items():
            for version in versions:
                if version.sure and number in found:
                    assert found[number] == (version.kind, version.text)
                elif version.sure:
                    assert number not in kept_for, "a take was written for this revision"
                    self._folded(number, version, known, found)

    def _folded(
        self, number: int, version: Version, known: dict[int, list[Version]], found: dict[int, tuple[str, str]]
    ) -> None:
        """An acknowledged revision is not there by itself: it must be part of a later one, by the rules of folding."""
        later = [other for other in found if other > number]
        assert later, "the newest text is lost"
        heir = min(later)
        before = version
        for step in range(number + 1, heir + 1):
            # Another thread may have written on from what this one was not told of yet.
            versions = [other for other in known.get(step, []) if other.sure] or known.get(step, [])
            assert versions, f"revision {number} is lost"
            after = min(versions, key=partial(_lost_by, before))
            assert before.kind == after.kind == "typed", "what was not typed is never folded"
            assert lost(before.text, after.text) <= FOLD_LOSES, "more was taken away than may be folded"
            before = after
        assert (before.tried_at - version.done_at) * self.speed <= FOLD_S, "too far apart to be folded"

    # --- takes ---

    def _takes(self, studio: Studio, facts: list[Fact], asks: list[Asked]) -> None:
        self.takes |= {fact["id"]: (fact["chapter"], fact["text"]) for fact in facts if fact.get("step") == "take"}
        for ask in asks:
            self.takes.pop(ask.intent.get("gone", ""), None)
        stored: dict[str, dict[str, str]] = {}
        for id, (chapter, text) in self.takes.items():
            if chapter not in stored:
                stored[chapter] = {take.id: take.text for take in studio.takes(chapter)}
            assert stored[chapter].get(id) == text, "a take is lost"


def _lost_by(before: Version, after: Version) -> int:
    return lost(before.text, after.text)
