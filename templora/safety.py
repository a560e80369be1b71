"""What keeps the books safe beside saving them: backups, a look at the database, and what the writer should know of."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from storage import places
from storage.backups import DAY_S, Backups
from storage.copies import complaint
from storage.database import Store
from storage.faults import FILE_NAME, damaged
from storage.records import Backup, BackupReason
from storage.rescue import set_aside
from storage.restoring import Restoring
from templora.errors import StorageError

log = logging.getLogger(__name__)

TEND_S = 600.0
"""How often is looked whether a backup is due; after one that failed, how soon it is tried again."""


class Safety:
    """Over one open data folder. All methods may be called from any thread; `tend` from one at a time."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self.backups = Backups(store, clock)
        self.restoring = Restoring(store, self.backups, clock)
        self._folder = store.folder
        self._clock = clock
        self._of_place = places.warnings(store.folder)
        self._damage: str | None = None
        self._failure: str | None = None
        self._unmirrored: str | None = None
        self._tended: float | None = None
        self._checked: float | None = None

    def warnings(self) -> list[str]:
        """What the writer should know of the place and the state of the books; empty where all is well."""
        found = [self._damage, self._failure, self._unmirrored]
        return [*[warning for warning in found if warning is not None], *self._of_place, *self._of_files()]

    def _of_files(self) -> list[str]:
        aside = set_aside(self._folder)
        if not aside:
            return []
        return [
            f"Files from before a backup was put back still hold text of yours: {', '.join(map(str, aside))}. Delete "
            "them once you have what you need of them."
        ]

    def mirrored(self, failure: str | None) -> None:
        """The readable copies have been written; `failure`: why not all of them could be."""
        said = "The readable copies of your books are not up to date; the books themselves are saved."
        self._unmirrored = failure and f"{said} {failure}"

    def back_up(self, reason: BackupReason) -> Backup:
        """Make a backup; a failure is among the `warnings` until one has been made. Raises `StorageError`."""
        try:
            backup = self.backups.make(reason)
        except StorageError as error:
            self._fail(error)
            raise
        # It was made of a copy in which nothing was found wrong.
        self._failure, self._damage, self._checked = None, None, self._clock()
        return backup

    def try_back_up(self, reason: BackupReason) -> None:
        """As `back_up`, where going on is better than stopping."""
        with suppress(StorageError):  # it is among the warnings
            self.back_up(reason)

    def tend(self) -> None:
        """Every now and then, in the background: make the daily backup where it is due, else look at the database."""
        now = self._clock()
        if _within(self._tended, now, TEND_S):
            return
        self._tended = now
        try:
            if self.backups.due():
                self.try_back_up("daily")
            elif not _within(self._checked, now, DAY_S):
                self._check()
        except StorageError as error:
            self._fail(error)

    def _check(self) -> None:
        found = complaint(self._folder / FILE_NAME)
        self._checked = self._clock()
        self._damage = None if found is None else f"{damaged(self._folder)} ({found}.)"
        if self._damage is not None:
            log.error("%s", self._damage)

    def _fail(self, error: StorageError) -> None:
        if self._failure != error.message:
            log.warning("%s", error.message)
        self._failure = error.message


def _within(then: float | None, now: float, seconds: float) -> bool:
    """Is `then` less than so long ago? Not where the clock has been set back since."""
    return then is not None and 0 <= now - then < seconds
