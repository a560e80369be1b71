"""The story bible in the database: entries and their undo, notes that follow their chapters, backups and purges."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.backups import Backups
from storage.bible import AUTHOR_NOTE_LENGTH, BibleStore
from storage.database import Store
from storage.manuscripts import Manuscripts
from storage.records import Project
from storage.restoring import Restoring
from templora.errors import BadInput, NotFound
from tests.storage.conftest import Clock


@pytest.fixture
def bible(store: Store, clock: Clock) -> BibleStore:
    return BibleStore(store, clock)


@pytest.fixture
def chapters(manuscripts: Manuscripts, book: Project) -> list[str]:
    return [manuscripts.add_chapter(book.id, f"Part {n}", f"Text {n}.").id for n in range(4)]


def notes(bible: BibleStore, id: str) -> list[tuple[int, str]]:
    return [(note.position, note.text) for note in bible.entry(id).notes]


def test_entries_are_added_changed_deleted_and_brought_back(bible: BibleStore, book: Project) -> None:
    rule = bible.add(book.id, "rule", "Tides")
    ines = bible.add(
        book.id, "character", " Ines\nCorvalho ", ["Ines", "Ines", " ", "Ines Corvalho"], " Tall.\r\nQuiet. "
    )
    assert (ines.name, ines.aliases, ines.description) == ("Ines Corvalho", ("Ines",), "Tall.\nQuiet.")
    assert [entry.id for entry in bible.entries(book.id)] == [ines.id, rule.id]
    changed = bible.change(ines.id, aliases=["the inspector"])
    assert (changed.name, changed.aliases, changed.description) == (
        "Ines Corvalho",
        ("the inspector",),
        "Tall.\nQuiet.",
    )
    assert bible.change(ines.id, kind="place", name="Ines").kind == "place"
    bible.delete(ines.id)
    assert [entry.id for entry in bible.entries(book.id)] == [rule.id]
    assert [entry.id for entry in bible.entries(book.id, deleted=True)] == [ines.id]
    assert bible.restore(ines.id).deleted_at is None
    assert len(bible.entries(book.id)) == 2


@pytest.mark.parametrize(
    ("kind", "name", "aliases", "description"),
    [
        ("animal", "Rex", [], ""),
        ("thing", " … ", [], ""),
        ("thing", "x" * 201, [], ""),
        ("thing", "Lamp", ["?"], ""),
        ("thing", "Lamp", [f"Lamp {n}" for n in range(31)], ""),
        ("thing", "Lamp", [], "x" * 4001),
    ],
)
def test_what_is_no_entry_is_refused(
    bible: BibleStore, book: Project, kind: str, name: str, aliases: list[str], description: str
) -> None:
    with pytest.raises(BadInput):
        bible.add(book.id, kind, name, aliases, description)
    assert bible.entries(book.id) == []


def test_what_is_not_there_is_said(bible: BibleStore, book: Project, chapters: list[str], clock: Clock) -> None:
    for ask in (bible.entry, bible.delete, bible.restore, bible.change):
        with pytest.raises(NotFound):
            ask("nobody")
    entry = bible.add(book.id, "thing", "Lamp")
    with pytest.raises(NotFound):
        bible.set_note(entry.id, "nowhere", "x")


def test_a_note_holds_from_its_chapter_on(bible: BibleStore, book: Project, chapters: list[str]) -> None:
    id = bible.add(book.id, "thing", "Lamp").id
    bible.set_note(id, chapters[2], "Broken.")
    bible.set_note(id, chapters[0], "Lit.")
    bible.set_note(id, chapters[0], "Bright.")
    assert notes(bible, id) == [(0, "Bright."), (2, "Broken.")]
    bible.set_note(id, chapters[0], "  ")
    assert notes(bible, id) == [(2, "Broken.")]


def test_notes_follow_their_chapters(
    bible: BibleStore, manuscripts: Manuscripts, book: Project, chapters: list[str]
) -> None:
    id = bible.add(book.id, "thing", "Lamp").id
    for number, chapter in enumerate(chapters):
        bible.set_note(id, chapter, f"n{number}")
    manuscripts.move_chapter(chapters[3], 0)
    assert notes(bible, id) == [(0, "n3"), (1, "n0"), (2, "n1"), (3, "n2")]
    manuscripts.delete_chapter(chapters[1])  # its note holds on from where it stood, before that of the next
    assert [note.text for note in bible.entry(id).notes] == ["n3", "n0", "n1", "n2"]
    assert [note.deleted for note in bible.entry(id).notes] == [False, False, True, False]
    manuscripts.merge_chapter(chapters[3], 1)
    assert notes(bible, id)[0] == (0, "n3\nn0")


def test_notes_of_chapters_that_go_for_good_stay_with_the_book(
    bible: BibleStore, manuscripts: Manuscripts, book: Project, chapters: list[str]
) -> None:
    id = bible.add(book.id, "thing", "Lamp").id
    for number, chapter in enumerate(chapters):
        bible.set_note(id, chapter, f"n{number}")
    manuscripts.delete_chapter(chapters[1])
    manuscripts.delete_chapter(chapters[3])
    bible.delete(bible.add(book.id, "thing", "Gone").id)
    manuscripts.purge_history(book.id)
    assert sorted(text for _, text in notes(bible, id)) == ["n0", "n2\nn1\nn3"]
    assert bible.entries(book.id, deleted=True) == []


def test_the_authors_note(bible: BibleStore, book: Project) -> None:
    assert bible.author_note(book.id) == ""
    bible.set_author_note(book.id, " Past tense.\r\nDry. ")
    bible.set_author_note(book.id, "Present tense.")
    assert bible.author_note(book.id) == "Present tense."
    with pytest.raises(BadInput, match="at most 600"):
        bible.set_author_note(book.id, "x" * (AUTHOR_NOTE_LENGTH + 1))


def test_names_are_dismissed_and_come_back(bible: BibleStore, book: Project) -> None:
    bible.dismiss(book.id, "Mateus")
    bible.dismiss(book.id, "Mateus")
    assert bible.dismissed(book.id) == {"Mateus"}
    bible.bring_back(book.id, "Mateus")
    assert bible.dismissed(book.id) == frozenset()


def test_a_purged_book_takes_its_bible_with_it(
    bible: BibleStore, manuscripts: Manuscripts, book: Project, chapters: list[str], store: Store, clock: Clock
) -> None:
    kept = manuscripts.create_project("Other").id
    for project in (book.id, kept):
        bible.add(project, "thing", "Lamp")
        bible.set_author_note(project, "Dry.")
        bible.dismiss(project, "Mateus")
    bible.set_note(bible.entries(book.id)[0].id, chapters[1], "Broken.")
    old = bible.add(kept, "thing", "Old").id
    bible.delete(old)
    manuscripts.delete_project(book.id)
    clock.now += 100
    manuscripts.purge_deleted(clock.now - 1)
    with store.read() as rows:
        for table in ("entries", "author_notes", "dismissed_names"):
            assert [row["project"] for row in rows.all(f"SELECT project FROM {table}")] == [kept], table
        assert rows.all("SELECT * FROM entry_notes") == []
        assert rows.all("PRAGMA foreign_key_check") == []


def test_the_bible_is_in_a_backup_and_comes_back(
    bible: BibleStore, manuscripts: Manuscripts, book: Project, chapters: list[str], store: Store, clock: Clock
) -> None:
    before = store.text_state()
    id = bible.add(book.id, "character", "Ines", ["the inspector"], "Tall.").id
    bible.set_note(id, chapters[2], "Limps.")
    bible.delete(bible.add(book.id, "thing", "Gone").id)
    clock.now += 100
    bible.set_author_note(book.id, "Dry.")
    bible.dismiss(book.id, "Mateus")
    assert store.text_state() != before  # so that the day's backup is made
    backups = Backups(store, clock)
    restored = Restoring(store, backups, clock).restore(backups.make("asked").name, book.id)
    (entry,) = bible.entries(restored)
    assert (entry.name, entry.aliases, entry.description) == ("Ines", ("the inspector",), "Tall.")
    assert entry.id != id and [(note.position, note.text) for note in entry.notes] == [(2, "Limps.")]
    assert entry.notes[0].chapter == manuscripts.chapters(restored)[2].id
    assert bible.author_note(restored) == "Dry." and bible.dismissed(restored) == {"Mateus"}
    (gone,) = bible.entries(restored, deleted=True)
    assert (gone.name, gone.deleted_at) == ("Gone", clock.now), "the trash is kept for its time again"
    assert Path(backups.path(backups.all()[0].name)).exists()
