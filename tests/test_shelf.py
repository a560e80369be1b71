"""The models to choose from: what is here, what fits, fetching one, working with another."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from templora import models, shelf
from templora.engine import ModelInfo, ModelStatus
from templora.errors import BadInput, ModelNotFound
from templora.models import needed_bytes
from templora.shelf import Fetch, Shelf, choose, chosen, on_disk
from tests.small_hub import SmallHub, small_hub
from tests.tiny_models import Reports, write_folder

TINY = "someone/tiny-llama"
GB = 1_000_000_000


class FakeSwitch:
    """An engine as the shelf sees it."""

    def __init__(self, info: ModelInfo | None = None, card_bytes: int = 0) -> None:
        self.used: list[str] = []
        id = info.id if info else "owner/present"
        self.now = ModelStatus("ready", "Ready.", id=id, device="cpu", info=info, card_bytes=card_bytes)

    def status(self) -> ModelStatus:
        return self.now

    def use(self, model: str) -> None:
        self.used.append(model)
        self.now = replace(self.now, state="loading", id=model)


def until(holds: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (seen := holds()):
        assert time.monotonic() < end, "did not come true"
        time.sleep(0.02)
    return seen


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The machine's memory, set by hand."""
    memory = SimpleNamespace(total=16 * GB, available=8 * GB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    yield memory


def test_what_is_on_the_disk_is_listed_and_what_has_changed_is_not(
    model_folder: Path, models_dir: Path, reports: Reports
) -> None:
    info = models.ensure(str(model_folder), models_dir, reports)
    assert on_disk(models_dir) == [info]
    (models_dir / "known" / "spoilt.json").write_text("{")
    assert on_disk(models_dir) == [info]
    (model_folder / "config.json").write_text((model_folder / "config.json").read_text() + " ")
    assert on_disk(models_dir) == on_disk(models_dir / "nowhere") == []


def test_the_list_has_what_is_here_first_then_what_is_worth_fetching(
    model_folder: Path, models_dir: Path, reports: Reports, memory: SimpleNamespace
) -> None:
    info = models.ensure(str(model_folder), models_dir, reports)
    offers = Shelf(FakeSwitch(info), models_dir).offers()
    assert (offers[0].id, offers[0].here, offers[0].parameters) == (info.id, True, info.parameters)
    assert [offer.here for offer in offers[1:]] == [False] * (len(offers) - 1)
    assert offers[1].id == models.STARTER and {id for id, _ in shelf.SUGGESTED} == {offer.id for offer in offers[2:]}


def test_what_fits_is_judged_by_the_memory_that_will_be_free(models_dir: Path, memory: SimpleNamespace) -> None:
    small, middle, large = "HuggingFaceTB/SmolLM2-360M", "Qwen/Qwen3-1.7B-Base", "Qwen/Qwen3-8B-Base"
    here = Shelf(FakeSwitch(), models_dir)
    fits = lambda shelf: [shelf.look(id).fit for id in (small, middle, large)]  # noqa: E731
    assert fits(here) == ["processor", "processor", "no"]
    memory.available = 7 * GB
    assert fits(here) == ["processor", "no", "no"]
    # The present model makes room for the next.
    loaded = ModelInfo("owner/present", "0" * 64, "", "", 2048, None, 600_000_000)
    assert fits(Shelf(FakeSwitch(loaded), models_dir)) == ["processor", "processor", "no"]
    assert fits(Shelf(FakeSwitch(card_bytes=24 * GB), models_dir)) == ["card", "card", "card"]
    assert here.look(small).needs == needed_bytes(362_000_000) == 362_000_000 * 4 + GB


def test_a_name_that_can_be_no_model_is_refused(models_dir: Path) -> None:
    here = Shelf(FakeSwitch(), models_dir)
    for name, error in (("", BadInput), ("  ", BadInput), ("no-such-model", ModelNotFound), ("a/b/c", ModelNotFound)):
        with pytest.raises(error):
            here.look(name)
    unknown = here.look(" someone/else ")
    assert (unknown.id, unknown.here, unknown.parameters, unknown.fit) == ("someone/else", False, None, None)
    with pytest.raises(BadInput, match="Fetch it first"):
        here.use("someone/else")


def test_the_choice_is_kept_for_the_next_start(
    model_folder: Path, models_dir: Path, reports: Reports, tmp_path: Path
) -> None:
    assert chosen(models_dir) == models.STARTER
    info = models.ensure(str(model_folder), models_dir, reports)
    switch = FakeSwitch()
    assert Shelf(switch, models_dir).use(str(model_folder)).state == "loading"
    assert switch.used == [info.id] and chosen(models_dir) == info.id
    choose(str(tmp_path / "gone"), models_dir)
    assert chosen(models_dir) == models.STARTER
    (models_dir / shelf.CHOSEN).write_bytes(b"\xff\xfe")
    assert chosen(models_dir) == models.STARTER


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallHub]:
    with small_hub() as hub:
        hub.models[TINY] = write_folder(tmp_path / "weighty", vocab_size=100_000)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def test_a_model_is_fetched_with_progress_cancelled_gone_on_with_and_used(hub: SmallHub, models_dir: Path) -> None:
    switch = FakeSwitch()
    here = Shelf(switch, models_dir)
    hub.stall_after = 15_000_000
    assert here.start_fetch(TINY).state == "fetching"
    assert hub.stalled.wait(60)
    part = until(lambda: list(models_dir.glob("hub/*.partial/model.safetensors.part")))[0]
    until(lambda: part.stat().st_size and (here.fetch().progress or 0) > 0)
    assert here.start_fetch(TINY).state == "fetching", "asking again changes nothing"
    with pytest.raises(BadInput, match="being fetched"):
        here.start_fetch("someone/else")
    assert here.cancel_fetch() == Fetch("cancelled", TINY, "Cancelled. What has been fetched is kept.")
    kept = part.stat().st_size
    assert not here.look(TINY).here

    hub.go_on.set()
    here.start_fetch(TINY)
    assert until(lambda: (seen := here.fetch()).state != "fetching" and seen).state == "ready"
    assert hub.ranges_of("model.safetensors") == [None, f"bytes={kept}-"]
    assert here.look(TINY).here and here.look(TINY).parameters
    assert here.use(TINY).id == TINY and chosen(models_dir) == TINY
    here.close()


def test_why_a_download_failed_is_told(hub: SmallHub, models_dir: Path) -> None:
    here = Shelf(FakeSwitch(), models_dir)
    here.start_fetch("nobody/nothing")
    failed = until(lambda: (seen := here.fetch()).state != "fetching" and seen)
    assert failed.state == "failed" and "There is no model nobody/nothing on the hub" in failed.message


def test_what_is_printed_while_it_is_fetched_can_be_anything(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "not json",
        json.dumps({"state": "fetching"}),
        json.dumps({"state": "odd", "message": "m", "progress": 0.5}),
    ]
    program = f"import sys\nfor line in {lines!r}: print(line, flush=True)\nsys.stdin.read()"
    started: list[Any] = []
    real = shelf.subprocess.Popen

    def popen(command: list[str], **options: Any) -> Any:
        started.append(real([command[0], "-c", program], **options))
        return started[-1]

    monkeypatch.setattr(shelf.subprocess, "Popen", popen)
    here = Shelf(FakeSwitch(), models_dir)
    here.start_fetch(TINY)
    until(lambda: here.fetch() == Fetch("fetching", TINY, "m", 0.5))
    started[-1].kill()
    ended = until(lambda: (seen := here.fetch()).state != "fetching" and seen)
    assert ended.state == "failed" and "goes on where it stopped" in ended.message
