"""Rows that go for good."""

from __future__ import annotations

from collections.abc import Collection

from storage import fulltext, revisions, written
from storage.bible_rows import forget_names, leave_chapters, purge_bible, purge_entries
from storage.database import Sql
from storage.records import PurgedHistory


def purge_chapters(sql: Sql, project: str, chapters: Collection[str], now: float) -> PurgedHistory:
    """Delete chapters of a book with their revisions and takes.

    What was accepted from a take may stand in another chapter, after a split or a merge. Such a take goes there,
    hidden, because provenance refers to it.
    """
    accepted = "SELECT id FROM takes WHERE chapter = ? AND accepted_revision IS NOT NULL"
    going = {row["id"] for chapter in chapters for row in sql.all(accepted, chapter)}
    if going:
        for row in sql.all("SELECT id FROM chapters WHERE project = ?", project):
            if row["id"] not in chapters:
                stay = going & {run.take for run in revisions.newest(sql, row["id"]).state.runs}
                for take in stay:
                    moved = "UPDATE takes SET chapter = ?, deleted_at = coalesce(deleted_at, ?) WHERE id = ?"
                    sql.run(moved, row["id"], now, take)
                going -= stay
    if chapters:
        fulltext.empty(sql)
    gone = {"takes": 0, "revisions": 0}
    leave_chapters(sql, project, chapters)
    for chapter in chapters:
        written.purge_chapter(sql, chapter)
        for table in ("comments", "replaced"):
            sql.run(f"DELETE FROM {table} WHERE chapter = ?", chapter)
        for table in gone:
            gone[table] += sql.run(f"DELETE FROM {table} WHERE chapter = ?", chapter)
        sql.run("DELETE FROM chapters WHERE id = ?", chapter)
    return PurgedHistory(gone["revisions"], len(chapters), gone["takes"])


def purge_history(sql: Sql, project: str, now: float) -> PurgedHistory:
    """Delete what a book was: all revisions but the newest of its chapters, its deleted chapters, and its takes that
    were never accepted. Of the others stays which model wrote them and how much was accepted, but no word.

    A take that is being written is no history yet.
    """
    forget_replacements(sql, project)
    purge_entries(sql, "deleted_at NOT NULL AND project = ?", project)
    deleted = sql.all("SELECT id FROM chapters WHERE project = ? AND deleted_at NOT NULL", project)
    gone = purge_chapters(sql, project, [row["id"] for row in deleted], now)
    older = sql.run(
        """DELETE FROM revisions WHERE chapter IN (SELECT id FROM chapters WHERE project = ?)
           AND number < (SELECT max(number) FROM revisions AS newest WHERE newest.chapter = revisions.chapter)""",
        project,
    )
    chapters = [row["id"] for row in sql.all("SELECT id FROM chapters WHERE project = ?", project)]
    forget_names(sql, project, [revisions.newest(sql, chapter).state.text for chapter in chapters])
    for chapter in chapters:
        written.purge(sql, chapter)
    sql.run("DELETE FROM comments WHERE project = ? AND deleted_at NOT NULL", project)
    sql.run("UPDATE comments SET quote = '' WHERE project = ? AND start IS NULL", project)
    of_before = "project = ? AND finish_reason NOT NULL"
    takes = sql.run(f"DELETE FROM takes WHERE {of_before} AND accepted_revision IS NULL", project)
    for take in sql.all(f"SELECT id, accepted_words, text FROM takes WHERE {of_before} AND text <> ''", project):
        offered = len(take["text"].split())
        counted = offered if take["accepted_words"] is None else min(take["accepted_words"], offered)
        sql.run(
            "UPDATE takes SET text = '', instruction = NULL, beat = NULL, accepted_words = ? WHERE id = ?",
            counted,
            take["id"],
        )
    return PurgedHistory(gone.revisions + older, gone.chapters, gone.takes + takes)


def purge_tools(sql: Sql, project: str) -> None:
    """Delete what the desk's tools keep of a book beside its chapters, which are gone already."""
    forget_replacements(sql, project)
    purge_bible(sql, project)
    for table in ("written", "goals"):
        sql.run(f"DELETE FROM {table} WHERE project = ?", project)


def forget_replacements(sql: Sql, project: str) -> None:
    """No replacement of a book can be undone any more."""
    sql.run("DELETE FROM replaced WHERE replacement IN (SELECT id FROM replacements WHERE project = ?)", project)
    sql.run("DELETE FROM replacements WHERE project = ?", project)
