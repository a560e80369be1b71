"""Manners of writing: what is behind each name, and what is stored of them."""

from __future__ import annotations

from dataclasses import fields

import pytest

from templora.config import NEUTRAL, Sampling
from templora.errors import BadInput
from templora.presets import OF_THE_REQUEST, OWN, PRESETS, USUAL, Manner, behind, manner, preset, read


@pytest.mark.parametrize("name", [each.name for each in PRESETS])
def test_every_preset_can_be_sampled_with_and_decides_nothing_of_the_request(name: str) -> None:
    chosen = manner(name)
    sampling = chosen.sampling()
    assert {field.name for field in fields(Sampling)} >= set(chosen.numbers)
    assert not set(OF_THE_REQUEST) & set(chosen.numbers)
    assert (sampling.max_tokens, sampling.takes, sampling.seed) == (Sampling().max_tokens, 1, None)
    assert read(chosen.stored()) == chosen


def test_the_usual_manner_is_the_default_and_plain_is_the_model_alone() -> None:
    assert Manner().sampling() == Sampling() and Manner().name == USUAL
    assert manner("Plain").sampling() == NEUTRAL
    temperatures = [manner(name).sampling().temperature for name in ("Steady", "Lively", "Wild")]
    assert temperatures == sorted(temperatures) and len(set(temperatures)) == 3


def test_numbers_of_ones_own_are_kept_where_they_differ_from_the_usual() -> None:
    own = manner(OWN, {"temperature": 1.3, "top_p": Sampling().top_p, "banned": ["suboptimal"]})
    assert own.numbers == {"temperature": 1.3, "banned": ("suboptimal",)}
    assert read(own.stored()).sampling() == own.sampling() == Sampling(temperature=1.3, banned=("suboptimal",))


def test_the_words_of_a_book_stay_whichever_preset_is_chosen() -> None:
    words = {"banned": ["a shiver"], "word_bias": {"harbour": 2.0}}
    kept = {"banned": ("a shiver",), "word_bias": {"harbour": 2.0}}
    steady = manner("Steady", {**words, "temperature": 1.3})
    assert steady.sampling() == Sampling(**{**preset("Steady").numbers, **kept})
    wild = manner("Wild", None, steady)
    assert (wild.name, wild.words) == ("Wild", kept) and read(wild.stored()).sampling() == wild.sampling()
    own = manner(OWN, {"temperature": 1.3}, wild)
    assert own.sampling() == Sampling(temperature=1.3, **kept)
    # Each is changed by itself, and taken away by naming it.
    assert manner(OWN, {"banned": []}, own).words == {"word_bias": {"harbour": 2.0}}
    # As it was stored while the words belonged to numbers of one's own.
    assert read('{"name": "Own", "own": {"banned": ["a shiver"], "temperature": 1.3}}').words == {
        "banned": ("a shiver",)
    }


@pytest.mark.parametrize(
    "name, numbers",
    [
        ("Mild", None),
        (OWN, {"temperature": 9}),
        (OWN, {"seed": 3}),
        (OWN, {"colour": 1}),
        (OWN, {"top_p": "much"}),
        ("Wild", {"seed": 3}),
        ("Wild", {"word_bias": ["much"]}),
        ("Wild", {"word_bias": {"a": 101}}),
    ],
)
def test_what_cannot_be_is_refused(name: str, numbers: dict[str, object] | None) -> None:
    with pytest.raises(BadInput):
        manner(name, numbers)


@pytest.mark.parametrize("stored", ["{}", "", "[1]", '{"name": "Gone"}', '{"name": "Own", "own": {"temperature": 99}}'])
def test_what_cannot_be_read_is_the_usual_manner(stored: str) -> None:
    assert read(stored) == Manner()


def test_the_numbers_behind_it_are_told() -> None:
    assert behind(Manner()) == "temperature 0.9 · top-p 0.95 · min-p 0.05 · repetition penalty 1.05 · DRY 3"
    assert behind(manner("Plain")) == "nothing between you and the model"
    assert "XTC 0.4 · DRY 3" in behind(manner("Wild")) and "top-p" not in behind(manner("Wild"))
    assert preset("Wild").says
