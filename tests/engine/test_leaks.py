"""A model process that has worked for long is no bigger than one that has worked for a while."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from templora.client import WorkerEngine
from templora.engine import Continue, Drop, Learn, Open, Resident, ResidentMemories, Save, Saved, Score
from tests.engine.asking import SAMPLING, chain
from tests.engine.tiny import wait_until
from tests.tiny_models import write_folder

SNAPSHOT_BYTES = 700_000
GROWTH_BYTES = 4 * SNAPSHOT_BYTES
"""For all the rounds that are measured, together: less than one memory left behind in every tenth of them."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[WorkerEngine]:
    engine = WorkerEngine(str(write_folder(tmp_path / "model")), tmp_path / "models")
    wait_until(lambda: engine.status().state == "ready")
    yield engine
    engine.close()


@pytest.mark.parametrize("rounds", [40, pytest.param(1500, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_the_process_does_not_grow_with_books_learnt_written_and_dropped(
    engine: WorkerEngine, tmp_path: Path, rounds: int
) -> None:
    draw = random.Random(1)
    (process,) = (child for child in psutil.Process().children() if "templora.worker" in child.cmdline())

    def work(book: int) -> None:
        links = [chain(3 * book + index) for index in range(3)]
        ids = [draw.randrange(2, 320) for _ in range(64)]
        engine.call(Open(links[0]))
        engine.call(Learn(links[0], links[1], [], ids))
        engine.call(Learn(links[1], links[2], ids, ids, keep=True))
        saved = engine.call(Save(links[2], str(tmp_path / "snapshot")))
        assert isinstance(saved, Saved) and saved.bytes >= SNAPSHOT_BYTES
        list(engine.stream(Continue(links[2], ids, SAMPLING, strength=0.5)))
        engine.call(Score(links[1], [], ids))
        engine.call(Drop(links[1:]))
        engine.call(Open(links[2], 2, str(tmp_path / "snapshot"), saved.sha256))
        list(engine.stream(Continue(links[2], ids, SAMPLING)))
        engine.call(Drop([links[2]]) if book % 2 else Drop([]))
        assert engine.call(Resident()) == ResidentMemories([])

    for book in range(10):
        work(book)
    before = process.memory_info().rss
    for book in range(10, 10 + rounds):
        work(book)
    assert process.memory_info().rss - before < GROWTH_BYTES
