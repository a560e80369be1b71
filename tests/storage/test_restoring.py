"""A book comes back out of a backup as a new project with everything that was in it, and nothing of its memory."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage import migrations
from storage.backups import Backups
from storage.database import Sql, Store, open_database
from storage.manuscripts import Manuscripts
from storage.migrations import STEPS
from storage.records import Accepted, BackupBook, Project, Run
from storage.restoring import Restoring
from storage.snapshots import Snapshots
from templora.errors import NotFound, StorageError
from tests.storage.conftest import Clock
from tests.storage.damage import flip, flip_page_of
from tests.storage.test_backups import learn
from tests.storage.test_migrating import old_database


@pytest.fixture
def backups(store: Store, clock: Clock) -> Backups:
    return Backups(store, clock)


@pytest.fixture
def restoring(store: Store, backups: Backups, clock: Clock) -> Restoring:
    return Restoring(store, backups, clock)


@pytest.fixture
def full(manuscripts: Manuscripts, store: Store, book: Project, clock: Clock) -> Project:
    """A book with two revisions, an accepted take, a rejected one, a deleted chapter, and a memory."""
    chapter = manuscripts.add_chapter(book.id, "One", "I write. ")
    taken = ("continue", 1, 9, 9, None, "a model", "c" * 64, "{}")
    take = manuscripts.start_takes(1, book.id, chapter.id, *taken)[0]  # type: ignore[arg-type]
    manuscripts.finish_take(take.id, "It writes.", 3, "length")
    rejected = manuscripts.start_takes(1, book.id, chapter.id, *taken)[0]  # type: ignore[arg-type]
    manuscripts.finish_take(rejected.id, "Not this.", 3, "length")
    manuscripts.save(chapter.id, 1, "I write. It writes.", [Accepted(take.id, 9, 10)])
    manuscripts.add_chapter(book.id, "Two", "second chapter")
    gone = manuscripts.add_chapter(book.id, "Gone", "deleted chapter")
    manuscripts.delete_chapter(gone.id)
    learn(store, book, b"losses")
    return book


def contents(store: Store) -> dict[str, object]:
    with store.read() as rows:
        tables = ("projects", "chapters", "revisions", "takes", "lessons", "snapshots")
        return {table: rows.all(f"SELECT * FROM {table} ORDER BY rowid") for table in tables}


def test_the_books_of_a_backup_are_listed(
    restoring: Restoring, backups: Backups, manuscripts: Manuscripts, full: Project, clock: Clock
) -> None:
    clock.now += 1
    empty = manuscripts.create_project("Empty")
    trash = manuscripts.create_project("In the trash")
    manuscripts.delete_project(trash.id)
    name = backups.make("asked").name
    manuscripts.rename_project(full.id, "Renamed since")
    assert restoring.books(name) == [
        BackupBook(empty.id, "Empty", 0, 0),
        BackupBook(full.id, "The Book", 6, 2),
        BackupBook(trash.id, "In the trash", 0, 0),
    ]


def test_a_book_comes_back_beside_the_present_one(
    restoring: Restoring, backups: Backups, manuscripts: Manuscripts, store: Store, full: Project, clock: Clock
) -> None:
    manuscripts.set_strength(full.id, 0.5)
    manuscripts.set_learning(full.id, "off")
    manuscripts.set_finished(full.id, clock.now)
    backup = backups.make("asked")
    (one, two) = manuscripts.texts(full.id)
    manuscripts.save(one.id, one.revision, "changed since")
    before = contents(store)
    clock.now += 100

    project = manuscripts.project(restoring.restore(backup.name, full.id))
    assert re.fullmatch(r"The Book \(backup of \d+ \w{3} \d{4}, \d\d:\d\d\)", project.title)
    assert (project.learning, project.strength, project.finished_at) == ("on", 0.5, None)
    assert (project.created_at, project.updated_at) == (full.created_at, clock.now)
    copies = manuscripts.texts(project.id)
    assert [(copy.title, copy.text, copy.revision) for copy in copies] == [
        ("One", "I write. It writes.", 2),
        ("Two", "second chapter", 1),
    ]
    assert not {copy.id for copy in copies} & {one.id, two.id}
    copy = copies[0]
    assert [(head.number, head.kind) for head in manuscripts.revisions(copy.id)] == [(1, "typed"), (2, "accepted")]
    assert manuscripts.revision_text(copy.id, 1) == "I write. "

    taken, rejected = manuscripts.takes(copy.id)
    assert (taken.text, taken.project, taken.accepted_revision, taken.memory) == ("It writes.", project.id, 2, "c" * 64)
    assert (rejected.text, rejected.accepted_revision) == ("Not this.", None)
    assert not {taken.id, rejected.id} & {take.id for take in manuscripts.takes(one.id)}
    assert manuscripts.runs(copy.id) == [Run(9, None), Run(10, taken.id)]

    (deleted,) = manuscripts.deleted_chapters(project.id)
    assert deleted.title == "Gone"
    snapshots = Snapshots(store, store.folder)
    assert snapshots.all(project.id) == [] and snapshots.lessons(project.id) == {}

    # What was there is as it was.
    after = contents(store)
    for table, rows in before.items():
        assert isinstance(rows, list) and after[table][: len(rows)] == rows  # type: ignore[index]
    # Provenance of what is written from now on refers to the copy's takes.
    manuscripts.save(copy.id, 2, "I write. It writes. I again.")
    assert manuscripts.runs(copy.id) == [Run(9, None), Run(10, taken.id), Run(9, None)]


def test_a_book_from_the_trash_of_an_old_backup_comes_back_to_stay(
    restoring: Restoring, backups: Backups, manuscripts: Manuscripts, full: Project, clock: Clock
) -> None:
    manuscripts.delete_project(full.id)
    name = backups.make("asked").name
    clock.now += 60 * 24 * 3600
    manuscripts.purge_deleted(clock.now - 30 * 24 * 3600)
    assert manuscripts.projects(deleted=True) == []
    project = restoring.restore(name, full.id)
    manuscripts.purge_deleted(clock.now - 30 * 24 * 3600)  # as at the next start
    assert len(manuscripts.texts(project)) == 2
    assert [head.title for head in manuscripts.deleted_chapters(project)] == ["Gone"]


def test_a_title_as_long_as_it_may_be_still_tells_the_backup(
    restoring: Restoring, backups: Backups, manuscripts: Manuscripts, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    clock.now = 1795549246.0
    book = manuscripts.create_project("t" * 200)
    name = backups.make("asked").name
    title = manuscripts.project(restoring.restore(name, book.id)).title
    assert len(title) == 200 and title.endswith("ttt … (backup of 24 Nov 2026, 19:40)")
    manuscripts.rename_project(book.id, title)  # it is a title like any other
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("steps", range(1, len(STEPS)))
def test_a_backup_of_an_older_version_is_read_and_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    with monkeypatch.context() as patch:
        old_database(tmp_path, monkeypatch, steps)
        patch.setattr(migrations, "STEPS", STEPS[:steps])
        store = open_database(tmp_path)
        name = Backups(store).make("asked").name
        store.close()
    with opened_all(tmp_path) as (backups, restoring, manuscripts):
        before = backups.path(name).read_bytes()
        assert restoring.books(name) == [BackupBook("book", "Old", 1, 1)]
        project = restoring.restore(name, "book")
        (chapter,) = manuscripts.texts(project)
        assert chapter.text == "second"
        assert manuscripts.revision_text(chapter.id, 1) == "first"
        assert backups.path(name).read_bytes() == before
        assert all(path.suffix == ".db" for path in (tmp_path / "backups").iterdir())


@contextmanager
def opened_all(folder: Path) -> Iterator[tuple[Backups, Restoring, Manuscripts]]:
    store = open_database(folder)
    backups = Backups(store)
    yield backups, Restoring(store, backups), Manuscripts(store)
    store.close()


def test_a_backup_of_a_newer_version_is_refused(
    restoring: Restoring, backups: Backups, full: Project, store: Store
) -> None:
    with store.transaction() as sql:
        sql.insert("_sqlite_migrations", {"migration_set": "templora", "name": "m999_later", "applied_at": "2099"})
    name = backups.make("asked").name
    with store.transaction() as sql:
        sql.run("DELETE FROM _sqlite_migrations WHERE name = 'm999_later'")
    for read in (restoring.books, lambda name: restoring.restore(name, full.id)):
        with pytest.raises(StorageError, match="newer Templora"):
            read(name)


def test_what_is_not_there_is_not_found(restoring: Restoring, backups: Backups, full: Project) -> None:
    name = backups.make("asked").name
    with pytest.raises(NotFound, match=f"There are: {name}"):
        restoring.books("../templora.db")
    with pytest.raises(NotFound, match="no backup"):
        restoring.restore("../../etc/passwd", full.id)
    with pytest.raises(NotFound, match="no such book"):
        restoring.restore(name, "nobody")


@pytest.mark.parametrize("damage", ["page", "cut", "no database", "empty"])
def test_a_damaged_backup_says_so_and_changes_nothing(
    restoring: Restoring, backups: Backups, store: Store, full: Project, damage: str
) -> None:
    path = backups.path(backups.make("asked").name)
    match damage:
        case "page":
            flip_page_of(path, "revisions")
        case "cut":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        case "no database":
            flip(path, 0, 100)
        case _:
            path.write_bytes(b"")
    before = contents(store)
    with pytest.raises(StorageError, match=rf"The backup {path.name} is damaged or cannot be read .* Choose another"):
        restoring.restore(path.name, full.id)
    assert contents(store) == before
    with pytest.raises(StorageError, match="is damaged"):
        restoring.books(path.name)


def test_a_restore_that_fails_midway_leaves_nothing(
    restoring: Restoring, backups: Backups, store: Store, full: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = backups.make("asked").name
    before = contents(store)
    insert = Sql.insert

    def insert_or_fail(sql: Sql, table: str, row: dict[str, object]) -> int:
        if table == "takes":
            raise RuntimeError("midway")
        return insert(sql, table, row)

    monkeypatch.setattr(Sql, "insert", insert_or_fail)
    with pytest.raises(RuntimeError):
        restoring.restore(name, full.id)
    assert contents(store) == before


def test_two_readers_of_an_old_backup_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_database(tmp_path, monkeypatch)
    with opened_all(tmp_path) as (backups, restoring, _):
        (backup,) = backups.all()  # made before its tables were brought up to date
        found: list[list[BackupBook]] = []
        threads = [threading.Thread(target=lambda: found.append(restoring.books(backup.name))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert found == [[BackupBook("book", "Old", 1, 1)]] * 4
