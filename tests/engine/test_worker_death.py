"""The starter model's process dies, or runs out of memory, while it learns; its parent dies while it works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from templora import client, models
from templora.client import WorkerEngine
from templora.engine import Learnt, ModelInfo, ModelStatus, Resident, ResidentMemories
from templora.errors import EngineError, EngineStopped
from templora.memory import Plan
from tests.engine.story import Kept, Pupil, plan_of, prose
from tests.engine.tiny import wait_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def engine(starter: ModelInfo) -> Iterator[WorkerEngine]:
    engine = WorkerEngine(models.STARTER, Path(starter.folder).parent)
    yield engine
    engine.close()


@pytest.fixture
def process(engine: WorkerEngine) -> psutil.Process:
    """The model process, ready to be asked."""
    wait_until(lambda: engine.status().state == "ready")
    (found,) = (child for child in psutil.Process().children() if "templora.worker" in child.cmdline())
    return found


@pytest.fixture(scope="module")
def plan(starter: ModelInfo) -> Plan:
    """A short chunk, and one that takes the model seconds to learn."""
    plan = plan_of(starter, {"one": prose(3, 1), "two": prose(4, 9)}, 512)
    assert len(plan.chunks) == 2 and len(plan.chunks[1].ids) > 350
    return plan


@pytest.fixture(scope="module")
def learnt(engine: WorkerEngine, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> list[Kept]:
    """Snapshots after each of the two chunks, learnt in peace."""
    wait_until(lambda: engine.status().state == "ready")
    pupil = Pupil(engine, plan, tmp_path_factory.mktemp("peace"))
    pupil.open()
    pupil.learn_all(stop=1)
    first = pupil.keep(1)
    pupil.learn_all(1)
    return [first, pupil.keep(2)]


def in_background(pupil: Pupil, index: int) -> tuple[threading.Thread, list[EngineError | Any]]:
    """Learn one chunk in a thread of its own; what it ended with is put into the list."""
    ended: list[EngineError | Any] = []

    def learn() -> None:
        try:
            ended.append(pupil.learn(index))
        except EngineError as error:
            ended.append(error)

    thread = threading.Thread(target=learn)
    thread.start()
    wait_until(lambda: pupil.engine.status().state == "learning")
    time.sleep(0.5)
    assert not ended, "it is in the middle of learning"
    return thread, ended


def test_killed_in_the_middle_of_a_learning_step_it_comes_back_and_learns_the_same_bytes(
    engine: WorkerEngine, plan: Plan, learnt: list[Kept], process: psutil.Process, tmp_path: Path
) -> None:
    states: list[ModelStatus] = []
    engine.on_status(states.append)
    pupil = Pupil(engine, plan, tmp_path)
    pupil.open(learnt[0])
    thread, ended = in_background(pupil, 1)
    process.kill()
    thread.join(30)
    (error,) = ended
    assert isinstance(error, EngineStopped)
    assert "being started again" in error.message and "ran out of memory" in error.message
    restarting = next(status for status in states if status.state == "loading")
    assert restarting.message == error.message
    wait_until(lambda: engine.status().state == "ready")
    assert engine.call(Resident()) == ResidentMemories([])
    pupil.open(learnt[0])
    assert isinstance(pupil.learn(1), Learnt)
    assert pupil.sha256() == learnt[1].sha256


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_AS"), reason="no limit on a process's memory here")
def test_out_of_memory_in_a_learning_step_it_says_so_lives_on_and_learns_the_same_bytes(
    engine: WorkerEngine, plan: Plan, learnt: list[Kept], process: psutil.Process, tmp_path: Path
) -> None:
    pupil = Pupil(engine, plan, tmp_path)
    pupil.open()
    pupil.learn_all(stop=1)
    pupil.open(learnt[0])
    before = process.rlimit(psutil.RLIMIT_AS)
    process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms + 16 * 2**20, before[1]))
    with pytest.raises(EngineError, match=r"^The machine ran out of memory\. Your text is safe"):
        pupil.learn(1)
    process.rlimit(psutil.RLIMIT_AS, before)
    assert process.is_running() and engine.status().state == "ready"
    assert engine.call(Resident()) == ResidentMemories([])
    pupil.open(learnt[0])
    assert isinstance(pupil.learn(1), Learnt)
    assert pupil.sha256() == learnt[1].sha256


def test_closing_does_not_wait_for_a_learning_step(
    engine: WorkerEngine, plan: Plan, learnt: list[Kept], process: psutil.Process, tmp_path: Path
) -> None:
    """Last of those that share the process."""
    pupil = Pupil(engine, plan, tmp_path)
    pupil.open(learnt[0])
    thread, ended = in_background(pupil, 1)
    started = time.monotonic()
    engine.close()
    thread.join(30)
    assert time.monotonic() - started < client.CLOSE_S
    assert isinstance(ended[0], EngineStopped)
    assert not process.is_running()


PARENT = """
import sys, threading, time
from pathlib import Path
from templora.client import WorkerEngine
from templora.engine import Learn, Open

def told(status):
    print(status.state, "info" if status.info else "-", flush=True)

engine = WorkerEngine(sys.argv[1], Path(sys.argv[2]))
engine.on_status(told)
while engine.status().state != "ready":
    time.sleep(0.01)
engine.call(Open("00"))
engine.call(Learn("00", "01", [], list(range(1000, 1512))))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a parent is killed by a signal")
# While it loads it is the same for a tiny model: `test_worker.test_a_killed_parent_leaves_no_orphan`.
@pytest.mark.parametrize("moment", [pytest.param("loading info", marks=pytest.mark.long), "learning info"])
def test_a_parent_killed_while_the_model_is_at_work_leaves_no_process_behind(starter: ModelInfo, moment: str) -> None:
    command = [sys.executable, "-c", PARENT, models.STARTER, str(Path(starter.folder).parent)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        for line in parent.stdout:
            if line.strip() == moment:
                break
        (worker,) = psutil.Process(parent.pid).children()
        if moment == "learning info":
            time.sleep(0.5)
        os.kill(parent.pid, signal.SIGKILL)
    gone, _ = psutil.wait_procs([worker], timeout=10)
    assert gone == [worker]
