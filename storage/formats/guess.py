"""Chapter headings found by reading, where a file marks none.

A table of contents reads like headings too; it is told from the chapters by what stands under each line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from storage.formats.headings import (
    Heading,
    is_capitals,
    is_contents,
    is_prose,
    is_title,
    recognise,
    recognise_number,
)
from storage.formats.pieces import Item, Mark, Piece
from storage.formats.prose import clean_title

_FULL_CHAPTER = 40
"""Words: with less under it, a heading may be an entry of a table of contents, or a line of a title page."""


def _apart(pieces: Sequence[Piece]) -> list[Piece]:
    """Headings that share a block with what follows them, on lines of their own."""
    found: list[Piece] = []
    for piece in pieces:
        rest, gap = piece.paragraph, piece.gap
        while (end := rest.plain.find("\n")) > 0 and recognise(rest.plain[:end]):
            heading, rest = rest.cut(end)
            found.append(Piece(heading, gap=gap))
            gap = 0
        found.append(Piece(rest, gap=gap))
    return found


def guess(pieces: Sequence[Piece]) -> tuple[str, list[Item]]:
    """The title, empty where there is none to see, and the other paragraphs with the headings among them."""
    pieces = _apart(pieces)
    marks: dict[int, Heading] = {}
    for i, piece in enumerate(pieces):
        if found := recognise(piece.plain):
            marks[i] = found
    marks = _without_contents(pieces, marks)
    if not any(mark.kind == "chapter" for mark in marks.values()):
        numbers, capitals = _number_headings(pieces, marks), _capital_headings(pieces)
        marks |= capitals if len(capitals) > len(numbers) else numbers
    first = min(marks, default=len(pieces))
    title, at = _front_title(pieces[:first], alone=not marks, pieces=pieces)
    items: list[Item] = []
    taken: set[int] = set()
    for i, piece in enumerate(pieces):
        if i in taken or i == at:
            continue
        if i not in marks:
            items.append(piece.paragraph)
            continue
        label = _label(piece.plain)
        if _title_follows(pieces, marks, i):
            taken.add(i + 1)
            label = f"{label}: {_label(pieces[i + 1].plain)}"
        items.append(Mark(label, _is_part(marks, i)))
    return title, items


def _label(line: str) -> str:
    """A heading as a title: one line, without the full stop at its end."""
    line = clean_title(line)
    return line[:-1] if line.endswith(".") and not line.endswith("..") else line


def _is_part(marks: dict[int, Heading], i: int) -> bool:
    """Does a part's heading hold chapters? Else (`BOOK I`, `BOOK II`, nothing smaller) it is the chapter."""
    return marks[i].kind == "part" and any(mark.kind in ("chapter", "number") for mark in marks.values())


def _title_follows(pieces: Sequence[Piece], marks: dict[int, Heading], i: int) -> bool:
    """Is the line after heading `i` its title? It must look like one and have something under it."""
    after = i + 1
    if marks[i].title or marks[i].kind == "capitals" or after in marks or after + 1 >= len(pieces):
        return False
    if (marks[i].kind == "named" and not is_capitals(pieces[after].plain)) or recognise_number(pieces[after].plain):
        return False
    return is_title(pieces[after].plain) and not pieces[after].plain.startswith(('"', "“"))


def _words(pieces: Sequence[Piece], marks: dict[int, Heading]) -> dict[int, int]:
    """For each heading, how many words stand under it before the next, without its title."""
    found: dict[int, int] = {}
    for start, end in pairwise([*sorted(marks), len(pieces)]):
        first = start + 1 + _title_follows(pieces, marks, start)
        found[start] = sum(len(piece.plain.split()) for piece in pieces[first:end])
    return found


