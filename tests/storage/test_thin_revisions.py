"""Revisions are thinned by age: the same ones stay however often that is done, and those that stay can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.database import Store, open_database
from storage.manuscripts import Manuscripts
from storage.records import Project, RevisionHead, RevisionKind
from storage.thinning import DAY_S, HOUR_S, outlived
from templora.config import Sampling
from templora.errors import BadInput, NotFound, RevisionDamaged
from tests.storage.test_revisions import damage
from tests.studio_desk import Desk

NOW = 1_800_000_000.0 - 1_800_000_000.0 % DAY_S + 12 * HOUR_S  # noon, UTC
READS = Path("/proc/self/io")


def head(number: int, created_at: float, kind: RevisionKind = "typed", name: str | None = None) -> RevisionHead:
    return RevisionHead("c", number, kind, name, 0, created_at)


@st.composite
def histories(draw: st.DrawFn) -> list[RevisionHead]:
    ages = sorted(draw(st.lists(st.integers(-3 * 60, 80 * 24 * 60), max_size=40)), reverse=True)  # minutes
    kinds: st.SearchStrategy[RevisionKind] = st.sampled_from(["typed", "typed", "accepted", *get_args(RevisionKind)])
    names = st.sampled_from([None, None, None, "Draft"])
    return [head(number, NOW - age * 60, draw(kinds), draw(names)) for number, age in enumerate(ages, 1)]


def left(history: list[RevisionHead], now: float) -> list[RevisionHead]:
    gone = outlived(history, now)
    return [revision for revision in history if revision.number not in gone]


@given(histories())
def test_one_an_hour_is_left_of_a_month_and_then_one_a_day(history: list[RevisionHead]) -> None:
    stay = left(history, NOW)
    assert stay[-1:] == history[-1:]
    for revision in history:
        age = NOW - revision.created_at
        if revision in stay:
            continue
        assert revision.name is None and revision.kind in {"typed", "accepted"} and age > 2 * DAY_S
        if revision.kind == "accepted":
            assert age > 30 * DAY_S
        size = HOUR_S if age <= 30 * DAY_S else DAY_S
        later = [
            other
            for other in stay
            if other.number > revision.number and other.created_at // size == revision.created_at // size
        ]
        assert later  # the last of its hour or day is there
    plain = [r for r in stay[:-1] if r.kind == "typed" and r.name is None]
    for size, oldest, newest in ((HOUR_S, 30 * DAY_S, 2 * DAY_S), (DAY_S, 1000 * DAY_S, 30 * DAY_S)):
        slots = [r.created_at // size for r in plain if newest < NOW - r.created_at <= oldest]
        assert len(slots) == len(set(slots))


@given(histories(), st.lists(st.integers(0, 60 * 24), max_size=10))
def test_it_does_not_matter_how_often_and_when_it_is_done(history: list[RevisionHead], hours: list[int]) -> None:
    end = NOW + 60 * DAY_S
    often = history
    for hour in sorted(hours):
        often = left(often, NOW + hour * HOUR_S)
    assert left(often, end) == left(history, end)


def test_a_clock_that_was_set_back_deletes_nothing() -> None:
    history = [head(number, NOW + number) for number in range(1, 9)]
    assert outlived(history, NOW - 90 * DAY_S) == set()


def test_a_day_of_writing_over_the_weeks() -> None:
    morning = NOW - 3 * HOUR_S
    history = [
        head(1, morning),
        head(2, morning + 600, "accepted"),
        head(3, morning + 1200),
        head(4, morning + 1800, name="Draft"),
        head(5, morning + HOUR_S),
        head(6, morning + HOUR_S + 60, "accepted"),
        head(7, morning + 2 * HOUR_S),
    ]
    for days, numbers in ((1, [1, 2, 3, 4, 5, 6, 7]), (3, [2, 3, 4, 5, 6, 7]), (31, [4, 6, 7])):
        assert [revision.number for revision in left(history, NOW + days * DAY_S)] == numbers


# --- in the database ---


def write(manuscripts: Manuscripts, chapter: str, clock: Any, times: int, every: float) -> dict[int, str]:
    texts: dict[int, str] = {}
    for i in range(times):
        current = manuscripts.chapter(chapter)
        texts[current.revision] = current.text
        clock.now += every
        manuscripts.save(chapter, current.revision, current.text + f"Sentence {i}. ")
    current = manuscripts.chapter(chapter)
    return {**texts, current.revision: current.text}


def numbers(manuscripts: Manuscripts, chapter: str) -> list[int]:
    return [revision.number for revision in manuscripts.revisions(chapter)]


def test_what_stays_can_be_read_after_its_neighbours_have_gone(
    manuscripts: Manuscripts, book: Project, clock: Any
) -> None:
    clock.now = NOW
    chapter = manuscripts.add_chapter(book.id, "One", "Start. ").id
    untouched = manuscripts.add_chapter(book.id, "Two", "Start. ").id
    texts = write(manuscripts, chapter, clock, 60, 400)
    manuscripts.name_revision(chapter, 2, "Draft")
    assert manuscripts.thin_revisions() == 0
    clock.now += 3 * DAY_S
    gone = manuscripts.thin_revisions()
    stay = numbers(manuscripts, chapter)
    assert len(stay) == 61 - gone == 7 + 2  # the hours from noon to 18:40, the named one, the newest
    assert 2 in stay and stay[-1] == 61
    assert {number: manuscripts.revision_text(chapter, number) for number in stay} == {n: texts[n] for n in stay}
    with pytest.raises(NotFound):
        manuscripts.revision_text(chapter, 3)
    clock.now += 30 * DAY_S
    assert manuscripts.thin_revisions() == len(stay) - 3  # named, the last, and the day's last
    assert manuscripts.thin_revisions() == 0
    assert {n: manuscripts.revision_text(chapter, n) for n in numbers(manuscripts, chapter)}.items() <= texts.items()
    assert numbers(manuscripts, untouched) == [1]


def test_a_version_that_is_named_at_the_last_moment_stays(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "Start. ").id
    texts = write(manuscripts, chapter, clock, 8, 400)
    clock.now += 3 * DAY_S
    going = sorted(outlived(manuscripts.revisions(chapter), clock.now))
    begin = store.transaction

    def named_before_it_begins() -> Any:
        monkeypatch.undo()
        manuscripts.name_revision(chapter, going[0], "Draft")
        return begin()

    monkeypatch.setattr(store, "transaction", named_before_it_begins)
    assert manuscripts.thin_revisions() == len(going) - 1
    assert manuscripts.revision_text(chapter, going[0]) == texts[going[0]]


def test_a_damaged_chapter_keeps_what_it_has_and_the_others_are_thinned(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any
) -> None:
    chapters = [manuscripts.add_chapter(book.id, "One", "Start. ").id for _ in range(3)]
    for chapter in chapters:
        write(manuscripts, chapter, clock, 8, 400)
    damage(store, chapters[1], 4)
    clock.now += 3 * DAY_S
    before = manuscripts.revisions(chapters[1])
    with pytest.raises(RevisionDamaged):
        manuscripts.thin_revisions()
    assert manuscripts.revisions(chapters[1]) == before
    assert len(numbers(manuscripts, chapters[0])) < 9 > len(numbers(manuscripts, chapters[2]))


@pytest.mark.skipif(not READS.exists(), reason="counts the bytes read by this process, as Linux reports them")
def test_where_nothing_is_due_no_text_is_read(
    manuscripts: Manuscripts, store: Store, book: Project, clock: Any
) -> None:
    for i in range(20):
        chapter = manuscripts.add_chapter(book.id, f"Chapter {i}", "word " * 40_000).id
        write(manuscripts, chapter, clock, 3, DAY_S)
    clock.now += 5 * DAY_S
    store.close()
    reopened = open_database(store.folder)
    before = int(READS.read_text().split("rchar: ")[1].split()[0])
    assert Manuscripts(reopened, clock).thin_revisions() == 0
    assert int(READS.read_text().split("rchar: ")[1].split()[0]) - before < 400_000  # of 4 million
    reopened.close()


def test_a_desk_thins_at_its_start_and_refuses_takes_of_revisions_that_are_gone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    project = desk.book("It was late.")
    [chapter] = desk.chapters(project)
    desk.rewrite(chapter, lambda text: text + " More.")  # folds
    stream = desk.studio.continue_(chapter, 2, 12, Sampling())
    assert list(stream)
    [take] = desk.studio.takes(chapter)
    for word in (" One", " Two"):
        desk.clock.now += 400
        desk.rewrite(chapter, lambda text, word=word: text + word)
    desk.clock.now += 40 * DAY_S
    desk.reopen()
    assert [head.number for head in desk.studio.revisions(chapter)] == [3, 4]
    with pytest.raises(BadInput, match="by hand"):
        desk.studio.accept_take(take.id, 4)
    desk.studio.close()
