"""A learning step that is cut short by forgetting or by closing, at any layer: what stays in the process."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from templora.adapter import Adapter
from templora.config import Recipe
from templora.embedded import EmbeddedEngine
from templora.engine import (
    Continue,
    Drop,
    Event,
    Failed,
    GaveWay,
    Learn,
    Learnt,
    Ok,
    Open,
    Reply,
    Resident,
    ResidentMemories,
)
from templora.errors import EngineStopped, MemoryNotResident
from templora.learner import Learner
from tests.engine.asking import SAMPLING, chain, learn, score
from tests.engine.tiny import QUICK, sha256_of, wait_until

LAST = 10**6
"""After the last layer has asked: while the optimizer takes its last step."""


@pytest.fixture
def engine(tiny_folder: Path, tmp_path: Path) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(str(tiny_folder), tmp_path / "models", QUICK)
    wait_until(lambda: engine.status().state == "ready")
    yield engine
    engine.close()


def lesson(ids: list[int], index: int, keep: bool = False) -> Learn:
    start = 32 * index
    prefix, chunk = ids[max(0, start - 24) : start], ids[start : start + 32]
    return Learn(chain(index), chain(index + 1), prefix, chunk, keep)


def in_the_middle(engine: EmbeddedEngine, when: int, do: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `do` done by the engine's own thread when a layer asks for the `when`-th time whether to give way."""
    asked = 0
    more_urgent = engine._jobs.more_urgent  # pyright: ignore[reportPrivateUsage]
    step = Adapter.step

    def count(job: Any) -> bool:
        nonlocal asked
        asked += 1
        if asked == when:
            do()
        return more_urgent(job)

    steps = 0

    def late(adapter: Adapter, learning_rate: float) -> None:
        nonlocal steps
        step(adapter, learning_rate)
        steps += 1
        if when == LAST and steps == 32 // adapter.recipe.step_tokens:
            do()

    monkeypatch.setattr(engine._jobs, "more_urgent", count)  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(Adapter, "step", late)


def marks_of(make_adapter: Callable[[Recipe], Adapter], ids: list[int], lessons: int) -> set[str]:
    """SHA-256 of every tensor that two memories of a book hold: after `lessons`, and after one more."""
    adapter = make_adapter(QUICK)
    learner = Learner(adapter, 0)
    fresh = adapter.fresh()
    unlearnt = {hash_of(tensor) for tensor in (*fresh.weights.values(), *fresh.datastore.values())}
    marks: set[str] = set()
    for index in range(lessons + 1):
        request = lesson(ids, index)
        learner.learn(request.prefix, request.chunk, request.memory)
        if index >= lessons - 1:
            state = adapter.state()
            parts = (state.weights, state.exp_avg, state.exp_avg_sq, state.datastore)
            marks |= {hash_of(tensor) for part in parts for tensor in part.values()}
    return marks - unlearnt


def hash_of(tensor: torch.Tensor) -> str:
    return sha256_of({"": tensor})


def living() -> set[str]:
    """SHA-256 of every tensor that this process can still reach."""
    gc.collect()
    kinds = (torch.Tensor, torch.nn.Parameter)
    return {hash_of(found) for found in gc.get_objects() if type(found) in kinds and found.dim()}


