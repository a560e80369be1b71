"""Reading foreign model files by the libraries: conversion, older tokenizers, GGUF; their errors made readable.

The libraries are imported when a function is called, since importing them takes seconds.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (transformers is typed in part only: what crosses our own functions is annotated)

from __future__ import annotations

import io
import shutil
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING

from templora import weights
from templora.errors import ModelDamaged, ModelError, ModelNotFound, ModelTooBig, ModelUnsafe
from templora.weights import TOKENIZER

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@contextmanager
def parsing(name: str) -> Generator[None]:
    """What the libraries raise for files that they cannot make sense of becomes a message for the writer."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        if ran_out_of_memory(error):
            raise ModelTooBig(
                f"The machine ran out of memory: {name} does not fit into what is free. Close other programs, or "
                "choose a smaller model with --model."
            ) from error
        if "trust_remote_code" in str(error):
            raise ModelUnsafe(f"{name} wants to run a program of its own, which Templora does not allow.") from error
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelDamaged(f"{name} cannot be loaded: {reason}. Fetch it again, or choose another model.") from error


def ran_out_of_memory(error: Exception) -> bool:
    """Whether this is Python's own error, a graphics card's, or that of the allocator on the processor."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in said or "allocate memory" in said


@contextmanager
def quiet_library() -> Generator[None]:
    """The library's progress bars would draw over the terminal's own lines."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with redirect_stderr(io.StringIO()):  # the bar over a GGUF file's tensors knows no switch
            yield
    finally:
        if shown:
            logging.enable_progress_bar()


def convert_to_safetensors(gguf: Path, folder: Path) -> None:
    """Write a GGUF file's model and tokenizer as a folder (float32), which appears whole or not at all."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    staged = folder.with_name(f"{folder.name}.converting")
    shutil.rmtree(staged, ignore_errors=True)
    with quiet_library(), parsing(gguf.stem):
        model = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype="float32")
        tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
        forget_quantisation(model)
        model.save_pretrained(staged)
        tokenizer.save_pretrained(staged)
    staged.replace(folder)


def forget_quantisation(model: PreTrainedModel) -> None:
    """A model from a GGUF file is plain float tensors, but marked quantised: it would refuse to be saved or trained."""
    for mark in ("hf_quantizer", "quantization_method", "is_quantized"):
        model.__dict__.pop(mark, None)
    model.config.__dict__.pop("quantization_config", None)


def derive_tokenizer(name: str, source: Path, models_dir: Path) -> Path:
    """A tokenizer.json made from an older vocabulary or from a GGUF file, kept in the models folder."""
    from transformers import AutoTokenizer

    folder = models_dir / "derived" / weights.key(name)
    gguf = {"gguf_file": source.name} if source.is_file() else {}
    with quiet_library(), parsing(name):
        tokenizer = AutoTokenizer.from_pretrained(
            str(source.parent if source.is_file() else source), trust_remote_code=False, **gguf
        )
        if not tokenizer.is_fast or not tokenizer.vocab_size:
            raise ModelNotFound(f"{name} has no tokenizer that Templora can use: {TOKENIZER} is missing.")
        tokenizer.save_pretrained(folder)
    return folder / TOKENIZER


def read_gguf(file: Path) -> tuple[int, int]:
    """(context length in tokens, parameters) of a GGUF file. Raises ModelDamaged."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(file)
        fields = reader.fields
        context = next((field.contents() for name, field in fields.items() if name.endswith(".context_length")), None)
        parameters = sum(int(tensor.n_elements) for tensor in reader.tensors)
    except (OSError, ValueError, IndexError, KeyError, OverflowError, MemoryError, UnicodeDecodeError) as error:
        raise ModelDamaged(f"{file} is damaged or no GGUF file ({error}). Fetch it again.") from error
    if not isinstance(context, int) or not parameters:
        raise ModelDamaged(f"{file} holds no language model. Choose another file.")
    return context, parameters
