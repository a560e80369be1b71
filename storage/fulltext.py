"""Full-text search: an FTS5 index of the newest text of each chapter, and of its title.

It is a copy, and what a copy costs (time, room on the disk, the risk of a damaged page) may not stand in the way of the
text. So saving does not touch it: each search first brings it up to date, by the numbers of the revisions. Where it is
damaged it is made anew, and what is purged empties it.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlite_utils.utils import sqlite3  # pyright: ignore[reportPrivateImportUsage]

from storage.database import Rows, Sql, Store
from storage.faults import is_damage
from storage.records import Span
from storage.snippets import Snippet, snippet
from templora.errors import NotFound

log = logging.getLogger(__name__)

TABLE = """CREATE VIRTUAL TABLE fulltext USING fts5(title, body, tokenize = 'unicode61 remove_diacritics 2')"""
PASSAGES = 5
"""Shown of one chapter."""
MOST = 100
"""Passages shown of a book."""

_TERM = re.compile(r'["“”„«»]([^"“”„«»]*)["“”„«»]?|(\S+)')
_WORD = re.compile(r"\w")
_STALE = """SELECT chapters.id FROM chapters LEFT JOIN indexed ON indexed.chapter = chapters.id
    WHERE project = ? AND (indexed.title IS NOT chapters.title OR indexed.revision IS NOT
        (SELECT max(number) FROM revisions WHERE chapter = chapters.id))"""
_FOUND = """SELECT chapters.id, chapters.title, chapters.position, chapters.deleted_at IS NOT NULL AS deleted,
        highlight(fulltext, 0, ?, ?) AS heading, highlight(fulltext, 1, ?, ?) AS text
    FROM fulltext JOIN indexed ON indexed.number = fulltext.rowid JOIN chapters ON chapters.id = indexed.chapter
    WHERE fulltext MATCH ? AND chapters.project = ?
    ORDER BY deleted, bm25(fulltext, 8.0, 1.0), chapters.position"""


@dataclass(frozen=True)
class Found:
    """What was found in one chapter. `title_marks`: in code points of its title. `count`: how many places its text
    has; `passages`: the best of them, in the order of the text."""

    chapter: str
    title: str
    position: int
    deleted: bool
    title_marks: tuple[Span, ...]
    count: int
    passages: tuple[Snippet, ...]


def expression(query: str) -> str:
    """What FTS5 is asked for a query as people write it: all its words, phrases in quotes, `lamp*` for words that begin
    so. The last word may still be incomplete. '' where it has no word."""
    terms: list[str] = []
    for match in _TERM.finditer(query):
        phrase, word = match.groups()
        term = phrase if word is None else word
        if _WORD.search(term):
            quoted = '"' + term.rstrip("*").replace('"', "") + '"'
            typing = word is not None and match.end() == len(query)
            terms.append(quoted + ("*" if term.endswith("*") or typing else ""))
    return " ".join(terms)


class FullText:
    """Searches the database of a `Store`. All methods may be called from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def search(self, project: str, query: str, deleted: bool = False) -> list[Found]:
        """Where a book says it, the best chapters first; with `deleted` in its deleted chapters too, which come last.

        Raises `NotFound`.
        """
        asked = expression(query)
        with self._store.transaction() as sql:
            if sql.first("SELECT 1 FROM projects WHERE id = ?", project) is None:
                raise NotFound("There is no such book; it may have been deleted.")
            try:
                return _searched(sql, project, asked, deleted)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                log.warning("the search index is damaged, and is made anew")
                empty(sql)
                return _searched(sql, project, asked, deleted)

    def scrub(self) -> None:
        """Leave no word in the index; the next search makes it anew."""
        with self._store.transaction() as sql:
            empty(sql)
        self._store.scrub()


def empty(sql: Sql) -> None:
    """An index without a word: what it held of texts that are gone is gone too."""
    sql.run("DROP TABLE fulltext")
    sql.run(TABLE)
    sql.run("DELETE FROM indexed")


def _searched(sql: Sql, project: str, asked: str, deleted: bool) -> list[Found]:
    for row in sql.all(_STALE, project):
        _index(sql, row["id"])
    return list(_found(sql, project, asked, deleted)) if asked else []


def _index(sql: Sql, chapter: str) -> None:
    row = sql.first(
        """SELECT chapters.title, revisions.number, text, indexed.number AS place FROM chapters
           JOIN revisions ON revisions.chapter = chapters.id LEFT JOIN indexed ON indexed.chapter = chapters.id
           WHERE chapters.id = ? ORDER BY revisions.number DESC LIMIT 1""",
        chapter,
    )
    assert row is not None
    place = row["place"]
    if place is not None:
        sql.run("DELETE FROM fulltext WHERE rowid = ?", place)
        sql.run("DELETE FROM indexed WHERE number = ?", place)
    place = sql.insert("indexed", {"chapter": chapter, "revision": row["number"], "title": row["title"]})
    sql.insert("fulltext", {"rowid": place, "title": row["title"], "body": row["text"]})


def _found(rows: Rows, project: str, asked: str, deleted: bool) -> Iterator[Found]:
    # Marks that no text has: whoever writes a text cannot know them.
    opening, closing = f"\x02{secrets.token_hex(8)}\x02", f"\x03{secrets.token_hex(8)}\x03"
    left = MOST
    for row in rows.all(_FOUND, *(opening, closing) * 2, asked, project):
        if (row["deleted"] and not deleted) or left <= 0:
            continue
        title, title_marks = _unmarked(row["heading"], opening, closing)
        text, places = _unmarked(row["text"], opening, closing)
        passages = _best(text, places)
        left -= max(1, len(passages))
        yield Found(
            row["id"], title, row["position"], bool(row["deleted"]), tuple(title_marks), len(places), tuple(passages)
        )


def _unmarked(marked: str, opening: str, closing: str) -> tuple[str, list[Span]]:
    """A text without its marks, and where they were."""
    places: list[Span] = []
    first, *rest = marked.split(opening)
    parts = [first]
    at = len(first)
    for piece in rest:
        inside, _, outside = piece.partition(closing)
        places.append((at, at + len(inside)))
        parts += [inside, outside]
        at += len(inside) + len(outside)
    return "".join(parts), places


def _best(text: str, places: list[Span]) -> list[Snippet]:
    """One snippet a paragraph, of those paragraphs that have most of the different words that were asked for."""
    paragraphs: dict[int, list[Span]] = defaultdict(list)
    for start, end in places:
        paragraphs[text.rfind("\n", 0, start)].append((start, end))

    def different(spans: list[Span]) -> int:
        return len({text[start:end].casefold() for start, end in spans})

    best = sorted(paragraphs.items(), key=lambda item: (-different(item[1]), item[0]))[:PASSAGES]
    return [snippet(text, spans) for _, spans in sorted(best)]
