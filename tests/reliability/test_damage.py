"""Files of the memory that have been changed, cut short or lost: never served, learnt again, and the text untouched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.records import Snapshot
from templora.engine import Learn, ModelInfo, Open
from tests.reliability import checks
from tests.reliability.bench import Bench, words
from tests.studio_desk import prose

DAMAGES = ["flipped bit", "cut short", "empty", "missing"]


@pytest.fixture
def bench(tmp_path: Path, info: ModelInfo) -> Iterator[Bench]:
    bench = Bench(tmp_path, info)
    bench.open()
    yield bench
    bench.close()
    assert not bench.engine.wrong


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    path.unlink()
    if how == "flipped bit":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif how == "cut short":
        path.write_bytes(data[:-1])
    elif how == "empty":
        path.write_bytes(b"")


def snapshots(bench: Bench, project: str) -> list[Snapshot]:
    return bench.studio._snapshots.all(project)  # pyright: ignore[reportPrivateUsage]


def path_of(bench: Bench, snapshot: Snapshot) -> Path:
    return bench.data / "projects" / snapshot.project / "objects" / f"{snapshot.sha256}.safetensors"


def learnt_book(bench: Bench) -> str:
    project = bench.book(prose(16), prose(8, "v"))
    assert bench.knows_the_book(project)
    assert len(snapshots(bench, project)) > 2
    return project


def restart_engine(bench: Bench) -> None:
    bench.close()
    bench.engine.restart()
    bench.open()
    bench.engine.asked.clear()


def opened(bench: Bench) -> list[str | None]:
    """The files that the engine was given."""
    return [request.path for request in bench.engine.asked if isinstance(request, Open)]


@pytest.mark.parametrize("how", DAMAGES)
def test_a_take_falls_back_to_the_snapshot_before(bench: Bench, how: str) -> None:
    project = learnt_book(bench)
    before = checks.books(bench.studio)
    *_, earlier, head = snapshots(bench, project)
    bad = path_of(bench, head)
    restart_engine(bench)
    damage(bad, how)
    chapter = bench.chapters(project)[0]
    take = bench.take(chapter, f" {words(1)}")
    assert str(bad) not in opened(bench)
    written_with = next(stored for stored in bench.studio.takes(chapter) if stored.id == take).memory
    assert written_with == earlier.chain
    assert len(bench.engine.memories[earlier.chain]) == earlier.n_chunks
    assert bench.knows_the_book(project)
    learnt = sum(isinstance(request, Learn) for request in bench.engine.asked)
    assert learnt == head.n_chunks - earlier.n_chunks, "only what was lost is learnt again"
    checks.snapshots_are_true(bench.studio, bench.data, bench.engine.decoder)
    assert checks.books(bench.studio)[0].chapters == before[0].chapters


@pytest.mark.parametrize("how", DAMAGES)
def test_without_a_sound_snapshot_the_book_is_learnt_anew(bench: Bench, how: str) -> None:
    project = learnt_book(bench)
    files = [path_of(bench, snapshot) for snapshot in snapshots(bench, project)]
    restart_engine(bench)
    for path in files:
        damage(path, how)
    take = bench.take(bench.chapters(project)[0], f" {words(1)}")
    assert bench.studio.takes(bench.chapters(project)[0])[-1].id == take
    assert opened(bench) == [None]
    assert bench.knows_the_book(project)
    assert sum(isinstance(request, Learn) for request in bench.engine.asked) == len(bench.planned(project))


@pytest.mark.parametrize("how", ["flipped bit", "missing"])
def test_a_rebuild_does_not_start_from_a_damaged_snapshot(bench: Bench, how: str) -> None:
    project = learnt_book(bench)
    files = [path_of(bench, snapshot) for snapshot in snapshots(bench, project)]
    restart_engine(bench)
    for path in files[:-1]:
        damage(path, how)
    last = bench.chapters(project)[-1]
    bench.rewrite(last, lambda text: text.replace("v3 ", "z3 "))
    assert bench.knows_the_book(project)
    assert not set(opened(bench)) & {str(path) for path in files[:-1]}


def test_a_claim_that_is_not_true_is_not_believed(bench: Bench) -> None:
    """The rows of two snapshots have changed places: each file is whole, but is not what its row says."""
    project = learnt_book(bench)
    first, *_, head = snapshots(bench, project)
    restart_engine(bench)
    with bench.studio._store.transaction() as sql:  # pyright: ignore[reportPrivateUsage]
        sql.run("UPDATE snapshots SET sha256 = ?, bytes = ? WHERE id = ?", first.sha256, first.bytes, head.id)
    bench.take(bench.chapters(project)[0], f" {words(1)}")
    assert bench.knows_the_book(project)


def test_a_lost_folder_of_memories_costs_no_text(bench: Bench) -> None:
    project = learnt_book(bench)
    before = checks.books(bench.studio)
    bench.close()
    bench.engine.restart()
    for path in (bench.data / "projects" / project / "objects").iterdir():
        path.unlink()
    (bench.data / "projects" / project / "objects").rmdir()
    bench.open()
    assert checks.books(bench.studio) == before
    bench.take(bench.chapters(project)[0], f" {words(1)}")  # until then nobody misses it
    assert bench.knows_the_book(project)
    checks.snapshots_are_true(bench.studio, bench.data, bench.engine.decoder)
