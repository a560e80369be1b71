"""Base models: find, fetch, convert and load one. Only `load` and `ensure` import torch, and only when called.

A model is named by
- `STARTER`, the model to start with (see `templora.starter`),
- the path of a folder with config.json, safetensors weights and tokenizer.json,
- the path of a .gguf file, which is loaded dequantised,
- a hub's `owner/name` (see `templora.hub`).

Weights are safetensors or GGUF, never pickles, and no code that comes with a model is ever run.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (transformers is typed in part only: what crosses our own functions is annotated)

from __future__ import annotations

import functools
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from templora import hub, starter, weights
from templora.convert import (
    convert_to_safetensors,
    derive_tokenizer,
    forget_quantisation,
    parsing,
    quiet_library,
    read_gguf,
)
from templora.engine import ModelInfo
from templora.errors import ModelError, ModelNotFound, ModelTooBig, ModelUnsafe
from templora.progress import Report, megabytes
from templora.starter import STARTER
from templora.weights import CONFIG, TOKENIZER

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Kind = Literal["starter", "folder", "gguf", "hub"]

_WORKING_BYTES = 1_000_000_000
"""What the libraries, the adapter with its optimizer and a window's activations take beside the weights."""

_UNSAID_CONTEXT = 2048
"""Tokens; for the few architectures whose configuration gives no context length."""


@dataclass(frozen=True)
class LoadedModel:
    """A base model in memory, frozen and in evaluation mode. `device` is where its inputs go ('cpu', 'cuda:0')."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    info: ModelInfo
    device: str
    dtype: torch.dtype


def default_folder() -> Path:
    """The per-user cache folder in which base models are kept, shared by all data folders."""
    from platformdirs import user_cache_path

    return user_cache_path("templora", appauthor=False) / "models"


def kind_of(model: str) -> tuple[Kind, str]:
    """What kind of name this is, and its canonical form (paths become absolute). Raises ModelNotFound."""
    if model == STARTER:
        return "starter", model
    path = Path(model).expanduser()
    if model and path.is_dir():
        return "folder", str(path.resolve())
    if path.is_file() and path.suffix.lower() == ".gguf":
        return "gguf", str(path.resolve())
    if path.is_file():
        raise ModelNotFound(f"{model} is not a model: give a .gguf file, or the folder that holds the model's files.")
    if hub.HUB_ID.fullmatch(model) and path.suffix.lower() != ".gguf":
        return "hub", model
    raise ModelNotFound(
        f"There is no model {model}. Give {STARTER}, a folder, a .gguf file, or a model of the hub as owner/name."
    )


def locate(model: str, models_dir: Path) -> ModelInfo | None:
    """The model, if it is ready to load; None if `ensure` has something to do. Takes milliseconds, fetches nothing.

    Raises ModelNotFound for what cannot be a model's name.
    """
    return weights.recall(kind_of(model)[1], models_dir)


def fetch_starter(models_dir: Path, report: Report) -> None:
    """Download the starter model, leaving its conversion to `ensure`. Needs no torch. Errors: `starter.fetch`."""
    with _alone(STARTER, models_dir, report):
        if not (models_dir / STARTER).exists():
            starter.fetch(models_dir, report)


def needed_bytes(parameters: int, *, card: bool = False, bf16: bool = True, is_gguf: bool = False) -> int:
    """What a model of this size takes with room for learning, in bytes of memory: on a graphics card (in bfloat16 where
    it has that), else of the processor. An estimate."""
    if card:
        return parameters * (2 if bf16 else 4) + _WORKING_BYTES
    # While a GGUF file is dequantised its numbers are held twice for a moment.
    return parameters * 4 * (2 if is_gguf else 1) + _WORKING_BYTES


def ensure(model: str, models_dir: Path, report: Report, spare: int = 0) -> ModelInfo:
    """Make a model ready to load: fetch it, convert it, check it, take its fingerprint; quick when it is ready.

    `spare`: bytes of memory that are not free now and will be when it is loaded.
    Raises ModelNotFound, ModelUnsafe, ModelDamaged, ModelTooBig (before anything large is fetched or read), DiskFull.
    """
    kind, name = kind_of(model)
    known = weights.recall(name, models_dir)
    if known:
        return known
    from transformers import AutoTokenizer

    with _alone(name, models_dir, report):
        known = weights.recall(name, models_dir)  # another process may have been at it
        if known:
            return known
        if kind == "gguf":
            info, files = _describe_gguf(Path(name), models_dir, spare)
        else:
            folder = _obtain(kind, name, models_dir, report, spare)
            info, files = _describe_folder(name, folder, models_dir, spare)
        with quiet_library(), parsing(name):
            folder = str(Path(info.tokenizer).parent)
            bos_id = AutoTokenizer.from_pretrained(folder, trust_remote_code=False).bos_token_id
        digest = weights.fingerprint(files, lambda done: report("loading", "Checking the model's files", done))
        info = replace(info, fingerprint=digest, bos_id=bos_id)
        weights.remember(info, files, models_dir)
        return info


def load(info: ModelInfo) -> LoadedModel:
    """Load a model that `ensure` has made ready: float32 on the CPU, bfloat16 on a GPU that has it.

    Raises ModelTooBig where the memory that is free now does not suffice, ModelDamaged where a file does not parse.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = Path(info.folder)
    is_gguf = file.is_file()
    device = _place(info.parameters, info.id, is_gguf)
    dtype = torch.bfloat16 if device != "cpu" and torch.cuda.is_bf16_supported(False) else torch.float32
    settings: dict[str, Any] = {"dtype": dtype, "attn_implementation": "sdpa", "trust_remote_code": False}
    if device != "cpu":
        settings["device_map"] = "auto"
    if is_gguf:
        settings["gguf_file"] = file.name
    else:
        settings["use_safetensors"] = True
    with quiet_library(), parsing(info.id):
        model = AutoModelForCausalLM.from_pretrained(str(file.parent if is_gguf else file), **settings)
        tokenizer = AutoTokenizer.from_pretrained(str(Path(info.tokenizer).parent), trust_remote_code=False)
    if is_gguf:
        forget_quantisation(model)
    model.eval()
    model.requires_grad_(False)
    return LoadedModel(model, tokenizer, info, str(model.device), dtype)


