"""What is shown of what was found, of comments and of words written."""

from __future__ import annotations

import datetime

from storage.comments import Comment
from storage.fulltext import Found
from storage.goals import Goals, Progress
from storage.snippets import Snippet, snippet
from templora.tools import ChapterPlaces, Place
from ui import comment_view, find_view, goal_view
from ui.find_view import CLOSING, OPENING

TEXT = "The lamp was lit. A lamp!"


def test_marks_stand_around_what_was_found_and_text_cannot_forge_them() -> None:
    assert find_view.marked("a lamp", [(2, 6)]) == f"a {OPENING}lamp{CLOSING}"
    assert find_view.marked(f"a{OPENING} lamp", [(3, 7)]) == f"a {OPENING}lamp{CLOSING}"


def test_each_passage_is_a_choice_and_a_title_too() -> None:
    passage = Snippet(4, 8, "The lamp", ((4, 8),))
    found = [
        Found("one", "Low Water", 4, False, (), 1, (passage,)),
        Found("two", "The Lamp", 0, True, ((4, 8),), 0, ()),
    ]
    assert find_view.found_choices(found) == [
        (f"5 · Low Water\nThe {OPENING}lamp{CLOSING}", "one:4:8"),
        (f"The {OPENING}Lamp{CLOSING} (deleted)", "two:-1:-1"),
    ]
    assert find_view.found_line("lamp", found) == "1 place in 2 chapters."
    assert find_view.found_line("lamp", found[1:]) == "In the title of 1 chapter."
    assert "Nothing in the book" in find_view.found_line("lamp", []) and find_view.found_line(" ", []) == ""


def test_a_place_shows_what_it_is_and_what_it_becomes() -> None:
    places = tuple(Place(at, at + 4, "lantern", snippet(TEXT, [(at, at + 4)])) for at in (4, 20))
    found = [ChapterPlaces("one", "Low Water", 3, places)]
    label, value = find_view.place_choices(found, 9)[0]
    shown = f"The {OPENING}lamp{CLOSING}{OPENING}lantern{CLOSING} was lit. A lamp!"
    assert (label, value) == (f"Low Water\n{shown}", "one:4")
    assert len(find_view.place_choices(found, 1)) == 1
    assert find_view.places_line(found, 2) == "2 places in 1 chapter."
    assert "The first 1 are listed" in find_view.places_line(found, 1)
    assert find_view.places_line([], 0) == "The book does not say that."


def comment(**more: object) -> Comment:
    fields = {"kind": "comment", "start": 1, "end": 2, "resolved_at": None, "quote": "her fingers", "body": "why?"}
    return Comment(id="c", project="p", chapter="one", revision=1, created_at=0.0, **{**fields, **more})  # type: ignore[arg-type]


def test_a_comment_says_what_and_where() -> None:
    rows = [comment(), comment(kind="todo", quote="x " * 99), comment(start=None, end=None), comment(resolved_at=1.0)]
    labels = [label for label, _ in comment_view.choices(rows, {"one": "Low Water"})]
    assert labels[0] == "why?\nLow Water · “her fingers”"
    assert labels[1].startswith("☐ why?\n") and labels[1].endswith(" …”")
    assert labels[2] == "why?\nLow Water · no longer in the text: “her fingers”"
    assert labels[3].startswith("✓ why?")
    assert comment_view.choices([comment(start=None, end=None, quote="")], {})[0][0] == "why?\nno longer in the text"
    assert comment_view.none(True) == "Nothing to do." and "Select a passage" in comment_view.none(False)


def test_goals_are_told_in_lines() -> None:
    progress = Progress(100, 742, 61_240, Goals(0, 1000, 90_000), {})
    assert goal_view.progress_line(progress).splitlines() == [
        "This session: 100 words",
        "Today: 742 of 1,000 words, 74 %",
        "The book: 61,240 of 90,000 words, 68 %",
    ]


def test_weeks_go_from_monday_to_sunday_and_end_with_this_one() -> None:
    columns = goal_view.weeks(datetime.date(2026, 11, 26), 3)
    assert [week[0].isoformat() for week in columns] == ["2026-11-09", "2026-11-16", "2026-11-23"]
    assert columns[-1][-1] == datetime.date(2026, 11, 29)


def test_the_calendar_names_each_day_and_shades_it() -> None:
    table = goal_view.calendar({"2026-11-24": 500, "2026-11-26": 1200}, "2026-11-26", 1000)
    assert "<caption>1,700 words in the last 18 weeks</caption>" in table
    assert "class='shade-4' title='Thursday 26 Nov: 1,200 words'" in table
    assert "class='shade-2' title='Tuesday 24 Nov: 500 words'" in table
    assert "class='shade-0' title='Monday 23 Nov: 0 words'" in table
    assert "27 Nov" not in table, "what is to come has no number"
    assert table.count("scope='row'") == 7 and ">Nov<" in table


def test_shades_go_by_the_goal_or_the_best_day() -> None:
    assert [goal_view.shade(count, 100) for count in (0, 1, 34, 67, 100, 900)] == [0, 1, 2, 3, 4, 4]
    assert goal_view.shade(5, 0) == 4
