"""Books: made, renamed, thrown away, brought back, and gone for good after their time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from storage.database import Store
from storage.manuscripts import Manuscripts
from storage.records import Accepted, Lesson, Project
from storage.snapshots import Snapshots
from templora.errors import BadInput, NotFound


def test_a_book_is_made_and_renamed(manuscripts: Manuscripts, clock: Any) -> None:
    book = manuscripts.create_project("  First title ")
    assert book == Project(book.id, "First title", clock.now, clock.now)
    assert len(book.id) == 12 and book.id.isalnum() and book.id == book.id.lower()
    manuscripts.rename_project(book.id, "Second title")
    assert manuscripts.project(book.id).title == "Second title"
    with pytest.raises(BadInput):
        manuscripts.rename_project(book.id, " ")


def test_the_book_worked_on_last_comes_first(manuscripts: Manuscripts, clock: Any) -> None:
    for title in ("Old", "New"):
        clock.now += 10
        manuscripts.create_project(title)
    assert [book.title for book in manuscripts.projects()] == ["New", "Old"]
    clock.now += 10
    manuscripts.add_chapter(manuscripts.projects()[1].id, "One")
    assert [book.title for book in manuscripts.projects()] == ["Old", "New"]


def test_settings_of_the_memory_are_kept(manuscripts: Manuscripts, book: Project) -> None:
    manuscripts.set_learning(book.id, "paused")
    manuscripts.set_finished(book.id, 5.0)
    assert (manuscripts.project(book.id).learning, manuscripts.project(book.id).finished_at) == ("paused", 5.0)
    manuscripts.set_finished(book.id, None)
    assert manuscripts.project(book.id).finished_at is None


def test_a_book_in_the_trash_can_be_read_but_not_changed_until_it_is_restored(
    manuscripts: Manuscripts, book: Project, clock: Any
) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "Text.")
    manuscripts.delete_project(book.id)
    assert manuscripts.projects() == []
    assert [(gone.id, gone.deleted_at) for gone in manuscripts.projects(deleted=True)] == [(book.id, clock.now)]
    assert manuscripts.texts(book.id) == [chapter]
    for refused in (
        lambda: manuscripts.save(chapter.id, 1, "More."),
        lambda: manuscripts.add_chapter(book.id, "Two"),
        lambda: manuscripts.move_chapter(chapter.id, 0),
        lambda: manuscripts.delete_project(book.id),
    ):
        with pytest.raises(NotFound, match="trash"):
            refused()
    manuscripts.restore_project(book.id)
    assert manuscripts.save(chapter.id, 1, "More.") == 2
    assert manuscripts.projects(deleted=True) == []


def test_unknown_books_are_not_found(manuscripts: Manuscripts) -> None:
    for refused in (
        lambda: manuscripts.project("nothing"),
        lambda: manuscripts.rename_project("nothing", "X"),
        lambda: manuscripts.delete_project("nothing"),
        lambda: manuscripts.restore_project("nothing"),
        lambda: manuscripts.set_learning("nothing", "off"),
    ):
        with pytest.raises(NotFound):
            refused()


def test_purging_leaves_no_word_of_an_old_book_and_every_word_of_the_others(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any
) -> None:
    memory = Snapshots(store, store.folder, clock)
    kept = manuscripts.create_project("Kept")
    manuscripts.add_chapter(kept.id, "One", "These words stay.")
    for project, word in ((book, b"unspeakable"), (kept, b"adapter of the kept book")):
        chapter = manuscripts.add_chapter(project.id, "Two", word.decode())
        manuscripts.save(chapter.id, 1, word.decode() + " more", kind="restored")
        take(manuscripts, project.id, chapter.id)
        memory.record_lesson(Lesson(project.id, "aa", "00", 1, 1.0, 1.0, b"", b"", 1.0, clock.now))
        staged = memory.stage_path(project.id)
        staged.write_bytes(word)
        memory.commit(project.id, staged, "aa", 1, sha256(word), {})
    manuscripts.delete_project(book.id)
    deleted_at = clock.now
    before = manuscripts.texts(kept.id)

    manuscripts.purge_deleted(deleted_at)
    assert manuscripts.project(book.id)  # not yet: its time is not up

    manuscripts.purge_deleted(deleted_at + 1)
    with pytest.raises(NotFound):
        manuscripts.project(book.id)
    assert manuscripts.texts(kept.id) == before
    assert [memory.path(snapshot).read_bytes() for snapshot in memory.all(kept.id)] == [b"adapter of the kept book"]
    assert list(memory.lessons(kept.id)) == ["aa"] and not memory.lessons(book.id)
    files = [path for path in store.folder.rglob("*") if path.is_file()]
    assert all(b"unspeakable" not in path.read_bytes() for path in files)
    assert not (store.folder / "projects" / book.id).exists()


def test_purging_takes_old_chapters_and_takes_of_a_living_book(
    manuscripts: Manuscripts, book: Project, clock: Any
) -> None:
    gone = manuscripts.add_chapter(book.id, "Gone", "cut")
    chapter = manuscripts.add_chapter(book.id, "Kept", "Text")
    rejected, accepted, live = (take(manuscripts, book.id, chapter.id) for _ in range(3))
    manuscripts.save(chapter.id, 1, "Text taken", [Accepted(accepted, 4, 6)])
    for id in (rejected, accepted):
        manuscripts.delete_take(id)
    manuscripts.delete_chapter(gone.id)
    manuscripts.purge_deleted(clock.now + 1)
    with pytest.raises(NotFound):
        manuscripts.restore_chapter(gone.id)
    with pytest.raises(NotFound):
        manuscripts.extend_take(rejected, "x", 1)
    manuscripts.extend_take(accepted, "x", 1)  # hidden, but provenance refers to it
    assert [found.id for found in manuscripts.takes(chapter.id)] == [live]
    assert manuscripts.chapter(chapter.id).text == "Text taken"


def test_a_crash_while_purging_is_made_up_for_by_the_next_purge(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = store.folder / "projects" / book.id / "book"
    folder.mkdir(parents=True)
    (folder / "01-one.md").write_text("words")
    manuscripts.delete_project(book.id)

    def crash(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("storage.projects.shutil.rmtree", crash)
        with pytest.raises(KeyboardInterrupt):
            manuscripts.purge_deleted(clock.now + 1)
    assert manuscripts.project(book.id).deleted_at == clock.now
    manuscripts.purge_deleted(clock.now + 1)
    assert not folder.exists() and manuscripts.projects(deleted=True) == []


def take(manuscripts: Manuscripts, project: str, chapter: str) -> str:
    revision = manuscripts.chapter(chapter).revision
    return manuscripts.start_takes(1, project, chapter, "continue", revision, 0, 0, None, "starter", None, "{}")[0].id


def sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()
