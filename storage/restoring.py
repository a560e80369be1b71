"""A book out of a backup, put beside the present ones as a new project: text, revisions, takes, who wrote what, notes.

Its memory is learnt anew: a backup has none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from storage import revisions, written
from storage.backups import Backups
from storage.bible_rows import copy_bible
from storage.checks import TITLE_LENGTH, new_id
from storage.copies import Copy, complaint, deleted_again, opened
from storage.database import Sql, Store
from storage.records import Backup, BackupBook
from templora.errors import NotFound, StorageError

_BOOKS = """SELECT projects.id, projects.title, coalesce(sum(newest.words), 0) AS words, count(chapters.id) AS chapters
    FROM projects
    LEFT JOIN chapters ON chapters.project = projects.id AND chapters.deleted_at IS NULL
    LEFT JOIN revisions AS newest ON newest.chapter = chapters.id
        AND newest.number = (SELECT max(number) FROM revisions WHERE chapter = chapters.id)
    GROUP BY projects.id ORDER BY projects.deleted_at IS NOT NULL, projects.updated_at DESC, projects.id"""


class Restoring:
    """Reads the backups of a data folder; writes to its database. All methods may be called from any thread."""

    def __init__(self, store: Store, backups: Backups, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._backups = backups
        self._clock = clock

    def books(self, name: str) -> list[BackupBook]:
        """The books in a backup, the one worked on last first; those in its trash come last.

        Raises `NotFound`, and `StorageError` where the backup is damaged or of a newer Templora.
        """
        with opened(self._backups.path(name)) as copy:
            return [BackupBook(**row) for row in copy.all(_BOOKS)]

    def restore(self, name: str, project: str) -> str:
        """Put a book of a backup beside the present ones, all of it or nothing. Returns the new project's id.

        Raises `NotFound`, `DiskFull`, and `StorageError` where the backup is damaged or of a newer Templora.
        """
        path = self._backups.path(name)
        backup = next(backup for backup in self._backups.all() if backup.name == name)
        found = complaint(path)
        if found is not None:
            raise StorageError(f"The backup {name} is damaged or cannot be read ({found}). Choose another one.")
        with opened(path) as copy:
            book = copy.all("SELECT * FROM projects WHERE id = ?", project)
            if not book:
                raise NotFound(f"There is no such book in the backup {name}; look at the list of its books.")
            with self._store.transaction() as sql:
                return self._insert(sql, copy, book[0], backup)

    def _insert(self, sql: Sql, copy: Copy, book: dict[str, Any], backup: Backup) -> str:
        now = self._clock()
        project = new_id()
        changes = {"title": _title(book["title"], backup.created_at), "updated_at": now, "finished_at": None}
        sql.insert("projects", {**book, **changes, "id": project, "learning": "on", "deleted_at": None})
        chapters = copy.all("SELECT * FROM chapters WHERE project = ?", book["id"])
        takes = {row["id"]: new_id() for row in copy.all("SELECT id FROM takes WHERE project = ?", book["id"])}
        places = {chapter["id"]: new_id() for chapter in chapters}
        for chapter in chapters:
            id = places[chapter["id"]]
            sql.insert("chapters", {**chapter, "id": id, "project": project, "deleted_at": deleted_again(chapter, now)})
            revisions.copy(copy, sql, chapter["id"], id, takes)
            for take in copy.all("SELECT * FROM takes WHERE chapter = ? ORDER BY created_at, rowid", chapter["id"]):
                ids = {
                    "id": takes[take["id"]],
                    "project": project,
                    "chapter": id,
                    "deleted_at": deleted_again(take, now),
                }
                sql.insert("takes", {**take, **ids})
            for comment in copy.all("SELECT * FROM comments WHERE chapter = ?", chapter["id"]):
                ids = {"id": new_id(), "project": project, "chapter": id, "deleted_at": deleted_again(comment, now)}
                sql.insert("comments", {**comment, **ids})
        for row in copy.all("SELECT * FROM goals WHERE project = ?", book["id"]):
            sql.insert("goals", {**row, "project": project})
        for day, words in written.days(copy, book["id"]).items():
            row = {"project": project, "chapter": new_id(), "span": "day", "began": day}
            sql.insert("written", {**row, "saved_at": now, "words": words})
        copy_bible(copy, sql, book["id"], project, places, now)
        return project


def _title(title: str, made_at: float) -> str:
    """'The Salt Road (backup of 24 Nov 2026, 19:40)', in the time of this place; a long title is cut."""
    when = time.localtime(made_at)
    suffix = f" (backup of {when.tm_mday} {time.strftime('%b %Y, %H:%M', when)})"
    room = TITLE_LENGTH - len(suffix)
    return (title if len(title) <= room else f"{title[: room - 2].rstrip()} …") + suffix
