"""Words written per day and per session.

What was written of a chapter is what its text has that it did not have when the day, or the session, began. So words
that are deleted again are not counted, cutting what was there before takes nothing away, and what an undo brings back
was there before. A day's text of before is kept for that day alone, then only the number of words.
"""

from __future__ import annotations

import time
from collections import Counter

from storage import provenance, revisions
from storage.authorship import words_within
from storage.database import Rows, Sql
from storage.revisions import Revision

PAUSE_S = 30 * 60.0
"""A session ends with a pause of this length."""

_OPEN = "SELECT rowid, * FROM written WHERE chapter = ? AND base NOT NULL"


def fresh(before: str, text: str) -> int:
    """How many words of a text are not of the one before; paragraphs that were moved are of it. Pure."""
    before, text = _apart(before, text)
    count = at = 0
    for _, start, length in [*provenance.kept(before, text), (0, len(text), 0)]:
        if start > at:
            count += words_within(text, at, start)
        at = start + length
    return count


def _apart(before: str, text: str) -> tuple[str, str]:
    """Two texts without the paragraphs that both have, wherever these stand."""
    lines, others = before.split("\n"), text.split("\n")
    both = Counter(lines) & Counter(others)

    def rest(lines: list[str]) -> str:
        left = Counter(both)
        kept: list[str] = []
        for line in lines:
            if left[line]:
                left[line] -= 1
            else:
                kept.append(line)
        return "\n".join(kept)

    return rest(lines), rest(others)


def local_day(now: float) -> str:
    """The day of a time (Unix seconds) in the time zone of this computer."""
    return time.strftime("%Y-%m-%d", time.localtime(now))


def days(rows: revisions.Reader, project: str) -> dict[str, int]:
    """Words by day."""
    counted: Counter[str] = Counter()
    for row in rows.all("SELECT * FROM written WHERE project = ? AND span = 'day'", project):
        since = 0 if row["base"] is None else fresh(row["base"], revisions.newest(rows, row["chapter"]).state.text)
        counted[row["began"]] += row["words"] + since
    return dict(counted)


# --- told by those who change the text ---


def note(sql: Sql, project: str, chapter: str, before: str, now: float) -> None:
    """The writer changes a chapter whose text was `before`."""
    day = local_day(now)
    session = session_of(sql, project, now)
    if session is None:
        session = f"{now:.3f}"
        sql.run("DELETE FROM written WHERE project = ? AND span = 'session'", project)
    for span, began in (("day", day), ("session", session)):
        changed = "UPDATE written SET saved_at = ? WHERE chapter = ? AND span = ? AND began = ?"
        if sql.run(changed, now, chapter, span, began):
            continue
        if span == "day":
            settle(sql, chapter, before, day)
        row = {"project": project, "chapter": chapter, "span": span, "began": began}
        sql.insert("written", {**row, "saved_at": now, "base": before})


def rebase(sql: Sql, project: str, chapter: str, before: str, after: str, now: float) -> None:
    """A chapter's text, `before`, becomes `after` without anybody writing it."""
    note(sql, project, chapter, before, now)
    for row in sql.all(_OPEN, chapter):
        words = row["words"] + fresh(row["base"], before)
        sql.run("UPDATE written SET words = ?, base = ? WHERE rowid = ?", words, after, row["rowid"])


def split(sql: Sql, chapter: str, into: str) -> None:
    """A part of a chapter has become another one: both are counted from what the whole was."""
    for row in sql.all(_OPEN, chapter):
        copied = {name: row[name] for name in ("project", "span", "began", "saved_at", "base")}
        sql.insert("written", {**copied, "chapter": into})


def merge(sql: Sql, last: Revision, other: Revision, now: float) -> None:
    """The text of `other` goes behind that of `last`, and is counted there."""
    for revision in (last, other):
        settle(sql, revision.chapter, revision.state.text, local_day(now))
    theirs = {(row["span"], row["began"]): row for row in sql.all(_OPEN, other.chapter)}
    for row in sql.all(_OPEN, last.chapter):
        their = theirs.pop((row["span"], row["began"]), None)
        base = f"{row['base']}\n\n{their['base'] if their else other.state.text}"
        words = row["words"] + (their["words"] if their else 0)
        sql.run("UPDATE written SET base = ?, words = ? WHERE rowid = ?", base, words, row["rowid"])
        if their:
            sql.run("DELETE FROM written WHERE rowid = ?", their["rowid"])
    for row in theirs.values():
        base = f"{last.state.text}\n\n{row['base']}"
        sql.run("UPDATE written SET chapter = ?, base = ? WHERE rowid = ?", last.chapter, base, row["rowid"])


def settle(sql: Sql, chapter: str, text: str, day: str) -> None:
    """What was written before `day` of a chapter, whose text is `text`, is counted for good: the number is kept."""
    for row in sql.all(f"{_OPEN} AND span = 'day' AND began < ?", chapter, day):
        words = row["words"] + fresh(row["base"], text)
        sql.run("UPDATE written SET words = ?, base = NULL WHERE rowid = ?", words, row["rowid"])


def purge(sql: Sql, chapter: str) -> None:
    """No text of before is kept: what is written from now on is counted from the present one."""
    if not sql.first(_OPEN, chapter):
        return
    text = revisions.newest(sql, chapter).state.text
    for row in sql.all(_OPEN, chapter):
        words = row["words"] + fresh(row["base"], text)
        sql.run("UPDATE written SET words = ?, base = ? WHERE rowid = ?", words, text, row["rowid"])


def purge_chapter(sql: Sql, chapter: str) -> None:
    """The chapter goes for good; that its words were written stays."""
    purge(sql, chapter)
    sql.run("UPDATE written SET base = NULL WHERE chapter = ?", chapter)


def session_of(rows: Rows, project: str, now: float) -> str | None:
    """When the session that goes on now began; None where there is none."""
    row = rows.first(
        """SELECT began FROM written WHERE project = ? AND span = 'session' AND saved_at > ?
           ORDER BY saved_at DESC LIMIT 1""",
        project,
        now - PAUSE_S,
    )
    return row["began"] if row else None
