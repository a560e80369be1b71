"""Prequential perplexity on whole books, one recipe: every passage is scored by base model and memory, then learnt."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from templora import models
from templora.bench.passages import BASE, MEMORY, Row
from templora.bench.runs import Laboratory, Run, read
from templora.bench.statistics import book_entry, change, perplexity, seconds
from templora.config import RECIPES


def run(options: argparse.Namespace) -> int:
    """Score and learn every book, print as it goes, write the JSON result at the end."""
    recipe = RECIPES[options.recipe]
    folder: Path = options.models or models.default_folder()
    info = models.ensure(options.model, folder, lambda _state, message, _progress: print(message, file=sys.stderr))
    lab = Laboratory(info)
    out: Path = options.json or Path("bench-results") / f"pg19-{recipe.name}.json"
    books: list[dict[str, Any]] = []
    for path in options.files:
        parts = lab.parts(path, options.tokens)
        rows: list[Row] = []
        for row in read(lab, Run(recipe.name, recipe), parts, out.with_suffix("") / f"{path.stem}.{recipe.name}.jsonl"):
            rows.append(row)
            print(
                f"\r{path.name}: passage {len(rows)} of {len(parts)} · base {perplexity(rows, BASE):.2f} · "
                f"memory {perplexity(rows, MEMORY):.2f} · {change(rows, MEMORY, BASE):+.1f} % · "
                f"{seconds([row], 'score', 'learn'):.1f} s a passage   ",
                end="",
                flush=True,
            )
        print()
        books.append({"file": path.name, **book_entry(rows)})
    result = {
        "model": info.id,
        "recipe": recipe.name,
        "books": books,
        "change_percent": statistics.fmean(book["change_percent"] for book in books),
        "peak_memory_mb": max(book["peak_mb"] for book in books),
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
            print(
                f"  from {part['from']:>9,} to {part['to']:>9,} {part['base_ppl']:8.2f} {part['memory_ppl']:8.2f} "
                f"{part['change_percent']:+7.1f}%"
            )
    print(f"mean over books: {result['change_percent']:+.1f} %")
