from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from templora.config import Sampling
from templora.embedded import RESIDENT, EmbeddedEngine
from templora.engine import (
    Continue,
    Drop,
    Engine,
    Event,
    Failed,
    GaveWay,
    Learn,
    Learnt,
    ModelStatus,
    Ok,
    Open,
    Opened,
    Reply,
    Rewrite,
    Save,
    Saved,
    Score,
    Scored,
    TakeDone,
    Token,
)
from templora.errors import (
    BadInput,
    DiskFull,
    EngineStopped,
    MemoryNotResident,
    ModelNotFound,
    ModelNotReady,
    SnapshotDamaged,
    StorageError,
)
from tests.engine.tiny import QUICK, wait_until

SAMPLING = asdict(Sampling(max_tokens=8, seed=3))


@pytest.fixture
def engine(tiny_folder: Path, tmp_path: Path) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(str(tiny_folder), tmp_path / "models", QUICK)
    wait_until(lambda: engine.status().state == "ready")
    yield engine
    engine.close()


def chain(index: int) -> str:
    return hashlib.sha256(str(index).encode()).hexdigest()


def learn(engine: Engine, ids: list[int], index: int, keep: bool = False) -> Learnt:
    """Lesson `index` of a book: the memory `chain(index)` becomes `chain(index + 1)`."""
    start = 32 * index
    request = Learn(chain(index), chain(index + 1), ids[max(0, start - 24) : start], ids[start : start + 32], keep)
    reply = engine.call(request)
    assert isinstance(reply, Learnt)
    return reply


def score(engine: Engine, ids: list[int], memory: str | None) -> list[float]:
    reply = engine.call(Score(memory, ids[:24], ids[24:48]))
    assert isinstance(reply, Scored)
    return reply.losses


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def test_it_is_an_engine(engine: EmbeddedEngine) -> None:
    as_protocol: Engine = engine
    assert as_protocol.status().info is not None


def test_requests_before_the_model_has_loaded_are_told_to_wait(tiny_folder: Path, tmp_path: Path) -> None:
    engine = EmbeddedEngine(str(tiny_folder), tmp_path / "models", QUICK)
    with pytest.raises(ModelNotReady):
        engine.call(Open(chain(0)))
    seen: list[ModelStatus] = []
    engine.on_status(seen.append)
    wait_until(lambda: engine.status().state == "ready")
    assert isinstance(engine.call(Open(chain(0))), Opened)
    engine.close()
    assert [status.state for status in seen][-1] == "ready"
    assert engine.status().device == "cpu" or engine.status().device.startswith("cuda")


def test_a_model_that_cannot_be_used_is_a_failed_status_and_its_error(tmp_path: Path) -> None:
    engine = EmbeddedEngine(str(tmp_path / "nothing.gguf"), tmp_path / "models", QUICK)
    wait_until(lambda: engine.status().state == "failed")
    with pytest.raises(ModelNotFound) as caught:
        engine.call(Open(chain(0)))
    assert engine.status().message == caught.value.message
    engine.close()


def test_a_model_that_reads_too_little_for_a_chunk_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    engine = EmbeddedEngine(str(tiny_folder), tmp_path / "models", replace(QUICK, chunk_tokens=1024))
    wait_until(lambda: engine.status().state == "failed")
    assert "512 tokens" in engine.status().message
    engine.close()


def test_learning_moves_a_memory_to_its_next_chain(engine: EmbeddedEngine, ids: list[int]) -> None:
    engine.call(Open(chain(0)))
    learnt = learn(engine, ids, 0)
    assert len(learnt.base_losses) == len(learnt.memory_losses) == 32
    with pytest.raises(MemoryNotResident):
        score(engine, ids, chain(0))
    assert score(engine, ids, chain(1)) != score(engine, ids, None)


def test_with_keep_the_memory_before_stays_as_it_was(engine: EmbeddedEngine, ids: list[int]) -> None:
    engine.call(Open(chain(0)))
    learn(engine, ids, 0)
    before = score(engine, ids, chain(1))
    learn(engine, ids, 1, keep=True)
    after = score(engine, ids, chain(2))
    assert score(engine, ids, chain(1)) == before != after
    assert score(engine, ids, chain(2)) == after