# --- making a model ready --------------------------------------------------------------------------------------------


def _describe_folder(name: str, folder: Path, models_dir: Path, spare: int) -> tuple[ModelInfo, list[Path]]:
    """The checked facts of a model's folder, but for its fingerprint and BOS token; and the files that decide them."""
    from transformers import AutoConfig

    files = weights.weights_in(folder)
    _check_config(weights.read_json(folder / CONFIG), name)
    parameters = weights.count_parameters(files)
    _place(parameters, name, is_gguf=False, spare=spare)
    with parsing(name):
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False).get_text_config()
    tokenizer = folder / TOKENIZER
    if not tokenizer.exists():
        tokenizer = derive_tokenizer(name, folder, models_dir)
    context = int(getattr(config, "max_position_embeddings", _UNSAID_CONTEXT))
    return ModelInfo(name, "", str(folder), str(tokenizer), context, None, parameters), [
        *files,
        folder / CONFIG,
        tokenizer,
    ]


def _describe_gguf(file: Path, models_dir: Path, spare: int) -> tuple[ModelInfo, list[Path]]:
    """The same for a GGUF file; the info's `folder` is the file itself."""
    context, parameters = read_gguf(file)
    _place(parameters, str(file), is_gguf=True, spare=spare)
    tokenizer = derive_tokenizer(str(file), file, models_dir)
    return ModelInfo(str(file), "", str(file), str(tokenizer), context, None, parameters), [file, tokenizer]


def _obtain(kind: Kind, name: str, models_dir: Path, report: Report, spare: int) -> Path:
    """The model's folder, fetched and converted where that is needed."""
    if kind == "folder":
        return Path(name)
    if kind == "hub":
        check = functools.partial(_check_before_download, name, spare)
        return hub.fetch(name, models_dir, check, report)
    folder = models_dir / STARTER
    if not folder.exists():
        gguf = starter.fetch(models_dir, report)
        report("loading", "Unpacking the starter model (once, about 20 seconds)", None)
        convert_to_safetensors(gguf, folder)
    shutil.rmtree(starter.staging(models_dir), ignore_errors=True)
    return folder


# --- checks ----------------------------------------------------------------------------------------------------------


def _check_config(config: dict[str, Any], name: str) -> None:
    """Refuse what cannot be loaded as it is: other code, other tasks, other number formats."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    kind = config.get("model_type")
    if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        if "auto_map" in config:
            raise ModelUnsafe(
                f"{name} comes with a program of its own that would have to be run to use it. Templora does not run "
                "programs that come with a model: choose one whose architecture the transformers library knows."
            )
        raise ModelError(f"{name} is no language model that can continue a text (its type is {kind}). Choose another.")
    if "quantization_config" in config:
        method = config["quantization_config"].get("quant_method", "an unknown method")
        raise ModelError(
            f"{name} is stored in a compressed form ({method}) that cannot learn. Choose the original model, or a GGUF "
            "file of it."
        )


def _check_before_download(name: str, spare: int, config: dict[str, Any], weight_bytes: int) -> None:
    """The same, and that it fits the memory, from the size of its files."""
    _check_config(config, name)
    stored = str(config.get("dtype") or config.get("torch_dtype") or "")
    _place(weight_bytes // (4 if stored == "float32" else 2), name, is_gguf=False, spare=spare)


def _place(parameters: int, name: str, is_gguf: bool, spare: int = 0) -> Literal["cuda", "cpu"]:
    """Where a model of this size goes: the GPUs if they hold it, else the CPU. Raises ModelTooBig."""
    import psutil
    import torch

    gpu_bytes = 0
    if torch.cuda.is_available():
        gpu_bytes = sum(torch.cuda.mem_get_info(index)[0] for index in range(torch.cuda.device_count()))
        if needed_bytes(parameters, card=True, bf16=torch.cuda.is_bf16_supported(False)) <= gpu_bytes:
            return "cuda"
    needed = needed_bytes(parameters, is_gguf=is_gguf)
    memory = psutil.virtual_memory()
    if needed <= memory.available + spare:
        return "cpu"
    gpu = f", and {megabytes(gpu_bytes)} on the graphics card" if gpu_bytes else ""
    raise ModelTooBig(
        f"{name} has {parameters / 1e9:.1f} billion parameters and needs about {megabytes(needed)} of memory; "
        f"{megabytes(memory.available)} of {megabytes(memory.total)} are free{gpu}. Close other programs, or choose a "
        "smaller model with --model."
    )


@contextmanager
def _alone(name: str, models_dir: Path, report: Report) -> Generator[None]:
    """One process at a time makes a model ready; the others wait for it and find it done."""
    from filelock import FileLock, Timeout

    path = models_dir / "locks" / f"{weights.key(name)}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report("fetching", "Another Templora is fetching this model: waiting for it", None)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
