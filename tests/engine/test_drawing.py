from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from templora.config import NEUTRAL
from templora.drawing import RETURNS_PER_TOKEN, Take
from templora.engine import Event, TakeDone, Token
from templora.phrases import Phrases
from templora.samplers import Sampler, Vocabulary
from templora.stops import LastSentence
from templora.streaming import Filter, Paragraphs
from tests.engine.tiny import tiny_tokenizer

PIECES = ["", "a", "b", "A", " ", "ab", " ba", "b a", "-", "<end>"]
END = len(PIECES) - 1
GREEDY = replace(NEUTRAL, temperature=0)
SOME = settings(max_examples=60, deadline=None)


def decode(ids: list[int]) -> str:
    return "".join(PIECES[id] for id in ids)


class Pieces:
    def decode(self, ids: list[int], **_: Any) -> str:
        return decode(ids)


def model(seed: int, length: int = 3) -> Callable[[list[int]], torch.Tensor]:
    """Logits that depend on the last tokens alone, at random."""

    def logits(ids: list[int]) -> torch.Tensor:
        rng = random.Random(f"{seed} {ids[-length:]}")
        return torch.tensor([rng.gauss(0, 2) for _ in PIECES])

    return logits


def take(banned: list[str], most: int, prompt: list[int], filters: list[Filter] | None = None, **sampling: Any) -> Take:
    sampler = Sampler(replace(GREEDY, **sampling), Vocabulary(Pieces(), [END]), 5, [])
    return Take(0, prompt, sampler, decode, frozenset([END]), filters or [], [Phrases(banned)], most)


def written(take: Take, logits: Callable[[list[int]], torch.Tensor]) -> list[Event]:
    events: list[Event] = []
    while take.finish_reason is None:
        take.draw(logits(take.ids))
        events += take.flush()
    return events


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def plainly(banned: list[str], most: int, prompt: list[int], logits: Callable[[list[int]], torch.Tensor]) -> str | None:
    """The take by looking at the whole text after each token, showing nothing before the end. None: it gave up."""
    pattern = "|".join(rf"(?<![^\W_]){re.escape(phrase)}(?![^\W_])" for phrase in banned)
    start, barred = len(decode(prompt)), dict[tuple[int, ...], set[int]]()
    ids = list(prompt)
    for _ in range(RETURNS_PER_TOKEN * most):
        while True:
            scores = logits(ids)
            scores[list(barred.get(tuple(ids), ()))] = -torch.inf
            if scores.max() == -torch.inf:
                return decode(ids)[start:]
            id = int(scores.argmax())
            ends = id == END
            ids += [] if ends else [id]
            text = decode(ids)
            last = ends or len(ids) - len(prompt) >= most
            found = re.finditer(rf"(?=({pattern}))", text, re.IGNORECASE)
            places = [
                match.start()
                for match in found
                if match.end(1) > start and (last or match.end(1) < len(text) or not text[-1].isalnum())
            ]
            if places:
                break
            if last:
                return text[start:]
        place = max(min(places), start)
        length = next(n for n in range(len(prompt) + 1, len(ids) + 1) if len(decode(ids[:n])) > place)
        barred.setdefault(tuple(ids[: length - 1]), set()).add(ids[length - 1])
        ids = ids[: length - 1]
    return None


phrases = st.lists(
    st.text("abA -", min_size=1, max_size=7).filter(lambda text: text[0].isalnum() and text[-1].isalnum()),
    min_size=1,
    max_size=4,
)


@SOME
@given(st.integers(0, 10_000), phrases, st.integers(1, 20), st.lists(st.integers(1, 8), min_size=1, max_size=5))
def test_a_take_is_the_likeliest_one_without_the_phrases(
    seed: int, banned: list[str], most: int, prompt: list[int]
) -> None:
    drawn = take(banned, most, prompt)
    events = written(drawn, model(seed))
    expected = plainly(banned, most, prompt, model(seed))
    if expected is not None:
        assert text_of(events) == expected
    assert isinstance(events[-1], TakeDone)
    whole, start = decode(prompt) + text_of(events), len(decode(prompt))
    for phrase in banned:
        found = re.finditer(rf"(?=((?<![^\W_]){re.escape(phrase)}(?![^\W_])))", whole, re.IGNORECASE)
        assert all(match.end(1) <= start for match in found)


@SOME
@given(st.integers(0, 10_000), phrases, st.integers(1, 12))
def test_a_drawn_take_always_ends_and_never_holds_a_phrase(seed: int, banned: list[str], most: int) -> None:
    drawn = take(banned, most, [1], temperature=1.5, dry_multiplier=1.0)
    text = text_of(written(drawn, model(seed)))
    assert Phrases(banned).look("a" + text, 1, 1, final=True)[0] is None
    assert drawn.drawn <= most


