"""Stream takes: read the prompt (what was read before is kept), draw tokens, give back text as it becomes certain.

The prompt is encoded in blocks whose places are fixed, counted from its start, so the cache of a block depends on the
tokens alone and not on which prompts came before: the same prompt, memory and seed make the same take whatever is in
the cache.
"""

# torch and transformers ship partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache

from templora.adapter import Adapter, copy_cache
from templora.config import Sampling
from templora.drawing import Take
from templora.engine import Event
from templora.errors import BadInput
from templora.merged import Merged
from templora.phrases import Phrases, Watch
from templora.reading import room_for
from templora.samplers import Sampler, Vocabulary
from templora.states import States
from templora.streaming import Filter

BLOCK_TOKENS = 32
"""So few that what is read again behind a small edit takes a moment only."""
FIRST_BLOCKS = 2
"""So many at the beginning of a long prompt are of `FIRST_BLOCK_TOKENS`, which takes half the time: it is the end that
changes."""
FIRST_BLOCK_TOKENS = 128
KEPT_PROMPTS = 4
READ_AHEAD_S = 120.0
"""So long after somebody has asked for a take the prompt is kept read while the memory learns."""


_Voice = tuple[str | None, float]
"""Who reads and writes: a memory (its chain) at a strength, or the base model (None, 0)."""


@dataclass(frozen=True)
class _Kept:
    """What was read of a prompt's whole blocks: by whom, their ids, their KV cache."""

    voice: _Voice
    ids: list[int]
    cache: Cache


@dataclass(frozen=True)
class _Asked:
    """The prompt that was asked for last: by which voice it was to be read, its whole blocks, when (`monotonic`)."""

    voice: _Voice
    ids: list[int]
    when: float


@dataclass
class _Batch:
    """Takes that are as long as each other, and what has been read of them: all their tokens but the last."""

    takes: list[Take]
    cache: Cache


