"""Score one chunk, then learn it: the prequential losses, and one optimizer step an epoch. Gives way between layers.

A window is BOS (where the tokenizer has one), the prefix, the chunk. In the default recipe the prefix is encoded once,
by the base model, without gradients; base model and memory then read the chunk after it, and the memory's reading is at
the same time the forward pass of its first update. In the `paper` recipe the memory encodes its prefix itself, and
gradients flow through the whole window.
"""

# torch ships partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers.cache_utils import Cache

from templora.adapter import Adapter, copy_for_one_pass
from templora.engine import Learnt

ShouldYield = Callable[[], bool]


class GiveWay(Exception):
    """Learning was abandoned for something more urgent. The adapter is as it was before."""


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

    def learn(
        self, prefix: Sequence[int], chunk: Sequence[int], chain: str, should_yield: ShouldYield = _never
    ) -> Learnt:
        """Score `chunk` (token ids) after `prefix`, then learn it. `chain`: the chain before, which seeds the dropout.

        The same memory, ids and chain make the same memory, bit for bit. `should_yield` is asked at every decoder
        layer, forward and backward; when it says so `GiveWay` is raised and nothing has changed.

        A window that has neither BOS nor prefix gives its first token no loss: it is reported as 0 and not learnt.
        """
        adapter, recipe = self._adapter, self._recipe
        # Only a second epoch can be interrupted after something has changed.
        before = adapter.state() if recipe.epochs > 1 else None
        with _numerics(recipe.threads, adapter.device), self._watched(should_yield):
            try:
                return self._learn(self._context(prefix, len(chunk)), list(chunk), chain)
            except BaseException:
                adapter.clear_gradients()
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
            past = self._past(context, memory=memory and not self._recipe.base_prefix)
            last = context[-1:]
            for start in range(0, len(ids), size):
                part = list(ids[start : start + size])
                losses += self._report(self._losses(last, part, past, memory=memory), part)
                last = part[-1:]
        return losses

    def compare(self, prefix: Sequence[int], chunk: Sequence[int]) -> tuple[list[float], list[float]]:
        """(losses by the base model, losses by the memory) of one chunk after `prefix`, as `learn` reports them.

        A prefix that the base model encodes is read once for both.
        """
        with _numerics(self._recipe.threads, self._adapter.device), torch.no_grad():
            base, own, _ = self._scored(self._context(prefix, len(chunk)), list(chunk), gradients=False)
        return self._report(base, chunk), self._report(own, chunk)

    def _context(self, prefix: Sequence[int], after: int) -> list[int]:
        """What is read before `after` tokens. The last of those is not read, only predicted."""
        room = max(0, self._adapter.context_tokens - len(self._begin) - after + 1)
        return [*self._begin, *prefix[max(0, len(prefix) - room) :]]

    def _learn(self, context: list[int], chunk: list[int], chain: str) -> Learnt:
        adapter, recipe = self._adapter, self._recipe
        started = time.perf_counter()
        # The scoring pass can be the update's own forward pass where both read alike.
        shared = recipe.dropout == 0 and not recipe.prefix_gradients
        base, scored, past = self._scored(context, chunk, gradients=shared)
        report = Learnt(self._report(base, chunk), self._report(scored, chunk), time.perf_counter() - started, 0.0)

        started = time.perf_counter()
        with _seeded(chain, adapter.device):
            for epoch in range(recipe.epochs):
                losses = scored if shared and epoch == 0 else self._training_losses(context, chunk, past)
                if losses.numel():
                    losses.mean().backward()
                    adapter.step(self._learning_rate())
                del losses
        adapter.n_chunks += 1
        return Learnt(report.base_losses, report.memory_losses, report.score_s, time.perf_counter() - started)

    def _scored(self, context: list[int], chunk: list[int], *, gradients: bool) -> tuple[Tensor, Tensor, Cache]:
        """The chunk's losses by base model and memory, those with gradients where asked; and the memory's prefix."""
        past = self._past(context, memory=False)
        with torch.no_grad():
            base = self._losses(context[-1:], chunk, copy_for_one_pass(past), memory=False)
        if not self._recipe.base_prefix:
            past = self._past(context, memory=True)
        with torch.set_grad_enabled(gradients):
            own = self._losses(context[-1:], chunk, copy_for_one_pass(past), memory=True)
        return base, own, past

    def _training_losses(self, context: list[int], chunk: list[int], past: Cache) -> Tensor:
        """Losses to learn from. With `prefix_gradients` as in the authors' `trainer/acc_pg19_trainer.py` and its data
        module: the prefix's labels are -100, so the loss covers the chunk only, while gradients flow through all."""
        if self._recipe.prefix_gradients:
            return self._losses(context, chunk, None, memory=True, dropout=True)
        return self._losses(context[-1:], chunk, copy_for_one_pass(past), memory=True, dropout=True)

    def _learning_rate(self) -> float:
        """Constant after a linear warm-up from 0 that advances with each chunk, not each epoch, as in the script."""
        warmup = self._recipe.warmup_steps
        return self._recipe.learning_rate * (min(1.0, self._adapter.n_chunks / warmup) if warmup else 1.0)

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

        layers = self._adapter.decoder_layers()
        handles = [layer.register_forward_pre_hook(look) for layer in layers]
        handles += [layer.register_forward_hook(look_back) for layer in layers]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


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
