"""Purged history: what a book was is in no row and no file, what it is stays, and so does who wrote it."""

from __future__ import annotations

from typing import Any

import pytest

from storage.database import Store
from storage.manuscripts import Manuscripts
from storage.records import Accepted, Chapter, ModelShare, Project, ProvenanceReport, PurgedHistory, Run
from templora.errors import NotFound

SECRET = "unspeakable"


def offer(manuscripts: Manuscripts, chapter: str, text: str) -> str:
    current = manuscripts.chapter(chapter)
    end = len(current.text)
    id = manuscripts.start_takes(
        1, current.project, chapter, "continue", current.revision, end, end, SECRET, "starter", None, "{}"
    )[0].id
    manuscripts.finish_take(id, text, 9, "length")
    return id


def accept(manuscripts: Manuscripts, chapter: str, take: str, text: str) -> None:
    current = manuscripts.chapter(chapter)
    span = Accepted(take, len(current.text), len(text))
    manuscripts.save(chapter, current.revision, current.text + text, [span])


@pytest.fixture
def chapter(manuscripts: Manuscripts, book: Project) -> Chapter:
    """A chapter of "It was late. Rain fell.", with a secret in each thing that can be deleted."""
    one = manuscripts.add_chapter(book.id, "One", f"It was late, {SECRET}.", kind="imported")
    manuscripts.save(one.id, 1, "It was late.")
    offer(manuscripts, one.id, f" {SECRET} rejected.")
    accept(manuscripts, one.id, offer(manuscripts, one.id, f" Rain fell. {SECRET}"), " Rain fell.")
    accept(manuscripts, one.id, offer(manuscripts, one.id, f" {SECRET} and more."), f" {SECRET} and more.")
    current = manuscripts.chapter(one.id)
    manuscripts.save(one.id, current.revision, current.text.replace(f" {SECRET} and more.", ""))
    gone = manuscripts.add_chapter(book.id, "Gone", SECRET)
    accept(manuscripts, gone.id, offer(manuscripts, gone.id, f" {SECRET}"), f" {SECRET}")
    manuscripts.delete_chapter(gone.id)
    return manuscripts.chapter(one.id)


def test_only_what_the_book_is_stays(manuscripts: Manuscripts, store: Store, book: Project, chapter: Chapter) -> None:
    before = manuscripts.provenance(book.id)
    runs = manuscripts.runs(chapter.id)
    assert before == ProvenanceReport(3, [ModelShare("starter", 6, 2, 4)], 5)
    assert manuscripts.purge_history(book.id) == PurgedHistory(revisions=6, chapters=1, takes=2)
    assert manuscripts.chapter(chapter.id) == chapter
    assert manuscripts.runs(chapter.id) == runs == [Run(12, None), Run(11, runs[1].take)]
    assert [head.number for head in manuscripts.revisions(chapter.id)] == [chapter.revision]
    assert manuscripts.deleted_chapters(book.id) == []
    assert [(take.text, take.instruction, take.beat) for take in manuscripts.takes(chapter.id)] == [
        ("", None, None)
    ] * 2
    # A word that was accepted into the chapter that is gone is no longer counted.
    assert manuscripts.provenance(book.id) == ProvenanceReport(3, [ModelShare("starter", 5, 2, 3)], 5)
    for path in store.folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()
    assert manuscripts.purge_history(book.id) == PurgedHistory(0, 0, 0)


def test_writing_goes_on_after_it(manuscripts: Manuscripts, book: Project, chapter: Chapter, clock: Any) -> None:
    manuscripts.purge_history(book.id)
    clock.now += 1000
    manuscripts.save(chapter.id, chapter.revision, chapter.text + " More.")
    assert manuscripts.revision_text(chapter.id, chapter.revision) == chapter.text
    assert manuscripts.restore_revision(chapter.id, chapter.revision + 1, chapter.revision).text == chapter.text


def test_other_books_keep_their_history(manuscripts: Manuscripts, book: Project, chapter: Chapter) -> None:
    other = manuscripts.create_project("Another")
    manuscripts.add_chapter(other.id, "One", "Text.")
    manuscripts.purge_history(other.id)
    assert len(manuscripts.revisions(chapter.id)) > 3
    assert len(manuscripts.takes(chapter.id)) == 3
    assert len(manuscripts.deleted_chapters(book.id)) == 1
    with pytest.raises(NotFound):
        manuscripts.purge_history("nothing")


def test_a_take_whose_words_moved_to_another_chapter_is_still_known(
    manuscripts: Manuscripts, book: Project, chapter: Chapter
) -> None:
    first = manuscripts.add_chapter(book.id, "Zero", "Zero.")
    manuscripts.move_chapter(first.id, 0)
    manuscripts.merge_chapter(first.id, 1)
    manuscripts.purge_history(book.id)
    [share] = manuscripts.provenance(book.id).models
    assert (share.model, share.kept_words) == ("starter", 2)


def test_a_take_that_is_being_written_is_no_history_yet(
    manuscripts: Manuscripts, book: Project, chapter: Chapter
) -> None:
    ids = [
        manuscripts.start_takes(
            1, book.id, chapter.id, "continue", chapter.revision, 0, 0, None, "starter", None, "{}"
        )[0].id
        for _ in range(3)
    ]
    for id in ids:
        manuscripts.extend_take(id, "Once upon", 2)
    # Its first word has been accepted already.
    manuscripts.save(chapter.id, chapter.revision, f"Once {chapter.text}", [Accepted(ids[1], 0, 5)])
    manuscripts.finish_take(ids[2], "Once upon a time", 4, "stop")
    manuscripts.purge_history(book.id)
    for id in ids[:2]:
        assert manuscripts.take(id).text == "Once upon"
        manuscripts.finish_take(id, "Once upon a time", 4, "stop")
    with pytest.raises(NotFound):
        manuscripts.take(ids[2])
    # What a killed desk left is history at the next start.
    manuscripts.settle_takes()
    manuscripts.purge_history(book.id)
    assert all(take.text == "" for take in manuscripts.takes(chapter.id))
