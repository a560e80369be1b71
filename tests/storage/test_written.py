"""Words written, by day and by session."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from storage import goals
from storage.backups import Backups
from storage.database import FILE_NAME, Store
from storage.goals import Goals, Writing
from storage.manuscripts import Manuscripts
from storage.records import Chapter, Project
from storage.replacing import ChapterEdits, Replacing
from storage.restoring import Restoring
from storage.written import PAUSE_S, fresh, local_day
from templora.errors import BadInput, NotFound
from tests.storage.conftest import Clock

DAY_S = 24 * 3600
OLD = "Ten words were here before the day began, all old."


@pytest.fixture(autouse=True)
def time_zone() -> Iterator[None]:
    """East of Greenwich, where a day begins before that of UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Etc/GMT-9"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.fixture
def writing(store: Store, clock: Clock) -> Writing:
    return Writing(store, clock)


@pytest.fixture
def chapter(manuscripts: Manuscripts, book: Project, clock: Clock) -> Chapter:
    clock.now = 1_000_000_000.0 - 1_000_000_000.0 % DAY_S + 1 * 3600  # 10:00 where the writer is
    return manuscripts.add_chapter(book.id, "One", OLD)


def write(manuscripts: Manuscripts, id: str, text: str) -> None:
    manuscripts.save(id, manuscripts.chapter(id).revision, text)


def today(writing: Writing, book: Project) -> int:
    return writing.progress(book.id).today


@pytest.mark.parametrize(
    ("before", "text", "words"),
    [
        ("", "", 0),
        ("", "three new words", 3),
        (OLD, OLD + " And four more words.", 4),
        (OLD, "", 0),
        (OLD, "Ten words were here, all old.", 0),
        (OLD, OLD.replace("old", "older"), 0),
        (OLD, OLD.replace("all old", "each of them quite old"), 4),
        ("a b\n\nc d", "c d\n\nnew one\n\na b", 2),
    ],
)
def test_fresh_words_are_those_that_were_not_there(before: str, text: str, words: int) -> None:
    assert fresh(before, text) == words


def test_words_count_as_they_are_written_and_not_when_they_go_again(
    manuscripts: Manuscripts, writing: Writing, book: Project, chapter: Chapter
) -> None:
    write(manuscripts, chapter.id, OLD + " And five more words now.")
    assert today(writing, book) == 5
    write(manuscripts, chapter.id, OLD + " And five.")
    assert today(writing, book) == 2
    assert writing.progress(book.id).book == len(OLD.split()) + 2


def test_cutting_what_was_there_before_takes_nothing_away_and_undoing_it_adds_nothing(
    manuscripts: Manuscripts, writing: Writing, book: Project, chapter: Chapter
) -> None:
    write(manuscripts, chapter.id, OLD + "\n\nNew words.")
    write(manuscripts, chapter.id, "New words.")
    assert today(writing, book) == 2
    write(manuscripts, chapter.id, OLD + "\n\nNew words.")
    assert today(writing, book) == 2


def test_days_are_those_of_the_writer(
    manuscripts: Manuscripts, writing: Writing, book: Project, chapter: Chapter, clock: Clock
) -> None:
    first = local_day(clock.now)
    write(manuscripts, chapter.id, OLD + " one two three")
    clock.now += 13.9 * 3600  # 23:54
    assert today(writing, book) == 3
    clock.now += 0.2 * 3600  # 00:06; in Greenwich it is still yesterday
    assert today(writing, book) == 0
    second = local_day(clock.now)
    assert second > first
    write(manuscripts, chapter.id, OLD + " one two three four five")
    assert writing.progress(book.id).days == {first: 3, second: 2}
    write(manuscripts, chapter.id, "four five")
    assert writing.progress(book.id).days == {first: 3, second: 2}, "yesterday's number stays"


def test_a_session_ends_with_a_pause(
    manuscripts: Manuscripts, writing: Writing, book: Project, chapter: Chapter, clock: Clock
) -> None:
    write(manuscripts, chapter.id, OLD + " one two three")
    clock.now += PAUSE_S - 1
    write(manuscripts, chapter.id, OLD + " one two three four")
    assert writing.progress(book.id).session == 4
    clock.now += PAUSE_S + 1
    assert writing.progress(book.id).session == 0
    write(manuscripts, chapter.id, OLD + " one two three four five")
    progress = writing.progress(book.id)
    assert (progress.session, progress.today) == (1, 5)


def test_chapters_add_up_and_a_deleted_one_was_written_too(
    manuscripts: Manuscripts, writing: Writing, book: Project, chapter: Chapter
) -> None:
    two = manuscripts.add_chapter(book.id, "Two", "")
    write(manuscripts, chapter.id, OLD + " one two")
    write(manuscripts, two.id, "three four five")
    assert today(writing, book) == 5
    manuscripts.delete_chapter(two.id)
    assert (today(writing, book), writing.progress(book.id).book) == (5, len(OLD.split()) + 2)


