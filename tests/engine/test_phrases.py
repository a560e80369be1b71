from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from templora.phrases import Copies, Phrases, passage_hashes, words_hash

SOME = settings(max_examples=60, deadline=None)
texts = st.text("abAB -’", max_size=24)


def plainly(text: str, phrases: list[str], any_case: bool = True) -> int | None:
    """Where the first banned phrase begins, by regular expressions over the whole text."""
    places = [
        match.start()
        for phrase in phrases
        for match in re.finditer(
            rf"(?=((?<![^\W_]){re.escape(phrase)}(?![^\W_])))" if phrase else "$^", text, re.IGNORECASE * any_case
        )
    ]
    return min(places, default=None)


def edged(phrase: str) -> bool:
    return phrase[:1].isalnum() and phrase[-1:].isalnum()


@SOME
@given(texts, st.lists(texts.filter(edged), min_size=1, max_size=4), st.booleans())
@example("ab", ["a", "ab"], True)
def test_a_phrase_is_found_as_whole_words(text: str, phrases: list[str], any_case: bool) -> None:
    watch = Phrases(phrases, any_case)
    place, _ = watch.look(text, 0, 0, final=True)
    assert place == plainly(text, phrases, any_case)


@SOME
@given(texts, texts, st.lists(texts.filter(edged), min_size=1, max_size=4))
def test_what_is_not_held_can_never_become_a_phrase(text: str, more: str, phrases: list[str]) -> None:
    watch = Phrases(phrases)
    place, held = watch.look(text, 0, 0, final=False)
    if place is None:
        later, _ = watch.look(text + more, 0, held, final=True)
        assert later == plainly(text + more, phrases)
        assert later is None or later >= held


@pytest.mark.parametrize(
    ("text", "phrase", "place"),
    [
        ("She felt a Shiver ran down.", "a shiver ran down", 9),
        ("He delved deep.", "delve", None),
        ("He would delve.", "delve", 9),
        ("often", "ten", None),
        ("It didn’t matter.", "didn't matter", 3),
        ("so\nit goes on", "so it goes", 0),
        ("他说的话很好", "的话", 2),
        ("testament", "testament", None),
        ("testament to", "testament", 0),
        ("ǰoke: İstanbul was", "istanbul was", None),
        ("wait -- what", "--", 5),
    ],
)
def test_phrases_as_writers_mean_them(text: str, phrase: str, place: int | None) -> None:
    assert Phrases([phrase]).look(text, 0, 0, final=False)[0] == place


def test_case_counts_where_it_is_asked_for() -> None:
    watch = Phrases(["Rose"], any_case=False)
    assert watch.look("the rose, a Rose.", 0, 0, final=False)[0] == 12


def test_only_what_may_become_a_phrase_is_held() -> None:
    watch = Phrases(["a shiver"])
    assert watch.look("She felt", 0, 0, final=False) == (None, 8)
    assert watch.look("She felt a shi", 0, 0, final=False) == (None, 9)
    assert watch.look("She felt a shiver", 0, 0, final=False) == (None, 9)  # as it may be 'shivering'
    assert watch.look("She felt a shivering", 0, 9, final=False) == (None, 20)
    assert watch.look("She felt a shiver", 0, 9, final=True)[0] == 9


words = st.lists(st.sampled_from(["the", "sea", "rose", "And", "don’t"]), max_size=30)
between = st.sampled_from([" ", ", ", "\n\n", " — “"])


def copied(take: list[str], book: list[str], count: int) -> int | None:
    """The number of the word that makes a copy longer than `count` words."""
    book, take = [word.lower() for word in book], [word.lower() for word in take]
    runs = [book[at : at + count + 1] for at in range(len(book) - count)]
    return next((end for end in range(count, len(take)) if take[end - count : end + 1] in runs), None)


@SOME
@given(words, words, st.integers(2, 4), between, st.integers(0, 40), st.booleans())
def test_a_copy_is_found_at_the_word_that_makes_it_too_long(
    take: list[str], book: list[str], count: int, space: str, since: int, after_prompt: bool
) -> None:
    known = set(passage_hashes(" ".join(book), count + 1))
    before = "the sea " if after_prompt else ""
    text = before + space.join(take)
    number = copied(take, book, count)
    place, _ = Copies(count, known.__contains__).look(text, len(before), len(before), final=True)
    expected = None if number is None else len(before) + len(space.join([*take[:number], ""]))
    assert place == expected
    # What has been shown before counts as words, but nothing in it is found again.
    since = min(len(before) + since, len(text) if place is None else place)
    assert Copies(count, known.__contains__).look(text, len(before), since, final=True)[0] == expected


def test_a_word_is_held_only_where_it_could_be_one_too_many() -> None:
    watch = Copies(3, lambda hash: hash == words_hash(["the", "sea", "was", "calm"]))
    assert watch.look("the se", 0, 0, final=False) == (None, 6)
    assert watch.look("The sea, was cal", 0, 13, final=False) == (None, 13)
    assert watch.look("The sea, was calm", 0, 13, final=False) == (None, 13)  # as it may be 'calmer'
    assert watch.look("The sea, was calmer", 0, 13, final=False) == (None, 13)
    assert watch.look("The sea, was calmer then", 0, 13, final=False) == (None, 20)
    assert watch.look("The sea, was calm.", 0, 13, final=False) == (13, 13)


def test_words_are_the_same_whatever_their_case_and_the_marks_between() -> None:
    assert passage_hashes("Don't—ever!", 2) == [words_hash(["don’t", "EVER"])]
    assert passage_hashes("One two", 3) == []
