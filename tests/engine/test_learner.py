from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from templora.adapter import Adapter
from templora.config import PAPER, Recipe
from templora.learner import GiveWay, Learner
from tests.engine.tiny import QUICK, all_of, base_weights, sha256_of

BOS = 0
PAPERLIKE = replace(PAPER, rank=4, learning_rate=1e-2, chunk_tokens=32, prefix_tokens=24, threads=1)
TWO_EPOCHS = replace(QUICK, epochs=2)
WITHOUT_HEAD = replace(QUICK, head=False)
RECIPES = [
    pytest.param(QUICK, id="default"),
    pytest.param(PAPERLIKE, id="paper"),
    pytest.param(TWO_EPOCHS, id="two epochs"),
    pytest.param(WITHOUT_HEAD, id="without the head"),
]


def lesson(ids: list[int], index: int = 1) -> tuple[list[int], list[int], str]:
    """(prefix, chunk, chain) of one lesson."""
    start = 32 * index
    return ids[max(0, start - 24) : start], ids[start : start + 32], f"{index:02x}"


def stopping(after: int) -> Callable[[], bool]:
    """Whether to give way: the `after`-th time it is asked, and then never again."""
    left = after

    def stop() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    return stop


@pytest.mark.parametrize("recipe", RECIPES)
def test_repeated_text_is_learnt(make_adapter: Callable[[Recipe], Adapter], ids: list[int], recipe: Recipe) -> None:
    learner = Learner(make_adapter(recipe), BOS)
    lessons = [learner.learn(*lesson(ids)) for _ in range(8)]
    assert sum(lessons[-1].memory_losses) < 0.9 * sum(lessons[0].memory_losses)
    assert lessons[-1].base_losses == lessons[0].base_losses


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_first_step_is_scored_as_by_the_base_model(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int], recipe: Recipe
) -> None:
    learnt = Learner(make_adapter(recipe), BOS).learn(*lesson(ids))
    first = recipe.step_tokens or 32
    # Not bit for bit: the base model reads the chunk at once.
    assert learnt.memory_losses[:first] == pytest.approx(learnt.base_losses[:first], rel=1e-5)
    assert len(learnt.base_losses) == len(learnt.memory_losses) == 32
    assert all(loss > 0 for loss in learnt.base_losses)


@pytest.mark.parametrize("recipe", [each for each in RECIPES if each.id != "paper"])
def test_a_chunk_is_learnt_in_steps_and_known_afterwards(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int], recipe: Recipe
) -> None:
    prefix, chunk, chain = lesson(ids)
    size = recipe.step_tokens or 32
    learner = Learner(make_adapter(recipe), BOS)
    losses = learner.learn(prefix, chunk, chain).memory_losses
    whole = learner.score(prefix, chunk, memory=True)
    assert sum(whole[:size]) < 0.99 * sum(losses[:size]), "what has been learnt is known now"
    steps = learner._adapter.state().step
    assert steps == recipe.epochs * 32 // size


@pytest.mark.parametrize("recipe", RECIPES)
def test_equal_lessons_make_equal_bytes(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int], recipe: Recipe
) -> None:
    states = []
    for noise in (1, 2):
        torch.manual_seed(noise)  # the process's own random state plays no part
        torch.set_num_threads(noise)
        adapter = make_adapter(recipe)
        learner = Learner(adapter, BOS)
        for index in range(3):
            learner.learn(*lesson(ids, index))
        states.append(all_of(adapter.state()))
    assert states[0] == states[1]


def test_learning_leaves_thread_count_and_random_state_as_they_were(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int]
) -> None:
    learner = Learner(make_adapter(PAPERLIKE), BOS)
    torch.set_num_threads(2)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    learner.learn(*lesson(ids))
    assert torch.rand(1) == expected
    assert torch.get_num_threads() == 2


def test_dropout_is_drawn_from_the_chain(make_adapter: Callable[[Recipe], Adapter], ids: list[int]) -> None:
    prefix, chunk, _ = lesson(ids)
    states = []
    for chain in ("aa", "bb"):
        adapter = make_adapter(replace(PAPERLIKE, warmup_steps=0))
        Learner(adapter, BOS).learn(prefix, chunk, chain)
        states.append(all_of(adapter.state()))
    assert states[0] != states[1]


