"""`bench all`, end to end: on a tiny model in this process, and by hand on the starter in processes of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from templora.bench import everything, runs
from templora.bench.__main__ import main
from templora.engine import ModelInfo
from tests.bench.test_pg19 import book
from tests.tiny_models import write_folder


def shelf(folder: Path, longest: int) -> list[str]:
    """Two novels, one of so many sentences, and something unlike them."""
    for name, sentences in (("novels/one", longest), ("novels/two", 200), ("unlike/verse", 120)):
        path = folder / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        book(path, sentences)
    return ["all", "--books", str(folder / "novels"), "--unlike", str(folder / "unlike")]


def check(result: dict[str, Any]) -> None:
    assert set(result["runs"]) == {"default", "long", "other-frozen", "other-learning", "paper", "paper-tuned"}
    assert set(result["runs"]["default"]["books"]) == {"one", "two"} and set(result["unlike"]) == {"verse"}
    low, high = result["runs"]["default"]["interval"]
    assert low <= result["runs"]["default"]["change_percent"] <= high
    for run in result["runs"].values():
        for entry in run["books"].values():
            assert entry["base_ppl"] > 1 and entry["peak_mb"] > 0 and entry["positions"]
    assert {"base 512", "memory 512", "base 256", "memory 8192"} <= set(result["windows"])
    assert result["windows"]["base 8192"]["change_against_full_window"] == 0
    for facts in result["facts"].values():
        assert facts["facts"] == 8
    costs = result["costs"]
    assert costs["learning"]["paper"]["learn_ms"] > costs["learning"]["default"]["learn_ms"] > 0
    assert all(cost["total_ms"] > cost["learn_ms"] > 0 for cost in costs["by length"].values())
    assert costs["writing"]["512-memory"]["cache_mb"] <= costs["writing"]["8192-base"]["cache_mb"]


def test_everything_is_measured_once_and_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], one_thread: None
) -> None:
    def here(task: Any, *arguments: Any) -> None:
        task(*arguments)

    monkeypatch.setattr(everything, "_alone", here)
    # Enough for the longest recipe's prefix and two of its chunks: one warms up, one counts.
    monkeypatch.setattr(everything, "COST_TOKENS", 5600)
    monkeypatch.setattr(everything, "ROUNDS", 1)
    monkeypatch.setattr(runs, "WINDOWS_EVERY", 1)
    out = tmp_path / "results" / "out.json"
    command = [*shelf(tmp_path, 210), "--tokens", "1400", "--json", str(out)]
    command += ["--model", str(write_folder(tmp_path / "model")), "--models", str(tmp_path / "models")]
    assert main(command) == 0
    check(json.loads(out.read_text()))
    assert "| default | one |" in capsys.readouterr().out
    for plot in ("positions", "windows"):
        assert (tmp_path / "results" / f"out-{plot}.svg").read_text().startswith("<?xml")

    def never(*_: Any) -> None:
        raise AssertionError("what is done is not done again")

    monkeypatch.setattr(everything, "_alone", never)
    first = out.read_text()
    assert main(command) == 0
    assert out.read_text() == first


def test_a_folder_without_texts_is_told_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["all", "--books", str(tmp_path), "--json", str(tmp_path / "out.json")])
    assert stopped.value.code == 2 and "no .txt file" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_everything_on_the_starter_in_processes_of_its_own(starter: ModelInfo, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    models = str(Path(starter.folder).parent)
    assert main([*shelf(tmp_path, 800), "--tokens", "2800", "--json", str(out), "--models", models]) == 0
    check(json.loads(out.read_text()))
