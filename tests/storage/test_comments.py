"""Comments follow their passages through everything that happens to a text, and are no part of it."""

from __future__ import annotations

import pytest

from storage import anchors
from storage.backups import DAY_S, Backups
from storage.comments import Comment, Comments
from storage.database import FILE_NAME, Store
from storage.manuscripts import Manuscripts
from storage.provenance import kept
from storage.records import Chapter, Project
from storage.replacing import ChapterEdits, Replacing
from storage.restoring import Restoring
from templora.errors import BadInput, Conflict, NotFound
from tests.storage.conftest import Clock

TEXT = "The harbour was empty.\n\nInes counted the hours on her fingers 🦊.\n\nFour until the flood."
PASSAGE = "counted the hours on her fingers"


@pytest.fixture
def comments(store: Store, clock: Clock) -> Comments:
    return Comments(store, clock)


@pytest.fixture
def chapter(manuscripts: Manuscripts, book: Project) -> Chapter:
    return manuscripts.add_chapter(book.id, "One", TEXT)


def comment(comments: Comments, chapter: Chapter, passage: str = PASSAGE) -> Comment:
    start = chapter.text.index(passage)
    return comments.add(chapter.id, chapter.revision, (start, start + len(passage)), "too slow?", "todo")


def passage(manuscripts: Manuscripts, comments: Comments, id: str) -> str | None:
    """The words where a comment stands now, in the chapter where it is."""
    found = comments.comment(id)
    chapter = manuscripts.chapter(found.chapter)
    assert found.revision == chapter.revision or found.start is None
    return None if found.start is None else chapter.text[found.start : found.end]


def write(manuscripts: Manuscripts, id: str, text: str, **more: object) -> None:
    manuscripts.save(id, manuscripts.chapter(id).revision, text, **more)  # type: ignore[arg-type]


def test_a_comment_knows_its_passage(comments: Comments, chapter: Chapter) -> None:
    made = comments.add(chapter.id, 1, (22, 30), "  why?  ")
    assert (made.quote, made.body, made.kind, made.start, made.end) == ("Ines c", "why?", "comment", 24, 30)
    assert comments.of_chapter(chapter.id) == comments.of_book(chapter.project) == [made]


def test_what_is_no_comment_is_refused(comments: Comments, chapter: Chapter) -> None:
    for span, body in (((0, 0), "x"), ((22, 24), "x"), ((0, 999), "x"), ((0, 3), " "), ((0, 3), "x" * 5001)):
        with pytest.raises(BadInput):
            comments.add(chapter.id, 1, span, body)
    with pytest.raises(Conflict):
        comments.add(chapter.id, 7, (0, 3), "x")
    with pytest.raises(NotFound):
        comments.add("nobody", 1, (0, 3), "x")


def test_it_is_changed_resolved_deleted_and_brought_back(comments: Comments, chapter: Chapter, clock: Clock) -> None:
    id = comment(comments, chapter).id
    assert comments.change(id, body="better", kind="comment").body == "better"
    assert comments.change(id, resolved=True).resolved_at == clock.now
    assert comments.change(id, resolved=False).resolved_at is None
    comments.delete(id)
    assert comments.of_chapter(chapter.id) == comments.of_book(chapter.project) == []
    with pytest.raises(NotFound):
        comments.change(id, body="x")
    assert comments.restore(id).body == "better"
    with pytest.raises(NotFound):
        comments.restore("nobody")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("New. " + TEXT, PASSAGE),
        (TEXT.replace("hours", "long hours"), "counted the long hours on her fingers"),
        (TEXT.replace("counted the hours ", ""), "on her fingers"),
        (TEXT.replace("Ines ", "Ines then "), PASSAGE),
        (TEXT.replace(f" {PASSAGE}", "") + f" She {PASSAGE}.", PASSAGE),
        (TEXT.replace(f" {PASSAGE}", ""), None),
        ("", None),
    ],
)
def test_it_follows_edits(
    manuscripts: Manuscripts, comments: Comments, chapter: Chapter, text: str, found: str | None
) -> None:
    id = comment(comments, chapter).id
    write(manuscripts, chapter.id, text)
    assert passage(manuscripts, comments, id) == found