def test_scoring_is_done_without_dropout(make_adapter: Callable[[Recipe], Adapter], ids: list[int]) -> None:
    learner = Learner(make_adapter(PAPERLIKE), BOS)
    for index in range(3):
        learner.learn(*lesson(ids, index))
    prefix, chunk, _ = lesson(ids, 3)
    scores = learner.score(prefix, chunk, memory=True)
    assert scores == learner.score(prefix, chunk, memory=True)
    assert scores == learner.learn(prefix, chunk, "cc").memory_losses


def test_warm_up_begins_at_zero_and_advances_by_chunks(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int]
) -> None:
    adapter = make_adapter(PAPERLIKE)
    learner = Learner(adapter, BOS)
    weights = [sha256_of(adapter.state().weights)]
    for index in range(2):
        learner.learn(*lesson(ids, index))
        weights.append(sha256_of(adapter.state().weights))
    assert weights[0] == weights[1] != weights[2]
    assert adapter.state().step == 4


def test_the_learning_rate_falls_with_the_root_of_what_has_been_learnt(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[float] = []
    monkeypatch.setattr(Adapter, "step", lambda _adapter, learning_rate: taken.append(learning_rate))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    for decay, expected in ((0, [1, 1, 1, 1]), (1, [1, 1 / 2**0.5, 1 / 3**0.5, 1 / 2])):
        recipe = replace(QUICK, decay_chunks=decay, step_tokens=32)
        learner = Learner(make_adapter(recipe), BOS)
        taken.clear()
        for index in range(4):
            learner.learn(*lesson(ids, index))
        assert taken == pytest.approx([recipe.learning_rate * part for part in expected])


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_step_that_gives_way_anywhere_changes_nothing_and_is_redone_identically(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int], recipe: Recipe
) -> None:
    adapter = make_adapter(recipe)
    learner = Learner(adapter, BOS)
    learner.learn(*lesson(ids, 0))
    start = adapter.state()
    asked = 0

    def count() -> bool:
        nonlocal asked
        asked += 1
        return False

    expected = learner.learn(*lesson(ids), count)
    after = all_of(adapter.state())
    assert asked >= 3 * 2 + 2  # base, memory and its way back, two layers each, at the least

    for stop_at in [1, asked, *random.Random(3).sample(range(2, asked), 4)]:
        adapter.load(start)
        with pytest.raises(GiveWay):
            learner.learn(*lesson(ids), stopping(stop_at))
        assert all_of(adapter.state()) == all_of(start)
        again = learner.learn(*lesson(ids))
        assert (again.base_losses, again.memory_losses) == (expected.base_losses, expected.memory_losses)
        assert all_of(adapter.state()) == after


@pytest.mark.parametrize("every", [5, 9, 12])
def test_who_is_interrupted_again_and_again_still_gets_done(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int], every: int
) -> None:
    """Two layers: the base model and the memory ask six times, then each of two pieces four, there and back."""
    adapter = make_adapter(QUICK)
    learner = Learner(adapter, BOS)
    learner.learn(*lesson(ids, 0))
    start = adapter.state()
    expected = learner.learn(*lesson(ids))
    after = all_of(adapter.state())
    adapter.load(start)
    for _ in range(4):
        try:
            learnt = learner.learn(*lesson(ids), stopping(every))
            break
        except GiveWay:
            assert all_of(adapter.state()) == all_of(start)
    else:
        pytest.fail("the chunk was never learnt")
    assert (learnt.base_losses, learnt.memory_losses) == (expected.base_losses, expected.memory_losses)
    assert all_of(adapter.state()) == after


def test_what_was_given_up_plays_no_part_in_another_lesson(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int]
) -> None:
    adapter = make_adapter(QUICK)
    learner = Learner(adapter, BOS)
    prefix, chunk, chain = lesson(ids)
    others = {
        "another text": (prefix, [*chunk[:-1], (chunk[-1] + 7) % 320], chain),
        "another prefix": ([(prefix[0] + 7) % 320, *prefix[1:]], chunk, chain),
        "after another memory": (prefix, chunk, "ff"),
    }
    for other in others.values():
        adapter.reset()
        expected = learner.learn(*other).memory_losses
        after = all_of(adapter.state())
        adapter.reset()
        with pytest.raises(GiveWay):
            learner.learn(prefix, chunk, chain, stopping(12))
        assert learner.learn(*other).memory_losses == expected
        assert all_of(adapter.state()) == after


