"""The memory plan: which chunks a memory knows, which are due, from which snapshot to go on. Pure.

A memory is what its *lineage* says: the links of the chunks that it has learnt, in order. The plan is the chain of the
book as it stands. Where the two part, the memory has gone stale: it goes on serving, and may go on learning what comes
after its last chunk, until another one, built along the plan, takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from templora import chunks as chunking
from templora.chunks import Chunk

NEAR_TOKENS = 256
"""A chunk nearer to its chapter's end than this is still being written, and is in the prefix anyway."""
SETTLED_S = 120.0
"""A chunk must have been untouched for this long to be learnt by itself."""
IDLE_S = 600.0
"""After this long without a change a memory that has gone stale is rebuilt."""
CHEAP_CHUNKS = 8
"""A rebuild of so few chunks does not wait for that: it starts as soon as the edit has settled."""

State = Literal["reading", "empty", "learning", "rebuilding", "paused", "current", "discarded", "failed"]
Knowledge = Literal["known", "stale", "pending"]
"""Of one chunk of the book: learnt as it stands, learnt in an older version, not learnt."""


class Link(NamedTuple):
    """One chunk of a lineage: the chain that ends in it, and the SHA-256 of its text ('' where that was not kept)."""

    chain: str
    digest: str


Lineage = tuple[Link, ...]


@dataclass(frozen=True)
class Plan:
    """The chunks of the book in order, and their links. `links[i].chain` claims chunks 0 … i; `origin` claims none."""

    origin: str
    chunks: tuple[Chunk, ...]
    links: Lineage
    window: int
    places: Mapping[str, int] = field(default_factory=dict[str, int], repr=False)
    """For each digest, the last chunk with that text."""

    @staticmethod
    def of(origin: str, chunks: Sequence[Chunk], window: int) -> Plan:
        """`window`: tokens of prefix before each chunk, from the recipe."""
        digests = [chunking.digest(chunk.text) for chunk in chunks]
        links = tuple(map(Link, chunking.chain(origin, chunks), digests))
        return Plan(origin, tuple(chunks), links, window, {digest: i for i, digest in enumerate(digests)})

    @property
    def chain(self) -> tuple[str, ...]:
        return tuple(link.chain for link in self.links)

    def before(self, index: int) -> str:
        """The chain that a memory must claim to learn chunk `index`."""
        return self.links[index - 1].chain if index else self.origin

    def prefix(self, index: int) -> list[int]:
        return chunking.prefix(self.chunks, index, self.window)

    def chapter_starts(self) -> set[str]:
        """Chains that end a chapter: the memory as it was when the next chapter began."""
        return {
            link.chain
            for link, chunk, after in zip(self.links, self.chunks, self.chunks[1:], strict=False)
            if chunk.chapter != after.chapter
        }


# --- how a memory stands to the book ---------------------------------------------------------------------------------


def known(plan: Plan, lineage: Sequence[Link]) -> int:
    """How many leading chunks of the plan a memory holds, in the plan's order and from its beginning."""
    count = 0
    for planned, learnt in zip(plan.links, lineage, strict=False):
        if planned.chain != learnt.chain:
            break
        count += 1
    return count


@dataclass(frozen=True)
class Standing:
    """`chunks`: what a memory knows of each chunk of the plan. `gone`: how many texts that it learnt are no longer in
    the book, older versions included. `stale`: the memory is not what learning the book anew would make.

    `where`: for each chunk that is known, the index in the lineage of the link that knows it; else -1.
    """

    chunks: tuple[Knowledge, ...]
    where: tuple[int, ...]
    gone: int
    stale: bool

    @property
    def known(self) -> int:
        return self.chunks.count("known")


def standing(plan: Plan, lineage: Sequence[Link]) -> Standing:
    """How a memory stands to the plan.

    A chunk whose text the memory has learnt is known, wherever in the book it stood then. Of what stands in the place
    of learnt text that is gone, as many chunks as are gone there count as its newer versions.
    """
    same = known(plan, lineage)
    where = [*range(same), *[-1] * (len(plan.links) - same)]
    learnt = {link.digest: index for index, link in enumerate(lineage) if index >= same and link.digest}
    planned = {link.digest for link in plan.links[same:]}
    states: list[Knowledge] = ["known"] * same
    for index in range(same, len(plan.links)):
        where[index] = learnt.get(plan.links[index].digest, -1)
        states.append("pending" if where[index] < 0 else "known")
    old = [link.digest for link in lineage[same:]]
    new = [link.digest for link in plan.links[same:]]
    for _, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone_here = sum(digest not in planned for digest in old[i1:i2])
        for j in range(same + j1, same + j2):
            if states[j] == "pending" and gone_here:
                states[j], gone_here = "stale", gone_here - 1
    gone = sum(digest not in planned for digest in old)
    return Standing(tuple(states), tuple(where), gone, same < len(lineage))


