"""The copy that takes are written with: what it says is what the live weights say, and those stay as they are."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoModelForCausalLM

from templora import models
from templora.adapter import Adapter, copy_cache
from templora.config import DEFAULT, Sampling
from templora.engine import ModelInfo
from templora.generator import Generator
from templora.learner import Learner
from templora.merged import ROOM_TOKENS, Merged
from tests.engine.story import prose
from tests.engine.test_architectures import CONFIGS
from tests.engine.tiny import QUICK, base_weights

CROPPABLE = [name for name in CONFIGS if name != "recurrent states"]


@pytest.fixture(params=CROPPABLE)
def other(request: pytest.FixtureRequest, device: str) -> Adapter:
    """Models of other families."""
    torch.manual_seed(3)
    return Adapter(AutoModelForCausalLM.from_config(CONFIGS[request.param]()).eval().to(device), QUICK)


def loud(adapter: Adapter, ids: list[int]) -> None:
    """Teach it until it says something quite different from the base model."""
    learner = Learner(adapter, 0)
    for _ in range(6):
        learner.learn([], ids[:32], "")


def read(adapter: Adapter, ids: list[int], memory: float) -> tuple[Tensor, Any]:
    """Logits after each of `ids` but the first few, and the cache of those."""
    cache = adapter.new_cache()
    adapter.encode(ids[:20], cache, memory=0)
    with torch.no_grad():
        return adapter.forward(torch.tensor([ids[20:]]), copy_cache(cache), memory=memory, keep=len(ids) - 20)[0], cache


def written(merged: Merged, cache: Any, ids: list[int]) -> Tensor:
    """The copy's logits after each of `ids`, one by one."""
    return torch.cat([merged.forward(torch.tensor([[id]]), cache) for id in ids])


def off(ours: Tensor, theirs: Tensor) -> float:
    """Nats by which the one is off the other, a token (Kullback–Leibler)."""
    return float(
        functional.kl_div(ours.log_softmax(-1), theirs.log_softmax(-1), log_target=True, reduction="batchmean")
    )


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0, 1.5])
def test_it_says_what_the_live_weights_say(other: Adapter, ids: list[int], strength: float) -> None:
    loud(other, ids)
    window = [0, *ids[:60]]
    live, cache = read(other, window, strength)
    base, _ = read(other, window, 0)
    merged = Merged(other)
    merged.become("chain", strength)
    ours = written(merged, merged.cache(cache, 1), window[20:])
    assert off(ours, live) < 0.01
    if strength:
        assert off(ours, live) < 0.2 * off(base, live)


def test_the_live_weights_stay_as_they_are(other: Adapter, ids: list[int]) -> None:
    untouched = base_weights(other)
    loud(other, ids)
    before = other.state()
    merged = Merged(other)
    merged.become("chain", 1.0)
    written(merged, merged.cache(other.new_cache(), 1), ids[:8])
    assert base_weights(other) == untouched
    assert all(torch.equal(before.weights[name], weight) for name, weight in other.state().weights.items())


def test_a_memory_is_merged_once_and_anew_when_it_has_learnt(adapter: Adapter, ids: list[int]) -> None:
    loud(adapter, ids)
    merged = Merged(adapter)
    window = [0, *ids[:30]]

    def said() -> Tensor:
        return written(merged, merged.cache(read(adapter, window, 0)[1], 1), window[20:])

    base = said()
    merged.become("one", 1.0)
    one = said()
    loud(adapter, ids[32:])
    merged.become("one", 1.0)
    assert torch.equal(said(), one)
    merged.become("two", 1.0)
    assert not torch.equal(said(), one)
    assert merged.memory == "two"
    merged.forget()
    assert merged.memory is None
    assert torch.equal(said(), base)


