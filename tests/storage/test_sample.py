"""The sample book: short, whole, put among the books once."""

from __future__ import annotations

import pytest

from storage.bible import BibleStore
from storage.database import Store
from storage.formats import read_book
from storage.manuscripts import Manuscripts
from templora.bible import Bible, as_of
from templora.sample import AUTHOR_NOTE, ENTRIES, FILE, NOTES, sample_book
from tests.storage.conftest import Clock


@pytest.fixture
def bible(store: Store, manuscripts: Manuscripts, clock: Clock) -> Bible:
    return Bible(BibleStore(store, clock), manuscripts, lambda project: None)


def test_it_comes_with_its_chapters_and_what_is_noted_of_them(manuscripts: Manuscripts, bible: Bible) -> None:
    project, added = sample_book(manuscripts, bible)
    assert added and project.title == "The Late Bell"
    texts = manuscripts.texts(project.id)
    assert [(chapter.status, chapter.synopsis) for chapter in texts] == list(NOTES)
    assert [chapter.title for chapter in texts] == ["Nine Minutes", "The Ledger of Weather", "What the Bell Is For"]
    assert all("\n\n***\n\n" in chapter.text and 150 < len(chapter.text.split()) < 500 for chapter in texts)
    source = FILE.read_text(encoding="utf-8")
    assert all(paragraph in source for chapter in texts for paragraph in chapter.text.split("\n\n"))
    assert len(read_book(FILE.read_bytes(), FILE.name).chapters) == len(NOTES)


def test_its_story_bible_knows_whom_it_mentions(manuscripts: Manuscripts, bible: Bible) -> None:
    project, _ = sample_book(manuscripts, bible)
    entries = bible.entries(project.id)
    assert {entry.name for entry in entries} == {name for _, name, *_ in ENTRIES}
    assert set(bible.mentions(project.id)) == {entry.id for entry in entries}
    (weight,) = [entry for entry in entries if entry.kind == "thing"]
    assert "taken it off" in as_of(weight, 2) and "taken it off" not in as_of(weight, 1)
    assert bible.author_note(project.id) == AUTHOR_NOTE


def test_it_is_put_there_once_and_anew_after_it_was_deleted_or_renamed(manuscripts: Manuscripts, bible: Bible) -> None:
    first, _ = sample_book(manuscripts, bible)
    assert sample_book(manuscripts, bible) == (first, False)
    manuscripts.delete_project(first.id)
    second, added = sample_book(manuscripts, bible)
    assert added and second.id != first.id
    manuscripts.rename_project(second.id, "Mine now")
    third, added = sample_book(manuscripts, bible)
    assert added and len(manuscripts.projects()) == 2
    assert [head.words for head in manuscripts.chapters(third.id)] == [
        head.words for head in manuscripts.chapters(second.id)
    ]
