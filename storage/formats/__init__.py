"""Book formats in and out, a module a format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from storage.formats import docx, markdown, text
from storage.formats.book import Book, BookChapter
from templora.errors import TooLarge, UnreadableFile

__all__ = ["EXPORTS", "LIMIT", "Book", "BookChapter", "Format", "read_book"]

LIMIT = 50 * 1024 * 1024
"""Bytes: the largest file that is imported."""


@dataclass(frozen=True)
class Format:
    """A format to export to.

    write: the book as the bytes of a file
    verify: reads such bytes back and raises `StorageError` unless every word of the book is there
    """

    extension: str
    mime: str
    write: Callable[[Book], bytes]
    verify: Callable[[bytes, Book], None]


EXPORTS = {
    "markdown": Format("md", "text/markdown; charset=utf-8", markdown.write, markdown.verify),
    "text": Format("txt", "text/plain; charset=utf-8", text.write, text.verify),
    "docx": Format(
        "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", docx.write, docx.verify
    ),
}

_IMPORTS = {".txt": text.read, ".md": markdown.read, ".markdown": markdown.read, ".docx": docx.read}


def read_book(data: bytes, filename: str) -> Book:
    """A `.txt`, `.md` or `.docx` file as a book. Raises `TooLarge`, `UnreadableFile`."""
    name = PurePath(filename.replace("\\", "/")).name
    if len(data) > LIMIT:
        raise TooLarge(
            f"“{name}” has {len(data) / 1024**2:.0f} MB; at most {LIMIT // 1024**2} MB can be imported. Remove its "
            "pictures, or save it as plain text (.txt)."
        )
    read = _IMPORTS.get(PurePath(name).suffix.lower())
    if read is None:
        raise UnreadableFile(
            f"“{name}” is of a kind that cannot be imported. Save it as Word (.docx), plain text (.txt) or Markdown "
            "(.md) in the program that made it, and import that."
        )
    if not data:
        raise UnreadableFile(f"“{name}” is empty: there is no text in it. Choose the file that holds your manuscript.")
    return read(data, name)
