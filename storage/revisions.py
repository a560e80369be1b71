"""The rows of a chapter's revisions. The newest holds its text; each older one what turns the next newer into it.

What is packed that way is text and runs in one string, the *body*: the runs of a chapter that was accepted from many
takes are as long as some chapters, and change as little. Rows from before there were deltas hold their text too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from storage import deltas
from storage.database import Sql
from storage.provenance import Match, common_ends
from storage.records import RevisionKind, Run, Span
from templora.errors import NotFound, RevisionDamaged

log = logging.getLogger(__name__)

NO_CHAPTER = "There is no such chapter; it may have been deleted."


class Reader(Protocol):
    """A database, or a copy of one."""

    def all(self, sql: str, *values: object) -> list[dict[str, Any]]: ...


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
    body: str
    """Runs and text as they are stored."""


def typed(text: str) -> State:
    """A text that is the writer's from end to end."""
    return State(text, [Run(len(text), None)])


# --- out ---


def newest(rows: Reader, chapter: str) -> Revision:
    """Raises `NotFound`."""
    found = rows.all(
        """SELECT chapter, number, kind, name, began_at, created_at, excluded, runs, text FROM revisions
           WHERE chapter = ? ORDER BY number DESC LIMIT 1""",
        chapter,
    )
    if not found:
        raise NotFound(NO_CHAPTER)
    [row] = found
    excluded, body = load_spans(row.pop("excluded")), _body(row.pop("runs"), row.pop("text"))
    return Revision(**row, state=_state(body, excluded), body=body)


def read(rows: Reader, chapter: str, number: int) -> State:
    """What one revision holds. Raises `NotFound`, also where it has been folded or thinned out; `RevisionDamaged`."""
    whole = "SELECT min(number) FROM revisions WHERE chapter = ? AND number >= ? AND packed IS NULL"
    chain = f"SELECT * FROM revisions WHERE chapter = ? AND number >= ? AND number <= ({whole}) ORDER BY number DESC"
    for row, body in _unpacked(rows.all(chain, chapter, number, chapter, number)):
        if row["number"] == number:
            if row["packed"] is not None:
                deltas.check(body, row["packed"])
            return _state(body, load_spans(row["excluded"]))
    if not rows.all("SELECT 1 FROM revisions WHERE chapter = ? LIMIT 1", chapter):
        raise NotFound(NO_CHAPTER)
    raise missing(number)


def missing(number: int) -> NotFound:
    return NotFound(f"There is no revision {number} of this chapter.")


def length(rows: Reader, chapter: str, number: int) -> int | None:
    """How many code points one revision has; None where it has been folded or thinned out. Raises `RevisionDamaged`."""
    found = rows.all(
        "SELECT length(text) AS whole, packed FROM revisions WHERE chapter = ? AND number = ?", chapter, number
    )
    if not found:
        return None
    return found[0]["whole"] if found[0]["packed"] is None else len(read(rows, chapter, number).text)


# --- in ---


def first(sql: Sql, chapter: str, kind: RevisionKind, state: State, now: float) -> None:
    """Store revision 1 of a chapter."""
    _insert(sql, chapter, 1, kind, state, now, now)


def push(sql: Sql, last: Revision, kind: RevisionKind, state: State, kept: Sequence[Match], now: float) -> int:
    """Store a revision on top of the newest, `last`, of whose text it has `kept`; returns its number."""
    body = _body(_dump_runs(state.runs), state.text)
    packed = deltas.pack(last.body, body, _with_runs(last.body, body, kept))
    _repack(sql, last.chapter, last.number, packed)
    _insert(sql, last.chapter, last.number + 1, kind, state, now, now)
    return last.number + 1


def fold(sql: Sql, last: Revision, state: State, kept: Sequence[Match], now: float) -> int:
    """Store an autosave in place of the newest revision, `last`, under the next number, which is returned."""
    before = sql.first(
        "SELECT number, packed FROM revisions WHERE chapter = ? AND number < ? ORDER BY number DESC LIMIT 1",
        last.chapter,
        last.number,
    )
    if before and before["packed"] is not None:
        body = _body(_dump_runs(state.runs), state.text)
        try:
            older = deltas.unpack(last.body, before["packed"])
            deltas.check(older, before["packed"])
            through = deltas.through(deltas.kept(before["packed"]), _with_runs(last.body, body, kept))
        except RevisionDamaged:
            # Nothing may keep a text from being saved. The damaged one stays as it is.
            return push(sql, last, last.kind, state, kept, now)
        plain = _with_runs(older, body, ends(older[_lead(older) :], state.text))
        best = max(through, plain, key=lambda matches: sum(length for _, _, length in matches))
        _repack(sql, last.chapter, before["number"], deltas.pack(older, body, best))
    sql.run("DELETE FROM revisions WHERE chapter = ? AND number = ?", last.chapter, last.number)
    _insert(sql, last.chapter, last.number + 1, last.kind, state, last.began_at, now)
    return last.number + 1


def set_excluded(sql: Sql, revision: Revision, excluded: Sequence[Span]) -> None:
    """Change what of a revision the memory leaves out: it is no text, so it makes no revision."""
    stored = _dump(excluded)
    sql.run(
        "UPDATE revisions SET excluded = ? WHERE chapter = ? AND number = ?", stored, revision.chapter, revision.number
    )


