"""Settings as frozen dataclasses: every field explained, validated on creation, no globals.

`Recipe` decides what an adapter becomes and is hashed into the chain; `Sampling` decides how a take is drawn.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Literal

from templora.errors import BadInput


def _check(ok: bool, message: str) -> None:
    if not ok:
        raise BadInput(message)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what an adapter becomes, beside the text and the base model.

    Two recipes with the same fields make the same adapter, bit for bit on one machine; so the thread count is a field
    (two threads sum in another order than one), and the processor's core count is not.
    """

    name: str = "default"
    rank: int = 16
    alpha: int = 64
    dropout: float = 0.0
    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip: float = 1.0
    """Largest gradient norm; 0 switches clipping off."""
    epochs: int = 1
    """Optimizer steps on each chunk; the first one reuses the forward pass that scored it where it can."""
    warmup_steps: int = 0
    """Chunks over which the learning rate rises linearly from 0, counted from the first chunk of the book."""
    chunk_tokens: int = 512
    """Δ: a chunk is whole paragraphs of at most about this many tokens."""
    prefix_tokens: int = 512
    """L: tokens read before a chunk (training, scoring) or before the cursor (generation: L to 1.5 L)."""
    base_prefix: bool = True
    """True: the prefix is encoded by the base model alone, so its KV cache never goes stale."""
    prefix_gradients: bool = False
    """True: gradients flow through the whole window, prefix included; the loss covers the chunk, as in the script."""
    seed: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        _check(1 <= self.rank <= 512, f"rank must be 1 to 512, not {self.rank}")
        _check(self.alpha > 0, "alpha must be positive")
        _check(0 <= self.dropout < 1, "dropout must be in [0, 1)")
        _check(self.learning_rate > 0, "learning_rate must be positive")
        _check(self.epochs >= 1 and self.warmup_steps >= 0 and self.clip >= 0, "epochs, warmup_steps or clip is off")
        _check(self.chunk_tokens >= 16, "chunk_tokens must be at least 16")
        _check(self.prefix_tokens >= 0, "prefix_tokens must not be negative")
        _check(not (self.prefix_gradients and self.base_prefix), "prefix_gradients needs base_prefix=False")
        _check(self.threads >= 1, "threads must be at least 1")

    def fingerprint(self) -> str:
        """SHA-256 (hex) over every field that changes the adapter; the name does not."""
        fields = {key: value for key, value in asdict(self).items() if key != "name"}
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


DEFAULT = Recipe()

PAPER = Recipe(
    name="paper",
    rank=64,
    alpha=64,
    dropout=0.05,
    learning_rate=5e-5,
    eps=1e-7,
    epochs=2,
    warmup_steps=2,
    chunk_tokens=1024,
    prefix_tokens=3072,
    base_prefix=False,
    prefix_gradients=True,
)
"""Pinned to the authors' published script (arXiv 2401.11504)."""

TUNED_PAPER = replace(PAPER, name="paper-tuned", learning_rate=5e-4)
"""The same with ten times the learning rate: where tuning it for the starter model begins, not yet where it ended."""

RECIPES = {recipe.name: recipe for recipe in (DEFAULT, PAPER, TUNED_PAPER)}


@dataclass(frozen=True)
class Sampling:
    """How a take is drawn from the model's distribution. Neutral values switch a sampler off."""

    temperature: float = 0.8
    """0 is greedy."""
    top_k: int = 0
    top_p: float = 0.95
    min_p: float = 0.05
    repetition_penalty: float = 1.08
    seed: int | None = None
    """None: drawn anew for each request, and recorded with the take."""
    max_tokens: int = 120
    takes: int = 1
    stop_at: Literal["none", "paragraph"] = "none"

    def __post_init__(self) -> None:
        _check(0 <= self.temperature <= 5, "temperature must be 0 to 5")
        _check(self.top_k >= 0, "top_k must not be negative")
        _check(0 < self.top_p <= 1, "top_p must be above 0 and at most 1")
        _check(0 <= self.min_p < 1, "min_p must be in [0, 1)")
        _check(0 < self.repetition_penalty <= 3, "repetition_penalty must be above 0 and at most 3")
        _check(self.seed is None or 0 <= self.seed < 2**53, "seed must be 0 to 2**53")
        _check(1 <= self.max_tokens <= 2048, "max_tokens must be 1 to 2048")
        _check(1 <= self.takes <= 5, "takes must be 1 to 5")
