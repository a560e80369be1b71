"""Backups: each one SQLite file in `<data>/backups/`, whole and found sound, or not there. Thinned out by age.

`<UTC time>-<reason>.db` is a backup; a name that ends in `.part` is one that is being made. A backup is of the books,
not of their memories.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, cast

from storage.copies import complaint, pack, state_of
from storage.faults import FILE_NAME, damaged, disk_errors
from storage.files import make_folder, sync_file, sync_folder
from storage.records import Backup, BackupReason
from templora.errors import NotFound, StorageError

log = logging.getLogger(__name__)

DAY_S = 24 * 3600.0
ALL_S = 2 * DAY_S
"""Every backup of the last two days is kept."""
PERIODS = (("%Y-%m-%d", 12), ("%G-W%V", 10), ("%Y-%m", 9))
"""Of those before: the newest of each of the last 12 days that have any, then of 10 weeks, then of 9 months. In UTC."""

_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z)-(migration|daily|export|asked)\.db", re.ASCII)
_UNFINISHED = re.compile(rf"{_NAME.pattern}\..*", re.ASCII)
_STAMP = "%Y-%m-%dT%H-%M-%S.%fZ"


class Source(Protocol):
    """The open database that backups are made of."""

    folder: Path

    def copy_to(self, path: Path) -> None: ...
    def text_state(self) -> str | None: ...


class Backups:
    """The backups of a data folder. All methods may be called from any thread."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.time) -> None:
        """`clock`: the time in Unix seconds."""
        self._source = source
        self._clock = clock
        self._folder = source.folder / "backups"
        self._lock = threading.RLock()

    def all(self) -> list[Backup]:
        """Newest first."""
        return listed(self._source.folder)

    def path(self, name: str) -> Path:
        """The file of a backup. Raises `NotFound`, for every name that is not one of `all`."""
        return find(self._source.folder, name)

    def make(self, reason: BackupReason) -> Backup:
        """Make a backup of the books as they stand, then thin out the older ones. Saving goes on meanwhile.

        Raises `DiskFull`, or `StorageError` where the folder cannot be written or the database is found damaged; then
        there is no new backup, and none of the old ones has been deleted.
        """
        with self._lock:
            try:
                backup = self._make(reason)
            except StorageError as error:
                raise type(error)(f"No backup was made: {error.message}") from error
            self._thin()
            return backup

    def _make(self, reason: BackupReason) -> Backup:
        name, created_at = self._new_name(reason)
        path = self._folder / name
        raw, part = path.with_name(f"{name}.raw.part"), path.with_name(f"{name}.part")
        try:
            with disk_errors(self._folder):
                make_folder(self._folder)
                raw.touch()
            self._source.copy_to(raw)
            # The copy is checked in place of the database, which is not held up by that.
            found = complaint(raw)
            if found is not None:
                raise StorageError(f"{damaged(self._source.folder)} ({found}.)")
            pack(raw, part)
            with disk_errors(part):
                sync_file(part)
            found = complaint(part)
            if found is not None:
                raise StorageError(f"It could not be read back, and was deleted ({found}). Check the disk, try again.")
            with disk_errors(path):
                part.rename(path)
                sync_folder(self._folder)
                return Backup(name, reason, created_at, path.stat().st_size)
        finally:
            for leftover in (raw, part):
                with suppress(OSError):
                    leftover.unlink(missing_ok=True)

    def _new_name(self, reason: BackupReason) -> tuple[str, float]:
        """A name, and the time that it says. No two backups say the same time, however the clock is set."""
        taken = {backup.created_at for backup in self.all()}
        now = round(self._clock(), 3)
        while (created_at := _time(stamp(now))) in taken:
            now += 0.001
        return f"{stamp(now)}-{reason}.db", created_at

    def _thin(self) -> None:
        backups = self.all()
        kept = keep([backup.created_at for backup in backups], self._clock())
        for backup in backups:
            if backup.created_at not in kept:
                try:
                    (self._folder / backup.name).unlink(missing_ok=True)
                except OSError as error:  # it takes room but is of no harm
                    log.warning("the backup %s could not be deleted: %s", backup.name, error)

    def due(self) -> bool:
        """Is a daily backup due: is none from the last day, and has the text changed since the newest one?"""
        now = self._clock()
        backups = self.all()
        if any(now - DAY_S < backup.created_at <= now for backup in backups):
            return False
        state = self._source.text_state()
        # One from the future, made before the clock was set back, must neither prevent a backup nor cause one a day.
        newest = [*backups[:1], *[backup for backup in backups if backup.created_at <= now][:1]]
        return state is not None and state not in [state_of(self._folder / backup.name) for backup in newest]

    def replace_all(self) -> int:
        """After text was deleted for good: make one new backup, then delete every other. Returns how many were deleted.

        Raises `StorageError` where a backup could not be made (then all are still there) or deleted.
        """
        with self._lock:
            old = self.all()
            new = self.make("asked")
            with disk_errors(self._folder):
                for backup in old:
                    (self._folder / backup.name).unlink(missing_ok=True)
                sync_folder(self._folder)
            left = [backup.name for backup in self.all() if backup.name != new.name]
            if left:
                raise StorageError(f"Not all backups could be deleted; {left[0]} is still there. Try again.")
            return len(old)

    def sweep(self) -> None:
        """At the start, before any backup is made or put back: delete what a crash left half made.

        Raises `StorageError` where the folder cannot be listed.
        """
        with suppress(OSError):
            (self._source.folder / f"{FILE_NAME}.part").unlink(missing_ok=True)
        with disk_errors(self._folder):
            for path in self._folder.glob("*.part*"):
                if _UNFINISHED.fullmatch(path.name):
                    with suppress(OSError):
                        path.unlink()


