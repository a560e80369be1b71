"""Ways to spoil what is stored: bytes turned over in a page, a folder that an ordinary user may not write."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils.utils import sqlite3  # pyright: ignore[reportPrivateImportUsage]

NOBODY = 65534


def flip(path: Path, at: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        old = file.read(length)
        assert len(old) == length
        file.seek(at)
        file.write(bytes(255 - byte for byte in old))


def flip_page_of(path: Path, table: str) -> None:
    """Turn over bytes in the first page of a table of a closed database: its header, and some in its middle."""
    with closing(sqlite3.connect(path)) as conn:
        size = conn.execute("PRAGMA page_size").fetchone()[0]
        (page,) = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    flip(path, (page - 1) * size, 16)
    flip(path, (page - 1) * size + size // 2, 64)


def flip_text(path: Path, text: str) -> None:
    """Turn over some bytes of a stored text: the pages stay sound, the bytes are no UTF-8 any more."""
    at = path.read_bytes().index(text.encode())
    flip(path, at, len(text.encode()))


@contextmanager
def as_ordinary_user() -> Iterator[Path]:
    """A folder that belongs to the user that the block runs as; for root, whom no permission stops, that is nobody."""
    if os.geteuid() != 0:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, NOBODY, NOBODY)
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        os.seteuid(0)
        os.setegid(0)
        shutil.rmtree(folder)
