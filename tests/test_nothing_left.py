"""Whatever can hold a word of the book: once it is purged, no file of the desk has the word any more."""

from __future__ import annotations

import pytest

from templora.config import Sampling
from templora.find import Query
from tests.studio_desk import Desk, prose

SECRET = "unspeakable"


@pytest.fixture
def told(desk: Desk) -> str:
    """A book that had the secret in every part that it has, and has it nowhere any more."""
    studio = desk.studio
    lamp = f"It was late, {SECRET}. The lamp stood. And so {SECRET} saw Mateus."
    project = desk.book(f"{lamp}\n\n{prose(6)}", f"{SECRET} {prose(6, 'v')}", prose(2, "z"))
    one, two, _ = desk.chapters(project)
    # Notes.
    bible = studio.bible
    gone = bible.add(project, "character", SECRET, [f"the {SECRET}"], f"Is {SECRET}.")
    bible.set_note(gone.id, one, SECRET)
    bible.delete(gone.id)
    kept = bible.add(project, "character", "Mateus", [SECRET], SECRET)
    bible.set_note(kept.id, two, SECRET)
    bible.change(kept.id, aliases=[], description="Tall.")
    bible.set_note(kept.id, two, "")
    for note in (SECRET, "Dry."):
        bible.set_author_note(project, note)
        studio.set_synopsis(one, note)
    bible.dismiss(project, SECRET.title())
    bible.dismiss(project, "mateus")
    # Tools.
    comments = studio.tools.comments
    for span, body in (((13, 24), "Why?"), ((26, 30), SECRET), ((31, 35), SECRET)):
        made = comments.add(one, 1, span, body)
    comments.change(made.id, body="A lamp?")
    comments.delete(comments.of_chapter(one)[1].id)
    studio.tools.search(project, SECRET)
    studio.tools.replace(project, Query("saw"), SECRET, {one: 1})
    # Takes, and what was learnt.
    desk.engine.replies = [f" {SECRET} again"]
    revision, length = studio.chapter(one).revision, len(studio.chapter(one).text)
    for beat in (SECRET, None):
        list(studio.continue_(one, revision, length, Sampling(), beat=beat))
    list(studio.rewrite(one, revision, (0, 6), SECRET, Sampling()))
    studio.accept_take(studio.takes(one)[0].id, revision)
    studio.memory_do(project, "learn")
    desk.work()
    # History: named, split, merged, deleted.
    studio.name_revision(one, studio.chapter(one).revision, SECRET)
    part = studio.split_chapter(one, studio.chapter(one).revision, lamp.index("And"), SECRET)
    studio.change_chapter(part.id, title="And")
    studio.merge_chapter(one, studio.chapter(one).revision)
    studio.delete_chapter(two)
    studio.tools.search(project, SECRET, deleted=True)
    studio.back_up()
    desk.rewrite(one, lambda text: text.replace(SECRET, "Ines"))
    return project


def holding(desk: Desk) -> list[str]:
    """The files that have the secret."""
    desk.studio._keeper.write_mirrors()  # pyright: ignore[reportPrivateUsage]
    data = desk.folder / "data"
    paths = [path for path in data.rglob("*") if path.is_file()]
    return [str(path.relative_to(data)) for path in paths if SECRET.encode() in path.read_bytes().lower()]


def test_after_a_purge_of_the_history(desk: Desk, told: str) -> None:
    assert holding(desk), "or this test sees nothing"
    desk.studio.purge_history(told, backups=True)
    assert holding(desk) == []
    assert desk.studio.bible._rows.dismissed(told) == {"mateus"}  # pyright: ignore[reportPrivateUsage]


def test_after_the_book_was_deleted_for_good(desk: Desk, told: str) -> None:
    for backup in desk.studio.backups():
        (desk.folder / "data" / "backups" / backup.name).unlink()
    desk.studio.delete_project(told)
    desk.studio._manuscripts.purge_deleted(desk.clock.now + 1)  # pyright: ignore[reportPrivateUsage]
    assert holding(desk) == []
    with desk.studio._store.read() as rows:  # pyright: ignore[reportPrivateUsage]
        found = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '*[_]*' AND name <> 'fulltext'"
        tables = [row["name"] for row in rows.all(found)]
        assert len(tables) > 10 and [name for name in tables if rows.all(f"SELECT * FROM {name}")] == []