@pytest.mark.parametrize("named", ["the memory before", "the memory after", "all"])
@pytest.mark.parametrize("when", [1, 4, 8, LAST])
def test_a_memory_dropped_while_it_learns_leaves_no_tensor_behind(
    engine: EmbeddedEngine,
    make_adapter: Callable[[Recipe], Adapter],
    ids: list[int],
    monkeypatch: pytest.MonkeyPatch,
    when: int,
    named: str,
) -> None:
    marks = marks_of(make_adapter, ids, 2)
    names = {"the memory before": [chain(2)], "the memory after": [chain(2), chain(3)], "all": []}[named]
    dropped = threading.Event()

    def drop() -> None:
        def emit(answer: Event | Reply) -> None:
            assert answer == Ok()
            dropped.set()

        engine.submit(Drop(names), emit)

    engine.call(Open(chain(0)))
    learn(engine, ids, 0)
    learn(engine, ids, 1)
    list(engine.stream(Continue(chain(2), ids[:40], SAMPLING, strength=0.5)))
    score(engine, ids, chain(2))
    assert marks & living(), "the memory is there before"
    in_the_middle(engine, when, drop, monkeypatch)
    reply = engine.call(lesson(ids, 2))
    assert isinstance(reply, Learnt if when == LAST else GaveWay)
    assert dropped.wait(30)
    assert engine.call(Resident()) == ResidentMemories([])
    assert not marks & living()
    for index in (2, 3):
        with pytest.raises(MemoryNotResident):
            score(engine, ids, chain(index))


def test_other_memories_survive_a_drop_and_learn_on_as_if_nothing_had_been(
    engine: EmbeddedEngine, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.call(Open(chain(0)))
    learn(engine, ids, 0)
    learn(engine, ids, 1, keep=True)
    expected = score(engine, ids, chain(1))
    with monkeypatch.context() as patch:
        in_the_middle(engine, 5, lambda: engine.submit(Drop([chain(2)]), lambda _: None), patch)
        assert engine.call(lesson(ids, 2)) == GaveWay()
    assert engine.call(Resident()) == ResidentMemories([chain(1)])
    assert score(engine, ids, chain(1)) == expected
    learn(engine, ids, 1)
    again = score(engine, ids, chain(2))
    engine.call(Drop([]))
    engine.call(Open(chain(0)))
    learn(engine, ids, 0)
    learn(engine, ids, 1)
    assert score(engine, ids, chain(2)) == again


def test_forgetting_comes_before_every_other_request_that_waits(engine: EmbeddedEngine, ids: list[int]) -> None:
    engine.call(Open(chain(0)))
    order: list[str] = []
    replies: list[Event | Reply] = []
    gate = threading.Event()

    def hold(answer: Event | Reply) -> None:
        gate.wait(30)  # the engine's thread: everything below waits meanwhile

    def note(name: str) -> Callable[[Event | Reply], None]:
        def emit(answer: Event | Reply) -> None:
            if not order or order[-1] != name:
                order.append(name)
            replies.append(answer)

        return emit

    engine.submit(Resident(), hold)
    engine.submit(lesson(ids, 0), note("learn"))
    engine.submit(Resident(), note("quick"))
    engine.submit(Continue(chain(0), ids[:8], SAMPLING), note("take"))
    engine.submit(Drop([chain(0)]), note("drop"))
    gate.set()
    wait_until(lambda: len(replies) == 4)
    assert order == ["drop", "take", "quick", "learn"]
    assert replies[0] == Ok() and replies[2] == ResidentMemories([])
    assert isinstance(replies[1], Failed) and replies[1].code == MemoryNotResident.code


@pytest.mark.parametrize("when", [1, 3, 6])
def test_closing_abandons_the_chunk_in_hand_at_the_next_layer(
    tiny_folder: Path, tmp_path: Path, ids: list[int], monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    engine = EmbeddedEngine(str(tiny_folder), tmp_path / "models", QUICK)
    wait_until(lambda: engine.status().state == "ready")
    engine.call(Open(chain(0)))
    closing = threading.Thread(target=engine.close)
    asked_after: list[int] = []

    def close() -> None:
        closing.start()
        wait_until(lambda: engine._jobs.closed)  # pyright: ignore[reportPrivateUsage]
        asked_after.append(0)

    in_the_middle(engine, when, close, monkeypatch)
    started = time.monotonic()
    reply = engine.call(lesson(ids, 0))
    assert reply == GaveWay() and asked_after == [0]
    closing.join(30)
    assert not closing.is_alive() and time.monotonic() - started < 10
    with pytest.raises(EngineStopped):
        engine.call(lesson(ids, 0))
