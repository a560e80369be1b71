"""From the journals of a benchmark to its result: numbers, tables in Markdown, plots."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from templora.bench.everything import EARLY_TOKENS, LONG_TOKENS, ROUNDS, WINDOWS, Bench
from templora.bench.names import mentions
from templora.bench.passages import BASE, MEMORY, Row
from templora.bench.runs import Laboratory
from templora.bench.statistics import book_entry, by_position, change, having, interval, perplexity, tokens
from templora.chunks import Chunk
from templora.config import DEFAULT

FULL = "base 8192"
SPAN = 8192


def result(bench: Bench, lab: Laboratory) -> dict[str, Any]:
    """Everything that was measured, as JSON values. Runs that are not done yet are left out."""
    runs: dict[str, dict[str, list[Row]]] = {}
    parts: dict[str, list[Chunk]] = {}
    for book, pieces, run in bench.runs(lab):
        rows = bench.rows(lab, book, pieces, run)
        if len(rows) == len(pieces):
            runs.setdefault(run.name, {})[book.stem] = rows
        if run.name == "default":
            parts[book.stem] = pieces
    names = {path.stem for path in bench.books}
    default = {book: rows for book, rows in runs.get("default", {}).items() if book in names}
    return {
        "model": bench.info.id,
        "machine": _machine(),
        "tokens": bench.tokens,
        "runs": {
            name: _run({book: rows for book, rows in books.items() if book in names}) for name, books in runs.items()
        },
        "unlike": {book: book_entry(rows) for book, rows in runs.get("default", {}).items() if book not in names},
        "windows": _windows(default),
        "names": {book: _names(rows, parts[book], lab) for book, rows in default.items()},
        "facts": {path.stem: _read(bench.result(f"{path.stem}.facts")) for path in bench.books},
        "flat": {book: _flat(rows) for book, rows in runs.get("long", {}).items()},
        "costs": {
            "learning": _read(bench.result("learning-costs")),
            "by length": _read(bench.result("length-costs")),
            "writing": _writing(bench),
        },
    }


def _machine() -> dict[str, Any]:
    features = torch.cpu.get_capabilities()
    wanted = ("avx2", "avx512_f", "avx512_bf16", "amx_bf16")
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "features": [name for name in wanted if features.get(name)],
        "threads": DEFAULT.threads,
        "graphics card": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "transformers", "peft")},
    }


def _read(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None


def _run(books: dict[str, list[Row]]) -> dict[str, Any]:
    if not books:
        return {}
    low, high = interval(books, MEMORY, BASE)
    return {
        "change_percent": statistics.fmean(change(rows, MEMORY, BASE) for rows in books.values()),
        "interval": [low, high],
        "books": {book: book_entry(rows) for book, rows in books.items()},
    }


def _windows(books: dict[str, list[Row]]) -> dict[str, Any]:
    """Mean over books of log perplexity, as perplexity, by reader, on the passages late in the book."""
    found: dict[str, Any] = {}
    for window in sorted({*WINDOWS, DEFAULT.prefix_tokens}):
        for who in ("base", "memory"):
            reader = f"{who} {window}"
            against = {book: having(rows, reader, FULL) for book, rows in books.items()}
            against = {book: rows for book, rows in against.items() if rows}
            if against:
                found[reader] = {
                    "ppl": statistics.geometric_mean(perplexity(rows, reader) for rows in against.values()),
                    "change_against_full_window": statistics.fmean(
                        change(rows, reader, FULL) for rows in against.values()
                    ),
                    "interval": list(interval(against, reader, FULL)),
                    "books": {book: change(rows, reader, FULL) for book, rows in against.items()},
                }
    return found


def _names(rows: Sequence[Row], parts: list[Chunk], lab: Laboratory) -> dict[str, Any]:
    """Mean loss (nats a mention) on names whose last mention lies before the 512-token window, late in the book."""
    losses: dict[str, list[float]] = {BASE: [], MEMORY: [], FULL: []}
    for mention in mentions(parts, lab.tokenizer):
        row = rows[mention.passage]
        if mention.gap is None or mention.gap <= DEFAULT.prefix_tokens + mention.first or FULL not in row.losses:
            continue
        for reader, found in losses.items():
            found.append(sum(row.losses[reader][mention.first : mention.last]))
    count = len(losses[BASE])
    return {"mentions": count, "loss": {reader: sum(found) / count for reader, found in losses.items() if count}}


def _flat(rows: Sequence[Row]) -> dict[str, Any]:
    """The passages around token 20,480 and the last of 204,800."""

    def around(middle: int) -> list[Row]:
        return [row for row in rows if middle - SPAN // 2 <= row.start < middle + SPAN // 2]

    early, late = around(EARLY_TOKENS), around(LONG_TOKENS - SPAN // 2)
    if not late:
        return {"tokens": tokens(rows)}
    return {
        "tokens": tokens(rows),
        "peak_mb": [max(row.peak_mb for row in part) for part in (early, late)],
        "change_percent": [change(part, MEMORY, BASE) for part in (early, late)],
        "positions": by_position(rows, MEMORY, BASE),
    }


def _writing(bench: Bench) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("writing-512-memory", "writing-8192-base"):
        turns = [each for turn in range(ROUNDS) if (each := _read(bench.result(f"{name}-{turn}")))]
        if turns:
            found[name.removeprefix("writing-")] = {
                key: statistics.median(each[key] for each in turns) for key in turns[0]
            }
    return found


# --- for people ------------------------------------------------------------------------------------------------------


def markdown(result: dict[str, Any]) -> str:
    """The tables of a result, for docs/measurements.md."""
    lines = ["| run | book | tokens | base | memory | change | bits/byte | learning | scoring | peak MB |"]
    lines.append("|---|---|---|---|---|---|---|---|---|---|")
    for name, run in result["runs"].items():
        for book, entry in run.get("books", {}).items():
            lines.append(_row(name, book, entry))
        if run:
            low, high = run["interval"]
            lines.append(
                f"| {name} | mean | | | | **{run['change_percent']:+.1f} %** ({low:+.1f} to {high:+.1f}) |||||"
            )
    for book, entry in result["unlike"].items():
        lines.append(_row("default", book, entry))
    lines += ["", "| reader | perplexity | against the full window |", "|---|---|---|"]
    for reader, entry in result["windows"].items():
        low, high = entry["interval"]
        gain = entry["change_against_full_window"]
        lines.append(f"| {reader} | {entry['ppl']:.2f} | {gain:+.1f} % ({low:+.1f} to {high:+.1f}) |")
    for title in ("names", "facts", "flat", "costs"):
        lines += ["", f"{title}: {json.dumps(_rounded(result[title]))}"]
    return "\n".join(lines)


def _row(name: str, book: str, entry: dict[str, Any]) -> str:
    return (
        f"| {name} | {book} | {entry['tokens']:,} | {entry['base_ppl']:.2f} | {entry['memory_ppl']:.2f} | "
        f"{entry['change_percent']:+.1f} % (worst bin {entry['worst_after_first_percent'] or 0:+.1f}) | "
        f"{entry['base_bits_per_byte']:.3f} → {entry['memory_bits_per_byte']:.3f} | {entry['learn_s']:,.0f} s | "
        f"{entry['score_s']:,.0f} s | {entry['peak_mb']:,} |"
    )


def _rounded(value: Any) -> Any:
    """For reading: three places, without the long lists by position."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key != "positions"}  # pyright: ignore[reportUnknownVariableType]
        return {key: _rounded(each) for key, each in kept.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_rounded(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return round(value, 3) if isinstance(value, float) else value


def plots(result: dict[str, Any], out: Path) -> None:
    """`OUT-positions.svg` and `OUT-windows.svg`, where matplotlib is installed."""
    try:
        from templora.bench import plots
    except ImportError:
        print("no plots: matplotlib is not installed (requirements-dev.txt)")
        return
    plots.draw(result, out)
