"""The readable mirror: one Markdown file a chapter beside the database, and one with what the writer has noted of the
book, so that both can be read without Templora."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from storage.database import disk_errors
from storage.files import make_folder, sync_folder, write_file
from storage.records import BibleEntry, Chapter, ChapterNote, EntryKind, Project

_OURS = re.compile(r"\d{2,}-.*\.md(\.part)?")
NAME_LENGTH = 60
NOTES = "00-notes.md"
"""Before all chapters, which are counted from 1."""
_KINDS: Mapping[EntryKind, str] = {"character": "Characters", "place": "Places", "thing": "Things", "rule": "Rules"}


class Mirror:
    """Writes below `projects/<id>/book/` of a data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, project: Project, chapters: Sequence[Chapter], notes: str = "") -> None:
        """Make the project's files say what `chapters` (in order) and `notes` (see `notes_of`) say; without notes there
        is no file of them. Files that do already are not touched.

        Raises `DiskFull`, `StorageError`; each file then holds either its old text or its new one.
        """
        book = self._folder / "projects" / project.id / "book"
        with disk_errors(book):
            make_folder(book)
            width = max(2, len(str(len(chapters))))
            wanted = {
                f"{i:0{width}}-{_name(chapter.title)}.md": f"# {chapter.title}\n\n{chapter.text.rstrip()}\n"
                for i, chapter in enumerate(chapters, start=1)
            }
            if notes:
                wanted[NOTES] = notes
            for name, text in wanted.items():
                content = text.encode()
                if not _holds(book / name, content):
                    write_file(book / name, content)
            # Only now: at no time is a chapter in none of the files.
            for path in book.iterdir():
                if _OURS.fullmatch(path.name) and unicodedata.normalize("NFC", path.name) not in wanted:
                    path.unlink()
            sync_folder(book)


def notes_of(chapters: Sequence[Chapter], entries: Sequence[BibleEntry], author_note: str) -> str:
    """What the writer has noted of a book as Markdown: the author's note, the story bible (`entries`, by kind), and the
    chapters' status and synopses; '' where there is nothing of it."""
    titles = {chapter.id: chapter.title for chapter in chapters}
    parts: list[str] = ["## Author’s note", author_note] if author_note else []
    for kind, heading in _KINDS.items():
        of_kind = [entry for entry in entries if entry.kind == kind]
        parts += [f"## {heading}", *(part for entry in of_kind for part in _entry(entry, titles))] if of_kind else []
    outlined = [chapter for chapter in chapters if chapter.status or chapter.synopsis]
    parts += ["## Outline"] if outlined else []
    for chapter in outlined:
        status = f" ({chapter.status})" if chapter.status else ""
        parts += [f"### {chapter.position + 1}. {chapter.title}{status}", chapter.synopsis]
    return "\n\n".join(["# Notes, no part of the book", *filter(None, parts)]) + "\n" if parts else ""


def _entry(entry: BibleEntry, titles: Mapping[str, str]) -> Iterator[str]:
    yield f"### {entry.name}"
    if entry.aliases:
        yield f"Also: {'; '.join(entry.aliases)}"
    yield entry.description
    for note in entry.notes:
        yield f"From {_place(note, titles)} on: {note.text}"


def _place(note: ChapterNote, titles: Mapping[str, str]) -> str:
    title = titles.get(note.chapter)
    return f"‘{title}’" if title else f"a deleted chapter (it was number {note.position + 1})"


def _name(title: str) -> str:
    """A title as part of a file name: letters, digits and hyphens, in lower case, since not every disk tells cases."""
    name = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", title.lower())).strip("-")[:NAME_LENGTH].strip("-")
    return name or "chapter"


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content
