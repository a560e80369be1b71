"""How long a backup of 100 MB takes, and how long a save waits for it. `pytest --long -s` prints the figures."""

from __future__ import annotations

import os
import random
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.backups import Backups
from storage.copies import complaint
from storage.database import FILE_NAME, open_database
from storage.manuscripts import Manuscripts
from storage.restoring import Restoring

CHAPTERS, REVISIONS, WORDS = 100, 25, 8000


def write_books(folder: Path) -> None:
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghij", k=rng.randint(1, 9))) for _ in range(5000)]
    store = open_database(folder)
    manuscripts = Manuscripts(store)
    book = manuscripts.create_project("The Book")
    with store.transaction():
        for number in range(CHAPTERS):
            chapter = manuscripts.add_chapter(book.id, f"Chapter {number}")
            for revision in range(1, REVISIONS + 1):
                manuscripts.save(chapter.id, revision, " ".join(rng.choices(words, k=WORDS)), kind="restored")
    store.close()


@contextmanager
def saving(manuscripts: Manuscripts) -> Iterator[list[float]]:
    """Saves all the while, as fast as nobody types; yields the seconds that each took."""
    head = manuscripts.chapters(manuscripts.projects()[0].id)[0]
    text, waits, stop = manuscripts.chapter(head.id).text, list[float](), threading.Event()

    def save() -> None:
        revision = head.revision
        while not stop.is_set():
            begin = time.perf_counter()
            revision = manuscripts.save(head.id, revision, f"{text} and {revision}")
            waits.append(time.perf_counter() - begin)
            stop.wait(0.01)

    thread = threading.Thread(target=save)
    thread.start()
    yield waits
    stop.set()
    thread.join()


def told(waits: list[float]) -> str:
    median, most = statistics.median(waits) * 1000, max(waits) * 1000
    return f"{len(waits)} saves, median {median:.1f} ms, at most {most:.1f} ms"


@pytest.mark.long
def test_saving_hardly_waits_for_a_backup_of_100_megabytes(tmp_path: Path) -> None:
    write_books(tmp_path)
    path = tmp_path / FILE_NAME
    size = path.stat().st_size
    assert size > 100e6
    descriptor = os.open(path, os.O_RDONLY)
    if hasattr(os, "posix_fadvise"):
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
    begin = time.perf_counter()
    assert complaint(path) is None
    cold_s = time.perf_counter() - begin

    store = open_database(tmp_path)
    manuscripts, backups = Manuscripts(store), Backups(store)
    begin = time.perf_counter()
    assert complaint(path) is None
    warm_s = time.perf_counter() - begin
    begin = time.perf_counter()
    store.text_state()
    state_s = time.perf_counter() - begin
    with saving(manuscripts) as alone:
        time.sleep(2)
    with saving(manuscripts) as beside:
        begin = time.perf_counter()
        for _ in range(3):
            backups.make("asked")
        backup_s = (time.perf_counter() - begin) / 3
    begin = time.perf_counter()
    Restoring(store, backups).restore(backups.all()[0].name, manuscripts.projects()[0].id)
    restore_s = time.perf_counter() - begin
    store.close()
    print(f"\n{size / 1e6:.0f} MB; looking whether it is whole: {warm_s:.2f} s, not in the page cache: {cold_s:.2f} s")
    print(f"has the text changed: {state_s * 1000:.0f} ms; a backup: {backup_s:.1f} s; a restore: {restore_s:.1f} s")
    print(f"no backup: {told(alone)}\nbeside a backup: {told(beside)}")
    assert statistics.median(beside) < 0.05
    assert max(beside) < max(0.5, 3 * max(alone))
