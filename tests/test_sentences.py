"""Where sentences begin and end."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templora.sentences import sentences, whole_sentences


@pytest.mark.parametrize(
    "text, parts",
    [
        ("The mud was warm. It let her go.", ["The mud was warm.", "It let her go."]),
        ("“Stop!” he said. “Why?” She ran.", ["“Stop!” he said.", "“Why?”", "She ran."]),
        ("Mr. Pike met Dr. J. Lund. They talked.", ["Mr. Pike met Dr. J. Lund.", "They talked."]),
        (
            "It came at 5 p.m. He bowed. “No.” No. 5 it was.",
            ["It came at 5 p.m.", "He bowed.", "“No.”", "No. 5 it was."],
        ),
        ("It was I. He met Adm. Pike, _Mr. Pike_, at last.", ["It was I.", "He met Adm. Pike, _Mr. Pike_, at last."]),
        ("It rained … and rained. Then not.", ["It rained … and rained.", "Then not."]),
        ("One line\nanother line\n\nA paragraph", ["One line", "another line", "A paragraph"]),
        ("*He had gone.* Nobody knew.\n\n***\n\nDawn.", ["*He had gone.*", "Nobody knew.", "***", "Dawn."]),
        ("She waited... nothing came.", ["She waited... nothing came."]),
        ("  \n\n ", []),
    ],
)
def test_a_sentence_ends_where_a_reader_would_say_so(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == parts


@pytest.mark.parametrize(
    "text, whole",
    [
        ("One came. Two came. Three", "One came. Two came."),
        ("She met Mr. Hale at St. Mary’s", ""),
        ("“Stop!” he said. Then", "“Stop!” he said."),
        ("A line\nand an", "A line"),
        ("", ""),
    ],
)
def test_what_is_cut_off_goes_to_the_end_of_its_last_whole_sentence(text: str, whole: str) -> None:
    assert whole_sentences(text) == whole


@given(st.text(alphabet='aB .!?\n"”’… M r.', max_size=80))
def test_sentences_cover_all_that_is_not_space_once_and_in_order(text: str) -> None:
    spans = sentences(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
