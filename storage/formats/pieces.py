"""What a reader hands on: a file's paragraphs, some of them marked as headings, and headings found among them."""

from __future__ import annotations

from dataclasses import dataclass

from storage.formats.prose import Paragraph


@dataclass(frozen=True)
class Piece:
    """A paragraph of a file. `level`: 0 and up where the file marks it as a heading; `gap`: blank lines before it."""

    paragraph: Paragraph
    level: int | None = None
    gap: int = 1

    @property
    def plain(self) -> str:
        return self.paragraph.plain


@dataclass(frozen=True)
class Mark:
    """A heading in its place among the paragraphs. `part`: the chapters that follow belong to it."""

    title: str
    part: bool = False


Item = Mark | Paragraph
