"""After damage: put a backup in the place of the database. What was there is moved aside and kept, the readable copies
too, since they may hold words that are newer than the backup."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from storage.backups import find, listed, stamp
from storage.copies import complaint, opened
from storage.database import FolderLock
from storage.faults import FILE_NAME, disk_errors, readable_copies
from storage.files import sync_file, sync_folder
from templora.errors import DiskFull, NotFound, StorageError

NEWEST = "newest"
ASIDE = ".damaged-"
_COMPANIONS = ("-wal", "-shm", "-journal")


def put_back(data: Path, name: str, clock: Callable[[], float] = time.time) -> list[str]:
    """Put a backup in the place of the database in `data`: the one of that name, or by `NEWEST` the first sound one.

    Returns what was done, a line each. Raises `NotFound`, `FolderInUse`, `DiskFull`, and `StorageError` where there is
    no sound backup or the disk refuses; then everything is in its place as before.
    """
    names = [backup.name for backup in listed(data)] if name == NEWEST else [find(data, name).name]
    if not names:
        raise NotFound(f"There is no backup in {data / 'backups'}. {readable_copies(data)}")
    lock = FolderLock(data)
    part = data / f"{FILE_NAME}.part"
    try:
        passed_over: list[str] = []
        for candidate in names:
            found = _fetch(data / "backups" / candidate, part)
            if found is None:
                copies, files = _replace(data, part, f"{ASIDE}{stamp(clock())}")
                return _told(data, candidate, passed_over, copies, files)
            passed_over.append(f"{candidate} was passed over: {found}")
        raise StorageError(f"No backup is sound. {'; '.join(passed_over)}. {readable_copies(data)}")
    except DiskFull as error:
        raise DiskFull(
            f"The disk is too full to put a backup in place ({data}). Everything is as it was: make room, then run the "
            "command again."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        lock.release()


def set_aside(data: Path) -> list[Path]:
    """What `put_back` moved aside and nobody has deleted yet: databases with their logs, folders of readable copies."""
    return sorted([*data.glob(f"{FILE_NAME}{ASIDE}*"), *data.glob(f"projects/*/book{ASIDE}*")])


def _fetch(backup: Path, part: Path) -> str | None:
    """Copy a backup and look whether the copy is sound and of a version that can be used: None, or what is wrong.

    The copy is on the disk when this returns. Raises `DiskFull`.
    """
    try:
        with opened(backup):  # of a newer version?
            pass
        with disk_errors(backup):
            shutil.copyfile(backup, part)
            sync_file(part)
            sync_folder(part.parent)
        return complaint(part)
    except DiskFull:
        raise
    except StorageError as error:
        return error.message


def _replace(data: Path, part: Path, suffix: str) -> tuple[list[Path], list[Path]]:
    """Move everything aside under names with `suffix`, and the copy into its place: readable copies, files of before.

    The database goes as the new one comes. Where the disk refuses, everything is moved back.
    """
    database = data / FILE_NAME
    aside = {book: book.with_name(f"{book.name}{suffix}") for book in sorted((data / "projects").glob("*/book"))}
    copies = list(aside.values())
    # A log of the old database beside the new one would be played into it.
    for companion in _COMPANIONS:
        log = data / f"{FILE_NAME}{companion}"
        if log.exists():
            aside[log] = data / f"{FILE_NAME}{suffix}{companion}"
    kept = data / f"{FILE_NAME}{suffix}"
    back: list[Callable[[], object]] = []  # what undoes each step, the last one first
    with disk_errors(data):
        try:
            if database.exists():
                back.insert(0, _second_name(database, kept))
            for path, to in aside.items():
                path.rename(to)
                back.insert(0, partial(to.rename, path))
                sync_folder(path.parent)
            part.replace(database)
            back.insert(0, partial(kept.replace, database) if kept.exists() else database.unlink)
            sync_folder(data)
        except BaseException:
            for step in back:
                with suppress(OSError):
                    step()
            raise
    files = [path for path in (kept, *aside.values()) if path.exists() and path not in copies]
    return copies, files


def _second_name(path: Path, other: Path) -> Callable[[], object]:
    """Let a file be found under another name too; where the file system cannot, under the other name alone. Returns
    what undoes that."""
    try:
        other.hardlink_to(path)
    except OSError:
        path.rename(other)
        return partial(other.rename, path)
    return other.unlink


def _told(data: Path, name: str, passed_over: list[str], copies: list[Path], files: list[Path]) -> list[str]:
    lines = [*passed_over, f"The backup {name} is now the database with your books ({data / FILE_NAME})."]
    if files:
        lines.append(f"The files that were there are kept: {', '.join(map(str, files))}")
    if copies:
        lines.append(
            "What you wrote after that backup can be read in the readable copies, which are kept too: "
            f"{', '.join(map(str, copies))}"
        )
    return [*lines, "The memories of your books will be learnt anew. Open the desk as always."]
