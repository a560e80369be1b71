"""Books in and out: import a file as a project, take a draft copy, finish a book and let its memory go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from storage.checks import TITLE_LENGTH
from storage.database import disk_errors
from storage.files import make_folder, sync_folder, write_file
from storage.formats import EXPORTS, Format, read_book
from storage.formats.book import Book, BookChapter
from storage.manuscripts import Manuscripts
from storage.records import Discarded, Project
from templora.errors import BadInput
from templora.learning import Learning


@dataclass(frozen=True)
class Export:
    """A manuscript as a file."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class Finish:
    """A finished book: the file, where it was also written, what was deleted and what relearning would cost."""

    export: Export
    path: Path
    discarded: Discarded
    relearn_minutes: float


class Library:
    def __init__(self, manuscripts: Manuscripts, learning: Learning, folder: Path) -> None:
        self._manuscripts = manuscripts
        self._learning = learning
        self._folder = folder

    def import_book(self, data: bytes, filename: str) -> Project:
        """A new project from a `.txt`, `.md` or `.docx` file. Raises `UnreadableFile`, `TooLarge`."""
        book = read_book(data, filename)
        chapters: list[tuple[str, str]] = []
        for chapter in book.chapters:
            title = _short(chapter.title)
            chapters.append((title, chapter.text if title == chapter.title else f"{chapter.title}\n\n{chapter.text}"))
        title = _short(book.title)
        if title != book.title:
            chapters.insert(0, (title, book.title))
        project = self._manuscripts.add_book(title, chapters)
        self._learning.touch(project.id)
        return project

    def sweep(self) -> None:
        """At the start: delete what a crash left half written. Raises `StorageError`."""
        with disk_errors(self._folder):
            for path in self._folder.glob("projects/*/exports/*.part"):
                path.unlink()

    def copy(self, project_id: str, format: str) -> Export:
        """A draft copy; the memory stays."""
        return self._write(project_id, format)[0]

    def finish(self, project_id: str, format: str) -> Finish:
        """Write the manuscript, verify that it reads back, and only then discard the memory everywhere."""
        export, book = self._write(project_id, format)
        path = self._folder / "projects" / project_id / "exports" / export.name
        with disk_errors(path):
            make_folder(path.parent)
            write_file(path, export.data)
            sync_folder(path.parent)
            _form(format).verify(path.read_bytes(), book)
        reports = self._learning.reports
        report = reports.memory(self._manuscripts.project(project_id), self._learning.memory(project_id))
        # Before the discard: it takes along the lessons that the pace is measured by.
        minutes = reports.seconds_for(sum(chunk.tokens for chunk in report.chunks)) / 60
        discarded = self._learning.discard(project_id)
        self._manuscripts.set_finished(project_id, path.stat().st_mtime)
        return Finish(export, path, discarded, minutes)

    def _write(self, project_id: str, format: str) -> tuple[Export, Book]:
        project = self._manuscripts.project(project_id)
        chapters = [BookChapter(chapter.title, chapter.text) for chapter in self._manuscripts.texts(project_id)]
        book = Book(project.title, chapters)
        form = _form(format)
        return Export(f"{_file_name(project.title)}.{form.extension}", form.mime, form.write(book)), book


def _form(format: str) -> Format:
    """A format by its name or by its file's extension."""
    for name, form in EXPORTS.items():
        if format in (name, form.extension):
            return form
    raise BadInput(f"There is no format {format!r}; choose one of: {', '.join(EXPORTS)}.")


def _short(title: str) -> str:
    """A title that fits; what is cut off a chapter's stays in its text."""
    return title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 2].rstrip() + " …"


def _file_name(title: str) -> str:
    """A title as a file name on every system: no separators, no reserved characters, at most 80 characters."""
    name = re.sub(r'[\x00-\x1f<>:"/\\|?*]+', " ", title).strip(" .")
    return re.sub(r"\s+", " ", name)[:80].strip() or "manuscript"
