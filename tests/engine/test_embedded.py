from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from templora.embedded import RESIDENT, EmbeddedEngine
from templora.engine import (
    Continue,
    Drop,
    Engine,
    Event,
    ModelStatus,
    Ok,
    Open,
    Opened,
    Resident,
    ResidentMemories,
    Rewrite,
    Save,
    Saved,
    TakeDone,
)
from templora.errors import (
    BadInput,
    DiskFull,
    MemoryNotResident,
    ModelNotFound,
    ModelNotReady,
    SnapshotDamaged,
    StorageError,
)
from tests.engine.asking import SAMPLING, chain, learn, score, text_of
from tests.engine.tiny import QUICK, wait_until


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


def test_it_tells_which_memories_are_resident(engine: EmbeddedEngine, ids: list[int]) -> None:
    assert engine.call(Resident()) == ResidentMemories([])
    engine.call(Open(chain(0)))
    learn(engine, ids, 0, keep=True)
    assert engine.call(Resident()) == ResidentMemories(sorted([chain(0), chain(1)]))
    engine.call(Drop([chain(1)]))
    assert engine.call(Resident()) == ResidentMemories([chain(0)])
    engine.call(Drop([]))
    assert engine.call(Resident()) == ResidentMemories([])


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
