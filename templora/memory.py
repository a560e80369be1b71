"""The memory plan: which chunks a memory knows, which are due, from which snapshot to go on. Pure.

A memory is what its *lineage* says: the chain values chain_1 … chain_n of the chunks it has learnt, in order. The plan
is the chain of the book as it stands. Where the two part, everything after is stale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from templora import chunks as chunking
from templora.chunks import Chunk

NEAR_TOKENS = 256
"""A chunk nearer to its chapter's end than this is still being written, and is in the prefix anyway."""
SETTLED_S = 120.0
"""A chunk must have been untouched for this long to be learnt by itself."""
IDLE_S = 600.0
"""After this long without a change a memory that has gone stale is rebuilt."""

State = Literal["empty", "learning", "rebuilding", "paused", "current", "discarded", "failed"]


@dataclass(frozen=True)
class Plan:
    """The chunks of the book in order, and their chain. `chain[i]` claims chunks 0 … i; `origin` claims none."""

    origin: str
    chunks: tuple[Chunk, ...]
    chain: tuple[str, ...]
    window: int

    @staticmethod
    def of(origin: str, chunks: Sequence[Chunk], window: int) -> Plan:
        """`window`: tokens of prefix before each chunk, from the recipe."""
        return Plan(origin, tuple(chunks), tuple(chunking.chain(origin, chunks)), window)

    def before(self, index: int) -> str:
        """The chain that a memory must claim to learn chunk `index`."""
        return self.chain[index - 1] if index else self.origin

    def prefix(self, index: int) -> list[int]:
        return chunking.prefix(self.chunks, index, self.window)

    def chapter_starts(self) -> set[str]:
        """Chains that end a chapter: the memory as it was when the next chapter began."""
        return {
            link
            for link, chunk, after in zip(self.chain, self.chunks, self.chunks[1:], strict=False)
            if chunk.chapter != after.chapter
        }


def known(plan: Plan, lineage: Sequence[str]) -> int:
    """How many leading chunks of the plan a memory holds."""
    count = 0
    for planned, learnt in zip(plan.chain, lineage, strict=False):
        if planned != learnt:
            break
        count += 1
    return count


def due(plan: Plan, writing_in: str | None, settled: Callable[[Chunk], bool]) -> int:
    """How many leading chunks of the plan may be learnt now. Learning goes in order, so the first that may not ends it.

    A chunk is due when writing has moved to another chapter than its own, or when it lies `NEAR_TOKENS` behind the end
    of its chapter and is `settled` (untouched for `SETTLED_S`).
    """
    behind: dict[str, int] = {}
    far: list[bool] = []
    for chunk in reversed(plan.chunks):
        far.append(behind.get(chunk.chapter, 0) >= NEAR_TOKENS)
        behind[chunk.chapter] = behind.get(chunk.chapter, 0) + len(chunk.ids)
    for index, (chunk, is_far) in enumerate(zip(plan.chunks, reversed(far), strict=True)):
        moved_on = writing_in is not None and chunk.chapter != writing_in
        if not (moved_on or (is_far and settled(chunk))):
            return index
    return len(plan.chunks)


def resume(plan: Plan, claims: Iterable[str]) -> int:
    """From which chunk a rebuilt memory goes on: after the longest of `claims` that is on the plan's chain, else 0."""
    on_chain = {link: index + 1 for index, link in enumerate(plan.chain)}
    return max((on_chain[claim] for claim in claims if claim in on_chain), default=0)


def lineage(claim: str, parents: Mapping[str, str], origin: str) -> list[str] | None:
    """The chain values behind a snapshot's claim, by the lessons' parents; None where a lesson is missing."""
    links: list[str] = []
    while claim != origin:
        links.append(claim)
        if claim not in parents or len(links) > len(parents):
            return None
        claim = parents[claim]
    return links[::-1]
