"""What followed in a similar state: looked up, mixed in, believed as much as it has helped."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from templora import datastore
from templora.datastore import CELLS, PRIOR_WEIGHT, Datastore, fits, fresh

WIDTH, VOCABULARY = 96, 50


def store() -> Datastore:
    return Datastore(WIDTH, VOCABULARY, 0, torch.device("cpu"))


def states(count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, WIDTH, generator=torch.Generator().manual_seed(seed))


def tokens(count: int, seed: int = 1) -> Tensor:
    return torch.randint(0, VOCABULARY, (count,), generator=torch.Generator().manual_seed(seed))


def even(count: int) -> Tensor:
    """Losses of a model that knows nothing."""
    return torch.full((count,), float(torch.tensor(VOCABULARY).log()))


def learn(datastore: Datastore, own: Tensor, before: Tensor, ids: Tensor) -> None:
    datastore.learn(own, before, ids, datastore.look_up(before, ids))


def losses(datastore: Datastore, own: Tensor, before: Tensor, ids: Tensor) -> Tensor:
    return datastore.look_up(before, ids).losses(own)


def filled(count: int = 40) -> Datastore:
    found = store()
    learn(found, even(count), states(count), tokens(count))
    return found


def test_an_empty_one_says_nothing() -> None:
    logits = torch.randn(3, VOCABULARY)
    assert torch.equal(store().mix(logits, states(3)), logits)
    assert torch.equal(losses(store(), even(3), states(3), tokens(3)), even(3))


def test_in_the_same_state_what_followed_is_the_most_probable() -> None:
    mixed = filled().mix(torch.zeros(40, VOCABULARY), states(40))
    assert torch.equal(mixed.argmax(1), tokens(40))
    assert torch.logsumexp(mixed, 1) == pytest.approx(torch.zeros(40), abs=1e-5), "they are log probabilities"


def test_many_states_at_once_find_what_each_finds_alone() -> None:
    many = 2 * datastore.FEW
    found, before = filled(200), states(many, seed=7)
    together = found.look_up(before, tokens(many))
    alone = torch.cat(
        [found.look_up(before[at : at + 1], tokens(many)[at : at + 1]).probabilities for at in range(many)]
    )
    assert together.probabilities == pytest.approx(alone, rel=0.05, abs=1e-6), "eight bits and sixteen differ a little"


class Products(TorchDispatchMode):
    """The shapes of all products in bfloat16."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes = set[tuple[torch.Size, ...]]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.mm.default and args[0].dtype == torch.bfloat16:
            self.shapes.add(tuple(part.shape for part in args))
        return func(*args, **(kwargs or {}))


def test_a_book_that_grows_needs_no_new_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datastore, "_multiplies_bfloat16", lambda _device: True)
    with Products() as products:
        for count in range(40, 200, 20):
            found, before = filled(count), states(64, seed=7)
            found.look_up(before, tokens(64))
    assert len(products.shapes) == 1, "each would have code of its own, which is kept"


def test_a_state_that_is_a_little_off_finds_the_same() -> None:
    near = states(40) + 0.2 * states(40, seed=5)
    assert torch.equal(filled().mix(torch.zeros(40, VOCABULARY), near).argmax(1), tokens(40))


def test_losses_are_those_of_what_is_mixed() -> None:
    logits = torch.randn(40, VOCABULARY, generator=torch.Generator().manual_seed(2))
    ids = tokens(40, seed=3)
    own = torch.nn.functional.cross_entropy(logits, ids, reduction="none")
    mixed = filled().mix(logits, states(40, seed=4))
    expected = torch.nn.functional.cross_entropy(mixed, ids, reduction="none")
    assert losses(filled(), own, states(40, seed=4), ids) == pytest.approx(expected, abs=1e-4)


def test_strength_scales_it_and_does_not_raise_it_above_what_it_has_earned() -> None:
    logits = torch.zeros(40, VOCABULARY)
    right = [
        float(filled().mix(logits, states(40), strength).gather(1, tokens(40)[:, None]).mean())
        for strength in (0.0, 0.5, 1.0, 1.5)
    ]
    assert right[1] < right[2] == right[3]
    assert torch.equal(filled().mix(logits, states(40), 0.0), logits)


def test_it_is_believed_where_it_was_right_and_not_where_it_was_wrong() -> None:
    right, wrong = filled(), filled()
    for turn in range(20):
        learn(right, even(40), states(40), tokens(40))
        learn(wrong, torch.zeros(40), states(40), tokens(40, seed=100 + turn))
    # Of what the gate has seen, in the cells that these states fall into.
    assert right.state()["taken"].sum() / right.state()["seen"].sum() > 5 * PRIOR_WEIGHT
    assert wrong.state()["taken"].sum() / wrong.state()["seen"].sum() < PRIOR_WEIGHT


def test_what_it_says_does_not_depend_on_how_many_are_compared_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = filled(100).mix(torch.zeros(9, VOCABULARY), states(9, seed=7))
    monkeypatch.setattr(datastore, "ROOM", 64)
    monkeypatch.setattr(datastore, "ALIKE", 1)
    monkeypatch.setattr(datastore, "ROWS", 4)
    assert filled(100).mix(torch.zeros(9, VOCABULARY), states(9, seed=7)) == pytest.approx(whole, abs=1e-4)
    assert losses(filled(100), even(9), states(9, seed=7), tokens(9)) == pytest.approx(
        -whole.gather(1, tokens(9)[:, None])[:, 0], abs=1e-4
    )


def test_a_state_that_is_loaded_goes_on_as_the_one_it_was() -> None:
    ours, other = filled(), store()
    other.load(ours.state())
    for each in (ours, other):
        learn(each, even(10), states(10, seed=9), tokens(10, seed=9))
    for name, tensor in ours.state().items():
        assert torch.equal(tensor, other.state()[name]), name
    assert len(other) == 50


def test_a_state_is_a_copy() -> None:
    ours = filled()
    before = ours.state()
    kept = {name: tensor.clone() for name, tensor in before.items()}
    learn(ours, even(10), states(10, seed=9), tokens(10, seed=9))
    assert all(torch.equal(before[name], kept[name]) for name in kept)


def test_only_a_datastores_tensors_fit() -> None:
    good = filled().state()
    assert fits(good) and fits(fresh())
    assert not fits({**good, "keys": good["keys"][:-1]})
    assert not fits({**good, "tokens": good["tokens"].long()})
    assert not fits({**good, "taken": torch.zeros(CELLS + 1)})
    assert not fits({name: tensor for name, tensor in good.items() if name != "seen"})
