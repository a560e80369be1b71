"""Stream takes: read the prompt (what was read before is kept), draw tokens, give back text as it becomes certain.

The prompt is encoded in blocks of fixed size from its start, so the cache of a block depends on the tokens alone and
not on which prompts came before: the same prompt, memory and seed make the same take whatever is in the cache.
"""

# torch and transformers ship partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)
from transformers.cache_utils import Cache

from templora.adapter import Adapter, copy_cache
from templora.config import Sampling
from templora.engine import Event, TakeDone, Token
from templora.errors import BadInput
from templora.streaming import Detokenizer, Filter, finish_through, push_through

BLOCK_TOKENS = 128
KEPT_PROMPTS = 4


_Reader = tuple[str, float] | None
"""Who has read a prompt: a memory (its chain) at a strength, or the base model."""


@dataclass(frozen=True)
class _Kept:
    """A prompt that was read: by whom, its ids, their KV cache."""

    reader: _Reader
    ids: list[int]
    cache: Cache


@dataclass
class _Take:
    """One row of the batch: its random numbers, the tokens it has seen, and its way from token to text."""

    number: int
    generator: torch.Generator
    ids: list[int]
    detokenizer: Detokenizer
    filters: list[Filter]
    drawn: int = 0
    finish_reason: Literal["length", "stop", "cancelled"] | None = None
    events: list[Event] = field(default_factory=list[Event])

    def add(self, text: str) -> None:
        if text:
            self.events.append(Token(self.number, text))

    def end(self, reason: Literal["length", "stop", "cancelled"]) -> None:
        self.add(finish_through(self.filters))
        self.finish_reason = reason
        self.events.append(TakeDone(self.number, self.drawn, reason))

    def flush(self) -> list[Event]:
        events, self.events = self.events, []
        return events


