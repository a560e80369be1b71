"""Phrases that a book repeats."""

from __future__ import annotations

import random

from templora.echoes import echoes

PHRASE = "let out a breath she had been holding"


def filler(words: int, seed: int) -> str:
    """Sentences in which nothing of four words comes twice."""
    draw = random.Random(seed)
    letters = "bcdfghjklmnprstvw"
    made = ["".join(draw.choice(letters) + draw.choice("aeiou") for _ in range(3)) for _ in range(words)]
    return " ".join(word + ("." if i % 9 == 8 else "") for i, word in enumerate(made))


def test_a_repeated_phrase_is_found_with_its_count_and_places() -> None:
    first = f"{filler(60, 1)} Ines {PHRASE}. {filler(40, 2)}"
    second = f"{filler(30, 3)} She\n{PHRASE.replace(' a ', ' A ')}, and {filler(50, 4)} He {PHRASE}!"
    (echo,) = echoes([("one", first), ("two", second)])
    assert (echo.text, echo.words) == (PHRASE, 8)
    texts = {"one": first, "two": second}
    assert [place.chapter for place in echo.places] == ["one", "two", "two"]
    assert all(texts[place.chapter][place.start : place.end].lower() == PHRASE for place in echo.places)


def test_common_words_and_names_alone_are_no_echo() -> None:
    common = " ".join(f"{word} at the end of it all there was not much to be said." for word in ["So", "But", "And"])
    names = " ".join(f"then {verb} Ines Corvalho and Mateus Brandt of the Customs House." for verb in "abcdef")
    assert echoes([("one", f"{common} {names}")]) == []


def test_a_phrase_ends_with_its_sentence_and_a_part_of_a_longer_one_is_not_shown_beside_it() -> None:
    text = ". ".join([f"{PHRASE}. The lamp went"] * 3)
    assert [echo.text for echo in echoes([("one", text)])] == [PHRASE]


def test_a_part_is_shown_where_it_has_places_of_its_own() -> None:
    long = "a crooked yellow lantern swung above the door"
    text = f"{long}. {filler(20, 5)} {long}. {filler(20, 6)} {long}. " + " ".join(
        f"{filler(12, seed)} a crooked yellow lantern went out." for seed in range(7, 11)
    )
    found = {echo.text: len(echo.places) for echo in echoes([("one", text)])}
    assert found[long] == 3
    assert found["a crooked yellow lantern"] == 7


def test_a_word_that_is_said_over_and_over_is_counted_once_a_phrase() -> None:
    text = "rain rain rain rain rain rain rain rain rain stones. " * 4
    assert all(
        before.end <= after.start or before.chapter != after.chapter
        for echo in echoes([("one", text)])
        for before, after in zip(echo.places, echo.places[1:], strict=False)
    )


def test_the_list_ends_somewhere_and_an_empty_book_has_none() -> None:
    phrases = [f"{filler(6, seed).rstrip('.')}" for seed in range(100, 180)]
    text = " ".join(f"{phrase}." for phrase in phrases * 3)
    assert len(echoes([("one", text)], shown=25)) == 25
    assert echoes([]) == echoes([("one", "")]) == []
