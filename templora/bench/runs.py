"""One run: a book is read passage by passage, each scored by every reader first and only then learnt.

The prefix of every scored passage is the default recipe's, whatever the recipe learns with, so that recipes are
compared on the same tokens after the same context. A recipe with longer chunks learns several passages at once, when
all of them have been scored.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from templora import chunks as chunking
from templora import models
from templora.adapter import Adapter, AdapterState, Claim, from_bytes
from templora.bench.passages import BASE, MEMORY, Journal, Row, passages, text_of
from templora.chunks import Chunk, FileTokenizer
from templora.config import DEFAULT, Recipe
from templora.engine import ModelInfo
from templora.learner import Learner

WINDOWS_EVERY = 4
"""A window of 8,192 tokens costs as much as learning four passages."""
SAVE_EVERY = 8
"""Rows between two saved memories: what an interrupted run may have to learn again."""


@dataclass(frozen=True)
class Run:
    """What is done with a book.

    `windows`: further prefixes (tokens) with which base and memory read every `WINDOWS_EVERY`th passage from token
    `windows_from` on. `after`: passages that the memory has learnt before; `after_path`: the file it was kept in.
    `frozen`: the memory stays as it was.
    """

    name: str
    recipe: Recipe
    windows: tuple[int, ...] = ()
    windows_from: int = 0
    after: tuple[Chunk, ...] = ()
    after_path: Path | None = None
    frozen: bool = False


class Laboratory:
    """What runs are made with: the base model, loaded once for each recipe, and books split once."""

    def __init__(self, info: ModelInfo) -> None:
        self.info = info
        self.tokenizer = FileTokenizer(info.tokenizer)
        self._adapters: dict[str, Adapter] = {}
        self._hf_tokenizers: dict[str, Any] = {}
        self._parts: dict[tuple[Path, int], list[Chunk]] = {}

    def parts(self, path: Path, tokens: int) -> list[Chunk]:
        """The passages of a book's first `tokens` tokens."""
        key = path, tokens
        if key not in self._parts:
            self._parts[key] = passages(path.stem, text_of(path), self.tokenizer, tokens)
        return self._parts[key]

    def adapter(self, recipe: Recipe) -> Adapter:
        """An adapter of this recipe with nothing learnt; the one that had it before is the caller's no more."""
        key = recipe.fingerprint()
        if key not in self._adapters:
            loaded = models.load(self.info)
            self._adapters[key] = Adapter(loaded.model, recipe)
            self._hf_tokenizers[key] = loaded.tokenizer
        adapter = self._adapters[key]
        adapter.reset()
        return adapter

    def hf_tokenizer(self, recipe: Recipe) -> Any:
        """The tokenizer that came with the base model of `adapter(recipe)`."""
        return self._hf_tokenizers[recipe.fingerprint()]

    def chain(self, run: Run, parts: list[Chunk]) -> list[str]:
        """What the memory has learnt after each passage; where it learns nothing, what has been read so far."""
        return chunking.chain(chunking.origin(self.info.fingerprint, run.recipe), [*run.after, *parts])[
            len(run.after) :
        ]


def read(lab: Laboratory, run: Run, parts: list[Chunk], path: Path) -> Iterator[Row]:
    """Do what of the run is not in the journal at `path` yet; all its rows, the written ones first."""
    chain = lab.chain(run, parts)
    journal = Journal(path, chain)
    if journal.complete:
        yield from journal.rows
        return
    together = groups(parts, run.recipe)
    learnt = {last: number for number, (_, last) in enumerate(together, len(run.after) + 1)}
    claims = {
        count: Claim(chain[count - 1], number, run.recipe.fingerprint(), lab.info.fingerprint)
        for count, number in learnt.items()
    }
    adapter = lab.adapter(run.recipe)
    start = _start(lab, run, adapter)
    if run.frozen:
        adapter.load(start)
    else:
        journal.resume(adapter, start, claims)
    yield from list(journal.rows)
    saved = len(journal.rows)
    reading = _Reading(lab, run, parts, chain, adapter)
    for first, last in together:
        if first < saved:
            continue
        rows = reading.rows(first, last)
        for row in rows:
            journal.write(row)
        if not run.frozen and (last - saved >= SAVE_EVERY or last == len(chain)):
            saved = last
            journal.save(adapter, claims[last])
        yield from rows