class Generator:
    """Writes with `adapter`, with the memory that it holds at the time or without."""

    def __init__(self, adapter: Adapter, tokenizer: Any) -> None:
        self._adapter = adapter
        self._tokenizer = tokenizer
        self._kept: list[_Kept] = []
        self._ends = _end_ids(adapter.base, tokenizer)

    def stream(
        self,
        prompt: Sequence[int],
        memory: str | None,
        sampling: Sampling,
        filters: Callable[[], list[Filter]] = list,
        cancelled: Callable[[], bool] = lambda: False,
        strength: float = 1.0,
    ) -> Iterator[Event]:
        """Yield the events of `sampling.takes` takes that go on from `prompt` (ids, with BOS where there is one).

        `memory`: the chain of the memory that the adapter holds, or None to write with the base model. `filters` makes
        the filters of one take. `cancelled` is asked before each token. `strength` scales what the memory adds; 0 is
        the base model. Take i is drawn with seed `sampling.seed` + i. A prompt too long for the model loses its
        beginning.
        """
        window = self._fit(list(prompt), sampling.max_tokens)
        if not window:
            raise BadInput("There is no text to go on from. Write a few words first.")
        takes = [
            _Take(
                number,
                torch.Generator().manual_seed(((sampling.seed or 0) + number) % 2**63),
                list(window),
                Detokenizer(self._decode, window),
                filters(),
            )
            for number in range(sampling.takes)
        ]
        strength = 0.0 if memory is None else strength
        reader = None if memory is None or not strength or self._adapter.recipe.base_prefix else (memory, strength)
        cache = self._read(window[:-1], reader, cancelled)
        if cache is not None:
            yield from self._write(takes, cache, strength, sampling, cancelled)
        for take in takes:
            if take.finish_reason is None:
                take.end("cancelled")
                yield from take.flush()

    def forget(self) -> None:
        """Drop everything that was read."""
        self._kept = []

    def readers(self) -> set[str]:
        """The chains of the memories whose reading is kept."""
        return {kept.reader[0] for kept in self._kept if kept.reader is not None}

    # --- reading ---

    def room(self, max_tokens: int) -> int:
        """Tokens of prompt that the model's context holds beside a take of `max_tokens`: never less than half."""
        return max(self._adapter.context_tokens - max_tokens, self._adapter.context_tokens // 2)

    def _fit(self, window: list[int], max_tokens: int) -> list[int]:
        room = self.room(max_tokens)
        if len(window) <= room:
            return window
        begin = window[:1] if window[0] == self._tokenizer.bos_token_id else []
        return [*begin, *window[len(window) - room + len(begin) :]]

    def _read(self, ids: list[int], reader: _Reader, cancelled: Callable[[], bool]) -> Cache | None:
        """The KV cache of `ids`, the caller's to grow; None when cancelled meanwhile."""
        usable = [(self._usable(kept, ids), kept) for kept in self._kept if kept.reader == reader]
        length, best = max(usable, key=lambda item: item[0], default=(0, None))
        if best is None or not length:
            cache = self._adapter.new_cache()
        else:
            cache = copy_cache(best.cache)
            if length < len(best.ids):
                cache.crop(length - len(best.ids))
        for start in range(length, len(ids), BLOCK_TOKENS):
            if cancelled():
                return None
            self._adapter.encode(ids[start : start + BLOCK_TOKENS], cache, memory=0.0 if reader is None else reader[1])
        superseded = [kept for kept in self._kept if kept.reader == reader and kept.ids == ids[: len(kept.ids)]]
        others = [kept for kept in self._kept if kept not in superseded]
        self._kept = [*others, _Kept(reader, ids, copy_cache(cache))][-KEPT_PROMPTS:]
        return cache

    def _usable(self, kept: _Kept, ids: list[int]) -> int:
        """How many tokens of a kept prompt begin `ids`: all, or whole blocks."""
        if kept.ids == ids:
            return len(ids)
        if not self._adapter.croppable:
            return 0
        common = 0
        for ours, theirs in zip(ids, kept.ids, strict=False):
            if ours != theirs:
                break
            common += 1
        return common // BLOCK_TOKENS * BLOCK_TOKENS

    # --- writing ---

    def _write(
        self, takes: list[_Take], cache: Cache, strength: float, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[Event]:
        """Draw tokens until every take has ended, or until cancelled."""
        processors = _processors(sampling)
        most = min(sampling.max_tokens, self._adapter.context_tokens - len(takes[0].ids))
        # The last token of the prompt is the first that the memory reads; all takes begin from what it makes of it.
        logits = self._next(takes[:1], cache, strength).expand(len(takes), -1)
        _choose_rows(cache, [0] * len(takes))
        while True:
            self._draw(takes, logits, processors, sampling.temperature == 0)
            for take in takes:
                if take.finish_reason is None and take.drawn >= most:
                    take.end("length")
                yield from take.flush()
            live = [row for row, take in enumerate(takes) if take.finish_reason is None]
            if not live or cancelled():
                return
            if len(live) < len(takes):
                _choose_rows(cache, live)
                takes = [takes[row] for row in live]
            logits = self._next(takes, cache, strength)

    @torch.no_grad()
    def _next(self, takes: list[_Take], cache: Cache, strength: float) -> Tensor:
        """Logits (takes, vocabulary, float32) for the token after each take's last."""
        rows = torch.tensor([take.ids[-1:] for take in takes])
        return self._adapter.forward(rows, cache, memory=strength, keep=1)[:, -1].float()

    def _draw(self, takes: list[_Take], logits: Tensor, processors: LogitsProcessorList, greedy: bool) -> None:
        scores: Tensor = processors(torch.tensor([take.ids for take in takes], device=logits.device), logits)  # type: ignore[arg-type]
        # Drawn on the CPU, row by row: a take depends on its own seed only, on every device.
        rows = scores.argmax(-1, keepdim=True).cpu() if greedy else scores.softmax(-1).cpu()
        for take, row in zip(takes, rows, strict=True):
            id = int(row.item() if greedy else torch.multinomial(row, 1, generator=take.generator).item())
            if id in self._ends:
                take.end("stop")
                continue
            take.drawn += 1
            take.ids.append(id)
            take.add(push_through(take.filters, take.detokenizer.push(id)))
            if any(part.done for part in take.filters):
                take.end("stop")

    def _decode(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def _choose_rows(cache: Cache, rows: list[int]) -> None:
    """Make the cache's batch these rows of it, some perhaps several times. The one way that every kind of layer has."""
    indices: Any = torch.tensor(rows)
    cache.reorder_cache(indices)


def _processors(sampling: Sampling) -> LogitsProcessorList:
    """The samplers in transformers' own order; neutral ones are left out, and all but the penalty when greedy."""
    processors = LogitsProcessorList()
    if sampling.repetition_penalty != 1:
        processors.append(RepetitionPenaltyLogitsProcessor(float(sampling.repetition_penalty)))
    if sampling.temperature == 0:
        return processors
    if sampling.temperature != 1:
        processors.append(TemperatureLogitsWarper(float(sampling.temperature)))
    if sampling.top_k:
        processors.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        processors.append(TopPLogitsWarper(sampling.top_p))
    if sampling.min_p:
        processors.append(MinPLogitsWarper(sampling.min_p))
    return processors


def _end_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    """Tokens that end a text: every EOS that model and tokenizer name, and the special tokens of their chat format."""
    named = [tokenizer.eos_token_id, model.config.eos_token_id, getattr(model.generation_config, "eos_token_id", None)]
    ends = {int(id) for value in named if value is not None for id in (value if isinstance(value, list) else [value])}
    return frozenset(ends | set(tokenizer.all_special_ids))
