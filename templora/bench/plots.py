"""The plots of a result: perplexity by position, and the trade-off of window, memory and quality. Needs matplotlib."""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter

_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "templora",  # the same result makes the same file
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.figsize": (7.2, 3.8),
}


def draw(result: dict[str, Any], out: Path) -> None:
    """Write `OUT-positions.svg` and `OUT-windows.svg` beside the result."""
    with pyplot.rc_context(_STYLE):
        _positions(result, out.with_name(f"{out.stem}-positions.svg"))
        _windows(result, out.with_name(f"{out.stem}-windows.svg"))


def _positions(result: dict[str, Any], path: Path) -> None:
    figure, axes = pyplot.subplots()
    for name, run in result["runs"].items():
        for number, (book, entry) in enumerate(sorted(run.get("books", {}).items())):
            middle = [(part["from"] + part["to"]) / 2 for part in entry["positions"]]
            changes = [part["change_percent"] for part in entry["positions"]]
            style = ("-", "--", ":", "-.")[number % 4]
            colour = f"C{list(result['runs']).index(name)}"
            axes.plot(middle, changes, style, color=colour, marker=".", label=f"{name}, {book}")
    axes.axhline(0, color="0.6", linewidth=0.8)
    axes.set_xlabel("position in the book (tokens)")
    axes.set_ylabel("perplexity against the base model (%)")
    axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
    axes.legend(fontsize=7, frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    _save(figure, path)


def _windows(result: dict[str, Any], path: Path) -> None:
    figure, axes = pyplot.subplots()
    for who, label in (("base", "base model"), ("memory", "with memory")):
        found = [(int(reader.split()[1]), entry["ppl"]) for reader, entry in result["windows"].items() if who in reader]
        found.sort()
        axes.plot([window for window, _ in found], [value for _, value in found], marker="o", label=label)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
    axes.set_xlabel("tokens of text that are read before a passage")
    axes.set_ylabel("perplexity")
    axes.legend(frameon=False)
    _save(figure, path)


def _thousands(value: float, _position: int) -> str:
    return f"{value:,.0f}"


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
