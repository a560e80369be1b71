"""What is shown of comments. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from templora.tools import Comment

QUOTED = 60
"""Characters shown of a passage."""


def choices(comments: Sequence[Comment], titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """(label, id): what it says, then its passage. `titles`: of chapters, where those of several are listed."""
    return [(_label(comment, titles.get(comment.chapter)), comment.id) for comment in comments]


def none(todos: bool) -> str:
    return "Nothing to do." if todos else "No comments yet. Select a passage and write what you think of it."


def _label(comment: Comment, title: str | None) -> str:
    mark = "✓ " if comment.resolved_at is not None else "☐ " if comment.kind == "todo" else ""
    quote = " ".join(comment.quote.split())
    short = quote if len(quote) <= QUOTED else quote[:QUOTED].rsplit(" ", 1)[0] + " …"
    where = f"“{short}”" if short else ""
    if comment.start is None:
        where = f"no longer in the text{': ' if where else ''}{where}"
    return f"{mark}{comment.body}\n{f'{title} · ' if title else ''}{where}"
