"""What the file system and SQLite refuse, as errors for the writer."""

from __future__ import annotations

import errno
import shlex
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils.utils import sqlite3  # pyright: ignore[reportPrivateImportUsage]

from templora.errors import DiskFull, StorageError

FILE_NAME = "templora.db"
"""The database of a data folder."""
ROOM_BYTES = 256 * 1024
"""With less than this free, an error of the disk is put down to its being full."""
COPIES_NAMED = 5


@contextmanager
def disk_errors(path: Path) -> Generator[None, None, None]:
    """Turn what the file system refuses into `DiskFull` or `StorageError`, for the writer."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _full(path) from error
        said = f"{error.filename or path} could not be used: {error.strerror or error}."
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            said += " Check the permissions of the folder with your books."
        raise StorageError(said) from error


@contextmanager
def sqlite_errors(folder: Path) -> Generator[None, None, None]:
    """Turn what SQLite says of disk and file into our errors. A mistake in our SQL stays what it is."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = error_code(error)
        where = f"({folder / FILE_NAME}: {error}.)"
        if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(folder)):
            raise _full(folder) from error
        if is_damage(error):
            raise StorageError(f"{damaged(folder)} {where}") from error
        if code in _REFUSALS:
            raise StorageError(f"{_REFUSALS[code]} {where}") from error
        raise


_REFUSALS: dict[int, str] = {
    sqlite3.SQLITE_IOERR: "The disk with your books could not be read or written. Check the disk, then try again.",
    sqlite3.SQLITE_BUSY: "Another program is using the database with your books. Close it, then try again.",
    sqlite3.SQLITE_LOCKED: "Another program is using the database with your books. Close it, then try again.",
    sqlite3.SQLITE_READONLY: "The folder with your books cannot be written. Check its permissions.",
    sqlite3.SQLITE_PERM: "The folder with your books cannot be written. Check its permissions.",
    sqlite3.SQLITE_CANTOPEN: "The database with your books cannot be opened. Check the folder and its permissions.",
}
_NO_TEXT = "Could not decode to UTF-8"
"""What Python's module says of a text whose bytes are none; SQLite itself does not look."""


def error_code(error: sqlite3.DatabaseError) -> int:
    """SQLite's primary result code."""
    # The low byte is the error, the rest its details.
    return (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR) & 0xFF


def is_damage(error: sqlite3.DatabaseError) -> bool:
    return error_code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} or _NO_TEXT in str(error)


def not_copied(path: Path, error: sqlite3.DatabaseError) -> StorageError:
    """What SQLite says while it writes a copy: not all versions of its module tell more than words."""
    if "full" in str(error) or _is_full(path.parent):
        return DiskFull(f"The disk is full ({path.parent}). Make room on it, then try again.")
    return StorageError(f"{path} could not be written: {error}.")


def damaged(folder: Path) -> str:
    """That the database in a data folder is damaged, and what to do, by what else lies there."""
    said = "The database with your books is damaged."
    if any((folder / "backups").glob("*.db")):
        command = f"python3 app.py --data {shlex.quote(str(folder))} --restore-backup newest"
        return (
            f"{said} Close the desk, then run: {command} . It puts the newest sound backup in place, and keeps the "
            "damaged files and the readable copies (projects/*/book) that may hold newer words."
        )
    return f"{said} There is no backup. {readable_copies(folder)}"


def readable_copies(folder: Path) -> str:
    """Where the readable copies of the books lie, and what can be done with them."""
    books = sorted({path.parent for path in (folder / "projects").glob("*/book/*.md")})
    if not books:
        return (
            "There is no readable copy in projects/*/book either. If the folder was copied elsewhere, open that copy "
            f"with --data, and keep {FILE_NAME}: a specialist may save text from it."
        )
    more = f" and {len(books) - COPIES_NAMED} more" if len(books) > COPIES_NAMED else ""
    return (
        "Readable copies of your books, a Markdown file a chapter and one with your notes, are in "
        f"{', '.join(map(str, books[:COPIES_NAMED]))}"
        f"{more}. Copy them and {FILE_NAME} to another folder, delete {FILE_NAME} here, and import the copies."
    )


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < ROOM_BYTES
    except OSError:
        return False


def _full(path: Path) -> DiskFull:
    return DiskFull(f"The disk is full, so this was not saved ({path}). Make room on it, then save again.")
