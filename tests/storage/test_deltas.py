"""A delta gives back the older text exactly, or says that it is damaged."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import deltas
from storage.provenance import Match, matches
from templora.errors import RevisionDamaged

TEXTS = st.text("ab \n”😀", max_size=60)


def packed(older: str, newer: str) -> bytes:
    return deltas.pack(older, newer, matches(older, newer))


def covered(matches: list[Match]) -> set[tuple[int, int]]:
    return {(older + i, newer + i) for older, newer, length in matches for i in range(length)}


@given(TEXTS, TEXTS)
def test_the_older_text_comes_back_from_the_newer_one(older: str, newer: str) -> None:
    delta = packed(older, newer)
    assert deltas.unpack(newer, delta) == older
    deltas.check(older, delta)
    assert covered(deltas.kept(delta)) == covered(list(matches(older, newer)))


@given(TEXTS, TEXTS)
def test_without_anything_in_common_a_delta_is_the_text_itself(older: str, newer: str) -> None:
    assert deltas.unpack(newer, deltas.pack(older, newer, [])) == older


@given(st.lists(TEXTS, min_size=3, max_size=3))
def test_two_deltas_in_a_row_make_one_without_a_comparison(texts: list[str]) -> None:
    oldest, between, newest = texts
    first, second = list(matches(oldest, between)), list(matches(between, newest))
    link = deltas.through(first, second)
    assert covered(link) == {(a, c) for a, b in covered(first) for b_too, c in covered(second) if b == b_too}
    assert deltas.unpack(newest, deltas.pack(oldest, newest, link)) == oldest


@given(TEXTS, TEXTS, st.data())
def test_a_flipped_bit_is_an_error_and_never_another_text(older: str, newer: str, data: st.DataObject) -> None:
    delta = bytearray(packed(older, newer))
    bit = data.draw(st.integers(0, 8 * len(delta) - 1))
    delta[bit // 8] ^= 1 << bit % 8
    try:
        text = deltas.unpack(newer, bytes(delta))
        deltas.check(text, bytes(delta))
    except RevisionDamaged as error:
        assert "newer versions are whole" in error.message
    else:
        assert text == older


@given(TEXTS, TEXTS, TEXTS)
def test_a_delta_for_another_text_is_an_error(older: str, newer: str, other: str) -> None:
    delta = packed(older, newer)
    text = deltas.unpack(other, delta)
    if text != older:
        with pytest.raises(RevisionDamaged):
            deltas.check(text, delta)


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"x" * 40,
        *(bytes(8) + zlib.compress(json.dumps(wrong).encode()) for wrong in ([1], {"a": 1}, [None] * 3, 7)),
    ],
)
def test_what_is_no_delta_is_an_error(stored: bytes) -> None:
    with pytest.raises(RevisionDamaged):
        deltas.unpack("some text", stored)


def test_a_name_replaced_throughout_costs_little() -> None:
    older = "".join(f"Anna crossed street {i} with {i + 1} others, and Anna looked back.\n" for i in range(1500))
    assert len(older) > 90_000
    assert len(packed(older, older.replace("Anna", "Maria"))) < 3_000


def test_an_edit_in_the_middle_of_a_long_text_costs_little() -> None:
    older = "word " * 180_000
    newer = older[:400_000] + "A sentence of the writer. " + older[400_100:]
    assert len(packed(older, newer)) < 100
