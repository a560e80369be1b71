"""A fault at every point of a scenario in turn: each time in a folder of its own, by a child of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from templora.engine import ModelInfo
from tests.reliability import hooks, tracing
from tests.reliability.bench import facts
from tests.reliability.nursery import Nursery
from tests.reliability.tracing import Point

T = TypeVar("T")


@dataclass(frozen=True)
class Run:
    """One that is over: where it wrote, how it ended (minus the signal's number where it was killed)."""

    folder: Path
    status: int


@dataclass(frozen=True)
class Everywhere:
    """`job`: of `jobs`. `sample`: points in the short tests; all of them with `long`."""

    job: str
    scenario: str
    nursery: Nursery
    info: ModelInfo
    folder: Path
    sample: int
    long: bool

    def calls(self, fault: Callable[[Point], list[str]]) -> Iterator[Run]:
        """At system calls, by strace."""
        with self._place("counted") as place, self._traced(place, tracing.counts()) as status:
            assert status == 0, self.nursery.log.read_text()
            points = tracing.points(self.folder / "log", place)
        print(f"{self.scenario}: {len(points)} points")
        for point in sampled(points, self.sample, self.long):
            with self._place(str(point)) as place, self._traced(place, fault(point)) as status:
                yield Run(place, status)

    def operations(self, fault: str) -> Iterator[Run]:
        """At operations of Python, by hooks of our own."""
        with self._place("counted") as place:
            assert self._hooked(place, hooks.COUNT) == 0, self.nursery.log.read_text()
            count = facts(place / "journal")[-1]["operations"]
        print(f"{self.scenario}: {count} operations")
        for at in sampled(range(1, count + 1), self.sample, self.long):
            with self._place(f"operation {at}") as place:
                yield Run(place, self._hooked(place, fault, at))

    @contextmanager
    def _place(self, name: str) -> Iterator[Path]:
        place = self.folder / name
        place.mkdir()
        try:
            yield place
        except BaseException as error:
            error.add_note(f"'{self.scenario}' with a fault at {name}")
            raise
        shutil.rmtree(place)

    @contextmanager
    def _traced(self, place: Path, options: list[str]) -> Iterator[int]:
        child = self.nursery.start(self.job, scenario=self.scenario, folder=str(place), model=self.info.folder)
        with tracing.traced(child.pid, self.folder / "log", options):
            child.go()
            status = child.wait()
        yield status

    def _hooked(self, place: Path, fault: str, at: int = 0) -> int:
        job = {"scenario": self.scenario, "folder": str(place), "model": self.info.folder}
        return self.nursery.run(self.job, fault=fault, at=at, **job)


def sampled(points: Sequence[T], wanted: int, long: bool) -> Sequence[T]:
    """Evenly over all of them, the last one included; in the long tests each."""
    wanted = len(points) if long else min(len(points), wanted)
    assert wanted
    return [points[len(points) * i // wanted - 1] for i in range(1, wanted + 1)]
