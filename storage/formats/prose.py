"""A chapter's Markdown prose as paragraphs of styled runs, and back.

Paragraphs are parted by a blank line; `*italic*` and `**bold**` mark emphasis; a paragraph that is only `***` (or `#`,
`* * *`, `⁂` and the like) is a scene break; a single line break inside a paragraph is kept (verse, an address). Nothing
else is markup: `- `, `>`, `1.` or a `#` before words stand for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby, takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_SCENE_BREAK = re.compile(
    r"(?:\*\s*)+|(?:#\s*)+|(?:~\s*)+|⁂|§|(?:-\s*){3,}|(?:_\s*){3,}|(?:[—–]\s*){2,}|(?:[•·]\s*){3,}"
)
_STARS = re.compile(r"\*(?:\s*\*){2,}")
# A style is a bit set, so that characters and their styles can be worked on side by side.
_BOLD, _ITALIC = 2, 1
_MARKS = {_BOLD: "**", _ITALIC: "*"}


@dataclass(frozen=True)
class Run:
    """A stretch of text in one style. May hold line breaks, never blank lines."""

    text: str
    italic: bool = False
    bold: bool = False


@dataclass(frozen=True)
class Paragraph:
    """Runs in order; a paragraph without runs is a scene break."""

    runs: tuple[Run, ...] = ()

    @property
    def plain(self) -> str:
        """The text without emphasis; empty for a scene break."""
        return "".join(run.text for run in self.runs)

    def cut(self, at: int) -> tuple[Paragraph, Paragraph]:
        """The paragraph's first line, which ends at code point `at`, and the lines after it."""
        styled = _styled(self.runs)
        return _group(styled[:at]), _group(styled[at + 1 :])


def clean(text: str) -> str:
    """Line ends as `\\n`; without byte order mark, control characters and what no file format can hold."""
    text = text.replace("\r\n", "\n").replace("\u2029", "\n\n")
    text = re.sub("[\r\x0b\x0c\x85\u2028]", "\n", text)
    return _UNPRINTABLE.sub("", text.removeprefix("\ufeff"))


def clean_title(title: str) -> str:
    """A title as one line with single spaces."""
    return " ".join(clean(title).split())


def chapter_title(title: str, number: int) -> str:
    """The title that a chapter gets in a file, where it must have one."""
    return clean_title(title) or f"Chapter {number}"


def is_scene_break(plain: str) -> bool:
    return _SCENE_BREAK.fullmatch(plain.strip()) is not None


def parse(text: str) -> list[Paragraph]:
    """Markdown prose as paragraphs."""
    found: list[Paragraph] = []
    block: list[str] = []
    for line in [*(row.strip() for row in clean(text).split("\n")), ""]:
        if line and not _STARS.fullmatch(line):
            block.append(line)
            continue
        if block:
            found += paragraphs(parse_runs("\n".join(block)))
        block = []
        if line:
            found.append(Paragraph())
    return found


def render(parts: Iterable[Paragraph]) -> str:
    """Paragraphs as Markdown prose in normal form: `parse(render(p)) == p`."""
    return "\n\n".join(mark_up(part, escape) if part.runs else "***" for part in parts)


def normal(text: str) -> str:
    """Markdown prose in normal form: the same paragraphs, one way to write them."""
    return render(parse(text))


def escape(text: str) -> str:
    """Plain text as Markdown prose that reads as itself."""
    return re.sub(r"^#", r"\\#", re.sub(r"([\\*_])", r"\\\1", text), flags=re.MULTILINE)


def paragraphs(runs: Iterable[Run]) -> list[Paragraph]:
    """Raw runs as tidy paragraphs: cut at blank lines, lines stripped, emphasis drawn back from white space, one run a
    style, scene breaks recognised. Empty paragraphs vanish.
    """
    pieces = [(clean(run.text).replace("\t", " "), _style(run)) for run in runs]
    text = "".join(piece for piece, _ in pieces)
    if not any(style for _, style in pieces):
        rows = re.split(r"\n{2,}", "\n".join(line.strip() for line in text.split("\n")))
        rows = (row.strip() for row in rows)
        return [Paragraph() if is_scene_break(row) else Paragraph((Run(row),)) for row in rows if row]
    styles = [style for piece, style in pieces for _ in piece]
    found: list[Paragraph] = []
    start = 0
    for gap in [*re.finditer(r"\s*\n\s*\n\s*", text), None]:
        end = gap.start() if gap else len(text)
        part = _tidy(text[start:end], styles[start:end])
        if part is not None:
            found.append(part)
        start = gap.end() if gap else end
    return found


