"""Adapter files: whole or not there, thinned out by rule, and gone for good when they are discarded."""

from __future__ import annotations

import hashlib
import os
import random
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from storage.database import Store, open_database
from storage.manuscripts import Manuscripts
from storage.records import Discarded, Lesson, Project, Snapshot
from storage.snapshots import Snapshots
from templora.errors import DiskFull, NotFound, SnapshotDamaged, StorageError

NUMERICS = {"torch": "2.13.0", "threads": 2}


@pytest.fixture
def memory(store: Store, clock: Any) -> Snapshots:
    return Snapshots(store, store.folder, clock)


def commit(memory: Snapshots, project: Project, chain: str, data: bytes = b"", n_chunks: int = 1) -> Snapshot:
    data = data or f"adapter {chain}".encode()
    staged = memory.stage_path(project.id)
    staged.write_bytes(data)
    return memory.commit(project.id, staged, chain, n_chunks, hashlib.sha256(data).hexdigest(), NUMERICS)


def chains(memory: Snapshots, project: Project) -> list[str]:
    return [snapshot.chain for snapshot in memory.all(project.id)]


def files(store: Store, project: Project) -> list[str]:
    folder = store.folder / "projects" / project.id
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def lesson(project: Project, chain: str, parent: str = "00", **changes: Any) -> Lesson:
    fields: dict[str, Any] = {
        "tokens": 2,
        "base_loss": 6.0,
        "memory_loss": 5.0,
        "base_losses": struct.pack("<2f", 2.5, 3.5),
        "memory_losses": struct.pack("<2f", 2.0, 3.0),
        "seconds": 4.0,
        "created_at": 1.0,
    }
    return Lesson(project=project.id, chain=chain, parent=parent, **fields | changes)


# --- commit ---


def test_a_committed_file_is_found_again_under_its_hash(memory: Snapshots, store: Store, book: Project) -> None:
    snapshot = commit(memory, book, "c1", b"weights", n_chunks=4)
    assert memory.all(book.id) == [snapshot]
    assert (snapshot.chain, snapshot.n_chunks, snapshot.bytes) == ("c1", 4, 7)
    assert snapshot.numerics == '{"threads": 2, "torch": "2.13.0"}'
    assert memory.path(snapshot).read_bytes() == b"weights"
    assert files(store, book) == [f"objects/{snapshot.sha256}.safetensors"]


def test_the_newest_commit_is_last_and_a_chain_is_there_once(memory: Snapshots, store: Store, book: Project) -> None:
    for chain in ("c1", "c2"):
        commit(memory, book, chain)
    again = commit(memory, book, "c1", b"made with other numerics")
    assert chains(memory, book) == ["c2", "c1"]
    assert memory.all(book.id)[-1] == again
    assert len(files(store, book)) == 2


def test_equal_bytes_are_one_file_that_lives_as_long_as_one_row_needs_it(
    memory: Snapshots, store: Store, book: Project
) -> None:
    same = [commit(memory, book, f"c{i}", b"same") for i in range(3)]
    assert len(files(store, book)) == 1
    Manuscripts(store).set_disk_bytes(book.id, 0)
    memory.thin(book.id, set(), set())
    assert chains(memory, book) == ["c2"]
    assert memory.path(same[2]).read_bytes() == b"same"


def test_a_file_that_is_not_what_was_said_is_refused(memory: Snapshots, store: Store, book: Project) -> None:
    staged = memory.stage_path(book.id)
    staged.write_bytes(b"torn")
    with pytest.raises(SnapshotDamaged):
        memory.commit(book.id, staged, "c1", 1, hashlib.sha256(b"whole").hexdigest(), NUMERICS)
    with pytest.raises(SnapshotDamaged):
        memory.commit(book.id, memory.stage_path(book.id), "c1", 1, "0" * 64, NUMERICS)
    assert (memory.all(book.id), files(store, book)) == ([], [])


