"""Takes: every word is stored while it streams, and none is lost when it is rejected."""

from __future__ import annotations

from typing import Any

import pytest

from storage.manuscripts import Manuscripts
from storage.records import Chapter, Project, Take
from storage.takes import paragraph_breaks
from templora.errors import BadInput, Conflict, NotFound


@pytest.fixture
def chapter(manuscripts: Manuscripts, book: Project) -> Chapter:
    return manuscripts.add_chapter(book.id, "One", "It was late.")


def start(manuscripts: Manuscripts, chapter: Chapter, start: int = 12, end: int = 12) -> Take:
    return manuscripts.start_takes(
        1,
        project=chapter.project,
        chapter=chapter.id,
        kind="rewrite" if end > start else "continue",
        revision=chapter.revision,
        start=start,
        end=end,
        instruction="shorter",
        model="starter",
        memory="c0ffee",
        sampling='{"seed": 7}',
    )[0]


def test_a_take_keeps_what_it_was_asked_for(manuscripts: Manuscripts, chapter: Chapter, clock: Any) -> None:
    take = start(manuscripts, chapter, 3, 6)
    assert take == manuscripts.take(take.id)
    assert take == Take(
        id=take.id,
        project=chapter.project,
        chapter=chapter.id,
        kind="rewrite",
        revision=1,
        start=3,
        end=6,
        text="",
        instruction="shorter",
        model="starter",
        memory="c0ffee",
        sampling='{"seed": 7}',
        tokens=0,
        finish_reason=None,
        created_at=clock.now,
    )


def test_a_take_keeps_its_verb_and_its_beat(manuscripts: Manuscripts, chapter: Chapter) -> None:
    asked = (chapter.project, chapter.id, "beat", 1, 12, 12, None, "starter", None, "{}")
    [take] = manuscripts.start_takes(1, *asked, verb="expand", beat="It rains.")  # type: ignore[arg-type]
    stored = manuscripts.take(take.id)
    assert (stored.kind, stored.verb, stored.beat) == ("beat", "expand", "It rains.")


def test_a_take_grows_until_it_is_finished(manuscripts: Manuscripts, chapter: Chapter) -> None:
    id = start(manuscripts, chapter).id
    manuscripts.extend_take(id, " Rain", 1)
    manuscripts.extend_take(id, " Rain fell", 2)
    assert (manuscripts.take(id).text, manuscripts.take(id).finish_reason) == (" Rain fell", None)
    manuscripts.finish_take(id, " Rain fell.", 3, "stop")
    take = manuscripts.take(id)
    assert (take.text, take.tokens, take.finish_reason) == (" Rain fell.", 3, "stop")


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("One.\n\n\n\nTwo.", 6, ("", "")),
        ("One.\n\nTwo.", 5, ("\n", "\n")),
        ("One.\n \n\nTwo.", 5, ("\n", "")),
        ("One. Two.", 5, ("", "")),
        ("One.\n\nTwo.", 4, ("", "")),
        ("One.\n\nTwo.", 6, ("", "")),
    ],
)
def test_what_fills_a_gap_is_a_paragraph_of_its_own(text: str, at: int, expected: tuple[str, str]) -> None:
    assert paragraph_breaks(text, at) == expected


def test_a_gap_is_filled_between_its_paragraphs(manuscripts: Manuscripts, book: Project) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "It was late.\n\nHe left.")
    asked = (chapter.project, chapter.id, "fill", 1, 13, 13, None, "starter", None, "{}")
    [take] = manuscripts.start_takes(1, *asked)  # type: ignore[arg-type]
    manuscripts.finish_take(take.id, "Rain fell.", 3, "stop")
    accepted = manuscripts.accept_take(take.id, 1)
    assert accepted.text == "It was late.\n\nRain fell.\n\nHe left."
    assert manuscripts.take(take.id).accepted_words == 2


