"""Chapters are split and merged: every word, its author and what is left out go along, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from storage import revisions
from storage.manuscripts import Manuscripts
from storage.records import Accepted, Chapter, Project, Run
from templora.errors import BadInput, Conflict, NotFound

TEXT = "The first part of it.\n\nThe second part."


@pytest.fixture
def chapter(manuscripts: Manuscripts, book: Project) -> Chapter:
    chapter = manuscripts.add_chapter(book.id, "One", TEXT)
    manuscripts.add_chapter(book.id, "Last", "The end.")
    return chapter


def take(manuscripts: Manuscripts, chapter: str, start: int, length: int) -> str:
    """A take, accepted over what stands at `start`."""
    current = manuscripts.chapter(chapter)
    id = manuscripts.start_takes(
        1, current.project, chapter, "continue", current.revision, start, start, None, "starter", None, "{}"
    )[0].id
    manuscripts.save(chapter, current.revision, current.text, [Accepted(id, start, length)])
    return id


def texts(manuscripts: Manuscripts, book: Project) -> list[tuple[str, str]]:
    found = manuscripts.texts(book.id)
    assert [chapter.position for chapter in found] == list(range(len(found)))
    return [(chapter.title, chapter.text) for chapter in found]


def left_out(manuscripts: Manuscripts, id: str) -> list[str]:
    chapter = manuscripts.chapter(id)
    return [chapter.text[a:b] for a, b in chapter.excluded]


@pytest.mark.parametrize("at", [21, 22, 23, 25])  # before, in and after the blank line; inside the next word
def test_a_chapter_is_split_between_words(
    manuscripts: Manuscripts, chapter: Chapter, book: Project, at: int, clock: Any
) -> None:
    clock.now += 50
    added = manuscripts.split_chapter(chapter.id, 1, at, " Two ")
    assert added == manuscripts.chapter(added.id)
    assert (added.revision, added.updated_at) == (1, clock.now)
    assert texts(manuscripts, book) == [
        ("One", "The first part of it."),
        ("Two", "The second part."),
        ("Last", "The end."),
    ]
    assert manuscripts.chapter(chapter.id).revision == 2
    assert manuscripts.revision_text(chapter.id, 1) == TEXT
    assert manuscripts.project(book.id).updated_at == clock.now


@pytest.mark.parametrize(
    ("at", "title"), [(0, "Two"), (2, "Two"), (len(TEXT), "Two"), (-1, "Two"), (99, "Two"), (21, "")]
)
def test_a_split_needs_text_on_both_sides_and_a_title(
    manuscripts: Manuscripts, chapter: Chapter, book: Project, at: int, title: str
) -> None:
    with pytest.raises(BadInput):
        manuscripts.split_chapter(chapter.id, 1, at, title)
    assert len(manuscripts.chapters(book.id)) == 2 and manuscripts.chapter(chapter.id) == chapter


def test_authors_and_left_out_passages_go_along_and_come_back(manuscripts: Manuscripts, chapter: Chapter) -> None:
    id = take(manuscripts, chapter.id, 16, 15)  # " it.\n\nThe secon" but for its first letters
    before = manuscripts.runs(chapter.id)
    manuscripts.exclude(chapter.id, 2, 4, 9, True)
    manuscripts.exclude(chapter.id, 2, 27, 33, True)
    added = manuscripts.split_chapter(chapter.id, 2, 22, "Two")
    assert manuscripts.runs(chapter.id) == [Run(16, None), Run(5, id)]
    assert manuscripts.runs(added.id) == [Run(8, id), Run(8, None)]
    assert (left_out(manuscripts, chapter.id), left_out(manuscripts, added.id)) == (["first"], ["second"])
    manuscripts.merge_chapter(chapter.id, 3)
    assert manuscripts.chapter(chapter.id).text == TEXT
    assert left_out(manuscripts, chapter.id) == ["first", "second"]
    # The blank line is put in anew.
    assert [run.take for run in before] == [None, id, None]
    assert manuscripts.runs(chapter.id) == [Run(16, None), Run(5, id), Run(2, None), Run(8, id), Run(8, None)]


def test_the_chapter_that_was_merged_can_be_restored(
    manuscripts: Manuscripts, chapter: Chapter, book: Project, clock: Any
) -> None:
    clock.now += 50
    merged = manuscripts.merge_chapter(chapter.id, 1)
    assert (merged.text, merged.revision, merged.updated_at) == (TEXT + "\n\nThe end.", 2, clock.now)
    assert texts(manuscripts, book) == [("One", TEXT + "\n\nThe end.")]
    [gone] = manuscripts.deleted_chapters(book.id)
    manuscripts.restore_chapter(gone.id)
    manuscripts.restore_revision(chapter.id, 2, 1)
    assert texts(manuscripts, book) == [("One", TEXT), ("Last", "The end.")]


def test_space_at_the_seam_is_one_blank_line(manuscripts: Manuscripts, book: Project) -> None:
    one = manuscripts.add_chapter(book.id, "One", "One.\n \n\n")
    manuscripts.add_chapter(book.id, "Two", "\n\nTwo.")
    manuscripts.add_chapter(book.id, "Three", " \n")
    assert manuscripts.merge_chapter(one.id, 1).text == "One.\n\nTwo."
    assert manuscripts.merge_chapter(one.id, 2).text == "One.\n\nTwo."


def test_there_has_to_be_a_chapter_after_the_one_that_takes_it_in(
    manuscripts: Manuscripts, chapter: Chapter, book: Project
) -> None:
    last = manuscripts.chapters(book.id)[-1]
    with pytest.raises(BadInput, match="no chapter after"):
        manuscripts.merge_chapter(last.id, 1)


@pytest.mark.parametrize(
    ("first", "second", "learned", "left"),
    [
        (True, True, True, []),
        (False, False, False, []),
        (True, False, True, ["The end."]),
        (False, True, True, [TEXT]),
    ],
)
def test_what_was_not_learnt_is_not_learnt_after_a_merge(
    manuscripts: Manuscripts,
    chapter: Chapter,
    book: Project,
    first: bool,
    second: bool,
    learned: bool,
    left: list[str],
) -> None:
    last = manuscripts.chapters(book.id)[-1]
    manuscripts.set_learned(chapter.id, first)
    manuscripts.set_learned(last.id, second)
    merged = manuscripts.merge_chapter(chapter.id, 1)
    assert (merged.learned, left_out(manuscripts, chapter.id)) == (learned, left)


def test_both_parts_of_a_chapter_that_is_not_learnt_are_not_learnt(manuscripts: Manuscripts, chapter: Chapter) -> None:
    manuscripts.set_learned(chapter.id, False)
    assert manuscripts.split_chapter(chapter.id, 1, 22, "Two").learned is False
    assert manuscripts.chapter(chapter.id).learned is False


def test_a_stale_page_splits_and_merges_nothing(manuscripts: Manuscripts, chapter: Chapter, book: Project) -> None:
    manuscripts.save(chapter.id, 1, TEXT + " More.")
    for refused in (
        lambda: manuscripts.split_chapter(chapter.id, 1, 22, "Two"),
        lambda: manuscripts.merge_chapter(chapter.id, 1),
    ):
        with pytest.raises(Conflict) as caught:
            refused()
        assert (caught.value.revision, caught.value.text) == (2, TEXT + " More.")
    for unknown in (
        lambda: manuscripts.split_chapter("nothing", 1, 22, "Two"),
        lambda: manuscripts.merge_chapter("nothing", 1),
    ):
        with pytest.raises(NotFound):
            unknown()
    assert len(manuscripts.chapters(book.id)) == 2


def test_half_a_split_is_none(
    manuscripts: Manuscripts, chapter: Chapter, book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(revisions, "first", crash)
    with pytest.raises(KeyboardInterrupt):
        manuscripts.split_chapter(chapter.id, 1, 22, "Two")
    assert texts(manuscripts, book) == [("One", TEXT), ("Last", "The end.")]


def offer(manuscripts: Manuscripts, chapter: Chapter, start: int, end: int, text: str) -> str:
    id = manuscripts.start_takes(
        1, chapter.project, chapter.id, "rewrite", chapter.revision, start, end, None, "starter", None, "{}"
    )[0].id
    manuscripts.finish_take(id, text, 1, "stop")
    return id


def test_the_takes_of_a_chapter_that_is_merged_go_along(
    manuscripts: Manuscripts, chapter: Chapter, book: Project, clock: Any
) -> None:
    other = manuscripts.chapters(book.id)[-1].id
    older = offer(manuscripts, manuscripts.chapter(other), 4, 7, "start")
    clock.now += 1000
    manuscripts.save(other, 1, "\n The very end. \n")
    rejected = offer(manuscripts, manuscripts.chapter(other), 11, 14, "tail")
    manuscripts.save(other, 2, "\n The very end. \n", [Accepted(rejected, 11, 3)])
    newest = offer(manuscripts, manuscripts.chapter(other), 11, 14, "close")
    merged = manuscripts.merge_chapter(chapter.id, 1)
    takes = {take.id: take for take in manuscripts.takes(chapter.id)}
    assert {id: take.text for id, take in takes.items()} == {older: "start", rejected: "tail", newest: "close"}
    assert merged.text[takes[newest].start : takes[newest].end] == "end"
    assert [takes[id].revision for id in (older, rejected, newest)] == [0, 0, merged.revision]
    assert [takes[id].accepted_revision for id in (older, rejected, newest)] == [None, merged.revision, None]
    # They outlive what is left of their chapter.
    manuscripts.purge_deleted(clock.now + 1)
    assert [take.id for take in manuscripts.takes(chapter.id)] == [older, rejected, newest]
    assert manuscripts.deleted_chapters(book.id) == []


@pytest.mark.parametrize("text", ["", " \n", "\n\nTwo.\n"])
def test_a_take_keeps_a_place_in_the_text_when_the_space_around_it_goes(
    manuscripts: Manuscripts, book: Project, text: str
) -> None:
    one = manuscripts.add_chapter(book.id, "One", " \n")
    two = manuscripts.add_chapter(book.id, "Two", text)
    ids = [offer(manuscripts, two, at, at, "word") for at in range(len(text) + 1)]
    merged = manuscripts.merge_chapter(one.id, 1)
    places = [(take.start, take.end) for take in map(manuscripts.take, ids)]
    assert all(0 <= start == end <= len(merged.text) for start, end in places)


def test_a_take_can_be_accepted_where_its_text_has_gone(
    manuscripts: Manuscripts, chapter: Chapter, book: Project
) -> None:
    id = offer(manuscripts, chapter, len(TEXT), len(TEXT), " More.")
    added = manuscripts.split_chapter(chapter.id, 1, 22, "Two")
    manuscripts.save(added.id, 1, f"{added.text} More.", [Accepted(id, len(added.text), 6)])
    assert manuscripts.runs(added.id) == [Run(len(added.text), None), Run(6, id)]
    assert (manuscripts.take(id).accepted_revision, manuscripts.take(id).accepted_words) == (2, 1)
