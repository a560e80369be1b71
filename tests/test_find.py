"""What is found, what it is replaced by, and patterns that are refused."""

from __future__ import annotations

import contextlib

import pytest

from templora.errors import BadInput
from templora.find import LONGEST, MOST, Hit, Query, find

TEXT = "The lamp, the Lamp and lamplight.\n\nInês 🦊 lit a lamp."


def spans(query: Query, text: str = TEXT, replacement: str = "") -> list[str]:
    hits = find({"a": text}, query, replacement).get("a", [])
    return [text[hit.start : hit.end] for hit in hits]


def became(query: Query, replacement: str, text: str = TEXT) -> str:
    for hit in reversed(find({"a": text}, query, replacement).get("a", [])):
        text = text[: hit.start] + hit.instead + text[hit.end :]
    return text


def test_words_are_found_as_they_stand() -> None:
    assert spans(Query("lamp")) == ["lamp", "Lamp", "lamp", "lamp"]
    assert spans(Query("lamp", case=True)) == ["lamp"] * 3
    assert spans(Query("lamp", word=True)) == ["lamp", "Lamp", "lamp"]
    assert spans(Query("INÊS", word=True)) == ["Inês"]
    assert spans(Query("lamp.")) == ["lamp."] and spans(Query("l.mp")) == []
    assert spans(Query("light.\n\nInês")) == ["light.\n\nInês"]


def test_places_are_code_points_and_texts_without_one_are_left_out() -> None:
    found = find({"a": TEXT, "b": "nothing"}, Query("🦊"), "fox")
    assert found == {"a": [Hit(TEXT.index("🦊"), TEXT.index("🦊") + 1, "fox")]}


def test_a_replacement_is_taken_as_it_stands_without_a_pattern() -> None:
    assert became(Query("lamp", case=True, word=True), r"$1 \1 $&").startswith(r"The $1 \1 $&, the Lamp")


def test_patterns_are_found_and_their_groups_are_used() -> None:
    assert spans(Query(r"l\w+p\b", regex=True)) == ["lamp", "Lamp", "lamp"]
    assert spans(Query(r"^.", regex=True)) == ["T", "I"]
    assert spans(Query(r"x*", regex=True)) == []
    assert became(Query(r"(\w+) lit", regex=True), "x", "a b lit") == "a x"
    assert became(Query(r"(\w+) (?P<what>lit)", regex=True), r"${what} \1 $1 $& $$ \\ \t|\n", "she lit") == (
        "lit she she she lit $ \\ \t|\n"
    )
    assert became(Query(r"(a)|(b)", regex=True), "[$1]", "ab") == "[a][]"


@pytest.mark.parametrize(
    ("query", "replacement", "said"),
    [
        (Query(""), "", "Say what to look for"),
        (Query("a" * (LONGEST + 1)), "", "characters can be looked for"),
        (Query("(", regex=True), "", "This is not a pattern"),
        (Query("a{99999999999}", regex=True), "", "too large"),
        (Query("(a)", regex=True), "$2", "no group 2"),
        (Query("(a)", regex=True), "${name}", "no group name"),
    ],
)
def test_what_cannot_be_looked_for_says_why(query: Query, replacement: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        find({"a": "a"}, query, replacement)


def test_too_many_places_are_refused() -> None:
    for query in (Query("a"), Query("a", regex=True)):
        with pytest.raises(BadInput, match="places"):
            find({"a": "a" * 70_000, "b": "a" * (MOST - 70_000 + 1)}, query)


@pytest.mark.parametrize("pattern", [r"(a+)+c", r"(a|aa)+c", r"((a*)*)*c"])
def test_a_pattern_that_takes_years_is_given_up(pattern: str) -> None:
    with pytest.raises(BadInput, match="takes too long"):
        find({"a": "a" * 5000}, Query(pattern, regex=True), within=0.4)


def test_a_pattern_that_would_eat_the_memory_hurts_nobody() -> None:
    """Python's own parser would take it; another's wrote out each repeat. Nothing is found, or it is refused."""
    found: object = {}
    with contextlib.suppress(BadInput):
        found = find({"a": "a" * 100}, Query("(?:(?:(?:a{1000}){1000}){1000}){1000}", regex=True))
    assert found == {}
