"""What is kept up in the background beside learning: the readable mirror of each book, and the daily backup."""

from __future__ import annotations

import logging
import threading
import time

from storage.bible import BibleStore
from storage.manuscripts import Manuscripts
from storage.mirror import Mirror, notes_of
from templora.errors import NotFound, TemploraError
from templora.safety import TEND_S, Safety

log = logging.getLogger(__name__)

MIRROR_EVERY_S = 2.0
THIN_EVERY_S = 24 * 3600.0


class Keeper:
    """One thread. `changed` may be called from any."""

    def __init__(self, manuscripts: Manuscripts, bible: BibleStore, mirror: Mirror, safety: Safety) -> None:
        self._manuscripts = manuscripts
        self._bible = bible
        self._mirror = mirror
        self._safety = safety
        self._dirty: set[str] = set()
        self._thinned_at = time.monotonic()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def start(self) -> None:
        for warning in self._safety.warnings():
            log.warning("%s", warning)
        # A kill may have come between a save and its mirror; files that are equal are not touched.
        self._dirty |= {project.id for project in self._manuscripts.projects()}
        self._wake.set()
        self._thread.start()

    def changed(self, project: str) -> None:
        """The text of a book has changed, or what is noted of it."""
        self._dirty.add(project)
        self._wake.set()

    def close(self) -> None:
        """End, with every mirror up to date."""
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self.write_mirrors()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(TEND_S)
            self._wake.clear()
            self._closing.wait(MIRROR_EVERY_S)
            try:
                self.write_mirrors()
                if not self._closing.is_set():
                    self._safety.tend()
                    self._thin()
            except Exception:  # a bug in one of them must not end the backups
                log.exception("keeping the books safe broke off")

    def _thin(self) -> None:
        """A desk that is never closed forgets what is too old to be kept, too."""
        if time.monotonic() - self._thinned_at < THIN_EVERY_S:
            return
        self._thinned_at = time.monotonic()
        try:
            self._manuscripts.thin_revisions()
        except TemploraError as error:
            log.warning("%s", error.message)

    def write_mirrors(self) -> None:
        """Bring the readable mirrors of the books that have changed up to date. Those that could not be written are
        tried again, and the writer is told."""
        failed: set[str] = set()
        failure = None
        while self._dirty:
            project = self._dirty.pop()
            try:
                book, chapters = self._manuscripts.project(project), self._manuscripts.texts(project)
                notes = notes_of(chapters, self._bible.entries(project), self._bible.author_note(project))
                self._mirror.write(book, chapters, notes)
            except NotFound:
                continue
            except TemploraError as error:
                log.warning("the readable copy of %s was not written: %s", project, error.message)
                failed.add(project)
                failure = error.message
        self._dirty |= failed
        self._safety.mirrored(failure)
