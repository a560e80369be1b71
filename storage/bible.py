"""The story bible: entries, what changes of them from a chapter on, the author's note, and names that are no entries.

Notes belong to chapters, not to numbers: they move with them. Where a chapter is deleted its notes apply from its place
on; where it goes for good they go to the chapter at its place, so that nothing the writer noted is lost.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from storage.checks import clean_note, clean_title, new_id
from storage.database import Rows, Sql, Store
from storage.projects import live_project
from storage.records import BibleEntry, ChapterNote, EntryKind
from templora.errors import BadInput, NotFound

KINDS: tuple[EntryKind, ...] = ("character", "place", "thing", "rule")
DESCRIPTION_LENGTH = 4_000
NOTE_LENGTH = 2_000
AUTHOR_NOTE_LENGTH = 600
"""Code points. A few lines: it is read again with every continuation."""
MOST_ALIASES = 30

_GONE = "There is no such entry in the story bible. It may have been deleted for good."
_NOTES = """SELECT entry, chapter, chapters.position, chapters.deleted_at IS NOT NULL AS deleted, text FROM entry_notes
    JOIN chapters ON chapters.id = chapter WHERE entry IN (SELECT id FROM entries WHERE project = ?)
    ORDER BY chapters.position, deleted DESC"""


class BibleStore:
    """The rows of it, for all books of a data folder. All methods may be called from any thread."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        """`clock`: the time in Unix seconds."""
        self._store = store
        self._clock = clock

    def entries(self, project: str, deleted: bool = False) -> list[BibleEntry]:
        """By kind and name; with `deleted` those that can be brought back instead, the last deleted first."""
        state = "NOT NULL" if deleted else "NULL"
        with self._store.read() as rows:
            found = rows.all(f"SELECT * FROM entries WHERE project = ? AND deleted_at IS {state}", project)
            notes = rows.all(_NOTES, project)
        entries = [_entry(row, [note for note in notes if note["entry"] == row["id"]]) for row in found]
        if deleted:
            return sorted(entries, key=lambda entry: -(entry.deleted_at or 0))
        return sorted(entries, key=lambda entry: (KINDS.index(entry.kind), entry.name.casefold(), entry.id))

    def entry(self, id: str) -> BibleEntry:
        """An entry, deleted or not. Raises `NotFound`."""
        with self._store.read() as rows:
            row = _row(rows, id)
            notes = [note for note in rows.all(_NOTES, row["project"]) if note["entry"] == id]
        return _entry(row, notes)

    def add(
        self,
        project: str,
        kind: str,
        name: str,
        aliases: Sequence[str] = (),
        description: str = "",
        id: str | None = None,
    ) -> BibleEntry:
        """`id`: one that was drawn for it before (`new_id`). Raises `BadInput` for an unknown kind, a name without a
        letter, or text that is too long."""
        id, name, now = id or new_id(), _name(name), self._clock()
        row = {
            "id": id,
            "project": project,
            "kind": _kind(kind),
            "name": name,
            "aliases": json.dumps(_aliases(aliases, name), ensure_ascii=False),
            "created_at": now,
            "updated_at": now,
            "description": clean_note(description, DESCRIPTION_LENGTH, "description"),
        }
        with self._store.transaction() as sql:
            live_project(sql, project)
            sql.insert("entries", row)
        return self.entry(id)

    def change(
        self,
        id: str,
        kind: str | None = None,
        name: str | None = None,
        aliases: Sequence[str] | None = None,
        description: str | None = None,
    ) -> BibleEntry:
        """What is None stays. Raises as `add` does."""
        with self._store.transaction() as sql:
            row = _row(sql, id)
            called: str = row["name"] if name is None else _name(name)
            others = _aliases(json.loads(row["aliases"]) if aliases is None else aliases, called)
            values: dict[str, object] = {"name": called, "aliases": json.dumps(others, ensure_ascii=False)}
            if kind is not None:
                values["kind"] = _kind(kind)
            if description is not None:
                values["description"] = clean_note(description, DESCRIPTION_LENGTH, "description")
            self._set(sql, id, **values)
        return self.entry(id)

    def set_note(self, id: str, chapter: str, text: str) -> BibleEntry:
        """What holds of the entry from a chapter of its book on; '' takes it away. Raises `NotFound`, `BadInput`."""
        text = clean_note(text, NOTE_LENGTH, "note")
        with self._store.transaction() as sql:
            project = _row(sql, id)["project"]
            if sql.first("SELECT 1 FROM chapters WHERE id = ? AND project = ?", chapter, project) is None:
                raise NotFound("There is no such chapter in this book.")
            sql.run("DELETE FROM entry_notes WHERE entry = ? AND chapter = ?", id, chapter)
            if text:
                sql.insert("entry_notes", {"entry": id, "chapter": chapter, "text": text})
            self._set(sql, id)
        return self.entry(id)

    def delete(self, id: str) -> None:
        """`restore` brings it back until it is purged."""
        with self._store.transaction() as sql:
            _row(sql, id)
            self._set(sql, id, deleted_at=self._clock())

    def restore(self, id: str) -> BibleEntry:
        with self._store.transaction() as sql:
            _row(sql, id)
            self._set(sql, id, deleted_at=None)
        return self.entry(id)

    def author_note(self, project: str) -> str:
        with self._store.read() as rows:
            row = rows.first("SELECT text FROM author_notes WHERE project = ?", project)
        return row["text"] if row else ""

    def set_author_note(self, project: str, text: str) -> None:
        """Raises `BadInput` where it is more than `AUTHOR_NOTE_LENGTH` long."""
        text = clean_note(text, AUTHOR_NOTE_LENGTH, "author’s note")
        with self._store.transaction() as sql:
            live_project(sql, project)
            sql.run("DELETE FROM author_notes WHERE project = ?", project)
            sql.insert("author_notes", {"project": project, "updated_at": self._clock(), "text": text})

    def dismissed(self, project: str) -> frozenset[str]:
        """The names that the writer does not want in the bible."""
        with self._store.read() as rows:
            found = rows.all("SELECT name FROM dismissed_names WHERE project = ?", project)
        return frozenset(row["name"] for row in found)

    def dismiss(self, project: str, name: str) -> None:
        name = _name(name)
        with self._store.transaction() as sql:
            live_project(sql, project)
            sql.run("DELETE FROM dismissed_names WHERE project = ? AND name = ?", project, name)
            sql.insert("dismissed_names", {"project": project, "name": name})

    def bring_back(self, project: str, name: str) -> None:
        """A dismissed name may be suggested again."""
        with self._store.transaction() as sql:
            sql.run("DELETE FROM dismissed_names WHERE project = ? AND name = ?", project, name)

    def _set(self, sql: Sql, id: str, **values: object) -> None:
        values["updated_at"] = self._clock()
        columns = ", ".join(f"{name} = ?" for name in values)
        sql.run(f"UPDATE entries SET {columns} WHERE id = ?", *values.values(), id)


# --- checks ---


def _row(rows: Rows, id: str) -> dict[str, Any]:
    row = rows.first("SELECT * FROM entries WHERE id = ?", id)
    if row is None:
        raise NotFound(_GONE)
    return row


def _entry(row: dict[str, Any], notes: Sequence[dict[str, Any]]) -> BibleEntry:
    return BibleEntry(
        **{name: row[name] for name in ("id", "project", "kind", "name", "description", "updated_at", "deleted_at")},
        aliases=tuple(json.loads(row["aliases"])),
        notes=tuple(
            ChapterNote(note["chapter"], note["position"], bool(note["deleted"]), note["text"]) for note in notes
        ),
    )


def _kind(kind: str) -> EntryKind:
    for known in KINDS:
        if kind == known:
            return known
    raise BadInput(f"An entry is one of: {', '.join(KINDS)}.")


def _name(name: str) -> str:
    name = clean_title(name, "name")
    if not any(letter.isalnum() for letter in name):
        raise BadInput("A name is needed: at least one letter.")
    return name


def _aliases(aliases: Sequence[str], name: str) -> list[str]:
    cleaned = [_name(alias) for alias in aliases if alias.strip()]
    if len(cleaned) > MOST_ALIASES:
        raise BadInput(f"At most {MOST_ALIASES} other names fit into an entry.")
    return [alias for alias in dict.fromkeys(cleaned) if alias != name]
