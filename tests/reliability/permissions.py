"""Taking the right to write away, and giving it back."""

from __future__ import annotations

from pathlib import Path

NOBODY = 65534
WRITE = 0o222
OWNER_WRITES = 0o200


def read_only(folder: Path, yes: bool) -> None:
    """A folder with all that is in it."""
    for path in [folder, *folder.rglob("*")]:
        mode = path.stat().st_mode
        path.chmod(mode & ~WRITE if yes else mode | OWNER_WRITES)