def test_a_snapshot_goes_on_as_if_the_process_had_never_ended(
    engine: EmbeddedEngine, ids: list[int], tmp_path: Path, tiny_folder: Path
) -> None:
    engine.call(Open(chain(0)))
    learn(engine, ids, 0)
    saved = engine.call(Save(chain(1), str(tmp_path / "one.safetensors")))
    assert isinstance(saved, Saved)
    data = (tmp_path / "one.safetensors").read_bytes()
    assert (saved.sha256, saved.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert saved.numerics["threads"] == QUICK.threads
    learn(engine, ids, 1)
    expected = engine.call(Save(chain(2), str(tmp_path / "two.safetensors")))

    other = EmbeddedEngine(str(tiny_folder), tmp_path / "models", QUICK)
    wait_until(lambda: other.status().state == "ready")
    opened = other.call(Open(chain(1), 1, str(tmp_path / "one.safetensors"), saved.sha256))
    assert isinstance(opened, Opened)
    assert opened.numerics == saved.numerics
    learn(other, ids, 1)
    assert other.call(Save(chain(2), str(tmp_path / "again.safetensors"))) == expected
    other.close()


def test_a_damaged_missing_or_foreign_snapshot_is_refused(
    engine: EmbeddedEngine, ids: list[int], tmp_path: Path
) -> None:
    engine.call(Open(chain(0)))
    learn(engine, ids, 0)
    path = tmp_path / "one.safetensors"
    saved = engine.call(Save(chain(1), str(path)))
    assert isinstance(saved, Saved)
    engine.call(Drop([]))
    sound = path.read_bytes()
    flipped = bytearray(sound)
    flipped[len(flipped) // 2] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(SnapshotDamaged):
        engine.call(Open(chain(1), 1, str(path), saved.sha256))
    path.write_bytes(sound)
    for wrong in (Open(chain(5), 1, str(path), saved.sha256), Open(chain(1), 2, str(path), saved.sha256)):
        with pytest.raises(SnapshotDamaged):
            engine.call(wrong)
    path.unlink()
    with pytest.raises(SnapshotDamaged):
        engine.call(Open(chain(1), 1, str(path), saved.sha256))


def test_dropped_memories_are_gone(engine: EmbeddedEngine, ids: list[int]) -> None:
    for index in (0, 10):
        engine.call(Open(chain(index)))
    learn(engine, ids, 0, keep=True)
    assert engine.call(Drop([chain(1), "unknown"])) == Ok()
    with pytest.raises(MemoryNotResident):
        score(engine, ids, chain(1))
    assert score(engine, ids, chain(0)) == score(engine, ids, chain(10)) == score(engine, ids, None)
    engine.call(Drop([]))
    for index in (0, 10):
        with pytest.raises(MemoryNotResident):
            score(engine, ids, chain(index))


def test_the_memory_unused_for_longest_makes_room(engine: EmbeddedEngine, ids: list[int]) -> None:
    for index in range(RESIDENT):
        engine.call(Open(chain(100 * index)))
        score(engine, ids, chain(100 * index))
    score(engine, ids, chain(0))
    engine.call(Open(chain(999)))
    assert score(engine, ids, chain(0))
    with pytest.raises(MemoryNotResident):
        score(engine, ids, chain(100))


def test_continuations_stream(engine: EmbeddedEngine, ids: list[int]) -> None:
    events = list(engine.stream(Continue(None, ids[:40], SAMPLING)))
    assert isinstance(events[-1], TakeDone)
    assert text_of(events)
    again = list(engine.stream(Continue(None, ids[:40], SAMPLING)))
    assert events == again


def test_a_memory_changes_what_is_written(engine: EmbeddedEngine, ids: list[int]) -> None:
    engine.call(Open(chain(0)))
    for index in range(3):
        learn(engine, ids, index)
    greedy = {**SAMPLING, "temperature": 0}
    with_memory = list(engine.stream(Continue(chain(3), ids[:40], greedy)))
    assert text_of(with_memory) != text_of(list(engine.stream(Continue(None, ids[:40], greedy))))


def test_rewrites_stream(engine: EmbeddedEngine) -> None:
    request = Rewrite(None, "Before.", "The lamp was lit.", "After.", "", SAMPLING)
    events = list(engine.stream(request))
    assert isinstance(events[-1], TakeDone)


def test_a_generation_with_a_memory_that_is_not_there_says_so(engine: EmbeddedEngine, ids: list[int]) -> None:
    with pytest.raises(MemoryNotResident):
        list(engine.stream(Continue(chain(0), ids[:40], SAMPLING)))


@pytest.mark.parametrize("wrong", [{"temperature": 9.0}, {"shoe_size": 43}])
def test_bad_settings_are_the_askers_fault(engine: EmbeddedEngine, ids: list[int], wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        list(engine.stream(Continue(None, ids[:40], {**SAMPLING, **wrong})))
    assert engine.status().state == "ready"


def test_a_cancelled_stream_ends_early_and_the_next_one_is_served(engine: EmbeddedEngine, ids: list[int]) -> None:
    endless = {**SAMPLING, "max_tokens": 400, "takes": 2}
    stream = engine.stream(Continue(None, ids[:40], endless))
    events: list[Event] = []
    for event in stream:
        events.append(event)
        if len(events) == 4:
            stream.cancel()
    done = [event for event in events if isinstance(event, TakeDone)]
    assert {event.finish_reason for event in done} == {"cancelled"}
    assert list(engine.stream(Continue(None, ids[:40], SAMPLING)))


class _Gate:
    """Holds the engine's thread at the moment when a status is shown for the first time."""

    def __init__(self, engine: EmbeddedEngine, state: str) -> None:
        self.reached, self.passed = threading.Event(), threading.Event()
        self._state = state
        engine.on_status(self._hold)

    def _hold(self, status: ModelStatus) -> None:
        if status.state == self._state and not self.reached.is_set():
            self.reached.set()
            assert self.passed.wait(30)


def submitted(engine: EmbeddedEngine, request: Any, order: list[str], name: str) -> Callable[[], Reply]:
    answers: list[Reply] = []
    arrived = threading.Event()

    def emit(answer: Event | Reply) -> None:
        if not isinstance(answer, Token | TakeDone):
            order.append(name)
            answers.append(answer)
            arrived.set()

    engine.submit(request, emit)

    def reply() -> Reply:
        assert arrived.wait(30)
        return answers[0]

    return reply


def test_learning_gives_way_to_a_generation_and_is_redone(engine: EmbeddedEngine, ids: list[int]) -> None:
    engine.call(Open(chain(0)))
    expected = score(engine, ids, chain(0))
    gate = _Gate(engine, "learning")
    order: list[str] = []
    learning = submitted(engine, Learn(chain(0), chain(1), [], ids[:32]), order, "learn")
    assert gate.reached.wait(30)
    writing = submitted(engine, Continue(chain(0), ids[:40], SAMPLING), order, "continue")
    gate.passed.set()
    assert isinstance(learning(), GaveWay)
    assert writing() == Ok()
    assert score(engine, ids, chain(0)) == expected
    learn(engine, ids, 0)
    assert order == ["learn", "continue"]


def test_waiting_requests_are_served_by_urgency(engine: EmbeddedEngine, ids: list[int]) -> None:
    engine.call(Open(chain(0)))
    gate = _Gate(engine, "generating")
    order: list[str] = []
    first = submitted(engine, Continue(None, ids[:40], SAMPLING), order, "first")
    assert gate.reached.wait(30)
    learning = submitted(engine, Learn(chain(0), chain(1), [], ids[:32]), order, "learn")
    scoring = submitted(engine, Score(None, [], ids[:8]), order, "score")
    writing = submitted(engine, Continue(None, ids[:40], SAMPLING), order, "continue")
    gate.passed.set()
    assert isinstance(learning(), Learnt)
    assert isinstance(scoring(), Scored)
    assert first() == writing() == Ok()
    assert order == ["first", "continue", "score", "learn"]


def test_status_tells_what_the_model_is_doing(engine: EmbeddedEngine, ids: list[int]) -> None:
    states: list[str] = []
    engine.on_status(lambda status: states.append(status.state))
    engine.call(Open(chain(0)))
    learn(engine, ids, 0)
    list(engine.stream(Continue(None, ids[:40], SAMPLING)))
    assert states == ["learning", "ready", "generating", "ready"]


def test_a_listener_that_fails_stops_nothing(engine: EmbeddedEngine, ids: list[int]) -> None:
    def broken(status: ModelStatus) -> None:
        raise ValueError(status.state)

    engine.on_status(broken)
    engine.call(Open(chain(0)))
    learn(engine, ids, 0)


def test_an_error_inside_the_model_is_answered_and_the_engine_goes_on(engine: EmbeddedEngine, ids: list[int]) -> None:
    engine.call(Open(chain(0)))
    order: list[str] = []
    reply = submitted(engine, Learn(chain(0), chain(1), [], [10**6]), order, "learn")()  # no such token
    assert isinstance(reply, Failed)
    # How far the step came cannot be told, so the memory has to be opened again.
    with pytest.raises(MemoryNotResident):
        score(engine, ids, chain(0))
    engine.call(Open(chain(0)))
    learn(engine, ids, 0)


def test_a_disk_that_refuses_is_said_clearly(
    engine: EmbeddedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.call(Open(chain(0)))
    with pytest.raises(StorageError):
        engine.call(Save(chain(0), str(tmp_path / "no folder" / "one.safetensors")))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskFull):
        engine.call(Save(chain(0), str(tmp_path / "one.safetensors")))
    assert not (tmp_path / "one.safetensors").exists()


def test_closing_ends_what_is_under_way_and_tells_who_waits(tiny_folder: Path, tmp_path: Path, ids: list[int]) -> None:
    engine = EmbeddedEngine(str(tiny_folder), tmp_path / "models", replace(QUICK, seed=1))
    wait_until(lambda: engine.status().state == "ready")
    gate = _Gate(engine, "generating")
    order: list[str] = []
    endless = {**SAMPLING, "max_tokens": 400}
    writing = submitted(engine, Continue(None, ids[:40], endless), order, "continue")
    assert gate.reached.wait(30)
    waiting = submitted(engine, Score(None, [], ids[:8]), order, "score")
    closing = threading.Thread(target=engine.close)
    closing.start()
    assert waiting() == Failed(EngineStopped.code, "The model has been shut down.")
    gate.passed.set()
    assert writing() == Ok()
    closing.join(30)
    assert not closing.is_alive()
    with pytest.raises(EngineStopped):
        engine.call(Open(chain(0)))
