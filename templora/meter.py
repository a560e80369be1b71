"""The memory meter: what a memory holds of its book, and what that was worth, as numbers for the page. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from storage.records import Lesson
from templora import memory
from templora.memory import Lineage, Plan, State, Work

PassageState = Literal["known", "stale", "pending", "learning", "excluded"]
"""Learnt as it stands; learnt in an older version; not learnt yet; being learnt now; left out by the writer."""


@dataclass(frozen=True)
class Passage:
    """`[start, end)` (code points) of a chapter's text, and what the memory knows of it."""

    start: int
    end: int
    state: PassageState


@dataclass(frozen=True)
class ChunkReport:
    """Losses are nats per token before the chunk was learnt; None until it is."""

    index: int
    chapter: str
    tokens: int
    base_loss: float | None
    memory_loss: float | None
    state: PassageState


@dataclass(frozen=True)
class MemoryReport:
    """What the Memory panel shows. `chunks` is the plan, in order; `known_chunks` of them are held as they stand.

    `stale`: the memory is not what learning the book anew would make; `stale_chunks` of the book's chunks it holds in
    an older version, and `gone_chunks` texts that it has learnt are no longer in the book. `rebuild_s`: seconds of
    learning until it is rebuilt. `done` of `total` chunks: how far the learning that is due has come.
    `excluded_words`: what the writer has left out of the memory.
    """

    state: State
    known_chunks: int
    pending_chunks: int
    known_tokens: int
    chunks: list[ChunkReport]
    known_words: int
    pending_words: int
    stale_words: int
    excluded_words: int
    stale: bool
    stale_chunks: int
    gone_chunks: int
    rebuild_s: float
    done: int
    total: int
    seconds_left: float
    learning: str
    failure: str | None


def nothing(state: State, learning: str, failure: str | None) -> MemoryReport:
    """The report before the plan is known."""
    return MemoryReport(state, 0, 0, 0, [], 0, 0, 0, 0, False, 0, 0, 0.0, 0, 0, 0.0, learning, failure)


def report(
    plan: Plan,
    serving: Lineage,
    lessons: Mapping[str, Lesson],
    work: Work,
    *,
    book_words: int,
    able: bool,
    in_hand: int | None,
    state: State,
    learning: str,
    failure: str | None,
    seconds_for: Callable[[int], float],
) -> MemoryReport:
    """`work` is the next step, if learning is `able` to go on; `in_hand` is the chunk in learning."""
    standing = memory.standing(plan, serving)
    rows: list[ChunkReport] = []
    for index, (chunk, knows, where) in enumerate(zip(plan.chunks, standing.chunks, standing.where, strict=True)):
        lesson = lessons.get(serving[where].chain) if where >= 0 else None
        base = lesson.base_loss / lesson.tokens if lesson else None
        own = lesson.memory_loss / lesson.tokens if lesson else None
        shown: PassageState = "learning" if index == in_hand else knows
        rows.append(ChunkReport(index, chunk.chapter, len(chunk.ids), base, own, shown))
    words = dict.fromkeys(("known", "stale", "pending"), 0)
    for chunk, knows in zip(plan.chunks, standing.chunks, strict=True):
        words[knows] += chunk.words
    to_rebuild = sum(len(chunk.ids) for chunk in work.ahead)
    known, due = standing.known, [knows != "known" for knows in standing.chunks[: work.target if able else 0]]
    left = sum(len(chunk.ids) for chunk, missing in zip(plan.chunks, due, strict=False) if missing)
    built = len(work.building or ()) if work.build else 0
    return MemoryReport(
        state=state,
        known_chunks=known,
        pending_chunks=len(plan.chunks) - known,
        known_tokens=sum(row.tokens for row, knows in zip(rows, standing.chunks, strict=True) if knows == "known"),
        chunks=rows,
        known_words=words["known"],
        pending_words=words["pending"],
        stale_words=words["stale"],
        excluded_words=max(0, book_words - sum(words.values())),
        stale=standing.stale,
        stale_chunks=standing.chunks.count("stale"),
        gone_chunks=standing.gone,
        rebuild_s=seconds_for(to_rebuild) if standing.stale else 0.0,
        done=built if work.build else known,
        total=built + len(work.ahead) if work.build else known + sum(due),
        seconds_left=seconds_for(to_rebuild if work.build else left),
        learning=learning,
        failure=failure,
    )


def passages(
    plan: Plan, serving: Lineage, in_hand: int | None, chapter: str, excluded: Sequence[tuple[int, int]]
) -> list[Passage]:
    """What the memory knows of one chapter, in order; blank lines between passages belong to none."""
    standing = memory.standing(plan, serving)
    found = [Passage(start, end, "excluded") for start, end in excluded]
    for index, (chunk, knows) in enumerate(zip(plan.chunks, standing.chunks, strict=True)):
        if chunk.chapter == chapter:
            lead = len(chunk.text) - len(chunk.text.lstrip())
            start = chunk.end - len(chunk.text) + lead
            found.append(Passage(start, chunk.end, "learning" if index == in_hand else knows))
    return sorted(found, key=lambda passage: passage.start)