def keep(times: Iterable[float], now: float) -> set[float]:
    """Which backups to keep, by the times at which they were made (Unix seconds, like `now`).

    All of the last two days; of those before, the newest of each of the periods in `PERIODS`, counting only periods
    that have any: a long holiday, or a clock that was far ahead for an hour, leaves what there is. A time in the
    future, from before the clock was set back, belongs to the last two days. The newest of all is always kept.
    """
    newest_first = sorted(times, reverse=True)
    kept = {*newest_first[:1], *[made for made in newest_first if made > now - ALL_S]}
    rest = [made for made in newest_first if made <= now - ALL_S]
    for period, count in PERIODS:
        newest_of: dict[str, float] = {}
        for made in rest:
            newest_of.setdefault(_utc(made).strftime(period), made)
        chosen = list(newest_of)[:count]
        kept |= {newest_of[name] for name in chosen}
        rest = [made for made in rest if _utc(made).strftime(period) not in chosen]
    return kept


def listed(data: Path) -> list[Backup]:
    """The backups of a data folder, newest first by the times in their names. Other files there are not ours."""
    found: list[Backup] = []
    with disk_errors(data / "backups"):
        for path in (data / "backups").glob("*.db"):
            match = _NAME.fullmatch(path.name)
            if match and path.is_file():
                with suppress(ValueError, FileNotFoundError):  # digits, but no date; thinned out meanwhile
                    reason = cast(BackupReason, match[2])
                    found.append(Backup(path.name, reason, _time(match[1]), path.stat().st_size))
    return sorted(found, key=lambda backup: backup.created_at, reverse=True)


def find(data: Path, name: str) -> Path:
    """The file of a backup. Raises `NotFound`, for every name that is not one of `listed`."""
    names = [backup.name for backup in listed(data)]
    if name not in names:
        there = f"There are: {', '.join(names[:3])}{' …' if names[3:] else ''}." if names else "There is none yet."
        raise NotFound(f"There is no backup {name!r} in {data / 'backups'}. {there}")
    return data / "backups" / name


def stamp(when: float) -> str:
    """A time (Unix seconds) as a part of a file name on every system, to the millisecond: it sorts as the times do."""
    moment = _utc(when)
    return f"{moment:%Y-%m-%dT%H-%M-%S}.{moment.microsecond // 1000:03}Z"


def _time(stamped: str) -> float:
    """Raises ValueError."""
    return datetime.strptime(stamped, _STAMP).replace(tzinfo=UTC).timestamp()


def _utc(when: float) -> datetime:
    return datetime.fromtimestamp(when, UTC)
