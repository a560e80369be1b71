"""One SQLite database in the data folder: opened, brought up to date, and shared by all threads over one connection."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # pyright: ignore[reportPrivateImportUsage]

from storage.migrations import NewerSchema, migrate
from templora.errors import DiskFull, FolderInUse, StorageError

FILE_NAME = "templora.db"
BUSY_TIMEOUT_MS = 5_000
WAL_IS_SAFE_FROM = (3, 51, 3)
"""Older SQLite can lose a committed transaction when a WAL is reset."""
ROOM_BYTES = 256 * 1024
"""With less than this free, an error of the disk is put down to its being full."""


class Rows:
    """What may be asked in `Store.read`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Every row that the query answers, by column name."""
        cursor = self._db.conn.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def first(self, sql: str, *values: object) -> dict[str, Any] | None:
        rows = self.all(sql, *values)
        return rows[0] if rows else None


class Sql(Rows):
    """What may be done in `Store.transaction`."""

    def run(self, sql: str, *values: object) -> int:
        """Execute one statement; returns how many rows it changed."""
        return self._db.conn.execute(sql, values).rowcount

    def insert(self, table: str, row: Mapping[str, object]) -> int:
        """Insert a row given by column name; returns its rowid."""
        columns = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" for _ in row)
        cursor = self._db.conn.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', tuple(row.values()))
        return int(cursor.lastrowid or 0)


class Store:
    """The database of a data folder. One connection, guarded by a lock that its own thread may take again."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.folder = folder
        self._db = db
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self) -> Generator[Sql, None, None]:
        """All or nothing, on disk when the block is left. Inside another one of the same thread: a part of that one.

        Raises `DiskFull` or `StorageError` where SQLite could not write; then nothing has changed.
        """
        with self._lock, _sqlite_errors(self.folder):
            if self._db.conn.in_transaction:
                with self._db.atomic():
                    yield Sql(self._db)
                return
            # Immediate: a deferred transaction that reads first may be refused at its first write.
            self._db.conn.execute("BEGIN IMMEDIATE")
            try:
                yield Sql(self._db)
                self._db.commit()
            except BaseException:
                self._db.rollback()
                raise

    @contextmanager
    def read(self) -> Generator[Rows, None, None]:
        """The database for reading; no other thread changes it while the block runs."""
        with self._lock, _sqlite_errors(self.folder):
            yield Rows(self._db)

    def scrub(self) -> None:
        """After text or a memory was deleted for good: leave no copy of it in the write-ahead log.

        Raises `StorageError` where the log could not be emptied.
        """
        with self.read() as rows:
            busy = rows.all("PRAGMA wal_checkpoint(TRUNCATE)")[0]["busy"]
        if busy:
            raise StorageError(
                "What was deleted may still be in the database's log, because another program is reading it. "
                "Close that program and delete again."
            )

    def close(self) -> None:
        with self._lock:
            self._db.close()


def open_database(folder: Path) -> Store:
    """Open the database in `folder` (made where missing) and bring its tables up to date.

    Raises `DiskFull`, or `StorageError` where the file is damaged, cannot be written, or is of a newer Templora.
    """
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _sqlite_errors(folder):
        conn = sqlite3.connect(folder / FILE_NAME, check_same_thread=False)
        try:
            db = Database(conn)
            _configure(db)
            migrate(db)
        except NewerSchema:
            conn.close()
            raise StorageError(
                f"The books in {folder} were last opened by a newer Templora. Update this one to open them."
            ) from None
        except BaseException:
            conn.close()
            raise
    return Store(db, folder)


def _configure(db: Database) -> None:
    def pragma(text: str) -> Any:
        return db.conn.execute(f"PRAGMA {text}").fetchone()

    wanted = "wal" if sqlite3.sqlite_version_info >= WAL_IS_SAFE_FROM else "delete"
    # Some file systems cannot share memory and stay with a rollback journal, which needs EXTRA to be as safe.
    mode = pragma(f"journal_mode={wanted}")[0]
    pragma(f"synchronous={'FULL' if mode == 'wal' else 'EXTRA'}")
    pragma("foreign_keys=ON")
    pragma("secure_delete=ON")
    pragma(f"busy_timeout={BUSY_TIMEOUT_MS}")


class FolderLock:
    """Holds a data folder for this process, by a lock of the operating system: it ends with the process."""

    def __init__(self, folder: Path) -> None:
        """Raises `FolderInUse` where another desk holds the folder."""
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            # Not bound to a thread: a server opens and closes the desk on different ones.
            self._lock = FileLock(folder / "lock", timeout=0, thread_local=False, fallback_to_soft=False)
            try:
                self._lock.acquire()
            except Timeout as error:
                raise FolderInUse(
                    f"Another Templora is open on the books in {folder}. "
                    "Use that one, close it, or choose another folder with --data."
                ) from error

    def release(self) -> None:
        self._lock.release()


@contextmanager
def disk_errors(path: Path) -> Generator[None, None, None]:
    """Turn what the file system refuses into `DiskFull` or `StorageError`, for the writer."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _full(path) from error
        raise StorageError(f"{error.filename or path} could not be used: {error.strerror or error}.") from error


@contextmanager
def _sqlite_errors(folder: Path) -> Generator[None, None, None]:
    """Turn what SQLite says of disk and file into our errors. A mistake in our SQL stays what it is."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The low byte is the error, the rest its details.
        code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR) & 0xFF
        if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(folder)):
            raise _full(folder) from error
        if code in _REFUSALS:
            raise StorageError(f"{_REFUSALS[code]} ({folder / FILE_NAME}: {error}.)") from error
        raise


_REFUSALS: dict[int, str] = {
    sqlite3.SQLITE_IOERR: "The disk with your books could not be read or written. Check the disk, then try again.",
    sqlite3.SQLITE_BUSY: "Another program is using the database with your books. Close it, then try again.",
    sqlite3.SQLITE_LOCKED: "Another program is using the database with your books. Close it, then try again.",
    sqlite3.SQLITE_READONLY: "The folder with your books cannot be written. Check its permissions.",
    sqlite3.SQLITE_PERM: "The folder with your books cannot be written. Check its permissions.",
    sqlite3.SQLITE_CANTOPEN: "The database with your books cannot be opened. Check the folder and its permissions.",
    sqlite3.SQLITE_CORRUPT: "The database with your books is damaged. A readable copy of each is in projects/*/book.",
    sqlite3.SQLITE_NOTADB: "The database with your books is damaged. A readable copy of each is in projects/*/book.",
}


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < ROOM_BYTES
    except OSError:
        return False


def _full(path: Path) -> DiskFull:
    return DiskFull(f"The disk is full, so this was not saved ({path}). Make room on it, then save again.")
