"""A chapter's history as it is shown, without a page."""

from __future__ import annotations

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from storage.records import RevisionHead, RevisionKind
from ui import timeline, view
from ui.timeline import GONE, NEW, SAME

NOON = time.mktime((2026, 11, 24, 12, 0, 0, 0, 0, -1))


def head(
    number: int, words: int, kind: RevisionKind = "typed", name: str | None = None, at: float = NOON
) -> RevisionHead:
    return RevisionHead("c", number, kind, name, words, at)


def test_moments_are_newest_first_with_what_each_added() -> None:
    heads = [
        head(1, 1000, "imported", at=NOON - 40 * 24 * 3600),
        head(4, 1284, name="Draft one", at=NOON - 20 * 3600),
        head(5, 1280, "restored", at=NOON - 3600),
        head(7, 1281),
    ]
    assert timeline.moments(heads, NOON) == [
        ("Now\nwritten · 1,281 words, +1", 7),
        ("Today 11:00\nbrought back · 1,280 words, −4", 5),
        ("Draft one\nyesterday 16:00 · written · 1,284 words, +284", 4),
        ("15 Oct 12:00\nimported · 1,000 words, +1,000", 1),
    ]


def test_another_year_is_named() -> None:
    assert view.when(NOON - 400 * 24 * 3600, NOON) == "20 Oct 2025 12:00"


def test_a_change_is_shown_word_by_word_in_its_sentence() -> None:
    then = "She took off her shoes. The mud was warm."
    now = "She took off her boots. The mud was warm."
    assert timeline.changes(then, now) == [
        ("She took off her ", None),
        ("shoes", GONE),
        ("boots", NEW),
        (". The mud was warm.", None),
    ]


def test_a_rewritten_stretch_is_no_confetti() -> None:
    pieces = timeline.changes("It was a dark stormy night.", "It was one bright quiet night.")
    assert pieces == [("It was ", None), ("a dark stormy", GONE), ("one bright quiet", NEW), (" night.", None)]


def test_one_changed_word_is_shown_as_one_changed_word_where_all_words_are_common() -> None:
    draw = random.Random(1)
    told = [f"w{draw.randrange(20)}" for _ in range(300)]
    then, now = (" ".join([*told[:150], word, *told[150:]]) for word in ("mast", "sail"))
    assert [piece for piece in timeline.changes(then, now) if piece[1] in (GONE, NEW)] == [
        ("mast", GONE),
        ("sail", NEW),
    ]


def test_as_many_paragraphs_as_before_are_compared_one_by_one() -> None:
    then, now = "The sea was grey.\n\nThe sky was grey.", "The sky was dark.\n\nThe sea was dark."
    assert timeline.changes(then, now) == [
        ("The ", None), ("sea", GONE), ("sky", NEW), (" was ", None), ("grey", GONE), ("dark", NEW),
        (".\n\nThe ", None), ("sky", GONE), ("sea", NEW), (" was ", None), ("grey", GONE), ("dark", NEW), (".", None),
    ]  # fmt: skip


def test_equal_texts_have_no_changes() -> None:
    assert timeline.changes("One.\n\nTwo.", "One.\n\nTwo.") == []
    assert timeline.changes("", "") == []


def test_paragraphs_that_came_or_went_are_whole() -> None:
    assert timeline.changes("One.", "One.\n\nTwo.") == [("One.", None), ("\n\nTwo.", NEW)]
    assert timeline.changes("One.\n\nTwo.", "Two.") == [("One.", GONE), ("\n\nTwo.", None)]


def test_what_is_far_from_any_change_is_folded() -> None:
    same = " ".join(f"w{i}" for i in range(100))
    pieces = timeline.changes(f"{same}.\n\nold {same}", f"{same}.\n\nnew {same}", around=2)
    assert pieces == [
        ("⋯ 98 words ⋯", SAME),
        (" w98 w99.\n\n", None),
        ("old", GONE),
        ("new", NEW),
        (" w0 w1 ", None),
        ("⋯ 98 words ⋯", SAME),
    ]
    between = timeline.changes(f"a\n\n{same}\n\n{same}\n\nb", f"x\n\n{same}\n\n{same}\n\ny", around=1)
    assert between[2:5] == [("\n\nw0\n\n", None), ("⋯ 198 words ⋯", SAME), ("\n\nw99\n\n", None)]


words = st.sampled_from(["the", "a", "mud,", "boat.", "It’s", "“so", "🦊"])
texts = st.lists(st.lists(words, max_size=8), max_size=5).map(
    lambda paragraphs: "\n\n".join(" ".join(words) for words in paragraphs)
)


@given(texts, texts)
def test_both_texts_can_be_read_from_what_is_shown(then: str, now: str) -> None:
    pieces = timeline.changes(then, now, around=1000)
    if not pieces:
        assert then == now
        return
    assert "".join(text for text, kind in pieces if kind != NEW).split() == then.split()
    assert "".join(text for text, kind in pieces if kind != GONE).split() == now.split()


def test_a_chapter_rewritten_throughout_is_compared_without_delay() -> None:
    then = " ".join(f"old{i % 997} and the" for i in range(12_000))
    now = " ".join(f"new{i % 991} and the" for i in range(12_000))
    pieces = timeline.changes(then, now)
    assert pieces == [(then, GONE), (now, NEW)]
