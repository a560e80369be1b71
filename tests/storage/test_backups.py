"""A backup is whole, found sound, of the books alone, or not there; saving goes on while it is made."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils.utils import sqlite3  # pyright: ignore[reportPrivateImportUsage]

from storage import backups as backups_module
from storage import database, revisions
from storage.backups import DAY_S, Backups
from storage.copies import complaint, opened
from storage.database import FILE_NAME, Store, open_database
from storage.manuscripts import Manuscripts
from storage.records import Lesson, Project
from storage.snapshots import Snapshots
from templora.errors import NotFound, StorageError
from tests.storage.conftest import Clock
from tests.storage.damage import as_ordinary_user, flip_page_of, flip_text

EVENING = datetime(2026, 11, 24, 19, 40, 46, tzinfo=UTC).timestamp()


@pytest.fixture
def backups(store: Store, clock: Clock) -> Backups:
    clock.now = EVENING
    return Backups(store, clock)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as conn:
        return conn.execute(sql).fetchall()


def files(store: Store) -> list[str]:
    return sorted(path.name for path in (store.folder / "backups").iterdir())


def learn(store: Store, project: Project, losses: bytes) -> None:
    lesson = Lesson(project.id, "c" * 64, "o" * 64, 1, 1.0, 1.0, losses, b"", 1.0, 1.0)
    Snapshots(store, store.folder).record_lesson(lesson)
    with store.transaction() as sql:
        row = {"project": project.id, "number": 0, "chain": "c" * 64, "n_chunks": 1, "sha256": "5" * 64}
        sql.insert("snapshots", {**row, "bytes": 1, "numerics": "{}", "created_at": 1.0})


# --- what a backup is ------------------------------------------------------------------------------------------------


def test_a_backup_is_one_file_with_every_text(backups: Backups, manuscripts: Manuscripts, book: Project) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "first")
    manuscripts.save(chapter.id, 1, "second", kind="restored")
    backup = backups.make("asked")
    assert backup.name == "2026-11-24T19-40-46.000Z-asked.db"
    assert (backup.reason, backup.created_at) == ("asked", EVENING)
    path = backups.path(backup.name)
    assert path.stat().st_size == backup.bytes
    assert [entry.name for entry in path.parent.iterdir()] == [backup.name]
    with opened(path) as copy:
        assert [revisions.read(copy, chapter.id, number).text for number in (1, 2)] == ["first", "second"]
    assert backups.all() == [backup]
    # It opens where nothing can be written beside it.
    assert rows(path, "PRAGMA journal_mode") == [("delete",)]


def test_a_backup_has_nothing_of_the_memory(
    backups: Backups, manuscripts: Manuscripts, store: Store, book: Project
) -> None:
    manuscripts.add_chapter(book.id, "One", "a text")
    learn(store, book, b"losses of a passage" * 1000)
    path = backups.path(backups.make("asked").name)
    assert rows(path, "SELECT * FROM lessons") == rows(path, "SELECT * FROM snapshots") == []
    assert rows(path, "PRAGMA freelist_count") == [(0,)]
    data = path.read_bytes()
    assert b"losses of a passage" not in data and b"cccc" not in data and b"a text" in data
    assert len(Snapshots(store, store.folder).lessons(book.id)) == 1  # the memory itself is not touched


def test_a_backup_has_no_trace_of_what_was_deleted(backups: Backups, store: Store, manuscripts: Manuscripts) -> None:
    gone = manuscripts.create_project("Gone")
    manuscripts.add_chapter(gone.id, "One", "words that must go " * 2000)
    manuscripts.create_project("Stays")
    manuscripts.delete_project(gone.id)
    manuscripts.purge_deleted(EVENING + 1e9)
    assert b"words that must go" not in backups.path(backups.make("asked").name).read_bytes()


def test_a_save_does_not_wait_for_a_backup_and_is_in_it(
    backups: Backups, manuscripts: Manuscripts, book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "word " * 20_000)
    monkeypatch.setattr(database, "STEP_PAGES", 1)
    steps: list[int] = []

    def step(store: Store, status: int, remaining: int, total: int) -> None:
        if not steps:
            saver = threading.Thread(target=manuscripts.save, args=(chapter.id, 1, "saved in between"))
            saver.start()
            saver.join(5)
            assert not saver.is_alive(), "the save waited for the backup"
        steps.append(remaining)

    monkeypatch.setattr(Store, "_give_way", step)
    path = backups.path(backups.make("asked").name)
    assert len(steps) > 20
    assert rows(path, "SELECT text FROM revisions WHERE number = 2") == [("saved in between",)]


def test_a_backup_waits_for_a_transaction_to_end(backups: Backups, store: Store, manuscripts: Manuscripts) -> None:
    made: list[str] = []
    thread = threading.Thread(target=lambda: made.append(backups.make("asked").name))
    with store.transaction() as sql:
        sql.insert("projects", {"id": "a", "title": "A", "created_at": 0.0, "updated_at": 0.0})
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        sql.insert("projects", {"id": "b", "title": "B", "created_at": 0.0, "updated_at": 0.0})
    thread.join(10)
    assert rows(backups.path(made[0]), "SELECT id FROM projects ORDER BY id") == [("a",), ("b",)]


def test_closing_ends_a_backup_that_is_being_made(
    backups: Backups, manuscripts: Manuscripts, store: Store, book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    manuscripts.add_chapter(book.id, "One", "word " * 20_000)
    monkeypatch.setattr(database, "STEP_PAGES", 1)
    monkeypatch.setattr(database, "STEP_PAUSE_S", 0.05)
    refused: list[str] = []

    def make() -> None:
        try:
            backups.make("daily")
        except StorageError as error:
            refused.append(error.message)

    thread = threading.Thread(target=make)
    thread.start()
    while not any((store.folder / "backups").glob("*")):
        thread.join(0.01)
    store.close()
    thread.join(10)
    assert refused == ["No backup was made: The desk is being closed."]
    with pytest.raises(StorageError, match="being closed"):
        backups.make("daily")
    assert files(store) == []


def test_backups_of_the_same_moment_have_names_of_their_own(backups: Backups, book: Project) -> None:
    made = [backups.make("asked"), backups.make("asked"), backups.make("export")]
    assert len({backup.created_at for backup in made}) == 3
    assert [backup.name for backup in backups.all()] == [backup.name for backup in reversed(made)]


@pytest.mark.parametrize(
    "name", ["../templora.db", "/etc/passwd", "..", "", "2026-11-24T19-40-46.000Z-asked.db", "x.db", "a\x00b"]
)
def test_a_name_is_one_of_those_listed_or_unknown(backups: Backups, name: str) -> None:
    with pytest.raises(NotFound, match="There is none yet"):
        backups.path(name)


def test_what_else_lies_in_the_folder_is_left_alone(backups: Backups, store: Store, book: Project) -> None:
    folder = store.folder / "backups"
    folder.mkdir()
    (folder / "2026-11-20T00-00-00.000Z-daily.db").mkdir()
    (folder / "my own copy.db").write_text("mine")
    (folder / "2026-13-45T00-00-00.000Z-daily.db").write_text("no date")
    (folder / "report.part").write_text("mine")
    (store.folder / "templora.db.part").write_text("half of one that was being put back")
    (folder / "2026-11-20T00-00-00.000Z-daily.db.raw.part").write_text("half of a backup")
    before = files(store)
    backups.sweep()
    assert not (store.folder / "templora.db.part").exists()
    made = backups.make("asked")
    assert backups.all() == [made]
    assert backups.replace_all() == 1
    kept = set(files(store)) - {backup.name for backup in backups.all()}
    assert kept == set(before) - {"2026-11-20T00-00-00.000Z-daily.db.raw.part"}


def test_old_backups_are_thinned_after_each_new_one(backups: Backups, clock: Clock, book: Project) -> None:
    for _ in range(16):
        clock.now += DAY_S
        backups.make("daily")
        backups.make("asked")
    ages = [round((clock.now - backup.created_at) / DAY_S) for backup in backups.all()]
    assert ages == [0, 0, 1, 1, 2, 2, *range(3, 14), 14]  # the last: a week's newest


def test_replacing_all_leaves_one_new_backup(backups: Backups, clock: Clock, manuscripts: Manuscripts) -> None:
    book = manuscripts.create_project("The Book")
    chapter = manuscripts.add_chapter(book.id, "One", "a secret")
    clock.now += 100 * DAY_S
    backups.make("daily")
    clock.now -= 100 * DAY_S  # made before the clock was set back
    backups.make("daily")
    clock.now += DAY_S
    manuscripts.save(chapter.id, 1, "no more")
    manuscripts.purge_history(book.id)
    assert backups.replace_all() == 2
    (left,) = backups.all()
    assert (left.reason, left.created_at) == ("asked", clock.now)
    assert b"a secret" not in backups.path(left.name).read_bytes()


# --- the daily one ---------------------------------------------------------------------------------------------------


def test_a_backup_is_due_a_day_after_the_last_if_the_text_has_changed(
    backups: Backups, clock: Clock, manuscripts: Manuscripts
) -> None:
    assert not backups.due()  # nothing is written yet
    book = manuscripts.create_project("The Book")
    chapter = manuscripts.add_chapter(book.id, "One", "first")
    assert backups.due()
    backups.make("asked")
    manuscripts.save(chapter.id, 1, "second")
    clock.now += DAY_S - 1
    assert not backups.due()
    clock.now += 1
    assert backups.due()
    backups.make("daily")
    clock.now += 10 * DAY_S
    assert not backups.due()
    manuscripts.rename_chapter(chapter.id, "Two")
    assert backups.due()


def test_what_is_learnt_makes_no_backup_due(
    backups: Backups, clock: Clock, manuscripts: Manuscripts, store: Store, book: Project
) -> None:
    manuscripts.add_chapter(book.id, "One", "first")
    backups.make("daily")
    learn(store, book, b"losses")
    clock.now += 2 * DAY_S
    assert not backups.due()


def test_a_clock_set_back_prevents_no_backup_and_deletes_none(
    backups: Backups, clock: Clock, manuscripts: Manuscripts, book: Project
) -> None:
    chapter = manuscripts.add_chapter(book.id, "One", "first")
    future = [backups.make("daily")]
    for _ in range(3):
        clock.now += 30 * DAY_S
        future.append(backups.make("daily"))
    clock.now = EVENING - 500 * DAY_S
    assert not backups.due()  # the text is in the newest one
    manuscripts.save(chapter.id, 1, "second")
    assert backups.due()
    today = backups.make("daily")
    assert not backups.due()
    clock.now += 2 * DAY_S
    assert not backups.due()  # unchanged since `today`, whatever the ones from the future say
    assert {backup.name for backup in backups.all()} == {backup.name for backup in [*future, today]}


def test_a_newest_backup_that_cannot_be_read_makes_one_due(
    backups: Backups, clock: Clock, manuscripts: Manuscripts, book: Project
) -> None:
    manuscripts.add_chapter(book.id, "One", "first")
    backups.path(backups.make("daily").name).write_bytes(b"no database" * 1000)
    clock.now += 2 * DAY_S
    assert backups.due()
    backups.make("daily")
    assert len(backups.all()) == 2
    assert not backups.due()


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["page", "text"])
def test_a_damaged_database_is_noticed_and_costs_no_older_backup(tmp_path: Path, clock: Clock, damage: str) -> None:
    store = open_database(tmp_path)
    manuscripts, backups = Manuscripts(store), Backups(store, clock)
    book = manuscripts.create_project("The Book")
    manuscripts.add_chapter(book.id, "One", "a passage to be spoilt " * 1000)
    sound = backups.make("daily")
    store.close()
    if damage == "page":
        flip_page_of(tmp_path / FILE_NAME, "revisions")
    else:
        flip_text(tmp_path / FILE_NAME, "a passage to be spoilt")
    store = open_database(tmp_path)
    backups = Backups(store, clock)
    clock.now += 400 * DAY_S
    with pytest.raises(StorageError, match=r"damaged.*--restore-backup newest"):
        backups.make("daily")
    assert backups.all() == [sound]
    assert files(store) == [sound.name]
    store.close()


def test_a_backup_that_does_not_read_back_is_deleted_and_reported(
    backups: Backups, store: Store, book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = backups.make("daily")
    pack = backups_module.pack

    def pack_badly(raw: Path, path: Path) -> None:
        pack(raw, path)
        flip_page_of(path, "projects")

    monkeypatch.setattr(backups_module, "pack", pack_badly)
    with pytest.raises(StorageError, match=r"No backup was made: It could not be read back"):
        backups.make("daily")
    assert files(store) == [sound.name]


def test_a_folder_that_cannot_be_written_is_reported(clock: Clock) -> None:
    with as_ordinary_user() as data:
        store = open_database(data)
        manuscripts, backups = Manuscripts(store, clock), Backups(store, clock)
        book = manuscripts.create_project("The Book")
        chapter = manuscripts.add_chapter(book.id, "One", "first")
        made = backups.make("daily")
        folder = data / "backups"
        folder.chmod(0o555)
        with pytest.raises(StorageError, match=r"No backup was made: .*backups.* could not be used: Permission denied"):
            backups.make("asked")
        with pytest.raises(StorageError):
            backups.replace_all()
        assert backups.all() == [made]
        assert manuscripts.save(chapter.id, 1, "text is saved all the same") == 2
        folder.chmod(0o755)
        backups.make("asked")
        store.close()


def test_a_backup_that_may_not_be_read_stops_nothing(clock: Clock) -> None:
    with as_ordinary_user() as data:
        store = open_database(data)
        manuscripts, backups = Manuscripts(store, clock), Backups(store, clock)
        manuscripts.create_project("The Book")
        backups.path(backups.make("daily").name).chmod(0)
        clock.now += 2 * DAY_S
        assert backups.due()
        backups.make("daily")
        assert len(backups.all()) == 2
        store.close()


def test_a_kill_leaves_whole_backups_and_what_the_next_start_sweeps(tmp_path: Path) -> None:
    store = open_database(tmp_path)
    manuscripts = Manuscripts(store)
    book = manuscripts.create_project("The Book")
    manuscripts.add_chapter(book.id, "One", "word " * 400_000)
    store.close()
    code = "import sys; from pathlib import Path; from storage.backups import Backups\n"
    code += "from storage.database import open_database; backups = Backups(open_database(Path(sys.argv[1])))\n"
    code += "while True: backups.make('daily'); print('made', flush=True)"
    rng = random.Random(7)
    for _ in range(6):
        command = [sys.executable, "-c", code, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as maker:
            assert maker.stdout and maker.stdout.readline() == b"made\n"
            time.sleep(rng.random() * 0.1)
            maker.kill()
    store = open_database(tmp_path)
    backups = Backups(store)
    left = set(files(store)) - {backup.name for backup in backups.all()}
    assert all(".db." in name for name in left)
    backups.sweep()
    assert set(files(store)) == {backup.name for backup in backups.all()}
    assert len(backups.all()) >= 6
    assert [complaint(backups.path(backup.name)) for backup in backups.all()] == [None] * len(backups.all())
    store.close()
