"""Full-text search follows every text, and keeps nothing of those that are gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.backups import Backups
from storage.copies import complaint, opened
from storage.database import FILE_NAME, Store
from storage.fulltext import FullText, expression
from storage.manuscripts import Manuscripts
from storage.records import Project
from storage.restoring import Restoring
from templora.errors import NotFound
from tests.storage.conftest import Clock
from tests.storage.damage import flip_page_of

ONE = "The lamp was lit before anybody came up the stair.\n\nNobody answered. Café au lait, said Inês."
TWO = "A lamp again, and again a lamp."


@pytest.fixture
def fulltext(store: Store) -> FullText:
    return FullText(store)


def words(found: list) -> list[str]:
    return [passage.words for chapter in found for passage in chapter.passages]


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("lamp", '"lamp"*'),
        ("lamp ", '"lamp"'),
        ("lamp stair", '"lamp" "stair"*'),
        ("lam* lit ", '"lam"* "lit"'),
        ('"came up the"', '"came up the"'),
        ("“came up” lamp ", '"came up" "lamp"'),
        ('"not closed', '"not closed"'),
        ("AND OR NEAR( ) ", '"AND" "OR" "NEAR("'),
        ("title:x -y ", '"title:x" "-y"'),
        (" ?! ", ""),
        ("", ""),
    ],
)
def test_what_people_write_is_asked_of_the_index(query: str, asked: str) -> None:
    assert expression(query) == asked


def test_words_are_found_with_the_best_chapter_first(
    manuscripts: Manuscripts, fulltext: FullText, book: Project
) -> None:
    one = manuscripts.add_chapter(book.id, "One", ONE)
    two = manuscripts.add_chapter(book.id, "Two", TWO)
    found = fulltext.search(book.id, "lamp")
    assert [(chapter.chapter, chapter.count) for chapter in found] == [(two.id, 2), (one.id, 1)]
    passage = found[1].passages[0]
    assert passage.words == "The lamp was lit before anybody came up the stair." and passage.marks == ((4, 8),)
    assert ONE[passage.start : passage.end] == "lamp"
    assert [TWO[a:b] for a, b in found[0].passages[0].marks] == ["lamp", "lamp"]


def test_accents_beginnings_and_phrases_are_found(manuscripts: Manuscripts, fulltext: FullText, book: Project) -> None:
    manuscripts.add_chapter(book.id, "One", ONE)
    for query in ("cafe ines", "INÊS ", "answ", "answ* ", '"up the stair"', "“came up the”"):
        assert len(fulltext.search(book.id, query)) == 1, query
    for query in ("answ ", '"the up stair"', "lamp absent ", "nowhere", "!"):
        assert fulltext.search(book.id, query) == [], query
    assert words(fulltext.search(book.id, "nobody")) == ["Nobody answered. Café au lait, said Inês."]


def test_paragraphs_with_most_of_the_words_are_shown(
    manuscripts: Manuscripts, fulltext: FullText, book: Project
) -> None:
    paragraphs = [f"lamp {number}" for number in range(8)] + ["a lamp on a stair"]
    manuscripts.add_chapter(book.id, "One", "\n\n".join(paragraphs))
    (found,) = fulltext.search(book.id, "lamp stair")
    assert found.count == 10
    assert words([found]) == ["lamp 0", "lamp 1", "lamp 2", "lamp 3", "a lamp on a stair"]


def test_titles_are_searched_and_follow(manuscripts: Manuscripts, fulltext: FullText, book: Project) -> None:
    one = manuscripts.add_chapter(book.id, "The Ferry Pilot", ONE)
    (found,) = fulltext.search(book.id, "pilot")
    assert [found.title[a:b] for a, b in found.title_marks] == ["Pilot"] and found.passages == ()
    manuscripts.rename_chapter(one.id, "Low Water")
    assert fulltext.search(book.id, "pilot") == []
    assert fulltext.search(book.id, "low water")[0].title == "Low Water"


def test_it_follows_saves_restores_splits_and_merges(
    manuscripts: Manuscripts, fulltext: FullText, book: Project
) -> None:
    one = manuscripts.add_chapter(book.id, "One", ONE)
    manuscripts.save(one.id, 1, ONE.replace("lamp", "lantern"), kind="imported")
    assert fulltext.search(book.id, "lamp ") == [] and len(fulltext.search(book.id, "lantern ")) == 1
    manuscripts.restore_revision(one.id, 2, 1)
    assert fulltext.search(book.id, "lantern ") == [] and len(fulltext.search(book.id, "lamp ")) == 1
    two = manuscripts.split_chapter(one.id, 3, ONE.index("Nobody"), "Two")
    assert [found.chapter for found in fulltext.search(book.id, "nobody")] == [two.id]
    manuscripts.merge_chapter(one.id, 4)
    assert [found.chapter for found in fulltext.search(book.id, "nobody")] == [one.id]
    assert [found.deleted for found in fulltext.search(book.id, "nobody", deleted=True)] == [False, True]


def test_other_books_are_not_searched(manuscripts: Manuscripts, fulltext: FullText, book: Project) -> None:
    other = manuscripts.create_project("Other")
    manuscripts.add_chapter(other.id, "One", ONE)
    assert fulltext.search(book.id, "lamp") == []
    with pytest.raises(NotFound):
        fulltext.search("nobody", "lamp")


def test_a_text_from_before_there_was_an_index_is_found(
    manuscripts: Manuscripts, store: Store, fulltext: FullText, book: Project
) -> None:
    manuscripts.add_chapter(book.id, "One", ONE)
    with store.transaction() as sql:
        sql.run("DELETE FROM fulltext")
        sql.run("DELETE FROM indexed")
    assert len(fulltext.search(book.id, "lamp")) == 1


def spoil(store: Store) -> None:
    """Damages the index."""
    with store.transaction() as sql:
        sql.run("UPDATE fulltext_data SET block = x'00ff00ff00ff' WHERE id > 1")
        sql.run("UPDATE fulltext_data SET block = x'ff' WHERE id = 1")


def test_a_damaged_index_keeps_no_text_from_being_saved_and_heals(
    manuscripts: Manuscripts, store: Store, fulltext: FullText, book: Project
) -> None:
    one = manuscripts.add_chapter(book.id, "One", ONE)
    assert len(fulltext.search(book.id, "lamp")) == 1
    spoil(store)
    manuscripts.save(one.id, 1, ONE + " A new word: zyzzyva.")
    manuscripts.rename_chapter(one.id, "Renamed")
    assert manuscripts.chapter(one.id).text.endswith("zyzzyva.")
    assert len(fulltext.search(book.id, "zyzzyva")) == 1
    assert fulltext.search(book.id, "renamed")[0].title == "Renamed"


def test_a_damaged_index_keeps_no_backup_from_being_made(
    manuscripts: Manuscripts, store: Store, tmp_path: Path, fulltext: FullText, book: Project, clock: Clock
) -> None:
    manuscripts.add_chapter(book.id, "One", ONE)
    fulltext.search(book.id, "lamp")
    spoil(store)
    assert complaint(tmp_path / FILE_NAME) is None, "the books are sound"
    Backups(store, clock).make("asked")
    store.scrub()
    flip_page_of(tmp_path / FILE_NAME, "chapters")
    assert complaint(tmp_path / FILE_NAME) is not None


def test_a_backup_has_an_empty_index(
    manuscripts: Manuscripts, store: Store, fulltext: FullText, book: Project, clock: Clock
) -> None:
    manuscripts.add_chapter(book.id, "One", "It was late.")
    fulltext.search(book.id, "late")
    backups = Backups(store, clock)
    path = backups.path(backups.make("asked").name)
    with opened(path) as copy:
        assert copy.all("SELECT * FROM fulltext_content") == copy.all("SELECT * FROM indexed") == []
    assert len(fulltext.search(book.id, "late")) == 1
    again = Restoring(store, backups, clock).restore(path.name, book.id)
    assert len(fulltext.search(again, "late")) == 1


def test_what_was_purged_is_in_no_file(
    manuscripts: Manuscripts, store: Store, tmp_path: Path, fulltext: FullText, book: Project
) -> None:
    secret = "unspeakable"
    one = manuscripts.add_chapter(book.id, "One", f"It was late, {secret}.")
    gone = manuscripts.add_chapter(book.id, "Gone", f"All {secret}.")
    manuscripts.save(one.id, 1, "It was late.", kind="imported")
    manuscripts.delete_chapter(gone.id)
    assert len(fulltext.search(book.id, secret, deleted=True)) == 1
    manuscripts.purge_history(book.id)
    for path in tmp_path.glob(f"{FILE_NAME}*"):
        assert secret.encode() not in path.read_bytes()
        assert secret[2:].encode() not in path.read_bytes(), "not as a term either"
    assert len(fulltext.search(book.id, "late")) == 1


def test_scrubbing_leaves_no_word_in_the_index(
    manuscripts: Manuscripts, store: Store, fulltext: FullText, book: Project
) -> None:
    one = manuscripts.add_chapter(book.id, "One", "unspeakable things")
    assert len(fulltext.search(book.id, "unspeakable")) == 1
    manuscripts.save(one.id, 1, "things", kind="imported")
    fulltext.scrub()
    with store.read() as rows:
        stored = [*rows.all("SELECT block FROM fulltext_data"), *rows.all("SELECT * FROM fulltext_content")]
    assert "unspeakable" not in str(stored)
    assert fulltext.search(book.id, "unspeakable") == [] and len(fulltext.search(book.id, "things")) == 1


def test_a_damaged_index_does_not_keep_text_from_being_purged(
    manuscripts: Manuscripts, store: Store, fulltext: FullText, book: Project
) -> None:
    one = manuscripts.add_chapter(book.id, "One", ONE)
    fulltext.search(book.id, "lamp")
    spoil(store)
    manuscripts.purge_history(book.id)
    assert [found.chapter for found in fulltext.search(book.id, "lamp")] == [one.id]


def test_a_book_that_is_purged_takes_its_index_along(
    manuscripts: Manuscripts, store: Store, fulltext: FullText, book: Project
) -> None:
    manuscripts.add_chapter(book.id, "One", "unspeakable things")
    assert len(fulltext.search(book.id, "unspeakable")) == 1
    manuscripts.delete_project(book.id)
    manuscripts.purge_deleted(2e9)
    with store.read() as rows:
        stored = [*rows.all("SELECT block FROM fulltext_data"), *rows.all("SELECT * FROM indexed")]
    assert "things" not in str(stored) and "chapter" not in str(stored)
