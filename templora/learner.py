"""Score one chunk and learn it: the prequential losses, an optimizer step a piece. Gives way between layers.

A window is BOS (where the tokenizer has one), the prefix, the chunk. In the default recipe base model and memory encode
the prefix without gradients and then read the chunk after it; the memory's reading is at the same time the forward pass
of its updates. It reads piece by piece (`step_tokens`): each is scored by the memory that has learnt the pieces before
it, after what the memory made of prefix and pieces when it read them. In the `paper` recipe gradients flow through the
whole window.
"""

# torch ships partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers.cache_utils import Cache

from templora.adapter import Adapter, AdapterState, copy_cache, copy_for_one_pass, detached
from templora.datastore import Found
from templora.engine import Learnt
from templora.states import decoder_layers

ShouldYield = Callable[[], bool]


class _Clock:
    """Seconds spent within it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._started


@dataclass(frozen=True)
class _Reading:
    """Of n tokens: their losses (n), the states that the model was in before them (n, width), the cache after them."""

    losses: Tensor
    states: Tensor
    after: Cache


@dataclass
class _Progress:
    """How far a lesson (chain, prefix, chunk) has come: what the base model made of the chunk, the memory's losses (one
    tensor a piece that is learnt), and what stands before the next piece, as the memory is to have it. `state`: the
    memory's when the lesson was given up; None: as before it."""

    lesson: tuple[str, tuple[int, ...], tuple[int, ...]]
    base: Tensor | None = None
    past: Cache | None = None
    own: list[Tensor] = field(default_factory=list[Tensor])
    scoring: _Clock = field(default_factory=_Clock)
    learning: _Clock = field(default_factory=_Clock)
    state: AdapterState | None = None


class GiveWay(Exception):
    """Learning was put off for something more urgent. The adapter is as it was before."""


def _never() -> bool:
    return False


