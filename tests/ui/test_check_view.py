"""What the checks found, as words and numbers."""

from __future__ import annotations

import json

from storage.records import ChapterHead
from templora.checking import Echo, Voice, VoiceReport
from templora.echoes import Place
from ui import check_view

TEXT = "It was low water. A suboptimal situation arose.\n\nShe took off her shoes."


def voice(words: str, by: float, measured: str = "before") -> Voice:
    start = TEXT.index(words)
    return Voice(start, start + len(words), 3.0, by, measured)  # type: ignore[arg-type]


def report(*sentences: Voice) -> VoiceReport:
    return VoiceReport("done", 7, 2, 2, list(sentences), 312)


def head(id: str, position: int) -> ChapterHead:
    return ChapterHead(id, "book", f"Chapter {position}", position, 10, 1, 0.0)


def test_what_stands_out_most_comes_first_and_what_does_not_is_not_listed() -> None:
    found = report(
        voice("It was low water.", 1.2),
        voice("A suboptimal situation arose.", 4.44),
        voice("She took off her shoes.", 0.9),
    )
    assert check_view.voice_choices(found, TEXT) == [
        ("4.4\tA suboptimal situation arose.", "7:1"),
        ("1.2\tIt was low water.", "7:0"),
    ]
    many = report(*[voice("It was low water.", 2.0)] * 20)
    assert len(check_view.voice_choices(many, TEXT)) == check_view.LISTED


def test_it_is_said_what_was_compared() -> None:
    line = check_view.voice_line(report(voice("It was low water.", 3.0)))
    assert "312 sentences of the book, each measured before the memory had learnt it." in line
    seen = check_view.voice_line(report(voice("It was low water.", 3.0, "seen")))
    assert "1 sentence here could not be" in seen and "more than it should" in seen
    assert check_view.voice_line(report(voice("It was low water.", 0.5))).startswith("Nothing stands out")
    assert check_view.voice_line(VoiceReport("failed", message="Learn first.")) == "Learn first."


def test_a_long_sentence_is_cut_at_a_word() -> None:
    assert check_view.short("one  two\nthree four", 12) == "one two …"
    assert check_view.short("one two", 12) == "one two"


def test_echoes_and_their_places() -> None:
    texts = {
        "a": "In the deep of night she drew a ragged salty breath.\n\nA door.",
        "b": "A ragged\nsalty breath came in from the water and over the quay, and she stood up.",
    }
    phrase = "a ragged salty breath"
    first, second = texts["a"].index(phrase), 0
    echo = Echo(
        phrase, 4, [Place("a", first, first + 21), Place("b", second, 21), Place("gone", 0, 4), Place("a", 0, 5)]
    )
    assert check_view.echo_choices([echo]) == [("a ragged salty breath\t4×", "0")]
    assert "1 phrase" in check_view.echo_line([echo]) and check_view.echo_line([]).startswith("No phrase")
    rows = check_view.place_choices(echo, [head("a", 0), head("b", 1)], texts)
    assert [label.split(" · ")[0] for label, _ in rows] == ["1", "2"], "places that are gone are left out"
    assert rows[0][0] == "1 · In the deep of night she drew a ragged salty breath."
    assert rows[1][0] == "2 · A ragged salty breath came in from the water and over …"
    assert json.loads(rows[1][1]) == {"chapter": "b", "start": 0, "end": 21, "words": "A ragged\nsalty breath"}
