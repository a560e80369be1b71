"""Random kills while threads type, accept, edit, arrange chapters and learn, on one data folder that goes on and on."""

from __future__ import annotations

import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from templora.engine import ModelInfo
from tests.reliability import checks
from tests.reliability.bench import Bench, facts
from tests.reliability.ledger import Ledger
from tests.reliability.nursery import Nursery
from tests.reliability.torturing import SPEED

LIFE_S = (0.02, 0.9)


def torture(nursery: Nursery, info: ModelInfo, folder: Path, kills: int, seed: int) -> Ledger:
    chance, epoch = random.Random(seed), time.time()
    ledger = Ledger(SPEED)
    folder.mkdir()
    for kill in range(kills):
        child = nursery.start("torture", folder=str(folder), model=info.folder, seed=kill, epoch=epoch)
        child.go()
        time.sleep(chance.uniform(*LIFE_S))
        child.kill()
        assert child.wait() == -signal.SIGKILL, nursery.log.read_text()
        try:
            survived(folder, info, epoch, ledger, kill)
        except BaseException as error:
            error.add_note(f"after kill {kill} of seed {seed}; the folder is kept in {keep(folder)}")
            raise
    return ledger


def survived(folder: Path, info: ModelInfo, epoch: float, ledger: Ledger, kill: int) -> None:
    """The next start needs no hand. Every other time it is on a copy: what one kill has left is then killed again."""
    on_copy = kill % 2 == 1
    bench = Bench(folder.with_name("copy") if on_copy else folder, info)
    if on_copy:
        shutil.copytree(folder, bench.folder)
    bench.clock.now = epoch + SPEED * (time.time() - epoch)
    bench.open()
    ledger.check(bench.studio, facts(folder / f"journal-{kill}"))
    checks.chapters_are_in_order(bench.studio)
    checks.snapshots_are_true(bench.studio, bench.data, bench.engine.decoder)
    if on_copy:
        for project in bench.studio.projects():
            assert bench.knows_the_book(project.id)
    checks.mirrors_say_what_the_books_say(bench.studio, bench.data)
    checks.nothing_is_left_half_done(bench.data)
    assert not bench.engine.wrong
    (folder / f"journal-{kill}").unlink(missing_ok=True)
    if on_copy:
        shutil.rmtree(bench.folder)


def keep(folder: Path) -> Path:
    kept = Path("/tmp") / f"templora-tortured-{time.time_ns()}"
    shutil.copytree(folder, kept)
    return kept


def test_ten_kills(nursery: Nursery, info: ModelInfo, folder: Path) -> None:
    ledger = torture(nursery, info, folder / "tortured", 10, seed=1)
    assert ledger.acknowledged > 100


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2))
def test_a_hundred_kills(nursery: Nursery, info: ModelInfo, folder: Path, seed: int) -> None:
    """Two books: 200 kills."""
    ledger = torture(nursery, info, folder / "tortured", 100, seed)
    assert ledger.acknowledged > 2_000
