"""Markdown prose ↔ paragraphs of runs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.formats.prose import Paragraph, Run, clean, normal, paragraphs, parse, render

TRICKY = st.text(st.sampled_from('ab*_\\ #\n".—é-1~>='), max_size=24)
RUNS = st.lists(
    st.builds(Run, st.text(st.sampled_from('ab*_\\ #\n".—é-1'), max_size=6), st.booleans(), st.booleans()), max_size=6
)


def test_emphasis_becomes_runs():
    assert parse("He *was* **not** ***here***.") == [
        Paragraph(
            (
                Run("He "),
                Run("was", italic=True),
                Run(" "),
                Run("not", bold=True),
                Run(" "),
                Run("here", italic=True, bold=True),
                Run("."),
            )
        )
    ]


def test_only_emphasis_is_markup():
    text = "- Hello, he said.\n\n> 1. See `this` [there](x) & <b>that</b>\n\n## no heading"
    assert [part.plain for part in parse(text)] == text.split("\n\n")


def test_scene_breaks_in_their_common_forms():
    for sign in ("***", "* * *", "#", "---", "⁂", "~", "\\*\\*\\*"):
        assert normal(f"One.\n\n{sign}\n\nTwo.") == "One.\n\n***\n\nTwo.", sign


def test_escaped_signs_stand_for_themselves():
    assert parse(r"2 \* 3 \_ \\ *x*")[0].plain == r"2 * 3 _ \ x"


def test_line_breaks_inside_a_paragraph_stay():
    assert normal("Roses are *red,\nviolets* are blue.  \nSo.\\\nThere.") == (
        "Roses are *red,\nviolets* are blue.\nSo.\nThere."
    )


def test_emphasis_is_drawn_back_from_white_space():
    assert render(paragraphs([Run("He", italic=True), Run(" said ", italic=True), Run("no.")])) == "*He said* no."


def test_emphasis_that_markdown_cannot_say_keeps_its_words():
    for runs in (
        [Run("he"), Run("—", italic=True), Run("she")],
        [Run("“Ah,", bold=True), Run("him")],
        [Run("a", italic=True), Run("b", bold=True), Run("c", italic=True, bold=True)],
    ):
        part = paragraphs(runs)
        assert [p.plain for p in parse(render(part))] == ["".join(run.text for run in runs)]


def test_emphasis_is_drawn_back_from_punctuation_where_it_must():
    assert render(paragraphs([Run("“Ah,", bold=True), Run("him")])) == "“**Ah**,him"


def test_adjacent_and_nested_styles_read_back():
    runs = (Run("one ", bold=True), Run("two", bold=True, italic=True), Run(" "), Run("three", italic=True))
    assert parse(render([Paragraph(runs)])) == [Paragraph(runs)]


def test_control_characters_and_line_ends_are_cleaned():
    assert clean("\ufeffa\x00b\x07\r\nc\rd\x0be\u2028f\ud800") == "ab\nc\nd\ne\nf"


@settings(max_examples=300, deadline=None)
@given(TRICKY)
def test_normal_form_is_stable(text: str):
    assert normal(normal(text)) == normal(text)


@settings(max_examples=300, deadline=None)
@given(RUNS)
def test_rendering_never_loses_a_word(runs: list[Run]):
    parts = paragraphs(runs)
    assert [part.plain for part in parse(render(parts))] == [part.plain for part in parts]