# --- what to learn next, from where ----------------------------------------------------------------------------------


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


def following(plan: Plan, lineage: Sequence[Link], state: Standing, target: int) -> int | None:
    """Which of the first `target` chunks a stale memory may learn next; None: it waits for the rebuild.

    It is the chunk after the last one learnt, where that still stands in the book and the chunk is new. What is read
    before it must be what this memory's own chain says (the adapter depends on nothing that is not hashed): the chunks
    that fill the prefix have to be the same in both.
    """
    if not lineage or lineage[-1].digest not in plan.places:
        return None
    index = plan.places[lineage[-1].digest] + 1
    if index >= min(target, len(plan.chunks)) or state.chunks[index] != "pending":
        return None
    tokens, back = 0, 1
    while tokens < plan.window and back <= index:
        if back > len(lineage) or lineage[-back].digest != plan.links[index - back].digest:
            return None
        tokens += len(plan.chunks[index - back].ids)
        back += 1
    return index if tokens >= plan.window or back > len(lineage) else None


@dataclass(frozen=True)
class Work:
    """What a memory's next step is: learn chunk `index` of the plan (None: all that is due is learnt) into the
    `building` memory where `build` says so, else into the serving one. `serve`: first serve with this lineage instead.

    `target`: how many leading chunks may be learnt now. `ahead`: what a building memory has yet to learn until it takes
    over.
    """

    index: int | None
    build: bool
    building: Lineage | None
    target: int
    serve: Lineage | None = None
    ahead: tuple[Chunk, ...] = ()


def work(
    plan: Plan,
    serving: Lineage,
    building: Lineage | None,
    claims: Iterable[str],
    target: int,
    *,
    rebuild: bool,
    settled: Callable[[Chunk], bool],
) -> Work:
    """The next step towards a memory that has learnt the first `target` chunks of the plan.

    `claims` are the snapshots' chains; `rebuild`: a stale memory may be rebuilt whatever it takes. Else that is done
    where it takes no more than `CHEAP_CHUNKS` and the edit is `settled`.
    """
    start = resume(plan, claims)
    state = standing(plan, serving)
    # Text that came back has its snapshot. A last chunk that was edited is dropped at once: it is in the prefix anyway.
    serve = None
    if start >= state.known and start >= len(serving) - state.stale and plan.links[:start] != serving:
        serve = serving = plan.links[:start]
        state = standing(plan, serving)
    if not state.stale:
        return Work(len(serving) if len(serving) < target else None, False, None, target, serve)
    if building is None or known(plan, building) < max(len(building), start):
        building = plan.links[:start]
    last_known = max((index for index, knows in enumerate(state.chunks) if knows == "known"), default=-1)
    goal = max(target, last_known + 1)  # nothing that is known is given up for it
    ahead = plan.chunks[len(building) : goal]
    edited = plan.chunks[known(plan, serving) :][:1]
    if rebuild or (len(ahead) <= CHEAP_CHUNKS and all(settled(chunk) for chunk in edited)):
        return Work(len(building) if len(building) < goal else None, True, building, target, serve, ahead)
    return Work(following(plan, serving, state, target), False, building, target, serve, ahead)


def resume(plan: Plan, claims: Iterable[str]) -> int:
    """From which chunk a rebuilt memory goes on: after the longest of `claims` that is on the plan's chain, else 0."""
    on_chain = {link.chain: index + 1 for index, link in enumerate(plan.links)}
    return max((on_chain[claim] for claim in claims if claim in on_chain), default=0)


def lineage(claim: str, lessons: Mapping[str, tuple[str, str]], origin: str) -> Lineage | None:
    """The links behind a snapshot's claim, by the lessons' (parent, digest); None where a lesson is missing."""
    links: list[Link] = []
    while claim != origin:
        if claim not in lessons or len(links) > len(lessons):
            return None
        parent, digest = lessons[claim]
        links.append(Link(claim, digest))
        claim = parent
    return tuple(links[::-1])


def innocent(plan: Plan, lessons: Mapping[str, tuple[str, str]]) -> set[str]:
    """The chains, of those that `lessons` lead to by (parent, digest), that have seen no text but what is in the book,
    in whatever order; and those of the plan.
    """
    clean = {plan.origin, *(link.chain for link in plan.links)}
    known: dict[str, bool] = dict.fromkeys(clean, True)
    for start in lessons:
        path: list[str] = []
        chain = start
        while chain not in known and chain in lessons:
            known[chain] = False  # a circle is nobody's memory
            path.append(chain)
            chain = lessons[chain][0]
        sound = known.get(chain, False)
        for chain in reversed(path):
            sound = sound and lessons[chain][1] in plan.places
            known[chain] = sound
    return {chain for chain, sound in known.items() if sound}
