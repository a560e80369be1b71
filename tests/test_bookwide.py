from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from templora.bookwide import Bookwide
from templora.config import Sampling
from templora.engine import Continue, Generation, Rewrite
from templora.marks import Habit
from templora.phrases import words_hash
from templora.shaping import known
from tests.studio_desk import Desk

CURLY = "“I don’t know—truly,” he said. “Go… now.”\n\n"
STRAIGHT = '"I don\'t know--truly," she said. "Go... now."\n\n'


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.studio.close()


@pytest.fixture
def bookwide(desk: Desk) -> Bookwide:
    return Bookwide(desk.studio._manuscripts)  # pyright: ignore[reportPrivateUsage]


def asked(desk: Desk) -> list[Generation]:
    """The requests that the engine gets from now on."""
    seen: list[Generation] = []
    stream = desk.engine.stream

    def noted(request: Generation) -> Any:
        seen.append(request)
        return stream(request)

    desk.engine.stream = noted  # type: ignore[method-assign]
    return seen


def test_the_marks_are_those_of_the_book_and_follow_its_changes(desk: Desk, bookwide: Bookwide) -> None:
    project = desk.book(CURLY * 9, STRAIGHT * 2)
    first, second = desk.chapters(project)
    assert bookwide.habit(desk.studio.chapter(second)) == Habit("“", "’", "—", "…")
    desk.rewrite(first, lambda _: STRAIGHT * 9)
    assert bookwide.habit(desk.studio.chapter(second)) == Habit('"', "'", "--", "...")


def test_what_may_not_be_copied_is_every_chapter_and_nothing_across_two(desk: Desk, bookwide: Bookwide) -> None:
    project = desk.book("The lamp was lit.", "Before anybody came.")
    first, second = desk.chapters(project)
    is_known = known(bookwide.copies(desk.studio.chapter(first), 3))
    assert is_known(words_hash(["the", "LAMP", "was"])) and is_known(words_hash(["before", "anybody", "came"]))
    assert not is_known(words_hash(["was", "lit", "before"]))
    desk.rewrite(second, lambda _: "So it was.")
    is_known = known(bookwide.copies(desk.studio.chapter(first), 3))
    assert not is_known(words_hash(["before", "anybody", "came"])) and is_known(words_hash(["so", "it", "was"]))
    assert known(bookwide.copies(desk.studio.chapter(first), 4))(words_hash(["the", "lamp", "was", "lit"]))


def test_of_a_very_long_book_the_end_is_guarded(
    desk: Desk, bookwide: Bookwide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("templora.bookwide.MOST_WORDS", 3)
    (chapter,) = desk.chapters(desk.book("one two three four five six seven"))
    is_known = known(bookwide.copies(desk.studio.chapter(chapter), 2))
    pairs = [("one", "two"), ("three", "four"), ("four", "five"), ("six", "seven")]
    assert [is_known(words_hash(pair)) for pair in pairs] == [False, False, True, True]
    assert not known("")(words_hash(["one", "two"]))


def test_only_a_chapter_that_has_changed_is_read_again(
    desk: Desk, bookwide: Bookwide, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = desk.book("One two.", "Three four.", "Five six.")
    chapters = desk.chapters(project)
    opened = desk.studio.chapter(chapters[0])
    bookwide.copies(opened, 2)
    desk.rewrite(chapters[1], lambda text: text + " More.")
    read: list[str] = []
    manuscripts = desk.studio._manuscripts  # pyright: ignore[reportPrivateUsage]
    whole = manuscripts.chapter

    def noted(id: str) -> Any:
        read.append(id)
        return whole(id)

    monkeypatch.setattr(manuscripts, "chapter", noted)
    bookwide.copies(opened, 2)
    bookwide.habit(opened)
    assert read == [chapters[1]]


def test_a_take_is_asked_for_in_the_marks_of_the_book(desk: Desk) -> None:
    (chapter,) = desk.chapters(desk.book(CURLY * 5))
    seen = asked(desk)
    sampling = Sampling(copied_words=5)
    end = len(desk.studio.chapter(chapter).text)
    for ready in (sampling, replace(sampling, follow_marks=False, copied_words=0)):
        list(desk.studio.continue_(chapter, 1, end, ready))
    list(desk.studio.rewrite(chapter, 1, (0, 20), None, sampling))
    plain, bare, rewrite = seen
    assert isinstance(plain, Continue) and isinstance(rewrite, Rewrite)
    assert plain.habit == {"speech": "“", "apostrophe": "’", "dash": "—", "ellipsis": "…"}
    assert known(plain.copies)(words_hash(["know", "truly", "he", "said", "go", "now"]))
    assert (bare.habit, bare.copies) == (None, "")
    assert rewrite.habit == plain.habit and rewrite.copies == ""  # it says again what is in the book
