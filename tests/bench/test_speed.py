"""The benchmark of writing: all its ways run and are compared. How fast they are is no matter of a test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from templora.bench import speed
from templora.bench.__main__ import main
from templora.engine import ModelInfo
from tests.engine.story import prose


def test_every_way_of_writing_is_timed(
    starter: ModelInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, size in (("PREFIX", 48), ("CHUNK", 48), ("SCORED", 24)):
        monkeypatch.setattr(speed, name, size)
    monkeypatch.setattr(speed, "_alone", lambda *_, **__: 1000)  # a new process would not know the sizes
    text, out = tmp_path / "story.txt", tmp_path / "out.json"
    text.write_text(prose(2, 12), encoding="utf-8")
    arguments = [str(text), "--tokens", "16", "--rounds", "1", "--json", str(out), "--models"]
    assert main(["speed", *arguments, str(Path(starter.folder).parent)]) == 0
    result = json.loads(out.read_text())
    assert len(result["tokens_per_s"]) == 5 and all(value > 0 for value in result["tokens_per_s"].values())
    assert len(result["first_token_ms"]) == 3 and all(value > 0 for value in result["first_token_ms"].values())
    assert abs(result["perplexity_moved_percent"]) < 5
    # A quarter of the bytes, and the scales.
    assert 0.2 < result["copy_mb"] / result["live_mb"] < 0.3
    assert "| ours, with memory |" in capsys.readouterr().out


def test_a_text_too_short_is_refused(starter: ModelInfo, tmp_path: Path) -> None:
    text = tmp_path / "short.txt"
    text.write_text("Too short.", encoding="utf-8")
    with pytest.raises(SystemExit, match="at least"):
        main(["speed", str(text), "--models", str(Path(starter.folder).parent)])
