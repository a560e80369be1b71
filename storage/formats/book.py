"""A book as the formats see it: a title and chapters of Markdown prose (see `storage.formats.prose`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BookChapter:
    """`title` is one line of plain text; `text` is Markdown prose."""

    title: str
    text: str


@dataclass(frozen=True)
class Book:
    title: str
    chapters: list[BookChapter]
