"""A model from a hub: fetched once, whole, and refused before it is fetched where it cannot be used."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch

from templora import models
from templora.engine import ModelInfo
from templora.errors import DiskFull, ModelDamaged, ModelNotFound, ModelTooBig, ModelUnsafe
from tests.small_hub import COMMIT, SmallHub, small_hub
from tests.tiny_models import IDS, Reports, change_config, tiny_llama, write_folder

TINY = "someone/tiny-llama"


@pytest.fixture(scope="module")
def weighty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with many words that it never uses: 25 MB, since downloads are written in blocks of ten."""
    return write_folder(tmp_path_factory.mktemp("weighty"), vocab_size=100_000)


@pytest.fixture
def hub(weighty: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallHub]:
    with small_hub() as hub:
        hub.models[TINY] = weighty
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def partial(models_dir: Path) -> Path:
    return models_dir / "hub" / f"someone--tiny-llama.{COMMIT[:12]}.partial"


def test_a_model_is_fetched_once_from_the_hub(hub: SmallHub, models_dir: Path, reports: Reports) -> None:
    info = models.ensure(TINY, models_dir, reports)
    assert models.locate(TINY, models_dir) == info
    assert info.folder == str(models_dir / "hub" / "someone--tiny-llama")
    assert not list((models_dir / "hub").glob("*.partial"))
    assert any(state == "fetching" and progress is not None for state, _, progress in reports)
    assert all(progress is None or 0 <= progress <= 1 for _, _, progress in reports)
    with torch.no_grad():
        logits = models.load(info).model(input_ids=IDS).logits
        assert torch.equal(logits, tiny_llama(vocab_size=100_000)(input_ids=IDS).logits)
    asked = len(hub.requests)
    models.ensure(TINY, models_dir, reports)
    assert len(hub.requests) == asked


def test_a_killed_download_goes_on_where_it_was(hub: SmallHub, models_dir: Path, reports: Reports) -> None:
    hub.stall_after = 15_000_000
    code = (
        "from pathlib import Path; from templora import hub;"
        f"hub.fetch({TINY!r}, Path({str(models_dir)!r}), lambda *a: None, lambda *a: None)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    part = partial(models_dir) / "model.safetensors.part"
    assert hub.stalled.wait(60)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not (part.exists() and part.stat().st_size):
        time.sleep(0.02)
    process.kill()
    process.wait()
    kept = part.stat().st_size
    assert 0 < kept <= 15_000_000
    hub.go_on.set()
    info = models.ensure(TINY, models_dir, reports)
    assert hub.ranges_of("model.safetensors") == [None, f"bytes={kept}-"]
    fetched = Path(info.folder) / "model.safetensors"
    assert fetched.read_bytes() == (hub.models[TINY] / "model.safetensors").read_bytes()


def test_a_dropped_connection_is_taken_up_again(hub: SmallHub, models_dir: Path, reports: Reports) -> None:
    hub.cut_after = 15_000_000
    models.ensure(TINY, models_dir, reports)
    first, second = hub.ranges_of("model.safetensors")
    assert first is None
    assert second is not None and second != "bytes=0-"


def test_a_file_damaged_on_the_way_is_not_kept(hub: SmallHub, models_dir: Path, reports: Reports) -> None:
    hub.flip_a_bit = True
    with pytest.raises(ModelDamaged, match="arrived damaged"):
        models.ensure(TINY, models_dir, reports)
    assert not list(partial(models_dir).glob("model.safetensors*"))
    models.ensure(TINY, models_dir, reports)


def test_an_unknown_id_is_said_to_be_unknown(hub: SmallHub, models_dir: Path, reports: Reports) -> None:
    with pytest.raises(ModelNotFound, match="no model someone/else on the hub"):
        models.ensure("someone/else", models_dir, reports)


def test_a_gated_model_says_how_to_get_it(hub: SmallHub, models_dir: Path, reports: Reports) -> None:
    hub.gated.add("someone/gated")
    with pytest.raises(ModelNotFound, match="HF_TOKEN"):
        models.ensure("someone/gated", models_dir, reports)


def test_a_hub_model_of_pickles_is_refused_before_it_is_fetched(
    hub: SmallHub, model_folder: Path, models_dir: Path, reports: Reports
) -> None:
    (model_folder / "model.safetensors").rename(model_folder / "pytorch_model.bin")
    hub.models["someone/pickled"] = model_folder
    with pytest.raises(ModelUnsafe, match="pickle"):
        models.ensure("someone/pickled", models_dir, reports)
    assert [path for path, _ in hub.requests] == ["/api/models/someone/pickled"]


def test_a_hub_model_without_weights_is_refused(
    hub: SmallHub, model_folder: Path, models_dir: Path, reports: Reports
) -> None:
    (model_folder / "model.safetensors").unlink()
    hub.models["someone/empty"] = model_folder
    with pytest.raises(ModelNotFound, match="holds no weights"):
        models.ensure("someone/empty", models_dir, reports)


def test_a_hub_model_too_big_is_refused_before_it_is_fetched(
    hub: SmallHub, models_dir: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_WORKING_BYTES", psutil.virtual_memory().total)
    with pytest.raises(ModelTooBig, match=f"{TINY} has 0.0 billion parameters"):
        models.ensure(TINY, models_dir, reports)
    assert not hub.ranges_of("model.safetensors")


def test_a_hub_model_with_code_is_refused_before_it_is_fetched(
    hub: SmallHub, model_folder: Path, models_dir: Path, reports: Reports
) -> None:
    change_config(model_folder, model_type="homemade", auto_map={"AutoModelForCausalLM": "modeling.Homemade"})
    hub.models["someone/homemade"] = model_folder
    with pytest.raises(ModelUnsafe):
        models.ensure("someone/homemade", models_dir, reports)
    assert not hub.ranges_of("model.safetensors")


def test_a_hub_model_asks_for_room_before_it_is_fetched(
    hub: SmallHub, models_dir: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9 - 10**6, 10**6))  # pyright: ignore
    with pytest.raises(DiskFull, match="1 MB are free"):
        models.ensure(TINY, models_dir, reports)
    assert not hub.ranges_of("model.safetensors")


def test_without_the_hub_the_message_says_what_to_do(
    models_dir: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelNotFound, match="Connect to the internet"):
        models.ensure(TINY, models_dir, reports)


def test_two_at_once_fetch_once(hub: SmallHub, models_dir: Path) -> None:
    hub.stall_after = 100_000
    first, second = Reports(), Reports()
    infos: list[ModelInfo] = []
    threads = [
        threading.Thread(target=lambda own=own: infos.append(models.ensure(TINY, models_dir, own)))
        for own in (first, second)
    ]
    threads[0].start()
    assert hub.stalled.wait(60)
    threads[1].start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not second:
        time.sleep(0.02)
    hub.go_on.set()
    for thread in threads:
        thread.join()
    assert infos[0] == infos[1]
    assert "Another Templora is fetching this model" in second.text()
    assert len(hub.ranges_of("model.safetensors")) == 1
