"""Prequential perplexity on whole books: every passage is scored by base model and memory, and only then learnt.

Perplexity is exp(sum of loss / tokens), losses in nats. Windows are the product's own chunks with the default recipe's
prefix for every recipe, so that recipes are compared on the same tokens after the same context; a recipe with longer
chunks learns several of these windows at once, when all of them have been scored.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from storage.formats.wraps import join_hard_wraps
from templora import chunks as chunking
from templora import models
from templora.adapter import Adapter, Claim, from_bytes, to_bytes
from templora.chunks import Chunk, FileTokenizer
from templora.config import DEFAULT, RECIPES, Recipe
from templora.engine import ModelInfo
from templora.learner import Learner

BIN_TOKENS = 8192
SAVE_EVERY = 8
"""Learnt windows between two saved states: what an interrupted run may have to learn again."""


@dataclass(frozen=True)
class Row:
    """One scored window. `start` is its first token's position in the book; losses are sums in nats."""

    book: str
    chain: str
    start: int
    tokens: int
    base_loss: float
    memory_loss: float
    score_s: float
    learn_s: float


def windows(path: Path, tokenizer: FileTokenizer, tokens: int) -> list[Chunk]:
    """The product's chunks of a book's first `tokens` tokens, hard-wrapped lines joined."""
    text = join_hard_wraps(path.read_text(encoding="utf-8", errors="replace"))
    # Splitting the whole book to use its beginning would be most of the time of a short run.
    text = text[: tokens * 8]
    taken: list[Chunk] = []
    total = 0
    for chunk in chunking.split(path.stem, text, tokenizer, DEFAULT.chunk_tokens):
        if total >= tokens:
            break
        taken.append(chunk)
        total += len(chunk.ids)
    return taken


class Book:
    """One book under one recipe; `rows()` scores and learns what is not yet in the journal."""

    def __init__(self, name: str, parts: list[Chunk], recipe: Recipe, adapter: Adapter, info: ModelInfo) -> None:
        self.name = name
        self._parts = parts
        self._recipe = recipe
        self._adapter = adapter
        self._learner = Learner(adapter, info.bos_id)
        self._info = info
        self.chain = chunking.chain(chunking.origin(info.fingerprint, recipe), parts)

    def claim(self, count: int) -> Claim:
        return Claim(self.chain[count - 1], count, self._recipe.fingerprint(), self._info.fingerprint)

    def rows(self, done: int) -> Iterator[tuple[Row, bool]]:
        """(row, whether the memory stands exactly here) of each window from `done` on."""
        start = sum(len(part.ids) for part in self._parts[:done])
        waiting: list[int] = []
        held: list[Row] = []
        for index in range(done, len(self._parts)):
            part = self._parts[index]
            ids = list(part.ids)
            prefix = chunking.prefix(self._parts, index, DEFAULT.prefix_tokens)
            if self._same_windows():
                learnt = self._learner.learn(prefix, ids, self._before(index))
                sums = sum(learnt.base_losses), sum(learnt.memory_losses)
                row = Row(self.name, self.chain[index], start, len(ids), *sums, learnt.score_s, learnt.learn_s)
                yield row, True
            else:
                began = time.perf_counter()
                base = sum(self._learner.score(prefix, ids, memory=False))
                own = sum(self._learner.score(prefix, ids, memory=True))
                spent = time.perf_counter() - began
                held.append(Row(self.name, self.chain[index], start, len(ids), base, own, spent, 0.0))
                waiting += ids
                following = len(self._parts[index + 1].ids) if index + 1 < len(self._parts) else 0
                full = len(waiting) + following > self._recipe.chunk_tokens
                if full:
                    first = index + 1 - len(held)
                    long_prefix = chunking.prefix(self._parts, first, self._recipe.prefix_tokens)
                    learnt = self._learner.learn(long_prefix, waiting, self._before(first))
                    held[-1] = replace(held[-1], learn_s=learnt.learn_s)
                if full or index + 1 == len(self._parts):
                    for row in held[:-1]:
                        yield row, False
                    yield held[-1], full
                    held, waiting = [], []
            start += len(ids)

    def _same_windows(self) -> bool:
        return (self._recipe.chunk_tokens, self._recipe.prefix_tokens) == (DEFAULT.chunk_tokens, DEFAULT.prefix_tokens)

    def _before(self, index: int) -> str:
        return self.chain[index - 1] if index else chunking.origin(self._info.fingerprint, self._recipe)


