"""What learning and writing cost, alternating in one process so that a busy machine is busy for all alike."""

# torch ships partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Sequence
from typing import Any

import torch

from templora import chunks as chunking
from templora.adapter import Adapter, AdapterState
from templora.bench.runs import Laboratory
from templora.chunks import Chunk
from templora.config import Recipe
from templora.datastore import Found
from templora.engine import Learnt
from templora.learner import Learner

WRITTEN = 128
"""Tokens that are written after a prompt was read."""


def learning(lab: Laboratory, recipes: Sequence[Recipe], parts: list[Chunk], rounds: int) -> dict[str, Any]:
    """Milliseconds that a token costs to learn, by recipe: medians over `rounds` blocks, each learnt by all in turn.

    A block is as many passages as the longest recipe's chunk takes, after as much text as its prefix wants. `total`
    counts the scoring of the block by base and memory too.
    """
    block = max(recipe.chunk_tokens for recipe in recipes)
    first = _index_at(parts, max(recipe.prefix_tokens for recipe in recipes))
    learners = {recipe.name: Learner(lab.adapter(recipe), lab.info.bos_id) for recipe in recipes}
    learn: dict[str, list[float]] = {recipe.name: [] for recipe in recipes}
    total: dict[str, list[float]] = {recipe.name: [] for recipe in recipes}
    for turn in range(rounds + 1):
        last = first
        while last < len(parts) and sum(len(part.ids) for part in parts[first : last + 1]) <= block:
            last += 1
        for recipe in recipes:
            spent = [
                learners[recipe.name].learn(chunking.prefix(parts, begin, recipe.prefix_tokens), ids, "")
                for begin, ids in _together(parts, first, last, recipe.chunk_tokens)
            ]
            count = sum(len(part.ids) for part in parts[first:last])
            if turn:  # the first round warms up
                learn[recipe.name].append(1000 * sum(each.learn_s for each in spent) / count)
                total[recipe.name].append(1000 * sum(each.learn_s + each.score_s for each in spent) / count)
        first = last
    return {
        name: {"learn_ms": statistics.median(learn[name]), "total_ms": statistics.median(total[name])} for name in learn
    }


def by_length(
    lab: Laboratory, recipe: Recipe, parts: list[Chunk], lengths: Sequence[int], rounds: int
) -> dict[str, Any]:
    """Milliseconds that a token costs to learn, by how many tokens the memory has learnt before: as `learning`, the
    same passage each time."""
    adapter = lab.adapter(recipe)
    learner = Learner(adapter, lab.info.bos_id)
    at = _index_at(parts, recipe.prefix_tokens)
    prefix, ids = chunking.prefix(parts, at, recipe.prefix_tokens), parts[at].ids
    memories: dict[int, AdapterState] = {}
    for length in lengths:
        adapter.reset()
        fill_datastore(adapter, length)
        memories[length] = adapter.state()
    spent: dict[int, list[Learnt]] = {length: [] for length in lengths}
    for _ in range(rounds + 1):
        for length, memory in memories.items():
            adapter.load(memory)
            spent[length].append(learner.learn(prefix, ids, ""))
    return {
        str(length): {
            "learn_ms": statistics.median(1000 * each.learn_s / len(ids) for each in turns[1:]),
            "total_ms": statistics.median(1000 * (each.learn_s + each.score_s) / len(ids) for each in turns[1:]),
        }
        for length, turns in spent.items()
    }


def _index_at(parts: list[Chunk], tokens: int) -> int:
    index = seen = 0
    while seen < tokens:
        seen += len(parts[index].ids)
        index += 1
    return index


def _together(parts: list[Chunk], first: int, last: int, size: int) -> list[tuple[int, list[int]]]:
    """(index of the first passage, ids) of each stretch of whole passages of at most `size` tokens."""
    found: list[tuple[int, list[int]]] = []
    for index in range(first, last):
        ids = list(parts[index].ids)
        if found and len(found[-1][1]) + len(ids) <= size:
            found[-1][1].extend(ids)
        else:
            found.append((index, ids))
    return found


@torch.no_grad()
def fill_datastore(adapter: Adapter, tokens: int) -> None:
    """Have it hold as many tokens as if a book of that length had been learnt. Which ones does not change the time."""
    width = adapter.base.get_output_embeddings().weight.shape[1]
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(tokens, width, generator=generator).to(adapter.device)
    ids = torch.randint(0, adapter.base.config.vocab_size, (tokens,), generator=generator)
    nothing = torch.zeros(tokens, device=adapter.device)
    adapter.datastore.learn(nothing, states, ids, Found(nothing, nothing.long(), nothing))


def writing(lab: Laboratory, recipe: Recipe, ids: Sequence[int], window: int, memory: bool) -> dict[str, float]:
    """Read `window` tokens and write `WRITTEN` more, one by one (the book's own: what is drawn does not matter).

    The memory's datastore is as large as that of all `ids`. Seconds of both, bytes of the KV cache at the end, peak
    memory of this process. Where `window` and what is written do not both fit the model's context, less is read.
    """
    adapter = lab.adapter(recipe)
    if memory and recipe.datastore:
        fill_datastore(adapter, len(ids))
    _read_and_write(adapter, ids[: WRITTEN + 64], 64, memory)  # warms up
    read = min(window, adapter.context_tokens - WRITTEN)
    return {
        "window": window,
        **_read_and_write(adapter, ids[: read + WRITTEN], read, memory),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


@torch.no_grad()
def _read_and_write(adapter: Adapter, ids: Sequence[int], read: int, memory: bool) -> dict[str, float]:
    began = time.perf_counter()
    cache = adapter.new_cache()
    adapter.encode(ids[: read - 1], cache, memory=memory)
    middle = time.perf_counter()
    for id in ids[read - 1 : read - 1 + WRITTEN]:
        logits = adapter.forward(torch.tensor([[id]]), cache, memory=memory, keep=1)
        if memory:
            adapter.datastore.mix(logits[:, -1].float(), adapter.states.last[:, -1])
    held: Any = cache.layers
    bytes = sum(tensor.nbytes for layer in held for tensor in (layer.keys, layer.values))
    return {"read_s": middle - began, "write_s": time.perf_counter() - middle, "cache_mb": bytes / 1e6}
