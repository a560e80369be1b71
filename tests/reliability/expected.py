"""What an undisturbed run of a scenario leaves, verb by verb: what a disturbed one is held against."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from templora.engine import ModelInfo
from tests.reliability import checks
from tests.reliability.bench import Bench
from tests.reliability.checks import Books, BookState
from tests.reliability.scenarios import SCENARIOS


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
    for _, verb in SCENARIOS[scenario].verbs(bench):
        verb()
        expected.note(bench, info)
    expected.now = bench.clock.now
    if bench.running:
        bench.close()
    assert not bench.engine.wrong
    return expected


def text_of(books: Books) -> list[BookState]:
    """Without what verbs of more than one transaction change: takes on their way, the settings of a memory."""
    return [replace(book, takes=(), learning="on", finished=False) for book in books]
