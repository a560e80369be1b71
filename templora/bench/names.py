"""Names that come back: what each reader loses on a name whose last mention lies before its window. Pure.

A name is a capitalised word that occurs in the middle of a sentence, never in lower case, at least three times in the
text. Its first letter to its last are scored, over all tokens that they touch.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from templora.chunks import Chunk, FileTokenizer

_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)?")
_MIDDLE = re.compile(r"(?<=[\w,;:] )[A-Z][^\W\d_]+")
FEWEST = 3


@dataclass(frozen=True)
class Mention:
    """A name in passage `passage`, made of its tokens `first` to `last` (exclusive); `gap`: tokens since the mention
    before it, counted from the last token of that one to the first of this; None where it is the first."""

    name: str
    passage: int
    first: int
    last: int
    gap: int | None


def names(text: str) -> set[str]:
    """The names of a text."""
    counts = Counter(match.group() for match in _MIDDLE.finditer(text))
    lower = {match.group() for match in _WORD.finditer(text)}
    return {name for name, count in counts.items() if count >= FEWEST and name.lower() not in lower}


def mentions(parts: Sequence[Chunk], tokenizer: FileTokenizer) -> list[Mention]:
    """Every mention of a name in the passages of a book, in order."""
    wanted = names("".join(part.text for part in parts))
    seen: dict[str, int] = {}
    found: list[Mention] = []
    start = 0
    for index, part in enumerate(parts):
        offsets = tokenizer.offsets(part.text)
        for match in _WORD.finditer(part.text):
            name = match.group()
            if name not in wanted:
                continue
            touched = [n for n, (begin, end) in enumerate(offsets) if begin < match.end() and end > match.start()]
            first, last = touched[0], touched[-1] + 1
            gap = start + first - seen[name] if name in seen else None
            found.append(Mention(name, index, first, last, gap))
            seen[name] = start + last
        start += len(part.ids)
    return found
