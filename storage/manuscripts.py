"""The manuscript: chapters and their revisions. `Manuscripts` is the one way to the text, takes and projects included.

A chapter's text is that of its newest revision; nothing else stores it. Saving is compare-and-set.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from storage import provenance
from storage.checks import clean_spans, clean_text, clean_title, new_id
from storage.database import Rows, Sql
from storage.projects import live_project, touch_project
from storage.records import Accepted, Chapter, ChapterHead, Project, Revision, RevisionKind, Run
from storage.takes import Takes, mark_accepted
from templora.errors import BadInput, Conflict, NotFound

FOLD_S = 300.0
"""Autosaves within this long of the first one fold into one revision."""
FOLD_LOSES = 200
"""Code points. An autosave that takes away more than this does not fold: it may be a mistake to be gone back on."""

_NEWEST = "revisions.chapter = chapters.id AND number = (SELECT max(number) FROM revisions WHERE chapter = chapters.id)"
_HEAD = f"""SELECT id, project, title, position, words, number AS revision, created_at AS updated_at
    FROM chapters JOIN revisions ON {_NEWEST}"""
_CHAPTER = f"""SELECT id, project, title, position, text, number AS revision, created_at AS updated_at
    FROM chapters JOIN revisions ON {_NEWEST}"""


class Manuscripts(Takes):
    """Projects, chapters, revisions and takes of one data folder. All methods may be called from any thread."""

    # --- chapters ---

    def chapters(self, project: str) -> list[ChapterHead]:
        """The chapters in order, without their text. Empty for an unknown project."""
        with self._store.read() as rows:
            return [ChapterHead(**row) for row in rows.all(f"{_HEAD} {_IN_ORDER}", project)]

    def texts(self, project: str) -> list[Chapter]:
        """The whole book: its chapters in order, with their text."""
        with self._store.read() as rows:
            return [Chapter(**row) for row in rows.all(f"{_CHAPTER} {_IN_ORDER}", project)]

    def chapter(self, id: str) -> Chapter:
        """Raises `NotFound`, for a deleted chapter too."""
        with self._store.read() as rows:
            row = rows.first(f"{_CHAPTER} WHERE id = ? AND deleted_at IS NULL", id)
        if row is None:
            raise NotFound(_NO_CHAPTER)
        return Chapter(**row)

    def add_chapter(self, project: str, title: str, text: str = "", kind: RevisionKind = "typed") -> Chapter:
        """Append a chapter; its text is revision 1. Raises `NotFound`, `BadInput`."""
        title, text, now = clean_title(title), clean_text(text), self._clock()
        with self._store.transaction() as sql:
            live_project(sql, project)
            position = len(_order(sql, project))
            chapter = Chapter(new_id(), project, title, position, text, revision=1, updated_at=now)
            sql.insert("chapters", {"id": chapter.id, "project": project, "title": title, "position": position})
            sql.insert("revisions", _revision(chapter.id, 1, kind, text, [Run(len(text), None)], now))
            touch_project(sql, project, now)
        return chapter

    def add_book(self, title: str, chapters: Sequence[tuple[str, str]], kind: RevisionKind = "imported") -> Project:
        """A project with its chapters (title, text), in order: all of it or nothing. Raises `BadInput`."""
        with self._store.transaction():
            project = self.create_project(title)
            for chapter_title, text in chapters:
                self.add_chapter(project.id, chapter_title, text, kind)
        return project

    def deleted_chapters(self, project: str) -> list[ChapterHead]:
        """The chapters that `restore_chapter` can bring back, the last deleted first."""
        where = "WHERE project = ? AND deleted_at IS NOT NULL ORDER BY deleted_at DESC"
        with self._store.read() as rows:
            return [ChapterHead(**row) for row in rows.all(f"{_HEAD} {where}", project)]

    def rename_chapter(self, id: str, title: str) -> None:
        title = clean_title(title)
        with self._store.transaction() as sql:
            _project_of(sql, id)
            sql.run("UPDATE chapters SET title = ? WHERE id = ?", title, id)

    def move_chapter(self, id: str, position: int) -> None:
        """Put a chapter at a place in its book, counted from 0. Raises `NotFound`, `BadInput` beyond the end."""
        with self._store.transaction() as sql:
            project = _project_of(sql, id)
            order = _order(sql, project)
            if not 0 <= position < len(order):
                raise BadInput(f"There is no place {position} in a book of {len(order)} chapters, counted from 0.")
            order.remove(id)
            order.insert(position, id)
            self._reorder(sql, project, order)

    def delete_chapter(self, id: str) -> None:
        """Take a chapter out of its book; `restore_chapter` brings it back until it is purged."""
        with self._store.transaction() as sql:
            project = _project_of(sql, id)
            sql.run("UPDATE chapters SET deleted_at = ? WHERE id = ?", self._clock(), id)
            self._reorder(sql, project, _order(sql, project))

    def restore_chapter(self, id: str) -> None:
        """Put a deleted chapter back where it stood. Raises `NotFound`; changes nothing where it is not deleted."""
        with self._store.transaction() as sql:
            row = sql.first("SELECT project, position, deleted_at FROM chapters WHERE id = ?", id)
            if row is None:
                raise NotFound(_NO_CHAPTER)
            live_project(sql, row["project"])
            if row["deleted_at"] is None:
                return
            order = _order(sql, row["project"])
            order.insert(row["position"], id)
            sql.run("UPDATE chapters SET deleted_at = NULL WHERE id = ?", id)
            self._reorder(sql, row["project"], order)

    def _reorder(self, sql: Sql, project: str, order: Sequence[str]) -> None:
        for position, id in enumerate(order):
            sql.run("UPDATE chapters SET position = ? WHERE id = ?", position, id)
        touch_project(sql, project, self._clock())

    # --- text ---

    def save(
        self,
        chapter_id: str,
        base_revision: int,
        text: str,
        accepted: Sequence[Accepted] = (),
        kind: RevisionKind = "typed",
    ) -> int:
        """Store a text that was made from revision `base_revision`; returns its revision number.

        `accepted`: what of it was taken over from takes, in code points of `text`; the kind is then "accepted". A text
        that is stored already keeps its number, so a save may be sent again. Raises `Conflict` with the current text
        where the chapter has moved on, `NotFound`, and `BadInput` for spans that do not fit or text that is none.
        """
        accepted, text = clean_spans(text, accepted), clean_text(text)
        kind, now = "accepted" if accepted else kind, self._clock()
        with self._store.transaction() as sql:
            project = _project_of(sql, chapter_id)
            last = _newest(sql, chapter_id)
            stale = base_revision != last["number"]
            if stale and text != last["text"]:
                raise Conflict(
                    "This chapter has been changed in another place since this page read it. Both versions are kept: "
                    "compare them and choose.",
                    last["number"],
                    last["text"],
                )
            runs = _runs(last["runs"])
            rebased = provenance.rebase(runs, last["text"], text, accepted)
            if text == last["text"] and (stale or rebased == runs):
                return last["number"]
            number = last["number"] + 1
            row = _revision(chapter_id, number, kind, text, rebased, now)
            if kind == "typed" and _folds(sql, last, text, now):
                sql.run("DELETE FROM revisions WHERE chapter = ? AND number = ?", chapter_id, last["number"])
                row["began_at"] = last["began_at"]
            sql.insert("revisions", row)
            mark_accepted(sql, chapter_id, {span.take for span in accepted}, number)
            touch_project(sql, project, now)
        return number

    def revisions(self, chapter_id: str) -> list[Revision]:
        """What the chapter can go back to, newest last. Raises `NotFound`."""
        with self._store.read() as rows:
            found = rows.all(
                "SELECT chapter, number, kind, text, created_at, name FROM revisions WHERE chapter = ? ORDER BY number",
                chapter_id,
            )
        if not found:
            raise NotFound(_NO_CHAPTER)
        return [Revision(**row) for row in found]

    def revision_text(self, chapter_id: str, number: int) -> str | None:
        """The text of one revision; None where it has been folded into a later one."""
        with self._store.read() as rows:
            row = rows.first("SELECT text FROM revisions WHERE chapter = ? AND number = ?", chapter_id, number)
        return row["text"] if row else None

    def runs(self, chapter_id: str, number: int | None = None) -> list[Run]:
        """Who wrote what in a revision, the newest unless it is named. Raises `NotFound`."""
        with self._store.read() as rows:
            row = rows.first(
                "SELECT runs FROM revisions WHERE chapter = ? AND number = coalesce(?, number) ORDER BY number DESC",
                chapter_id,
                number,
            )
        if row is None:
            raise NotFound(_NO_CHAPTER if number is None else f"There is no revision {number} of this chapter.")
        return _runs(row["runs"])


_IN_ORDER = "WHERE project = ? AND deleted_at IS NULL ORDER BY position"
_NO_CHAPTER = "There is no such chapter; it may have been deleted."


def _project_of(sql: Sql, chapter: str) -> str:
    """The project of a chapter that may be changed. Raises `NotFound` where it or its project is deleted."""
    row = sql.first("SELECT project FROM chapters WHERE id = ? AND deleted_at IS NULL", chapter)
    if row is None:
        raise NotFound(_NO_CHAPTER)
    live_project(sql, row["project"])
    return row["project"]


def _order(sql: Sql, project: str) -> list[str]:
    return [row["id"] for row in sql.all(f"SELECT id FROM chapters {_IN_ORDER}", project)]


def _newest(rows: Rows, chapter: str) -> dict[str, Any]:
    return rows.all("SELECT * FROM revisions WHERE chapter = ? ORDER BY number DESC LIMIT 1", chapter)[0]


def _folds(rows: Rows, last: dict[str, Any], text: str, now: float) -> bool:
    """May an autosave take the place of the last revision? Not where a take was asked for it, or much would be lost."""
    if last["kind"] != "typed" or not 0 <= now - last["began_at"] <= FOLD_S:
        return False
    head, tail = provenance.common_ends(last["text"], text)
    if len(last["text"]) - head - tail > FOLD_LOSES:
        return False
    asked = "SELECT 1 FROM takes WHERE chapter = ? AND revision = ? LIMIT 1"
    return rows.first(asked, last["chapter"], last["number"]) is None


def _revision(
    chapter: str, number: int, kind: RevisionKind, text: str, runs: Sequence[Run], now: float
) -> dict[str, object]:
    return {
        "chapter": chapter,
        "number": number,
        "kind": kind,
        "words": len(text.split()),
        "began_at": now,
        "created_at": now,
        "runs": json.dumps([[run.length, run.take] for run in runs if run.length]),
        "text": text,
    }


def _runs(stored: str) -> list[Run]:
    return [Run(length, take) for length, take in json.loads(stored)]
