from __future__ import annotations

from dataclasses import replace
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


def chapters_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The chapters whose text is read from now on."""
    read: list[str] = []
    manuscripts = desk.studio._manuscripts  # pyright: ignore[reportPrivateUsage]
    whole = manuscripts.chapter

    def noted(id: str) -> Any:
        read.append(id)
        return whole(id)

    monkeypatch.setattr(manuscripts, "chapter", noted)
    return read


def test_only_a_chapter_that_has_changed_is_read_again(
    desk: Desk, bookwide: Bookwide, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = desk.book("One two.", "Three four.", "Five six.")
    chapters = desk.chapters(project)
    opened = desk.studio.chapter(chapters[0])
    bookwide.copies(opened, 2)
    desk.rewrite(chapters[1], lambda text: text + " More.")
    read = chapters_read(desk, monkeypatch)
    bookwide.copies(opened, 2)
    bookwide.habit(opened)
    assert read == [chapters[1]]


def test_the_book_is_not_read_again_for_each_take(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    chapters = desk.chapters(desk.book("One two.", "Three four.", "Five six."))
    list(desk.studio.continue_(chapters[0], 1, 8, Sampling()))
    read = chapters_read(desk, monkeypatch)
    list(desk.studio.continue_(chapters[0], 1, 8, Sampling(takes=2)))
    assert not set(read) & set(chapters[1:])


def test_what_is_counted_belongs_to_the_text_that_was_read(desk: Desk, bookwide: Bookwide) -> None:
    """The chapter moves on between the request for a take and the counting."""
    (chapter,) = desk.chapters(desk.book("One two three."))
    asked_for = desk.studio.chapter(chapter)
    desk.rewrite(chapter, lambda _: "Four five six.")
    for opened in (asked_for, desk.studio.chapter(chapter)):
        is_known = known(bookwide.copies(opened, 2))
        assert is_known(words_hash(["four", "five"])) and not is_known(words_hash(["one", "two"]))


BOOK = "The harbour had emptied itself in the night and where the ferries should have been there was mud. She ran."


def copied(desk: Desk, bookwide: Bookwide, text: str, *book: str) -> int:
    first = desk.studio.chapter(desk.chapters(desk.book(*book))[0])
    return bookwide.copied(text, first, (0, 0))


def test_more_than_twelve_words_in_a_row_are_a_copy_whatever_the_punctuation(desk: Desk, bookwide: Bookwide) -> None:
    book = ("Nobody came.", BOOK)
    longer = "And the harbour had emptied itself in the night; and WHERE the ferries: should have left."
    assert copied(desk, bookwide, longer, *book) == 14
    twelve = "The harbour had emptied itself in the night and where the ferries once lay."
    assert copied(desk, bookwide, twelve, *book) == 0
    assert copied(desk, bookwide, BOOK, *book) == copied(desk, bookwide, BOOK, *reversed(book)) == 20
    assert copied(desk, bookwide, "", *book) == copied(desk, bookwide, BOOK, "Short.") == 0


def test_a_copy_does_not_go_across_chapters(desk: Desk, bookwide: Bookwide) -> None:
    words = BOOK.split()
    assert copied(desk, bookwide, BOOK, " ".join(words[:10]), " ".join(words[10:])) == 0


def test_what_was_accepted_of_a_take_while_it_came_is_no_copy(desk: Desk, bookwide: Bookwide) -> None:
    (chapter,) = desk.chapters(desk.book("Nobody came. "))
    asked_for = desk.studio.chapter(chapter)
    bookwide.copied(BOOK, asked_for, (13, 13))
    desk.rewrite(chapter, lambda text: text + BOOK)
    assert bookwide.copied(BOOK, asked_for, (13, 13)) == 0


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
