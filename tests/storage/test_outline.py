"""Status and synopsis: kept with the chapter through all that happens to it, and never part of the book."""

from __future__ import annotations

import pytest

from storage.backups import Backups
from storage.checks import SYNOPSIS_LENGTH
from storage.database import Store
from storage.manuscripts import Manuscripts
from storage.records import Project
from storage.restoring import Restoring
from templora.errors import BadInput, NotFound
from tests.storage.conftest import Clock


def test_a_chapter_says_nothing_of_itself_until_it_is_noted(manuscripts: Manuscripts, book: Project) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "Text.")
    assert (chapter.status, chapter.synopsis) == ("", "")
    manuscripts.set_status(chapter.id, "draft")
    manuscripts.set_synopsis(chapter.id, "  Ines crosses\r\nthe mud. ")
    (head,) = manuscripts.chapters(book.id)
    assert (head.status, head.synopsis) == ("draft", "Ines crosses\nthe mud.")
    noted = manuscripts.chapter(chapter.id)
    assert (noted.status, noted.synopsis, noted.text, noted.revision) == (head.status, head.synopsis, "Text.", 1)
    manuscripts.set_status(chapter.id, "")
    manuscripts.set_synopsis(chapter.id, "")
    assert manuscripts.chapter(chapter.id) == chapter


@pytest.mark.parametrize("synopsis", ["x" * (SYNOPSIS_LENGTH + 1), "a\0b", "\ud800"])
def test_what_is_too_long_or_no_text_is_refused(manuscripts: Manuscripts, book: Project, synopsis: str) -> None:
    chapter = manuscripts.add_chapter(book.id, "One")
    with pytest.raises(BadInput):
        manuscripts.set_synopsis(chapter.id, synopsis)
    assert manuscripts.chapter(chapter.id).synopsis == ""


def test_an_unknown_status_is_refused_and_the_known_ones_are_named(manuscripts: Manuscripts, book: Project) -> None:
    chapter = manuscripts.add_chapter(book.id, "One")
    with pytest.raises(BadInput, match="outline, draft, revised, done"):
        manuscripts.set_status(chapter.id, "perfect")  # type: ignore[arg-type]


def test_of_a_chapter_that_is_gone_nothing_is_noted(manuscripts: Manuscripts, book: Project) -> None:
    chapter = manuscripts.add_chapter(book.id, "One")
    manuscripts.delete_chapter(chapter.id)
    with pytest.raises(NotFound):
        manuscripts.set_status(chapter.id, "done")
    with pytest.raises(NotFound):
        manuscripts.set_synopsis(chapter.id, "more")


def test_notes_outlive_the_trash_and_come_back_out_of_a_backup(
    store: Store, manuscripts: Manuscripts, book: Project, clock: Clock
) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "Text.")
    manuscripts.set_status(chapter.id, "revised")
    manuscripts.set_synopsis(chapter.id, "Ines waits.")
    manuscripts.delete_chapter(chapter.id)
    manuscripts.restore_chapter(chapter.id)
    backups = Backups(store, clock)
    copy = Restoring(store, backups, clock).restore(backups.make("asked").name, book.id)
    for project in (book.id, copy):
        (head,) = manuscripts.chapters(project)
        assert (head.status, head.synopsis) == ("revised", "Ines waits.")


def test_a_note_makes_the_next_backup_due(store: Store, manuscripts: Manuscripts, book: Project, clock: Clock) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "Text.")
    before = store.text_state()
    manuscripts.set_synopsis(chapter.id, "Ines waits.")
    noted = store.text_state()
    manuscripts.set_status(chapter.id, "draft")
    assert len({before, noted, store.text_state()}) == 3
    manuscripts.set_synopsis(chapter.id, "")
    manuscripts.set_status(chapter.id, "")
    assert store.text_state() == before


def test_split_keeps_the_notes_with_the_first_part(manuscripts: Manuscripts, book: Project) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "Before.\n\nAfter.")
    manuscripts.set_synopsis(chapter.id, "All of it.")
    manuscripts.set_status(chapter.id, "draft")
    added = manuscripts.split_chapter(chapter.id, 1, 9, "Two")
    assert (added.status, added.synopsis) == ("", "")
    assert manuscripts.chapter(chapter.id).synopsis == "All of it."


def test_merge_keeps_both_synopses(manuscripts: Manuscripts, book: Project) -> None:
    first = manuscripts.add_chapter(book.id, "One", "Before.")
    second = manuscripts.add_chapter(book.id, "Two", "After.")
    manuscripts.set_synopsis(first.id, "y" * (SYNOPSIS_LENGTH - 3))
    manuscripts.set_synopsis(second.id, "then more")
    manuscripts.set_status(first.id, "done")
    merged = manuscripts.merge_chapter(first.id, 1)
    assert merged.synopsis == "y" * (SYNOPSIS_LENGTH - 3) + "\nth"
    assert merged.status == "done"
    manuscripts.restore_chapter(second.id)
    assert manuscripts.chapter(second.id).synopsis == "then more"
