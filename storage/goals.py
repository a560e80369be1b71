"""Goals for words written, and how far they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from storage import revisions
from storage.database import Rows, Store
from storage.projects import live_project
from storage.written import fresh, local_day, session_of
from templora.errors import BadInput, NotFound

MOST = 10_000_000


@dataclass(frozen=True)
class Goals:
    """Words to be written in a session and in a day, and the words that the book is to have; 0: no such goal."""

    session: int = 0
    day: int = 0
    book: int = 0


@dataclass(frozen=True)
class Progress:
    """Words written in this session and today, and the words of the book. `days`: words by day, local, YYYY-MM-DD."""

    session: int
    today: int
    book: int
    goals: Goals
    days: dict[str, int]


class Writing:
    """Reads and writes the database of a `Store`. All methods may be called from any thread."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._counted: dict[int, tuple[int, str, int]] = {}  # row → (revision, base, words): comparing costs time

    def set_goals(self, project: str, goals: Goals) -> None:
        """Raises `NotFound`, `BadInput`."""
        if not all(0 <= goal <= MOST for goal in (goals.session, goals.day, goals.book)):
            raise BadInput(f"A goal is a number of words, 0 (none) to {MOST:,}.")
        with self._store.transaction() as sql:
            live_project(sql, project)
            sql.run("DELETE FROM goals WHERE project = ?", project)
            sql.insert("goals", {"project": project, **vars(goals)})

    def progress(self, project: str) -> Progress:
        """Raises `NotFound`."""
        now = self._clock()
        with self._store.read() as rows:
            if rows.first("SELECT 1 FROM projects WHERE id = ?", project) is None:
                raise NotFound("There is no such book; it may have been deleted.")
            goals = rows.first("SELECT session, day, book FROM goals WHERE project = ?", project)
            days: dict[str, int] = {}
            session = 0
            for row in rows.all("SELECT rowid, * FROM written WHERE project = ?", project):
                words = row["words"] + self._since(rows, row)
                if row["span"] == "day":
                    days[row["began"]] = days.get(row["began"], 0) + words
                elif row["began"] == session_of(rows, project, now):
                    session += words
            book = rows.all(
                """SELECT coalesce(sum(words), 0) AS words FROM chapters
                   JOIN revisions ON revisions.chapter = chapters.id
                   AND number = (SELECT max(number) FROM revisions WHERE chapter = chapters.id)
                   WHERE project = ? AND deleted_at IS NULL""",
                project,
            )[0]["words"]
        return Progress(session, days.get(local_day(now), 0), book, Goals(**goals) if goals else Goals(), days)

    def _since(self, rows: Rows, row: dict[str, object]) -> int:
        base, id = row["base"], row["rowid"]
        if not isinstance(base, str) or not isinstance(id, int):
            return 0
        last = revisions.newest(rows, str(row["chapter"]))
        known = self._counted.get(id)
        if known is None or known[:2] != (last.number, base):
            known = (last.number, base, fresh(base, last.state.text))
            self._counted[id] = known
        return known[2]
