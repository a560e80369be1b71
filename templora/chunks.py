"""Text → chunks → token windows, and the chain that says what a memory has learnt. Pure: no model, no database.

A chunk's tokens are a function of the chunk's text alone, and a window is made of chunks' tokens alone, so an adapter
depends on nothing that the chain does not hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from templora.config import Recipe
from templora.errors import ModelDamaged

SEPARATOR = "\n\n"

_ENDS = (
    re.compile(r"(?P<space>\s*\n[^\S\n]*\n\s*)"),  # of a paragraph
    re.compile(r"(?P<space>\s*\n\s*)"),  # of a line
    re.compile(r"(?<=[.!?…])[\"'”’»)\]*_]*(?P<space>\s+)"),  # of a sentence
)


class Tokenizer(Protocol):
    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, without special tokens."""
        ...

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The code-point span of each token of `encode(text)`."""
        ...


class FileTokenizer:
    """A tokenizer read from a model's `tokenizer.json` by the `tokenizers` library; needs no torch."""

    def __init__(self, path: str | Path) -> None:
        from tokenizers import Tokenizer as HfTokenizer

        try:
            self._inner = HfTokenizer.from_file(str(path))
        except Exception as error:  # the library raises a bare Exception
            raise ModelDamaged(f"The tokenizer of this model cannot be read ({path}): {error}") from error

    def encode(self, text: str) -> list[int]:
        return list(self._inner.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids, special tokens left out."""
        return str(self._inner.decode(list(ids), skip_special_tokens=True))

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return list(self._inner.encode(text, add_special_tokens=False).offsets)


@dataclass(frozen=True)
class Chunk:
    """The unit of learning: `[start, end)` (code points) of a chapter's text, in whole paragraphs.

    A chunk begins where the one before it ended, so separators lead; the first of a chapter gets one put before it.
    """

    chapter: str
    start: int
    end: int
    text: str
    ids: tuple[int, ...]

    @cached_property
    def words(self) -> int:
        return len(self.text.split())


def split(
    chapter: str, text: str, tokenizer: Tokenizer, size: int, excluded: Sequence[tuple[int, int]] = ()
) -> list[Chunk]:
    """Split a chapter greedily into chunks of whole paragraphs, at most about `size` tokens each.

    A paragraph that is longer is cut at line ends, then at sentence ends, then between tokens. Text that is only
    whitespace makes no chunk; whitespace at the end of a chapter belongs to none. The paragraphs that the spans
    `excluded` touch are in no chunk, and no chunk goes across them: what comes after begins with its separator.
    """
    cutter = _Cutter(text, tokenizer, size)
    spans: list[tuple[int, int]] = []
    for begin, end in _learnt_stretches(text, excluded):
        start, stop, held = begin, begin, 0
        for piece_stop, count in cutter.pieces(begin, end, level=0):
            if stop > begin and held + count > size:
                spans.append((start, stop))
                start, held = stop, 0
            stop, held = piece_stop, held + count
        spans.append((start, stop))
    return [Chunk(chapter, a, b, cutter.learnt(a, b), tuple(tokenizer.encode(cutter.learnt(a, b)))) for a, b in spans]


def _learnt_stretches(text: str, excluded: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The text without the paragraphs that are left out and without space at its end, where something is left."""
    stretches: list[tuple[int, int]] = []
    start = 0
    for first, last in _paragraphs(text) if excluded else ():
        if any(first < end and begin < last for begin, end in excluded):
            stretches.append((start, first))
            start = last
    stretches.append((start, len(text)))
    trimmed = [(start, start + len(text[start:end].rstrip())) for start, end in stretches]
    return [(start, end) for start, end in trimmed if start < end]


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _ENDS[0].finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text.rstrip())


@dataclass(frozen=True)
class _Cutter:
    """Cuts one chapter's text into the smallest pieces that may not be cut, each as high in the order as it can."""

    text: str
    tokenizer: Tokenizer
    size: int

    def learnt(self, start: int, stop: int) -> str:
        return (SEPARATOR if start == 0 else "") + self.text[start:stop]

    def pieces(self, start: int, end: int, level: int) -> Iterator[tuple[int, int]]:
        """(end, tokens) of each piece of `[start, end)`, every one at most `size` tokens."""
        if level == len(_ENDS):
            yield from self._tokens(start, end)
            return
        for stop in self._cuts(start, end, level):
            count = len(self.tokenizer.encode(self.learnt(start, stop)))
            if count <= self.size:
                yield stop, count
            else:
                yield from self.pieces(start, stop, level + 1)
            start = stop

    def _cuts(self, start: int, end: int, level: int) -> Iterator[int]:
        for match in _ENDS[level].finditer(self.text, start, end):
            cut = match.start("space")
            if cut < end and self.text[start:cut].strip():
                yield cut
        yield end

    def _tokens(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        lead = len(SEPARATOR) if start == 0 else 0
        stops = [start + stop - lead for _, stop in self.tokenizer.offsets(self.learnt(start, end))]
        first = 0
        for last in range(self.size, len(stops), self.size):
            # Several tokens can share one character: the text can be cut only where a character ends.
            if stops[first] < stops[last - 1] < end:
                yield stops[last - 1], last - first
                first = last
        yield end, len(stops) - first


def origin(base_fingerprint: str, recipe: Recipe) -> str:
    """chain_0, hex: what a memory is before it has learnt anything."""
    return hashlib.sha256(f"{base_fingerprint}:{recipe.fingerprint()}".encode()).hexdigest()


def digest(text: str) -> str:
    """SHA-256 (hex) of a chunk's text: all that the chain knows of it."""
    return hashlib.sha256(text.encode()).hexdigest()


def link(parent: str, text: str) -> str:
    """chain_i = SHA-256(chain_{i-1} ‖ SHA-256(text of chunk i)), hex."""
    return hashlib.sha256(bytes.fromhex(parent) + bytes.fromhex(digest(text))).hexdigest()


def chain(start: str, chunks: Sequence[Chunk]) -> list[str]:
    """chain_1 … chain_n of `chunks`, from chain_0 = `start`."""
    links: list[str] = []
    for chunk in chunks:
        start = link(start, chunk.text)
        links.append(start)
    return links


def prefix(chunks: Sequence[Chunk], index: int, length: int) -> list[int]:
    """The last `length` tokens of the chunks before `index`, across chapters: what is read before that chunk."""
    ids: list[int] = []
    for chunk in reversed(chunks[:index]):
        if len(ids) >= length:
            break
        ids = [*chunk.ids, *ids]
    return ids[max(0, len(ids) - length) :] if length else []


def prompt_ids(text: str, tokenizer: Tokenizer) -> list[int]:
    """Token ids of a chapter's text up to the cursor, open at its end.

    Byte-pair tokenizers join newlines at the end of a text that they keep apart before a letter: a text that ends in
    a newline is encoded with a letter after it, which is then dropped.
    """
    text = SEPARATOR + text
    return tokenizer.encode(text + "A")[:-1] if text.endswith("\n") else tokenizer.encode(text)


def reading_window(ids: Sequence[int], length: int) -> list[int]:
    """The end of `ids` that the model reads, anchored: as the text grows it grows from L to 1.5 L tokens, then jumps.

    Its start is a multiple of L/2, so in between a KV cache of the window's beginning stays valid.
    """
    step = max(1, length // 2)
    start = max(0, (len(ids) - length) // step * step)
    return list(ids[start:])
