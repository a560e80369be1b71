"""What is shown of a place that was found."""

from __future__ import annotations

from storage.snippets import snippet

LONG = "one two three four five six seven eight nine ten"


def test_a_short_paragraph_is_shown_whole_with_all_its_marks() -> None:
    text = "before\n\nthe lamp, a lamp\n\nafter lamp"
    at = text.index("lamp")
    shown = snippet(text, [(at, at + 4), (at + 8, at + 12), (text.rindex("lamp"), len(text))])
    assert (shown.start, shown.end, shown.words) == (at, at + 4, "the lamp, a lamp")
    assert [shown.words[a:b] for a, b in shown.marks] == ["lamp", "lamp"]


def test_a_long_paragraph_is_cut_between_words() -> None:
    at = LONG.index("six")
    shown = snippet(LONG, [(at, at + 3)], before=11, length=25)
    assert shown.words == "… four five six seven …"
    assert [shown.words[a:b] for a, b in shown.marks] == ["six"]


def test_a_place_of_several_lines_is_shown_in_one() -> None:
    text = "the end.\n\nThe beginning"
    shown = snippet(text, [(4, 13)])
    assert shown.words == "the end.  The beginning" and shown.marks == ((4, 13),)


def test_a_place_that_is_longer_than_the_snippet_is_shown_whole() -> None:
    shown = snippet("a" * 400, [(100, 400)])
    assert shown.words.endswith("a") and shown.marks[0][1] == len(shown.words)
