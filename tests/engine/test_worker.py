"""The engine in a process of its own: what a writer must never notice, done to real processes."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from templora import client
from templora.client import WorkerEngine
from templora.config import Sampling
from templora.engine import (
    Continue,
    Engine,
    Event,
    Failed,
    Learn,
    Learnt,
    ModelStatus,
    Open,
    Opened,
    Resident,
    ResidentMemories,
    Save,
    Saved,
    Score,
    Scored,
    TakeDone,
    Token,
    pack,
    unpack,
)
from templora.errors import EngineStopped, MemoryNotResident, ModelError, ModelNotReady
from tests.engine.tiny import wait_until

ROOT = Path(__file__).resolve().parents[2]
SAMPLING = asdict(Sampling(max_tokens=8, seed=3))


def children() -> set[int]:
    """Model processes of this test run."""
    return {child.pid for child in psutil.Process().children() if "templora.worker" in child.cmdline()}


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def engine(tiny_folder: Path, models_dir: Path) -> Iterator[WorkerEngine]:
    engine = WorkerEngine(str(tiny_folder), models_dir)
    yield engine
    engine.close()


@pytest.fixture
def ready(engine: WorkerEngine) -> WorkerEngine:
    wait_until(lambda: engine.status().state == "ready")
    return engine


def test_starting_does_not_wait_and_requests_are_told_to(engine: WorkerEngine) -> None:
    as_protocol: Engine = engine
    if as_protocol.status().state != "ready":
        with pytest.raises(ModelNotReady):
            as_protocol.call(Open("aa"))
    wait_until(lambda: engine.status().state == "ready")
    info = engine.status().info
    assert info is not None
    assert info.context_tokens == 512


def test_a_memory_is_learnt_saved_and_opened_again(ready: WorkerEngine, ids: list[int], tmp_path: Path) -> None:
    assert isinstance(ready.call(Open("aa")), Opened)
    learnt = ready.call(Learn("aa", "bb", [], ids[:64]))
    assert isinstance(learnt, Learnt)
    assert len(learnt.base_losses) == 64
    scored = ready.call(Score("bb", [], ids[:64]))
    assert isinstance(scored, Scored)
    assert sum(scored.losses) < sum(learnt.memory_losses)
    saved = ready.call(Save("bb", str(tmp_path / "bb.safetensors")))
    assert isinstance(saved, Saved)
    assert saved.bytes == (tmp_path / "bb.safetensors").stat().st_size
    assert ready.call(Resident()) == ResidentMemories(["bb"])
    strong, weak = (
        list(ready.stream(Continue("bb", ids[:40], {**SAMPLING, "max_tokens": 24}, strength=strength)))
        for strength in (1.0, 0.0)
    )
    assert strong != weak == list(ready.stream(Continue(None, ids[:40], {**SAMPLING, "max_tokens": 24})))


def test_an_error_keeps_its_kind_on_the_way(ready: WorkerEngine, ids: list[int]) -> None:
    with pytest.raises(MemoryNotResident):
        ready.call(Score("unknown", [], ids[:8]))
    with pytest.raises(MemoryNotResident):
        list(ready.stream(Continue("unknown", ids[:8], SAMPLING)))


def test_takes_stream_and_can_be_cancelled(ready: WorkerEngine, ids: list[int]) -> None:
    events = list(ready.stream(Continue(None, ids[:40], SAMPLING)))
    assert isinstance(events[-1], TakeDone)
    assert any(isinstance(event, Token) for event in events)
    stream = ready.stream(Continue(None, ids[:40], {**SAMPLING, "max_tokens": 440, "temperature": 0}))
    seen: list[Event] = []
    for event in stream:
        seen.append(event)
        stream.cancel()
    assert isinstance(seen[-1], TakeDone)
    assert seen[-1].finish_reason == "cancelled"


def test_a_killed_process_is_started_again_and_who_waited_is_told(ready: WorkerEngine, ids: list[int]) -> None:
    states: list[ModelStatus] = []
    ready.on_status(states.append)
    before = children()
    assert len(before) == 1
    endless = {**SAMPLING, "max_tokens": 440, "takes": 5}
    stream = iter(ready.stream(Continue(None, ids[:40], endless)))
    next(stream)
    os.kill(before.pop(), signal.SIGKILL)
    with pytest.raises(EngineStopped):
        list(stream)
    with pytest.raises((ModelNotReady, EngineStopped)):
        ready.call(Open("aa"))
    wait_until(lambda: ready.status().state == "ready")
    assert "loading" in [status.state for status in states]
    assert len(children()) == 1
    with pytest.raises(MemoryNotResident):
        ready.call(Score("bb", [], ids[:8]))
    assert isinstance(ready.call(Open("aa")), Opened)


def test_the_process_steps_back_for_the_page(ready: WorkerEngine) -> None:
    (pid,) = children()
    assert psutil.Process(pid).nice() > psutil.Process().nice()


def test_closing_ends_the_process_in_the_middle_of_writing(
    engine: WorkerEngine, ready: WorkerEngine, ids: list[int]
) -> None:
    """Last of those that share the process."""
    pids = children()
    next(iter(engine.stream(Continue(None, ids[:40], {**SAMPLING, "max_tokens": 440, "takes": 5}))))
    started = time.monotonic()
    engine.close()
    assert time.monotonic() - started < client.CLOSE_S
    assert not pids & set(psutil.pids())
    with pytest.raises(EngineStopped):
        engine.call(Open("aa"))


def test_a_killed_parent_leaves_no_orphan(tiny_folder: Path, models_dir: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from templora.client import WorkerEngine\n"
        f"engine = WorkerEngine({str(tiny_folder)!r}, Path({str(models_dir)!r}))\n"
        "print(flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        wait_until(lambda: bool(psutil.Process(parent.pid).children()))
        (worker,) = psutil.Process(parent.pid).children()
        time.sleep(0.5)  # it is importing or loading by now
        parent.kill()
    gone, _ = psutil.wait_procs([worker], timeout=10)
    assert gone == [worker]


def test_nothing_but_answers_reaches_the_pipe_and_its_end_ends_the_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "templora.worker", "--model", "no/such/model", "--models", str(tmp_path)]
    done = subprocess.run(
        [*command, "--recipe", "default"],
        cwd=ROOT,
        input=pack(1, Open("aa")),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    number, answer = next(unpack(line) for line in done.stdout.splitlines())
    assert (number, type(answer)) == (1, Failed)


def test_a_model_that_cannot_be_used_is_final_until_asked_again(tmp_path: Path) -> None:
    model = tmp_path / "novel.gguf"
    states: list[str] = []
    engine = WorkerEngine(str(model), tmp_path / "models")
    engine.on_status(lambda status: states.append(status.state))
    wait_until(lambda: engine.status().state == "failed")
    assert "novel.gguf" in engine.status().message
    with pytest.raises(ModelError, match=r"novel\.gguf"):
        engine.call(Open("aa"))
    time.sleep(1.5 * client.FIRST_WAIT_S)
    assert states[-1] == "failed"
    engine.restart()
    wait_until(lambda: states[-2:] == ["loading", "failed"])
    engine.close()


@pytest.mark.parametrize(
    ("last_words", "told"),
    [("sys.exit('out of luck')", "ended unexpectedly"), ("sys.exit('std::bad_alloc')", "ran out of memory")],
)
def test_a_process_that_keeps_dying_is_tried_ever_more_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, last_words: str, told: str
) -> None:
    """With a fifth of a second for each second."""
    assert (client.FIRST_WAIT_S, client.LONGEST_WAIT_S) == (1, 60)
    starts: list[float] = []
    real = subprocess.Popen

    def dying(command: list[str], **settings: Any) -> Any:
        starts.append(time.monotonic())
        return real([sys.executable, "-S", "-c", f"import sys; {last_words}"], **settings)

    monkeypatch.setattr(client.subprocess, "Popen", dying)
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.2)
    monkeypatch.setattr(client, "LONGEST_WAIT_S", 1.0)
    messages: list[str] = []
    with caplog.at_level(logging.WARNING, "templora.worker"):
        engine = WorkerEngine("any", tmp_path)
        engine.on_status(lambda status: messages.append(status.message))
        wait_until(lambda: len(starts) == 7)
        engine.close()
    waits = [later - earlier for earlier, later in pairwise(starts)]
    for wait, least in zip(waits, [0.2, 0.4, 0.8, 1.0, 1.0, 1.0], strict=True):
        assert wait >= least
    assert waits[-1] < 5, "it stays at the longest wait; doubled on and on it would be 6.4"
    assert last_words.split("'")[1] in caplog.text
    assert engine.status().state == "loading" and told in messages[-1]


def test_a_process_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    real = subprocess.Popen

    def deaf(command: list[str], **settings: Any) -> Any:
        started.append(real([sys.executable, "-S", "-c", "import time; time.sleep(600)"], **settings))
        return started[-1]

    monkeypatch.setattr(client.subprocess, "Popen", deaf)
    monkeypatch.setattr(client, "CLOSE_S", 0.3)
    engine = WorkerEngine("any", tmp_path)
    wait_until(lambda: bool(started))
    engine.close()
    assert started[0].wait(10) == -signal.SIGKILL


def test_the_client_needs_no_torch() -> None:
    check = "import sys, templora.client; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0


def test_another_model_takes_its_place_and_who_waits_is_told(tiny_folder: Path, tmp_path: Path, ids: list[int]) -> None:
    other = tmp_path / "other"
    shutil.copytree(tiny_folder, other)
    others = children()
    engine = WorkerEngine(str(tiny_folder), tmp_path / "models")
    seen: list[ModelStatus] = []
    try:
        wait_until(lambda: engine.status().state == "ready")
        first = children() - others
        stream = engine.stream(Continue(None, ids[:40], {**SAMPLING, "max_tokens": 440}))
        next(iter(stream))
        engine.on_status(seen.append)
        engine.use(str(other))
        assert (engine.status().state, engine.status().id) == ("loading", str(other))
        with pytest.raises(EngineStopped, match="another model"):
            list(stream)
        wait_until(lambda: engine.status().state == "ready")
        assert not first & children()
        info = engine.status().info
        assert info is not None and info.id == str(other)
        assert {status.id for status in seen} == {str(other)}
        assert not any("unexpectedly" in status.message for status in seen)
        # One that cannot be used is told, and gives way to one that can.
        engine.use(str(tmp_path / "nowhere"))
        wait_until(lambda: engine.status().state == "failed")
        engine.use(str(tiny_folder))
        wait_until(lambda: engine.status().state == "ready")
        assert engine.status().id == str(tiny_folder)
    finally:
        engine.close()
