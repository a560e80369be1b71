"""A long working life: what the process and the folder hold does not grow with the number of edits."""

from __future__ import annotations

from math import log2
from pathlib import Path
from typing import Any

import pytest

from templora.engine import ModelInfo
from tests.reliability.bench import facts
from tests.reliability.nursery import Nursery
from tests.reliability.soaking import BUDGET_BYTES, CHAPTERS

MEGABYTE = 1024 * 1024


def soak(nursery: Nursery, info: ModelInfo, folder: Path, edits: int) -> list[dict[str, Any]]:
    assert nursery.run("soak", folder=str(folder), model=info.folder, edits=edits) == 0, nursery.log.read_text()
    samples = facts(folder / "journal")
    assert samples[-1]["edits"] == edits
    return samples


def beyond_bounds(samples: list[dict[str, Any]], warm_at: int, rss: int) -> list[str]:
    """What has grown too far. `warm_at`: the edits after which caches are full. `rss`: bytes by which the process may
    grow from then on."""
    found: list[str] = []
    for sample in samples:
        longest = sample["plan"] + 2 * CHAPTERS
        bounds = {
            # The snapshots of a project keep to their budget, which only the newest one alone may exceed.
            "disk": max(BUDGET_BYTES, sample["largest"]),
            "snapshots": log2(2 * sample["edits"]) + CHAPTERS + 3,
            # Each lesson leads to a snapshot or to one of two memories in the process.
            "lessons": (sample["snapshots"] + 2) * longest,
            "resident": 2,  # memories that nobody goes on with have left
            "splits": CHAPTERS,
        }
        found += [f"{name}: {sample}" for name, bound in bounds.items() if sample[name] > bound]
    warm = next(sample for sample in samples if sample["edits"] == warm_at)
    last = samples[-1]
    if last["rss"] - warm["rss"] >= rss or last["objects"] >= 1.02 * warm["objects"]:
        found.append(f"the process: from {warm} to {last}")
    return found


def test_a_day_of_edits(nursery: Nursery, info: ModelInfo, folder: Path) -> None:
    assert beyond_bounds(soak(nursery, info, folder, 300), 150, 4 * MEGABYTE) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_thousand_edits(nursery: Nursery, info: ModelInfo, folder: Path) -> None:
    assert beyond_bounds(soak(nursery, info, folder, 2_000), 500, 4 * MEGABYTE) == []
