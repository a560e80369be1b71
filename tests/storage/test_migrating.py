"""An older database is backed up, then brought up to date as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # pyright: ignore[reportPrivateImportUsage]

from storage import migrations
from storage.backups import Backups, listed
from storage.database import FILE_NAME, Store, open_database
from storage.manuscripts import Manuscripts
from storage.migrations import STEPS
from templora.errors import StorageError
from tests.storage.damage import as_ordinary_user

Clock = Callable[[], float]


def old_database(folder: Path, monkeypatch: pytest.MonkeyPatch, steps: int = 2) -> None:
    """What an earlier version left: one book of one chapter with two revisions."""
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", STEPS[:steps])
        store = open_database(folder)
        with store.transaction() as sql:
            sql.insert("projects", {"id": "book", "title": "Old", "created_at": 1.0, "updated_at": 1.0})
            sql.insert("chapters", {"id": "one", "project": "book", "title": "One", "position": 0})
            for number, text in enumerate(("first", "second"), 1):
                row = {"chapter": "one", "number": number, "kind": "typed", "words": 1, "began_at": 1.0}
                runs = f"[[{len(text)}, null]]"
                sql.insert("revisions", {**row, "created_at": float(number), "runs": runs, "text": text})
        store.close()


def dump(path: Path) -> list[object]:
    """Every table of a database with its rows."""
    with closing(sqlite3.connect(path)) as conn:
        tables = conn.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        rows = [conn.execute(f'SELECT * FROM "{name}"').fetchall() for name, sql in tables if "TABLE" in (sql or "")]
    return [*tables, *rows]


def m998_useful(db: Database) -> None:
    db.conn.execute("CREATE TABLE extra (id TEXT PRIMARY KEY) STRICT")


def m999_fails(db: Database) -> None:
    db.conn.execute("CREATE TABLE half (id TEXT PRIMARY KEY) STRICT")
    db.conn.execute("DELETE FROM revisions")
    raise ZeroDivisionError("midway")


def test_an_old_database_is_backed_up_before_it_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_database(tmp_path, monkeypatch)
    before = dump(tmp_path / FILE_NAME)
    store = open_database(tmp_path, lambda: 1_800_000_000.0)
    assert Manuscripts(store).chapter("one").text == "second"
    (backup,) = listed(tmp_path)
    assert backup.reason == "migration"
    assert dump(tmp_path / "backups" / backup.name) == before
    store.close()
    open_database(tmp_path).close()
    assert listed(tmp_path) == [backup]  # the next start has nothing to bring up to date


@pytest.mark.parametrize("step", [m999_fails, lambda db: db.conn.execute("INSERT INTO nowhere VALUES (1)")])
def test_a_step_that_fails_changes_nothing_and_the_message_names_the_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Callable[[Database], None]
) -> None:
    old_database(tmp_path, monkeypatch)
    before = dump(tmp_path / FILE_NAME)
    step.__name__ = "m999_fails"
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", (*STEPS, m998_useful, step))
        with pytest.raises(StorageError, match=r"\. They are as they were; a backup") as caught:
            open_database(tmp_path)
    assert dump(tmp_path / FILE_NAME) == before
    (backup,) = listed(tmp_path)
    assert str(tmp_path / "backups" / backup.name) in caught.value.message
    assert dump(tmp_path / "backups" / backup.name) == before

    store = open_database(tmp_path)  # the version that was there before, or one whose step is mended
    assert Manuscripts(store).chapter("one").text == "second"
    store.close()


def test_a_new_database_needs_no_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_database(tmp_path).close()
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", (*STEPS, m998_useful))
        store = open_database(tmp_path)
    with store.read() as rows:
        assert rows.all("SELECT * FROM extra") == []
    store.close()
    assert not (tmp_path / "backups").exists()


def test_without_room_for_the_backup_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    with as_ordinary_user() as folder:
        old_database(folder, monkeypatch)
        before = dump(folder / FILE_NAME)
        (folder / "backups").mkdir(mode=0o555)
        with pytest.raises(StorageError, match=r"No backup was made: .* could not be used: Permission denied"):
            open_database(folder)
        assert dump(folder / FILE_NAME) == before
        (folder / "backups").chmod(0o755)
        open_database(folder).close()
        assert [backup.reason for backup in listed(folder)] == ["migration"]


def test_a_damaged_old_database_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old_database(tmp_path, monkeypatch)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as conn:
        conn.execute("PRAGMA foreign_keys=OFF")
        conn.execute("DELETE FROM chapters")
        conn.commit()
    before = dump(tmp_path / FILE_NAME)
    with pytest.raises(StorageError, match="damaged"):
        open_database(tmp_path)
    assert dump(tmp_path / FILE_NAME) == before


@pytest.mark.parametrize("steps", range(1, len(STEPS) + 1))
def test_every_older_schema_can_be_backed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    old_database(tmp_path, monkeypatch, steps)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as conn:
        store = Store(Database(conn), tmp_path)
        backups = Backups(store)
        made = backups.make("asked")
        assert dump(backups.path(made.name)) == dump(tmp_path / FILE_NAME)
        assert not backups.due()