class Generator:
    """Writes with `adapter`, with the memory that it holds at the time or without.

    `lean`: with its own weights, without a second copy of them (`templora.merged`): slower, in less memory.
    """

    def __init__(self, adapter: Adapter, tokenizer: Any, lean: bool = False) -> None:
        self._adapter = adapter
        self._tokenizer = tokenizer
        self._lean = lean
        self._merged: Merged | None = None
        self._kept: list[_Kept] = []
        self._asked: _Asked | None = None
        self._ends = _end_ids(adapter.base, tokenizer)
        self._vocabulary = Vocabulary(tokenizer, self._ends)

    def stream(
        self,
        prompt: Sequence[int],
        memory: str | None,
        sampling: Sampling,
        filters: Callable[[], list[Filter]] = list,
        cancelled: Callable[[], bool] = lambda: False,
        strength: float = 1.0,
        watches: Sequence[Watch] = (),
        repeats_prompt: bool = False,
    ) -> Iterator[Event]:
        """Yield the events of `sampling.takes` takes that go on from `prompt` (ids, with BOS where there is one).

        `memory`: the chain of the memory that the adapter holds, or None to write with the base model. `filters` makes
        the filters of one take. `cancelled` is asked before each token. `strength` scales what the memory adds; 0 is
        the base model. Take i is drawn with seed `sampling.seed` + i. A prompt too long for the model loses its
        beginning. `watches`: what else may not stand in a take beside the phrases that `sampling` bans.
        `repeats_prompt`: a take says again what the prompt says, as a rewrite does: only its own repetitions count.
        """
        window = self._fit(list(prompt), sampling.max_tokens)
        if not window:
            raise BadInput("There is no text to go on from. Write a few words first.")
        banned = [Phrases(sampling.banned, sampling.banned_any_case)] if sampling.banned else []
        most = min(sampling.max_tokens, self._adapter.context_tokens - len(window))
        takes = [
            Take(
                number,
                window,
                Sampler(sampling, self._vocabulary, (sampling.seed or 0) + number, [] if repeats_prompt else window),
                self.decode,
                self._ends,
                filters(),
                [*banned, *watches],
                most,
            )
            for number in range(sampling.takes)
        ]
        voice: _Voice = (memory, strength) if memory is not None and strength else (None, 0.0)
        whole = window[: _whole(window)]
        self._asked = _Asked(voice, whole, time.monotonic())
        cache = self._read(whole, voice, cancelled)
        if cache is not None:
            yield from self._write(takes, cache, voice, cancelled)
        for take in takes:
            if take.finish_reason is None:
                take.end("cancelled")
                yield from take.flush()

    def forget(self) -> None:
        """Drop everything that was read, and the memory that it was written with."""
        self._kept, self._asked = [], None
        self._adapter.states.forget()
        if self._merged is not None:
            self._merged.forget()

    def release(self) -> None:
        """Give back all memory that can be given back."""
        self._kept, self._asked = [], None
        self._merged = None

    def readers(self) -> set[str]:
        """The chains of the memories that something is kept of here."""
        found = {kept.voice[0] for kept in self._kept}
        if self._merged is not None:
            found.add(self._merged.memory)
        return {memory for memory in found if memory is not None}

    # --- reading ---

    def room(self, max_tokens: int) -> int:
        """Tokens of prompt that the model's context holds beside a take of `max_tokens`."""
        return room_for(self._adapter.context_tokens, max_tokens)

    def _fit(self, window: list[int], max_tokens: int) -> list[int]:
        room = self.room(max_tokens)
        if len(window) <= room:
            return window
        begin = window[:1] if window[0] == self._tokenizer.bos_token_id else []
        return [*begin, *window[len(window) - room + len(begin) :]]

    def became(self, before: str, after: str) -> None:
        """The memory `before` has learnt and is `after` now: what it has read is to be read anew."""
        if self._asked is not None and self._asked.voice[0] == before:
            self._asked = replace(self._asked, voice=(after, self._asked.voice[1]))

    def read_ahead(self, memory: str, cancelled: Callable[[], bool]) -> None:
        """Read the prompt that was asked for last as the memory does that the adapter holds, `memory`: most of the next
        one will be the same. Only shortly after somebody has asked."""
        asked = self._asked
        if asked is not None and asked.voice[0] == memory and time.monotonic() - asked.when < READ_AHEAD_S:
            self._read(asked.ids, asked.voice, cancelled)

    def _read(self, ids: list[int], voice: _Voice, cancelled: Callable[[], bool]) -> Cache | None:
        """The KV cache of whole blocks, the caller's to grow; None when cancelled meanwhile: what was read is kept."""
        usable = [(self._usable(kept, ids), kept) for kept in self._kept if kept.voice == voice]
        length, best = max(usable, key=lambda item: item[0], default=(0, None))
        if best is None or not length:
            cache = self._adapter.new_cache()
        else:
            cache = copy_cache(best.cache)
            if length < len(best.ids):
                cache.crop(length - len(best.ids))
        while length < len(ids) and not cancelled():
            end = length + _block_tokens(length, len(ids))
            self._adapter.encode(ids[length:end], cache, memory=voice[1])
            length = end
        read = ids[:length]
        superseded = [kept for kept in self._kept if kept.voice == voice and kept.ids == read[: len(kept.ids)]]
        others = [kept for kept in self._kept if kept not in superseded]
        self._kept = [*others, _Kept(voice, read, copy_cache(cache))][-KEPT_PROMPTS:]
        return cache if length == len(ids) else None

    def _usable(self, kept: _Kept, ids: list[int]) -> int:
        """How many tokens of what was kept begin `ids`, in blocks that both have."""
        common = 0
        for ours, theirs in zip(ids, kept.ids, strict=False):
            if ours != theirs:
                break
            common += 1
        large = [_large(len(each)) for each in (ids, kept.ids)]
        if large[0] != large[1]:
            common = min(common, min(large) * FIRST_BLOCK_TOKENS)
        common -= common % _block_tokens(common, len(ids))
        return common if self._adapter.croppable or common == len(kept.ids) else 0

    # --- writing ---

    def _write(self, takes: list[Take], cache: Cache, voice: _Voice, cancelled: Callable[[], bool]) -> Iterator[Event]:
        """Draw tokens until every take has ended, or until cancelled."""
        prompt = len(takes[0].ids)
        # All takes begin from what is made of the prompt's end: what stands behind its whole blocks, in one pass, so
        # that the same prompt is always read in the same passes. With the live weights: nobody waits for the copy to
        # catch up with what was learnt.
        with torch.no_grad():
            end = torch.tensor([takes[0].ids[_whole(takes[0].ids) :]])
            logits = self._adapter.forward(end, cache, memory=voice[1], keep=1)
            logits = self._with_datastore(logits[:, -1].float(), self._adapter.states, voice).expand(len(takes), -1)
        yield from _draw(takes, logits)
        if all(take.finish_reason for take in takes):
            return
        merged = self._copy()
        if merged is None:
            _choose_rows(cache, [0] * len(takes))
        else:
            cache = merged.cache(cache, len(takes))
        batches = list(self._parted(_Batch(takes, cache), prompt, prompt, voice))
        while not cancelled() and batches:
            parted: list[_Batch] = []
            for batch in batches:
                read = len(batch.takes[0].ids)
                yield from _draw(batch.takes, self._next(batch, merged, voice))
                parted += self._parted(batch, read, prompt, voice)
            batches = parted

    def _copy(self) -> Merged | None:
        """The weights to write with, made when they are first needed; None: the live ones."""
        if not self._adapter.croppable:
            return None
        if self._merged is None and not self._lean and Merged.fits(self._adapter):
            self._merged = Merged(self._adapter)
        return self._merged

    @torch.no_grad()
    def _next(self, batch: _Batch, merged: Merged | None, voice: _Voice) -> Tensor:
        """Logits (takes, vocabulary, float32) for the token after each take's last."""
        rows = torch.tensor([take.ids[-1:] for take in batch.takes])
        if merged is None:
            logits = self._adapter.forward(rows, batch.cache, memory=voice[1], keep=1)[:, -1].float()
            return self._with_datastore(logits, self._adapter.states, voice)
        merged.become(*voice)
        return self._with_datastore(merged.forward(rows, batch.cache), merged.states, voice)

    def _with_datastore(self, logits: Tensor, states: States, voice: _Voice) -> Tensor:
        return self._adapter.datastore.mix(logits, states.last[:, -1], voice[1])

    def _parted(self, batch: _Batch, read: int, prompt: int, voice: _Voice) -> Iterator[_Batch]:
        """The takes that go on, together where they are as long as each other; each that went back by itself.

        `read`: tokens in the cache. `prompt`: how many of them are the prompt's.
        """
        ahead = [row for row, take in enumerate(batch.takes) if take.finish_reason is None and len(take.ids) > read]
        back = [row for row, take in enumerate(batch.takes) if take.finish_reason is None and len(take.ids) <= read]
        for row in back:
            take = batch.takes[row]
            if self._adapter.croppable:
                cache = copy_cache(batch.cache) if len(batch.takes) > 1 else batch.cache
                if len(batch.takes) > 1:
                    _choose_rows(cache, [row])
                cache.crop(len(take.ids) - 1 - read)
            else:
                whole = _whole(take.ids[:prompt])
                cache = self._read(take.ids[:whole], voice, lambda: False)
                assert cache is not None
                self._adapter.encode(take.ids[whole:-1], cache, memory=voice[1])
            yield _Batch([take], cache)
        if ahead:
            if len(ahead) < len(batch.takes):
                _choose_rows(batch.cache, ahead)
            yield _Batch([batch.takes[row] for row in ahead], batch.cache)

    def decode(self, ids: list[int]) -> str:
        """Their text, special tokens left out."""
        return self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def _draw(takes: list[Take], logits: Tensor) -> Iterator[Event]:
    """The next token of each take, from its row of `logits`; yields what has become certain."""
    # Drawn on the CPU, row by row: a take depends on its own seed only, on every device.
    for take, row in zip(takes, logits.cpu(), strict=True):
        take.draw(row)
        yield from take.flush()