class Journal:
    """The rows of a run, one JSON line each, and beside them the newest saved memory of the book in hand."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = path.with_suffix(".safetensors")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._rows: dict[str, Row] = {}
        for line in path.read_text().splitlines() if path.exists() else []:
            try:
                row = Row(**json.loads(line))
            except (ValueError, TypeError):
                continue  # the line that an interruption cut off
            self._rows[row.chain] = row

    def known(self, chain: list[str]) -> list[Row]:
        """The leading rows of a book that an earlier run has written."""
        rows: list[Row] = []
        for link in chain:
            if link not in self._rows:
                break
            rows.append(self._rows[link])
        return rows

    def resume(self, book: Book, adapter: Adapter) -> list[Row]:
        """Load the saved memory where it belongs to this book; the rows up to it need not be made again."""
        adapter.reset()
        rows = self.known(book.chain)
        if len(rows) == len(book.chain):
            return rows
        for count in range(len(rows), 0, -1):
            if self._holds(book.chain[count - 1]):
                adapter.load(from_bytes(self._state.read_bytes(), book.claim(count)))
                return rows[:count]
        return []

    def _holds(self, chain: str) -> bool:
        if not self._state.exists():
            return False
        with self._state.open("rb") as file:
            header = file.read(int.from_bytes(file.read(8), "little"))
        return chain.encode() in header

    def write(self, row: Row) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(row)) + "\n")
        self._rows[row.chain] = row

    def save(self, data: bytes) -> None:
        temporary = self._state.with_suffix(".part")
        temporary.write_bytes(data)
        temporary.replace(self._state)


def summary(name: str, rows: list[Row]) -> dict[str, Any]:
    """One book's entry of the result. `change_percent` = 100·(memory/base − 1) of perplexity."""
    bins: dict[int, list[Row]] = {}
    for row in rows:
        bins.setdefault(row.start // BIN_TOKENS, []).append(row)
    base, own = _perplexities(rows)
    return {
        "file": name,
        "tokens": sum(row.tokens for row in rows),
        "base_ppl": base,
        "memory_ppl": own,
        "change_percent": 100 * (own / base - 1),
        "positions": [
            dict(
                zip(
                    ("from", "to", "base_ppl", "memory_ppl"),
                    (part[0].start, part[-1].start + part[-1].tokens, *_perplexities(part)),
                    strict=True,
                )
            )
            for _, part in sorted(bins.items())
        ],
        "score_s": sum(row.score_s for row in rows),
        "learn_s": sum(row.learn_s for row in rows),
    }


def _perplexities(rows: list[Row]) -> tuple[float, float]:
    tokens = sum(row.tokens for row in rows)
    return (
        math.exp(sum(row.base_loss for row in rows) / tokens),
        math.exp(sum(row.memory_loss for row in rows) / tokens),
    )


def run(options: argparse.Namespace) -> int:
    """Score and learn every book, print as it goes, write the JSON result at the end."""
    recipe = RECIPES[options.recipe]
    folder: Path = options.models or models.default_folder()
    info = models.ensure(options.model, folder, lambda _state, message, _progress: print(message, file=sys.stderr))
    loaded = models.load(info)
    adapter = Adapter(loaded.model, recipe)
    tokenizer = FileTokenizer(info.tokenizer)
    out: Path = options.json or Path("bench-results") / f"pg19-{recipe.name}.json"
    journal = Journal(out.with_suffix(".jsonl"))
    books: list[dict[str, Any]] = []
    everything: list[Row] = []
    for path in options.files:
        book = Book(path.name, windows(path, tokenizer, options.tokens), recipe, adapter, info)
        rows = journal.resume(book, adapter)
        saved = len(rows)
        if rows:
            print(f"{path.name}: {len(rows)} of {len(book.chain)} passages taken from {out.with_suffix('.jsonl')}")
        for row, exact in book.rows(len(rows)):
            rows.append(row)
            journal.write(row)
            if exact and len(rows) - saved >= SAVE_EVERY:
                saved = len(rows)
                journal.save(to_bytes(adapter.state(), book.claim(len(rows))))
            base, own = _perplexities(rows)
            print(
                f"\r{path.name}: passage {len(rows)} of {len(book.chain)} · base {base:.2f} · memory {own:.2f} · "
                f"{100 * (own / base - 1):+.1f} % · {row.score_s + row.learn_s:.1f} s a passage   ",
                end="",
                flush=True,
            )
        print()
        everything += rows
        books.append(summary(path.name, rows))
    base, own = _perplexities(everything)
    result = {
        "model": info.id,
        "recipe": recipe.name,
        "books": books,
        "change_percent": 100 * (own / base - 1),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    _print(result)
    if options.json:
        out.write_text(json.dumps(result, indent=2) + "\n")
    return 0


def _print(result: dict[str, Any]) -> None:
    print(f"\n{result['model']}, recipe {result['recipe']}, peak memory {result['peak_memory_mb']:,} MB")
    print(f"{'book':24} {'tokens':>8} {'base':>8} {'memory':>8} {'change':>8} {'score s':>8} {'learn s':>8}")
    for book in result["books"]:
        print(
            f"{book['file'][:24]:24} {book['tokens']:8,} {book['base_ppl']:8.2f} {book['memory_ppl']:8.2f} "
            f"{book['change_percent']:+7.1f}% {book['score_s']:8.0f} {book['learn_s']:8.0f}"
        )
        for part in book["positions"]:
            change = 100 * (part["memory_ppl"] / part["base_ppl"] - 1)
            print(
                f"  from {part['from']:>9,} to {part['to']:>9,} {part['base_ppl']:8.2f} {part['memory_ppl']:8.2f} "
                f"{change:+7.1f}%"
            )
    print(f"all books: {result['change_percent']:+.1f} %")