def test_takes_are_listed_newest_last_even_within_one_moment(manuscripts: Manuscripts, chapter: Chapter) -> None:
    ids = [start(manuscripts, chapter).id for _ in range(12)]
    assert [take.id for take in manuscripts.takes(chapter.id)] == ids


def test_a_deleted_take_is_hidden_while_its_stream_may_end(manuscripts: Manuscripts, chapter: Chapter) -> None:
    first, second = start(manuscripts, chapter), start(manuscripts, chapter)
    manuscripts.delete_take(first.id)
    manuscripts.finish_take(first.id, " Rain.", 2, "cancelled")
    manuscripts.delete_take(first.id)
    assert [take.id for take in manuscripts.takes(chapter.id)] == [second.id]
    with pytest.raises(NotFound):
        manuscripts.take(first.id)


def test_a_take_for_a_text_that_has_moved_on_is_told_so(manuscripts: Manuscripts, chapter: Chapter) -> None:
    manuscripts.save(chapter.id, 1, "It was later.")
    with pytest.raises(Conflict) as caught:
        start(manuscripts, chapter)
    assert (caught.value.revision, caught.value.text) == (2, "It was later.")


@pytest.mark.parametrize("span", [(-1, 2), (3, 2), (0, 13)])
def test_a_take_outside_the_text_is_refused(manuscripts: Manuscripts, chapter: Chapter, span: tuple[int, int]) -> None:
    with pytest.raises(BadInput):
        start(manuscripts, chapter, *span)
    assert manuscripts.takes(chapter.id) == []


def test_what_is_unknown_or_deleted_gets_no_take(manuscripts: Manuscripts, chapter: Chapter) -> None:
    other = manuscripts.create_project("Another")
    stranger = Chapter(chapter.id, other.id, "One", 0, "", 1, 0.0)
    with pytest.raises(NotFound):
        start(manuscripts, stranger)
    for refused in (
        lambda: manuscripts.take("nothing"),
        lambda: manuscripts.extend_take("nothing", "", 0),
        lambda: manuscripts.finish_take("nothing", "", 0, "stop"),
        lambda: manuscripts.delete_take("nothing"),
    ):
        with pytest.raises(NotFound):
            refused()
    manuscripts.delete_chapter(chapter.id)
    with pytest.raises(NotFound):
        start(manuscripts, chapter)


def test_what_a_crash_left_of_a_take_is_kept_unless_it_is_nothing(manuscripts: Manuscripts, chapter: Chapter) -> None:
    begun, wordless, finished = (start(manuscripts, chapter).id for _ in range(3))
    manuscripts.extend_take(begun, " Rain", 1)
    manuscripts.extend_take(wordless, " ", 1)
    manuscripts.finish_take(finished, "", 0, "stop")
    manuscripts.settle_takes()
    takes = manuscripts.takes(chapter.id)
    assert [(take.id, take.finish_reason) for take in takes] == [(begun, "error"), (finished, "stop")]


def test_the_takes_of_one_request_are_there_together_or_not_at_all(
    manuscripts: Manuscripts, chapter: Chapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = (chapter.project, chapter.id, "continue", 1, 12, 12, None, "starter", None, "{}")
    assert len({take.id for take in manuscripts.start_takes(3, *asked)}) == 3  # type: ignore[arg-type]
    monkeypatch.setattr("storage.takes.new_id", lambda: "one and only")
    with pytest.raises(Exception, match="UNIQUE"):
        manuscripts.start_takes(2, *asked)  # type: ignore[arg-type]
    assert len(manuscripts.takes(chapter.id)) == 3


def test_a_take_may_be_asked_for_while_the_text_is_saved(
    manuscripts: Manuscripts, chapter: Chapter, clock: Any
) -> None:
    clock.now += 1000
    manuscripts.save(chapter.id, 1, "Late.")
    assert start(manuscripts, chapter).revision == 1
    with pytest.raises(BadInput):
        start(manuscripts, chapter, 13, 13)