def _whole(prompt: Sequence[int]) -> int:
    """How many tokens of a prompt stand in whole blocks: all but a few at its end, the last one always among them."""
    return (len(prompt) - 1) // BLOCK_TOKENS * BLOCK_TOKENS


def _large(tokens: int) -> int:
    """How many large blocks so many tokens begin with."""
    return min(FIRST_BLOCKS, tokens // FIRST_BLOCK_TOKENS)


def _block_tokens(place: int, tokens: int) -> int:
    """How long the block at a place is, of so many tokens in whole blocks."""
    return FIRST_BLOCK_TOKENS if place < _large(tokens) * FIRST_BLOCK_TOKENS else BLOCK_TOKENS


def _choose_rows(cache: Cache, rows: list[int]) -> None:
    """Make the cache's batch these rows of it, some perhaps several times. The one way that every kind of layer has."""
    indices: Any = torch.tensor(rows)
    cache.reorder_cache(indices)


def _end_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    """Tokens that end a text: every EOS that model and tokenizer name, and the special tokens of their chat format."""
    named = [tokenizer.eos_token_id, model.config.eos_token_id, getattr(model.generation_config, "eos_token_id", None)]
    ends = {int(id) for value in named if value is not None for id in (value if isinstance(value, list) else [value])}
    return frozenset(ends | set(tokenizer.all_special_ids))
