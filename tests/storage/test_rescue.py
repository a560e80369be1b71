"""A damaged database gives way to the newest sound backup, and nothing that was there is lost by that."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils.utils import sqlite3  # pyright: ignore[reportPrivateImportUsage]

from storage.backups import DAY_S, Backups, listed
from storage.database import FILE_NAME, FolderLock, open_database
from storage.manuscripts import Manuscripts
from storage.mirror import Mirror
from storage.records import Backup
from storage.rescue import NEWEST, put_back, set_aside
from templora.errors import DiskFull, FolderInUse, NotFound, StorageError
from tests.storage.conftest import Clock
from tests.storage.damage import flip_page_of

ASIDE = "templora.db.damaged-1970-01-12T13-46-40.000Z"


def desk(folder: Path, clock: Clock) -> list[Backup]:
    """A data folder with a book in three states: in two backups (newest first), and written on since."""
    clock.now -= DAY_S
    store = open_database(folder)
    manuscripts, backups = Manuscripts(store, clock), Backups(store, clock)
    book = manuscripts.create_project("The Book")
    chapter = manuscripts.add_chapter(book.id, "One", "in both backups")
    backups.make("daily")
    manuscripts.save(chapter.id, 1, "in the second backup", kind="restored")
    clock.now += DAY_S
    made = backups.make("daily")
    manuscripts.save(chapter.id, 2, "written since", kind="restored")
    Mirror(folder).write(manuscripts.project(book.id), manuscripts.texts(book.id), "noted since\n")
    store.close()
    assert backups.all()[0] == made
    return listed(folder)


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock"}


def text(folder: Path) -> str:
    with closing(open_database(folder)) as store:
        manuscripts = Manuscripts(store)
        return manuscripts.texts(manuscripts.projects()[0].id)[0].text


@pytest.fixture
def damaged(tmp_path: Path, clock: Clock) -> list[Backup]:
    backups = desk(tmp_path, clock)
    flip_page_of(tmp_path / FILE_NAME, "revisions")
    with pytest.raises(StorageError, match=r"damaged.*--restore-backup newest"):
        text(tmp_path)
    return backups


def test_the_newest_backup_takes_the_place_of_a_damaged_database(
    damaged: list[Backup], tmp_path: Path, clock: Clock
) -> None:
    spoilt = (tmp_path / FILE_NAME).read_bytes()
    told = "\n".join(put_back(tmp_path, NEWEST, clock))
    assert f"The backup {damaged[0].name} is now the database" in told
    assert text(tmp_path) == "in the second backup"
    assert (tmp_path / ASIDE).read_bytes() == spoilt
    assert str(tmp_path / ASIDE) in told
    # The words that are in no backup are in the readable copy, and stay there when the desk writes a new one.
    notes, copy = sorted(tmp_path.glob("projects/*/book.damaged-*/*.md"))
    assert copy.read_text() == "# One\n\nwritten since\n" and notes.read_text() == "noted since\n"
    assert str(copy.parent) in told
    assert set_aside(tmp_path) == [copy.parent, tmp_path / ASIDE]
    assert listed(tmp_path) == damaged
    assert not (tmp_path / f"{FILE_NAME}.part").exists()


def test_a_log_beside_a_damaged_database_is_kept_with_it(damaged: list[Backup], tmp_path: Path, clock: Clock) -> None:
    for companion in ("-wal", "-shm", "-journal"):
        (tmp_path / f"{FILE_NAME}{companion}").write_bytes(companion.encode())
    put_back(tmp_path, NEWEST, clock)
    assert text(tmp_path) == "in the second backup"
    for companion in ("-wal", "-shm", "-journal"):
        assert (tmp_path / f"{ASIDE}{companion}").read_bytes() == companion.encode()


def test_the_words_in_a_log_can_still_be_read_beside_the_kept_database(tmp_path: Path, clock: Clock) -> None:
    desk(tmp_path, clock)
    store = open_database(tmp_path)
    manuscripts = Manuscripts(store)
    chapter = manuscripts.texts(manuscripts.projects()[0].id)[0]
    manuscripts.save(chapter.id, 3, "in the log alone", kind="restored")
    killed = tmp_path / "killed"
    killed.mkdir()
    for path in [path for path in tmp_path.iterdir() if path.name not in {"killed", "lock"}]:
        (shutil.copytree if path.is_dir() else shutil.copyfile)(path, killed / path.name)
    store.close()
    assert (killed / f"{FILE_NAME}-wal").stat().st_size
    put_back(killed, NEWEST, clock)
    assert text(killed) == "in the second backup"
    with closing(sqlite3.connect(killed / ASIDE)) as conn:
        rows = conn.execute("SELECT text FROM revisions ORDER BY number DESC").fetchall()
    assert rows[0] == ("in the log alone",)


def test_a_backup_can_be_named(damaged: list[Backup], tmp_path: Path, clock: Clock) -> None:
    put_back(tmp_path, damaged[1].name, clock)
    assert text(tmp_path) == "in both backups"
    with pytest.raises(NotFound, match=f"There are: {damaged[0].name}, {damaged[1].name}"):
        put_back(tmp_path, "yesterday", clock)


def test_a_backup_that_is_damaged_too_is_passed_over(damaged: list[Backup], tmp_path: Path, clock: Clock) -> None:
    flip_page_of(tmp_path / "backups" / damaged[0].name, "revisions")
    told = put_back(tmp_path, NEWEST, clock)
    assert told[0].startswith(f"{damaged[0].name} was passed over: ")
    assert text(tmp_path) == "in both backups"


def test_a_backup_of_a_newer_version_is_passed_over(damaged: list[Backup], tmp_path: Path, clock: Clock) -> None:
    with closing(sqlite3.connect(tmp_path / "backups" / damaged[0].name)) as conn:
        conn.execute("INSERT INTO _sqlite_migrations VALUES (99, 'templora', 'm999_later', '2099')")
        conn.commit()
    assert "newer Templora" in put_back(tmp_path, NEWEST, clock)[0]
    assert text(tmp_path) == "in both backups"


def test_a_named_backup_that_is_damaged_is_refused_and_nothing_changes(
    damaged: list[Backup], tmp_path: Path, clock: Clock
) -> None:
    (tmp_path / "backups" / damaged[0].name).write_bytes(b"no database" * 500)
    before = files(tmp_path)
    with pytest.raises(StorageError, match=r"No backup is sound.*Readable copies"):
        put_back(tmp_path, damaged[0].name, clock)
    assert files(tmp_path) == before


def test_without_a_backup_the_readable_copies_are_named(damaged: list[Backup], tmp_path: Path, clock: Clock) -> None:
    shutil.rmtree(tmp_path / "backups")
    (book,) = tmp_path.glob("projects/*/book")
    with pytest.raises(NotFound, match=r"There is no backup in .*Readable copies") as caught:
        put_back(tmp_path, NEWEST, clock)
    assert str(book) in caught.value.message
    with pytest.raises(StorageError, match=r"damaged\. There is no backup\. Readable copies") as opened:
        text(tmp_path)
    assert str(book) in opened.value.message


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no backup"):
        put_back(tmp_path / "mistyped", NEWEST)
    assert not (tmp_path / "mistyped").exists()


def test_a_database_that_is_gone_comes_back_too(tmp_path: Path, clock: Clock) -> None:
    desk(tmp_path, clock)
    (tmp_path / FILE_NAME).unlink()
    told = put_back(tmp_path, NEWEST, clock)
    assert not any("files that were there" in line for line in told)
    assert text(tmp_path) == "in the second backup"


def test_books_that_are_open_are_not_replaced(tmp_path: Path, clock: Clock) -> None:
    desk(tmp_path, clock)
    lock = FolderLock(tmp_path)
    with pytest.raises(FolderInUse):
        put_back(tmp_path, NEWEST, clock)
    lock.release()
    assert text(tmp_path) == "written since"
    put_back(tmp_path, NEWEST, clock)  # and it does not keep the folder to itself
    FolderLock(tmp_path).release()


@pytest.mark.parametrize("linking", [True, False])
@pytest.mark.parametrize("refuse", ["book", "-wal", ".part"])
def test_where_the_disk_refuses_everything_is_where_it_was(
    damaged: list[Backup], tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, refuse: str, linking: bool
) -> None:
    (tmp_path / f"{FILE_NAME}-wal").write_bytes(b"a log")
    before = files(tmp_path)

    def refusing(method: str) -> None:
        original = getattr(Path, method)

        def move(path: Path, target: Path) -> Path:
            if path.name.endswith(refuse):
                raise OSError(5, "Input/output error", str(path))
            return original(path, target)

        monkeypatch.setattr(Path, method, move)

    def no_link(path: Path, target: Path) -> None:
        raise OSError(95, "Operation not supported", str(path))

    refusing("rename")
    refusing("replace")
    if not linking:
        monkeypatch.setattr(Path, "hardlink_to", no_link)
    with pytest.raises(StorageError, match="Input/output error"):
        put_back(tmp_path, NEWEST, clock)
    assert files(tmp_path) == before


def test_it_works_where_a_file_cannot_have_two_names(
    damaged: list[Backup], tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(path: Path, target: Path) -> None:
        raise OSError(95, "Operation not supported", str(path))

    monkeypatch.setattr(Path, "hardlink_to", no_link)
    put_back(tmp_path, NEWEST, clock)
    assert text(tmp_path) == "in the second backup"
    assert (tmp_path / ASIDE).exists()


@pytest.mark.parametrize("linking", [True, False])
@pytest.mark.parametrize("gone", [False, True])
def test_where_the_disk_refuses_to_flush_everything_is_where_it_was(
    damaged: list[Backup], tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, linking: bool, gone: bool
) -> None:
    (tmp_path / f"{FILE_NAME}-wal").write_bytes(b"a log")
    if gone:
        (tmp_path / FILE_NAME).unlink()
    before = files(tmp_path)
    left = 0

    def flush(path: Path) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(5, "Input/output error", str(path))

    def no_link(path: Path, target: Path) -> None:
        raise OSError(95, "Operation not supported", str(path))

    monkeypatch.setattr("storage.rescue.sync_folder", flush)
    if not linking:
        monkeypatch.setattr(Path, "hardlink_to", no_link)
    for times in range(2, 4):  # each backup that is fetched is flushed too, and passed over where that fails
        left = times
        with pytest.raises(StorageError, match="Input/output error"):
            put_back(tmp_path, damaged[0].name, clock)
        assert files(tmp_path) == before
    left = 4
    put_back(tmp_path, damaged[0].name, clock)
    assert text(tmp_path) == "in the second backup"


@pytest.mark.parametrize("step", ["copyfile", "sync_file", "sync_folder", "migrate"])
def test_a_full_disk_is_told_as_one_and_not_as_backups_that_are_damaged(
    damaged: list[Backup], tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: Path) -> None:
        raise OSError(28, "No space left on device")

    def full_of_pages(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    before = files(tmp_path)
    if step == "migrate":  # of a backup from before
        monkeypatch.setattr("storage.copies.pending", lambda _: ["m999"])
        monkeypatch.setattr("storage.copies.migrate", full_of_pages)
    else:
        monkeypatch.setattr("shutil.copyfile" if step == "copyfile" else f"storage.rescue.{step}", full)
    with pytest.raises(DiskFull, match="make room, then run the command again"):
        put_back(tmp_path, NEWEST, clock)
    assert files(tmp_path) == before
