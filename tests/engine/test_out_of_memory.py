"""An allocator that refuses: the writer reads that the machine ran out of memory, and the model goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch

from templora import models
from templora.adapter import Adapter
from templora.convert import parsing
from templora.embedded import EmbeddedEngine
from templora.engine import Continue, Learn, Open, Resident, ResidentMemories, Score
from templora.errors import EngineError, ModelTooBig
from tests.engine.asking import SAMPLING, chain, learn, score
from tests.engine.tiny import QUICK, wait_until

REFUSALS = [
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:131] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
]


@pytest.fixture(params=REFUSALS, ids=["Python's", "the processor's", "the graphics card's"])
def refusal(request: pytest.FixtureRequest) -> Exception:
    return request.param


@pytest.mark.parametrize("kind", ["learn", "continue", "score"])
def test_it_is_said_and_the_next_request_is_served(
    engine: EmbeddedEngine, ids: list[int], monkeypatch: pytest.MonkeyPatch, refusal: Exception, kind: str
) -> None:
    engine.call(Open(chain(0)))
    expected = learn(engine, ids, 0)
    scored = score(engine, ids, chain(1))
    engine.call(Open(chain(0)))

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise refusal

    with monkeypatch.context() as patch:
        patch.setattr(Adapter, "forward", refuse)
        with pytest.raises(EngineError, match="ran out of memory"):
            match kind:
                case "learn":
                    engine.call(Learn(chain(0), chain(1), [], ids[:32]))
                case "continue":
                    list(engine.stream(Continue(chain(0), ids[:40], SAMPLING)))
                case _:
                    engine.call(Score(chain(0), [], ids[:8]))
    assert engine.status().state == "ready"
    # How far the step came cannot be told, so the memory that was learning is let go; the others stay.
    engine.call(Open(chain(0)))
    assert learn(engine, ids, 0).memory_losses == expected.memory_losses
    assert score(engine, ids, chain(1)) == scored


def test_a_refusal_while_another_memory_is_put_into_the_model_leaves_no_half_of_it(
    engine: EmbeddedEngine, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.call(Open(chain(0)))
    learn(engine, ids, 0)
    engine.call(Open(chain(0)))
    base = score(engine, ids, None)
    learnt = score(engine, ids, chain(1))
    score(engine, ids, chain(0))
    real, copied = torch.Tensor.to, 0

    def to(tensor: torch.Tensor, *args: Any, **settings: Any) -> torch.Tensor:
        nonlocal copied
        copied += bool(settings.get("copy")) and args[0] != "cpu"
        if copied == 5:
            raise MemoryError
        return real(tensor, *args, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(torch.Tensor, "to", to)
        with pytest.raises(EngineError, match="ran out of memory"):
            score(engine, ids, chain(1))
    assert engine.call(Resident()) == ResidentMemories([chain(0)])
    assert score(engine, ids, chain(0)) == base != learnt


def test_a_model_that_does_not_fit_is_said_and_not_tried_over_and_over(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    tried: list[object] = []

    def load(info: object) -> NoReturn:
        tried.append(info)
        with parsing("this model"):
            raise refusal

    monkeypatch.setattr(models, "load", load)
    engine = EmbeddedEngine(str(tiny_folder), tmp_path / "models", QUICK)
    wait_until(lambda: engine.status().state == "failed")
    assert "ran out of memory" in engine.status().message
    with pytest.raises(ModelTooBig, match="ran out of memory"):
        engine.call(Open(chain(0)))
    engine.close()
    assert len(tried) == 1
