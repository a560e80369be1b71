"""A disk without room under every kind of write: told to the writer, nothing lost, and the same desk goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from templora.config import Sampling
from templora.engine import ModelInfo
from templora.errors import DiskFull, StorageError
from templora.takes import Broke, Finished, Wrote
from tests.full_disk import WAYS, disk_of, fill, make_room
from tests.reliability import checks
from tests.reliability.bench import Bench, words
from tests.reliability.expected import text_of
from tests.studio_desk import prose

LONG = "long " * 20_000
"""More than fits on a full disk, whatever the log has room for."""


@pytest.fixture(params=WAYS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with disk_of(request.param, tmp_path):
        yield request.param


@pytest.fixture
def bench(disk: str, tmp_path: Path, info: ModelInfo) -> Iterator[Bench]:
    bench = Bench(tmp_path, info)
    bench.open()
    yield bench
    make_room(disk, tmp_path)
    if bench.running:
        bench.close()
    assert not bench.engine.wrong


def refused(act: Callable[[], object], disk: str) -> str:
    with pytest.raises(StorageError) as caught:
        act()
    if disk == "small disk":
        assert isinstance(caught.value, DiskFull), caught.value.message
    return caught.value.message


def reopened(bench: Bench) -> None:
    """What was there before the desk was closed is there when it is opened again."""
    before = checks.books(bench.studio)
    bench.close()
    bench.engine.restart()
    bench.open()
    after = checks.books(bench.studio)
    assert text_of(after) == text_of(before)
    # One that was refused before its first word could be stored is not kept.
    assert checks.all_takes(after) == [take for take in checks.all_takes(before) if take[0]]
    checks.snapshots_are_true(bench.studio, bench.data, bench.engine.decoder)
    checks.mirrors_say_what_the_books_say(bench.studio, bench.data)
    bench.running = False


def test_a_save(bench: Bench, disk: str) -> None:
    project = bench.book(words(1))
    (chapter,) = bench.chapters(project)
    fill(disk, bench.folder)
    assert "save" in refused(lambda: bench.studio.save(chapter, 1, LONG), disk) or disk != "small disk"
    assert bench.studio.chapter(chapter).text == words(1)
    refused(lambda: bench.studio.add_chapter(project, "Another", LONG), disk)
    make_room(disk, bench.folder)
    assert bench.studio.save(chapter, 1, LONG) == 2
    reopened(bench)


def test_a_setting(bench: Bench, disk: str) -> None:
    project = bench.book(words(1))
    fill(disk, bench.folder)
    with pytest.raises(StorageError):
        for step in range(1000):  # the log may have room for a few
            bench.studio.set_strength(project, step % 10 / 10)
            kept = step % 10 / 10
            assert bench.studio.project(project)[0].strength == kept
    make_room(disk, bench.folder)
    bench.studio.set_strength(project, 1.5)
    bench.studio.rename_project(project, "Renamed")
    reopened(bench)


def test_a_take_that_is_being_written(bench: Bench, disk: str) -> None:
    project = bench.book(words(1))
    (chapter,) = bench.chapters(project)
    bench.engine.gate, bench.engine.replies = threading.Event(), [f"first {LONG}", words(2)]
    stream = bench.studio.continue_(chapter, 1, 0, Sampling(seed=1))
    assert stream.next() == Wrote(0, "first ")
    fill(disk, bench.folder)
    bench.engine.gate.set()
    *_, last = stream
    assert isinstance(last, Broke) and last.code in ("disk_full", "storage") and len(last.message) > 20
    assert bench.studio.chapter(chapter).text == words(1)
    refused(lambda: bench.take(chapter, LONG), disk)
    make_room(disk, bench.folder)
    again = list(bench.studio.continue_(chapter, 1, 0, Sampling(seed=1)))[-1]
    assert isinstance(again, Finished)
    assert bench.studio.accept_take(again.id, 1).text == f"{bench.studio.takes(chapter)[-1].text}{words(1)}"
    reopened(bench)


def test_a_snapshot(bench: Bench, disk: str) -> None:
    project = bench.book(prose(40))
    fill(disk, bench.folder)
    bench.studio.memory_do(project, "learn")
    bench.work()
    report = bench.studio.memory(project)
    assert report.state == "failed" and report.failure
    if disk == "small disk":
        assert "full" in report.failure
    bench.clock.pass_(61)
    make_room(disk, bench.folder)
    assert bench.knows_the_book(project)
    assert bench.studio.memory(project).failure is None
    reopened(bench)


def test_the_readable_copy(bench: Bench, disk: str) -> None:
    project = bench.book(words(1), words(2))
    first, second = bench.chapters(project)
    bench.studio._keeper.write_mirrors()  # pyright: ignore[reportPrivateUsage]
    before = checks.mirrored(bench.data, project)
    bench.save(first, LONG)
    bench.studio.delete_chapter(second)
    fill(disk, bench.folder)
    bench.studio._keeper.write_mirrors()  # pyright: ignore[reportPrivateUsage]
    files = bench.data / "projects" / project / "book"
    assert [path.read_text() for path in sorted(files.glob("*.md"))] == before
    make_room(disk, bench.folder)
    reopened(bench)


def test_a_finished_book(bench: Bench, disk: str) -> None:
    """Nothing is discarded unless the manuscript is on the disk."""
    project = bench.book(prose(10))
    assert bench.knows_the_book(project)
    held = bench.studio.memory(project).known_chunks
    fill(disk, bench.folder)
    refused(lambda: bench.studio.finish(project, "docx"), disk)
    assert bench.studio.memory(project).known_chunks == held > 0
    assert bench.studio.project(project)[0].finished_at is None
    assert bench.studio.copy(project, "text").data, "a draft needs no room"
    make_room(disk, bench.folder)
    assert bench.studio.finish(project, "docx").path.exists()
    reopened(bench)


def test_an_import(bench: Bench, disk: str) -> None:
    bench.book(words(1))
    book = "".join(f"# Chapter {number}\n\n{LONG[:60_000]}\n\n" for number in range(40)).encode()
    refused(lambda: bench.studio.import_book(book, "book.md"), disk)
    assert [project.title for project in bench.studio.projects()] == ["A book"], "no half of it"
    assert bench.studio.projects(deleted=True) == []
    make_room(disk, bench.folder)
    bench.studio.import_book(book, "book.md")
    assert len(bench.studio.projects()) == 2
    reopened(bench)


def test_a_backup(bench: Bench, disk: str) -> None:
    bench.book(LONG)
    fill(disk, bench.folder)
    refused(bench.studio.back_up, disk)
    assert any("backup" in warning.lower() for warning in bench.studio.warnings())
    assert bench.studio.backups() == []
    make_room(disk, bench.folder)
    bench.studio.back_up()
    assert not any("backup" in warning.lower() for warning in bench.studio.warnings())
    reopened(bench)