@pytest.mark.parametrize("recipe", RECIPES)
def test_learning_goes_on_from_a_state_as_if_never_interrupted(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int], recipe: Recipe
) -> None:
    adapter = make_adapter(recipe)
    learner = Learner(adapter, BOS)
    for index in range(2):
        learner.learn(*lesson(ids, index))
    stored = adapter.state()
    learner.learn(*lesson(ids, 2))
    fresh = make_adapter(recipe)
    fresh.load(stored)
    Learner(fresh, BOS).learn(*lesson(ids, 2))
    assert all_of(fresh.state()) == all_of(adapter.state())


@pytest.mark.parametrize("recipe", RECIPES)
def test_base_weights_are_bit_identical_after_learning_and_scoring(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int], recipe: Recipe
) -> None:
    adapter = make_adapter(recipe)
    before = base_weights(adapter)
    learner = Learner(adapter, BOS)
    first = learner.score(ids[:24], ids[24:56], memory=False)
    for index in range(3):
        learner.learn(*lesson(ids, index))
    assert base_weights(adapter) == before
    assert learner.score(ids[:24], ids[24:56], memory=False) == first


@pytest.mark.parametrize("memory", [False, True])
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_later_token_does_not_move_an_earlier_score(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int], recipe: Recipe, memory: bool
) -> None:
    learner = Learner(make_adapter(recipe), BOS)
    for index in range(3):
        learner.learn(*lesson(ids, index))
    chunk = list(ids[:40])
    scores = learner.score(ids[40:60], chunk, memory=memory)
    chunk[20] = (chunk[20] + 7) % 320
    changed = learner.score(ids[40:60], chunk, memory=memory)
    assert changed[:20] == scores[:20]
    assert all(new != old for new, old in zip(changed[20:32], scores[20:32], strict=True))


def test_an_earlier_token_moves_later_scores_across_chunk_borders(adapter: Adapter, ids: list[int]) -> None:
    learner = Learner(adapter, BOS)
    scores = learner.score([], ids[:48], memory=False)
    changed = learner.score([], [(ids[0] + 7) % 320, *ids[1:48]], memory=False)
    assert len(scores) == 48
    assert changed[40] != scores[40]


def test_scores_are_the_models_own(adapter: Adapter, ids: list[int]) -> None:
    window = torch.tensor([[BOS, *ids[:30]]], device=adapter.device)
    with torch.no_grad():
        logits = adapter.forward(window, None, memory=False, keep=31)[0]
    expected = -logits.log_softmax(-1)[range(10, 30), ids[10:30]].cpu()
    assert Learner(adapter, BOS).score(ids[:10], ids[10:30], memory=False) == pytest.approx(expected.tolist(), rel=1e-4)


def test_without_bos_and_prefix_the_first_token_is_reported_as_zero(adapter: Adapter, ids: list[int]) -> None:
    learner = Learner(adapter, None)
    learnt = learner.learn([], ids[:10], "00")
    assert learnt.base_losses[0] == learnt.memory_losses[0] == 0
    assert len(learnt.base_losses) == 10
    assert all(loss > 0 for loss in learnt.base_losses[1:])
    assert learner.score([], ids[:10], memory=False) == pytest.approx(learnt.base_losses)


def test_a_single_token_with_nothing_before_it_teaches_nothing(adapter: Adapter, ids: list[int]) -> None:
    weights = sha256_of(adapter.state().weights)
    assert Learner(adapter, None).learn([], ids[:1], "00").memory_losses == [0.0]
    assert sha256_of(adapter.state().weights) == weights
    assert adapter.n_chunks == 1


def test_gradients_flow_through_the_prefix_only_in_the_papers_recipe(
    make_adapter: Callable[[Recipe], Adapter], ids: list[int]
) -> None:
    """A prefix that was read before leaves no gradient in how the memory read it."""
    paper = replace(PAPERLIKE, dropout=0.0, warmup_steps=0, epochs=1)
    moments = []
    for recipe in (paper, replace(paper, prefix_gradients=False)):
        adapter = make_adapter(recipe)
        Learner(adapter, BOS).learn(*lesson(ids))
        moments.append(adapter.state().exp_avg)
    name = next(name for name in moments[0] if "v_proj.lora_B" in name)
    assert not torch.allclose(moments[0][name], moments[1][name], rtol=1e-3)


def test_a_prefix_that_does_not_fit_the_model_loses_its_beginning(adapter: Adapter, ids: list[int]) -> None:
    learner = Learner(adapter, BOS)
    whole = learner.score(ids[26:60], ids[60:90], memory=False)
    adapter.context_tokens = 64
    assert learner.score(ids[:60], ids[60:90], memory=False) == whole
    assert learner.learn(ids[:60], ids[60:90], "00").base_losses == whole
