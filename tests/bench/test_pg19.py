"""The book benchmark on the starter model: its numbers, its resuming, and what the README claims."""

from __future__ import annotations

import json
import math
import os
import random
from pathlib import Path
from typing import Any

import pytest

from templora.bench.__main__ import main
from templora.engine import ModelInfo
from tests.tiny_models import write_folder


def book(path: Path, sentences: int = 190) -> Path:
    """A small hard-wrapped book in which names and places come back."""
    draw = random.Random(3)
    who, did = ["Ines", "Mateus", "The pilot"], ["counted", "forgot", "hid"]
    what, where = ["the tide tables", "a lantern", "the salt"], ["on the steps", "under the quay", "at low water"]
    lines = [" ".join(draw.choice(part) for part in (who, did, what, where)) + "." for _ in range(sentences)]
    paragraphs = ["\n".join(lines[i : i + 6]) for i in range(0, sentences, 6)]
    path.write_text("\n\n".join(paragraphs))
    return path


def run(starter: ModelInfo, *arguments: str) -> None:
    assert main(["pg19", *arguments, "--models", str(Path(starter.folder).parent)]) == 0


def rows(out: Path) -> list[dict[str, Any]]:
    (path,) = out.with_suffix("").glob("*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_run_reports_both_readers_and_an_interrupted_one_goes_on(starter: ModelInfo, tmp_path: Path) -> None:
    text, out = book(tmp_path / "book.txt"), tmp_path / "out.json"
    run(starter, str(text), "--tokens", "1200", "--json", str(out))
    result = json.loads(out.read_text())
    (entry,) = result["books"]
    assert result["model"] == starter.id and result["recipe"] == "default"
    assert entry["file"] == "book.txt" and entry["tokens"] >= 1200
    made = rows(out)
    assert sum(row["tokens"] for row in made) == entry["tokens"]
    pooled = math.exp(sum(sum(row["losses"]["memory 512"]) for row in made) / entry["tokens"])
    assert entry["memory_ppl"] == pytest.approx(pooled)
    first = {reader: losses[:48] for reader, losses in made[0]["losses"].items()}
    assert first["memory 512"] == pytest.approx(first["base 512"], rel=1e-3, abs=1e-3), "nothing was learnt before it"
    assert entry["change_percent"] < 0 and result["change_percent"] == pytest.approx(entry["change_percent"])
    assert entry["positions"][0]["from"] == 0 and entry["score_s"] > 0 and entry["learn_s"] > 0

    journal = out.with_suffix("") / "book.default.jsonl"
    lines = journal.read_text().splitlines()
    assert len(lines) > 2
    journal.write_text("\n".join(lines[:2]) + '\n{"chain": "bo')
    run(starter, str(text), "--tokens", "1200", "--json", str(out))
    again = json.loads(out.read_text())["books"][0]
    assert again["memory_ppl"] == entry["memory_ppl"] and again["base_ppl"] == entry["base_ppl"]


def test_the_paper_recipe_is_scored_on_the_same_windows(tmp_path: Path, one_thread: None) -> None:
    """On a tiny model: which tokens are scored, and after which, is no matter of the model."""
    text, model = book(tmp_path / "book.txt", 60), write_folder(tmp_path / "model")
    for recipe in ("default", "paper"):
        where = [
            "--model",
            str(model),
            "--models",
            str(tmp_path / "models"),
            "--json",
            str(tmp_path / f"{recipe}.json"),
        ]
        assert main(["pg19", str(text), "--tokens", "1400", "--recipe", recipe, *where]) == 0
    ours, paper = rows(tmp_path / "default.json"), rows(tmp_path / "paper.json")
    assert len(ours) > 2
    for a, b in zip(ours, paper, strict=True):
        assert (a["start"], a["tokens"]) == (b["start"], b["tokens"])
        assert a["losses"]["base 512"] == pytest.approx(b["losses"]["base 512"], rel=1e-3, abs=1e-3)


def test_bad_arguments_are_told_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["pg19", str(tmp_path / "none.txt"), "--tokens", "2048"])
    assert stopped.value.code == 2 and "no such file" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_memory_lowers_perplexity_by_a_tenth_on_a_real_novel(starter: ModelInfo, tmp_path: Path) -> None:
    """Needs `TEMPLORA_TEXTS`: a folder that holds `pg19/349.txt`."""
    texts = os.environ.get("TEMPLORA_TEXTS")
    assert texts, "set TEMPLORA_TEXTS to a folder with pg19/349.txt"
    out = tmp_path / "out.json"
    run(starter, str(Path(texts) / "pg19" / "349.txt"), "--tokens", "16384", "--json", str(out))
    assert json.loads(out.read_text())["change_percent"] <= -10
