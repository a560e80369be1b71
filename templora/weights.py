"""A model's files on disk: which of them are its weights, whether they are whole, and how the model is known again.

No torch here: headers are read by hand, so that finding a model takes milliseconds and a desk without one starts.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from templora.engine import ModelInfo
from templora.errors import ModelDamaged, ModelNotFound, ModelUnsafe

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
TOKENIZER = "tokenizer.json"
_SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_LARGEST_HEADER = 100_000_000
"""Bytes; the safetensors library's own limit."""


def choose_weights(names: Iterable[str], where: str) -> list[str]:
    """Those of a folder's file names that hold the model's weights, sorted.

    Raises ModelUnsafe where there are pickled weights only, ModelNotFound where there are none.
    """
    present = set(names)
    chosen = sorted(name for name in present if _SHARD.fullmatch(name)) if INDEX in present else []
    if not chosen and "model.safetensors" in present:
        chosen = ["model.safetensors"]
    if chosen and CONFIG in present:
        return chosen
    if chosen:
        raise ModelNotFound(f"{where} has weights but no {CONFIG}, so there is no telling what model they make.")
    if any(name.endswith(_PICKLES) for name in present):
        raise ModelUnsafe(
            f"{where} holds its weights as pickle files, which can run programs when they are opened. "
            "Templora reads safetensors and GGUF only: look for a version of the model in one of these."
        )
    if any(name.endswith(".gguf") for name in present):
        raise ModelNotFound(f"{where} holds GGUF files: give the path of one .gguf file instead of the whole folder.")
    raise ModelNotFound(f"{where} holds no weights. A model's folder has {CONFIG}, {TOKENIZER} and model.safetensors.")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a model's folder. Raises ModelDamaged."""
    try:
        value: Any = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelDamaged(f"{path} cannot be read ({error}). Fetch the model again.") from error
    if not isinstance(value, dict):
        raise ModelDamaged(f"{path} is not what it should be. Fetch the model again.")
    return cast("dict[str, Any]", value)


def weights_in(folder: Path) -> list[Path]:
    """The weight files of a model's folder. Raises ModelNotFound, ModelUnsafe, ModelDamaged (a part is missing)."""
    names = [path.name for path in folder.iterdir()]
    chosen = choose_weights(names, f"The folder {folder}")
    if INDEX in names and chosen != ["model.safetensors"]:
        wanted = set(read_json(folder / INDEX).get("weight_map", {}).values())
        missing = sorted(wanted - set(names))
        if missing:
            raise ModelDamaged(f"The folder {folder} lacks {missing[0]}, a part of the model. Fetch the model again.")
    return [folder / name for name in chosen]


def count_parameters(files: Iterable[Path]) -> int:
    """Numbers in the tensors of safetensors files, after checking that each file is as long as its header claims.

    Raises ModelDamaged: a truncated file would else be noticed only after minutes, or not at all.
    """
    total = 0
    for path in files:
        size = path.stat().st_size
        try:
            with path.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                if not 0 < length <= min(size, _LARGEST_HEADER):
                    raise ValueError("its header is damaged")
                header = json.loads(file.read(length))
            header.pop("__metadata__", None)
            end = 8 + length + max((entry["data_offsets"][1] for entry in header.values()), default=0)
            if end != size:
                raise ValueError(f"it has {size:,} bytes where {end:,} should be")
            total += sum(math.prod(entry["shape"]) for entry in header.values())
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelDamaged(f"{path} is damaged: {error}. Delete it and fetch the model again.") from error
    return total


def fingerprint(files: Iterable[Path], progress: Callable[[float], None]) -> str:
    """SHA-256 (hex) over the names and contents of a model's files; `progress` is called with 0 to 1."""
    files = sorted(files, key=lambda path: path.name)
    total, done = sum(path.stat().st_size for path in files), 0
    whole = hashlib.sha256()
    for path in files:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(1 << 24):
                digest.update(block)
                done += len(block)
                progress(done / total)
        whole.update(f"{path.name}\0{digest.hexdigest()}\n".encode())
    return whole.hexdigest()


# --- manifests: what was found out about a model once, valid while its files look the same ---------------------------


def key(model: str) -> str:
    """A short file name for a model's id or path."""
    return hashlib.sha256(model.encode()).hexdigest()[:16]


def _manifest(model: str, models_dir: Path) -> Path:
    return models_dir / "known" / f"{key(model)}.json"


def _look(path: Path) -> list[Any]:
    stat = path.stat()
    return [str(path), stat.st_size, stat.st_mtime_ns]


def remember(info: ModelInfo, files: Iterable[Path], models_dir: Path) -> None:
    """Write the manifest: the facts, and how the files looked when they were established."""
    path = _manifest(info.id, models_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"info": asdict(info), "files": [_look(file) for file in files]}, indent=1)
    staged = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    staged.write_text(text, encoding="utf-8")
    staged.replace(path)


def recall(model: str, models_dir: Path) -> ModelInfo | None:
    """The model's facts, if they are known and its files still look as they did. Takes milliseconds."""
    try:
        known = json.loads(_manifest(model, models_dir).read_text(encoding="utf-8"))
        if any(_look(Path(path)) != [path, size, mtime] for path, size, mtime in known["files"]):
            return None
        return ModelInfo(**known["info"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