class Learner:
    """Learns into `adapter`, whatever memory it holds at the time.

    `bos`: the tokenizer's BOS id, if it has one. A prefix that does not fit the model's context loses its beginning.
    """

    def __init__(self, adapter: Adapter, bos: int | None) -> None:
        self._adapter = adapter
        self._recipe = adapter.recipe
        self._begin = [] if bos is None else [bos]
        self._begun: _Progress | None = None

    def forget(self) -> None:
        """Drop what is kept of a chunk that was given up."""
        self._begun = None

    def learn(
        self, prefix: Sequence[int], chunk: Sequence[int], chain: str, should_yield: ShouldYield = _never
    ) -> Learnt:
        """Score `chunk` (token ids) after `prefix`, then learn it. `chain`: the chain before, which seeds the dropout.

        The same memory, ids and chain make the same memory, bit for bit. `should_yield` is asked at every decoder
        layer, forward and backward; when it says so `GiveWay` is raised and nothing has changed. The pieces that were
        learnt by then are kept beside the memory: the same lesson, asked for next, goes on with the piece in hand.

        A window that has neither BOS nor prefix gives its first token no loss: it is reported as 0 and not learnt.
        """
        adapter, recipe = self._adapter, self._recipe
        lesson = chain, tuple(prefix), tuple(chunk)
        progress = self._begun if self._begun and self._begun.lesson == lesson else _Progress(lesson)
        self._begun = None
        # Only a second step can be interrupted after something has changed.
        before = adapter.state() if recipe.epochs > 1 or len(self._pieces(chunk)) > 1 else None
        with _numerics(recipe.threads, adapter.device), self._watched(should_yield):
            try:
                if progress.state is not None:
                    adapter.load(progress.state)
                return self._learn(self._context(prefix, len(chunk)), list(chunk), chain, progress)
            except BaseException as error:
                adapter.clear_gradients()
                # Neither the random state of dropout nor a piece that is half learnt is kept.
                if isinstance(error, GiveWay) and recipe.dropout == 0 and recipe.epochs == 1:
                    progress.state = adapter.state() if progress.own else None
                    self._begun = progress
                if before is not None:
                    adapter.load(before)
                raise

    def score(
        self, prefix: Sequence[int], ids: Sequence[int], *, memory: bool, should_yield: ShouldYield | None = None
    ) -> list[float]:
        """Losses of `ids` after `prefix` in nats a token, by the memory or by the base model. As `learn` reports them.

        Any number of ids: they are read a chunk at a time, each attending to all before it. `should_yield` as in
        `learn`.
        """
        context, size, losses = self._context(prefix, len(ids)), self._recipe.chunk_tokens, list[float]()
        watched = self._watched(should_yield) if should_yield else nullcontext()
        with _numerics(self._recipe.threads, self._adapter.device), torch.no_grad(), watched:
            past = self._past(context, memory=memory)
            last = context[-1:]
            for start in range(0, len(ids), size):
                part = list(ids[start : start + size])
                if memory:
                    reading = self._read(last, part, past)
                    found = self._found(reading, part).losses(reading.losses)
                else:
                    found = self._losses(last, part, past, memory=False)
                losses += self._report(found, part)
                last = part[-1:]
        return losses

    def compare(self, prefix: Sequence[int], chunk: Sequence[int]) -> tuple[list[float], list[float]]:
        """(losses by the base model, losses by the memory) of one chunk after `prefix`, as `learn` reports them."""
        with _numerics(self._recipe.threads, self._adapter.device), torch.no_grad():
            context, ids = self._context(prefix, len(chunk)), list(chunk)
            base = self._losses(context[-1:], ids, self._past(context, memory=False), memory=False)
            reading = self._read(context[-1:], ids, self._past(context, memory=True))
            own = self._found(reading, ids).losses(reading.losses)
        return self._report(base, chunk), self._report(own, chunk)

    def _context(self, prefix: Sequence[int], after: int) -> list[int]:
        """What is read before `after` tokens. The last of those is not read, only predicted."""
        room = max(0, self._adapter.context_tokens - len(self._begin) - after + 1)
        return [*self._begin, *prefix[max(0, len(prefix) - room) :]]

    def _learn(self, context: list[int], chunk: list[int], chain: str, progress: _Progress) -> Learnt:
        adapter, recipe = self._adapter, self._recipe
        # The scoring pass can be the update's own forward pass where both read alike.
        shared = recipe.dropout == 0 and not recipe.prefix_gradients
        scoring, learning = progress.scoring, progress.learning
        with scoring, torch.no_grad():
            if (base := progress.base) is None:
                read = self._past(context, memory=False)
                base = progress.base = self._losses(context[-1:], chunk, read, memory=False)
            if (past := progress.past) is None:
                past = progress.past = self._past(context, memory=True)
        pieces = self._pieces(chunk)
        with _seeded(chain, adapter.device):
            for number in range(len(progress.own), len(pieces)):
                piece, last = pieces[number], pieces[number - 1][-1:] if number else context[-1:]
                with scoring, torch.set_grad_enabled(shared):
                    reading = self._read(last, piece, copy_for_one_pass(past))
                    found = self._found(reading, piece)
                    own = found.losses(reading.losses)
                    after = self._after(reading, last, piece, past) if piece is not pieces[-1] else past
                with learning:
                    for epoch in range(recipe.epochs):
                        again = not shared or epoch
                        self._step(self._training_losses(context, last, piece, past) if again else reading.losses)
                    if recipe.datastore:
                        adapter.datastore.learn(reading.losses, reading.states, _ending(piece, reading.losses), found)
                del reading
                progress.past = past = after
                progress.own.append(own)
        adapter.n_chunks += 1
        losses = self._report(torch.cat(progress.own), chunk)
        return Learnt(self._report(base, chunk), losses, scoring.seconds, learning.seconds)

    def _step(self, losses: Tensor) -> None:
        if losses.numel():
            losses.mean().backward()
            self._adapter.step(self._learning_rate())

    def _pieces(self, chunk: Sequence[int]) -> list[list[int]]:
        """What is learnt in one step each: as even as can be."""
        size = self._recipe.step_tokens
        count = max(1, round(len(chunk) / size)) if size else 1
        ends = [len(chunk) * number // count for number in range(count + 1)]
        return [list(chunk[start:end]) for start, end in pairwise(ends)]

    def _read(self, last: list[int], ids: list[int], past: Cache) -> _Reading:
        """The memory's own reading, without what its datastore says."""
        losses = self._losses(last, ids, past, memory=True)
        if not len(losses):
            return _Reading(losses, torch.zeros(0), past)
        return _Reading(losses, self._adapter.states.last[0, -len(losses) :], past)

    def _after(self, reading: _Reading, last: list[int], ids: list[int], past: Cache) -> Cache:
        """What the memory made of `ids`, to read on from."""
        if self._adapter.croppable:
            return detached(reading.after)
        # A pass with gradients leaves recurrent states as they were (`copy_for_one_pass`).
        cache = copy_cache(past)
        self._adapter.encode([*last, *ids[:-1]], cache, memory=True)
        return cache

    def _found(self, reading: _Reading, ids: list[int]) -> Found:
        return self._adapter.datastore.look_up(reading.states, _ending(ids, reading.losses))

    def _training_losses(self, context: list[int], last: list[int], ids: list[int], past: Cache) -> Tensor:
        """Losses to learn `ids` from, which stand after `last` and `past`. With `prefix_gradients` as in the authors'
        `trainer/acc_pg19_trainer.py` and its data module: the prefix's labels are -100, so the loss covers the chunk
        only, while gradients flow through all."""
        if self._recipe.prefix_gradients:
            return self._losses(context, ids, None, memory=True, dropout=True)
        return self._losses(last, ids, copy_for_one_pass(past), memory=True, dropout=True)

    def _learning_rate(self) -> float:
        """After a linear warm-up from 0 that advances with each chunk, not each epoch, as in the authors' script, it
        stays or falls with the root of how much has been learnt."""
        recipe, learnt = self._recipe, self._adapter.n_chunks
        warm = min(1.0, learnt / recipe.warmup_steps) if recipe.warmup_steps else 1.0
        slow = (1 + learnt / recipe.decay_chunks) ** -0.5 if recipe.decay_chunks else 1.0
        return recipe.learning_rate * warm * slow

    def _past(self, context: Sequence[int], *, memory: bool) -> Cache:
        """The KV cache of all of the context but its last token, which is read again in front of the chunk."""
        cache = self._adapter.new_cache()
        self._adapter.encode(context[:-1], cache, memory=memory)
        return cache

    def _losses(
        self, before: list[int], ids: list[int], cache: Cache | None, *, memory: bool, dropout: bool = False
    ) -> Tensor:
        """Cross entropy (nats) of each of `ids`, read after `before` on top of `cache`; one less without a `before`."""
        window = [*before, *ids]
        count = min(len(ids), len(window) - 1)
        if not count:
            return torch.zeros(0)
        rows = torch.tensor([window[:-1]])
        logits = self._adapter.forward(rows, cache, memory=memory, keep=count, dropout=dropout)[0].float()
        return functional.cross_entropy(logits, torch.tensor(ids[-count:], device=logits.device), reduction="none")

    @staticmethod
    def _report(losses: Tensor, ids: Sequence[int]) -> list[float]:
        found: list[float] = losses.detach().tolist()
        return [0.0] * (len(ids) - len(found)) + found

    @contextmanager
    def _watched(self, should_yield: ShouldYield) -> Generator[None]:
        def look(*_: Any) -> None:
            if should_yield():
                raise GiveWay

        def look_back(_module: Any, _inputs: Any, output: Any) -> None:
            hidden = output[0] if isinstance(output, tuple) else output
            if hidden.requires_grad:
                hidden.register_hook(look)

        layers = decoder_layers(self._adapter.base)
        handles = [layer.register_forward_pre_hook(look) for layer in layers]
        handles += [layer.register_forward_hook(look_back) for layer in layers]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _ending(ids: Sequence[int], losses: Tensor) -> Tensor:
    """Those of `ids` that have a loss."""
    return torch.tensor(ids[len(ids) - len(losses) :], dtype=torch.long)


@contextmanager
def _numerics(threads: int, device: torch.device) -> Generator[None]:
    """Sums in the recipe's order: its thread count, and deterministic kernels on a graphics card."""
    threads_before, strict_before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    if device.type != "cpu":
        torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.set_num_threads(threads_before)
        torch.use_deterministic_algorithms(strict_before)


@contextmanager
def _seeded(chain: str, device: torch.device) -> Generator[None]:
    """Dropout drawn from the chain, and the process's own random state as it was afterwards."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(int.from_bytes(hashlib.sha256(chain.encode()).digest()[:8], "little") >> 1)
        yield
