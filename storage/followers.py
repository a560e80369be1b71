"""What is told in the transaction of each edit of a text: comments, which follow their passages, and words written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from storage import comments, written
from storage.database import Sql
from storage.provenance import Match
from storage.records import Span
from storage.revisions import Revision


def edited(
    sql: Sql,
    project: str,
    last: Revision,
    text: str,
    kept: Sequence[Match],
    number: int,
    now: float,
    anchors: Mapping[str, Span] | None = None,
) -> None:
    """The writer has made `text` of `last`, of which it has `kept`. `anchors`: from the editor."""
    written.note(sql, project, last.chapter, last.state.text, now)
    comments.follow(sql, last.chapter, number, text, kept, anchors or {})


def rewritten(
    sql: Sql, project: str, last: Revision, text: str, kept: Sequence[Match], number: int, now: float
) -> None:
    """As `edited`, where nobody wrote: what is new was brought back, or replaced throughout."""
    written.rebase(sql, project, last.chapter, last.state.text, text, now)
    comments.follow(sql, last.chapter, number, text, kept, {})


def split(sql: Sql, last: Revision, into: str, end: int, start: int, number: int) -> None:
    """Of the text of `last` what lies before `end` stays, as revision `number`; what lies after `start` went to a new
    chapter."""
    written.split(sql, last.chapter, into)
    comments.split(sql, last.chapter, last.state.text, into, end, start, number)


def merged(
    sql: Sql, last: Revision, other: Revision, text: str, kept: Sequence[Match], by: int, number: int, now: float
) -> None:
    """The text of `other` was put behind that of `last`, `by` code points further on; revision `number` holds both."""
    written.merge(sql, last, other, now)
    comments.follow(sql, last.chapter, number, text, kept, {})
    comments.move(sql, other.chapter, last.chapter, number, text, by)
