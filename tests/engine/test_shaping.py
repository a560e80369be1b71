from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from templora.config import Sampling
from templora.embedded import EmbeddedEngine
from templora.engine import Compose, Continue, Generation, Rewrite, TakeDone
from templora.marks import Habit
from templora.phrases import WORD, passage_hashes
from templora.shaping import packed, shaping, watches
from tests.engine.asking import text_of
from tests.engine.test_streaming import run

MARKS = asdict(Habit(speech="“", apostrophe="’", dash="—", ellipsis="…"))
TEXT = ' "Go," he said. Then...\n\nHe left.\n\n***\n\nMorning.'


def shaped(request: Generation, stop_at: str = "none", before: str = "He said") -> str:
    sampling = Sampling(stop_at=stop_at)  # type: ignore[arg-type]
    filters = shaping(request, sampling, lambda _: before)()
    return run(filters, [TEXT[at : at + 3] for at in range(0, len(TEXT), 3)])[0]


@pytest.mark.parametrize(
    ("stop_at", "expected"),
    [
        ("none", " “Go,” he said. Then…\n\nHe left.\n\n***\n\nMorning."),
        ("sentence", " “Go,” he said."),
        ("paragraph", " “Go,” he said. Then…"),
        ("scene", " “Go,” he said. Then…\n\nHe left."),
    ],
)
def test_a_take_ends_where_it_is_asked_to_in_the_marks_of_the_book(stop_at: str, expected: str) -> None:
    assert shaped(Continue(None, [1], {}, habit=MARKS), stop_at) == expected
    assert shaped(Continue(None, [1], {}, after_space=True, habit=MARKS), stop_at) == expected[1:]
    assert shaped(Compose(None, "He said", "", "", {}, habit=MARKS), stop_at) == expected
    assert shaped(Continue(None, [1], {}), "sentence") == ' "Go," he said.'


def test_a_rewrite_ends_where_its_passage_does() -> None:
    request = Rewrite(None, "“Stay", "x", "", "", {}, habit=MARKS)
    assert shaped(request, "sentence").endswith("Morning.")


def test_speech_that_is_open_before_the_take_is_closed_in_it() -> None:
    filters = shaping(Continue(None, [1], {}, habit=MARKS), Sampling(), lambda _: "“I know,")()
    assert run(filters, ['" he', " said."])[0] == "” he said."


def test_a_guard_needs_the_book_and_the_wish() -> None:
    copies = packed(passage_hashes("one two three four", 4))
    (watch,) = watches(Continue(None, [1], {}, copies=copies), Sampling(copied_words=3))
    assert watch.look("One, two three four.", 0, 0, final=True)[0] == 15
    assert not watches(Continue(None, [1], {}, copies=copies), Sampling(copied_words=0))
    assert not watches(Continue(None, [1], {}), Sampling(copied_words=3))


def test_an_engine_writes_no_copy_and_no_banned_phrase(engine: EmbeddedEngine, ids: list[int]) -> None:
    sampling = Sampling(
        max_tokens=60, seed=3, temperature=1, top_p=1, min_p=0, repetition_penalty=1, dry_multiplier=0.0
    )
    plain = text_of(list(engine.stream(Continue(None, ids[:40], asdict(sampling)))))
    words = [word[0] for word in WORD.finditer(plain)]
    assert len(words) > 8
    copies = packed(passage_hashes(plain, 4))
    guarded = replace(sampling, copied_words=3, banned=(words[2],))
    events = list(engine.stream(Continue(None, ids[:40], asdict(guarded), copies=copies)))
    assert isinstance(events[-1], TakeDone)
    written = text_of(events)
    assert not set(passage_hashes(written, 4)) & set(passage_hashes(plain, 4))
    assert words[2] not in [word[0] for word in WORD.finditer(written)]
