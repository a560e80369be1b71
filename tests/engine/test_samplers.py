from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from templora import samplers
from templora.config import NEUTRAL, Sampling
from templora.errors import BadInput
from templora.repeats import Repeats
from templora.samplers import Sampler, Vocabulary
from tests.engine import plain
from tests.engine.tiny import tiny_tokenizer

TOKENS = 12
BREAKERS = {0, 1}
SOME = settings(max_examples=80, deadline=None)

logits = st.lists(st.integers(-60, 60), min_size=TOKENS, max_size=TOKENS, unique=True).map(
    lambda values: [value / 7 + place * 1e-3 for place, value in enumerate(values)]
)
rows = st.lists(st.integers(0, 6), max_size=60)
settings_of = st.builds(
    Sampling,
    temperature=st.floats(0.3, 2),
    top_k=st.integers(0, TOKENS + 1),
    typical_p=st.one_of(st.just(1.0), st.floats(0.05, 0.98)),
    top_p=st.one_of(st.just(1.0), st.floats(0.05, 0.98)),
    min_p=st.one_of(st.just(0.0), st.floats(0.01, 0.6)),
    xtc_threshold=st.floats(0.02, 0.5),
    xtc_probability=st.sampled_from([0.0, 1.0]),
    repetition_penalty=st.one_of(st.just(1.0), st.floats(1, 2)),
    dry_multiplier=st.one_of(st.just(0.0), st.floats(0.1, 2)),
    dry_base=st.floats(1, 2),
    dry_allowed_length=st.integers(1, 4),
)


PIECES = ["\n", ":", " a", " b", "c", ",", " d", "e", " f", " g", " h", "i"]


class Pieces:
    """A tokenizer of one letter a token, with a space before those that begin a word. The first ends a line."""

    def decode(self, ids: list[int], **_: Any) -> str:
        return "".join(PIECES[id] for id in ids)


def begins(before: int | None, id: int) -> bool:
    """Does a word begin with this piece?"""
    return PIECES[id].strip().isalpha() and (" " in PIECES[id] or before is None or not PIECES[before][-1].isalpha())


def sampler(sampling: Sampling, ids: list[int], seed: int = 3) -> Sampler:
    return Sampler(sampling, Vocabulary(Pieces(), ends=[1]), seed, ids)


def distribution(drawing: Sampler, ids: list[int], scores: list[float], temperature: float) -> list[float]:
    values, tokens = drawing.narrowed(drawing.penalised(ids, torch.tensor(scores)))
    probabilities = (values / temperature).softmax(-1).tolist()
    out = [0.0] * len(scores)
    for place, probability in enumerate(probabilities):
        out[place if tokens is None else int(tokens[place])] = probability
    return out


@SOME
@given(logits, rows, settings_of)
def test_every_token_is_drawn_as_often_as_the_plain_samplers_say(
    scores: list[float], ids: list[int], sampling: Sampling
) -> None:
    expected = plain.distribution(ids, scores, sampling, BREAKERS, begins)
    assert distribution(sampler(sampling, ids), ids, scores, sampling.temperature) == pytest.approx(expected, abs=1e-4)


@SOME
@given(st.integers(0, 10_000), settings_of, st.integers(1, 40))
def test_putting_unlikely_tokens_aside_changes_nothing(seed: int, sampling: Sampling, aside: int) -> None:
    scores = 4 * torch.randn(200, generator=torch.Generator().manual_seed(seed))
    sampling = replace(sampling, xtc_probability=0.0, dry_multiplier=0.0, repetition_penalty=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samplers, "CANDIDATES", aside)
        narrow = distribution(sampler(sampling, []), [], scores.tolist(), 1.0)
    expected = plain.distribution([], scores.tolist(), replace(sampling, temperature=1.0), BREAKERS, begins)
    assert narrow == pytest.approx(expected, abs=1e-4)


@SOME
@given(rows, st.data())
def test_repeats_are_those_that_stand_there_whatever_was_taken_back(ids: list[int], data: st.DataObject) -> None:
    repeats = Repeats(BREAKERS.__contains__, begins)
    kept: list[int] = []
    for id in ids:
        if kept and data.draw(st.integers(0, 9)) == 0:
            length = data.draw(st.integers(0, len(kept)))
            repeats.crop(length)
            kept = kept[:length]
        repeats.push(id)
        kept.append(id)
    plainly = plain.dry(kept, [0.0] * TOKENS, BREAKERS, begins, 1.0, 2.0, 0)
    longest = {token: round(math.log2(-score)) for token, score in enumerate(plainly) if score}
    assert repeats.continuations() == longest


def test_dry_penalises_by_the_words_that_are_repeated() -> None:
    ids = [2, 3, 6, 8, 9, 2, 3, 6]  # " f" came after these three words
    dry = replace(NEUTRAL, dry_multiplier=0.8, dry_base=2.0, dry_allowed_length=2)
    scores = sampler(dry, ids).penalised(ids, torch.zeros(TOKENS))
    assert scores[8] == pytest.approx(-0.8 * 2.0 ** (3 - 2))
    assert not scores[[place for place in range(TOKENS) if place != 8]].any()
    assert not sampler(replace(dry, dry_allowed_length=4), ids).penalised(ids, torch.zeros(TOKENS)).any()


def test_dry_leaves_the_rest_of_a_word_and_the_marks_alone() -> None:
    """Else a name of several tokens would be spelt another way each time that it comes."""
    dry = replace(NEUTRAL, dry_multiplier=0.8, dry_base=2.0, dry_allowed_length=1)
    name = [2, 3, 4, 7, 5]  # " a", and then " bce" and ","
    for length, begun in ((1, True), (2, False), (3, False), (4, False)):
        ids = [*name, 8, 9, *name[:length]]
        assert bool(sampler(dry, ids).penalised(ids, torch.zeros(TOKENS)).any()) == begun


