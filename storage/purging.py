"""Rows that go for good."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from storage import revisions
from storage.database import Sql


@dataclass(frozen=True)
class Purged:
    """How many rows went."""

    revisions: int
    chapters: int
    takes: int


def purge_chapters(sql: Sql, project: str, chapters: Collection[str], now: float) -> Purged:
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
    gone = {"takes": 0, "revisions": 0}
    for chapter in chapters:
        for table in gone:
            gone[table] += sql.run(f"DELETE FROM {table} WHERE chapter = ?", chapter)
        sql.run("DELETE FROM chapters WHERE id = ?", chapter)
    return Purged(gone["revisions"], len(chapters), gone["takes"])
