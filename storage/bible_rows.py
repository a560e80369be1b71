"""The rows of the story bible where chapters and books go for good, are merged, or come out of a backup."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from storage.checks import new_id
from storage.copies import Copy, deleted_again
from storage.database import Sql


def move_notes(sql: Sql, chapter: str, to: str) -> None:
    """What held from one chapter on holds from another on; where both had something, both are kept, in this order."""
    for row in sql.all("SELECT entry, text FROM entry_notes WHERE chapter = ?", chapter):
        there = sql.first("SELECT text FROM entry_notes WHERE entry = ? AND chapter = ?", row["entry"], to)
        sql.run("DELETE FROM entry_notes WHERE entry = ? AND chapter IN (?, ?)", row["entry"], chapter, to)
        text = f"{there['text']}\n{row['text']}" if there else row["text"]
        sql.insert("entry_notes", {"entry": row["entry"], "chapter": to, "text": text})


def leave_chapters(sql: Sql, project: str, going: Collection[str]) -> None:
    """Before chapters are deleted for good: their notes go to the chapters that are at their places."""
    query = "SELECT DISTINCT chapter, position FROM entry_notes JOIN chapters ON id = chapter WHERE project = ?"
    noted = [row for row in sql.all(query, project) if row["chapter"] in going]
    heirs = [
        row
        for row in sql.all("SELECT id, position, deleted_at FROM chapters WHERE project = ? ORDER BY position", project)
        if row["id"] not in going and row["deleted_at"] is None
    ]
    for row in noted:
        after = [heir for heir in heirs if heir["position"] >= row["position"]]
        if heirs:
            move_notes(sql, row["chapter"], (after or heirs[-1:])[0]["id"])
        else:
            sql.run("DELETE FROM entry_notes WHERE chapter = ?", row["chapter"])


def purge_bible(sql: Sql, project: str) -> None:
    """All of it, for good."""
    purge_entries(sql, "project = ?", project)
    sql.run("DELETE FROM author_notes WHERE project = ?", project)
    sql.run("DELETE FROM dismissed_names WHERE project = ?", project)


def forget_names(sql: Sql, project: str, texts: Collection[str]) -> None:
    """Of the names that are not to be suggested stay those that a text has: no other would be."""
    folded = [text.casefold() for text in texts]
    for row in sql.all("SELECT name FROM dismissed_names WHERE project = ?", project):
        if not any(row["name"].casefold() in text for text in folded):
            sql.run("DELETE FROM dismissed_names WHERE project = ? AND name = ?", project, row["name"])


def purge_entries(sql: Sql, where: str, value: object) -> int:
    """Entries for good, those `where` holds of; returns how many."""
    sql.run(f"DELETE FROM entry_notes WHERE entry IN (SELECT id FROM entries WHERE {where})", value)
    return sql.run(f"DELETE FROM entries WHERE {where}", value)


def copy_bible(copy: Copy, sql: Sql, book: str, project: str, chapters: Mapping[str, str], now: float) -> None:
    """Put the bible of a book in a backup into a new one. `chapters`: the new ids by the old ones."""
    for row in copy.all("SELECT * FROM entries WHERE project = ?", book):
        id = new_id()
        sql.insert("entries", {**row, "id": id, "project": project, "deleted_at": deleted_again(row, now)})
        for note in copy.all("SELECT * FROM entry_notes WHERE entry = ?", row["id"]):
            if note["chapter"] in chapters:
                sql.insert("entry_notes", {**note, "entry": id, "chapter": chapters[note["chapter"]]})
    for table in ("author_notes", "dismissed_names"):
        for row in copy.all(f"SELECT * FROM {table} WHERE project = ?", book):
            sql.insert(table, {**row, "project": project})
