"""From logits to the next token of a take, in the order that users of llama.cpp and KoboldCpp know.

Word bias → tokens that may not stand here → repetition penalty → DRY → top-k → typical → top-p → min-p → XTC →
temperature. Greedy (temperature 0) takes the likeliest token after DRY.

The processors are transformers'. They sort the vocabulary; so before them, where that changes nothing, all but the
likeliest tokens are put aside.
"""

# torch and transformers ship partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from templora.config import Sampling
from templora.phrases import APOSTROPHES, joins
from templora.repeats import Repeats

CANDIDATES = 1024
"""So many of the likeliest tokens are looked at first."""
_NO_IDS: Any = torch.zeros((1, 0), dtype=torch.long)
_STEEPEST = 1e4
"""A DRY penalty beyond which nothing is drawn anyway."""


class Vocabulary:
    """What samplers ask of a tokenizer; answers are kept."""

    def __init__(self, tokenizer: Any, ends: Collection[int] = ()) -> None:
        self._tokenizer = tokenizer
        self.ends = frozenset(ends)
        self._texts: dict[int, str] = {}

    def text(self, id: int) -> str:
        """What a token writes; "" for a special one, U+FFFD where it is part of a character."""
        if id not in self._texts:
            self._texts[id] = self._tokenizer.decode([id], skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return self._texts[id]

    def breaker(self, breakers: Sequence[str]) -> Callable[[int], bool]:
        """Does a token hold one of these, or end a text?"""
        known: dict[int, bool] = {}

        def breaks(id: int) -> bool:
            if id not in known:
                known[id] = id in self.ends or any(part in self.text(id) for part in breakers)
            return known[id]

        return breaks

    def begins_word(self, before: int | None, id: int) -> bool:
        """Does a token begin a word, where the token `before` stands before it? Marks between words do not."""
        text = self.text(id)
        if not any(character.isalnum() for character in text):
            return False
        last = "" if before is None else self.text(before)[-1:]
        return text[0].isspace() or not last or not (joins(last) or last in APOSTROPHES)

    def biases(self, words: dict[str, float]) -> dict[tuple[int, ...], float]:
        """Token sequences of words as they are typed, at the start of a text and after a space → their bias.

        A word of several tokens: what speaks against it counts at its last token, so that words that begin as it does
        are left alone; what speaks for it is spread over its tokens, or it would hardly ever begin.
        """
        found: dict[tuple[int, ...], float] = {}
        for word, bias in words.items():
            if not bias:
                continue
            for form in {word.strip(), " " + word.strip()}:
                ids = tuple(self._tokenizer.encode(form, add_special_tokens=False))
                parts = range(1, len(ids) + 1) if bias > 0 else [len(ids)]
                for length in parts:
                    share = bias / len(ids) if bias > 0 else bias
                    found[ids[:length]] = found.get(ids[:length], 0.0) + share
        return {ids: float(bias) for ids, bias in found.items() if ids and bias}


class Sampler:
    """Draws the tokens of one take.

    `seed`: of its random numbers. `counted`: the tokens before the take that DRY counts as there already.
    """

    def __init__(self, sampling: Sampling, vocabulary: Vocabulary, seed: int, counted: Sequence[int]) -> None:
        self._sampling = sampling
        self._vocabulary = vocabulary
        self._generator = torch.Generator().manual_seed(seed % 2**63)
        biases = vocabulary.biases(sampling.word_bias)
        self._bias = SequenceBiasLogitsProcessor(biases) if biases else None  # type: ignore[arg-type]
        self._penalty = (
            RepetitionPenaltyLogitsProcessor(float(sampling.repetition_penalty))
            if sampling.repetition_penalty != 1
            else None
        )
        self._dry = sampling.dry_multiplier > 0
        self._counted = len(counted)
        self._repeats = Repeats(
            vocabulary.breaker(sampling.dry_breakers), vocabulary.begins_word, counted if self._dry else ()
        )

    def push(self, id: int) -> None:
        """A token has been added to the take."""
        if self._dry:
            self._repeats.push(id)

    def crop(self, drawn: int) -> None:
        """The take goes back to its first `drawn` tokens."""
        if self._dry:
            self._repeats.crop(self._counted + drawn)

    def draw(self, ids: Sequence[int], logits: Tensor, barred: Collection[int] = ()) -> int | None:
        """A token after `ids` (prompt and take); None where no token may stand here.

        `logits`: (vocabulary,), float32, on the CPU; they are not changed. `barred`: tokens that may not.
        """
        scores = self.penalised(ids, logits, barred)
        if self._sampling.temperature == 0:
            best = int(scores.argmax())
            return best if scores[best] > -math.inf else None
        values, tokens = self.narrowed(scores)
        if not bool((values > -math.inf).any()):
            return None
        drawn = int(torch.multinomial((values / self._sampling.temperature).softmax(-1), 1, generator=self._generator))
        return drawn if tokens is None else int(tokens[drawn])

    def penalised(self, ids: Sequence[int], logits: Tensor, barred: Collection[int] = ()) -> Tensor:
        """The logits after all that speaks for or against single tokens: bias, bans, repetition penalty, DRY."""
        scores = logits[None]
        if self._bias is not None or self._penalty is not None:
            row: Any = torch.tensor([list(ids)])
            for processor in (self._bias, self._penalty):
                if processor is not None:
                    scores = processor(row, scores)
        repeats = self._repeats.continuations() if self._dry else {}
        penalties = {
            id: min(_STEEPEST, self._sampling.dry_multiplier * _power(self._sampling, length))
            for id, length in repeats.items()
            if length >= self._sampling.dry_allowed_length
        }
        scores = scores[0]
        if penalties or barred:
            scores = scores.clone()
            if penalties:
                scores[list(penalties)] -= torch.tensor(list(penalties.values()))
            if barred:
                scores[list(barred)] = -math.inf
        return scores

    def narrowed(self, scores: Tensor) -> tuple[Tensor, Tensor | None]:
        """(scores of what is left to draw from, not yet tempered; their tokens, or None: the whole vocabulary)."""
        values, tokens, top_p = self._aside(scores)
        for processor in self._truncations(whole=tokens is None, top_p=top_p):
            values = processor(_NO_IDS, values)
        return self._excluding_top_choices(values[0], tokens), tokens

    def _aside(self, scores: Tensor) -> tuple[Tensor, Tensor | None, float]:
        """The likeliest tokens, where the truncations would leave no others: (scores (1, n), tokens, their top-p)."""
        sampling = self._sampling
        count = min(CANDIDATES, len(scores))
        if 0 < sampling.top_k <= count:
            values, tokens = scores.topk(sampling.top_k)
            return values[None], tokens, sampling.top_p
        if sampling.top_k or sampling.typical_p < 1 or (sampling.top_p == 1 and not sampling.min_p):
            return scores[None], None, sampling.top_p
        values, tokens = scores.topk(count)
        if sampling.top_p < 1:
            mass = float((values.logsumexp(-1) - scores.logsumexp(-1)).exp())
            if mass <= sampling.top_p:
                return scores[None], None, sampling.top_p
            return values[None], tokens, sampling.top_p / mass  # the same tokens are left as of the whole vocabulary
        if values[-1] >= values[0] + math.log(sampling.min_p):
            return scores[None], None, sampling.top_p
        return values[None], tokens, 1.0

    def _truncations(self, whole: bool, top_p: float) -> list[Any]:
        sampling = self._sampling
        processors: list[Any] = []
        if whole and sampling.top_k:
            processors.append(TopKLogitsWarper(sampling.top_k))
        if sampling.typical_p < 1:
            processors.append(TypicalLogitsWarper(float(sampling.typical_p)))
        if top_p < 1:
            processors.append(TopPLogitsWarper(float(top_p)))
        if sampling.min_p:
            processors.append(MinPLogitsWarper(float(sampling.min_p)))
        return processors

    def _excluding_top_choices(self, values: Tensor, tokens: Tensor | None) -> Tensor:
        """XTC. Where the end of a line or a text is a top choice, none is excluded: paragraphs and takes must end."""
        sampling = self._sampling
        if not sampling.xtc_probability:
            return values
        # Drawn at every step, so that a take's random numbers do not hang on what the model thinks of it.
        lot = float(torch.rand(1, generator=self._generator))
        if lot >= sampling.xtc_probability:
            return values
        probabilities = values.softmax(-1)
        top = (probabilities >= sampling.xtc_threshold).nonzero()[:, 0]
        if len(top) < 2:
            return values
        for place in top.tolist():
            id = place if tokens is None else int(tokens[place])
            if id in self._vocabulary.ends or "\n" in self._vocabulary.text(id):
                return values
        least = top[probabilities[top].argmin()]
        values = values.clone()
        values[top[top != least]] = -math.inf
        return values


def _power(sampling: Sampling, length: int) -> float:
    try:
        return sampling.dry_base ** (length - sampling.dry_allowed_length)
    except OverflowError:
        return _STEEPEST
