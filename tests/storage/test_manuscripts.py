"""The text: saved by compare-and-set, kept as revisions, never lost."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from storage.authorship import UNKNOWN
from storage.database import Store, open_database
from storage.manuscripts import FOLD_LOSES, FOLD_S, Manuscripts
from storage.records import Accepted, Chapter, ModelShare, Project, Run
from templora.errors import BadInput, Conflict, NotFound
from tests.storage.conftest import Clock

READS = Path("/proc/self/io")


def bytes_read() -> int:
    return int(READS.read_text().split("rchar: ")[1].split()[0])


@pytest.fixture
def chapter(manuscripts: Manuscripts, book: Project) -> Chapter:
    return manuscripts.add_chapter(book.id, "One", "It was late.")


def titles(manuscripts: Manuscripts, book: Project) -> list[str]:
    heads = manuscripts.chapters(book.id)
    assert [head.position for head in heads] == list(range(len(heads)))
    return [head.title for head in heads]


def numbers(manuscripts: Manuscripts, chapter: Chapter) -> list[int]:
    return [revision.number for revision in manuscripts.revisions(chapter.id)]


# --- chapters ---


def test_a_new_chapter_stands_at_the_end_with_its_text_as_revision_one(manuscripts: Manuscripts, book: Project) -> None:
    manuscripts.add_chapter(book.id, "One")
    added = manuscripts.add_chapter(book.id, " Two ", "Some words here.", kind="imported")
    assert added == manuscripts.chapter(added.id)
    assert (added.title, added.position, added.text, added.revision) == ("Two", 1, "Some words here.", 1)
    assert [(head.words, head.revision) for head in manuscripts.chapters(book.id)] == [(0, 1), (3, 1)]
    assert manuscripts.revisions(added.id)[0].kind == "imported"
    assert manuscripts.texts(book.id)[1] == added


def test_chapters_can_be_put_in_any_order(manuscripts: Manuscripts, book: Project) -> None:
    a, b, c = (manuscripts.add_chapter(book.id, title) for title in "ABC")
    manuscripts.move_chapter(c.id, 0)
    assert titles(manuscripts, book) == ["C", "A", "B"]
    manuscripts.move_chapter(c.id, 2)
    assert titles(manuscripts, book) == ["A", "B", "C"]
    manuscripts.move_chapter(b.id, 1)
    assert titles(manuscripts, book) == ["A", "B", "C"]
    for nowhere in (-1, 3):
        with pytest.raises(BadInput):
            manuscripts.move_chapter(a.id, nowhere)


def test_a_deleted_chapter_comes_back_where_it_stood(manuscripts: Manuscripts, book: Project) -> None:
    _, b, _ = (manuscripts.add_chapter(book.id, title, f"text of {title}") for title in "ABC")
    manuscripts.delete_chapter(b.id)
    assert titles(manuscripts, book) == ["A", "C"]
    for refused in (
        lambda: manuscripts.chapter(b.id),
        lambda: manuscripts.save(b.id, 1, "more"),
        lambda: manuscripts.rename_chapter(b.id, "X"),
        lambda: manuscripts.delete_chapter(b.id),
    ):
        with pytest.raises(NotFound):
            refused()
    manuscripts.restore_chapter(b.id)
    manuscripts.restore_chapter(b.id)
    assert titles(manuscripts, book) == ["A", "B", "C"]
    assert manuscripts.chapter(b.id).text == "text of B"


def test_a_book_comes_in_whole_or_not_at_all(manuscripts: Manuscripts, book: Project) -> None:
    imported = manuscripts.add_book("Imported", [("A", "one"), ("B", "two")])
    assert [(text.title, text.text) for text in manuscripts.texts(imported.id)] == [("A", "one"), ("B", "two")]
    assert manuscripts.revisions(manuscripts.chapters(imported.id)[0].id)[-1].kind == "imported"
    with pytest.raises(BadInput):
        manuscripts.add_book("Half a book", [("A", "one"), ("B", "no text: \x00")])
    assert {project.title for project in manuscripts.projects()} == {book.title, "Imported"}


def test_a_chapter_comes_back_to_a_book_that_has_become_shorter(manuscripts: Manuscripts, book: Project) -> None:
    a, b, c = (manuscripts.add_chapter(book.id, title) for title in "ABC")
    for gone in (c, a, b):
        manuscripts.delete_chapter(gone.id)
    manuscripts.restore_chapter(c.id)
    assert titles(manuscripts, book) == ["C"]


def test_renaming_a_chapter_leaves_its_text_and_its_time(
    manuscripts: Manuscripts, chapter: Chapter, clock: Any
) -> None:
    clock.now += 50
    manuscripts.rename_chapter(chapter.id, "The Storm")
    renamed = manuscripts.chapter(chapter.id)
    assert (renamed.title, renamed.text, renamed.updated_at) == ("The Storm", chapter.text, chapter.updated_at)


@pytest.mark.skipif(not READS.exists(), reason="counts the bytes read by this process, as Linux reports them")
def test_listing_chapters_reads_none_of_their_text(manuscripts: Manuscripts, store: Store, book: Project) -> None:
    for i in range(20):
        manuscripts.add_chapter(book.id, f"Chapter {i}", "word " * 40_000)
    store.close()
    reopened = open_database(store.folder)
    before = bytes_read()
    assert sum(head.words for head in Manuscripts(reopened).chapters(book.id)) == 800_000
    assert bytes_read() - before < 400_000  # of 4 million
    reopened.close()


# --- saving ---


def test_a_save_makes_the_next_revision(manuscripts: Manuscripts, chapter: Chapter, book: Project, clock: Any) -> None:
    clock.now += 10
    assert manuscripts.save(chapter.id, 1, "It was late. Rain fell.") == 2
    saved = manuscripts.chapter(chapter.id)
    assert (saved.text, saved.revision, saved.updated_at) == ("It was late. Rain fell.", 2, clock.now)
    assert manuscripts.chapters(book.id)[0].words == 5
    assert manuscripts.project(book.id).updated_at == clock.now


def test_a_save_is_on_disk_when_it_returns(manuscripts: Manuscripts, chapter: Chapter, store: Store) -> None:
    manuscripts.save(chapter.id, 1, "It was later.")
    other = open_database(store.folder)
    assert Manuscripts(other).chapter(chapter.id).text == "It was later."
    other.close()


def test_a_stale_save_overwrites_nothing_and_gets_the_current_text(manuscripts: Manuscripts, chapter: Chapter) -> None:
    manuscripts.save(chapter.id, 1, "first")
    for base in (1, 3):
        with pytest.raises(Conflict) as caught:
            manuscripts.save(chapter.id, base, "second")
        assert (caught.value.revision, caught.value.text) == (2, "first")
    assert manuscripts.chapter(chapter.id).text == "first"


def test_the_same_text_again_keeps_its_number(manuscripts: Manuscripts, chapter: Chapter) -> None:
    assert manuscripts.save(chapter.id, 1, chapter.text) == 1
    assert manuscripts.save(chapter.id, 1, "It was later.") == 2
    assert manuscripts.save(chapter.id, 1, "It was later.") == 2  # the answer was lost, so the page sends it again


def test_of_two_tabs_that_save_at_once_one_wins_and_one_is_told(manuscripts: Manuscripts, chapter: Chapter) -> None:
    base = 1
    for _ in range(25):
        start, outcomes = threading.Barrier(2), list[tuple[str, int | Conflict]]()

        def save(
            text: str,
            base: int = base,
            start: threading.Barrier = start,
            outcomes: list[tuple[str, int | Conflict]] = outcomes,
        ) -> None:
            start.wait()
            try:
                outcomes.append((text, manuscripts.save(chapter.id, base, text)))
            except Conflict as told:
                outcomes.append((text, told))

        threads = [threading.Thread(target=save, args=(f"tab {tab} on {base}",)) for tab in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        [(won, number)] = [(text, result) for text, result in outcomes if isinstance(result, int)]
        [conflict] = [result for _, result in outcomes if isinstance(result, Conflict)]
        assert number == base + 1
        assert (conflict.revision, conflict.text) == (number, won) == (number, manuscripts.chapter(chapter.id).text)
        base = number


def test_many_threads_share_one_database(manuscripts: Manuscripts, book: Project) -> None:
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            chapter = manuscripts.add_chapter(book.id, name)
            for i in range(10):
                mine = next(head for head in manuscripts.chapters(book.id) if head.title == name)
                manuscripts.save(mine.id, mine.revision, f"{manuscripts.chapter(chapter.id).text}{name}.{i} ")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(f"t{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(titles(manuscripts, book)) == 8
    for chapter in manuscripts.texts(book.id):
        assert chapter.text.split() == [f"{chapter.title}.{i}" for i in range(10)]


# --- folding ---


def test_autosaves_of_five_minutes_are_one_revision(manuscripts: Manuscripts, chapter: Chapter, clock: Any) -> None:
    text, number = chapter.text, 1
    for _ in range(8):
        clock.now += FOLD_S / 4
        text += " More."
        number = manuscripts.save(chapter.id, number, text)
    assert number == 9
    assert numbers(manuscripts, chapter) == [5, 9]
    assert manuscripts.revision_text(chapter.id, 5) == chapter.text + 4 * " More."
    with pytest.raises(NotFound, match="no revision 4"):
        manuscripts.revision_text(chapter.id, 4)
    assert manuscripts.chapter(chapter.id).text == text


def test_accepted_restored_and_imported_states_are_never_folded(
    manuscripts: Manuscripts, book: Project, clock: Any
) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "imported", kind="imported")
    take = start(manuscripts, chapter)
    manuscripts.save(chapter.id, 1, "imported taken", [Accepted(take, 8, 6)])
    manuscripts.save(chapter.id, 2, "imported taken typed")
    manuscripts.save(chapter.id, 3, "imported", kind="restored")
    manuscripts.save(chapter.id, 4, "imported again")
    manuscripts.save(chapter.id, 5, "imported again and")
    kinds = [(revision.number, revision.kind) for revision in manuscripts.revisions(chapter.id)]
    assert kinds == [(1, "imported"), (2, "accepted"), (3, "typed"), (4, "restored"), (6, "typed")]


def test_a_revision_that_a_take_was_written_for_is_kept(manuscripts: Manuscripts, chapter: Chapter) -> None:
    start(manuscripts, chapter)
    manuscripts.save(chapter.id, 1, chapter.text + " More.")
    assert manuscripts.revision_text(chapter.id, 1) == chapter.text


def test_an_autosave_that_blanks_the_chapter_can_be_gone_back_on(manuscripts: Manuscripts, book: Project) -> None:
    text = "word " * FOLD_LOSES
    chapter = manuscripts.add_chapter(book.id, "One", text)
    manuscripts.save(chapter.id, 1, "")
    manuscripts.save(chapter.id, 2, "x")
    assert [manuscripts.revision_text(chapter.id, number) for number in numbers(manuscripts, chapter)] == [text, "x"]


# --- what may be stored ---


def test_line_ends_become_one_kind_and_accepted_spans_move_with_them(
    manuscripts: Manuscripts, chapter: Chapter
) -> None:
    take = start(manuscripts, chapter)
    manuscripts.save(chapter.id, 1, "One.\r\n\r\nTwo.\r\nThree.\rFour.", [Accepted(take, 8, 12)])
    assert manuscripts.chapter(chapter.id).text == "One.\n\nTwo.\nThree.\nFour."
    assert manuscripts.runs(chapter.id) == [Run(6, None), Run(11, take), Run(6, None)]


@pytest.mark.parametrize("text", ["nul \x00", "half \ud83d of a pair"])
def test_what_is_no_text_is_refused_and_changes_nothing(
    manuscripts: Manuscripts, chapter: Chapter, book: Project, text: str
) -> None:
    for refused in (
        lambda: manuscripts.save(chapter.id, 1, text),
        lambda: manuscripts.add_chapter(book.id, "Two", text),
        lambda: manuscripts.add_chapter(book.id, text),
        lambda: manuscripts.create_project(text),
    ):
        with pytest.raises(BadInput, match=r"U\+"):
            refused()
    assert manuscripts.texts(book.id) == [chapter]


def test_lengths_are_code_points(manuscripts: Manuscripts, chapter: Chapter) -> None:
    take = start(manuscripts, chapter)
    manuscripts.save(chapter.id, 1, "😀é😀", [Accepted(take, 1, 1)])
    assert manuscripts.runs(chapter.id) == [Run(1, None), Run(1, take), Run(1, None)]


@pytest.mark.parametrize("title", ["", " \n\t ", "x" * 201])
def test_titles_need_one_to_two_hundred_characters(manuscripts: Manuscripts, chapter: Chapter, title: str) -> None:
    with pytest.raises(BadInput):
        manuscripts.rename_chapter(chapter.id, title)
    assert manuscripts.chapter(chapter.id).title == "One"


def test_a_title_is_one_line(manuscripts: Manuscripts, chapter: Chapter) -> None:
    manuscripts.rename_chapter(chapter.id, "  The\nStorm " + "x" * 189 + "  ")
    assert manuscripts.chapter(chapter.id).title == "The Storm " + "x" * 189


def test_what_is_unknown_is_not_found(manuscripts: Manuscripts, chapter: Chapter) -> None:
    for refused in (
        lambda: manuscripts.chapter("nothing"),
        lambda: manuscripts.save("nothing", 1, ""),
        lambda: manuscripts.add_chapter("nothing", "One"),
        lambda: manuscripts.restore_chapter("nothing"),
        lambda: manuscripts.revisions("nothing"),
        lambda: manuscripts.runs("nothing"),
        lambda: manuscripts.runs(chapter.id, 7),
    ):
        with pytest.raises(NotFound):
            refused()


# --- provenance ---


def test_accepting_a_take_is_recorded_with_the_text(manuscripts: Manuscripts, chapter: Chapter, clock: Any) -> None:
    take = start(manuscripts, chapter)
    assert manuscripts.save(chapter.id, 1, chapter.text + " Rain fell.", [Accepted(take, 12, 11)]) == 2
    assert manuscripts.take(take).accepted_revision == 2
    clock.now += 1000
    manuscripts.save(chapter.id, 2, chapter.text + " Cold rain fell.")
    assert manuscripts.runs(chapter.id, 1) == [Run(12, None)]
    assert manuscripts.runs(chapter.id, 2) == [Run(12, None), Run(11, take)]
    newest = manuscripts.runs(chapter.id)
    assert newest == [Run(12, None), Run(1, take), Run(6, None), Run(9, take)]


def test_accepting_what_stands_there_already_changes_its_author(manuscripts: Manuscripts, chapter: Chapter) -> None:
    take = start(manuscripts, chapter)
    span = [Accepted(take, 0, 2)]
    assert manuscripts.save(chapter.id, 1, chapter.text, span) == 2
    assert manuscripts.save(chapter.id, 2, chapter.text, span) == 2
    assert manuscripts.runs(chapter.id) == [Run(2, take), Run(10, None)]


def test_a_text_is_saved_whatever_has_become_of_the_take_that_wrote_of_it(
    manuscripts: Manuscripts, chapter: Chapter, book: Project
) -> None:
    purged = start(manuscripts, chapter)
    manuscripts.finish_take(purged, " Rain.", 2, "stop")
    another = manuscripts.create_project("Another")
    elsewhere = start(manuscripts, manuscripts.add_chapter(another.id, "Two", "Elsewhere."))
    manuscripts.purge_history(book.id)
    text = chapter.text
    for number, take in enumerate((purged, elsewhere), 1):
        text += " Rain."
        assert manuscripts.save(chapter.id, number, text, [Accepted(take, len(text) - 6, 6)]) == number + 1
    # The words are the model's still, not the writer's.
    assert manuscripts.runs(chapter.id) == [Run(12, None), Run(6, purged), Run(6, elsewhere)]
    assert manuscripts.take(elsewhere).accepted_revision is None
    assert manuscripts.provenance(book.id).models == [ModelShare(UNKNOWN, 2, 2, 0)]


def start(manuscripts: Manuscripts, chapter: Chapter) -> str:
    end = len(chapter.text)
    return manuscripts.start_takes(
        1,
        project=chapter.project,
        chapter=chapter.id,
        kind="continue",
        revision=chapter.revision,
        start=end,
        end=end,
        instruction=None,
        model="starter",
        memory=None,
        sampling="{}",
    )[0].id


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    store = open_database(tmp_path)
    manuscripts = Manuscripts(store)
    book = manuscripts.create_project("The Book")
    chapter = manuscripts.add_chapter(book.id, "One", "It was late.")
    take = start(manuscripts, chapter)
    manuscripts.extend_take(take, " Rain", 1)
    before = (manuscripts.projects(), manuscripts.texts(book.id), manuscripts.takes(chapter.id))
    store.close()
    store = open_database(tmp_path)
    again = Manuscripts(store)
    assert (again.projects(), again.texts(book.id), again.takes(chapter.id)) == before
    store.close()


def test_the_version_that_another_page_disagrees_with_is_not_folded_away(
    manuscripts: Manuscripts, book: Project, clock: Clock
) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "The tide.")
    clock.now += 1
    theirs = manuscripts.save(chapter.id, 1, "The tide went out.")
    clock.now += 1
    with pytest.raises(Conflict):
        manuscripts.save(chapter.id, 1, "The tide came in.")
    clock.now += 1
    manuscripts.save(chapter.id, theirs, "The tide came in.")
    kept = [manuscripts.revision_text(chapter.id, head.number) for head in manuscripts.revisions(chapter.id)]
    assert kept[-2:] == ["The tide went out.", "The tide came in."]