def drop(sql: Sql, chapter: str, numbers: Collection[int]) -> None:
    """Delete revisions that are not the newest; the others stay readable. Raises `RevisionDamaged`."""
    newer = ""  # the body of the next newer one that stays
    link: list[Match] = []  # what the one in hand shares with it
    parted = False  # has one between them been deleted?
    for row, body in _unpacked(sql.all(_ALL, chapter)):
        packed = row["packed"]
        link = [] if packed is None else deltas.through(deltas.kept(packed), link)
        if row["number"] in numbers:
            sql.run("DELETE FROM revisions WHERE chapter = ? AND number = ?", chapter, row["number"])
            parted = True
            continue
        if packed is not None and parted:
            deltas.check(body, packed)
            _repack(sql, chapter, row["number"], deltas.pack(body, newer, link))
        if row["number"] < min(numbers, default=0):
            break
        newer, link, parted = body, [(0, 0, len(body))], False


def copy(source: Reader, sql: Sql, chapter: str, into: str, takes: Mapping[str, str]) -> None:
    """Copy the revisions of a chapter of `source` to a new one. `takes`: the new ids of the takes that wrote of them.

    What cannot be unpacked is left behind, with all that is older.
    """
    was = now = ""  # the body of the next newer revision, in the source and in the copy
    try:
        for row, body in _unpacked(source.all(_ALL, chapter)):
            packed = row["packed"]
            if packed is not None:
                deltas.check(body, packed)
            state = _state(body, ())
            runs = _dump_runs(Run(run.length, takes.get(run.take or "", run.take)) for run in state.runs)
            copied = _body(runs, state.text)
            if packed is None:
                changed = {"runs": runs}
            else:
                kept = _in_text(body, was, deltas.kept(packed))
                changed = {"packed": deltas.pack(copied, now, _with_runs(copied, now, kept))}
            sql.insert("revisions", {**row, "chapter": into, **changed})
            was, now = body, copied
    except RevisionDamaged as error:
        log.warning("the history of a chapter is not copied to its beginning: %s", error.message)


# --- parts ---

_ALL = "SELECT * FROM revisions WHERE chapter = ? ORDER BY number DESC"


def _unpacked(rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Rows with their bodies, from one that is whole down. The bodies are not checked."""
    body = ""
    for row in rows:
        whole = row["packed"] is None
        body = _body(row["runs"], row["text"]) if whole else deltas.unpack(body, row["packed"])
        yield row, body


def close(sql: Sql, chapter: str, number: int) -> None:
    """No later autosave folds into this revision: its first one counts as made long ago."""
    sql.run("UPDATE revisions SET began_at = 0 WHERE chapter = ? AND number = ?", chapter, number)


def _insert(sql: Sql, chapter: str, number: int, kind: RevisionKind, state: State, began_at: float, now: float) -> None:
    row: dict[str, object] = {
        "chapter": chapter,
        "number": number,
        "kind": kind,
        "words": len(state.text.split()),
        "began_at": began_at,
        "created_at": now,
        "excluded": _dump(state.excluded),
        "runs": _dump_runs(state.runs),
        "text": state.text,
    }
    sql.insert("revisions", row)


def _repack(sql: Sql, chapter: str, number: int, packed: bytes) -> None:
    sql.run(
        "UPDATE revisions SET packed = ?, runs = '', text = '' WHERE chapter = ? AND number = ?",
        packed,
        chapter,
        number,
    )


def _body(runs: str, text: str) -> str:
    return f"{runs}\n{text}"


def _lead(body: str) -> int:
    """Where the text begins in a body."""
    return body.index("\n") + 1


def _state(body: str, excluded: tuple[Span, ...]) -> State:
    lead = _lead(body)
    return State(body[lead:], load_runs(body[:lead]), excluded)


def _with_runs(older: str, newer: str, kept: Iterable[Match]) -> list[Match]:
    """What two bodies share where `kept` is what their texts share: of the runs both ends."""
    lead_older, lead_newer = _lead(older), _lead(newer)
    runs = ends(older[:lead_older], newer[:lead_newer])
    return deltas.joined([*runs, *((a + lead_older, b + lead_newer, length) for a, b, length in kept)])


def _in_text(older: str, newer: str, kept: Iterable[Match]) -> Iterator[Match]:
    """What two texts share where `kept` is what their bodies share."""
    lead_older, lead_newer = _lead(older), _lead(newer)
    for a, b, length in kept:
        inside = max(0, lead_older - a, lead_newer - b)
        if inside < length:
            yield a + inside - lead_older, b + inside - lead_newer, length - inside


def ends(older: str, newer: str) -> list[Match]:
    """What two texts share at their start and at their end."""
    head, tail = common_ends(older, newer)
    return [(0, 0, head), (len(older) - tail, len(newer) - tail, tail)]


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _dump_runs(runs: Iterable[Run]) -> str:
    return _dump([[run.length, run.take] for run in runs if run.length])


def load_runs(stored: str) -> list[Run]:
    return [Run(length, take) for length, take in json.loads(stored)]


def load_spans(stored: str) -> tuple[Span, ...]:
    return tuple((start, end) for start, end in json.loads(stored))
