"""The readable mirror says what the book says, and never less."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage.mirror import Mirror, notes_of
from storage.records import BibleEntry, Chapter, ChapterNote, ChapterStatus, EntryKind, Project
from templora.errors import DiskFull

BOOK = Project("abc", "The Book", 0.0, 0.0)


def chapter(title: str, text: str = "Text.") -> Chapter:
    return Chapter(title, BOOK.id, title, 0, text, 1, 0.0)


def noted(title: str, position: int, status: ChapterStatus, synopsis: str = "") -> Chapter:
    return replace(chapter(title), position=position, status=status, synopsis=synopsis)


def entry(kind: EntryKind, name: str, *notes: ChapterNote, aliases: tuple[str, ...] = (), said: str = "") -> BibleEntry:
    return BibleEntry(name, BOOK.id, kind, name, aliases, said, notes, 0.0)


def files(folder: Path) -> dict[str, str]:
    book = folder / "projects" / BOOK.id / "book"
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(book.iterdir())}


def test_each_chapter_is_a_markdown_file_in_order(tmp_path: Path) -> None:
    Mirror(tmp_path).write(BOOK, [chapter("The Storm", "Rain.\n\n*Cold* rain.\n\n"), chapter("Été: 2/3 ☂", "Soleil.")])
    assert files(tmp_path) == {
        "01-the-storm.md": "# The Storm\n\nRain.\n\n*Cold* rain.\n",
        "02-été-2-3.md": "# Été: 2/3 ☂\n\nSoleil.\n",
    }


def test_files_follow_moved_renamed_and_vanished_chapters(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.write(BOOK, [chapter("One", "1"), chapter("Two", "2"), chapter("Three", "3")])
    mirror.write(BOOK, [chapter("Three", "3"), chapter("ONE", "1")])
    assert files(tmp_path) == {"01-three.md": "# Three\n\n3\n", "02-one.md": "# ONE\n\n1\n"}
    mirror.write(BOOK, [])
    assert files(tmp_path) == {}


def test_what_the_writer_keeps_there_is_left_alone(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.write(BOOK, [chapter("One")])
    (tmp_path / "projects" / BOOK.id / "book" / "notes.md").write_text("mine")
    mirror.write(BOOK, [])
    assert files(tmp_path) == {"notes.md": "mine"}


def test_chapters_of_one_name_have_a_file_each(tmp_path: Path) -> None:
    Mirror(tmp_path).write(BOOK, [chapter("***"), chapter("***"), chapter("x" * 200)])
    assert list(files(tmp_path)) == ["01-chapter.md", "02-chapter.md", f"03-{'x' * 60}.md"]


def test_a_hundred_chapters_sort_as_they_are_read(tmp_path: Path) -> None:
    Mirror(tmp_path).write(BOOK, [chapter(f"c{i}") for i in range(101)])
    assert [name.split("-")[1] for name in files(tmp_path)] == [f"c{i}.md" for i in range(101)]


def test_what_is_noted_of_a_book_is_a_page_that_can_be_read() -> None:
    chapters = [
        noted("The Storm", 0, "done", "It rains.\nInes leaves."),
        chapter("Calm"),
        noted("Landfall", 2, "outline"),
    ]
    entries = [
        entry(
            "character", "Ines", ChapterNote("Calm", 1, False, "Is afraid."), said="Tall.", aliases=("the pilot", "I.")
        ),
        entry("character", "Mateus", ChapterNote("gone", 1, True, "Is dead.")),
        entry("rule", "Tides", said="Twice a day."),
    ]
    assert (
        notes_of(chapters, entries, "Dry, short sentences.")
        == """# Notes, no part of the book

## Author’s note

Dry, short sentences.

## Characters

### Ines

Also: the pilot; I.

Tall.

From ‘Calm’ on: Is afraid.

### Mateus

From a deleted chapter (it was number 2) on: Is dead.

## Rules

### Tides

Twice a day.

## Outline

### 1. The Storm (done)

It rains.
Ines leaves.

### 3. Landfall (outline)
"""
    )
    assert notes_of([chapter("One")], [], "") == ""


def test_the_notes_lie_before_the_chapters_and_vanish_when_nothing_is_noted(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.write(BOOK, [chapter("Notes", "1"), *[chapter(f"c{i}") for i in range(99)]], "# Notes\n")
    assert list(files(tmp_path))[:2] == ["00-notes.md", "001-notes.md"]
    assert files(tmp_path)["00-notes.md"] == "# Notes\n"
    mirror.write(BOOK, [chapter("Notes", "1")])
    assert files(tmp_path) == {"01-notes.md": "# Notes\n\n1\n"}


def test_unchanged_files_are_not_written_again(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.write(BOOK, [chapter("One"), chapter("Two")])
    paths = sorted((tmp_path / "projects" / BOOK.id / "book").iterdir())
    before = [path.stat().st_ino for path in paths]
    mirror.write(BOOK, [chapter("One"), chapter("Two", "New.")])
    after = [path.stat().st_ino for path in paths]
    assert before[0] == after[0] and before[1] != after[1]


def test_a_disk_that_fills_up_leaves_the_old_copy_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Mirror(tmp_path)
    mirror.write(BOOK, [chapter("One", "old")])

    def full(_: int) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(DiskFull):
            mirror.write(BOOK, [chapter("One", "new")])
    assert files(tmp_path)["01-one.md"] == "# One\n\nold\n"
    mirror.write(BOOK, [chapter("One", "new")])
    assert files(tmp_path) == {"01-one.md": "# One\n\nnew\n"}