def test_its_cache_grows_is_cut_back_and_takes_rows(adapter: Adapter, ids: list[int]) -> None:
    merged = Merged(adapter)
    many = (ids * 8)[: ROOM_TOKENS + 40]
    cache = merged.cache(adapter.new_cache(), 1)
    at_once = written(merged, cache, many)
    cache.crop(-10)
    again = written(merged, cache, many[-10:])
    assert torch.equal(at_once[-10:], again)

    one = merged.cache(read(adapter, [0, *ids[:30]], 0)[1], 1)
    three = merged.cache(read(adapter, [0, *ids[:30]], 0)[1], 3)
    merged.forward(torch.tensor([[5], [6], [7]]), three)
    second: Any = torch.tensor([1])
    three.reorder_cache(second)
    merged.forward(torch.tensor([[6]]), one)
    assert torch.allclose(
        merged.forward(torch.tensor([[9]]), three), merged.forward(torch.tensor([[9]]), one), atol=0.05
    )


def test_what_was_read_is_not_changed(adapter: Adapter, ids: list[int]) -> None:
    _, cache = read(adapter, [0, *ids[:30]], 0)
    before = [layer.keys.clone() for layer in cache.layers]
    merged = Merged(adapter)
    merged.forward(torch.tensor([[5], [6]]), merged.cache(cache, 2))
    assert all(torch.equal(layer.keys, keys) for layer, keys in zip(cache.layers, before, strict=True))


def test_a_lean_generator_has_none(adapter: Adapter, tokenizer: Any, ids: list[int], monkeypatch: Any) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a second copy of the weights was made")

    monkeypatch.setattr(Merged, "__init__", refuse)
    prompt, sampling = [0, *ids[:40]], Sampling(max_tokens=8, seed=1)
    lean = list(Generator(adapter, tokenizer, lean=True).stream(prompt, None, sampling))
    assert len(lean) > 1
    monkeypatch.setattr(Merged, "fits", lambda _: False)
    assert list(Generator(adapter, tokenizer).stream(prompt, None, sampling)) == lean


def test_a_generator_says_which_memory_it_holds(adapter: Adapter, tokenizer: Any, ids: list[int]) -> None:
    loud(adapter, ids)
    generator = Generator(adapter, tokenizer)
    list(generator.stream([0, *ids[:40]], "chain", Sampling(max_tokens=8, seed=1)))
    assert generator.readers() == {"chain"}
    generator.forget()
    assert generator.readers() == set()


@pytest.fixture(scope="module")
def taught(starter: ModelInfo) -> tuple[Adapter, list[int], int]:
    """The starter model with two chunks of a story learnt, all its ids, and how many of them were read by then."""
    loaded = models.load(starter)
    adapter = Adapter(loaded.model, DEFAULT)
    ids = loaded.tokenizer.encode(prose(1, 24), add_special_tokens=False)
    assert starter.bos_id is not None
    learner = Learner(adapter, starter.bos_id)
    for start in (0, 300):
        learner.learn(ids[max(0, start - 300) : start], ids[start : start + 300], "")
    return adapter, [starter.bos_id, *ids], 601


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_perplexity_moves_by_less_than_a_hundredth(taught: tuple[Adapter, list[int], int], strength: float) -> None:
    """Eight bits are enough for the starter model, with a memory and without."""
    adapter, ids, learnt = taught
    cache = adapter.new_cache()
    adapter.encode(ids[learnt - 200 : learnt], cache, memory=0)
    merged = Merged(adapter)
    merged.become("chain", strength)
    rest = ids[learnt : learnt + 160]
    with torch.no_grad():
        live = adapter.forward(torch.tensor([rest[:-1]]), copy_cache(cache), memory=strength, keep=len(rest) - 1)[0]
    ours = written(merged, merged.cache(cache, 1), rest[:-1])
    said = torch.tensor(rest[1:])
    moved = functional.cross_entropy(ours, said) - functional.cross_entropy(live, said)
    assert abs(float(moved.exp()) - 1) < 0.01
    assert off(ours, live) < 0.01