def _without_contents(pieces: Sequence[Piece], marks: dict[int, Heading]) -> dict[int, Heading]:
    """Drop the entries of a table of contents (or of notes at the end): three or more headings in a row with little or
    nothing under them, whose chapters stand elsewhere. What stands under its last entry (a title page, a motto) is
    front matter then.
    """
    keys: dict[int, tuple[object, ...]] = {}
    part: tuple[str, int] | None = None
    for i in sorted(marks):
        part = marks[i].key if marks[i].kind == "part" else part
        keys[i] = (part, *marks[i].key)
    words = _words(pieces, marks)
    last = {keys[i]: i for i in sorted(marks)}
    fullest = {keys[i]: i for i in sorted(marks, key=lambda i: (words[i], i))}
    kept = dict(marks)
    run: list[int] = []
    for i in [*sorted(marks), len(pieces)]:
        # A part's heading is empty where it stands right before its first chapter.
        empty = i in marks and not words[i] and marks[i].kind != "part"
        if i in marks and words[i] < _FULL_CHAPTER and (empty or fullest[keys[i]] != i):
            run.append(i)
            continue
        if run and i in marks and last[keys[i]] > i:
            run.append(i)
        if len(run) >= 3:
            kept = {j: mark for j, mark in kept.items() if j not in run}
        run = []
    return kept


def _number_headings(pieces: Sequence[Piece], marks: dict[int, Heading]) -> dict[int, Heading]:
    """Numbers that stand alone and run in sequence, from one in each part, with text under most of them."""
    found: dict[int, Heading] = {}
    previous = 0
    for i, piece in enumerate(pieces):
        if i in marks:
            previous = 0 if marks[i].kind == "part" else previous
            continue
        heading = recognise_number(piece.plain)
        if heading and heading.number in (previous + 1, 1):
            found[i] = heading
            previous = heading.number
    found = {i: mark for i, mark in _without_contents(pieces, {**marks, **found}).items() if i in found}
    words = _words(pieces, {**marks, **found})
    filled = [i for i in found if words[i]]
    if max((found[i].number for i in filled), default=0) < 2 or len(filled) * 5 < len(found) * 3:
        return {}
    titled = [i for i in filled if found[i].title]
    if titled and sum(words[i] >= _FULL_CHAPTER for i in titled) * 2 < len(titled):
        return {}  # a numbered list
    return {i: found[i] for i in filled}


def _capital_headings(pieces: Sequence[Piece]) -> dict[int, Heading]:
    """Lines in capitals after three blank lines or more, at least three of them with a chapter's text."""
    found = {
        i: Heading("capitals", piece.plain.lower(), 0, "")
        for i, piece in enumerate(pieces)
        if (piece.gap >= 3 or i == 0)
        and is_capitals(piece.plain)
        and not is_contents(piece.plain)
        and not recognise_number(piece.plain)
    }
    words = _words(pieces, found)
    full = [i for i in found if words[i] >= _FULL_CHAPTER]
    return {i: found[i] for i in found if i >= full[0] and words[i]} if len(full) >= 3 else {}


def _front_title(front: Sequence[Piece], alone: bool, pieces: Sequence[Piece]) -> tuple[str, int | None]:
    """The book's title and where it stands: after `Title:`, before `by …`, or on the first line."""
    short = [(i, piece.plain) for i, piece in enumerate(front[:30]) if piece.plain and len(piece.plain) <= 120]
    for _, line in short:
        if match := re.match(r"Title:\s*(\S.*)", line):
            return clean_title(match[1]), None
    for (i, line), (_, after) in pairwise(short[:12]):
        near = len(after) <= 60 and (i < 5 or not alone)
        if near and is_title(line) and re.match(r"(?i:by|door|von|par|por)\s+[A-Z]", after):
            return clean_title(line), i
    if not pieces or not is_title(pieces[0].plain) or is_contents(pieces[0].plain) or not front:
        return "", None
    believed = len(pieces[0].plain) <= 60 and is_prose(pieces[1].plain) if alone and len(pieces) > 1 else not alone
    return (clean_title(pieces[0].plain), 0) if believed else ("", None)
