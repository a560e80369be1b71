"""How far a long step has come: the callback's type, and sizes as people read them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from templora.engine import ModelState

Report = Callable[[ModelState, str, float | None], None]
"""Called with (state, message for the writer, progress 0 to 1 or None where it is not known)."""


def megabytes(count: float) -> str:
    """'93 MB', '1.7 GB'."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def folder_bytes(folder: Path) -> int:
    """Bytes in all files below a folder that may be changing at this moment."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(where) / name).stat().st_size
            except OSError:  # renamed or deleted between the listing and the look
                continue
    return total


@contextmanager
def watching(folder: Path, total: int, what: str, report: Report) -> Generator[None]:
    """While the block runs, report as 'fetching' how many of `total` bytes lie below `folder`, twice a second."""
    over = threading.Event()

    def watch() -> None:
        while True:
            done = min(folder_bytes(folder), total)
            report("fetching", f"Fetching {what}: {megabytes(done)} of {megabytes(total)}", done / total)
            if over.wait(0.5):
                return

    watcher = threading.Thread(target=watch, name="download progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