def test_a_folder_that_cannot_be_listed_is_told_where_it_matters(
    memory: Snapshots, book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(memory, book, "c1")

    def fails(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "iterdir", fails)
    commit(memory, book, "c2")  # what cannot be tidied up now is no reason to refuse a snapshot
    for told in (lambda: memory.keep_only(book.id, set()), memory.sweep):
        with pytest.raises(StorageError, match="could not be used"):
            told()


def test_a_book_that_is_gone_takes_no_snapshot(memory: Snapshots, store: Store) -> None:
    gone = Project("gone", "Gone", 0.0, 0.0)
    with pytest.raises(NotFound):
        commit(memory, gone, "c1")
    assert files(store, gone) == []


@pytest.mark.parametrize("damage", ["flipped bit", "cut short", "missing", "unreadable"])
def test_a_damaged_file_is_never_handed_out(memory: Snapshots, book: Project, damage: str) -> None:
    snapshot = commit(memory, book, "c1", bytes(range(256)))
    path = memory.path(snapshot)
    data = bytearray(path.read_bytes())
    if damage == "flipped bit":
        data[100] ^= 1
        path.write_bytes(data)
    elif damage == "cut short":
        path.write_bytes(data[:-1])
    else:
        path.unlink()
        if damage == "unreadable":
            path.mkdir()
    with pytest.raises(SnapshotDamaged):
        memory.path(snapshot)
    if damage == "flipped bit":  # learning the same again repairs it
        assert memory.path(commit(memory, book, "c1", bytes(range(256)))).read_bytes() == bytes(range(256))


@pytest.mark.parametrize("step", ["storage.snapshots.digest", "pathlib.Path.stat"])
def test_a_file_that_cannot_be_read_just_now_is_not_called_damaged(
    memory: Snapshots, book: Project, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    snapshot = commit(memory, book, "c1")
    with monkeypatch.context() as patch:
        patch.setattr(step, fails)
        with pytest.raises(StorageError, match="try again") as told:
            memory.path(snapshot)
    assert not isinstance(told.value, SnapshotDamaged)
    assert memory.path(snapshot).read_bytes() == b"adapter c1"


def test_cleaning_up_waits_for_a_file_whose_row_is_on_its_way(
    memory: Snapshots, book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaners: list[threading.Thread] = []

    def between_file_and_row(_: Path) -> None:
        cleaners.append(threading.Thread(target=memory.thin, args=(book.id, set[str](), set[str]())))
        cleaners[-1].start()
        cleaners[-1].join(timeout=0.1)

    monkeypatch.setattr("storage.snapshots.sync_folder", between_file_and_row)
    snapshot = commit(memory, book, "c1")
    for cleaner in cleaners:
        cleaner.join()
    assert cleaners and memory.path(snapshot).exists()


# --- crashes ---


class Crash(BaseException):
    """The power fails: nothing after it runs."""


@contextmanager
def crash_at(n: int, monkeypatch: pytest.MonkeyPatch, targets: list[tuple[Any, str]]) -> Iterator[list[str]]:
    """The n-th call (from 0) of any of the targets crashes before it does anything. Yields the calls made."""
    calls: list[str] = []

    def wrapped(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            if len(calls) > n:
                raise Crash
            return real(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for owner, name in targets:
            patch.setattr(owner, name, wrapped(name, getattr(owner, name)))
        yield calls


STEPS: list[tuple[Any, str]] = [(os, "mkdir"), (os, "fsync"), (os, "replace"), (os, "unlink"), (Database, "commit")]


def test_a_crash_at_any_step_of_a_commit_leaves_orphans_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()
    n, finished = 0, False
    while not finished:
        folder = tmp_path / str(n)
        store = open_database(folder)
        book = Manuscripts(store).create_project("The Book")
        memory = Snapshots(store, folder)
        with crash_at(n, monkeypatch, STEPS) as calls:
            try:
                commit(memory, book, "old", b"old")
                commit(memory, book, "new", b"new")
                commit(memory, book, "old", b"another old")  # lets the first file go
                finished = True
            except Crash:
                finished = False
        seen |= set(calls)
        store.close()

        store = open_database(folder)
        memory = Snapshots(store, folder)
        claimed = {memory.path(snapshot).name for snapshot in memory.all(book.id)}  # every row has its file, unharmed
        assert chains(memory, book) in ([], ["old"], ["old", "new"], ["new", "old"])
        memory.sweep()
        assert files(store, book) == sorted(f"objects/{name}" for name in claimed)
        store.close()
        n += 1
    assert seen == {name for _, name in STEPS}
    assert n > 10


def test_a_crash_at_any_step_of_a_discard_can_be_swept_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    n, finished = 0, False
    while not finished:
        folder = tmp_path / str(n)
        store = open_database(folder)
        book = Manuscripts(store).create_project("The Book")
        memory = Snapshots(store, folder)
        commit(memory, book, "c1")
        commit(memory, book, "c2")
        with crash_at(n, monkeypatch, STEPS):
            try:
                memory.keep_only(book.id, set())
                finished = True
            except Crash:
                finished = False
        store.close()

        store = open_database(folder)
        memory = Snapshots(store, folder)
        for snapshot in memory.all(book.id):
            memory.path(snapshot)
        assert chains(memory, book) in ([], ["c1", "c2"])
        memory.sweep()
        assert len(files(store, book)) == len(memory.all(book.id))
        store.close()
        n += 1
    assert n > 4


def test_a_disk_that_fills_up_on_commit_leaves_the_memory_as_it_was(
    memory: Snapshots, store: Store, book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(memory, book, "c1")
    before = files(store, book)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    for target in ("storage.snapshots.sync_file", "storage.snapshots.sync_folder"):
        with monkeypatch.context() as patch:
            patch.setattr(target, full)
            with pytest.raises(DiskFull):
                commit(memory, book, "c2")
        assert (chains(memory, book), files(store, book)) == (["c1"], before)
    commit(memory, book, "c2")
    assert chains(memory, book) == ["c1", "c2"]


def test_the_sweep_takes_what_was_left_behind_and_nothing_else(memory: Snapshots, store: Store, book: Project) -> None:
    snapshot = commit(memory, book, "c1")
    project = store.folder / "projects" / book.id
    (project / "objects" / f"{'0' * 64}.safetensors").write_bytes(b"orphan")
    memory.stage_path(book.id).write_bytes(b"half written")
    (project / "book").mkdir()
    (project / "book" / "01-one.md").write_text("words")
    lost = store.folder / "projects" / "unknown" / "book"
    lost.mkdir(parents=True)
    (lost / "01-one.md").write_text("a copy of a book that the database has lost")
    memory.sweep()
    assert files(store, book) == ["book/01-one.md", f"objects/{snapshot.sha256}.safetensors"]
    assert (lost / "01-one.md").exists()


# --- thinning ---


def test_thinning_deletes_rows_with_their_files_and_counts_on(memory: Snapshots, store: Store, book: Project) -> None:
    other = Manuscripts(store).create_project("Another")
    for i in range(9):
        commit(memory, book, f"c{i}")
        commit(memory, other, f"c{i}")
        memory.thin(book.id, set(), {"c3"})
    assert chains(memory, book) == ["c0", "c3", "c4", "c6", "c7", "c8"]
    assert len(files(store, book)) == 6
    assert len(memory.all(other.id)) == 9
    for snapshot in memory.all(book.id) + memory.all(other.id):
        memory.path(snapshot)


# --- lessons ---


def test_lessons_are_listed_without_their_tokens_which_are_there_when_asked_for(
    memory: Snapshots, book: Project
) -> None:
    memory.record_lesson(lesson(book, "c1"))
    memory.record_lesson(lesson(book, "c2", "c1"))
    assert list(memory.lessons(book.id)) == ["c1", "c2"]
    listed = memory.lessons(book.id)["c2"]
    assert (listed.parent, listed.tokens, listed.base_loss, listed.base_losses) == ("c1", 2, 6.0, b"")
    assert memory.token_losses(book.id, "c2") == ([2.5, 3.5], [2.0, 3.0])
    with pytest.raises(NotFound):
        memory.token_losses(book.id, "c3")


def test_a_lesson_learnt_again_takes_the_place_of_the_first(memory: Snapshots, book: Project) -> None:
    memory.record_lesson(lesson(book, "c1", base_loss=6.0))
    memory.record_lesson(lesson(book, "c1", base_loss=7.0))
    assert [found.base_loss for found in memory.lessons(book.id).values()] == [7.0]


def test_the_pace_is_that_of_the_latest_lessons(memory: Snapshots, book: Project) -> None:
    assert memory.pace() is None
    for i in range(40):
        memory.record_lesson(lesson(book, f"c{i}", tokens=100, seconds=50.0 if i < 20 else 2.0, created_at=float(i)))
    assert memory.pace() == pytest.approx(0.02)


# --- discard ---


def test_a_discard_leaves_no_byte_of_the_memory_and_every_word_of_the_book(
    memory: Snapshots, store: Store, book: Project
) -> None:
    manuscripts = Manuscripts(store)
    manuscripts.add_chapter(book.id, "One", "Words that stay.")
    other = manuscripts.create_project("Another")
    secret = random.Random(1).randbytes(64)
    for project in (book, other):
        commit(memory, project, "ab" * 32, secret + b"1")
        commit(memory, project, "cd" * 32, secret + b"2")
        memory.record_lesson(lesson(project, "ab" * 32, base_losses=secret))
    memory.stage_path(book.id).write_bytes(secret)

    assert memory.keep_only(book.id, set()) == Discarded(files=3, bytes=194, snapshots=2, lessons=1)
    assert (memory.all(book.id), memory.lessons(book.id), files(store, book)) == ([], {}, [])
    assert len(memory.all(other.id)) == 2 and len(memory.lessons(other.id)) == 1
    assert memory.keep_only(other.id, set()).snapshots == 2
    for path in store.folder.rglob("*"):
        assert not path.is_file() or (secret not in path.read_bytes() and b"abababab" not in path.read_bytes())
    assert [chapter.text for chapter in manuscripts.texts(book.id)] == ["Words that stay."]
    assert memory.keep_only(book.id, set()) == Discarded(0, 0, 0, 0)


def test_what_was_half_written_is_not_kept_with_what_is(memory: Snapshots, store: Store, book: Project) -> None:
    kept = commit(memory, book, "c1")
    commit(memory, book, "c2")
    memory.stage_path(book.id).write_bytes(b"it has seen a text that is to be forgotten")
    assert memory.keep_only(book.id, {"c1"}).files == 2
    assert files(store, book) == [f"objects/{kept.sha256}.safetensors"]


def test_a_discard_that_leaves_something_says_so(
    memory: Snapshots, book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(memory, book, "c1")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda _: None)
        with pytest.raises(StorageError, match="still there"):
            memory.keep_only(book.id, set())
    memory.sweep()
    assert memory.keep_only(book.id, set()) == Discarded(0, 0, 0, 0)
