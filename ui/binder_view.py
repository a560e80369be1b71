"""What the binder shows, from the Studio's data. Pure, as `ui.view` is."""

from __future__ import annotations

import json
from collections.abc import Sequence

from storage.records import ChapterHead, ChapterStatus
from templora.meter import MemoryReport

STATUSES: dict[ChapterStatus, str] = {
    "": "No status",
    "outline": "Outline",
    "draft": "Draft",
    "revised": "Revised",
    "done": "Done",
}
KEPT_MOVES = 20
"""How many moves of chapters can be taken back."""


def choices(heads: Sequence[ChapterHead]) -> list[tuple[str, str]]:
    """(label, id) for the list; the page's script sets what changes while one writes beside them."""
    return [(f"{number} · {head.title}", head.id) for number, head in enumerate(heads, 1)]


def outline(heads: Sequence[ChapterHead]) -> str:
    """What the page's script knows of the chapters, in order, as JSON."""
    rows = [
        {
            "id": head.id,
            "title": head.title,
            "words": head.words,
            "status": STATUSES[head.status] if head.status else "",
            "synopsis": head.synopsis,
        }
        for head in heads
    ]
    return json.dumps(rows, ensure_ascii=False)


def dots(report: MemoryReport, heads: Sequence[ChapterHead]) -> str:
    """What the memory knows of each chapter, as JSON: the state of its passages that has most to say."""
    states: dict[str, set[str]] = {}
    for chunk in report.chunks:
        states.setdefault(chunk.chapter, set()).add(chunk.state)
    return json.dumps({head.id: _dot(head, states.get(head.id, set())) for head in heads})


def _dot(head: ChapterHead, states: set[str]) -> str:
    if not head.learned:
        return "excluded"
    return next((state for state in ("learning", "stale", "pending", "known") if state in states), "")


# --- the order of the chapters, and taking a change of it back -------------------------------------------------------


def place_before(ids: Sequence[str], chapter: str, before: str) -> int | None:
    """The place of `chapter` among the others when it stands before `before` ('': last); None where it is not there."""
    others = [id for id in ids if id != chapter]
    if not before:
        return len(others)
    return others.index(before) if before in others else None


def noted(moves: str, ids: Sequence[str], chapter: str) -> str:
    """`moves` with where `chapter` stands now, so that it can go back there."""
    index = ids.index(chapter)
    before = ids[index + 1] if index + 1 < len(ids) else ""
    return json.dumps([*_moves(moves), [chapter, before, index]][-KEPT_MOVES:])


def last_move(moves: str, ids: Sequence[str]) -> tuple[str, int, str]:
    """(chapter, where it stood, the moves before that one); ('', 0, '') where none is left to take back.

    Moves of chapters that are gone are passed over.
    """
    left = _moves(moves)
    while left:
        chapter, before, index = left.pop()
        if chapter in ids:
            place = place_before(ids, chapter, before)
            return chapter, min(index, len(ids) - 1) if place is None else place, json.dumps(left) if left else ""
    return "", 0, ""


def moved_line(title: str, number: int) -> str:
    return f"‘{title}’ is chapter {number} now."


def _moves(moves: str) -> list[tuple[str, str, int]]:
    return json.loads(moves) if moves else []
