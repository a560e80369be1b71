"""One SQLite database in the data folder: opened, brought up to date, and shared by all threads over one connection."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # pyright: ignore[reportPrivateImportUsage]

from storage.backups import Backups
from storage.copies import text_state
from storage.faults import FILE_NAME, disk_errors, not_copied, sqlite_errors
from storage.migrations import NewerSchema, migrate, pending
from templora.errors import FolderInUse, StorageError

BUSY_TIMEOUT_MS = 5_000
WAL_IS_SAFE_FROM = (3, 51, 3)
"""Older SQLite can lose a committed transaction when a WAL is reset."""
STEP_PAGES = 512
STEP_PAUSE_S = 0.002
"""A copy is taken in steps, with a pause for whoever saves: without one the copier would mostly win the next turn too.
With 123 MB it takes 0.3 s; a save that comes meanwhile takes 4 ms instead of 2."""


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
        self._copying = threading.Lock()
        self._closing = threading.Event()

    @contextmanager
    def transaction(self) -> Generator[Sql, None, None]:
        """All or nothing, on disk when the block is left. Inside another one of the same thread: a part of that one.

        Raises `DiskFull` or `StorageError` where SQLite could not write; then nothing has changed.
        """
        with self._lock, sqlite_errors(self.folder):
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
        with self._lock, sqlite_errors(self.folder):
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

    def copy_to(self, path: Path) -> None:
        """Write a copy of the database as it stands to a new file; not flushed. Others read and save meanwhile.

        Not to be called inside a transaction. Raises `DiskFull`, `StorageError`; part of the file may then be there.
        """
        with self._copying:
            self._stop_if_closing()
            try:
                with closing(sqlite3.connect(path)) as target:
                    target.execute("PRAGMA synchronous=OFF")
                    # Over our own connection: what is saved meanwhile goes into the copy too, and no scrub is held up.
                    self._db.conn.backup(target, pages=STEP_PAGES, progress=self._give_way, sleep=STEP_PAUSE_S)
                    target.execute("PRAGMA journal_mode=DELETE")
            except sqlite3.DatabaseError as error:
                raise not_copied(path, error) from error

    def _give_way(self, status: int, remaining: int, total: int) -> None:
        self._stop_if_closing()
        time.sleep(STEP_PAUSE_S)

    def _stop_if_closing(self) -> None:
        if self._closing.is_set():
            raise StorageError("The desk is being closed.")

    def text_state(self) -> str | None:
        """A digest that changes with the text of any book; None where there is no book."""
        with self.read():
            return text_state(self._db.conn)

    def close(self) -> None:
        self._closing.set()
        with self._copying, self._lock:
            self._db.close()


def open_database(folder: Path, clock: Callable[[], float] = time.time) -> Store:
    """Open the database in `folder` (made where missing) and bring its tables up to date, after a backup of the books.

    Raises `DiskFull`, or `StorageError` where the file is damaged, cannot be written, is of a newer Templora, or could
    not be backed up or brought up to date; then it is as it was.
    """
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with sqlite_errors(folder):
        conn = sqlite3.connect(folder / FILE_NAME, check_same_thread=False)
        try:
            db = Database(conn)
            _configure(db)
            _check_writable(db, folder / FILE_NAME)
            store = Store(db, folder)
            _update(db, store, clock)
        except NewerSchema:
            conn.close()
            raise StorageError(
                f"The books in {folder} were last opened by a newer Templora. Update this one to open them."
            ) from None
        except BaseException:
            conn.close()
            raise
    return store


def _update(db: Database, store: Store, clock: Callable[[], float]) -> None:
    if not pending(db):
        return
    if store.text_state() is None:
        migrate(db)
        return
    backups = Backups(store, clock)
    backup = backups.make("migration")
    try:
        with sqlite_errors(store.folder):
            migrate(db)
    except Exception as error:
        kind = type(error) if isinstance(error, StorageError) else StorageError
        raise kind(
            f"Your books could not be converted to what this version of Templora needs: {str(error).rstrip('.')}. They "
            f"are as they were; a backup made just before is {backups.path(backup.name)}. Try again, or open them with "
            "the version that you had."
        ) from error


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


def _check_writable(db: Database, path: Path) -> None:
    """SQLite opens for reading what it once failed to open for writing, and stays with that: better to be told now."""
    if os.access(path, os.W_OK):
        version = db.conn.execute("PRAGMA user_version").fetchone()[0]
        db.conn.execute("BEGIN IMMEDIATE")
        db.conn.execute(f"PRAGMA user_version={version}")
        db.conn.rollback()


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
