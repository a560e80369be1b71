"""Models that keep what they have read in other ways than Llama: windows, learned positions, recurrent states."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    MambaConfig,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen3_5TextConfig,
)

from templora.adapter import Adapter
from templora.config import Sampling
from templora.engine import TakeDone
from templora.errors import ModelError
from templora.generator import Generator
from templora.learner import GiveWay, Learner
from tests.engine.tiny import QUICK, all_of

SIZES: dict[str, Any] = {
    "vocab_size": 320,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "head_dim": 16,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}
LINEAR: dict[str, Any] = {
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
}
CONFIGS = {
    "sliding window": lambda: MistralConfig(**SIZES, sliding_window=16),
    "some layers with a window": lambda: Gemma3TextConfig(**SIZES, sliding_window=16),
    "learned positions": lambda: GPT2Config(
        vocab_size=320, n_embd=64, n_layer=4, n_head=4, n_positions=512, bos_token_id=0, eos_token_id=1
    ),
    "recurrent states": lambda: Qwen3_5TextConfig(**SIZES, **LINEAR),
}


@pytest.fixture(params=CONFIGS)
def adapter(request: pytest.FixtureRequest, device: str) -> Adapter:
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(CONFIGS[request.param]()).eval()
    return Adapter(model.to(device), replace(QUICK, learning_rate=3e-3))


def test_reading_in_parts_is_reading_at_once(adapter: Adapter, ids: list[int]) -> None:
    window = torch.tensor([[0, *ids[:60]]])
    with torch.no_grad():
        at_once = adapter.forward(window, None, memory=False, keep=30)
        cache = adapter.new_cache()
        adapter.encode(window[0, :31].tolist(), cache, memory=False)
        in_parts = adapter.forward(window[:, 31:], cache, memory=False, keep=30)
    assert torch.allclose(at_once, in_parts, atol=1e-4)


def test_it_learns_and_gives_way(adapter: Adapter, ids: list[int]) -> None:
    learner = Learner(adapter, 0)
    asked = 0

    def late() -> bool:
        nonlocal asked
        asked += 1
        return asked == 3 * 4 + 3

    with pytest.raises(GiveWay):
        learner.learn(ids[:24], ids[24:56], "aa", late)
    assert all_of(adapter.state()) == all_of(adapter.fresh())
    losses = [sum(learner.learn(ids[:24], ids[24:56], "aa").memory_losses) for _ in range(3)]
    assert losses[0] > losses[1] > losses[2]


def test_it_writes_the_same_take_whatever_was_read_before(
    adapter: Adapter, tokenizer: PreTrainedTokenizerFast, ids: list[int]
) -> None:
    generator = Generator(adapter, tokenizer)
    sampling = Sampling(max_tokens=12, seed=4, takes=2)
    prompt = [0, *ids[:200]]
    first = list(generator.stream(prompt, None, sampling))
    assert [event.take for event in first if isinstance(event, TakeDone)]
    list(generator.stream([*prompt[:180], 7], None, sampling))
    assert list(generator.stream(prompt, None, sampling)) == first
    assert list(generator.stream(prompt, None, replace(sampling, seed=5))) != first


def test_a_kind_that_takes_no_adapter_is_refused_clearly() -> None:
    config = MambaConfig(vocab_size=320, hidden_size=64, num_hidden_layers=2, state_size=8)
    model = AutoModelForCausalLM.from_config(config)
    with pytest.raises(ModelError, match="mamba"):
        Adapter(model, QUICK)
