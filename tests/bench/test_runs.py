"""Runs of the benchmark: causal, resumable, and what their controls begin with. Tiny model and starter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from templora import models
from templora.bench import runs
from templora.bench.passages import BASE, MEMORY, Row, passages
from templora.bench.runs import Laboratory, Run, read
from templora.chunks import Chunk
from templora.config import DEFAULT, PAPER, Recipe
from templora.engine import ModelInfo
from tests.bench.test_pg19 import book
from tests.tiny_models import write_folder

TINY = Recipe(rank=4, alpha=16, learning_rate=1e-2, threads=1)
TINY_PAPER = replace(PAPER, rank=4, chunk_tokens=1024, prefix_tokens=200, threads=1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelInfo:
    folder = tmp_path_factory.mktemp("tiny")
    return models.ensure(str(write_folder(folder / "model")), folder / "models", lambda *_: None)


# What is scored before what is learnt is no matter of the model; the starter is asked now and then.
@pytest.fixture(params=["tiny", pytest.param("starter", marks=pytest.mark.long)])
def lab(request: pytest.FixtureRequest) -> Laboratory:
    return Laboratory(request.getfixturevalue(request.param))


def is_real(lab: Laboratory) -> bool:
    return lab.info.context_tokens > 1000


def recipe_for(lab: Laboratory, recipe: Recipe) -> Recipe:
    return recipe if is_real(lab) else replace(TINY, name=recipe.name)


def parts_of(lab: Laboratory, folder: Path, tokens: int) -> list[Chunk]:
    text = book(folder / "book.txt").read_text()
    return passages("book", text, lab.tokenizer, tokens)


def losses(rows: list[Row]) -> list[tuple[str, list[float]]]:
    return [(reader, found) for row in rows for reader, found in row.losses.items()]


def test_no_score_depends_on_what_comes_after(lab: Laboratory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One token of the third passage is another: everything before it is scored as it was, to the last bit."""
    parts = parts_of(lab, tmp_path, 1800)
    run = Run("default", recipe_for(lab, DEFAULT), windows=(64,) if is_real(lab) else (64, 800))
    monkeypatch.setattr(runs, "WINDOWS_EVERY", 1)
    before = list(read(lab, run, parts, tmp_path / "a.jsonl"))
    index, position = 2, len(parts[2].ids) // 2
    ids = list(parts[index].ids)
    ids[position] = next(id for id in parts[0].ids if id != ids[position])
    changed = [*parts[:index], replace(parts[index], ids=tuple(ids)), *parts[index + 1 :]]
    after = list(read(lab, run, changed, tmp_path / "b.jsonl"))
    assert losses(after[:index]) == losses(before[:index])
    for reader, found in after[index].losses.items():
        same = before[index].losses[reader]
        assert found[:position] == same[:position] and found[position] != same[position], reader
    assert after[index + 1].losses != before[index + 1].losses, "what was learnt is another text"


@pytest.mark.parametrize("recipe", [DEFAULT, TINY_PAPER], ids=lambda recipe: recipe.name)
def test_an_interrupted_run_ends_as_one_that_was_not(
    tiny: ModelInfo, tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "SAVE_EVERY", 2)
    lab = Laboratory(tiny)
    parts = parts_of(lab, tmp_path, 4000)
    run = Run(recipe.name, recipe_for(lab, recipe) if recipe is DEFAULT else recipe, windows=(64,), windows_from=600)
    whole = list(read(lab, run, parts, tmp_path / "whole.jsonl"))
    assert len(whole) == len(parts) > 6
    for stop in (1, 3, len(parts) - 1):
        path = tmp_path / f"{stop}.jsonl"
        rows = read(lab, run, parts, path)
        for _ in range(stop):
            next(rows)
        rows.close()  # type: ignore[attr-defined]
        with path.open("a") as file:
            file.write('{"chain": "cut o')
        assert losses(list(read(lab, run, parts, path))) == losses(whole)
    assert losses(list(read(Laboratory(tiny), run, parts, path))) == losses(whole), "nothing left to do"


def test_rows_of_another_text_are_not_taken(tiny: ModelInfo, tmp_path: Path) -> None:
    lab = Laboratory(tiny)
    parts = parts_of(lab, tmp_path, 1500)
    run = Run("default", TINY)
    list(read(lab, run, parts, tmp_path / "a.jsonl"))
    other = [replace(parts[0], text=parts[0].text + "!"), *parts[1:]]
    assert [row.chain for row in read(lab, run, other, tmp_path / "a.jsonl")] == lab.chain(run, other)


def test_all_readers_stand_where_they_were_asked_to(
    tiny: ModelInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "WINDOWS_EVERY", 2)
    lab = Laboratory(tiny)
    parts = parts_of(lab, tmp_path, 2000)
    rows = list(read(lab, Run("default", TINY, (64,), 700), parts, tmp_path / "a.jsonl"))
    assert [row.start for row in rows] == [sum(len(part.ids) for part in parts[:n]) for n in range(len(parts))]
    for index, (row, part) in enumerate(zip(rows, parts, strict=True)):
        asked = row.start >= 700 and index % 2 == 0
        assert set(row.losses) == ({BASE, MEMORY} | ({"base 64", "memory 64"} if asked else set()))
        assert all(len(found) == row.tokens == len(part.ids) for found in row.losses.values())
        assert row.bytes == len(part.text.encode()) and row.peak_mb > 0 and row.seconds["learn"] > 0


def test_a_control_begins_with_the_memory_of_the_other_book(
    tiny: ModelInfo, tmp_path: Path, make_rows: Callable[..., list[Row]]
) -> None:
    lab = Laboratory(tiny)
    parts = parts_of(lab, tmp_path, 1500)
    first, second = parts[:2], parts[2:]
    make_rows(lab, Run("default", TINY), first, tmp_path / "first.jsonl")
    state: dict[str, Any] = {"after": tuple(first), "after_path": tmp_path / "first.safetensors"}
    frozen = make_rows(lab, Run("frozen", TINY, frozen=True, **state), second, tmp_path / "f.jsonl")
    learning = make_rows(lab, Run("learning", TINY, **state), second, tmp_path / "l.jsonl")
    assert frozen[0].losses[BASE] == learning[0].losses[BASE] and frozen[0].losses[MEMORY] != frozen[0].losses[BASE]
    ours, theirs = (rows[0].losses[MEMORY][:12] for rows in (frozen, learning))
    assert ours == pytest.approx(theirs, rel=1e-3), "before the first step they are the same memory"
    assert frozen[1].losses[MEMORY] != learning[1].losses[MEMORY]
    again = make_rows(lab, Run("frozen", TINY, frozen=True, **state), second[1:], tmp_path / "g.jsonl")
    assert again[-1].losses[BASE] == frozen[-1].losses[BASE] or len(second) == 2
    assert [row.chain for row in learning] == lab.chain(Run("whole", TINY), parts)[2:], "as if both were one book"


@pytest.fixture
def make_rows() -> Callable[..., list[Row]]:
    return lambda *arguments: list(read(*arguments))
