"""Markdown (CommonMark), in and out: `# Title`, `## Chapter`, paragraphs, emphasis, `***`.

Out: whatever Markdown would take for markup in the prose is escaped, so that any program shows the writer's words.
In: headings, emphasis, rules as scene breaks; quotations, lists and links become plain paragraphs. Writers' files often
mean each line break (one paragraph a line, verse) where Markdown would run on: those are judged like plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from storage.formats.book import Book
from storage.formats.check import check_words
from storage.formats.decode import decode
from storage.formats.pieces import Piece
from storage.formats.prose import Paragraph, Run, chapter_title, clean_title, mark_up, paragraphs, parse, runs_of
from storage.formats.structure import build
from storage.formats.wraps import Wraps

_LINE_START = re.compile(r"^([#>+\-=]|\d{1,9}(?=[.)]))", re.MULTILINE)
_FRONT_MATTER = re.compile(r"---\n((?:[\w-]+:.*\n|[ \t]+.*\n|- .*\n)+)(?:---|\.\.\.)\n")
_NAMED = re.compile(r"^title:[^\S\n]*[\"']?(.*?)[\"']?[^\S\n]*$\n?", re.MULTILINE)
_LIST_ITEM = re.compile(r"(?:[-*+]|\d{1,3}[.)])\s")


def write(book: Book) -> bytes:
    """The book as UTF-8."""
    parts = [f"# {_heading(clean_title(book.title) or 'Untitled')}"]
    for number, chapter in enumerate(book.chapters, 1):
        parts.append(f"## {_heading(chapter_title(chapter.title, number))}")
        for part in parse(chapter.text):
            parts.append(mark_up(part, _escape).replace("\n", "\\\n") if part.runs else "***")
    return ("\n\n".join(parts) + "\n").encode()


def read(data: bytes, name: str) -> Book:
    """A Markdown file as a book. Raises `UnreadableFile`."""
    text = decode(data, name)
    title = block = ""
    if front := _FRONT_MATTER.match(text):
        text, block = text[front.end() :], front[1]
        if (named := _NAMED.search(block)) and (title := clean_title(named[1])):
            block = block[: named.start()] + block[named.end() :]
    return build(list(_pieces(text)), name, title, paragraphs([Run(block)]))


def verify(data: bytes, book: Book) -> None:
    """Read the file back and find every paragraph's words in it. Raises `StorageError`."""
    pieces = _pieces(data.decode("utf-8", "replace"))
    check_words("\n\n".join(piece.plain for piece in pieces), book)


def _heading(title: str) -> str:
    """Hashes at a heading's end would be taken for part of its mark."""
    return re.sub(r"(?<!\\)#", r"\\#", _escape(title))


def _escape(text: str) -> str:
    """Plain text as Markdown that any reader shows as it is."""
    text = re.sub(r"([\\`*_\[\]<>&~|])", r"\\\1", text)
    return _LINE_START.sub(lambda sign: f"{sign[0]}\\" if sign[0].isdigit() else f"\\{sign[0]}", text)


@cache
def _markdown() -> MarkdownIt:
    """Lists, code and HTML are off: in a manuscript a dash opens speech and an indented line is a paragraph."""
    return MarkdownIt("commonmark").disable(
        ["list", "code", "fence", "html_block", "reference", "backticks", "html_inline", "autolink"]
    )


@dataclass(frozen=True)
class _Raw:
    """A block of Markdown: its inline source and, for a heading, its level; no source is a rule."""

    source: str
    level: int | None = None


def _pieces(text: str) -> Iterator[Piece]:
    raws = list(_raws(_markdown().parse(_without_comments(text))))
    lines = [raw.source.split("\n") for raw in raws if raw.source and raw.level is None]
    wraps = Wraps.measure(lines, marked=True)
    for raw in raws:
        if not raw.source:
            yield Piece(Paragraph())
        elif raw.level is not None:
            yield Piece(Paragraph((Run(clean_title("".join(run.text for run in _runs(raw.source)))),)), raw.level)
        else:
            for block in _items(raw.source):
                for source in wraps.paragraphs(block):
                    yield from map(Piece, paragraphs(_runs(source)))


def _without_comments(text: str) -> str:
    """The text without `<!-- … -->`, which no reader of Markdown sees."""
    kept: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        escaped = text[max(start - 1, 0)] == "\\"
        kept.append(text[at : start + 4 if escaped else start])
        at = start + 4 if escaped else end + 3
    return "".join(kept) + text[at:]


def _raws(tokens: list[Token]) -> Iterator[_Raw]:
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "hr":
            yield _Raw("")
        elif token.type == "inline" and before and before.type == "heading_open":
            # `text` over a line of dashes is a heading to Markdown; after a whole paragraph it is a scene break.
            if before.markup in "=-" and ("\n" in token.content or len(token.content) > 100):
                yield _Raw(token.content)
                yield _Raw("")
            elif token.content.strip():
                yield _Raw(token.content, int(before.tag[1]))
        elif token.type == "inline":
            yield _Raw(token.content)


def _items(source: str) -> Iterator[list[str]]:
    """The lines of a paragraph, cut where a line begins like an item of a list. A backslash at a line's end becomes the
    other sign for a meant line break, two spaces.
    """
    block: list[str] = []
    for line in source.split("\n"):
        item = _LIST_ITEM.match(line.lstrip())
        if item and block:
            yield block
            block = []
        backslashes = len(line) - len(line.rstrip("\\"))
        if backslashes % 2:
            line = line[:-1] + "  "  # noqa: PLW2901
        elif line.endswith("  "):
            line = line.rstrip() + "  "  # noqa: PLW2901
        block.append(re.sub(r"^\s*[*+](?=\s)", "-", line))
    yield block


def _runs(source: str) -> list[Run]:
    return runs_of(_markdown().parseInline(source)[0].children or [])
