"""Settings as frozen dataclasses: every field explained, validated on creation, no globals.

`Recipe` decides what an adapter becomes and is hashed into the chain; `Sampling` decides how a take is drawn.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

from templora.errors import BadInput

MOST_WORDS = 500


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
    head: bool = True
    """True: the output head has a LoRA, too."""
    dropout: float = 0.0
    learning_rate: float = 4e-4
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip: float = 1.0
    """Largest gradient norm; 0 switches clipping off."""
    step_tokens: int = 64
    """A chunk is scored and learnt in pieces of about so many tokens, each by the memory that has learnt those before
    it; 0: as a whole."""
    epochs: int = 1
    """How often a chunk is learnt; the first time reuses the forward pass that scored it where it can."""
    datastore: bool = True
    """True: beside the adapter the memory keeps the state before each token (`templora.datastore`)."""
    warmup_steps: int = 0
    """Chunks over which the learning rate rises linearly from 0, counted from the first chunk of the book."""
    decay_chunks: int = 16
    """τ: after n chunks the learning rate is 1/√(1 + n/τ) of what it was; 0: it stays."""
    chunk_tokens: int = 512
    """Δ: a chunk is whole paragraphs of at most about this many tokens."""
    prefix_tokens: int = 512
    """L: tokens read before a chunk (training, scoring) or before the cursor (generation: L to 1.5 L)."""
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
        _check(self.decay_chunks >= 0, "decay_chunks must not be negative")
        _check(self.step_tokens == 0 or self.step_tokens >= 16, "step_tokens must be 0 or at least 16")
        _check(self.chunk_tokens >= 16, "chunk_tokens must be at least 16")
        _check(self.prefix_tokens >= 0, "prefix_tokens must not be negative")
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
    head=False,
    dropout=0.05,
    learning_rate=5e-5,
    beta2=0.999,
    eps=1e-7,
    step_tokens=0,
    epochs=2,
    datastore=False,
    warmup_steps=2,
    decay_chunks=0,
    chunk_tokens=1024,
    prefix_tokens=3072,
    prefix_gradients=True,
)
"""Pinned to the authors' published script (arXiv 2401.11504)."""

TUNED_PAPER = replace(PAPER, name="paper-tuned", learning_rate=5e-4)
"""The same with the learning rate that did best on the starter model: of 2e-4, 5e-4, 1e-3 (`docs/measurements.md`)."""

RECIPES = {recipe.name: recipe for recipe in (DEFAULT, PAPER, TUNED_PAPER)}


StopAt = Literal["whole", "none", "sentence", "paragraph", "scene"]


@dataclass(frozen=True)
class Sampling:
    """How a take is drawn from the model's distribution. Neutral values switch a sampler off.

    They work in the order of llama.cpp and KoboldCpp: word bias, repetition penalty, DRY, top-k, typical, top-p, min-p,
    XTC, and the temperature last, so what is cut off does not depend on it (`templora.samplers`).
    """

    temperature: float = 0.9
    """0 is greedy."""
    top_k: int = 0
    typical_p: float = 1.0
    """The tokens whose surprise is nearest to what is to be expected here, until they make up this much; 1 is off."""
    top_p: float = 0.95
    min_p: float = 0.05
    xtc_threshold: float = 0.1
    xtc_probability: float = 0.0
    """XTC: so often all tokens at least as likely as the threshold but the least likely are left out; 0 is off."""
    repetition_penalty: float = 1.05
    dry_multiplier: float = 3.0
    """DRY: a word that would stand once more after n words that it followed before, in the prompt or the take, loses
    multiplier · base^(n − allowed length) of its logit where n is at least the allowed length; 0 is off."""
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_breakers: tuple[str, ...] = ("\n", ":", '"', "*")
    """A sequence does not reach across a token that holds one of these."""
    banned: tuple[str, ...] = ()
    """Phrases that no take holds, as whole words: a take that comes to one goes back and on another way."""
    banned_any_case: bool = True
    word_bias: dict[str, float] = field(default_factory=dict[str, float])
    """Words or phrases as they are typed → what is added to their logit, −100 (never) to 100."""
    copied_words: int = 12
    """So many words in a row may be as they stand in the book; 0 switches this guard off."""
    follow_marks: bool = True
    """Quotation marks, dashes and ellipses are made those of the book."""
    seed: int | None = None
    """None: drawn anew for each request, and recorded with the take."""
    max_tokens: int = 120
    takes: int = 1
    stop_at: StopAt = "whole"
    """`whole`: with the first sentence that ends when at most a third of `max_tokens` is left (`templora.drawing`);
    `none`: after exactly `max_tokens`; else with the first sentence, with the paragraph, before the next scene."""

    def __post_init__(self) -> None:
        for name in ("dry_breakers", "banned"):  # lists, where they come as JSON
            object.__setattr__(self, name, tuple(part for part in getattr(self, name) if part.strip(" ")))
        _check(0 <= self.temperature <= 5, "temperature must be 0 to 5")
        _check(self.top_k >= 0, "top_k must not be negative")
        _check(0 < self.typical_p <= 1, "typical_p must be above 0 and at most 1")
        _check(0 < self.top_p <= 1, "top_p must be above 0 and at most 1")
        _check(0 <= self.min_p < 1, "min_p must be in [0, 1)")
        _check(0 < self.xtc_threshold <= 1, "xtc_threshold must be above 0 and at most 1")
        _check(0 <= self.xtc_probability <= 1, "xtc_probability must be 0 to 1")
        _check(0 < self.repetition_penalty <= 3, "repetition_penalty must be above 0 and at most 3")
        _check(0 <= self.dry_multiplier <= 100, "dry_multiplier must be 0 to 100")
        _check(1 <= self.dry_base <= 10, "dry_base must be 1 to 10")
        _check(1 <= self.dry_allowed_length <= 1000, "dry_allowed_length must be 1 to 1000")
        _check(len(self.dry_breakers) <= MOST_WORDS, f"there may be at most {MOST_WORDS} dry_breakers")
        _check(len(self.banned) <= MOST_WORDS, f"at most {MOST_WORDS} phrases can be banned")
        _check(all(len(phrase) <= 200 for phrase in self.banned), "a banned phrase has at most 200 characters")
        _check(len(self.word_bias) <= MOST_WORDS, f"at most {MOST_WORDS} words can be favoured or disfavoured")
        _check(all(word.strip() and len(word) <= 200 for word in self.word_bias), "word_bias needs words, not too long")
        _check(all(-100 <= bias <= 100 for bias in self.word_bias.values()), "a word_bias goes from -100 to 100")
        _check(0 <= self.copied_words <= 100, "copied_words must be 0 to 100")
        _check(self.seed is None or 0 <= self.seed < 2**53, "seed must be 0 to 2**53")
        _check(1 <= self.max_tokens <= 2048, "max_tokens must be 1 to 2048")
        _check(1 <= self.takes <= 5, "takes must be 1 to 5")
        _check(self.stop_at in get_args(StopAt), f"stop_at must be one of {', '.join(get_args(StopAt))}")


NEUTRAL = Sampling(
    temperature=1.0,
    top_p=1.0,
    min_p=0.0,
    repetition_penalty=1.0,
    dry_multiplier=0.0,
    copied_words=0,
    follow_marks=False,
)
"""The model's own distribution."""
