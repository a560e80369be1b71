"""The Studio: every verb of the desk, where text, memory and engine meet. The page and the routes call nothing else.

Order of things, always: the text is committed, then the memory hears of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage.bible import BibleStore
from storage.database import FolderLock, open_database
from storage.manuscripts import Manuscripts
from storage.mirror import Mirror
from storage.records import (
    Backup,
    BackupBook,
    BackupReason,
    Project,
    PurgedHistory,
)
from storage.snapshots import Snapshots
from templora import models
from templora.bible import Bible
from templora.books import Books
from templora.checking import Checks
from templora.client import WorkerEngine
from templora.config import DEFAULT, Recipe, Sampling
from templora.engine import Engine, ModelInfo, ModelStatus
from templora.errors import StorageError, TemploraError
from templora.gathering import Gathering
from templora.keeper import Keeper
from templora.learning import Learning
from templora.library import Export, Finish, Library
from templora.memories import Memories
from templora.reading import Reading
from templora.safety import Safety
from templora.sample import sample_book
from templora.shelf import Shelf
from templora.takes import TakeStream
from templora.texts import Texts
from templora.tools import Tools
from templora.writing import Writing

log = logging.getLogger(__name__)

KEEP_DELETED_S = 30 * 24 * 3600.0


@dataclass(frozen=True)
class Purged:
    """What a purge deleted: of the book's history, and how many backups."""

    history: PurgedHistory
    backups: int