def test_the_take_goes_on_another_way_and_shows_nothing_of_the_first() -> None:
    plan = {(): 5, (5,): 4, (5, 4): 1, (5, 4, 1): 8}  # ab, space, a, -

    def logits(ids: list[int]) -> torch.Tensor:
        scores = torch.zeros(len(PIECES))
        scores[plan.get(tuple(ids[1:]), 2)] = 5.0
        scores[END] = -10.0
        return scores

    drawn = take(["ab a"], 4, [8])
    shown: list[str] = []
    for _ in range(3):
        drawn.draw(logits(drawn.ids))
        shown.append(text_of(drawn.flush()))
    assert shown == ["", "", ""]
    assert decode(drawn.ids) == "-ab a"
    drawn.draw(logits(drawn.ids))
    assert drawn.ids == [8]  # 'ab' may not stand there
    events = written(drawn, logits)
    assert text_of(events).startswith("a") or text_of(events).startswith("b")
    assert drawn.drawn == 4


def test_where_every_way_is_barred_the_take_ends() -> None:
    drawn = take(["a", "b", "ab", "ba", "b a", "-", "--"], 6, [8])
    events = written(drawn, model(1))
    assert isinstance(events[-1], TakeDone)
    assert not re.search("[abAB]", text_of(events))


def test_a_take_that_keeps_going_back_ends_with_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("templora.drawing.RETURNS_PER_TOKEN", 1)
    drawn = take(["a", "b"], 1, [8])
    events = written(drawn, lambda _: torch.tensor([0.0, 9, 8, 7, 0, 6, 5, 4, 0, 0]))
    assert events[-1] == TakeDone(0, drawn.drawn, "stop")
    assert not re.search("[abAB]", text_of(events))


def test_cancelled_with_half_a_phrase_in_hand_the_take_shows_it_and_never_a_whole_one() -> None:
    for ids, shown in (([5, 4], "ab "), ([5, 4, 1], "")):
        drawn = take(["ab a"], 9, [8])
        for id in ids:
            scores = torch.zeros(len(PIECES))
            scores[id] = 9.0
            drawn.draw(scores)
        assert drawn.flush() == []
        drawn.end("cancelled")
        assert text_of(drawn.flush()) == shown


STORY = [" He went", ".", " She stayed", " and wept"]


@pytest.mark.parametrize(
    ("told", "expected", "reason"),
    [
        # Of the next sentence nothing is shown.
        ("012331012", " He went. She stayed and wept and wept. He went.", "stop"),
        ("012333333", " He went. She stayed" + 6 * " and wept", "length"),  # no sentence ends late enough
        ("012333331", " He went. She stayed" + 5 * " and wept" + ".", "length"),
    ],
)
def test_a_take_ends_with_a_whole_sentence_near_its_length(told: str, expected: str, reason: str) -> None:
    class Words:
        def decode(self, ids: list[int], **_: Any) -> str:
            return "".join(STORY[id] for id in ids)

    sampler = Sampler(GREEDY, Vocabulary(Words(), []), 5, [])
    drawn = Take(0, [1], sampler, Words().decode, frozenset(), [LastSentence()], [], len(told))
    events: list[Event] = []
    for id in map(int, told):
        if drawn.finish_reason is None:
            drawn.draw(torch.nn.functional.one_hot(torch.tensor(id), len(STORY)).float())
            events += drawn.flush()
    assert (text_of(events), drawn.finish_reason) == (expected, reason)


def test_filters_see_only_what_is_certain() -> None:
    drawn = take(["b a"], 30, [8], [Paragraphs()])
    assert text_of(written(drawn, model(7)))


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return tiny_tokenizer()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_going_back_never_leaves_half_a_character(tokenizer: PreTrainedTokenizerFast, seed: int) -> None:
    def by_bytes(ids: list[int]) -> str:
        return str(tokenizer.decode(ids, skip_special_tokens=True))

    accents = [id for text in ("é ü 東 😀", "a e i") for id in tokenizer.encode(text, add_special_tokens=False)]
    sampler = Sampler(NEUTRAL, Vocabulary(tokenizer, [1]), seed, [])
    drawn = Take(0, [5], sampler, by_bytes, frozenset([1]), [], [Phrases(["a", "é", "i é"])], 40)
    rng = random.Random(seed)
    while drawn.finish_reason is None:
        scores = torch.full((320,), -40.0)
        for id in rng.sample(accents, 4):
            scores[id] = rng.random()
        drawn.draw(scores)
    text = text_of(drawn.flush())
    assert "\ufffd" not in text
    assert by_bytes(drawn.ids[1:]).replace("\ufffd", "") == text.replace("\ufffd", "")
    assert Phrases(["a", "é", "i é"]).look(text, 0, 0, final=True)[0] is None
