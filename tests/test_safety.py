"""Backups and warnings as the Studio keeps them: daily, at the finish, on demand; and what a fault among them stops."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from storage import migrations, places
from storage.database import FILE_NAME, FolderLock
from storage.mirror import Mirror
from storage.places import Mount
from storage.records import Chapter, Project
from storage.rescue import NEWEST, put_back
from templora.errors import DiskFull, NotFound, StorageError
from templora.safety import TEND_S
from tests.storage.damage import flip_page_of
from tests.studio_desk import Desk, prose

DAY_S = 24 * 3600.0


@pytest.fixture(autouse=True)
def local_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run in a container whose disk is not its own."""
    monkeypatch.setattr(places, "system_mounts", list[Mount])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def tend(desk: Desk) -> None:
    desk.studio._safety.tend()  # pyright: ignore[reportPrivateUsage]


def reasons(desk: Desk) -> list[str]:
    return [backup.reason for backup in desk.studio.backups()]


def test_the_desk_backs_up_once_a_day_while_the_text_changes(desk: Desk) -> None:
    tend(desk)
    assert reasons(desk) == []  # there is no book yet
    project = desk.book("first")
    (chapter,) = desk.chapters(project)
    for _ in range(3):
        desk.clock.pass_(TEND_S)
        tend(desk)
    assert reasons(desk) == ["daily"]
    desk.clock.pass_(DAY_S)
    tend(desk)
    assert reasons(desk) == ["daily"]  # nothing has changed
    desk.rewrite(chapter, lambda text: f"{text} and more")
    desk.reopen()
    tend(desk)
    assert reasons(desk) == ["daily", "daily"]
    desk.studio.close()


def test_a_running_desk_backs_up_by_itself(desk: Desk) -> None:
    desk.book("first")
    desk.studio.start()
    end = time.monotonic() + 20
    while reasons(desk) != ["daily"]:
        assert time.monotonic() < end
        time.sleep(0.05)
    desk.studio.close()
    assert not list((desk.folder / "data" / "backups").glob("*.part*"))


def test_a_backup_that_failed_is_a_warning_until_one_succeeds(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.book("first")
    in_the_way = desk.folder / "data" / "backups"
    in_the_way.write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            tend(desk)
            desk.clock.pass_(TEND_S)
    (warning,) = desk.studio.warnings()
    assert warning.startswith("No backup was made: ") and str(in_the_way) in warning
    assert [record.message for record in caplog.records] == [warning]  # not again and again
    with pytest.raises(StorageError, match="No backup was made"):
        desk.studio.back_up()

    in_the_way.unlink()
    tend(desk)
    assert desk.studio.warnings() == []
    assert reasons(desk) == ["daily"]
    desk.studio.close()


def test_what_is_noted_of_a_book_can_be_read_without_the_desk(desk: Desk) -> None:
    project = desk.book("first")
    (chapter,) = desk.chapters(project)
    desk.studio.start()  # what follows is heard of, not found at the start
    page = desk.folder / "data" / "projects" / project / "book" / "00-notes.md"

    def read() -> str:
        desk.studio._keeper.write_mirrors()  # pyright: ignore[reportPrivateUsage]
        return page.read_text(encoding="utf-8") if page.exists() else ""

    assert read() == ""
    desk.studio.set_synopsis(chapter, "It rains.")
    assert "It rains." in read()
    desk.studio.set_status(chapter, "draft")
    assert "### 1. Chapter 1 (draft)" in read()
    desk.studio.bible.set_author_note(project, "Dry.")
    assert "Dry." in read()
    ines = desk.studio.bible.add(project, "character", "Ines", ["the pilot"], "Tall.")
    desk.studio.bible.set_note(ines.id, chapter, "Is afraid.")
    assert all(words in read() for words in ("### Ines", "the pilot", "Tall.", "From ‘Chapter 1’ on: Is afraid."))
    # What comes out of a backup is there, and what is deleted is not.
    restored = desk.studio.restore_book(desk.studio.back_up().name, project)
    written = read()
    assert (page.parents[2] / restored.id / "book" / page.name).read_text(encoding="utf-8") == written
    desk.studio.bible.delete(ines.id)
    assert "Ines" not in read() and "Dry." in read()
    desk.studio.bible.set_author_note(project, "")
    desk.studio.set_synopsis(chapter, "")
    desk.studio.set_status(chapter, "")
    assert read() == "" and not page.exists()


def test_readable_copies_that_cannot_be_written_are_a_warning_until_they_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, other = desk.book("first"), desk.book("another")
    writes, kept = Mirror.write, [project]

    def full(mirror: Mirror, book: Project, chapters: Sequence[Chapter], notes: str) -> None:
        if book.id in kept:
            raise DiskFull("The disk is full.")
        writes(mirror, book, chapters, notes)

    monkeypatch.setattr(Mirror, "write", full)
    keeper = desk.studio._keeper  # pyright: ignore[reportPrivateUsage]
    for _ in range(2):  # it is tried again, and the other books do not wait for it
        keeper.write_mirrors()
        (warning,) = desk.studio.warnings()
        assert "readable copies" in warning and warning.endswith("The disk is full.")
        assert len([*desk.folder.glob("data/projects/*/book/*.md")]) == 1
    kept.clear()
    keeper.write_mirrors()
    assert desk.studio.warnings() == []
    assert {path.parent.parent.name for path in desk.folder.glob("data/projects/*/book/*.md")} == {project, other}
    desk.studio.close()


def test_finishing_a_book_backs_it_up_first(desk: Desk) -> None:
    project = desk.book(prose(12))
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project)
    finished = desk.studio.finish(project, "text")
    assert finished.discarded.lessons > 0
    (backup,) = desk.studio.backups()
    assert backup.reason == "export"
    (book,) = desk.studio.backup_books(backup.name)
    assert (book.id, book.chapters, book.words) == (project, 1, 360)
    desk.studio.close()


