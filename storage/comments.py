"""Comments and to-dos on passages. They are no part of the book: neither exported nor learnt nor shown to the model.

A comment knows its passage by its place in a revision and by its words. It follows every edit; where its passage is
gone it is kept without a place, and has its place back when the words come back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from storage import anchors, revisions
from storage.chapters import project_of
from storage.checks import clean_note, new_id, passage
from storage.database import Sql, Store
from storage.provenance import Match
from storage.records import Span
from templora.errors import BadInput, Conflict, NotFound

CommentKind = Literal["comment", "todo"]
LONGEST = 5000
QUOTE = 2000
"""Code points of a passage that are kept to find it again."""

_COLUMNS = """comments.id, comments.project, chapter, kind, revision, start, "end", created_at, resolved_at, quote,
    body"""


@dataclass(frozen=True)
class Comment:
    """`[start, end)`: its passage in revision `revision`, in code points; None where that is no longer in the text.
    `quote`: the passage's words, as they were last."""

    id: str
    project: str
    chapter: str
    kind: CommentKind
    revision: int
    start: int | None
    end: int | None
    created_at: float
    resolved_at: float | None
    quote: str
    body: str


class Comments:
    """Reads and writes the database of a `Store`. All methods may be called from any thread."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def of_chapter(self, chapter: str) -> list[Comment]:
        """In the order of the text, those without a place last."""
        with self._store.read() as rows:
            found = rows.all(
                f"SELECT {_COLUMNS} FROM comments WHERE chapter = ? AND deleted_at IS NULL "
                "ORDER BY start IS NULL, start, created_at",
                chapter,
            )
        return [Comment(**row) for row in found]

    def of_book(self, project: str) -> list[Comment]:
        """Those of its chapters that are not deleted, in their order."""
        with self._store.read() as rows:
            found = rows.all(
                f"""SELECT {_COLUMNS} FROM comments JOIN chapters ON chapters.id = comments.chapter
                    WHERE comments.project = ? AND comments.deleted_at IS NULL AND chapters.deleted_at IS NULL
                    ORDER BY chapters.position, start IS NULL, start, created_at""",
                project,
            )
        return [Comment(**row) for row in found]

    def comment(self, id: str) -> Comment:
        """Raises `NotFound`, for one that was deleted too."""
        with self._store.read() as rows:
            row = rows.first(f"SELECT {_COLUMNS} FROM comments WHERE id = ? AND deleted_at IS NULL", id)
        if row is None:
            raise NotFound("There is no such comment; it may have been deleted.")
        return Comment(**row)

    def add(self, chapter: str, base_revision: int, span: Span, body: str, kind: CommentKind = "comment") -> Comment:
        """A comment on a passage of revision `base_revision`. Raises `Conflict`, `NotFound`, `BadInput`."""
        body = _body(body)
        with self._store.transaction() as sql:
            project = project_of(sql, chapter)
            last = revisions.newest(sql, chapter)
            if base_revision != last.number:
                raise Conflict("The chapter has changed. Select the passage again.", last.number, last.state.text)
            start, end = passage(last.state.text, span, "Select the passage that the comment is about first.")
            id = new_id()
            row = {"id": id, "project": project, "chapter": chapter, "kind": kind, "revision": last.number}
            place = {"start": start, "end": end, "quote": last.state.text[start:end][:QUOTE]}
            sql.insert("comments", {**row, **place, "created_at": self._clock(), "body": body})
            return self.comment(id)

    def change(
        self, id: str, body: str | None = None, kind: CommentKind | None = None, resolved: bool | None = None
    ) -> Comment:
        """Raises `NotFound`, `BadInput`."""
        values: dict[str, object] = {}
        if body is not None:
            values["body"] = _body(body)
        if kind is not None:
            values["kind"] = kind
        if resolved is not None:
            values["resolved_at"] = self._clock() if resolved else None
        with self._store.transaction() as sql:
            self.comment(id)
            for name, value in values.items():
                sql.run(f"UPDATE comments SET {name} = ? WHERE id = ?", value, id)
            return self.comment(id)

    def delete(self, id: str) -> None:
        """`restore` brings it back until it is purged. Deleting it again changes nothing."""
        with self._store.transaction() as sql:
            sql.run("UPDATE comments SET deleted_at = ? WHERE id = ?", self._clock(), id)

    def restore(self, id: str) -> Comment:
        """Raises `NotFound`."""
        with self._store.transaction() as sql:
            sql.run("UPDATE comments SET deleted_at = NULL WHERE id = ?", id)
            return self.comment(id)


# --- told by those who change the text ---


def follow(sql: Sql, chapter: str, revision: int, text: str, kept: Sequence[Match], known: Mapping[str, Span]) -> None:
    """The chapter's text is now `text`, with `kept` of the one before. `known`: places that the editor has mapped."""
    for row in sql.all('SELECT id, start, "end", quote FROM comments WHERE chapter = ?', chapter):
        if row["start"] is None:
            span = anchors.sought(text, row["quote"], 0, kept)
        else:
            span = _fitting(known.get(row["id"]), text)
            span = span or anchors.moved((row["start"], row["end"]), row["quote"], kept, text)
        _place(sql, row["id"], chapter, revision, span, text)


def split(sql: Sql, chapter: str, text: str, into: str, end: int, start: int, revision: int) -> None:
    """What lies after `start` of the chapter's `text` went to a new chapter, `into`; what lies before `end` stays."""
    before, after = text[:end], text[start:]
    for row in sql.all('SELECT id, start, "end" FROM comments WHERE chapter = ? AND start NOT NULL', chapter):
        low, high = row["start"], row["end"]
        if high - start > end - low:  # more of it is in the new one
            _place(sql, row["id"], into, 1, (max(low, start) - start, high - start), after)
        else:
            _place(sql, row["id"], chapter, revision, (min(low, end - 1), min(high, end)), before)


def move(sql: Sql, chapter: str, into: str, revision: int, text: str, by: int) -> None:
    """All comments of a chapter go to another one, whose text is `text`, `by` code points further on."""
    for row in sql.all('SELECT id, start, "end" FROM comments WHERE chapter = ?', chapter):
        span = None if row["start"] is None else _fitting((max(0, row["start"] + by), row["end"] + by), text)
        _place(sql, row["id"], into, revision, span, text)


# --- parts ---


def _place(sql: Sql, id: str, chapter: str, revision: int, span: Span | None, text: str) -> None:
    """Without a place it keeps the words that it had."""
    sql.run(
        """UPDATE comments SET chapter = ?, revision = ?, start = ?, "end" = ?, quote = coalesce(?, quote)
           WHERE id = ?""",
        *(chapter, revision),
        *(span or (None, None)),
        text[slice(*span)][:QUOTE] if span else None,
        id,
    )


def _fitting(span: Span | None, text: str) -> Span | None:
    return span if span and 0 <= span[0] < span[1] <= len(text) and text[slice(*span)].strip() else None


def _body(body: str) -> str:
    body = clean_note(body, LONGEST, "comment")
    if not body:
        raise BadInput("Write the comment first.")
    return body
