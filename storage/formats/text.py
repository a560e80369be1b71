"""Plain text, in and out.

Out: one line a paragraph, a blank line between, titles underlined, `* * *` for a scene break; emphasis is lost. A line
break that is meant inside a paragraph ends in two spaces, so that reading it back need not guess.
In: headings found, hard-wrapped lines joined, `_italics_` kept, everything else literal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from storage.formats.book import Book
from storage.formats.check import check_words
from storage.formats.decode import decode
from storage.formats.headings import recognise
from storage.formats.pieces import Piece
from storage.formats.prose import Paragraph, Run, chapter_title, clean_title, paragraphs, parse
from storage.formats.structure import build
from storage.formats.wraps import Block, Wraps, split_blocks

_UNDERLINE = re.compile(r"=+|-+")
_HASHES = re.compile(r"(#{1,6})\s+(\S.*?)\s*#*")
_ITALIC = re.compile(r"(?<![\w_])_(?=[^\s_])([^_]+?)(?<=[^\s_])_(?![\w_])")


def write(book: Book) -> bytes:
    """The book as UTF-8."""
    parts = [_underlined(clean_title(book.title) or "Untitled", "=")]
    for number, chapter in enumerate(book.chapters, 1):
        parts.append("\n" + _underlined(chapter_title(chapter.title, number), "-"))
        parts += [part.plain.replace("\n", "  \n") or "* * *" for part in parse(chapter.text)]
    return ("\n\n".join(parts) + "\n").encode()


def read(data: bytes, name: str) -> Book:
    """A plain text file as a book. Raises `UnreadableFile`."""
    return build(_pieces(decode(data, name)), name)


def verify(data: bytes, book: Book) -> None:
    """Read the file back and find every paragraph's words in it. Raises `StorageError`."""
    check_words(data.decode("utf-8", "replace"), book)


def _underlined(title: str, line: str) -> str:
    return f"{title}\n{line * max(3, len(title))}"


def _pieces(text: str) -> list[Piece]:
    blocks = split_blocks(text)
    underlined = any(_underline_level(block.lines) == 1 for block in blocks)
    parts = [part for block in blocks for part in _split_headings(block, underlined)]
    wraps = Wraps.measure([block.lines for block, level in parts if level is None])
    pieces: list[Piece] = []
    for block, level in parts:
        texts = wraps.paragraphs(block.lines) if level is None else [clean_title(block.lines[0])]
        gap = block.gap
        for part in (part for text in texts for part in paragraphs(_italics(text))):
            pieces.append(Piece(part if level is None else Paragraph((Run(texts[0]),)), level, gap))
            gap = 1
    return pieces


def _split_headings(block: Block, underlined: bool) -> Iterator[tuple[Block, int | None]]:
    """A block's headings on their own, each with its level if it is marked, and the text between.

    Titles underlined with `=` are how a text marks its headings, if it has them; hashes count where it has not.
    """
    lines, gap = block.lines, block.gap
    rest: list[str] = []
    i = 0
    while i < len(lines):
        level = _underline_level(lines[i:]) if not rest else None
        hashes = None if underlined else _HASHES.fullmatch(lines[i])
        starts = not rest or re.search(r"[.!?\"”’]\s*$", rest[-1])
        if level is None and not hashes and not (starts and not underlined and recognise(lines[i])):
            rest.append(lines[i])
            i += 1
            continue
        if rest:
            yield Block(rest, gap), None
            rest, gap = [], 0
        heading = hashes[2] if hashes else lines[i]
        yield Block([heading], gap), len(hashes[1]) if hashes else level
        gap = 0
        i += 1 if level is None else 2
    if rest:
        yield Block(rest, gap), None


def _underline_level(lines: list[str]) -> int | None:
    """1 or 2 where the first line is a title underlined by the second."""
    if len(lines) < 2 or lines[0].endswith("  ") or not _UNDERLINE.fullmatch(lines[1].strip()):
        return None
    title, line = lines[0].strip(), lines[1].strip()
    level = 1 if line[0] == "=" else 2
    # Dashes also part scenes: they underline a title only where they are as long as it and close its block.
    fits = (abs(len(line) - len(title)) <= 2 and len(lines) == 2) if level == 2 else len(title) <= 60 or len(lines) == 2
    return level if len(line) >= 3 and fits else None


def _italics(text: str) -> list[Run]:
    """`_words_` as italics, as plain texts have long marked them; any other sign stands for itself."""
    parts = _ITALIC.split(text)
    return [Run(part, italic=bool(i % 2)) for i, part in enumerate(parts) if part]