def test_a_book_is_finished_though_no_backup_can_be_made(desk: Desk) -> None:
    project = desk.book("The end.")
    (desk.folder / "data" / "backups").write_text("a file where the folder should be")
    finished = desk.studio.finish(project, "text")
    assert b"The end." in finished.export.data
    assert desk.studio.warnings()[0].startswith("No backup was made: ")
    desk.studio.close()


def test_a_restored_book_is_a_book_like_any_other(desk: Desk) -> None:
    project = desk.book(prose(12))
    desk.studio.memory_do(project, "learn")
    desk.work()
    backup = desk.studio.back_up()
    (chapter,) = desk.chapters(project)
    desk.rewrite(chapter, lambda _: "all gone")
    restored = desk.studio.restore_book(backup.name, project)
    assert restored.title.startswith("A book (backup of ")
    assert {book.id for book in desk.studio.projects()} == {project, restored.id}
    assert not desk.resident(restored.id)  # its memory is not in the backup …
    desk.studio.memory_do(restored.id, "learn")
    desk.work()
    assert desk.resident(restored.id) == desk.planned(restored.id) != []  # … it is learnt anew
    with pytest.raises(NotFound):
        desk.studio.restore_book("../templora.db", project)
    desk.studio.close()
    (copy,) = (desk.folder / "data" / "projects" / restored.id / "book").iterdir()  # the readable copy
    assert prose(12) in copy.read_text()


@pytest.mark.parametrize("running", [False, True])
def test_a_damaged_database_is_found_in_the_background(desk: Desk, running: bool) -> None:
    project = desk.book(prose(40), prose(40, "v"))
    desk.studio.back_up()
    desk.studio.discard_memory(project)
    data = desk.folder / "data"
    if not running:
        desk.studio.close()
        flip_page_of(data / FILE_NAME, "takes_of_chapter")
        desk.engine.restart()
        desk.open()
        tend(desk)
        (warning,) = desk.studio.warnings()
    else:
        # Once it has been found sound it is looked at again a day later.
        tend(desk)
        assert desk.studio.warnings() == []
        desk.studio._store.scrub()  # pyright: ignore[reportPrivateUsage]
        flip_page_of(data / FILE_NAME, "takes_of_chapter")
        desk.clock.pass_(TEND_S)
        tend(desk)
        assert desk.studio.warnings() == []
        desk.clock.pass_(DAY_S)
        tend(desk)
        (warning,) = desk.studio.warnings()
    assert warning.startswith("The database with your books is damaged. Close the desk, then run: python3 app.py")
    assert desk.studio.chapter(desk.chapters(project)[0]).text == prose(40)  # what can be read still is
    desk.studio.close()


def test_files_that_were_set_aside_are_mentioned_as_long_as_they_are_there(desk: Desk) -> None:
    desk.book("first")
    desk.studio.back_up()
    desk.studio.close()
    data = desk.folder / "data"
    put_back(data, NEWEST, desk.clock)
    desk.engine.restart()
    desk.open()
    (warning,) = desk.studio.warnings()
    (aside,) = data.glob("templora.db.damaged-*")
    assert str(aside) in warning
    aside.unlink()
    for copy in data.glob("projects/*/book.damaged-*/*"):
        copy.unlink()
        copy.parent.rmdir()
    assert desk.studio.warnings() == []
    desk.studio.close()


def test_a_synced_folder_is_mentioned_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "system_mounts", lambda: [Mount("/", "nfs4", "rw")])
    (tmp_path / "Dropbox").mkdir()
    desk = Desk(tmp_path / "Dropbox")
    with caplog.at_level(logging.WARNING):
        desk.studio.start()
    synced, network = desk.studio.warnings()
    assert "Dropbox keeps in sync" in synced and "nfs4" in network
    assert [record.message for record in caplog.records] == [synced, network]
    desk.studio.close()


def test_a_failed_migration_leaves_the_folder_to_the_next_start(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    project = desk.book("first")
    desk.studio.close()

    def m999_fails(db: object) -> None:
        raise ZeroDivisionError("midway")

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", (*migrations.STEPS, m999_fails))
        with pytest.raises(StorageError, match="could not be converted"):
            desk.open()
    FolderLock(desk.folder / "data").release()
    desk.engine.restart()
    desk.open()
    assert desk.studio.chapter(desk.chapters(project)[0]).text == "first"
    assert reasons(desk) == ["migration"]
    desk.studio.close()
