"""A tiny random Llama with a byte-level tokenizer of its own: real code paths, milliseconds a step."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from templora.adapter import Adapter, AdapterState
from templora.config import Recipe

TEXT = (
    "The lamp was lit before anybody came up the stair. Margriet set the tray down, counted the cups twice, and "
    "listened: the harbour had gone quiet, as it did when the wind turned. “You are early,” she said at last.\n\n"
    "Nobody answered. A boat knocked against the quay wall, once, and once more; then there was only rain, and under "
    "the rain the long breath of the sea going out over the sand. She thought of her brother's letters in the drawer, "
    "tied with kitchen string, and of the one that she had not opened."
)
QUICK = Recipe(rank=4, alpha=16, learning_rate=1e-2, chunk_tokens=32, step_tokens=16, prefix_tokens=24, threads=1)


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE of 320 tokens: whatever its model writes, a character can be spread over tokens."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet, show_progress=False
    )
    inner.train_from_iterator([TEXT], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", clean_up_tokenization_spaces=False
    )


def tiny_model(device: str = "cpu", dtype: torch.dtype = torch.float32) -> Any:
    torch.manual_seed(11)
    model: Any = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=320,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            bos_token_id=0,
            eos_token_id=1,
            initializer_range=0.2,
        )
    )
    return model.eval().to(device, dtype)


def sha256_of(tensors: dict[str, torch.Tensor] | Sequence[tuple[str, torch.Tensor]]) -> str:
    """Equal hashes mean bit-identical tensors."""
    items = sorted(tensors.items() if isinstance(tensors, dict) else tensors, key=lambda item: item[0])
    digest = hashlib.sha256()
    for name, tensor in items:
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def all_of(state: AdapterState) -> tuple[str, str, str, str, int, int]:
    """Equal where two states are bit-identical."""
    parts = (state.weights, state.exp_avg, state.exp_avg_sq, state.datastore)
    weights, first, second, datastore = map(sha256_of, parts)
    return weights, first, second, datastore, state.step, state.n_chunks


def base_weights(adapter: Adapter) -> str:
    """SHA-256 of all that the adapter must leave alone."""
    return sha256_of([(name, tensor) for name, tensor in adapter.base.named_parameters() if "lora_" not in name])


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something that another thread or process is about to do."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
