"""What the memory leaves out follows every edit."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import exclusions
from storage.manuscripts import Manuscripts
from storage.provenance import kept
from storage.records import Accepted, Chapter, Project, Span
from templora.errors import BadInput, Conflict, NotFound

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6)


def carried(old: str, new: str, *passages: str) -> list[str]:
    """What is left out of `new` where `passages` were of `old`."""
    spans = exclusions.joined((old.index(passage), old.index(passage) + len(passage)) for passage in passages)
    return [new[a:b] for a, b in exclusions.carry(spans, kept(old, new), len(old), len(new))]


def covered(spans: tuple[Span, ...]) -> set[int]:
    return {at for start, end in spans for at in range(start, end)}


def apart(spans: tuple[Span, ...]) -> bool:
    return all(start < end for start, end in spans) and all(a[1] < b[0] for a, b in pairwise(spans))


@given(SPANS, SPANS)
def test_spans_are_sets_of_places(some: list[Span], others: list[Span]) -> None:
    joined, taken = exclusions.joined(some), exclusions.joined(others)
    assert apart(joined) and covered(joined) == covered(tuple(some))
    left = exclusions.without(joined, taken)
    assert apart(left) and covered(left) == covered(joined) - covered(taken)
    part = exclusions.cut(joined, 10, 30)
    assert apart(part) and covered(exclusions.shift(part, 10)) == covered(joined) & set(range(10, 30))


@given(st.text("ab \n", max_size=40), st.text("ab \n", max_size=40), SPANS)
def test_carried_spans_hold_what_was_kept_of_them_and_nothing_that_was_kept_beside_them(
    old: str, new: str, spans: list[Span]
) -> None:
    excluded = exclusions.cut(exclusions.joined(spans), 0, len(old))
    matches = kept(old, new)
    after = exclusions.carry(excluded, matches, len(old), len(new))
    assert apart(after) and covered(after) <= set(range(len(new)))
    for start_old, start_new, length in matches:
        for i in range(length):
            assert (start_new + i in covered(after)) == (start_old + i in covered(excluded)) or any(
                # two passages between which the text was deleted have become one
                b[0] == start_new + i
                for b in after
            )


def test_edits_before_a_passage_move_it() -> None:
    old = "One two three. Four five six."
    assert carried(old, "Zero and " + old, "Four five six.") == ["Four five six."]
    assert carried(old, "Four five six.", "Four five six.") == ["Four five six."]


@pytest.mark.parametrize(
    ("new", "left_out"),
    [
        ("Start. A note that is of mine. End.", "A note that is of mine."),
        ("Start. More. A note of mine. End.", "A note of mine."),
        ("Start. A note of mine. More. End.", "A note of mine."),
        ("Start. My note of mine. End.", " note of mine."),
    ],
)
def test_what_is_new_inside_a_passage_is_left_out_and_what_is_new_beside_it_is_not(new: str, left_out: str) -> None:
    assert carried("Start. A note of mine. End.", new, "A note of mine.") == [left_out]


def test_a_passage_that_is_retyped_as_a_whole_stays_left_out() -> None:
    assert carried("abc\n\nqqqq\n\nxyz", "abc\n\nwww www\n\nxyz", "qqqq") == ["www www"]
    assert carried("qqqq", "www", "qqqq") == ["www"]


def test_a_passage_that_is_deleted_is_gone() -> None:
    assert carried("abc\n\nqqqq\n\nxyz", "abc\n\nxyz", "qqqq") == []
    assert carried("qqqq", "", "qqqq") == []


def test_passages_that_come_to_touch_are_one() -> None:
    assert carried("abcd-efgh", "abcdefgh", "abcd", "efgh") == ["abcdefgh"]


@pytest.mark.parametrize(
    ("passage", "paragraphs"),
    [("ne", "One.\nline"), ("Two", "Two."), (".\n\nT", "One.\nline\n \nTwo."), ("hree", "Three.")],
)
def test_paragraphs_end_at_blank_lines(passage: str, paragraphs: str) -> None:
    text = "One.\nline\n \nTwo.\n\n\nThree."
    start = 0 if passage == "ne" else text.index(passage) if passage != ".\n\nT" else text.index("line") + 3
    end = text.index("Two") + 1 if passage == ".\n\nT" else start + len(passage)
    a, b = exclusions.whole_paragraphs(text, (start, end))
    assert text[a:b] == paragraphs


# --- in the database ---

TEXT = "Motto.\n\nThe story begins. It goes on.\n\nA note to myself."


@pytest.fixture
def chapter(manuscripts: Manuscripts, book: Project) -> Chapter:
    return manuscripts.add_chapter(book.id, "One", TEXT)


def left_out(manuscripts: Manuscripts, id: str) -> list[str]:
    chapter = manuscripts.chapter(id)
    return [chapter.text[a:b] for a, b in chapter.excluded]


def exclude(manuscripts: Manuscripts, id: str, passage: str, excluded: bool = True) -> None:
    chapter = manuscripts.chapter(id)
    start = chapter.text.index(passage)
    manuscripts.exclude(id, chapter.revision, start, start + len(passage), excluded)


def test_leaving_a_passage_out_makes_no_revision(manuscripts: Manuscripts, chapter: Chapter, book: Project) -> None:
    exclude(manuscripts, chapter.id, "Motto.\n\n")
    exclude(manuscripts, chapter.id, "note")
    assert left_out(manuscripts, chapter.id) == ["Motto.", "note"]
    assert manuscripts.chapters(book.id)[0].excluded == manuscripts.chapter(chapter.id).excluded
    assert [head.number for head in manuscripts.revisions(chapter.id)] == [1]


def test_letting_a_passage_in_again_takes_its_whole_paragraph(manuscripts: Manuscripts, chapter: Chapter) -> None:
    for passage in ("Motto.", "begins", "note"):
        exclude(manuscripts, chapter.id, passage)
    exclude(manuscripts, chapter.id, "goes", excluded=False)
    assert left_out(manuscripts, chapter.id) == ["Motto.", "note"]


def test_saves_carry_what_is_left_out(manuscripts: Manuscripts, chapter: Chapter) -> None:
    exclude(manuscripts, chapter.id, "A note to myself.")
    manuscripts.save(chapter.id, 1, TEXT.replace("Motto.", "A longer motto."))
    manuscripts.save(chapter.id, 2, manuscripts.chapter(chapter.id).text.replace("to my", "to me, my"))
    assert left_out(manuscripts, chapter.id) == ["A note to me, myself."]
    take = manuscripts.start_takes(1, chapter.project, chapter.id, "continue", 3, 0, 0, None, "starter", None, "{}")[
        0
    ].id
    manuscripts.save(chapter.id, 3, "Taken. " + manuscripts.chapter(chapter.id).text, [Accepted(take, 0, 7)])
    assert left_out(manuscripts, chapter.id) == ["A note to me, myself."]


def test_a_passage_needs_text_and_a_page_that_is_not_behind(manuscripts: Manuscripts, chapter: Chapter) -> None:
    for start, end in ((0, 0), (-1, 4), (4, 2), (0, len(TEXT) + 1), (6, 8)):
        with pytest.raises(BadInput):
            manuscripts.exclude(chapter.id, 1, start, end, True)
    with pytest.raises(Conflict) as caught:
        manuscripts.exclude(chapter.id, 2, 0, 4, True)
    assert caught.value.text == TEXT
    with pytest.raises(NotFound):
        manuscripts.exclude("nothing", 1, 0, 4, True)
    assert manuscripts.chapter(chapter.id).excluded == ()


def test_a_whole_chapter_is_left_out(manuscripts: Manuscripts, chapter: Chapter, book: Project) -> None:
    manuscripts.set_learned(chapter.id, False)
    assert [head.learned for head in manuscripts.chapters(book.id)] == [False]
    assert manuscripts.chapter(chapter.id).learned is False
    manuscripts.delete_chapter(chapter.id)
    with pytest.raises(NotFound):
        manuscripts.set_learned(chapter.id, True)
    assert [head.learned for head in manuscripts.deleted_chapters(book.id)] == [False]
