"""Hard-wrapped text back into paragraphs.

Typed and scanned texts break their lines near a fixed width. Such a break shows in two ways: the next line's first word
would not have fitted, and it mostly begins in lower case, in the middle of a sentence. The lower-case breaks of a whole
text tell its width; each block is then judged against it. Verse, addresses and signatures break well before the width
and keep their lines; text with one paragraph a line has no width and each line becomes a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_NARROWEST = 40
"""Columns: nobody wraps prose narrower, much verse is."""
_WIDEST = 130
_SLACK = 8
"""Columns by which typists fall short of the width."""
_PARAGRAPH = 100
"""Columns: in a text that is not wrapped, a longer line is a paragraph, not a line of verse."""

_SENTENCE_END = re.compile(r"[.!?…:][\"'”’»)\]_*]*$")
_HARD_BREAK = re.compile(r"(?<=\S)  $")
_SUSPENDED = re.compile(r"(?:and|or|to|und|oder|en|of|et|ou)\b")


@dataclass(frozen=True)
class Block:
    """Lines without a blank line between them; `gap` is how many blank lines stand before it."""

    lines: list[str]
    gap: int


def split_blocks(text: str) -> list[Block]:
    """A text's blocks. Tabs become spaces; white space at line ends is kept: two spaces there mean a line break."""
    blocks: list[Block] = []
    lines: list[str] = []
    gap = blank = 0
    for line in [*text.split("\n"), ""]:
        if line.strip():
            if not lines:
                gap = blank
            lines.append(line.expandtabs(8))
            blank = 0
            continue
        if lines:
            blocks.append(Block(lines, gap))
            lines = []
        blank += 1
    return blocks


def join_hard_wraps(text: str) -> str:
    """The text with one line a paragraph, a blank line between, and line breaks kept where they are meant."""
    blocks = [block.lines for block in split_blocks(text)]
    wraps = Wraps.measure(blocks)
    return "\n\n".join(part for lines in blocks for part in wraps.paragraphs(lines))


@dataclass(frozen=True)
class Wraps:
    """How one text is wrapped.

    width: columns, None where lines are not wrapped
    indented: by how many columns the first line of a paragraph is indented, where that is how paragraphs begin
    versed: lines begin with a capital as a rule, so that a full line that does says nothing
    dense: there are hardly any blank lines, so that only a short last line tells where a paragraph ends
    line_a_paragraph: single line breaks part paragraphs
    marked: two spaces at a line's end mark a meant line break (Markdown's sign, and what our own plain text writes)
    """

    width: int | None
    indented: int | None
    versed: bool
    dense: bool
    line_a_paragraph: bool
    marked: bool

    @classmethod
    def measure(cls, blocks: Sequence[Sequence[str]], marked: bool | None = None) -> Wraps:
        """Statistics of all blocks. `marked` None: find out; marks count where every broken line has one."""
        if marked is None:
            broken = [line for lines in blocks for line in lines[:-1]]
            marked = bool(broken) and all(_HARD_BREAK.search(line) for line in broken)
        pairs = [pair for lines in blocks for pair in pairwise(line.rstrip() for line in lines)]
        width = _width(pairs)
        full = [_is_lower(after) for before, after in pairs if width and _is_full(before, after, width)]
        long = [len(lines) > 1 for lines in blocks for line in lines if len(line) >= _PARAGRAPH]
        return cls(
            width=width,
            indented=_first_line_indent(pairs, width) if width else None,
            versed=sum(full) * 2 < len(full),
            dense=len(pairs) > 25 * len(blocks),
            line_a_paragraph=width is None and sum(long) * 2 > len(long),
            marked=marked,
        )

    def paragraphs(self, lines: Sequence[str]) -> list[str]:
        """One block as paragraphs; a paragraph may hold line breaks that are meant."""
        if not self.marked:
            return self._unwrap(lines)
        found: list[str] = []
        piece: list[str] = []
        meant = False
        for line in lines:
            piece.append(line)
            if line is lines[-1] or _HARD_BREAK.search(line):
                first, *rest = self._unwrap(piece)
                if meant:
                    first = f"{found.pop()}\n{first}"
                found += [first, *rest]
                piece, meant = [], True
        return found

    def _unwrap(self, lines: Sequence[str]) -> list[str]:
        lines = [line.rstrip() for line in lines]
        if len(lines) == 1:
            return [lines[0].strip()]
        longest = max(len(line) for line in lines)
        if self.width is None or longest > self.width * 1.25 + _SLACK:
            apart = self.line_a_paragraph or longest >= _PARAGRAPH or _sentences(lines)
            text = [line.strip() for line in lines]
            return text if apart else ["\n".join(text)]
        width = self.width
        if not self._is_prose(lines, width):
            # An inset letter or epigraph: prose that is wrapped to a narrower width of its own.
            if not _is_inset_prose(lines, longest):
                return ["\n".join(line.strip() for line in lines)]
            width = longest
        return self._join(lines, width)

    def _is_prose(self, lines: Sequence[str], width: int) -> bool:
        pairs = list(pairwise(lines))
        full = [pair for pair in pairs if _is_full(*pair, width)]
        running = sum(_is_lower(after) for _, after in full)
        if not any(_is_lower(after) for _, after in pairs) and self.indented is None:
            inset = all(_indent(line) >= 2 for line in lines)
            if inset or len(pairs) >= 4 or (self.versed and len(pairs) >= 2):
                return len(full) * 2 < len(pairs) and _sentences(lines)
        return len(full) * 2 >= len(pairs) or running * 5 >= len(pairs)

    def _join(self, lines: Sequence[str], width: int) -> list[str]:
        base = min(_indent(line) for line in lines)
        text = lines[0].strip()
        found: list[str] = []
        for before, after in pairwise(lines):
            part = self._break(before, after, width, base)
            if part is None:
                text = _glue(text, after.strip())
            elif part == "\n":
                text = f"{text}\n{after.strip()}"
            else:
                found.append(text)
                text = after.strip()
        return [*found, text]

    def _break(self, before: str, after: str, width: int, base: int) -> str | None:
        """What stands between two lines of a block of prose: nothing, a line break, or the end of a paragraph."""
        ends = _SENTENCE_END.search(before) is not None
        full = _is_full(before, after, width, 0 if ends and self.dense else _SLACK)
        old, new = _indent(before) - base, _indent(after) - base
        if self.indented and 0 < new <= self.indented + 1:
            return "\n\n"
        if new >= old + 2 and (ends or not full):
            return "\n\n"
        if new >= 2 and old >= 2 and not full:
            return "\n"
        running = before[-1].isalnum() and len(before) > 0.6 * width
        if full or running or _is_lower(after):
            return None
        return "\n\n" if ends else "\n"


