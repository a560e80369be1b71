"""Chapters: their titles, their order in the book, their time in the trash, and whether the memory learns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from storage import revisions
from storage.checks import SYNOPSIS_LENGTH, clean_note, clean_text, clean_title, new_id
from storage.database import Rows, Sql
from storage.projects import live_project, touch_project
from storage.records import Chapter, ChapterHead, ChapterStatus, Project, RevisionKind
from storage.revisions import NO_CHAPTER, State, load_spans, typed
from storage.takes import Takes
from templora.errors import BadInput, NotFound

_NEWEST = "revisions.chapter = chapters.id AND number = (SELECT max(number) FROM revisions WHERE chapter = chapters.id)"
_NOTED = "learned, status, synopsis, excluded"
_COLUMNS = f"id, project, title, position, number AS revision, created_at AS updated_at, {_NOTED}"
_HEAD = f"SELECT {_COLUMNS}, words FROM chapters JOIN revisions ON {_NEWEST}"
_CHAPTER = f"SELECT {_COLUMNS}, text FROM chapters JOIN revisions ON {_NEWEST}"
_LIVE = "project = ? AND deleted_at IS NULL"
_IN_ORDER = f"WHERE {_LIVE} ORDER BY position"


class Chapters(Takes):
    def chapters(self, project: str) -> list[ChapterHead]:
        """The chapters in order, without their text. Empty for an unknown project."""
        with self._store.read() as rows:
            return [ChapterHead(**_typed(row)) for row in rows.all(f"{_HEAD} {_IN_ORDER}", project)]

    def texts(self, project: str) -> list[Chapter]:
        """The whole book: its chapters in order, with their text."""
        with self._store.read() as rows:
            return [Chapter(**_typed(row)) for row in rows.all(f"{_CHAPTER} {_IN_ORDER}", project)]

    def chapter(self, id: str) -> Chapter:
        """Raises `NotFound`, for a deleted chapter too."""
        with self._store.read() as rows:
            row = rows.first(f"{_CHAPTER} WHERE id = ? AND deleted_at IS NULL", id)
        if row is None:
            raise NotFound(NO_CHAPTER)
        return Chapter(**_typed(row))

    def book_of(self, id: str) -> str:
        """The project of a chapter, a deleted one too. Raises `NotFound`."""
        with self._store.read() as rows:
            row = rows.first("SELECT project FROM chapters WHERE id = ?", id)
        if row is None:
            raise NotFound(NO_CHAPTER)
        return row["project"]

    def add_chapter(self, project: str, title: str, text: str = "", kind: RevisionKind = "typed") -> Chapter:
        """Append a chapter; its text is revision 1. Raises `NotFound`, `BadInput`."""
        title, text = clean_title(title), clean_text(text)
        with self._store.transaction() as sql:
            live_project(sql, project)
            id = self._insert_chapter(sql, project, title, len(order(sql, project)), kind, typed(text))
            return self.chapter(id)

    def _insert_chapter(
        self, sql: Sql, project: str, title: str, position: int, kind: RevisionKind, state: State, learned: bool = True
    ) -> str:
        """Put a new chapter at a place in the book, counted from 0; returns its id."""
        id, now = new_id(), self._clock()
        sql.run(f"UPDATE chapters SET position = position + 1 WHERE {_LIVE} AND position >= ?", project, position)
        row = {"id": id, "project": project, "title": title, "position": position, "learned": int(learned)}
        sql.insert("chapters", row)
        revisions.first(sql, id, kind, state, now)
        touch_project(sql, project, now)
        return id

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
            return [ChapterHead(**_typed(row)) for row in rows.all(f"{_HEAD} {where}", project)]

    def rename_chapter(self, id: str, title: str) -> None:
        title = clean_title(title)
        with self._store.transaction() as sql:
            project_of(sql, id)
            sql.run("UPDATE chapters SET title = ? WHERE id = ?", title, id)

    def set_learned(self, id: str, learned: bool) -> None:
        """May the memory learn from this chapter? Raises `NotFound`."""
        with self._store.transaction() as sql:
            project_of(sql, id)
            sql.run("UPDATE chapters SET learned = ? WHERE id = ?", int(learned), id)

    def set_status(self, id: str, status: ChapterStatus) -> None:
        """How far a chapter has come; '' takes that back. Raises `NotFound`, `BadInput`."""
        if status not in get_args(ChapterStatus):
            known = ", ".join(filter(None, get_args(ChapterStatus)))
            raise BadInput(f"A chapter has no status {status!r}; there are: {known}, and none.")
        with self._store.transaction() as sql:
            project_of(sql, id)
            sql.run("UPDATE chapters SET status = ? WHERE id = ?", status, id)

    def set_synopsis(self, id: str, synopsis: str) -> None:
        """What happens in a chapter, in the writer's words. Raises `NotFound`, `BadInput`."""
        synopsis = clean_note(synopsis, SYNOPSIS_LENGTH, "synopsis")
        with self._store.transaction() as sql:
            project_of(sql, id)
            sql.run("UPDATE chapters SET synopsis = ? WHERE id = ?", synopsis, id)

    def move_chapter(self, id: str, position: int) -> None:
        """Put a chapter at a place in its book, counted from 0. Raises `NotFound`, `BadInput` beyond the end."""
        with self._store.transaction() as sql:
            project = project_of(sql, id)
            chapters = order(sql, project)
            if not 0 <= position < len(chapters):
                raise BadInput(f"There is no place {position} in a book of {len(chapters)} chapters, counted from 0.")
            chapters.remove(id)
            chapters.insert(position, id)
            self._reorder(sql, project, chapters)

    def delete_chapter(self, id: str) -> None:
        """Take a chapter out of its book; `restore_chapter` brings it back until it is purged."""
        with self._store.transaction() as sql:
            project = project_of(sql, id)
            sql.run("UPDATE chapters SET deleted_at = ? WHERE id = ?", self._clock(), id)
            self._reorder(sql, project, order(sql, project))

    def restore_chapter(self, id: str) -> None:
        """Put a deleted chapter back where it stood. Raises `NotFound`; changes nothing where it is not deleted."""
        with self._store.transaction() as sql:
            row = sql.first("SELECT project, position, deleted_at FROM chapters WHERE id = ?", id)
            if row is None:
                raise NotFound(NO_CHAPTER)
            live_project(sql, row["project"])
            if row["deleted_at"] is None:
                return
            chapters = order(sql, row["project"])
            chapters.insert(row["position"], id)
            sql.run("UPDATE chapters SET deleted_at = NULL WHERE id = ?", id)
            self._reorder(sql, row["project"], chapters)

    def _reorder(self, sql: Sql, project: str, chapters: Sequence[str]) -> None:
        for position, id in enumerate(chapters):
            sql.run("UPDATE chapters SET position = ? WHERE id = ?", position, id)
        touch_project(sql, project, self._clock())


def project_of(rows: Rows, chapter: str) -> str:
    """The project of a chapter that may be changed. Raises `NotFound` where it or its project is deleted."""
    row = rows.first("SELECT project FROM chapters WHERE id = ? AND deleted_at IS NULL", chapter)
    if row is None:
        raise NotFound(NO_CHAPTER)
    live_project(rows, row["project"])
    return row["project"]


def order(rows: Rows, project: str) -> list[str]:
    """The ids of a book's chapters, in order."""
    return [row["id"] for row in rows.all(f"SELECT id FROM chapters {_IN_ORDER}", project)]


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    """A row of SQLite with the types of our records."""
    return {**row, "learned": bool(row["learned"]), "excluded": load_spans(row["excluded"])}