def test_a_passage_that_comes_back_has_its_comment_back(
    manuscripts: Manuscripts, comments: Comments, chapter: Chapter
) -> None:
    id = comment(comments, chapter).id
    write(manuscripts, chapter.id, "Gone.", kind="imported")
    assert (passage(manuscripts, comments, id), comments.comment(id).quote) == (None, PASSAGE)
    manuscripts.restore_revision(chapter.id, 2, 1)
    assert passage(manuscripts, comments, id) == PASSAGE


def test_a_passage_that_is_gone_is_not_another_one_of_the_same_words(
    manuscripts: Manuscripts, comments: Comments, chapter: Chapter
) -> None:
    id = comment(comments, chapter, "the").id
    cut = TEXT.replace("counted the hours", "counted hours")
    write(manuscripts, chapter.id, cut, kind="imported")
    assert passage(manuscripts, comments, id) is None, "the other ‘the’ stood there before"
    write(manuscripts, chapter.id, f"{cut} So", kind="imported")
    assert passage(manuscripts, comments, id) is None
    write(manuscripts, chapter.id, f"{TEXT} So")
    assert passage(manuscripts, comments, id) == "the" and comments.comment(id).start == TEXT.index("the hours")


def test_the_editor_knows_best_where_it_stands(manuscripts: Manuscripts, comments: Comments, chapter: Chapter) -> None:
    id = comment(comments, chapter, "hours").id
    text = TEXT.replace("hours", "hours hours")
    start = text.rindex("hours")
    write(manuscripts, chapter.id, text, anchors={id: (start, start + 5)})
    assert comments.comment(id).start == start
    write(manuscripts, chapter.id, text + " More.", anchors={id: (5000, 6000), "unknown": (0, 1)})
    assert comments.comment(id).start == start, "a place outside the text is none"


def test_a_replacement_throughout_the_book_moves_it(
    manuscripts: Manuscripts, comments: Comments, chapter: Chapter, store: Store
) -> None:
    id = comment(comments, chapter).id
    place = TEXT.index("hours")
    edits = [(0, 3, "A very large"), (place, place + 5, "minutes")]
    Replacing(store).replace(chapter.project, {chapter.id: ChapterEdits(1, edits)})
    assert passage(manuscripts, comments, id) == "counted the minutes on her fingers"


def test_it_survives_split_and_merge(manuscripts: Manuscripts, comments: Comments, chapter: Chapter) -> None:
    ids = [comment(comments, chapter, words).id for words in ("empty", PASSAGE, "flood", "fingers 🦊.\n\nFour")]
    two = manuscripts.split_chapter(chapter.id, 1, TEXT.index("Ines"), "Two")
    assert [comments.comment(id).chapter == two.id for id in ids] == [False, True, True, True]
    three = manuscripts.split_chapter(two.id, 1, two.text.index("Four"), "Three")
    assert comments.comment(ids[2]).chapter == three.id
    assert comments.comment(ids[3]).quote == "fingers 🦊.", "words that went to another chapter are not kept here"
    assert [passage(manuscripts, comments, id) for id in ids] == ["empty", PASSAGE, "flood", "fingers 🦊."]
    manuscripts.merge_chapter(two.id, manuscripts.chapter(two.id).revision)
    manuscripts.merge_chapter(chapter.id, manuscripts.chapter(chapter.id).revision)
    assert manuscripts.chapter(chapter.id).text == TEXT
    assert [passage(manuscripts, comments, id) for id in ids] == ["empty", PASSAGE, "flood", "fingers 🦊."]
    assert {comments.comment(id).chapter for id in ids} == {chapter.id}


