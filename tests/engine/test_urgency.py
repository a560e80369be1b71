"""Who goes first, who is told to wait, and what the page is told meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from templora.adapter import Adapter
from templora.embedded import EmbeddedEngine
from templora.engine import (
    Continue,
    Event,
    Failed,
    GaveWay,
    Learn,
    Learnt,
    ModelStatus,
    Ok,
    Open,
    Reply,
    Resident,
    Score,
    Scored,
    TakeDone,
    Token,
)
from templora.errors import (
    EngineStopped,
    MemoryNotResident,
)
from templora.states import decoder_layers
from tests.engine.asking import SAMPLING, chain, learn, score
from tests.engine.tiny import QUICK, wait_until


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


def test_a_prompt_is_read_ahead_by_the_memory_that_has_learnt_and_what_is_quick_goes_first(
    engine: EmbeddedEngine, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.call(Open(chain(0)))
    prompt = (ids * 2)[:300]
    list(engine.stream(Continue(chain(0), prompt, SAMPLING)))
    read: list[int] = []
    replies: list[Event | Reply] = []
    encode = Adapter.encode

    def counted(adapter: Adapter, some: list[int], cache: Any, *, memory: float) -> None:
        if some:
            if not read:
                engine.submit(Resident(), replies.append)
            else:
                assert replies, "what is quick does not wait for all of it"
            read.append(len(some))
        encode(adapter, some, cache, memory=memory)

    monkeypatch.setattr(Adapter, "encode", counted)
    engine.call(Learn(chain(0), chain(1), [], ids[:32]))  # without a prefix: all that is read is the prompt
    wait_until(lambda: sum(read) == 2 * 128 + 32)
    list(engine.stream(Continue(chain(1), prompt, SAMPLING)))
    assert sum(read) == 2 * 128 + 32, "it is not read again"


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


def test_scoring_that_can_wait_gives_way_to_the_writer_and_comes_before_learning(
    engine: EmbeddedEngine, ids: list[int]
) -> None:
    engine.call(Open(chain(0)))
    expected = score(engine, ids, chain(0))
    gate = _Gate(engine, "generating")
    order: list[str] = []
    submitted(engine, Continue(None, ids[:40], SAMPLING), order, "first")
    assert gate.reached.wait(30)
    learning = submitted(engine, Learn(chain(0), chain(1), [], ids[:32], keep=True), order, "learn")
    patient = submitted(engine, Score(chain(0), ids[:24], ids[24:48], patient=True), order, "patient")
    quick = submitted(engine, Score(None, [], ids[:8]), order, "quick")
    gate.passed.set()
    assert isinstance(learning(), Learnt) and isinstance(quick(), Scored)
    assert patient() == Scored(expected)
    assert order == ["first", "quick", "patient", "learn"]


def test_scoring_that_can_wait_is_abandoned_at_the_next_layer(engine: EmbeddedEngine, ids: list[int]) -> None:
    engine.call(Open(chain(0)))
    expected = score(engine, ids, chain(0))
    order: list[str] = []
    replies: list[Callable[[], Reply]] = []
    (layer, *_) = decoder_layers(engine._room._adapter.base)  # type: ignore[union-attr]

    def ask(*_: Any) -> None:
        if not replies:
            replies.append(submitted(engine, Continue(None, ids[:40], SAMPLING), order, "continue"))

    watch = layer.register_forward_hook(ask)
    patient = submitted(engine, Score(chain(0), ids[:24], ids[24:48], patient=True), order, "patient")
    assert isinstance(patient(), GaveWay)
    watch.remove()
    assert replies[0]() == Ok()
    assert order == ["patient", "continue"]
    assert score(engine, ids, chain(0)) == expected


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
    assert engine.status().state == "ready"


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
