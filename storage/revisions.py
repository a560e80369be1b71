"""The rows of a chapter's revisions: read, put on top of one another, folded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from storage.database import Rows, Sql
from storage.records import RevisionKind, Run, Span
from templora.errors import NotFound

NO_CHAPTER = "There is no such chapter; it may have been deleted."


@dataclass(frozen=True)
class State:
    """What a revision holds: a text, whose it is, and what of it the memory leaves out."""

    text: str
    runs: Sequence[Run]
    excluded: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Revision:
    """`began_at`: when the first of the autosaves that were folded into this one was made (Unix seconds)."""

    chapter: str
    number: int
    kind: RevisionKind
    name: str | None
    began_at: float
    created_at: float
    state: State


def typed(text: str) -> State:
    """A text that is the writer's from end to end."""
    return State(text, [Run(len(text), None)])


def newest(rows: Rows, chapter: str) -> Revision:
    """Raises `NotFound`."""
    row = rows.first(
        """SELECT chapter, number, kind, name, began_at, created_at, excluded, runs, text FROM revisions
           WHERE chapter = ? ORDER BY number DESC LIMIT 1""",
        chapter,
    )
    if row is None:
        raise NotFound(NO_CHAPTER)
    state = State(row.pop("text"), load_runs(row.pop("runs")), load_spans(row.pop("excluded")))
    return Revision(**row, state=state)


def read(rows: Rows, chapter: str, number: int) -> State:
    """What one revision holds. Raises `NotFound`, also where it has been folded or thinned out."""
    row = rows.first("SELECT excluded, runs, text FROM revisions WHERE chapter = ? AND number = ?", chapter, number)
    if row is None:
        if rows.first("SELECT 1 FROM revisions WHERE chapter = ?", chapter) is None:
            raise NotFound(NO_CHAPTER)
        raise NotFound(f"There is no revision {number} of this chapter.")
    return State(row["text"], load_runs(row["runs"]), load_spans(row["excluded"]))


def first(sql: Sql, chapter: str, kind: RevisionKind, state: State, now: float) -> None:
    """Store revision 1 of a chapter."""
    _insert(sql, Revision(chapter, 1, kind, None, now, now, state))


def push(sql: Sql, last: Revision, kind: RevisionKind, state: State, now: float) -> int:
    """Store a revision on top of the newest, `last`; returns its number."""
    number = last.number + 1
    _insert(sql, Revision(last.chapter, number, kind, None, now, now, state))
    return number


def fold(sql: Sql, last: Revision, state: State, now: float) -> int:
    """Store an autosave in place of the newest revision, `last`, under the next number, which is returned."""
    sql.run("DELETE FROM revisions WHERE chapter = ? AND number = ?", last.chapter, last.number)
    number = last.number + 1
    _insert(sql, Revision(last.chapter, number, last.kind, last.name, last.began_at, now, state))
    return number


def set_excluded(sql: Sql, revision: Revision, excluded: Sequence[Span]) -> None:
    """Change what of a revision the memory leaves out: it is no text, so it makes no revision."""
    stored = json.dumps(excluded)
    sql.run(
        "UPDATE revisions SET excluded = ? WHERE chapter = ? AND number = ?", stored, revision.chapter, revision.number
    )


def load_runs(stored: str) -> list[Run]:
    return [Run(length, take) for length, take in json.loads(stored)]


def load_spans(stored: str) -> tuple[Span, ...]:
    return tuple((start, end) for start, end in json.loads(stored))


def _insert(sql: Sql, revision: Revision) -> None:
    state = revision.state
    sql.insert(
        "revisions",
        {
            "chapter": revision.chapter,
            "number": revision.number,
            "kind": revision.kind,
            "name": revision.name,
            "words": len(state.text.split()),
            "began_at": revision.began_at,
            "created_at": revision.created_at,
            "excluded": json.dumps(state.excluded),
            "runs": json.dumps([[run.length, run.take] for run in state.runs if run.length]),
            "text": state.text,
        },
    )