class Studio(Texts, Memories):
    """One data folder, held alone, and one engine. `close()` when done; all methods may be called from any thread."""

    def __init__(
        self,
        folder: Path,
        engine: Engine,
        info: ModelInfo | None = None,
        recipe: Recipe = DEFAULT,
        clock: Callable[[], float] = time.time,
        shelf: Shelf | None = None,
    ) -> None:
        """`info`: the base model where it is already on disk, so that plans do not wait for it to load. `shelf`: the
        models to choose from, where the engine can change to another.

        Raises `FolderInUse` where another desk holds the folder.
        """
        self._lock = FolderLock(folder)
        try:
            self._store = open_database(folder, clock)
        except BaseException:
            self._lock.release()
            raise
        self._safety = Safety(self._store, clock)
        self._engine = engine
        self.shelf = shelf
        self._manuscripts = Manuscripts(self._store, clock)
        Texts.__init__(self, self._manuscripts, self._open, self._change, self._note)
        self.tools = Tools(self._store, self._manuscripts, self._change, clock)
        self._snapshots = Snapshots(self._store, folder, clock)
        notes = BibleStore(self._store, clock)
        self._keeper = Keeper(self._manuscripts, notes, Mirror(folder), self._safety)
        self._books = Books(self._manuscripts, recipe, info, clock)
        learning = Learning(self._manuscripts, self._snapshots, engine, self._books, clock)
        Memories.__init__(self, self._manuscripts, learning, self._stop, self.tools.forget)
        self._library = Library(self._manuscripts, self._learning, folder)
        self.bible = Bible(notes, self._manuscripts, self._keeper.changed)
        gathering = Gathering(self._manuscripts, self._books, recipe, self.bible.extras)
        self._writing = Writing(self._manuscripts, engine, gathering, self._learning)
        self.checks = Checks(self._manuscripts, self._snapshots, engine, self._books, self._learning)
        for tidy_up in (
            lambda: self._manuscripts.purge_deleted(clock() - KEEP_DELETED_S),
            self._manuscripts.settle_takes,
            self._manuscripts.thin_revisions,
            self._snapshots.sweep,
            self._safety.backups.sweep,
            self._library.sweep,
        ):
            try:
                tidy_up()
            except StorageError as error:  # what cannot be tidied up today must not keep the writer from the book
                log.warning("%s", error.message)
        engine.on_status(self._model_changed)
        self._model_changed(engine.status())

    def start(self) -> None:
        """Begin to learn, to keep the readable mirror and to make backups, in the background."""
        self._learning.start()
        self._keeper.start()

    def close(self) -> None:
        self._writing.stop()
        self.checks.stop()
        self._learning.close()
        self._keeper.close()
        if self.shelf is not None:
            self.shelf.close()
        self._engine.close()
        self._store.close()
        self._lock.release()

    # --- the model ---

    def model(self) -> ModelStatus:
        return self._engine.status()

    def _model_changed(self, status: ModelStatus) -> None:
        if status.info is not None:
            try:
                self._books.use(status.info)
            except TemploraError as error:
                log.warning("%s", error.message)
        if status.state == "ready":
            self._learning.nudge()

    def _open(self, project: str) -> None:
        self._learning.touch(project)

    def _change(self, project: str) -> None:
        self._keeper.changed(project)
        self._learning.touch(project)

    def _note(self, project: str) -> None:
        self._keeper.changed(project)

    def _stop(self, project: str) -> None:
        """What works with the book's memory ends, before that memory is taken away."""
        self._writing.stop(project)
        self.checks.stop(project)

    # --- takes ---

    def continue_(
        self,
        chapter: str,
        base_revision: int,
        cursor: int,
        sampling: Sampling,
        strength: float | None = None,
        beat: str | None = None,
    ) -> TakeStream:
        return self._writing.continue_(chapter, base_revision, cursor, sampling, strength, beat)

    def fill(
        self,
        chapter: str,
        base_revision: int,
        span: tuple[int, int],
        beat: str | None,
        sampling: Sampling,
        strength: float | None = None,
    ) -> TakeStream:
        return self._writing.fill(chapter, base_revision, span, beat, sampling, strength)

    def rewrite(
        self,
        chapter: str,
        base_revision: int,
        span: tuple[int, int],
        instruction: str | None,
        sampling: Sampling,
        strength: float | None = None,
        verb: str = "rewrite",
    ) -> TakeStream:
        return self._writing.rewrite(chapter, base_revision, span, instruction, sampling, strength, verb)

    def reading(self, chapter: str, base_revision: int, cursor: int, max_tokens: int) -> Reading:
        """What `continue_` would read at `cursor`, exactly, before a take of at most `max_tokens`."""
        return self._writing.reading(chapter, base_revision, cursor, max_tokens)

    # --- what goes for good ---

    def purge_history(self, project: str, backups: bool) -> Purged:
        """Delete for good what a book was: all but the newest text of each chapter, and its takes. With `backups` every
        backup of all books is replaced by a new one. Exported files and copies made elsewhere stay.

        Raises `StorageError` where something is left.
        """
        history = self._manuscripts.purge_history(project)
        return Purged(history, self._safety.backups.replace_all() if backups else 0)

    # --- books in and out ---

    def import_book(self, data: bytes, filename: str) -> Project:
        project = self._library.import_book(data, filename)
        self._changed(project.id)
        return project

    def sample_book(self) -> Project:
        """The sample among the books; it is put there where it is not."""
        project, added = sample_book(self._manuscripts, self.bible)
        if added:
            self._changed(project.id)
        return project

    def copy(self, project: str, format: str) -> Export:
        return self._library.copy(project, format)

    def finish(self, project: str, format: str) -> Finish:
        self._safety.try_back_up("export")
        self._stop(project)
        return self._library.finish(project, format)

    # --- backups, and where the books lie ---

    def warnings(self) -> list[str]:
        """What the writer should know: a synced or network folder, a damaged database, a backup that failed."""
        return self._safety.warnings()

    def backups(self) -> list[Backup]:
        """Newest first."""
        return self._safety.backups.all()

    def back_up(self, reason: BackupReason = "asked") -> Backup:
        """A backup of all books as they stand. Raises `DiskFull`, `StorageError`."""
        return self._safety.back_up(reason)

    def backup_books(self, name: str) -> list[BackupBook]:
        """Raises `NotFound`, and `StorageError` where the backup is damaged."""
        return self._safety.restoring.books(name)

    def restore_book(self, name: str, project: str) -> Project:
        """Put a book of a backup beside the present ones, as a new project that is learnt anew.

        Raises `NotFound`, and `StorageError` where the backup is damaged.
        """
        restored = self._safety.restoring.restore(name, project)
        self._changed(restored)
        return self._manuscripts.project(restored)


def open_studio(data: Path, models_dir: Path, model: str, lean: bool = False) -> Studio:
    """A Studio over the embedded engine: a model process of its own, started at once and loading in the background.

    `lean`: it writes without a second copy of the weights.
    """
    engine = WorkerEngine(model, models_dir, DEFAULT.name, lean)
    try:
        return Studio(data, engine, models.locate(model, models_dir), shelf=Shelf(engine, models_dir))
    except BaseException:
        engine.close()
        raise
