"""From a file's paragraphs and headings to a book's chapters.

Headings that the file marks as such (Markdown, Word styles) are believed; without them `storage.formats.guess` looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath

from storage.formats.book import Book, BookChapter
from storage.formats.guess import guess
from storage.formats.headings import is_contents, recognise
from storage.formats.pieces import Item, Mark, Piece
from storage.formats.prose import Paragraph, Run, clean_title, render

_FRONT = "Front matter"
_PAGE_NUMBER = re.compile(r"[\s.·…]+\d+$")
_LISTED = re.compile(r"^[-*+•]\s+")


def build(pieces: Sequence[Piece], filename: str, title: str = "", block: Sequence[Paragraph] = ()) -> Book:
    """The book. Its title is what the file says of itself (`title`), else its title heading, else the file's name.

    `block`: what else the file says of itself. Nothing is dropped but what the book says elsewhere.
    """
    headed, items = _marked_headings(pieces)
    guessed = ""
    if not any(isinstance(item, Mark) for item in items):
        rest = [piece for piece in pieces if piece.level is None or clean_title(piece.plain) != headed]
        guessed, items = guess(rest)
    title = title or headed or guessed or _name(filename)
    front, chapters = _assemble(items)
    front = [*(Paragraph((Run(found),)) for found in (headed, guessed) if found not in ("", title)), *front]
    if not chapters:
        chapters, front = [BookChapter("Chapter 1", render(front))], []
    elif _said_elsewhere(front, [title, *(chapter.title for chapter in chapters)]):
        front = []
    if front := [*block, *front]:
        chapters.insert(0, BookChapter(_FRONT, render(front)))
    return Book(title, chapters)


def _said_elsewhere(parts: Sequence[Paragraph], titles: Iterable[str]) -> bool:
    """Is there nothing but titles that the book has anyway, as on a title page without an author, or in a table of
    contents?"""
    known = {title.casefold() for title in titles}
    lines = [_LISTED.sub("", line.strip()) for part in parts for line in part.plain.splitlines() if line.strip()]
    either = [{clean_title(entry).casefold() for entry in (line, _PAGE_NUMBER.sub("", line))} for line in lines]
    return all(is_contents(line) or entries & known for line, entries in zip(lines, either, strict=True))


def _name(filename: str) -> str:
    return clean_title(PurePath(filename).stem.replace("_", " ")) or "Untitled"


def _assemble(items: Sequence[Item]) -> tuple[list[Paragraph], list[BookChapter]]:
    """Front matter and chapters. A part's heading with nothing under it goes in front of its first chapter's title."""
    front: list[Paragraph] = []
    sections: list[tuple[Mark, list[Paragraph]]] = []
    for item in items:
        if isinstance(item, Paragraph):
            (sections[-1][1] if sections else front).append(item)
        elif sections and sections[-1][0].part and not sections[-1][1]:
            sections[-1] = (replace(item, title=f"{sections[-1][0].title} · {item.title}"), [])
        else:
            sections.append((item, []))
    titles = [mark.title for mark, _ in sections if not is_contents(mark.title)]
    kept = [
        (mark, parts)
        for mark, parts in sections
        if not (parts and is_contents(mark.title) and _said_elsewhere(parts, titles))
    ]
    return front, [BookChapter(mark.title, render(parts)) for mark, parts in kept]


# --- headings that the file marks ------------------------------------------------------------------------------------


def _marked_headings(pieces: Sequence[Piece]) -> tuple[str, list[Item]]:
    """The title and the book's parts by marked headings. No marks among them: the file marks its title at most."""
    marked = [piece for piece in pieces if piece.level is not None and piece.plain]
    title = _title_piece(marked, pieces)
    headings = [piece for piece in marked if piece is not title]
    level = _chapter_level(headings)
    items: list[Item] = []
    for piece in pieces:
        if piece is title or (piece.level is not None and not clean_title(piece.plain)):
            continue
        if piece.level is None or level is None:
            items.append(piece.paragraph)
        elif piece.level <= level:
            items.append(Mark(clean_title(piece.plain), piece.level < level))
        else:  # a heading within a chapter
            items.append(Paragraph((Run(piece.plain, bold=True),)))
    return clean_title(title.plain) if title else "", items


def _title_piece(marked: Sequence[Piece], pieces: Sequence[Piece]) -> Piece | None:
    """The heading that is the book's title: alone at the highest level and first; or first with nothing under it."""
    if not marked:
        return None
    first = marked[0]
    level = min(piece.level or 0 for piece in marked)
    if first.level != level:
        return None
    peers = [piece for piece in marked if piece.level == level]
    if len(peers) == 1:
        alone = len(marked) == 1 and level > 0
        return None if alone and (recognise(first.plain) or level > 1) else first
    after = pieces[next(i for i, piece in enumerate(pieces) if piece is first) + 1]
    numbered = sum(recognise(piece.plain) is not None for piece in peers[1:])
    return first if after is peers[1] and numbered * 2 > len(peers) - 1 and not recognise(first.plain) else None


def _chapter_level(headings: Sequence[Piece]) -> int | None:
    """The level of the chapters: the highest, unless the headings there are parts that hold others."""
    levels = sorted({piece.level for piece in headings if piece.level is not None})
    for level in levels:
        kinds = [found.kind if (found := recognise(p.plain)) else "" for p in headings if p.level == level]
        if level == levels[-1] or not all(kind in ("part", "named") for kind in kinds) or "part" not in kinds:
            return level
    return None
