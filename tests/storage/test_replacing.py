"""Words replaced throughout a book: one step, by the writer, and put back in one step or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from storage.database import Store
from storage.manuscripts import Manuscripts
from storage.records import Accepted, Project, Run
from storage.replacing import ChapterEdits, Replacement, Replacing
from templora.errors import BadInput, Conflict, NotFound
from tests.storage.conftest import Clock

ONE, TWO = "Ines lit the lamp.", "The lamp: Ines."


@pytest.fixture
def replacing(store: Store, clock: Clock) -> Replacing:
    return Replacing(store, clock)


@pytest.fixture
def chapters(manuscripts: Manuscripts, book: Project) -> Sequence[str]:
    return [manuscripts.add_chapter(book.id, title, text).id for title, text in (("One", ONE), ("Two", TWO))]


def everywhere(replacing: Replacing, book: Project, chapters: Sequence[str], revision: int = 1) -> Replacement:
    places = {chapters[0]: [(0, 4, "Mara")], chapters[1]: [(10, 14, "Mara")]}
    return replacing.replace(book.id, {id: ChapterEdits(revision, edits) for id, edits in places.items()})


def texts(manuscripts: Manuscripts, book: Project) -> list[str]:
    return [chapter.text for chapter in manuscripts.texts(book.id)]


def test_all_chapters_change_in_one_step_that_history_knows(
    manuscripts: Manuscripts, replacing: Replacing, book: Project, chapters: Sequence[str]
) -> None:
    done = everywhere(replacing, book, chapters)
    assert (done.places, done.chapters) == (2, {chapters[0]: 2, chapters[1]: 2})
    assert texts(manuscripts, book) == ["Mara lit the lamp.", "The lamp: Mara."]
    assert [head.kind for head in manuscripts.revisions(chapters[0])] == ["typed", "replaced"]
    assert replacing.latest(book.id) == done


def test_it_is_undone_as_one_step(
    manuscripts: Manuscripts, replacing: Replacing, book: Project, chapters: Sequence[str]
) -> None:
    done = everywhere(replacing, book, chapters)
    assert set(replacing.undo(book.id, done.id)) == set(chapters)
    assert texts(manuscripts, book) == [ONE, TWO]
    assert manuscripts.revisions(chapters[1])[-1].kind == "restored"
    assert replacing.latest(book.id) is None
    with pytest.raises(NotFound, match="undone already"):
        replacing.undo(book.id, done.id)


def test_what_was_edited_since_is_not_undone_and_nothing_else_is(
    manuscripts: Manuscripts, replacing: Replacing, book: Project, chapters: Sequence[str]
) -> None:
    done = everywhere(replacing, book, chapters)
    manuscripts.save(chapters[1], 2, "The lamp: Mara. More.")
    with pytest.raises(BadInput, match="‘Two’ was edited after the replacement"):
        replacing.undo(book.id, done.id)
    assert texts(manuscripts, book) == ["Mara lit the lamp.", "The lamp: Mara. More."]
    manuscripts.save(chapters[1], 3, "The lamp: Mara.")
    assert len(replacing.undo(book.id, done.id)) == 2, "the edit was taken back"


def test_a_chapter_that_is_back_already_stays_as_it_is(
    manuscripts: Manuscripts, replacing: Replacing, book: Project, chapters: Sequence[str]
) -> None:
    done = everywhere(replacing, book, chapters)
    manuscripts.save(chapters[1], 2, TWO)
    assert replacing.undo(book.id, done.id) == [chapters[0]]
    assert texts(manuscripts, book) == [ONE, TWO]


def test_a_deleted_chapter_is_not_undone(
    manuscripts: Manuscripts, replacing: Replacing, book: Project, chapters: Sequence[str]
) -> None:
    done = everywhere(replacing, book, chapters)
    manuscripts.delete_chapter(chapters[1])
    with pytest.raises(BadInput, match="‘Two’"):
        replacing.undo(book.id, done.id)


def test_a_purge_ends_the_undo(
    manuscripts: Manuscripts, replacing: Replacing, book: Project, chapters: Sequence[str]
) -> None:
    done = everywhere(replacing, book, chapters)
    manuscripts.purge_history(book.id)
    assert replacing.latest(book.id) is None
    with pytest.raises(NotFound):
        replacing.undo(book.id, done.id)


def test_a_chapter_that_has_moved_on_is_a_conflict_for_all(
    manuscripts: Manuscripts, replacing: Replacing, book: Project, chapters: Sequence[str]
) -> None:
    manuscripts.save(chapters[1], 1, TWO + " More.")
    with pytest.raises(Conflict, match="‘Two’ has changed") as caught:
        everywhere(replacing, book, chapters)
    assert caught.value.text == TWO + " More."
    assert texts(manuscripts, book)[0] == ONE and replacing.latest(book.id) is None


def test_edits_that_do_not_fit_are_refused(
    manuscripts: Manuscripts, replacing: Replacing, book: Project, chapters: Sequence[str]
) -> None:
    for edits in ([(3, 2, "")], [(0, 99, "")], [(0, 5, ""), (4, 6, "")], [(0, 1, "\0")]):
        with pytest.raises(BadInput):
            replacing.replace(book.id, {chapters[0]: ChapterEdits(1, edits)})
    other = manuscripts.create_project("Other")
    with pytest.raises(BadInput, match="another book"):
        replacing.replace(other.id, {chapters[0]: ChapterEdits(1, [(0, 1, "x")])})
    assert texts(manuscripts, book) == [ONE, TWO]


def test_replaced_words_are_the_writers_and_the_others_stay_whose_they_were(
    manuscripts: Manuscripts, replacing: Replacing, book: Project, chapters: Sequence[str]
) -> None:
    one = chapters[0]
    wrote = " Ines saw Ines."
    (take,) = manuscripts.start_takes(
        1, book.id, one, "continue", 1, len(ONE), len(ONE), None, "starter", None, "{}"
    )  # fmt: skip
    manuscripts.finish_take(take.id, wrote, 3, "stop")
    manuscripts.save(one, 1, ONE + wrote, [Accepted(take.id, len(ONE), len(wrote))])
    start = len(ONE) + 1
    edits = [(start, start + 4, "Inês"), (start + 9, start + 13, "Inês")]
    done = replacing.replace(book.id, {one: ChapterEdits(2, edits)})
    assert manuscripts.runs(one) == [
        Run(len(ONE), None), Run(1, take.id), Run(4, None), Run(5, take.id), Run(4, None), Run(1, take.id),
    ]  # fmt: skip
    assert manuscripts.provenance(book.id).typed_words == 4 + 3 + 2
    replacing.undo(book.id, done.id)
    assert manuscripts.runs(one) == [Run(len(ONE), None), Run(len(wrote), take.id)]


def test_what_the_memory_leaves_out_moves_along(
    manuscripts: Manuscripts, replacing: Replacing, book: Project, chapters: Sequence[str]
) -> None:
    manuscripts.exclude(chapters[0], 1, 9, 17, True)
    everywhere(replacing, book, chapters)
    assert manuscripts.chapter(chapters[0]).excluded == ((9, 17),)
