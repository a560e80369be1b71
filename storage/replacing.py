"""A replacement throughout a book: all chapters in one transaction, taken back in one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from storage import exclusions, followers, provenance, revisions
from storage.chapters import project_of
from storage.checks import clean_text
from storage.database import Rows, Sql, Store
from storage.manuscripts import restored
from storage.projects import live_project, touch_project
from storage.provenance import Match
from storage.records import RevisionKind, Run
from storage.revisions import Revision, State
from templora.errors import BadInput, Conflict, NotFound, RevisionDamaged

Edit = tuple[int, int, str]
"""`[start, end)` of a text, in code points, and what is to stand there instead."""


@dataclass(frozen=True)
class ChapterEdits:
    """Edits of revision `revision`, in order and apart."""

    revision: int
    edits: Sequence[Edit]


@dataclass(frozen=True)
class Replacement:
    """`chapters`: each chapter's revision after it. `places`: how many were replaced."""

    id: int
    created_at: float
    places: int
    chapters: Mapping[str, int]


class Replacing:
    """Writes to the database of a `Store`. All methods may be called from any thread."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def replace(self, project: str, chapters: Mapping[str, ChapterEdits]) -> Replacement:
        """All of the edits or none, each chapter as one revision of the kind "replaced". What is new is the writer's.

        Raises `Conflict` where a chapter has moved on, be it one without edits, `NotFound`, and `BadInput` for edits
        that do not fit or where there are none.
        """
        now = self._clock()
        with self._store.transaction() as sql:
            live_project(sql, project)
            id = sql.insert("replacements", {"project": project, "created_at": now})
            for chapter, wanted in chapters.items():
                if project_of(sql, chapter) != project:
                    raise BadInput("This chapter is in another book.")
                last = revisions.newest(sql, chapter)
                if last.number != wanted.revision:
                    raise Conflict(
                        f"‘{_title(sql, chapter)}’ has changed since its places were listed, so nothing was replaced. "
                        "Look again.",
                        last.number,
                        last.state.text,
                    )
                if not wanted.edits:
                    continue
                state, kept = _edited(last.state, wanted.edits)
                number = _push(sql, project, last, "replaced", state, kept, now)
                row = {"replacement": id, "chapter": chapter, "before": last.number, "after": number}
                sql.insert("replaced", {**row, "places": len(wanted.edits)})
            done = _read(sql, id)
            if not done.chapters:
                raise BadInput("There is nothing to replace: none of these places is there any more.")
            touch_project(sql, project, now)
            return done

    def latest(self, project: str) -> Replacement | None:
        """The last replacement, where it has not been undone."""
        with self._store.read() as rows:
            row = rows.first(
                "SELECT id, undone_at FROM replacements WHERE project = ? ORDER BY id DESC LIMIT 1", project
            )
            return _read(rows, row["id"]) if row and row["undone_at"] is None else None

    def undo(self, project: str, id: int) -> list[str]:
        """Put all chapters back as they were before a replacement, each as a new revision; returns those that changed.

        All or none: raises `BadInput` where one was edited since, deleted, or is no longer kept as it was.
        """
        now = self._clock()
        with self._store.transaction() as sql:
            live_project(sql, project)
            known = sql.first("SELECT undone_at FROM replacements WHERE id = ? AND project = ?", id, project)
            if known is None or known["undone_at"] is not None:
                raise NotFound("This replacement has been undone already, or its history was purged.")
            back: list[tuple[Revision, State]] = []
            edited: list[str] = []
            for row in sql.all("SELECT * FROM replaced WHERE replacement = ?", id):
                last = revisions.newest(sql, row["chapter"])
                before, after = _text(sql, row["chapter"], row["before"]), _text(sql, row["chapter"], row["after"])
                if before is None:
                    raise BadInput(
                        f"How ‘{_title(sql, row['chapter'])}’ was before the replacement is no longer kept, so nothing "
                        "was put back. Look into the history of each chapter."
                    )
                if _is_deleted(sql, row["chapter"]) or last.state.text not in (before.text, after and after.text):
                    edited.append(_title(sql, row["chapter"]))
                elif last.state.text != before.text:
                    back.append((last, before))
            if edited:
                names = ", ".join(f"‘{title}’" for title in edited)
                raise BadInput(
                    f"{names} {'was' if len(edited) == 1 else 'were'} edited after the replacement, so nothing was put "
                    "back. Undo those edits first, or go back chapter by chapter in their history."
                )
            for last, before in back:
                state, kept = restored(last.state, before)
                _push(sql, project, last, "restored", state, kept, now)
            sql.run("UPDATE replacements SET undone_at = ? WHERE id = ?", now, id)
            touch_project(sql, project, now)
            return [last.chapter for last, _ in back]


def _push(
    sql: Sql, project: str, last: Revision, kind: RevisionKind, state: State, kept: Sequence[Match], now: float
) -> int:
    number = revisions.push(sql, last, kind, state, kept, now)
    followers.rewritten(sql, project, last, state.text, kept, number, now)
    return number


def _edited(state: State, edits: Sequence[Edit]) -> tuple[State, list[Match]]:
    """A state after edits, and what it has of the one before: exactly what lies between the places."""
    pieces: list[str] = []
    kept: list[Match] = []
    at = length = 0
    for start, end, instead in [*edits, (len(state.text), len(state.text), "")]:
        if not at <= start <= end <= len(state.text):
            raise BadInput(f"The place {start} to {end} does not lie in the chapter, or overlaps another.")
        if start > at:
            kept.append((at, length, start - at))
        new = clean_text(instead)
        pieces += [state.text[at:start], new]
        length += start - at + len(new)
        at = end
    runs: list[Run] = provenance.carry(state.runs, kept, length)
    excluded = exclusions.carry(state.excluded, kept, len(state.text), length)
    return State("".join(pieces), runs, excluded), kept


def _read(rows: Rows, id: int) -> Replacement:
    found = rows.all("SELECT * FROM replaced WHERE replacement = ?", id)
    made = rows.all("SELECT created_at FROM replacements WHERE id = ?", id)[0]["created_at"]
    return Replacement(id, made, sum(row["places"] for row in found), {row["chapter"]: row["after"] for row in found})


def _text(rows: Rows, chapter: str, number: int) -> State | None:
    try:
        return revisions.read(rows, chapter, number)
    except (NotFound, RevisionDamaged):
        return None


def _title(rows: Rows, chapter: str) -> str:
    return rows.all("SELECT title FROM chapters WHERE id = ?", chapter)[0]["title"]


def _is_deleted(rows: Rows, chapter: str) -> bool:
    return rows.all("SELECT deleted_at FROM chapters WHERE id = ?", chapter)[0]["deleted_at"] is not None