def test_what_is_imported_restored_or_replaced_is_not_written(
    manuscripts: Manuscripts, writing: Writing, store: Store, book: Project, chapter: Chapter, clock: Clock
) -> None:
    write(manuscripts, chapter.id, OLD + " one two")
    manuscripts.add_chapter(book.id, "Two", "Many imported words.", kind="imported")
    Replacing(store, clock).replace(book.id, {chapter.id: ChapterEdits(2, [(0, 3, "Ten or eleven")])})
    assert today(writing, book) == 2
    write(manuscripts, chapter.id, "were here before the day began, all old. one two three")
    assert today(writing, book) == 3
    manuscripts.restore_revision(chapter.id, 4, 3)
    assert today(writing, book) == 3


def test_words_stay_counted_once_through_split_and_merge(
    manuscripts: Manuscripts, writing: Writing, book: Project, chapter: Chapter
) -> None:
    write(manuscripts, chapter.id, OLD + "\n\nHere are four words.")
    two = manuscripts.split_chapter(chapter.id, 2, len(OLD), "Two")
    assert today(writing, book) == 4
    write(manuscripts, two.id, "Here are four words. And more.")
    assert today(writing, book) == 6
    manuscripts.merge_chapter(chapter.id, manuscripts.chapter(chapter.id).revision)
    assert today(writing, book) == 6


def test_a_chapter_that_was_not_written_in_today_is_merged(
    manuscripts: Manuscripts, writing: Writing, book: Project, chapter: Chapter, clock: Clock
) -> None:
    two = manuscripts.add_chapter(book.id, "Two", "Old words.")
    write(manuscripts, two.id, "Old words. New.")
    clock.now += DAY_S
    write(manuscripts, chapter.id, OLD + " one")
    manuscripts.merge_chapter(chapter.id, 2)
    assert list(writing.progress(book.id).days.values()) == [1, 1]


def test_numbers_stay_where_the_text_is_purged(
    manuscripts: Manuscripts, writing: Writing, store: Store, book: Project, chapter: Chapter, clock: Clock
) -> None:
    write(manuscripts, chapter.id, OLD.replace("Ten", "Unspeakable") + " one two")
    write(manuscripts, chapter.id, "three new words")
    gone = manuscripts.add_chapter(book.id, "Gone", "")
    write(manuscripts, gone.id, "unutterable words here")
    manuscripts.delete_chapter(gone.id)
    before = writing.progress(book.id)
    manuscripts.purge_history(book.id)
    assert writing.progress(book.id) == before and before.today == 6
    for path in store.folder.glob(f"{FILE_NAME}*"):
        for word in (b"Unspeakable", b"unutterable", OLD.encode()):
            assert word not in path.read_bytes()
    write(manuscripts, chapter.id, "three new words and more")
    assert today(writing, book) == 8


def test_goals_are_kept_and_checked(writing: Writing, book: Project, chapter: Chapter) -> None:
    assert writing.progress(book.id).goals == Goals()
    writing.set_goals(book.id, Goals(300, 1000, 90_000))
    assert writing.progress(book.id).goals == Goals(300, 1000, 90_000)
    with pytest.raises(BadInput):
        writing.set_goals(book.id, Goals(day=-1))
    for verb in (lambda: writing.progress("nobody"), lambda: writing.set_goals("nobody", Goals())):
        with pytest.raises(NotFound):
            verb()


def test_a_book_out_of_a_backup_has_its_days_and_goals_and_a_purged_one_has_none(
    manuscripts: Manuscripts, writing: Writing, store: Store, book: Project, chapter: Chapter, clock: Clock
) -> None:
    write(manuscripts, chapter.id, OLD + " one two")
    writing.set_goals(book.id, Goals(day=1000))
    backups = Backups(store, clock)
    clock.now += DAY_S
    made = backups.make("asked")
    again = Restoring(store, backups, clock).restore(made.name, book.id)
    progress = writing.progress(again)
    assert list(progress.days.values()) == [2] and progress.goals == Goals(day=1000)
    manuscripts.delete_project(book.id)
    manuscripts.purge_deleted(clock.now + 1)
    with store.read() as rows:
        assert rows.all("SELECT 1 FROM written WHERE project = ?", book.id) == []


def test_nobody_waits_with_a_save_while_words_are_counted(
    manuscripts: Manuscripts, writing: Writing, book: Project, chapter: Chapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(manuscripts, chapter.id, OLD + " one two")
    saved: list[bool] = []

    def slowly(before: str, text: str) -> int:
        saving = threading.Thread(target=write, args=(manuscripts, chapter.id, OLD + " one two three"))
        saving.start()
        saving.join(5)
        saved.append(not saving.is_alive())
        return fresh(before, text)

    monkeypatch.setattr(goals, "fresh", slowly)
    assert today(writing, book) == 2
    assert saved == [True], "the day and the session began with one text, so it is compared once"


def test_the_language_of_a_book_is_a_tag(manuscripts: Manuscripts, book: Project) -> None:
    assert manuscripts.project(book.id).language == ""
    manuscripts.set_language(book.id, "pt-BR")
    assert manuscripts.project(book.id).language == "pt-BR"
    with pytest.raises(BadInput, match="language tag"):
        manuscripts.set_language(book.id, "Portuguese, please")
    manuscripts.set_language(book.id, "")