def _tidy(text: str, styles: list[int]) -> Paragraph | None:
    """One paragraph from its characters and their styles; None where nothing is left."""
    kept: list[tuple[str, int]] = []
    at = 0
    for space in [*re.finditer(r"^\s+|\s+\Z|\s*\n\s*", text), None]:
        end = space.start() if space else len(text)
        kept += zip(text[at:end], styles[at:end], strict=True)
        if space and "\n" in space[0] and space.start() > 0 and space.end() < len(text):
            kept.append(("\n", styles[space.start() - 1] & styles[space.end()]))
        at = space.end() if space else end
    if not kept:
        return None
    if is_scene_break("".join(char for char, _ in kept)):
        return Paragraph()
    letters, marks = [char for char, _ in kept], [style for _, style in kept]
    for bit in (_BOLD, _ITALIC):
        for order in (range(len(marks)), range(len(marks) - 1, -1, -1)):
            inside = 0
            for i in order:
                if letters[i].isspace():
                    marks[i] &= ~bit | inside
                inside = marks[i] & bit
    return _group(zip(letters, marks, strict=True))


def _style(run: Run) -> int:
    return _ITALIC * run.italic | _BOLD * run.bold


def _styled(runs: Iterable[Run]) -> list[tuple[str, int]]:
    return [(char, _style(run)) for run in runs for char in run.text]


def _group(styled: Iterable[tuple[str, int]]) -> Paragraph:
    return Paragraph(
        tuple(
            Run("".join(char for char, _ in group), bool(style & _ITALIC), bool(style & _BOLD))
            for style, group in groupby(styled, key=lambda pair: pair[1])
        )
    )


# --- Markdown emphasis -----------------------------------------------------------------------------------------------


@cache
def _inline() -> MarkdownIt:
    """Emphasis and backslash escapes only: whatever else Markdown knows is prose here."""
    return MarkdownIt("zero").enable(["emphasis", "escape"])


def parse_runs(text: str) -> list[Run]:
    """One paragraph of Markdown prose as raw runs."""
    if not re.search(r"[\\*_]", text):
        return [Run(text)]
    return runs_of(_inline().parseInline(text)[0].children or [])


def runs_of(tokens: Iterable[Token]) -> list[Run]:
    """The inline tokens of markdown-it as raw runs; links and the like give their text."""
    runs: list[Run] = []
    italic = bold = 0
    for token in tokens:
        if token.tag == "em":
            italic += token.nesting
        elif token.tag == "strong":
            bold += token.nesting
        elif token.type in ("softbreak", "hardbreak"):
            runs.append(Run("\n", italic > 0, bold > 0))
        elif token.content and token.type != "image":
            runs.append(Run(token.content, italic > 0, bold > 0))
    return runs


def mark_up(part: Paragraph, escape: Callable[[str], str]) -> str:
    """A paragraph's runs with their emphasis marks; `escape` makes plain text safe in the Markdown that is written.

    Not every styling can be said in Markdown (`he*—*she` is no emphasis). What would not read back is tried without
    the punctuation at its edges, then run by run, and as plain text last: words before style.
    """
    if not any(run.italic or run.bold for run in part.runs):
        return escape(part.plain)
    text = _marked(part, escape)
    if _reads_back(text, part):
        return text
    part = _without_edges(part)
    text = _marked(part, escape)
    if _reads_back(text, part):
        return text
    kept = [Run(run.text) for run in part.runs]
    for i, run in enumerate(part.runs):
        for style in ((run.italic, run.bold), (run.italic, False)):
            trial = [*kept[:i], Run(run.text, *style), *kept[i + 1 :]]
            merged = _group(_styled(trial))
            if _reads_back(_marked(merged, escape), merged):
                kept = trial
                break
    return _marked(_group(_styled(kept)), escape)


def _reads_back(text: str, part: Paragraph) -> bool:
    return paragraphs(parse_runs(text)) == [part]


def _without_edges(part: Paragraph) -> Paragraph:
    """Emphasis drawn back from the punctuation at its edges."""
    letters, marks = list(part.plain), [style for _, style in _styled(part.runs)]
    for order in (range(len(marks)), range(len(marks) - 1, -1, -1)):
        before = 0
        for i in order:
            if not letters[i].isalnum():
                marks[i] &= before
            before = marks[i]
    return _group(zip(letters, marks, strict=True))


def _marked(part: Paragraph, escape: Callable[[str], str]) -> str:
    out: list[str] = []
    opened: list[int] = []
    for i, run in enumerate(part.runs):
        want = _style(run)
        while any(not bit & want for bit in opened):
            out.append(_MARKS[opened.pop()])
        missing = [bit for bit in _MARKS if bit & want and bit not in opened]
        # The mark that stays open longer goes outside.
        for bit in sorted(missing, key=lambda bit: -_extent(part.runs[i:], bit)):
            out.append(_MARKS[bit])
            opened.append(bit)
        out.append(escape(run.text))
    return "".join(out) + "".join(_MARKS[bit] for bit in reversed(opened))


def _extent(runs: Iterable[Run], bit: int) -> int:
    """Over how many code points a style goes on."""
    return sum(len(run.text) for run in takewhile(lambda run: _style(run) & bit, runs))
