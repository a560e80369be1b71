"""A disk that is really full: the save is refused with a reason, what was saved stays, and there is a way on.

Two ways to get one: see `tests.full_disk`.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.backups import Backups
from storage.database import open_database
from storage.manuscripts import Manuscripts
from templora.errors import DiskFull, StorageError
from tests.full_disk import SIZE, WAYS, disk_of, fill, limit_file_size, make_room


@pytest.fixture(params=WAYS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with disk_of(request.param, tmp_path):
        yield request.param


def test_a_full_disk_refuses_the_save_and_loses_nothing(disk: str, tmp_path: Path) -> None:
    store = open_database(tmp_path)
    manuscripts = Manuscripts(store)
    book = manuscripts.create_project("The Book")
    chapter = manuscripts.add_chapter(book.id, "One", "first")
    saved, text, number = "first", "", 1
    with pytest.raises(StorageError) as caught:
        while number < 100:
            text = f"{saved} {'word ' * 10_000}"
            number = manuscripts.save(chapter.id, number, text, kind="restored")
            saved = text
    if disk == "small disk":
        assert isinstance(caught.value, DiskFull)
        assert "Make room" in caught.value.message
    current = manuscripts.chapter(chapter.id)
    assert (current.text, current.revision) == (saved, number)
    store.close()

    # Room is made, and the same text goes in.
    if disk == "file size limit":
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
        )
    else:
        subprocess.run(["mount", "-o", "remount,size=16m", str(tmp_path)], check=True)
    store = open_database(tmp_path)
    again = Manuscripts(store)
    assert again.chapter(chapter.id).text == saved
    assert again.save(chapter.id, number, text, kind="restored") == number + 1
    store.close()


def test_writing_goes_on_over_the_same_connection_once_there_is_room(disk: str, tmp_path: Path) -> None:
    store = open_database(tmp_path)
    manuscripts = Manuscripts(store)
    book = manuscripts.create_project("The Book")
    chapter = manuscripts.add_chapter(book.id, "One", "first")
    fill(disk, tmp_path)
    with pytest.raises(StorageError):
        manuscripts.save(chapter.id, 1, "word " * (SIZE // 4))
    make_room(disk, tmp_path)
    assert manuscripts.save(chapter.id, 1, "second") == 2
    assert manuscripts.chapter(chapter.id).text == "second"
    store.close()


@pytest.mark.parametrize("new", [True, False])
def test_a_disk_without_room_to_open_the_books_says_so(disk: str, tmp_path: Path, new: bool) -> None:
    if not new:
        open_database(tmp_path).close()
    fill(disk, tmp_path)
    with pytest.raises(StorageError) as caught, closing(open_database(tmp_path)) as store:
        Manuscripts(store).create_project("The Book")
    # SQLite calls it an I/O error where there is no room for the memory that its log shares.
    assert isinstance(caught.value, DiskFull) or disk == "file size limit"
    make_room(disk, tmp_path)
    store = open_database(tmp_path)
    assert Manuscripts(store).projects() == []
    store.close()


def test_a_backup_that_does_not_fit_is_refused_and_nothing_is_lost(disk: str, tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as store:
        manuscripts, backups = Manuscripts(store), Backups(store)
        book = manuscripts.create_project("The Book")
        chapter = manuscripts.add_chapter(book.id, "One", "first")
        made = backups.make("asked")
        # The text fits, the text and a copy of it does not.
        text = "word " * (SIZE // 13)
        number = manuscripts.save(chapter.id, 1, text)
        if disk == "file size limit":
            limit_file_size(SIZE // 4)
        with pytest.raises(StorageError, match="No backup was made") as caught:
            backups.make("asked")
        assert isinstance(caught.value, DiskFull) or disk == "file size limit"
        assert backups.all() == [made]
        assert [path.name for path in (tmp_path / "backups").iterdir()] == [made.name]
        assert manuscripts.chapter(chapter.id).text == text
        make_room(disk, tmp_path)
        assert manuscripts.save(chapter.id, number, "second") == number + 1
        backups.make("asked")
        assert len(backups.all()) == 2
