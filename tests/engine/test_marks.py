from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from templora.marks import Habit, Marks, habit, tally
from tests.engine.test_streaming import pieces_of, run

SOME = settings(max_examples=100, deadline=None)

AMERICAN = Habit(speech="“", apostrophe="’", dash="—", ellipsis="…")
TYPED = Habit(speech='"', apostrophe="'", dash="--", ellipsis="...")
BRITISH = Habit(speech="‘", apostrophe="’", dash=" – ", ellipsis="...")
HABITS = {"American": AMERICAN, "typed": TYPED, "British": BRITISH}
BOOKS = {
    "American": "“I don’t know—truly—what she’d say,” he said. “She said, ‘Go.’ And then…”\n\n",
    "typed": "\"I don't know--truly--what she'd say,\" he said. \"She said, 'Go.' And then...\"\n\n",
    "British": "‘I don’t know – truly – what she’d say,’ he said. ‘She said, “Go.” And then...’\n\n",
}


def marked(text: str, habit: Habit, before: str = "", seed: int | None = None) -> str:
    pieces = [text] if seed is None or len(text) < 3 else pieces_of(text, seed)
    return run([Marks(habit, before)], pieces)[0]


@pytest.mark.parametrize("name", HABITS)
def test_a_books_habit_is_what_it_mostly_does(name: str) -> None:
    book = BOOKS[name] * 8
    assert habit([tally(book)]) == HABITS[name]
    assert habit([tally(book) + tally(next(text for other, text in BOOKS.items() if other != name))]) == HABITS[name]


def test_a_text_that_is_short_or_mixed_has_no_habit() -> None:
    assert habit([tally("“Yes,” he said—and left.")]) == Habit()
    assert habit([tally('“Yes.” "No." ' * 10)]) == Habit()
    assert habit([tally("«Oui.» " * 10)]) == Habit()


def test_the_chapter_says_what_the_book_does_not() -> None:
    book, chapter = tally("So it was… " * 9), tally(BOOKS["typed"] * 5)
    assert habit([book, chapter]) == Habit(speech='"', apostrophe="'", dash="--", ellipsis="…")


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("taken", BOOKS)
@pytest.mark.parametrize("name", HABITS)
def test_a_take_gets_the_books_marks(name: str, taken: str, seed: int | None) -> None:
    assert marked(BOOKS[taken] * 2, HABITS[name], seed=seed) == BOOKS[name] * 2


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'Tis done, 'cause I said so in the '90s.", "’Tis done, ’cause I said so in the ’90s."),
        ("‘The boys’ room,’ she said. ‘I’m goin’ home now.’", "“The boys’ room,” she said. “I’m goin’ home now.”"),
        ("the word 'home' was hers", "the word “home” was hers"),
        ('"But--" she said.', "“But—” she said."),
        ('He said--"No."', "He said—“No.”"),
        ("She left - nobody saw - and", "She left—nobody saw—and"),
        ("1914-18, pp. 3–5, 10 - 5, well-known, Paris–London", "1914-18, pp. 3–5, 10 - 5, well-known, Paris–London"),
        ("- one\n- two\n\n---\n\n***", "- one\n- two\n\n---\n\n***"),
        ("Wait.... what?.. no. . . yes", "Wait.... what?.. no. . . yes"),
        ('"One.\n\n"Two," he said.', "“One.\n\n“Two,” he said."),
        ('*"Go,"* she said.', "*“Go,”* she said."),
        ("a 'b' \"c 'd' e\"", "a “b” “c ‘d’ e”"),
        ("— Bonjour", "— Bonjour"),
    ],
)
def test_marks_are_told_from_what_looks_like_them(text: str, expected: str, seed: int | None) -> None:
    assert marked(text, AMERICAN, "x\n", seed) == expected


def test_spaced_dashes_for_a_book_that_spaces_them() -> None:
    assert marked("She left—nobody saw—and “But—” he said", BRITISH) == "She left – nobody saw – and ‘But–’ he said"


@pytest.mark.parametrize(
    ("before", "text", "expected"),
    [
        ("“I know", '," he said. "Go."', ",” he said. “Go.”"),
        ("“I know,” he said. ", '"Go."', "“Go.”"),
        ("He said ", '"Go."', "“Go.”"),
        ("She didn", "'t go", "’t go"),
        ("She left ", "- and came", "— and came"),
        ("wait.", "..", ".."),
    ],
)
def test_the_take_goes_on_from_what_is_before_it(before: str, text: str, expected: str) -> None:
    assert marked(text, AMERICAN, before) == expected


def test_without_a_habit_nothing_is_changed() -> None:
    for text in BOOKS.values():
        assert marked(text, Habit()) == text


mixed = st.text("ab AB.…'\"“”‘’—–-\n,9*", max_size=40)
habits = st.sampled_from([AMERICAN, TYPED, BRITISH, Habit(), Habit(dash=" — "), Habit(speech="'", ellipsis="…")])


def without_marks(text: str) -> str:
    return re.sub(r"""[\s.…'"“”‘’—–-]""", "", text)


@SOME
@given(mixed, habits, st.integers(0, 99), mixed)
def test_nothing_but_marks_changes_and_the_pieces_do_not_matter(
    text: str, habit: Habit, seed: int, before: str
) -> None:
    whole = marked(text, habit, before)
    assert without_marks(whole) == without_marks(text)
    assert whole.count("\n") == text.count("\n")
    assert marked(text, habit, before, seed) == whole


@SOME
@given(st.lists(st.sampled_from(["American", "typed", "British"]), max_size=3), habits)
def test_what_is_in_the_books_marks_stays_as_it_is(names: list[str], habit: Habit) -> None:
    once = marked("".join(BOOKS[name] for name in names), habit)
    assert marked(once, habit) == once


def test_little_is_held() -> None:
    part = Marks(AMERICAN)
    for character in "".join(BOOKS.values()) * 3:
        part.push(character)
        assert len(part._held) < 9  # pyright: ignore[reportPrivateUsage]
