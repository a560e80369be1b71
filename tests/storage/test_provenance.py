"""Who wrote what survives every edit, and the runs always cover the text exactly."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import provenance
from storage.provenance import carry, common_ends, kept, matches
from storage.records import Accepted, Run
from templora.errors import BadInput

LETTERS = "ab \n"
TEXTS = st.text(LETTERS, max_size=60)


def rebase(runs: Sequence[Run], old: str, new: str, accepted: Sequence[Accepted] = ()) -> list[Run]:
    """The runs of `new`, an edit of `old` whose runs are `runs`."""
    return carry(runs, kept(old, new, accepted), len(new), accepted)


def authors(runs: list[Run]) -> list[str | None]:
    """The author of each code point."""
    return [run.take for run in runs for _ in range(run.length)]


def spelled(runs: list[Run], text: str) -> list[tuple[str, str | None]]:
    pieces, at = [], 0
    for run in runs:
        pieces.append((text[at : at + run.length], run.take))
        at += run.length
    return pieces


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, list[Accepted]]]:
    """Versions of a text, each with spans accepted from takes."""
    history: list[tuple[str, list[Accepted]]] = []
    for _ in range(draw(st.integers(1, 5))):
        text = draw(TEXTS)
        edges = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
        spans = [
            Accepted(draw(st.sampled_from("xyz")), a, b - a) for a, b in zip(edges[::2], edges[1::2], strict=False)
        ]
        history.append((text, spans))
    return history


@given(histories())
def test_runs_cover_every_version_exactly(history: list[tuple[str, list[Accepted]]]) -> None:
    text, runs = "", list[Run]()
    for new, accepted in history:
        runs = rebase(runs, text, new, accepted)
        text = new
        assert sum(run.length for run in runs) == len(text)
        assert all(run.length > 0 for run in runs)
        assert all(left.take != right.take for left, right in pairwise(runs))
        for span in accepted:
            assert set(authors(runs)[span.start : span.start + span.length]) == {span.take}


@given(TEXTS, TEXTS)
def test_matches_are_equal_stretches_that_never_cross(old: str, new: str) -> None:
    at_old = at_new = 0
    for start_old, start_new, length in matches(old, new):
        assert start_old >= at_old and start_new >= at_new and length > 0
        assert old[start_old : start_old + length] == new[start_new : start_new + length]
        at_old, at_new = start_old + length, start_new + length
    assert at_old <= len(old) and at_new <= len(new)


@given(TEXTS, TEXTS)
def test_common_ends_are_as_long_as_can_be(old: str, new: str) -> None:
    head, tail = common_ends(old, new)
    assert old[:head] == new[:head] and old[len(old) - tail :] == new[len(new) - tail :]
    if head + tail < min(len(old), len(new)):
        assert old[head] != new[head]
        assert old[len(old) - tail - 1] != new[len(new) - tail - 1]


@given(st.data())
def test_one_edit_changes_the_author_of_nothing_else(data: st.DataObject) -> None:
    old = "".join(chr(0x4E00 + i) for i in range(data.draw(st.integers(0, 40))))
    who = [data.draw(st.sampled_from([None, "x", "y"])) for _ in old]
    a = data.draw(st.integers(0, len(old)))
    b = data.draw(st.integers(a, len(old)))
    inserted = "".join(chr(0x3041 + i) for i in range(data.draw(st.integers(0, 10))))
    runs = rebase([Run(1, take) for take in who], old, old[:a] + inserted + old[b:])
    assert authors(runs) == [*who[:a], *[None] * len(inserted), *who[b:]]


def test_a_word_typed_into_a_take_is_the_writers() -> None:
    old, new = "The cold rain fell.", "The cold grey rain fell."
    assert spelled(rebase([Run(len(old), "t")], old, new), new) == [
        ("The cold ", "t"),
        ("grey ", None),
        ("rain fell.", "t"),
    ]


def test_an_accepted_take_is_told_from_equal_words_beside_it() -> None:
    old = "the cat the cat"
    new = old + " the cat"
    assert spelled(rebase([Run(len(old), None)], old, new, [Accepted("t", len(old), 8)]), new) == [
        (old, None),
        (" the cat", "t"),
    ]


def test_a_take_accepted_word_by_word_is_one_run() -> None:
    runs = rebase([], "", "One ", [Accepted("t", 0, 4)])
    assert rebase(runs, "One ", "One two ", [Accepted("t", 4, 4)]) == [Run(8, "t")]


def test_an_accepted_rewrite_takes_the_place_of_its_passage() -> None:
    old = "He left. He ran away. She stayed."
    new = "He left. He fled into the rain. She stayed."
    runs = [Run(8, "first"), Run(len(old) - 8, None)]
    assert spelled(rebase(runs, old, new, [Accepted("second", 9, 22)]), new) == [
        ("He left.", "first"),
        (" ", None),
        ("He fled into the rain.", "second"),
        (" She stayed.", None),
    ]


def test_edits_at_both_ends_of_a_chapter_leave_its_middle_alone() -> None:
    lines = [f"Line {i} as the model once wrote it down.\n" for i in range(50)]
    old = "".join(lines)
    new = "A new beginning.\n" + "".join(lines[:20]) + "An insertion.\n" + "".join(lines[20:]) + "An end."
    runs = rebase([Run(len(old), "t")], old, new)
    assert [piece for piece, take in spelled(runs, new) if take is None] == [
        "A new beginning.\n",
        "An insertion.\n",
        "An end.",
    ]


def test_a_name_replaced_throughout_leaves_the_rest_to_its_author() -> None:
    old = "".join(f"Anna crossed street {i} with {i + 1} others, and Anna looked back once.\n" for i in range(1500))
    new = old.replace("Anna", "Maria")
    runs = rebase([Run(len(old), "t")], old, new)
    typed = sum(run.length for run in runs if run.take is None)
    assert typed <= len("Maria") * 3000


def test_a_passage_that_shares_only_chance_words_is_new() -> None:
    kept = "A line of the model, kept as it was.\n"
    old = kept + "It was the end of the long road, and he knew it.\n" + kept
    new = "First, said the writer.\n" + kept + "Nobody had the key of the old house, or so it seemed.\n" + kept
    assert spelled(rebase([Run(len(old), "t")], old, new), new) == [
        ("First, said the writer.\n", None),
        (kept, "t"),
        ("Nobody had the key of the old house, or so it seemed", None),
        (".\n" + kept, "t"),
    ]


@pytest.mark.parametrize("lines", [1, 1000])
def test_a_book_pasted_over_another_costs_no_more_than_the_bound(lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[int] = []

    class Counting(SequenceMatcher[Any]):
        def __init__(self, isjunk: None, a: list[str], b: list[str], autojunk: bool) -> None:
            costs.append(len(a) * len(b))
            super().__init__(isjunk, a, b, autojunk)

    monkeypatch.setattr(provenance, "SequenceMatcher", Counting)
    words = 100_000 // lines
    old = "\n".join(" ".join(f"w{(i * words + j) * 7919 % 997}" for j in range(words)) for i in range(lines))
    new = "\n".join(" ".join(f"w{(i * words + j) * 6007 % 991}" for j in range(words)) for i in range(lines))
    runs = rebase([Run(len(old), "t")], old, new)
    assert sum(run.length for run in runs) == len(new)
    assert sum(costs) <= provenance.WORD_PAIRS


@pytest.mark.parametrize(
    "spans",
    [
        [Accepted("t", 0, 0)],
        [Accepted("t", -1, 2)],
        [Accepted("t", 3, 3)],
        [Accepted("t", 0, 3), Accepted("u", 2, 2)],
    ],
)
def test_accepted_spans_that_cannot_be_are_refused(spans: list[Accepted]) -> None:
    with pytest.raises(BadInput):
        rebase([], "", "abcde", spans)
