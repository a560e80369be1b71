"""What the binder shows of its chapters, and where a moved chapter goes back to."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from storage.records import ChapterHead
from templora.meter import ChunkReport, MemoryReport, PassageState, nothing
from ui import binder_view

HEADS = [
    ChapterHead("a", "p", "Low Water", 0, 1284, 3, 0.0, status="draft", synopsis="The mud ‘moves’."),
    ChapterHead("b", "p", "Tide Tables", 1, 10, 1, 0.0),
    ChapterHead("c", "p", "Left out", 2, 10, 1, 0.0, learned=False),
]


def memory(*chunks: tuple[str, PassageState]) -> MemoryReport:
    report = nothing("current", "on", None)
    report.chunks.extend(ChunkReport(n, chapter, 5, None, None, state) for n, (chapter, state) in enumerate(chunks))
    return report


def test_chapters_are_listed_by_number_and_title() -> None:
    assert binder_view.choices(HEADS)[:2] == [("1 · Low Water", "a"), ("2 · Tide Tables", "b")]


def test_the_outline_carries_what_stands_beside_the_titles() -> None:
    first, second, _ = json.loads(binder_view.outline(HEADS))
    assert first == {
        "id": "a",
        "title": "Low Water",
        "words": 1284,
        "status": "Draft",
        "synopsis": "The mud ‘moves’.",
    }
    assert (second["status"], second["synopsis"]) == ("", "")


def test_a_dot_says_what_of_a_chapter_matters_most() -> None:
    def dots(*chunks: tuple[str, PassageState]) -> dict[str, str]:
        return json.loads(binder_view.dots(memory(*chunks), HEADS))

    assert dots() == {"a": "", "b": "", "c": "excluded"}
    assert dots(("a", "known"), ("a", "known"), ("b", "pending")) == {"a": "known", "b": "pending", "c": "excluded"}
    assert dots(("a", "known"), ("a", "pending"))["a"] == "pending"
    assert dots(("a", "pending"), ("a", "stale"), ("a", "known"))["a"] == "stale"
    assert dots(("a", "stale"), ("a", "learning"))["a"] == "learning"


def test_a_place_is_counted_without_the_chapter_that_moves() -> None:
    ids = ["a", "b", "c"]
    assert binder_view.place_before(ids, "a", "c") == 1
    assert binder_view.place_before(ids, "c", "a") == 0
    assert binder_view.place_before(ids, "a", "") == 2
    assert binder_view.place_before(ids, "a", "gone") is None


def moved(ids: list[str], chapter: str, place: int) -> list[str]:
    others = [id for id in ids if id != chapter]
    return [*others[:place], chapter, *others[place:]]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12))
def test_taking_moves_back_one_by_one_leads_through_every_order_to_the_first(moves: list[tuple[int, int]]) -> None:
    ids, notes, orders = list("abcde"), "", list[list[str]]()
    for which, place in moves:
        orders.append(ids)
        notes = binder_view.noted(notes, ids, ids[which])
        ids = moved(ids, ids[which], place)
    for order in reversed(orders):
        chapter, place, notes = binder_view.last_move(notes, ids)
        ids = moved(ids, chapter, place)
        assert ids == order
    assert notes == "" and binder_view.last_move(notes, ids) == ("", 0, "")


def test_what_a_deleted_chapter_was_moved_from_is_passed_over() -> None:
    notes = binder_view.noted("", ["a", "b", "c"], "a")
    notes = binder_view.noted(notes, ["b", "a", "c"], "b")
    assert binder_view.last_move(notes, ["a", "c"]) == ("a", 0, "")
    assert binder_view.last_move(notes, ["c"]) == ("", 0, "")


def test_only_so_many_moves_are_kept() -> None:
    notes = ""
    for _ in range(binder_view.KEPT_MOVES + 5):
        notes = binder_view.noted(notes, ["a", "b"], "a")
    assert len(json.loads(notes)) == binder_view.KEPT_MOVES
