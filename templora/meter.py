"""The memory meter: what a memory holds of its book, and what that was worth, as numbers for the page. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from storage.records import Lesson
from templora.memory import Plan, State


@dataclass(frozen=True)
class ChunkReport:
    """Losses are nats per token before the chunk was learnt; None until it is."""

    index: int
    chapter: str
    tokens: int
    base_loss: float | None
    memory_loss: float | None


@dataclass(frozen=True)
class MemoryReport:
    """What the Memory panel shows. `known_chunks` leading chunks of `chunks` (the plan, in order) are held."""

    state: State
    known_chunks: int
    pending_chunks: int
    known_tokens: int
    chunks: list[ChunkReport]
    known_words: int
    pending_words: int
    stale_chunks: int
    done: int
    total: int
    seconds_left: float
    learning: str
    failure: str | None


def nothing(learning: str, failure: str | None) -> MemoryReport:
    """The report before a base model is known."""
    return MemoryReport("empty", 0, 0, 0, [], 0, 0, 0, 0, 0, 0.0, learning, failure)


def report(
    plan: Plan,
    lessons: Mapping[str, Lesson],
    *,
    held: int,
    stale: int,
    done: int,
    target: int,
    state: State,
    learning: str,
    failure: str | None,
    seconds_for: Callable[[int], float],
) -> MemoryReport:
    """`held` leading chunks are served, `done` are held by whichever memory is learning, up to `target` are due."""
    rows: list[ChunkReport] = []
    for index, (chunk, link) in enumerate(zip(plan.chunks, plan.chain, strict=True)):
        lesson = lessons.get(link) if index < held else None
        base = lesson.base_loss / lesson.tokens if lesson else None
        own = lesson.memory_loss / lesson.tokens if lesson else None
        rows.append(ChunkReport(index, chunk.chapter, len(chunk.ids), base, own))
    left = sum(len(chunk.ids) for chunk in plan.chunks[done : max(done, target)])
    return MemoryReport(
        state=state,
        known_chunks=held,
        pending_chunks=len(plan.chunks) - held,
        known_tokens=sum(row.tokens for row in rows[:held]),
        chunks=rows,
        known_words=sum(chunk.words for chunk in plan.chunks[:held]),
        pending_words=sum(chunk.words for chunk in plan.chunks[held:]),
        stale_chunks=stale,
        done=done,
        total=max(done, target),
        seconds_left=seconds_for(left),
        learning=learning,
        failure=failure,
    )
