"""A copy of the database as a file: found sound, rid of what is made anew, opened for reading whatever its age."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # pyright: ignore[reportPrivateImportUsage]

from storage.faults import disk_errors, error_code, is_damage, not_copied
from storage.migrations import NewerSchema, migrate, pending
from templora.errors import StorageError

MEMORY_TABLES = ("lessons", "snapshots")
"""A memory is a cache: what was discarded must not lie in a copy, nor a copy claim files that are gone."""

_NEWEST_TEXTS = """SELECT text FROM revisions AS newest
    WHERE number = (SELECT max(number) FROM revisions WHERE chapter = newest.chapter)"""
# Columns that every version of the tables has.
_STATE = (
    "SELECT id, title, deleted_at FROM projects ORDER BY id",
    "SELECT id, project, title, position, deleted_at FROM chapters ORDER BY id",
    "SELECT chapter, number, name, created_at FROM revisions ORDER BY chapter, number",
    "SELECT count(*), total(tokens) FROM takes",
)
_LATER_STATE = (
    ("entries", "SELECT id, updated_at FROM entries ORDER BY id"),
    ("author_notes", "SELECT project, updated_at FROM author_notes ORDER BY project"),
    ("comments", "SELECT id, kind, resolved_at, deleted_at, body FROM comments ORDER BY id"),
)
"""… and of tables that older versions do not have; asked where there is something in them."""

# Since m008. Where nothing is noted the digest is that of before.
_NOTED = "SELECT id, status, synopsis FROM chapters WHERE status <> '' OR synopsis <> '' ORDER BY id"


def complaint(path: Path) -> str | None:
    """What is wrong with a database file; None where it is whole and the newest text of every chapter can be read.

    Opens it for reading only, so it may be asked of a database in use. Raises `StorageError` where it cannot be read.
    """
    try:
        with closing(_connect(path, "ro")) as conn:
            found = _unsound(conn)
            if found is not None:
                return " ".join(str(found).removeprefix("*** in database main ***").split())
            if conn.execute("PRAGMA foreign_key_check").fetchone():
                return "rows refer to others that are missing"
            for _ in conn.execute("SELECT count(*) FROM chapters UNION ALL SELECT count(*) FROM revisions"):
                pass
            for _ in conn.execute(_NEWEST_TEXTS):  # Python decodes them: bytes that are no text are an error
                pass
    except sqlite3.DatabaseError as error:
        if is_damage(error) or error_code(error) == sqlite3.SQLITE_ERROR:  # such as a table that is missing
            return str(error)
        raise StorageError(f"{path} could not be read: {error}.") from error
    return None


def _unsound(conn: sqlite3.Connection) -> str | None:
    """What SQLite finds wrong with the file itself. The search index is a cache that heals by itself: where only that
    is damaged the rest is what counts, table by table."""
    try:
        (found,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if "fts5" not in str(error):
            raise
        found = str(error)
    if "fts5" not in found.lower():
        return None if found == "ok" else found
    others = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'fulltext%'"
    for (name,) in conn.execute(others).fetchall():
        (found,) = conn.execute(f'PRAGMA integrity_check("{name}")').fetchone()
        if found != "ok":
            return found
    return None


def pack(raw: Path, path: Path) -> None:
    """Write what a raw copy holds to a new file, without the memories, without free pages, and without the words of the
    search index, which the first search makes anew. Changes the raw copy.

    Raises `DiskFull`, `StorageError`.
    """
    try:
        with closing(_connect(raw, "rw")) as conn:
            conn.execute("PRAGMA synchronous=OFF")
            conn.execute("PRAGMA journal_mode=OFF")  # where this fails the raw copy is thrown away
            conn.execute("PRAGMA secure_delete=ON")
            tables = {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for table in MEMORY_TABLES:
                if table in tables:
                    conn.execute(f"DELETE FROM {table}")
            if "fulltext" in tables:
                (made,) = conn.execute("SELECT sql FROM sqlite_master WHERE name = 'fulltext'").fetchone()
                for statement in ("DELETE FROM indexed", "DROP TABLE fulltext", made):
                    conn.execute(statement)
            conn.commit()
            conn.execute("VACUUM INTO ?", (str(path),))
    except sqlite3.DatabaseError as error:
        raise not_copied(path, error) from error


def text_state(conn: sqlite3.Connection) -> str | None:
    """A digest that changes with any book: text, titles, order, outline, notes, comments, takes; None where there is no
    book."""
    if conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'projects'").fetchone() is None:
        return None
    if conn.execute("SELECT 1 FROM projects LIMIT 1").fetchone() is None:
        return None
    seen = hashlib.sha256()
    tables = {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for query in (*_STATE, *(query for table, query in _LATER_STATE if table in tables)):
        for row in conn.execute(query):
            seen.update(repr(row).encode())
    if conn.execute("SELECT 1 FROM pragma_table_info('chapters') WHERE name = 'synopsis'").fetchone():
        for row in conn.execute(_NOTED):
            seen.update(repr(row).encode())
    return seen.hexdigest()


def state_of(path: Path) -> str | None:
    """`text_state` of a backup of any age; None too where it cannot be read."""
    try:
        with closing(_connect(path, "ro")) as conn:
            return text_state(conn)
    except sqlite3.DatabaseError:
        return None


class Copy:
    """A copy that is open for reading, with tables as the newest version has them."""

    def __init__(self, conn: sqlite3.Connection, name: str) -> None:
        self._conn = conn
        self._name = name

    def all(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Every row that the query answers, by column name. Raises `StorageError` where the file is damaged."""
        with _copy_errors(self._name):
            cursor = self._conn.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]


def deleted_again(row: Mapping[str, Any], now: float) -> float | None:
    """What a copy has in the trash stays there, for as long as if it had been put there now."""
    return None if row["deleted_at"] is None else now


@contextmanager
def opened(path: Path) -> Generator[Copy, None, None]:
    """Open a copy for reading; one with older tables by way of a temporary file beside it, which is brought up to date.

    Raises `StorageError` where it is damaged, cannot be read, or is of a newer Templora.
    """
    scratch = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    with _copy_errors(path.name):
        conn = _connect(path, "ro")
    try:
        with _copy_errors(path.name):
            conn.execute("SELECT 1 FROM projects")  # an empty file is a database too
            old = bool(pending(Database(conn)))
        if old:
            conn.close()
            with disk_errors(scratch):
                shutil.copyfile(path, scratch)
            with _copy_errors(path.name):
                conn = _connect(scratch, "rw")
                conn.execute("PRAGMA synchronous=OFF")
                try:
                    migrate(Database(conn))
                except sqlite3.DatabaseError as error:
                    if error_code(error) == sqlite3.SQLITE_FULL:
                        raise not_copied(scratch, error) from error
                    raise
        yield Copy(conn, path.name)
    finally:
        conn.close()
        with suppress(OSError):  # it is swept at the next start
            scratch.unlink(missing_ok=True)


@contextmanager
def _copy_errors(name: str) -> Generator[None, None, None]:
    try:
        yield
    except NewerSchema:
        raise StorageError(f"The backup {name} was made by a newer Templora. Update this one to use it.") from None
    except sqlite3.DatabaseError as error:
        raise StorageError(f"The backup {name} is damaged or cannot be read ({error}). Choose another one.") from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """`mode`: "ro" for reading, "rw" for an existing file; neither makes one."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)
