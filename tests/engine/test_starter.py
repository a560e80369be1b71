"""The engine on the real starter model, where behaviour depends on a model that can write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from templora import models
from templora.adapter import Adapter
from templora.chunks import FileTokenizer
from templora.composing import compose_prompt
from templora.config import DEFAULT, Sampling
from templora.engine import Compose, Event, ModelInfo, Rewrite, TakeDone, Token
from templora.generator import Generator
from templora.learner import GiveWay, Learner
from templora.prompts import rewrite_prompt
from templora.reading import Entry, Extras, assemble
from templora.verbs import VERBS
from templora.window import Piece
from tests.engine.tiny import TEXT, all_of, base_weights

SAMPLING = Sampling(max_tokens=16, seed=5)


class Desk:
    """The parts of an engine, put together by hand."""

    def __init__(self, info: ModelInfo) -> None:
        loaded = models.load(info)
        self.info = info
        self.tokenizer: Any = loaded.tokenizer
        self.adapter = Adapter(loaded.model, DEFAULT)
        self.untouched = base_weights(self.adapter)
        self.learner = Learner(self.adapter, info.bos_id)
        self.generator = Generator(self.adapter, loaded.tokenizer)

    def ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False)

    def prompt(self, text: str) -> list[int]:
        assert self.info.bos_id is not None
        return [self.info.bos_id, *self.ids(text)]


@pytest.fixture(scope="module")
def loaded(starter: ModelInfo) -> Desk:
    return Desk(starter)


@pytest.fixture
def desk(loaded: Desk) -> Iterator[Desk]:
    torch.set_num_threads(2)
    loaded.adapter.reset()
    loaded.generator.forget()
    yield loaded


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def test_the_memory_learns_and_the_base_model_stays_as_it_is(desk: Desk) -> None:
    chunk = desk.ids("\n\n" + TEXT)[:64]
    lessons = [desk.learner.learn([], chunk, "aa") for _ in range(3)]
    means = [sum(lesson.memory_losses) / len(chunk) for lesson in lessons]
    assert lessons[0].memory_losses[:32] == pytest.approx(lessons[0].base_losses[:32], rel=1e-3, abs=1e-3)
    assert means[2] < means[0] - 0.3
    assert lessons[2].base_losses == lessons[0].base_losses
    assert text_of(list(desk.generator.stream(desk.prompt(TEXT), "aa", replace(SAMPLING, max_tokens=4))))
    assert base_weights(desk.adapter) == desk.untouched


def test_a_lesson_given_up_goes_on_with_the_piece_in_hand_and_makes_the_same_bytes(desk: Desk) -> None:
    chunk = (desk.ids("\n\n" + TEXT) * 4)[:128]
    asked = 0

    def late() -> bool:
        nonlocal asked
        asked += 1
        return asked == 3 * 30 + 30 + 20  # the base has read, a piece is learnt; this is on the second one's way back

    with pytest.raises(GiveWay):
        desk.learner.learn([], chunk, "aa", late)
    given_up = desk.learner.learn([], chunk, "aa", late)
    assert asked == 3 * 30 + 30 + 20 + 2 * 30
    redone = all_of(desk.adapter.state())
    desk.adapter.reset()
    at_once = desk.learner.learn([], chunk, "aa")
    assert all_of(desk.adapter.state()) == redone
    assert given_up.memory_losses == at_once.memory_losses


def test_a_continuation_is_prose_and_reproducible(desk: Desk) -> None:
    prompt = desk.prompt("\n\n" + TEXT + "\n\nShe opened the drawer and")
    events = list(desk.generator.stream(prompt, None, SAMPLING))
    text = text_of(events)
    assert events[-1] == TakeDone(0, 16, "length")
    assert len(text.split()) > 6
    assert "\ufffd" not in text
    batch = list(desk.generator.stream(prompt, None, replace(SAMPLING, takes=2, max_tokens=4)))
    first = text_of([event for event in batch if event.take == 0])
    assert text.startswith(first)
    desk.generator.forget()
    assert list(desk.generator.stream(prompt, None, SAMPLING)) == events


def test_a_rewrite_is_a_passage_and_no_talk(desk: Desk) -> None:
    request = Rewrite(None, "", TEXT.split("\n\n", maxsplit=1)[0], "", "", {})
    ids, filters = rewrite_prompt(desk.tokenizer, request, desk.info.bos_id, 4000, answers=True)
    text = text_of(list(desk.generator.stream(ids, None, Sampling(max_tokens=32, seed=1), filters)))
    assert len(text.split()) > 6
    assert text == text.strip()
    assert not text.lower().startswith(("here is", "sure", "rewritten"))


AFTER = "The mud was warmer than the air. It took her to the shin, and then to the knee."
TALK = ("here is", "here's", "sure", "rewritten", "the story so far", "how it goes on", "[later", "i have", "passage:")


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize(("after", "beat"), [("", "She takes off her shoes."), (AFTER, "")])
def test_a_beat_and_a_gap_are_written_as_prose(desk: Desk, after: str, beat: str, answers: bool) -> None:
    request = Compose(None, TEXT + "\n\n", after, beat, {})
    ids, filters = compose_prompt(desk.tokenizer, request, desk.info.bos_id, 4000, answers)
    events = list(desk.generator.stream(ids, None, Sampling(max_tokens=12, takes=2, seed=3), filters))
    assert sorted(event.take for event in events if isinstance(event, TakeDone)) == [0, 1]
    for take in (0, 1):
        is_prose(text_of([event for event in events if event.take == take]))


@pytest.mark.parametrize(("verb", "answers"), [*((verb, True) for verb in VERBS), ("past", False)])
def test_each_verb_answers_with_a_passage(desk: Desk, verb: str, answers: bool) -> None:
    passage = "She opened the door. He walks in and sits down by the fire."
    request = Rewrite(None, "", passage, "", "", {}, 1.0, verb)
    ids, filters = rewrite_prompt(desk.tokenizer, request, desk.info.bos_id, 4000, answers)
    events = list(desk.generator.stream(ids, None, Sampling(max_tokens=12, temperature=0), filters))
    assert isinstance(events[-1], TakeDone)
    is_prose(text_of(events))


def is_prose(text: str) -> None:
    """A passage without the talk that a small model begins with."""
    assert len(text.split()) > 3
    assert text == text.strip()
    assert not text.lower().startswith(TALK)
    assert AFTER[:24] not in text


@pytest.mark.parametrize(
    ("extras", "begun", "word"),
    [
        (Extras([Entry("m", "character", "Margriet", (), "Her brother is Joost, a carpenter.")]),
         "Margriet put the lamp down and called her brother,", " Joost"),
        (Extras(synopsis="Margriet goes to the lighthouse."), "She took her coat and walked to the", " lighthouse"),
        (Extras(note="Deep winter, heavy snow."), "Outside there was only", " snow"),
    ],
    ids=["bible", "synopsis", "note"],
)  # fmt: skip
def test_what_is_read_beside_the_text_is_made_use_of(desk: Desk, extras: Extras, begun: str, word: str) -> None:
    tokenizer = FileTokenizer(desk.info.tokenizer)
    piece = Piece.begun(f"{TEXT}\n\n{begun}", tokenizer)

    def loss(beside: Extras) -> float:
        ids = assemble([piece], beside, tokenizer, 512, 4000).ids
        return sum(desk.learner.score(ids, desk.ids(word), memory=False))

    assert loss(extras) < loss(Extras()) - 1.0
