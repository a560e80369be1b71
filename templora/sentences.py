"""Where the sentences of a text are. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"[.!?…]+[\"'”’»)\]*_]*(?=\s)")
_BREAK = re.compile(r"\s*\n\s*\n\s*|\n")
_FOLLOWS = re.compile(r"\s+[\"'“‘«(\[*_—–-]*(\S)")
_NO_END = re.compile(
    r"(?:^|[\s\"'“‘«(\[*_])(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Mt|Prof|Rev|Hon|Capt|Col|Gen|Lt|Maj|Sgt|Jr|Sr|Messrs|Mme|Mlle|No|vs|etc|"
    r"e\.g|i\.e|cf|viz)\.$"
)


def sentences(text: str) -> list[tuple[int, int]]:
    """`[start, end)` (code points) of each sentence, without the space around it, in order.

    A sentence ends with its paragraph, and at a full stop, a question or an exclamation mark that no small letter
    follows: ‘“Stop!” he said.’ is one.
    """
    return [span for first, last in _paragraphs(text) for span in _in_paragraph(text, first, last)]


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
        # A name shortened to a letter or to a title, not the end of anything.
        if match[0] == "." and _NO_END.search(text, max(first, match.end() - 12), match.end()):
            continue
        yield from _trimmed(text, start, match.end())
        start = match.end()
    yield from _trimmed(text, start, last)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    part = text[start:end]
    if part.strip():
        yield start + len(part) - len(part.lstrip()), start + len(part.rstrip())
