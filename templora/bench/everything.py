"""Every number that the documents claim about learning, in one resumable command: `python -m templora.bench all`.

Each run has a process of its own, so that its peak of memory is its own, and a journal, so that it goes on where it was
interrupted. Runs that are done are not made again while text, recipe and model are the same.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from templora import models
from templora.bench import costs, facts
from templora.bench.passages import BASE, MEMORY, Journal, Row, passages
from templora.bench.runs import Laboratory, Run, read
from templora.bench.statistics import change, having
from templora.chunks import Chunk
from templora.config import DEFAULT, PAPER, TUNED_PAPER
from templora.engine import ModelInfo

WINDOWS = (256, 1024, 2048, 4096, 8192)
LONG_TOKENS = 204_800
"""What the long run reads of each book, at most …"""
EARLY_TOKENS = 20_480
"""… and what its end is compared with."""
ROUNDS = 3
COST_TOKENS = 8192
"""Of the first book: what the longest recipe reads before its chunk, and a chunk for each round."""


@dataclass(frozen=True)
class Bench:
    """Where the texts are and where results go. Plain values: it crosses to other processes."""

    info: ModelInfo
    books: tuple[Path, ...]
    unlike: tuple[Path, ...]
    tokens: int
    folder: Path

    @property
    def far(self) -> int:
        """From which token on the readers with other windows read: of 65,536, twice the widest lies behind there."""
        return self.tokens // 4

    def path(self, book: Path, run: str) -> Path:
        return self.folder / f"{book.stem}.{run}.jsonl"

    def result(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def other(self, book: Path) -> Path:
        """The novel whose memory is the control for this one."""
        return self.books[(self.books.index(book) + 1) % len(self.books)]

    def runs(self, lab: Laboratory) -> Iterator[tuple[Path, list[Chunk], Run]]:
        """Every run that leaves rows, in an order in which what a run begins with has been made before."""
        for book in (*self.books, *self.unlike):
            windows = WINDOWS if book in self.books else ()
            yield book, lab.parts(book, self.tokens), Run("default", DEFAULT, windows, self.far)
        for book in self.books:
            yield book, lab.parts(book, LONG_TOKENS), Run("long", DEFAULT)
        for book in self.books if len(self.books) > 1 else ():
            other = self.other(book)
            after = tuple(lab.parts(other, self.tokens))
            kept = self.path(other, "default").with_suffix(".safetensors")
            parts = lab.parts(book, self.tokens)
            yield book, parts, Run("other-frozen", DEFAULT, after=after, after_path=kept, frozen=True)
            yield book, parts, Run("other-learning", DEFAULT, after=after, after_path=kept)
        for recipe in (TUNED_PAPER, PAPER):
            for book in self.books:
                yield book, lab.parts(book, self.tokens), Run(recipe.name, recipe)

    def rows(self, lab: Laboratory, book: Path, parts: list[Chunk], run: Run) -> list[Row]:
        return Journal(self.path(book, run.name), lab.chain(run, parts)).rows


def run(options: argparse.Namespace) -> int:
    """Do what is not done yet, print as it goes, write the result. `options`: see `templora.bench.__main__`."""
    from templora.bench import report

    folder: Path = options.models or models.default_folder()
    info = models.ensure(options.model, folder, lambda _state, message, _progress: print(message, file=sys.stderr))
    out: Path = options.json
    bench = Bench(info, _texts(options.books), _texts(options.unlike), options.tokens, out.with_suffix(""))
    bench.folder.mkdir(parents=True, exist_ok=True)
    lab = Laboratory(info)
    for book in bench.books:
        _once(bench, f"{book.stem}.facts", _facts, str(book))
    for window, memory in ((512, True), (8192, False)):
        for turn in range(ROUNDS):
            name = f"writing-{window}-{'memory' if memory else 'base'}-{turn}"
            _once(bench, name, _writing, str(bench.books[0]), window, memory)
    for book, parts, each in bench.runs(lab):
        if len(bench.rows(lab, book, parts, each)) < len(parts):
            _alone(_read, bench, book, each)
    _once(bench, "learning-costs", _learning_costs, str(bench.books[0]))
    _once(bench, "length-costs", _length_costs, str(bench.books[0]))
    result = report.result(bench, lab)
    out.write_text(json.dumps(result, indent=1) + "\n")
    print(report.markdown(result))
    report.plots(result, out)
    return 0


def _texts(folder: Path | None) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob("*.txt"))) if folder else ()


def _once(bench: Bench, name: str, task: Callable[..., None], *arguments: Any) -> None:
    if not bench.result(name).exists():
        _alone(task, bench, name, *arguments)


def _alone(task: Callable[..., None], *arguments: Any) -> None:
    """In a process of its own; raises RuntimeError where that failed."""
    process = multiprocessing.get_context("spawn").Process(target=task, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"a run ended with exit status {process.exitcode}")


# --- in processes of their own ---------------------------------------------------------------------------------------


def _read(bench: Bench, book: Path, each: Run) -> None:
    lab = Laboratory(bench.info)
    parts = lab.parts(book, LONG_TOKENS if each.name == "long" else bench.tokens)
    rows: list[Row] = []
    for row in read(lab, each, parts, bench.path(book, each.name)):
        rows.append(row)
        if len(rows) % 8 == 0 or len(rows) == len(parts):
            gain = change(having(rows, BASE, MEMORY), MEMORY, BASE)
            print(f"{book.stem} {each.name}: passage {len(rows)} of {len(parts)}, {gain:+.1f} %", flush=True)


def _facts(bench: Bench, name: str, book: str) -> None:
    lab = Laboratory(bench.info)
    told = "".join(part.text for part in lab.parts(Path(book), bench.tokens // 2))
    result: dict[str, Any] = {}
    for result in facts.recall(lab, DEFAULT, passages(name, facts.planted(told), lab.tokenizer, bench.tokens)):
        if result.get("learnt", 1) % 8 == 0:
            print(f"{name}: passage {result['learnt']} of {result['of']}", flush=True)
    _write(bench, name, result)


def _writing(bench: Bench, name: str, book: str, window: int, memory: bool) -> None:
    lab = Laboratory(bench.info)
    ids = [id for part in lab.parts(Path(book), bench.tokens) for id in part.ids]
    _write(bench, name, costs.writing(lab, DEFAULT, ids, window, memory))


def _learning_costs(bench: Bench, name: str, book: str) -> None:
    lab = Laboratory(bench.info)
    _write(bench, name, costs.learning(lab, (DEFAULT, PAPER), lab.parts(Path(book), COST_TOKENS), ROUNDS))


def _length_costs(bench: Bench, name: str, book: str) -> None:
    lab = Laboratory(bench.info)
    parts = lab.parts(Path(book), COST_TOKENS)
    _write(bench, name, costs.by_length(lab, DEFAULT, parts, (EARLY_TOKENS, LONG_TOKENS), ROUNDS))


def _write(bench: Bench, name: str, result: dict[str, Any]) -> None:
    print(f"{name}: {result}", flush=True)
    bench.result(name).write_text(json.dumps(result) + "\n")
