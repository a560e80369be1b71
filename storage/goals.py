"""Goals for words written, and how far they are."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from storage import revisions
from storage.database import Store
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
        self._counted: dict[tuple[str, int, int], int] = {}  # chapter, revision, base → words: comparing costs time

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
        texts: dict[str, tuple[int, str]] = {}
        with self._store.read() as rows:
            if rows.first("SELECT 1 FROM projects WHERE id = ?", project) is None:
                raise NotFound("There is no such book; it may have been deleted.")
            goals = rows.first("SELECT session, day, book FROM goals WHERE project = ?", project)
            session = session_of(rows, project, now)
            written = rows.all("SELECT * FROM written WHERE project = ?", project)
            for chapter in {row["chapter"] for row in written if row["base"] is not None}:
                last = revisions.newest(rows, chapter)
                texts[chapter] = (last.number, last.state.text)
            book = rows.all(
                """SELECT coalesce(sum(words), 0) AS words FROM chapters
                   JOIN revisions ON revisions.chapter = chapters.id
                   AND number = (SELECT max(number) FROM revisions WHERE chapter = chapters.id)
                   WHERE project = ? AND deleted_at IS NULL""",
                project,
            )[0]["words"]
        # Only now: whoever saves need not wait for the comparing.
        counted: dict[tuple[str, int, int], int] = {}
        days: Counter[str] = Counter()
        in_session = 0
        for row in written:
            words = row["words"]
            if row["base"] is not None:
                number, text = texts[row["chapter"]]
                key = (row["chapter"], number, hash(row["base"]))
                if key not in counted:
                    known = self._counted.get(key)
                    counted[key] = fresh(row["base"], text) if known is None else known
                words += counted[key]
            if row["span"] == "day":
                days[row["began"]] += words
            elif row["began"] == session:
                in_session += words
        self._counted = counted
        return Progress(in_session, days[local_day(now)], book, Goals(**goals) if goals else Goals(), dict(days))
