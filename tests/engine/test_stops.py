from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from templora.stops import LastSentence, Scene, Sentences, Whole
from templora.streaming import Filter
from tests.engine.test_streaming import pieces_of, run

SOME = settings(max_examples=80, deadline=None)


def first_sentence(text: str, seed: int | None = None) -> tuple[str, bool]:
    pieces = [text] if seed is None or len(text) < 3 else pieces_of(text, seed)
    return run([Sentences()], pieces)


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize(
    "text",
    [
        "The lamp was lit.| Nobody came.",
        "“You are early,” she said.| He was.",
        "“You are early.”| He was.",
        "“Stop!” he said.| Then he ran.",
        '"Stop!" he said.| "Why?" she asked.',
        "She met Mr. Hale at St. Mary's.| He bowed.",
        "She met J. R. Hale there.| He bowed.",
        "It was I.| He bowed.",
        "They sold fruit, e.g. Apples and pears.| Then they left.",
        "It came at 5 p.m.| He bowed.",
        "It cost 3.14 crowns.| He paid.",
        "He lived at No. 5.| She knew.",
        "Did she say no.| She did.",
        "Well… perhaps.| It rained.",
        "Well…| It rained.",
        "What?!| It rained.",
        "(She had gone.)| It rained.",
        "*She had gone.*| It rained.",
        "“Go!” — he went.| It rained.",
        "‘Gone,’ he said. ‘And for good.’",
        "One line.|\nAnother.",
        ". Then she went.| It rained.",
        "彼は行った。|彼女は泣いた。",
        "「行け！」と彼は言った。|彼女は泣いた。",
        "「行け！」|「はい」",
        "“好！”他说。|她哭了。",
        "वह चला गया।| वह रोई।",
        "هل ذهب؟| نعم.",
        "„Geh!“, sagte er.| Sie ging.",
        "« Va ! » dit-il.| Elle partit.",
        "Он ушёл.| Она заплакала.",
        "no end in sight",
        "an end at last.",
    ],
)
def test_a_take_ends_with_its_sentence(text: str, seed: int | None) -> None:
    expected, bar, _ = text.partition("|")
    if text.startswith("‘Gone"):
        expected, bar = "‘Gone,’ he said.", "|"
    assert first_sentence(text.replace("|", ""), seed) == (expected, bool(bar))


@SOME
@given(st.text("aB. !?”\n'…。", max_size=30), st.integers(0, 100))
def test_the_pieces_in_which_a_text_comes_do_not_matter(text: str, seed: int) -> None:
    whole = first_sentence(text)
    assert first_sentence(text, seed) == whole
    assert text.startswith(whole[0])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_take_ends_with_the_sentence_in_which_its_length_runs_out(seed: int) -> None:
    part, early = LastSentence(), "He came. He saw. She met Mr."
    assert run([part], pieces_of(early, seed)) == (early, False)
    part.closing = True
    assert run([part], pieces_of(" Hale. He bowed.", seed)) == (" Hale.", True)


def scene(text: str, seed: int | None = None) -> tuple[str, bool]:
    pieces = [text] if seed is None or len(text) < 3 else pieces_of(text, seed)
    return run([Scene()], pieces)


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize(
    ("text", "expected", "done"),
    [
        ("She left.\n\n***\n\nIn the morning", "She left.", True),
        ("She left. \n\n* * *\nIn the morning", "She left.", True),
        ("She left.\n\n---\nIn the morning", "She left.", True),
        ("She left.\n\n# Two\n\nIn the morning", "She left.", True),
        ("She left.\n\n***", "She left.", False),
        ("***\n\nShe left.\n\n*Then* she", "***\n\nShe left.\n\n*Then* she", False),
        ("She left.\n\n- one\n- two", "She left.\n\n- one\n- two", False),
        ("She — left\n— so", "She — left\n— so", False),
        ("She #left\n#so it was", "She #left\n#so it was", False),
        ("She left. ", "She left. ", False),
    ],
)
def test_a_take_ends_before_the_next_scene(text: str, expected: str, done: bool, seed: int | None) -> None:
    assert scene(text, seed) == (expected, done)


@SOME
@given(st.text("a *#\n-", max_size=20), st.integers(0, 100))
def test_the_pieces_do_not_matter_for_a_scene(text: str, seed: int) -> None:
    whole, done = scene(text)
    assert scene(text, seed) == (whole, done)
    assert text.startswith(whole)
    # What is left out at the end without another scene: a line of marks, or a heading that nothing follows.
    rest = text[len(whole) :]
    assert done or re.fullmatch(r"[ *#\n-]*|\s*#{1,6} .*", rest)


def test_a_heading_that_ends_a_take_is_left_out() -> None:
    assert scene("He went.\n\n# Two")[0] == "He went."


@pytest.mark.parametrize("make", [Sentences, Scene])
def test_nothing_is_held_for_long(make: type[Filter]) -> None:
    part = make()
    assert part.push("Nobody answered, and the boat") == "Nobody answered, and the boat"
    assert part.push(" knocked") == " knocked"


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize(
    "text",
    [
        "The lamp was lit. Nobody came.| She was curious about what",
        "“Stop!” he said. “Why?” she asked.",
        "“Stop!” he said. “Why?”\n\nShe met Mr. Hale.|\n\nIn the sixty-",
        "The lamp was lit, and",  # there is no other
        "好！他说。",
        "",
    ],
)
def test_a_passage_between_two_ends_with_a_whole_sentence(text: str, seed: int | None) -> None:
    whole = text.replace("|", "")
    pieces = [whole] if seed is None or len(whole) < 3 else pieces_of(whole, seed)
    assert run([Whole()], pieces)[0] == text.split("|", maxsplit=1)[0]
