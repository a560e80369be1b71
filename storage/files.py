"""Files that are whole or absent: written beside their place, flushed, then moved there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Replace a file in one step. The folder still has to be flushed (`sync_folder`). Raises OSError."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def sync_file(path: Path) -> None:
    """Flush a file that another process has written. Raises OSError."""
    with path.open("rb+") as file:  # Windows flushes only what it may write
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Flush what a folder lists: after this a crash cannot undo a move. Windows flushes it with the move."""
    if os.name != "nt":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, so that a crash cannot undo it. Raises OSError."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def digest(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
