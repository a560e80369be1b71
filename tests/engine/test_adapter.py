from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from templora.adapter import Adapter, Claim, from_bytes, to_bytes
from templora.config import Recipe
from templora.errors import SnapshotDamaged
from templora.learner import Learner
from tests.engine.tiny import QUICK, all_of, tiny_model

CLAIM = Claim(chain="ab" * 32, n_chunks=0, recipe=QUICK.fingerprint(), base="cd" * 32)


@pytest.mark.parametrize("head", [True, False])
def test_every_linear_layer_is_adapted_and_the_output_head_where_the_recipe_says_so(
    make_adapter: Callable[[Recipe], Adapter], head: bool
) -> None:
    names = set(make_adapter(replace(QUICK, head=head)).state().weights)
    assert len(names) == 2 * (2 * 7 + head)  # A and B, two layers, seven projections
    assert any("lm_head" in name for name in names) == head


def test_adapters_are_float32_on_a_half_precision_base() -> None:
    adapter = Adapter(tiny_model(dtype=torch.bfloat16), QUICK)
    assert {tensor.dtype for tensor in adapter.state().weights.values()} == {torch.float32}


def test_the_fresh_state_depends_on_the_recipes_seed_alone(make_adapter: Callable[[Recipe], Adapter]) -> None:
    first = make_adapter(QUICK).state()
    torch.manual_seed(99)
    again, other = make_adapter(QUICK).state(), make_adapter(replace(QUICK, seed=1)).state()
    assert all_of(first) == all_of(again)
    assert all_of(first) != all_of(other)


def test_a_fresh_memory_reads_like_the_base_model(adapter: Adapter, ids: list[int]) -> None:
    rows = torch.tensor([ids[:20]])
    with torch.no_grad():
        base = adapter.forward(rows, None, memory=False, keep=20)
        memory = adapter.forward(rows, None, memory=True, keep=20)
    assert torch.equal(base, memory)


def test_a_state_is_a_copy_that_learning_does_not_change(adapter: Adapter, ids: list[int]) -> None:
    state = adapter.state()
    before = all_of(state)
    Learner(adapter, 0).learn([], ids[:32], "00")
    assert all_of(state) == before
    assert all_of(adapter.state()) != before


def test_bytes_carry_a_learnt_state_there_and_back(adapter: Adapter, ids: list[int]) -> None:
    Learner(adapter, 0).learn([], ids[:32], "00")
    claim = replace(CLAIM, n_chunks=1)
    state = adapter.state()
    assert state.step == 32 // QUICK.step_tokens
    data = to_bytes(state, claim)
    assert all_of(from_bytes(data, claim)) == all_of(state)
    assert hashlib.sha256(to_bytes(state, claim)).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("field", ["chain", "recipe", "base"])
def test_bytes_with_another_claim_are_refused(adapter: Adapter, field: str) -> None:
    data = to_bytes(adapter.state(), CLAIM)
    with pytest.raises(SnapshotDamaged):
        from_bytes(data, replace(CLAIM, **{field: "ee" * 32}))


def test_bytes_with_another_number_of_chunks_are_refused(adapter: Adapter) -> None:
    with pytest.raises(SnapshotDamaged):
        from_bytes(to_bytes(adapter.state(), CLAIM), replace(CLAIM, n_chunks=3))


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_truncated_bytes_are_refused(adapter: Adapter, cut: int) -> None:
    with pytest.raises(SnapshotDamaged):
        from_bytes(to_bytes(adapter.state(), CLAIM)[:cut], CLAIM)


def test_a_pickle_is_refused(adapter: Adapter) -> None:
    import pickle

    with pytest.raises(SnapshotDamaged):
        from_bytes(pickle.dumps(adapter.state().weights), CLAIM)


def test_a_state_with_a_missing_an_extra_or_a_misshapen_tensor_is_refused(adapter: Adapter) -> None:
    state = adapter.state()
    name = next(iter(state.weights))
    missing = {key: tensor for key, tensor in state.weights.items() if key != name}
    extra = {**state.weights, "other": torch.zeros(1)}
    misshapen = {**state.weights, name: state.weights[name][:-1]}
    halved = {**state.weights, name: state.weights[name].half()}
    before = all_of(state)
    for weights in (missing, extra, misshapen, halved):
        with pytest.raises(SnapshotDamaged):
            adapter.load(replace(state, weights=weights))
    assert all_of(adapter.state()) == before


def test_reset_leaves_nothing_of_what_was_learnt(adapter: Adapter, ids: list[int]) -> None:
    fresh = all_of(adapter.state())
    Learner(adapter, 0).learn([], ids[:32], "00")
    adapter.reset()
    assert all_of(adapter.state()) == fresh


def test_a_gradient_that_is_not_finite_is_not_applied(adapter: Adapter) -> None:
    before = all_of(adapter.state())
    for parameter in adapter.base.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.full_like(parameter, torch.nan)
    adapter.step(1e-2)
    assert all_of(adapter.state()) == before