def _width(pairs: Iterable[tuple[str, str]]) -> int | None:
    """The column that broken sentences break at, or None where they break anywhere."""
    broken = [pair for pair in pairs if _is_lower(pair[1])]
    if not broken:
        return None
    lengths = sorted(len(before) for before, _ in broken)
    width = lengths[9 * (len(lengths) - 1) // 10]
    full = sum(_is_full(*pair, width) for pair in broken)
    return width if _NARROWEST <= width <= _WIDEST and full * 10 >= len(broken) * 7 else None


def _first_line_indent(pairs: Sequence[tuple[str, str]], width: int) -> int | None:
    """Columns by which paragraphs begin indented, where enough of them do."""
    wrapped = [(_indent(before), _indent(after)) for before, after in pairs if _is_full(before, after, width)]
    first = sorted(old - new for old, new in wrapped if old > new)
    return first[len(first) // 2] if len(first) >= 2 and len(first) * 20 >= len(wrapped) else None


def _is_full(before: str, after: str, width: int, slack: int = _SLACK) -> bool:
    """Would the next line's first word not have fitted? Then the break was forced."""
    word = after.split(None, 1)[0]
    return len(before) + 1 + len(word) > width - slack


def _is_lower(line: str) -> bool:
    """Does the line begin in lower case, that is, in the middle of a sentence?"""
    first = next((char for char in line if char.isalnum()), "")
    return first.islower()


def _sentences(lines: Sequence[str]) -> bool:
    """Do the lines end as sentences do? Then they are paragraphs (talk, mostly), not verse."""
    ending = sum(_SENTENCE_END.search(line) is not None for line in lines)
    return len(lines) >= 3 and ending * 5 >= len(lines) * 4


def _is_inset_prose(lines: Sequence[str], longest: int) -> bool:
    pairs = list(pairwise(lines))
    running = sum(_is_lower(after) for _, after in pairs)
    return (
        len(pairs) >= 3
        and longest >= _NARROWEST
        and running * 5 >= len(pairs) * 3
        and all(_is_full(before, after, longest + _SLACK) for before, after in pairs)
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _glue(before: str, after: str) -> str:
    """Two parts of a wrapped paragraph: a dash or a hyphen at the break belongs to both words."""
    if re.search(r"\S(?:--|—)$", before) or re.match(r"(?:--|—)\w", after):
        return before + after
    if re.search(r"\w-$", before) and after[0].isalnum() and not _SUSPENDED.match(after):
        return before + after
    return f"{before} {after}"
