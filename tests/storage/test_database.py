"""One database: safe settings, all or nothing, and errors that a writer can act on."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # pyright: ignore[reportPrivateImportUsage]

from storage import database
from storage.database import FILE_NAME, FolderLock, Store, disk_errors, open_database
from storage.migrations import STEPS
from templora.errors import DiskFull, FolderInUse, StorageError


def settings(store: Store) -> dict[str, object]:
    with store.read() as rows:
        return {
            name: next(iter(rows.all(f"PRAGMA {name}")[0].values()))
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }


def titles(store: Store) -> list[str]:
    with store.read() as rows:
        return [row["title"] for row in rows.all("SELECT title FROM projects ORDER BY title")]


def add(store: Store, title: str) -> None:
    with store.transaction() as sql:
        sql.insert("projects", {"id": title, "title": title, "created_at": 0.0, "updated_at": 0.0})


def test_a_sound_sqlite_writes_ahead_and_flushes_every_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAL_IS_SAFE_FROM", (3, 0, 0))
    store = open_database(tmp_path)
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 5000}
    assert settings(store) == expected
    store.close()


def test_an_sqlite_with_the_reset_bug_gets_a_rollback_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAL_IS_SAFE_FROM", (99, 0, 0))
    store = open_database(tmp_path)
    assert settings(store)["journal_mode"] == "delete"
    assert settings(store)["synchronous"] == 3
    add(store, "kept")
    store.close()


def test_an_empty_folder_gets_every_migration_once(tmp_path: Path) -> None:
    open_database(tmp_path / "new" / "folder").close()
    open_database(tmp_path / "new" / "folder").close()
    db = Database(tmp_path / "new" / "folder" / FILE_NAME)
    assert [row["name"] for row in db["_sqlite_migrations"].rows] == [step.__name__ for step in STEPS]
    assert {"projects", "chapters", "revisions", "takes", "lessons", "snapshots"} <= set(db.table_names())
    db.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = open_database(tmp_path)
    with store.transaction() as sql:
        row = {"migration_set": "templora", "name": "m999_later", "applied_at": "2099"}
        sql.insert("_sqlite_migrations", row)
    store.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(StorageError, match="newer Templora"):
        open_database(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_transaction_that_fails_changes_nothing(store: Store) -> None:
    add(store, "before")
    with pytest.raises(RuntimeError), store.transaction():
        add(store, "inside")
        raise RuntimeError
    assert titles(store) == ["before"]


def test_a_part_of_a_transaction_can_fail_alone(store: Store) -> None:
    with store.transaction():
        add(store, "whole")
        with pytest.raises(RuntimeError), store.transaction():
            add(store, "part")
            raise RuntimeError
    assert titles(store) == ["whole"]


def test_no_thread_sees_a_transaction_of_another_half_done(store: Store) -> None:
    inside, seen = threading.Event(), []

    def look() -> None:
        inside.wait()
        seen.append(titles(store))

    thread = threading.Thread(target=look)
    thread.start()
    with store.transaction():
        add(store, "one")
        inside.set()
        thread.join(timeout=0.05)
        add(store, "two")
    thread.join()
    assert seen == [["one", "two"]]


def test_a_mistake_in_sql_is_not_blamed_on_the_disk(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"), store.read() as rows:
        rows.all("SELECT * FROM nowhere")


def test_a_damaged_database_says_where_readable_copies_are(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this was a database once" * 200)
    with pytest.raises(StorageError, match="book"):
        open_database(tmp_path)


def test_a_database_that_is_a_folder_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StorageError, match="permissions"):
        open_database(tmp_path)


def test_a_database_that_could_be_opened_for_reading_only_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As SQLite does after an error of the disk, if the file may be written; else the books can at least be read."""
    open_database(tmp_path).close()
    connect = sqlite3.connect

    def fails_once(path: Path, **options: Any) -> Any:
        return connect(f"file:{path}?mode=ro", uri=True, **options)

    with monkeypatch.context() as patch:
        patch.setattr(database.sqlite3, "connect", fails_once)
        with pytest.raises(StorageError, match="cannot be written"):
            open_database(tmp_path)
    open_database(tmp_path).close()


def test_a_database_that_another_program_holds_is_reported(store: Store) -> None:
    other = sqlite3.connect(store.folder / FILE_NAME)
    other.execute("BEGIN IMMEDIATE")
    with store.read() as rows:
        rows.all("PRAGMA busy_timeout=20")
    begun = False
    with pytest.raises(StorageError, match="Another program"), store.transaction():
        begun = True  # it would be refused only at its first write, after reading what may have changed by then
    assert not begun
    other.rollback()
    add(store, "after")
    other.close()
    assert titles(store) == ["after"]


def test_what_was_deleted_is_in_no_file_after_a_scrub(store: Store) -> None:
    add(store, "a secret that must go")
    with store.transaction() as sql:
        sql.run("DELETE FROM projects")
    store.scrub()
    for path in store.folder.iterdir():
        assert b"a secret that must go" not in path.read_bytes()


def test_a_scrub_that_a_reader_prevents_is_not_called_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAL_IS_SAFE_FROM", (3, 0, 0))
    store = open_database(tmp_path)
    with store.read() as rows:
        rows.all("PRAGMA busy_timeout=20")
    add(store, "old")
    reader = sqlite3.connect(store.folder / FILE_NAME)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM projects").fetchall()
    add(store, "new")
    with pytest.raises(StorageError, match="log"):
        store.scrub()
    reader.close()
    store.close()


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EACCES, StorageError)]
)
def test_errors_of_the_file_system_are_told_apart(number: int, kind: type[StorageError]) -> None:
    with pytest.raises(StorageError) as caught, disk_errors(Path("book")):
        raise OSError(number, "says the system", "chapter.md")
    assert type(caught.value) is kind


def test_a_second_desk_on_the_same_folder_is_locked_out(tmp_path: Path) -> None:
    hold = "import sys; from pathlib import Path; from storage.database import FolderLock\n"
    hold += "lock = FolderLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    first = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert first.stdout and first.stdout.readline() == b"held\n"
    with pytest.raises(FolderInUse, match="--data"):
        FolderLock(tmp_path)
    first.kill()  # a crash must not leave the folder locked
    first.communicate()
    FolderLock(tmp_path).release()


def test_a_lock_can_be_released_by_another_thread(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    with pytest.raises(FolderInUse):
        FolderLock(tmp_path)
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    FolderLock(tmp_path).release()
