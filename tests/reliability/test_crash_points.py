"""A kill at each file and database operation in turn, while text is written and while a memory is learnt.

After each: what was acknowledged is there, of what was not at most one thing more; the snapshots' claims are true; the
next start needs no hand.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import pytest

from templora.engine import ModelInfo
from tests.reliability import checks, hooks, tracing
from tests.reliability.bench import Bench, facts
from tests.reliability.checks import Books, BookState
from tests.reliability.nursery import Nursery
from tests.reliability.scenarios import LEARNING, SCENARIOS, WRITING

SAMPLE = {"writing": 24, "learning": 24, "closing": 40, "finish": 12, "backup": 12}
"""Points of a scenario in the short tests, for each way to kill; `FEW` of the others."""
FEW = 6

T = TypeVar("T")


def chains(bench: Bench) -> set[str]:
    snapshots = bench.studio._snapshots  # pyright: ignore[reportPrivateUsage]
    return {snapshot.chain for project in bench.studio.projects() for snapshot in snapshots.all(project.id)}


def mirror(data: Path) -> list[str]:
    return [path.read_text() for path in sorted(data.glob("projects/*/book/*.md"))]


@dataclass
class Expected:
    """What an undisturbed run leaves after each verb: index 0 before the first."""

    books: list[Books] = field(default_factory=list)
    chains: list[set[str]] = field(default_factory=list)
    mirrors: list[list[str]] = field(default_factory=list)
    """The readable copies of all chapters, in order."""
    now: float = 0.0

    def note(self, bench: Bench, info: ModelInfo) -> None:
        """As the next start would find it."""
        self.mirrors.append(mirror(bench.data))
        copy = Bench(bench.folder.with_name("copy"), info)
        if bench.data.exists():
            shutil.copytree(bench.data, copy.data)
        copy.open()
        self.books.append(checks.books(copy.studio))
        self.chains.append(chains(copy))
        copy.studio.close()
        shutil.rmtree(copy.folder)


def undisturbed(scenario: str, folder: Path, info: ModelInfo) -> Expected:
    bench, expected = Bench(folder, info), Expected()
    SCENARIOS[scenario].prepare(bench)
    expected.note(bench, info)
    SCENARIOS[scenario].act(bench, lambda _: expected.note(bench, info))
    expected.now = bench.clock.now
    if scenario != "closing":
        bench.studio.close()
    assert not bench.engine.wrong
    return expected


def text_of(books: Books) -> list[BookState]:
    """Without what verbs of more than one transaction change: takes on their way, the settings of a memory."""
    return [replace(book, takes=(), learning="on", finished=False) for book in books]


def sampled(points: Sequence[T], scenario: str, long: bool) -> Sequence[T]:
    """Evenly over all of them, the last one included; in the long tests each."""
    wanted = len(points) if long else min(len(points), SAMPLE.get(scenario, FEW))
    return [points[len(points) * i // wanted - 1] for i in range(1, wanted + 1)]


def mirror_is_readable(data: Path, before: Sequence[str], after: Sequence[str]) -> None:
    """Even before the next start each chapter can be read, as it was or as it is, and nothing else."""
    found = mirror(data)
    assert set(found) <= {*before, *after}
    for old, new in zip(before, after, strict=False):
        assert old in found or new in found


def recovers(folder: Path, info: ModelInfo, expected: Expected) -> None:
    """The folder of a process that was killed holds what it must, and work on it goes on."""
    mirror_is_readable(folder / "data", expected.mirrors[0], expected.mirrors[-1])
    acknowledged = len(facts(folder / "journal"))
    bench = Bench(folder, info)
    bench.clock.now = expected.now
    bench.open()
    possible = range(acknowledged, min(acknowledged + 2, len(expected.books)))
    found = checks.books(bench.studio)
    assert text_of(found) in [text_of(expected.books[i]) for i in possible], f"after {acknowledged} verbs"
    checks.takes_are_kept(found, [expected.books[i] for i in possible])
    # A snapshot is taken in and others are thinned out in two steps: in between both are there.
    memories = [expected.chains[i] for i in possible]
    assert chains(bench) in [*memories, set[str]().union(*memories)], f"after {acknowledged} verbs"
    checks.chapters_are_in_order(bench.studio)
    checks.snapshots_are_true(bench.studio, bench.data, bench.engine.decoder)
    for project in bench.studio.projects():
        bench.studio.memory_do(project.id, "learn")
        bench.work()
        assert bench.resident(project.id) == bench.planned(project.id)
    checks.mirrors_say_what_the_books_say(bench.studio, bench.data)
    checks.nothing_is_left_half_done(bench.data)
    assert not bench.engine.wrong


@pytest.mark.parametrize("scenario", [*WRITING, *LEARNING])
def test_killed_at_a_system_call(
    scenario: str, strace: None, nursery: Nursery, info: ModelInfo, folder: Path, long: bool
) -> None:
    expected = undisturbed(scenario, folder / "undisturbed", info)
    killed = 0
    points = _calls(scenario, nursery, info, folder)
    print(scenario, len(points), "points")
    points = sampled(points, scenario, long)
    for point in points:
        place = folder / str(point)
        place.mkdir()
        child = nursery.start("crash", scenario=scenario, folder=str(place), model=info.folder)
        with tracing.traced(child.pid, folder / "log", tracing.kills(point)):
            child.go()
            killed += child.wait() == -signal.SIGKILL
        try:
            recovers(place, info, expected)
        except BaseException as error:
            error.add_note(f"killed at {point} of '{scenario}'")
            raise
        shutil.rmtree(place)
    assert killed == len(points) > 0


def _calls(scenario: str, nursery: Nursery, info: ModelInfo, folder: Path) -> list[tracing.Point]:
    (folder / "counted").mkdir()
    child = nursery.start("crash", scenario=scenario, folder=str(folder / "counted"), model=info.folder)
    with tracing.traced(child.pid, folder / "log", tracing.counts()):
        child.go()
        assert child.wait() == 0, nursery.log.read_text()
    return tracing.points(folder / "log")


@pytest.mark.parametrize("scenario", [*WRITING, *LEARNING])
def test_killed_at_an_operation_of_python(
    scenario: str, nursery: Nursery, info: ModelInfo, folder: Path, long: bool
) -> None:
    expected = undisturbed(scenario, folder / "undisturbed", info)
    (folder / "counted").mkdir()
    job = {"scenario": scenario, "model": info.folder}
    assert nursery.run("crash", folder=str(folder / "counted"), fault=hooks.COUNT, **job) == 0
    operations = facts(folder / "counted" / "journal")[-1]["operations"]
    assert operations > 1
    print(scenario, operations, "operations")
    for at in sampled(range(1, operations + 1), scenario, long):
        place = folder / str(at)
        place.mkdir()
        status = nursery.run("crash", folder=str(place), fault=hooks.KILL, at=at, **job)
        assert status == -signal.SIGKILL, nursery.log.read_text()
        try:
            recovers(place, info, expected)
        except BaseException as error:
            error.add_note(f"killed at operation {at} of '{scenario}'")
            raise
        shutil.rmtree(place)
