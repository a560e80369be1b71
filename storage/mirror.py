"""The readable mirror: one Markdown file a chapter beside the database, so that a book can be read without Templora."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from storage.database import disk_errors
from storage.files import make_folder, sync_folder, write_file
from storage.records import Chapter, Project

_OURS = re.compile(r"\d{2,}-.*\.md(\.part)?")
NAME_LENGTH = 60


class Mirror:
    """Writes below `projects/<id>/book/` of a data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, project: Project, chapters: Sequence[Chapter]) -> None:
        """Make the project's files say what `chapters` (in order) say. Files that do already are not touched.

        Raises `DiskFull`, `StorageError`; each file then holds either its old text or its new one.
        """
        book = self._folder / "projects" / project.id / "book"
        with disk_errors(book):
            make_folder(book)
            width = max(2, len(str(len(chapters))))
            wanted = {f"{i:0{width}}-{_name(chapter.title)}.md": chapter for i, chapter in enumerate(chapters, start=1)}
            for name, chapter in wanted.items():
                content = f"# {chapter.title}\n\n{chapter.text.rstrip()}\n".encode()
                if not _holds(book / name, content):
                    write_file(book / name, content)
            # Only now: at no time is a chapter in none of the files.
            for path in book.iterdir():
                if _OURS.fullmatch(path.name) and unicodedata.normalize("NFC", path.name) not in wanted:
                    path.unlink()
            sync_folder(book)


def _name(title: str) -> str:
    """A title as part of a file name: letters, digits and hyphens, in lower case, since not every disk tells cases."""
    name = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", title.lower())).strip("-")[:NAME_LENGTH].strip("-")
    return name or "chapter"


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content
