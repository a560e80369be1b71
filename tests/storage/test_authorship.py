"""How many words who wrote: each word counted once, and what was accepted remembered through edits and undo."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.authorship import UNKNOWN, AcceptedTake, report, words_by_author, words_within
from storage.database import Store
from storage.manuscripts import Manuscripts
from storage.records import Accepted, Chapter, ModelShare, Project, ProvenanceReport, Run
from templora.errors import NotFound


@st.composite
def written(draw: st.DrawFn) -> tuple[str, list[Run]]:
    """A text and its runs."""
    pieces = draw(st.lists(st.text('ab "\n—', min_size=1, max_size=9), max_size=8))
    return "".join(pieces), [Run(len(piece), draw(st.sampled_from([None, "x", "y"]))) for piece in pieces]


@given(written())
def test_every_word_has_one_author(written: tuple[str, list[Run]]) -> None:
    text, runs = written
    assert words_by_author(text, runs).total() == len(text.split())


@given(written())
def test_spans_that_cover_a_text_hold_each_of_its_words_once(written: tuple[str, list[Run]]) -> None:
    text, runs = written
    at, counted = 0, {None: 0, "x": 0, "y": 0}
    for run in runs:
        counted[run.take] += words_within(text, at, at + run.length)
        at += run.length
    assert {take: count for take, count in counted.items() if count} == words_by_author(text, runs)


@pytest.mark.parametrize(
    ("text", "split", "first", "second"),
    [
        ("unbelievable", 2, 1, 0),
        ('"Go" he said.', 1, 0, 3),  # the mark before it is no letter
        ("One two", 3, 1, 1),
        ("One two", 4, 1, 1),
        ("She went —", 9, 2, 1),
        ("— —", 2, 1, 1),
    ],
)
def test_a_word_is_that_authors_who_wrote_its_first_letter(text: str, split: int, first: int, second: int) -> None:
    counted = words_by_author(text, [Run(split, "first"), Run(len(text) - split, "second")])
    assert (counted["first"], counted["second"]) == (first, second)


def test_shares_are_summed_by_model_and_bounded_by_what_was_offered_and_what_stands() -> None:
    takes = {
        "whole": AcceptedTake("big", 3, 3),
        "undone": AcceptedTake("big", 8, 4),  # accepted twice
        "old": AcceptedTake("small", None, 5),
        "blanked": AcceptedTake("small", 6, None),
    }
    text = "one two three four"
    runs = [Run(4, "whole"), Run(4, "old"), Run(6, "lost"), Run(4, None)]
    assert report([(text, runs)], takes) == ProvenanceReport(
        1,
        [ModelShare("small", 11, 1, 10), ModelShare("big", 7, 1, 6), ModelShare(UNKNOWN, 1, 1, 0)],
        4,
    )
    assert report([], {}) == ProvenanceReport(0, [], 0)


# --- in the database ---


@pytest.fixture
def chapter(manuscripts: Manuscripts, book: Project) -> Chapter:
    return manuscripts.add_chapter(book.id, "One", "It was late.")


def take(manuscripts: Manuscripts, chapter: Chapter, text: str, model: str = "starter") -> str:
    current = manuscripts.chapter(chapter.id)
    end = len(current.text)
    id = manuscripts.start_takes(
        1, chapter.project, chapter.id, "continue", current.revision, end, end, None, model, None, "{}"
    )[0].id
    manuscripts.finish_take(id, text, 9, "length")
    return id


def accept(manuscripts: Manuscripts, chapter: Chapter, id: str, text: str) -> None:
    current = manuscripts.chapter(chapter.id)
    span = Accepted(id, len(current.text), len(text))
    manuscripts.save(chapter.id, current.revision, current.text + text, [span])


def edit(manuscripts: Manuscripts, chapter: Chapter, old: str, new: str) -> None:
    current = manuscripts.chapter(chapter.id)
    manuscripts.save(chapter.id, current.revision, current.text.replace(old, new))


def test_a_take_accepted_in_part_counts_as_far_as_it_was_accepted(
    manuscripts: Manuscripts, chapter: Chapter, book: Project
) -> None:
    id = take(manuscripts, chapter, " Rain fell on the town.")
    for word in (" Rain", " fell", " on"):
        accept(manuscripts, chapter, id, word)
    assert manuscripts.take(id).accepted_words == 3
    assert manuscripts.provenance(book.id) == ProvenanceReport(3, [ModelShare("starter", 3, 3, 0)], 6)
    edit(manuscripts, chapter, "Rain", "Snow")
    assert manuscripts.provenance(book.id) == ProvenanceReport(4, [ModelShare("starter", 3, 2, 1)], 6)
    edit(manuscripts, chapter, " Snow fell on", "")
    assert manuscripts.provenance(book.id) == ProvenanceReport(3, [ModelShare("starter", 3, 0, 3)], 3)


def test_a_save_that_is_sent_again_and_an_accept_after_an_undo_count_once(
    manuscripts: Manuscripts, chapter: Chapter, book: Project
) -> None:
    id = take(manuscripts, chapter, " Rain fell.")
    accept(manuscripts, chapter, id, " Rain fell.")
    text = manuscripts.chapter(chapter.id).text
    manuscripts.save(chapter.id, 1, text, [Accepted(id, 12, 11)])
    manuscripts.save(chapter.id, 2, text, [Accepted(id, 12, 11)])
    assert manuscripts.take(id).accepted_words == 2
    edit(manuscripts, chapter, " Rain fell.", "")
    accept(manuscripts, chapter, id, " Rain fell.")
    assert manuscripts.provenance(book.id).models == [ModelShare("starter", 2, 2, 0)]


def test_a_book_counts_its_chapters_and_the_takes_that_were_deleted_or_rejected(
    manuscripts: Manuscripts, chapter: Chapter, book: Project
) -> None:
    imported = manuscripts.add_chapter(book.id, "Two", "Four words of old.", kind="imported")
    accept(manuscripts, chapter, first := take(manuscripts, chapter, " Rain fell."), " Rain fell.")
    accept(manuscripts, imported, take(manuscripts, imported, " More.", "other"), " More.")
    take(manuscripts, chapter, " Nobody wanted this.")
    manuscripts.delete_take(first)
    elsewhere = manuscripts.create_project("Another")
    manuscripts.add_chapter(elsewhere.id, "One", "Not of this book.")
    assert manuscripts.provenance(book.id) == ProvenanceReport(
        7, [ModelShare("starter", 2, 2, 0), ModelShare("other", 1, 1, 0)], 10
    )
    manuscripts.delete_chapter(chapter.id)
    assert manuscripts.provenance(book.id) == ProvenanceReport(
        4, [ModelShare("other", 1, 1, 0), ModelShare("starter", 2, 0, 2)], 5
    )
    with pytest.raises(NotFound):
        manuscripts.provenance("nothing")


def test_takes_from_before_anybody_counted_are_taken_for_accepted_as_a_whole(
    manuscripts: Manuscripts, chapter: Chapter, book: Project, store: Store
) -> None:
    accept(manuscripts, chapter, take(manuscripts, chapter, " Rain fell down."), " Rain fell")
    with store.transaction() as sql:
        sql.run("UPDATE takes SET accepted_words = NULL")
    assert manuscripts.provenance(book.id).models == [ModelShare("starter", 3, 2, 1)]


def test_a_take_outlives_the_chapter_it_was_written_for_where_its_words_do(
    manuscripts: Manuscripts, chapter: Chapter, book: Project, clock: Any
) -> None:
    other = manuscripts.add_chapter(book.id, "Two", "Then.")
    accept(manuscripts, other, stays := take(manuscripts, other, " Rain fell."), " Rain fell.")
    accept(manuscripts, other, goes := take(manuscripts, other, " Snow."), " Snow.")
    edit(manuscripts, other, " Snow.", "")
    added = manuscripts.split_chapter(other.id, manuscripts.chapter(other.id).revision, 5, "Three")
    manuscripts.delete_chapter(other.id)
    manuscripts.purge_deleted(clock.now + 1)
    assert manuscripts.deleted_chapters(book.id) == []
    assert manuscripts.runs(added.id) == [Run(10, stays)]
    assert manuscripts.provenance(book.id) == ProvenanceReport(3, [ModelShare("starter", 2, 2, 0)], 5)
    assert manuscripts.takes(added.id) == []  # its place is in a text that is gone
    with pytest.raises(NotFound):
        manuscripts.extend_take(goes, "x", 1)
    manuscripts.delete_project(book.id)
    manuscripts.purge_deleted(clock.now + 1)
    with pytest.raises(NotFound):
        manuscripts.extend_take(stays, "x", 1)