def test_a_deleted_chapter_hides_its_comments(manuscripts: Manuscripts, comments: Comments, chapter: Chapter) -> None:
    made = comment(comments, chapter)
    manuscripts.delete_chapter(chapter.id)
    assert comments.of_book(chapter.project) == []
    manuscripts.restore_chapter(chapter.id)
    assert comments.of_book(chapter.project) == [made]


def test_a_purge_leaves_no_deleted_word_in_a_comment(
    manuscripts: Manuscripts, comments: Comments, chapter: Chapter, store: Store
) -> None:
    stays, gone, lost = (comment(comments, chapter, words) for words in ("empty", "flood", PASSAGE))
    comments.change(gone.id, body="unspeakable remark")
    comments.delete(gone.id)
    write(manuscripts, chapter.id, TEXT.replace(PASSAGE, "sat"), kind="imported")
    manuscripts.purge_history(chapter.project)
    assert comments.comment(lost.id).quote == "" and comments.comment(stays.id).quote == "empty"
    with pytest.raises(NotFound):
        comments.restore(gone.id)
    for path in store.folder.glob(f"{FILE_NAME}*"):
        assert b"unspeakable" not in path.read_bytes() and PASSAGE.encode() not in path.read_bytes()


def test_deleted_comments_and_those_of_purged_books_go_in_their_time(
    manuscripts: Manuscripts, comments: Comments, chapter: Chapter, store: Store
) -> None:
    comments.delete(comment(comments, chapter).id)
    comment(comments, chapter, "flood")
    manuscripts.purge_deleted(2e9)
    with store.read() as rows:
        assert len(rows.all("SELECT 1 FROM comments")) == 1
        manuscripts.delete_project(chapter.project)
        manuscripts.purge_deleted(2e9)
        assert rows.all("SELECT 1 FROM comments") == []


def test_a_book_out_of_a_backup_has_its_comments(
    manuscripts: Manuscripts, comments: Comments, chapter: Chapter, store: Store, clock: Clock
) -> None:
    comment(comments, chapter)
    comments.delete(comment(comments, chapter, "flood").id)
    backups = Backups(store, clock)
    made = backups.make("asked")
    clock.now += 100
    book = Restoring(store, backups, clock).restore(made.name, chapter.project)
    (copied,) = comments.of_book(book)
    assert (copied.quote, copied.body) == (PASSAGE, "too slow?") and copied.project == book
    with store.read() as rows:
        gone = rows.all("SELECT deleted_at FROM comments WHERE project = ? AND deleted_at NOT NULL", book)
    assert [row["deleted_at"] for row in gone] == [clock.now], "the trash is kept for its time again"


def test_a_day_of_commenting_makes_a_backup_due(
    manuscripts: Manuscripts, comments: Comments, chapter: Chapter, store: Store, clock: Clock
) -> None:
    backups = Backups(store, clock)
    made = comment(comments, chapter)
    for verb in (
        lambda: comment(comments, chapter, "flood"),
        lambda: comments.change(made.id, body="still too slow"),
        lambda: comments.change(made.id, resolved=True),
        lambda: comments.delete(made.id),
    ):
        backups.make("daily")
        clock.now += 2 * DAY_S
        assert not backups.due()
        verb()
        assert backups.due()


def test_short_words_are_not_looked_for_elsewhere_while_anything_is_left() -> None:
    old, new = "a lamp and a lamp", "a lam and a lamp"
    assert anchors.moved((2, 6), "lamp", kept(old, new), new) == (2, 5)


def test_words_are_sought_nearest_to_their_place() -> None:
    assert anchors.sought("ab ab ab", "ab", 4) == (3, 5)
    assert anchors.sought("ab ab ab", "ab", 99) == (6, 8)
    assert anchors.sought("ab", "", 0) is None and anchors.sought("ab", "c", 0) is None