def groups(parts: list[Chunk], recipe: Recipe) -> list[tuple[int, int]]:
    """[first, last) of the passages that are learnt together: as many as the recipe's chunk takes."""
    found: list[tuple[int, int]] = []
    size = 0
    for index, part in enumerate(parts):
        size += len(part.ids)
        if found and size <= recipe.chunk_tokens and not _same_windows(recipe):
            found[-1] = found[-1][0], index + 1
        else:
            found.append((index, index + 1))
            size = len(part.ids)
    return found


def _same_windows(recipe: Recipe) -> bool:
    return (recipe.chunk_tokens, recipe.prefix_tokens) == (DEFAULT.chunk_tokens, DEFAULT.prefix_tokens)


def _start(lab: Laboratory, run: Run, adapter: Adapter) -> AdapterState:
    if run.after_path is None:
        return adapter.fresh()
    link = chunking.chain(chunking.origin(lab.info.fingerprint, run.recipe), run.after)[-1]
    claim = Claim(link, len(run.after), run.recipe.fingerprint(), lab.info.fingerprint)
    return from_bytes(run.after_path.read_bytes(), claim)


class _Reading:
    """Scores and learns the passages of one run, in order: the adapter holds what was learnt before the next one."""

    def __init__(self, lab: Laboratory, run: Run, parts: list[Chunk], chain: list[str], adapter: Adapter) -> None:
        self._run = run
        self._parts = parts
        self._chain = chain
        self._before = [chunking.origin(lab.info.fingerprint, run.recipe), *chain]
        self._learner = Learner(adapter, lab.info.bos_id)
        self._starts = [0]
        for part in parts:
            self._starts.append(self._starts[-1] + len(part.ids))

    def rows(self, first: int, last: int) -> list[Row]:
        """Score the passages [first, last), then learn them together."""
        rows = [self._windows(index) for index in range(first, last)]
        if _same_windows(self._run.recipe) and not self._run.frozen:
            # The scoring pass is the update's forward pass: one call does both.
            return [self._learnt(first, rows[0])]
        rows = [self._scored(first + number, row) for number, row in enumerate(rows)]
        if not self._run.frozen:
            prefix = chunking.prefix(self._parts, first, self._run.recipe.prefix_tokens)
            ids = [id for part in self._parts[first:last] for id in part.ids]
            spent = self._learner.learn(prefix, ids, self._before[first]).learn_s
            rows[-1] = replace(rows[-1], seconds={**rows[-1].seconds, "learn": spent}, peak_mb=_peak_mb())
        return rows

    def _windows(self, index: int) -> Row:
        """What the readers with other prefixes lose on a passage."""
        part, start = self._parts[index], self._starts[index]
        losses: dict[str, list[float]] = {}
        seconds: dict[str, float] = {}
        asked = start >= self._run.windows_from and index % WINDOWS_EVERY == 0
        for window in self._run.windows if asked else ():
            began = time.perf_counter()
            base, own = self._learner.compare(chunking.prefix(self._parts, index, window), part.ids)
            losses |= {f"base {window}": base, f"memory {window}": own}
            seconds[f"read {window}"] = time.perf_counter() - began
        return Row(self._chain[index], start, len(part.ids), len(part.text.encode()), losses, seconds)

    def _learnt(self, index: int, row: Row) -> Row:
        prefix = chunking.prefix(self._parts, index, DEFAULT.prefix_tokens)
        learnt = self._learner.learn(prefix, self._parts[index].ids, self._before[index])
        losses = {BASE: learnt.base_losses, MEMORY: learnt.memory_losses, **row.losses}
        seconds = {"score": learnt.score_s, "learn": learnt.learn_s, **row.seconds}
        return replace(row, losses=losses, seconds=seconds, peak_mb=_peak_mb())

    def _scored(self, index: int, row: Row) -> Row:
        began = time.perf_counter()
        prefix = chunking.prefix(self._parts, index, DEFAULT.prefix_tokens)
        base, own = self._learner.compare(prefix, self._parts[index].ids)
        seconds = {"score": time.perf_counter() - began, "learn": 0.0, **row.seconds}
        return replace(row, losses={BASE: base, MEMORY: own, **row.losses}, seconds=seconds, peak_mb=_peak_mb())


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