def test_a_very_long_repetition_does_not_overflow() -> None:
    ids = [2, 3] * 1000
    dry = replace(NEUTRAL, dry_multiplier=5.0, dry_base=4.0)
    scores = sampler(dry, ids).penalised(ids, torch.zeros(TOKENS))
    assert torch.isfinite(scores).all()
    assert scores[2] < -1000


def test_xtc_comes_as_often_as_it_is_asked_for_and_spares_the_end_of_a_line() -> None:
    sampling = replace(NEUTRAL, xtc_probability=0.4, xtc_threshold=0.2)
    scores = torch.full((TOKENS,), -50.0)
    scores[[5, 6]] = torch.tensor([2.0, 1.0])
    drawing = sampler(sampling, [])
    excluded = sum(len({int(drawing.narrowed(scores)[0].argmax())} & {6}) for _ in range(300))
    assert 80 < excluded < 160
    scores[0] = 1.5
    assert all(int(drawing.narrowed(scores)[0].argmax()) == 5 for _ in range(50))


def test_bans_leave_nothing_where_there_is_nothing_else() -> None:
    scores = torch.arange(TOKENS, dtype=torch.float32)
    for sampling in (NEUTRAL, replace(NEUTRAL, temperature=0), replace(NEUTRAL, top_p=0.5, min_p=0.1, top_k=3)):
        drawing = sampler(sampling, [])
        assert drawing.draw([], scores, set(range(TOKENS)) - {4}) == 4
        assert drawing.draw([], scores, set(range(TOKENS))) is None
    assert scores.tolist() == list(range(TOKENS))


def test_a_seed_draws_the_same_tokens_in_the_models_proportions() -> None:
    scores = torch.tensor([0.0, 1.0, 2.0, -1.0])
    drawing, again = sampler(NEUTRAL, []), sampler(NEUTRAL, [])
    drawn = [drawing.draw([], scores) for _ in range(1500)]
    assert drawn == [again.draw([], scores) for _ in range(1500)]
    for token, probability in enumerate(scores.softmax(-1).tolist()):
        assert drawn.count(token) / 1500 == pytest.approx(probability, abs=0.05)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return tiny_tokenizer()


def test_words_are_biased_as_they_are_typed(tokenizer: PreTrainedTokenizerFast) -> None:
    vocabulary = Vocabulary(tokenizer)
    ids = tuple(tokenizer.encode(" harbour", add_special_tokens=False))
    assert len(ids) > 1
    against = vocabulary.biases({"harbour": -6.0})
    assert against[ids] == -6.0
    assert all(sequence[-1:] == ids[-1:] for sequence in against)  # words that begin so are left alone
    favoured = vocabulary.biases({"harbour": 6.0})
    assert sum(favoured[ids[:length]] for length in range(1, len(ids) + 1)) == pytest.approx(6.0)
    assert vocabulary.biases({"the": 0.0}) == {}


def test_a_biased_word_is_drawn_or_never(tokenizer: PreTrainedTokenizerFast) -> None:
    (the,) = tokenizer.encode(" the", add_special_tokens=False)
    scores = torch.zeros(320)

    def share(bias: float) -> float:
        sampling = replace(NEUTRAL, word_bias={"the": bias})
        return float(Sampler(sampling, Vocabulary(tokenizer), 0, []).penalised([], scores).softmax(-1)[the])

    assert share(8) > 0.5
    assert share(-100) < 1e-9


def test_a_word_begins_after_a_space_a_mark_or_nothing() -> None:
    class Words:
        def decode(self, ids: list[int], **_: Any) -> str:
            return "".join(texts[id] for id in ids)

    def begins_word(before: str | None, text: str) -> bool:
        texts[:] = [before or "", text]
        return Vocabulary(Words()).begins_word(None if before is None else 0, 1)

    texts: list[str] = []
    for before, text in ((None, "The"), ("\n", "The"), ("“", "The"), (" a", " man"), ("—", "and"), ("语", "言")):
        assert begins_word(before, text), (before, text)
    for before, text in ((" Roch", "ester"), (" don", "’t"), ("’", "t"), (" a", ","), (" a", "\ufffd"), (" a", " ")):
        assert not begins_word(before, text), (before, text)


def test_a_breaker_is_a_token_that_holds_one_or_ends_the_text(tokenizer: PreTrainedTokenizerFast) -> None:
    breaks = Vocabulary(tokenizer, ends=[1]).breaker(["\n", ":"])
    assert breaks(1)
    assert all(map(breaks, tokenizer.encode("\n:", add_special_tokens=False)))
    assert not any(map(breaks, tokenizer.encode("the lamp, was", add_special_tokens=False)))


@pytest.mark.parametrize(
    "wrong",
    [
        *({"typical_p": 0.0}, {"xtc_threshold": 0.0}, {"xtc_probability": 1.5}, {"dry_multiplier": -1.0}),
        *({"dry_base": 0.5}, {"dry_allowed_length": 0}, {"banned": ["x" * 201]}, {"banned": ["x"] * 501}),
        *({"word_bias": {" ": 1.0}}, {"word_bias": {"a": 101.0}}, {"copied_words": 101}, {"stop_at": "chapter"}),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Sampling(**wrong)


def test_settings_are_the_same_after_a_way_as_json() -> None:
    sampling = Sampling(banned=["a shiver", " "], dry_breakers=["\n"], word_bias={"sea": 2.0})  # type: ignore[arg-type]
    assert sampling.banned == ("a shiver",)
    assert sampling.dry_breakers == ("\n",)
