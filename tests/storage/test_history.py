"""What a chapter can go back to: revisions with names and texts, and the way back, which is a revision too."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from storage.database import Store
from storage.manuscripts import Manuscripts
from storage.records import Accepted, Chapter, Project, RevisionHead, Run
from templora.errors import BadInput, Conflict, NotFound
from tests.storage.test_revisions import damage

TEXT = "An epigraph by somebody.\n\nIt was late. Rain fell on the roofs of the town."


@pytest.fixture
def chapter(manuscripts: Manuscripts, book: Project) -> Chapter:
    return manuscripts.add_chapter(book.id, "One", TEXT)


def start_take(manuscripts: Manuscripts, chapter: Chapter) -> str:
    end = len(chapter.text)
    return manuscripts.start_takes(
        1, chapter.project, chapter.id, "continue", chapter.revision, end, end, None, "starter", None, "{}"
    )[0].id


def heads(manuscripts: Manuscripts, chapter: Chapter) -> list[tuple[int, str, str | None]]:
    return [(head.number, head.kind, head.name) for head in manuscripts.revisions(chapter.id)]


def test_revisions_are_listed_without_their_text(manuscripts: Manuscripts, chapter: Chapter, clock: Any) -> None:
    clock.now += 1000
    manuscripts.save(chapter.id, 1, TEXT + " More.")
    assert manuscripts.revisions(chapter.id) == [
        RevisionHead(chapter.id, 1, "typed", None, 15, clock.now - 1000),
        RevisionHead(chapter.id, 2, "typed", None, 16, clock.now),
    ]
    assert manuscripts.revision_text(chapter.id, 1) == TEXT


def test_a_revision_is_read_whole_or_is_not_found_whatever_is_saved_meanwhile(
    manuscripts: Manuscripts, chapter: Chapter
) -> None:
    """Autosaves fold into each other: what was the newest is gone with the next one."""
    newest = [1]

    def save() -> None:
        for number in range(150):
            newest.append(manuscripts.save(chapter.id, newest[-1], TEXT + " word" * number))

    saving = threading.Thread(target=save)
    saving.start()
    read = 0
    while saving.is_alive():
        number = newest[-1]
        try:
            head, text = manuscripts.revision(chapter.id, number)
        except NotFound:
            continue
        assert (head.number, head.words) == (number, len(text.split()))
        read += 1
    saving.join()
    assert read and manuscripts.revision(chapter.id, newest[-1])[1] == TEXT + " word" * 149


def test_unknown_revisions_are_not_found(manuscripts: Manuscripts, chapter: Chapter) -> None:
    for refused in (
        lambda: manuscripts.revision_text(chapter.id, 7),
        lambda: manuscripts.revision_text("nothing", 1),
        lambda: manuscripts.name_revision(chapter.id, 7, "X"),
        lambda: manuscripts.name_revision("nothing", 1, "X"),
        lambda: manuscripts.restore_revision(chapter.id, 1, 7),
        lambda: manuscripts.restore_revision("nothing", 1, 1),
    ):
        with pytest.raises(NotFound):
            refused()


def test_a_version_that_cannot_be_read_can_be_named(
    manuscripts: Manuscripts, store: Store, chapter: Chapter, clock: Any
) -> None:
    clock.now += 1000
    manuscripts.save(chapter.id, 1, TEXT + " More.")
    damage(store, chapter.id, 1)
    manuscripts.name_revision(chapter.id, 1, "Draft")  # nothing of its text is needed for that
    assert [head.name for head in manuscripts.revisions(chapter.id)] == ["Draft", None]


def test_a_named_revision_is_not_folded_until_its_name_is_taken_away(
    manuscripts: Manuscripts, chapter: Chapter
) -> None:
    manuscripts.name_revision(chapter.id, 1, " First\ndraft ")
    manuscripts.save(chapter.id, 1, TEXT + " More.")
    manuscripts.save(chapter.id, 2, TEXT + " More and more.")
    assert heads(manuscripts, chapter) == [(1, "typed", "First draft"), (3, "typed", None)]
    manuscripts.name_revision(chapter.id, 3, "Second draft")
    manuscripts.name_revision(chapter.id, 3, None)
    manuscripts.save(chapter.id, 3, TEXT + " More and more again.")
    assert heads(manuscripts, chapter) == [(1, "typed", "First draft"), (4, "typed", None)]
    with pytest.raises(BadInput, match="name"):
        manuscripts.name_revision(chapter.id, 1, "  ")


def test_naming_a_revision_is_no_change_of_the_text(manuscripts: Manuscripts, chapter: Chapter, clock: Any) -> None:
    clock.now += 60
    manuscripts.name_revision(chapter.id, 1, "First draft")
    assert manuscripts.chapter(chapter.id) == chapter


def test_restoring_is_a_new_revision_and_can_itself_be_gone_back_on(
    manuscripts: Manuscripts, chapter: Chapter, clock: Any
) -> None:
    clock.now += 1000
    manuscripts.save(chapter.id, 1, "")
    restored = manuscripts.restore_revision(chapter.id, 2, 1)
    assert restored == manuscripts.chapter(chapter.id)
    assert (restored.text, restored.revision, restored.updated_at) == (TEXT, 3, clock.now)
    assert manuscripts.project(chapter.project).updated_at == clock.now
    assert manuscripts.restore_revision(chapter.id, 3, 2).text == ""
    assert heads(manuscripts, chapter) == [
        (1, "typed", None),
        (2, "typed", None),
        (3, "restored", None),
        (4, "restored", None),
    ]


def test_a_stale_page_restores_nothing(manuscripts: Manuscripts, chapter: Chapter, clock: Any) -> None:
    clock.now += 1000
    manuscripts.save(chapter.id, 1, "Something else.")
    with pytest.raises(Conflict) as caught:
        manuscripts.restore_revision(chapter.id, 1, 1)
    assert (caught.value.revision, caught.value.text) == (2, "Something else.")
    assert manuscripts.restore_revision(chapter.id, 2, 1).revision == 3
    assert manuscripts.restore_revision(chapter.id, 2, 1).revision == 3  # the answer was lost: the page sends it again


def test_text_that_comes_back_gets_its_authors_back(manuscripts: Manuscripts, chapter: Chapter) -> None:
    take = start_take(manuscripts, chapter)
    manuscripts.save(chapter.id, 1, TEXT + " The sea went out.", [Accepted(take, len(TEXT), 18)])
    manuscripts.save(chapter.id, 2, TEXT)
    manuscripts.save(chapter.id, 3, "Nothing of it.")
    assert manuscripts.runs(chapter.id) == [Run(14, None)]
    manuscripts.restore_revision(chapter.id, 4, 2)
    assert manuscripts.runs(chapter.id) == [Run(len(TEXT), None), Run(18, take)]


def test_passages_that_come_back_are_left_out_as_they_were(manuscripts: Manuscripts, chapter: Chapter) -> None:
    manuscripts.exclude(chapter.id, 1, 0, 24, True)
    manuscripts.save(chapter.id, 1, TEXT[26:], kind="restored")
    assert manuscripts.chapter(chapter.id).excluded == ()
    assert manuscripts.restore_revision(chapter.id, 2, 1).excluded == ((0, 24),)


def test_what_is_left_out_now_stays_so_in_an_older_text(manuscripts: Manuscripts, chapter: Chapter) -> None:
    manuscripts.exclude(chapter.id, 1, 0, 24, True)
    longer = TEXT + "\n\nA note to myself, not for the memory."
    manuscripts.save(chapter.id, 1, longer, kind="restored")
    manuscripts.exclude(chapter.id, 2, 0, 24, False)
    manuscripts.exclude(chapter.id, 2, 26, 30, True)
    assert manuscripts.restore_revision(chapter.id, 2, 1).excluded == ((26, 30),)
