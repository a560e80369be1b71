"""The strength of a memory: a number at generation time that learning and scoring never see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from templora.adapter import Adapter, AdapterState
from templora.config import Recipe, Sampling
from templora.embedded import EmbeddedEngine
from templora.engine import Continue, Event, Open, Rewrite
from templora.errors import BadInput, MemoryNotResident
from templora.generator import Generator
from templora.learner import Learner
from tests.engine.asking import SAMPLING, chain, learn, score, text_of
from tests.engine.tiny import QUICK, all_of

GREEDY = Sampling(max_tokens=12, temperature=0, repetition_penalty=1.0)
DRAWN = Sampling(max_tokens=12, seed=5)

MakeAdapter = Callable[[Recipe], Adapter]


def taught(adapter: Adapter, ids: list[int]) -> Adapter:
    learner = Learner(adapter, 0)
    for index in range(4):
        learner.learn([], ids[32 * index : 32 * index + 32], f"{index:02x}")
    return adapter


@torch.no_grad()
def logits(adapter: Adapter, ids: list[int], strength: float) -> Tensor:
    return adapter.forward(torch.tensor([[0, *ids[:20]]]), None, memory=strength, keep=20)


def test_at_0_it_is_the_base_model_bit_for_bit(adapter: Adapter, ids: list[int]) -> None:
    base = logits(adapter, ids, False)
    taught(adapter, ids)
    assert torch.equal(logits(adapter, ids, 0.0), base)
    assert not torch.equal(logits(adapter, ids, 0.01), base)


def test_at_1_it_is_the_memory_as_it_was_learnt(make_adapter: MakeAdapter, ids: list[int]) -> None:
    adapter = taught(make_adapter(QUICK), ids)
    untouched = taught(make_adapter(QUICK), ids)
    for strength in (0.3, 1.5, 0.0, 0.7):
        logits(adapter, ids, strength)
        assert torch.equal(logits(adapter, ids, 1.0), logits(untouched, ids, True))


@pytest.mark.parametrize("strength", [0.25, 0.5])  # powers of two scale without rounding
def test_what_the_memory_adds_is_scaled(make_adapter: MakeAdapter, ids: list[int], strength: float) -> None:
    adapter, scaled = taught(make_adapter(QUICK), ids), make_adapter(QUICK)
    state = adapter.state()
    scaled.load(_with_scaled_output(state, strength))
    assert torch.equal(logits(adapter, ids, strength), logits(scaled, ids, 1.0))
    assert all_of(adapter.state()) == all_of(state)


def _with_scaled_output(state: AdapterState, strength: float) -> AdapterState:
    weights = {name: tensor * strength if ".lora_B." in name else tensor for name, tensor in state.weights.items()}
    return replace(state, weights=weights)


def test_a_stronger_memory_is_surer_of_what_it_has_learnt(adapter: Adapter, ids: list[int]) -> None:
    taught(adapter, ids)
    losses = [
        -float(logits(adapter, ids, strength)[0].log_softmax(-1)[range(20), ids[:20]].sum().cpu())
        for strength in (0.0, 0.5, 1.0)
    ]
    assert all(stronger < weaker for weaker, stronger in pairwise(losses))


def test_learning_and_scoring_are_at_full_strength_whatever_was_written_before(
    make_adapter: MakeAdapter, tokenizer: Any, ids: list[int]
) -> None:
    plain, written = make_adapter(QUICK), make_adapter(QUICK)
    generator = Generator(written, tokenizer)
    for index, strength in enumerate((1.5, 0.0, 0.4)):
        span = slice(32 * index, 32 * index + 32)
        list(generator.stream([0, *ids[:40]], "aa", DRAWN, strength=strength))
        assert Learner(written, 0).learn([], ids[span], "aa").memory_losses == (
            Learner(plain, 0).learn([], ids[span], "aa").memory_losses
        )
        list(generator.stream([0, *ids[:40]], "aa", DRAWN, strength=strength))
        assert Learner(written, 0).score(ids[:8], ids[8:40], memory=True) == (
            Learner(plain, 0).score(ids[:8], ids[8:40], memory=True)
        )
    assert all_of(written.state()) == all_of(plain.state())


def test_what_was_read_at_one_strength_is_not_used_at_another(
    make_adapter: MakeAdapter, tokenizer: Any, ids: list[int]
) -> None:
    """Whatever was read before, a take is the one that a generator which has read nothing would write."""
    adapter = taught(make_adapter(QUICK), ids)
    generator = Generator(adapter, tokenizer)
    prompt = [0, *ids, *ids][:300]
    for strength in (1.0, 0.5, 1.5, 0.0, 1.0, 0.5):
        events = list(generator.stream(prompt, "aa", DRAWN, strength=strength))
        assert events == list(Generator(adapter, tokenizer).stream(prompt, "aa", DRAWN, strength=strength))
        if not strength:
            assert events == list(generator.stream(prompt, None, DRAWN))


def test_a_prompt_is_read_once_at_each_strength(make_adapter: MakeAdapter, tokenizer: Any, ids: list[int]) -> None:
    adapter = taught(make_adapter(QUICK), ids)
    generator = Generator(adapter, tokenizer)
    read: list[int] = []
    encode = adapter.encode

    def counted(ids: list[int], cache: Any, *, memory: float) -> None:
        read.append(len(ids))
        encode(ids, cache, memory=memory)

    adapter.encode = counted  # type: ignore[method-assign]

    def tokens_read(strength: float) -> int:
        read.clear()
        list(generator.stream([0, *ids[:99]], "aa", GREEDY, strength=strength))
        return sum(read)

    assert tokens_read(1.0) == 96  # the whole blocks; what is behind them is read with the last token each time
    assert tokens_read(0.5) == 96
    assert tokens_read(0.5) == tokens_read(1.0) == 0


def request(kind: str, memory: str | None, ids: list[int], strength: float) -> Continue | Rewrite:
    sampling = {**SAMPLING, "max_tokens": 40}
    if kind == "continue":
        return Continue(memory, ids[:40], sampling, strength=strength)
    return Rewrite(memory, "Before.", "The lamp was lit.", "After.", "", sampling, strength)


@pytest.mark.parametrize("kind", ["continue", "rewrite"])
def test_takes_follow_their_seed_and_strength(engine: EmbeddedEngine, ids: list[int], kind: str) -> None:
    engine.call(Open(chain(0)))
    for index in range(4):
        learn(engine, ids, index)

    def take(strength: float, memory: str | None = chain(4)) -> list[Event]:
        return list(engine.stream(request(kind, memory, ids, strength)))

    before = score(engine, ids, chain(4))
    full, half, none = take(1.0), take(0.5), take(0.0)
    assert len({text_of(full), text_of(half), text_of(none)}) == 3
    assert (take(0.5), take(1.0), take(0.0)) == (half, full, none)
    assert none == take(1.0, memory=None)
    assert score(engine, ids, chain(4)) == before


@pytest.mark.parametrize("kind", ["continue", "rewrite"])
def test_at_0_the_memory_need_not_be_there(engine: EmbeddedEngine, ids: list[int], kind: str) -> None:
    assert list(engine.stream(request(kind, chain(9), ids, 0.0)))
    with pytest.raises(MemoryNotResident):
        list(engine.stream(request(kind, chain(9), ids, 0.1)))


@pytest.mark.parametrize("kind", ["continue", "rewrite"])
@pytest.mark.parametrize("strength", [-0.1, 1.51, float("nan"), float("inf")])
def test_a_strength_that_is_none_is_the_askers_fault(
    engine: EmbeddedEngine, ids: list[int], kind: str, strength: float
) -> None:
    with pytest.raises(BadInput, match="strength"):
        list(engine.stream(request(kind, None, ids, strength)))
    assert list(engine.stream(request(kind, None, ids, 1.5)))
