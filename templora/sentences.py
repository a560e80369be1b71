"""Where the sentences of a text are. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"[.!?…]+[\"'”’»)\]*_]*(?=\s)")
_BREAK = re.compile(r"\s*\n\s*\n\s*|\n")
_FOLLOWS = re.compile(r"\s+[\"'“‘«(\[*_—–-]*(\S)")
_TITLES = frozenset(
    re.findall(
        r"\w+",
        "mr mrs ms mx dr st mt ft prof rev hon capt col gen lt maj sgt cmdr adm gov sen rep pres messrs mme mlle mssrs "
        "fr sr no nos vol ch fig pp vs viz cf ca bzw hr nr str dhr mevr drs sra srta dña mons mgr",
    )
)
"""Shortened words that a name or a number follows."""
_DOTTED = re.compile(r"(?:^|[^\w.]|_)((?:[^\W\d_]\.)+[^\W\d_])$")
_WORD = re.compile(r"(?:^|[^\w.]|_)([^\W_]+)$")
_ENDING = frozenset({"a.m", "p.m"})
"""Shortened words at which a sentence ends where a capital follows."""
LOOKED_AT = 48
"""Characters before a full stop that say what it belongs to."""


def sentences(text: str) -> list[tuple[int, int]]:
    """`[start, end)` (code points) of each sentence, without the space around it, in order.

    A sentence ends with its paragraph, and at a full stop, a question or an exclamation mark that no small letter
    follows: ‘“Stop!” he said.’ is one.
    """
    return [span for first, last in _paragraphs(text) for span in _in_paragraph(text, first, last)]


def shortened(before: str, following: str) -> bool:
    """Does a full stop after `before` belong to a shortened word or an initial there? `following`: what comes after the
    space."""
    before = before[-LOOKED_AT:]
    if dotted := _DOTTED.search(before):
        return dotted[1].lower() not in _ENDING
    word = _WORD.search(before)
    if word is None:
        return False
    if len(word[1]) == 1 and word[1].isupper() and word[1] != "I":
        return True
    if word[1].lower() in ("no", "nos"):
        return following[:1].isdigit()
    return word[1].lower() in _TITLES


def whole_sentences(text: str) -> str:
    """The beginning of a text that has been cut off somewhere, to the end of its last whole sentence; '' where it has
    none."""
    before = sentences(text)[:-1]
    return text[: before[-1][1]] if before else ""


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _BREAK.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _in_paragraph(text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    start = first
    for match in _END.finditer(text, first, last):
        follows = _FOLLOWS.match(text, match.end(), last)
        if follows is None or follows[1].islower():
            continue
        if match[0] == "." and shortened(text[max(first, match.start() - LOOKED_AT) : match.start()], follows[1]):
            continue
        yield from _trimmed(text, start, match.end())
        start = match.end()
    yield from _trimmed(text, start, last)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    part = text[start:end]
    if part.strip():
        yield start + len(part) - len(part.lstrip()), start + len(part.rstrip())
