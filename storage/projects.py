"""Books: their titles and settings, their time in the trash, and their end."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from itertools import groupby
from typing import Any

from storage.bible_rows import purge_entries
from storage.checks import clean_title, new_id
from storage.database import Rows, Sql, Store, disk_errors
from storage.purging import purge_chapters, purge_tools
from storage.records import LearningState, Project
from templora.errors import BadInput, NotFound

_PROJECT = (
    "SELECT id, title, created_at, updated_at, deleted_at, finished_at, learning, strength, disk_bytes, "
    "language, sampling FROM projects"
)

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Projects:
    """Reading knows a project in the trash; changing its text does not, until it is restored."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        """`clock`: the time in Unix seconds."""
        self._store = store
        self._clock = clock

    def projects(self, deleted: bool = False) -> list[Project]:
        """The books, the one worked on last first; with `deleted` those in the trash instead."""
        state = "NOT NULL" if deleted else "NULL"
        with self._store.read() as rows:
            found = rows.all(f"{_PROJECT} WHERE deleted_at IS {state} ORDER BY updated_at DESC, created_at DESC, id")
        return [Project(**row) for row in found]

    def project(self, id: str) -> Project:
        """A book, in the trash or not. Raises `NotFound`."""
        with self._store.read() as rows:
            return Project(**_project_row(rows, id))

    def create_project(self, title: str) -> Project:
        now = self._clock()
        project = Project(new_id(), clean_title(title), created_at=now, updated_at=now)
        with self._store.transaction() as sql:
            sql.insert("projects", vars(project))
        return project

    def rename_project(self, id: str, title: str) -> None:
        self._set(id, title=clean_title(title))

    def delete_project(self, id: str) -> None:
        """Into the trash, from which `restore_project` brings it back until it is purged."""
        with self._store.transaction() as sql:
            live_project(sql, id)
            self._set(id, deleted_at=self._clock())

    def restore_project(self, id: str) -> None:
        self._set(id, deleted_at=None)

    def set_learning(self, id: str, value: LearningState) -> None:
        self._set(id, learning=value)

    def set_strength(self, id: str, value: float) -> None:
        """How much of the memory takes are written with. Raises `BadInput` outside 0 to 1.5."""
        if not 0 <= value <= 1.5:
            raise BadInput("The strength of the memory goes from 0 (off) to 1.5 (150 %).")
        self._set(id, strength=value)

    def set_sampling(self, id: str, value: str) -> None:
        """How takes are drawn in this book, as JSON."""
        self._set(id, sampling=value)

    def set_disk_bytes(self, id: str, value: int) -> None:
        """What the snapshots of the memory may take on the disk; the newest one is kept whatever it takes."""
        if not 0 <= value <= 2**50:
            raise BadInput("The room for a memory on the disk must be 0 bytes or more.")
        self._set(id, disk_bytes=value)

    def set_language(self, id: str, value: str) -> None:
        """The language of a book as a tag (`en-GB`), by which the browser checks its spelling; '': the browser's own.

        Raises `NotFound`, `BadInput`.
        """
        if value and not _LANGUAGE.fullmatch(value):
            raise BadInput(f"{value!r} is no language tag. Use one such as en-GB, de or pt-BR, or none.")
        self._set(id, language=value)

    def set_finished(self, id: str, when: float | None) -> None:
        """`when`: the Unix time at which the book was exported and its memory discarded; None takes that back."""
        self._set(id, finished_at=when)

    def purge_deleted(self, before: float) -> None:
        """Delete for good what was put into the trash before `before` (Unix seconds): books with all their files and
        their memory, chapters with their revisions and takes, and takes that were never accepted."""
        with self._store.transaction() as sql:
            books = [row["id"] for row in sql.all("SELECT id FROM projects WHERE deleted_at < ?", before)]
            old = sql.all("SELECT id, project FROM chapters WHERE deleted_at < ? ORDER BY project", before)
            chapters = {project: [row["id"] for row in of] for project, of in groupby(old, lambda row: row["project"])}
            for book in books:
                # Files first: after a crash the rows still say what is to be purged.
                folder = self._store.folder / "projects" / book
                with disk_errors(folder):
                    if folder.exists():
                        shutil.rmtree(folder)
                chapters[book] = [row["id"] for row in sql.all("SELECT id FROM chapters WHERE project = ?", book)]
                sql.run("DELETE FROM snapshots WHERE project = ?", book)
                sql.run("DELETE FROM lessons WHERE project = ?", book)
            for project, of in chapters.items():
                purge_chapters(sql, project, of, self._clock())
            for book in books:
                purge_tools(sql, book)
                sql.run("DELETE FROM projects WHERE id = ?", book)
            entries = purge_entries(sql, "deleted_at < ?", before)
            # An accepted take stays as long as its chapter: provenance refers to it.
            takes = sql.run("DELETE FROM takes WHERE deleted_at < ? AND accepted_revision IS NULL", before)
            takes += sql.run("DELETE FROM comments WHERE deleted_at < ?", before)
        if books or chapters or takes or entries:
            self._store.scrub()

    def _set(self, id: str, **values: object) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        with self._store.transaction() as sql:
            if not sql.run(f"UPDATE projects SET {columns} WHERE id = ?", *values.values(), id):
                raise NotFound(_GONE)


_GONE = "There is no such book. It may have been deleted for good; look at the list of your books."


def _project_row(rows: Rows, id: str) -> dict[str, Any]:
    row = rows.first(f"{_PROJECT} WHERE id = ?", id)
    if row is None:
        raise NotFound(_GONE)
    return row


def live_project(rows: Rows, id: str) -> None:
    """Raises `NotFound` where the project is unknown or in the trash."""
    if _project_row(rows, id)["deleted_at"] is not None:
        raise NotFound("This book is in the trash. Restore it first, then go on.")


def touch_project(sql: Sql, id: str, now: float) -> None:
    """The project's text has changed."""
    sql.run("UPDATE projects SET updated_at = ? WHERE id = ?", now, id)
