"""Prose for the starter model, the same every time, and learning it as the Studio does: by a plan, in messages."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from templora.chunks import Chunk, FileTokenizer, origin, split
from templora.config import DEFAULT
from templora.engine import Engine, GaveWay, Learn, Learnt, ModelInfo, Open, Save, Saved
from templora.memory import Plan

_WHO = ("The ferryman", "Agnes", "Her uncle", "The schoolmaster", "Old Tobias", "The girl from the mill")
_DID = ("counted", "hid", "forgot", "carried home", "would not speak of", "had always feared")
_WHAT = ("the tide tables", "a lantern without glass", "the letters", "the salt", "his father's boat", "the bell")
_WHERE = ("before the frost came", "at low water", "under the quay", "on the chapel steps", "in the long grass")
_TALK = ("“You are early,” she said.", "Nobody answered.", "“It will rain,” he said, and it did.", "The dog slept.")


def prose(seed: int, paragraphs: int) -> str:
    """Paragraphs of three to five plain sentences in which people and things come back."""
    draw = random.Random(seed)

    def sentence() -> str:
        return " ".join(draw.choice(part) for part in (_WHO, _DID, _WHAT, _WHERE)) + "."

    def paragraph() -> str:
        return " ".join([*(sentence() for _ in range(draw.randint(2, 4))), draw.choice(_TALK)])

    return "\n\n".join(paragraph() for _ in range(paragraphs))


def plan_of(info: ModelInfo, chapters: dict[str, str], size: int) -> Plan:
    """The plan of a book (its chapters by name) in chunks of about `size` tokens, read after as many."""
    tokenizer = FileTokenizer(info.tokenizer)
    chunks: list[Chunk] = []
    for name, text in chapters.items():
        chunks += split(name, text, tokenizer, size)
    return Plan.of(origin(info.fingerprint, DEFAULT), chunks, size)


@dataclass(frozen=True)
class Kept:
    """A snapshot of the first `n` chunks of a plan."""

    n: int
    chain: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Pupil:
    """Learns a plan in an engine. A memory of its first k chunks claims `plan.before(k)`."""

    engine: Engine
    plan: Plan
    folder: Path

    def open(self, kept: Kept | None = None) -> None:
        """Make a snapshot of this plan resident, or a memory that has learnt nothing."""
        if kept is None:
            self.engine.call(Open(self.plan.origin))
        else:
            self.engine.call(Open(kept.chain, kept.n, str(kept.path), kept.sha256))

    def learn(self, index: int, keep: bool = False) -> Learnt | GaveWay:
        chunk, plan = self.plan.chunks[index], self.plan
        reply = self.engine.call(
            Learn(plan.before(index), plan.chain[index], plan.prefix(index), list(chunk.ids), keep)
        )
        assert isinstance(reply, Learnt | GaveWay)
        return reply

    def learn_all(self, start: int = 0, stop: int | None = None) -> None:
        for index in range(start, len(self.plan.chunks) if stop is None else stop):
            assert isinstance(self.learn(index), Learnt)

    def keep(self, n: int) -> Kept:
        """Save the memory of the first `n` chunks."""
        self.folder.mkdir(exist_ok=True)
        chain = self.plan.before(n)
        path = self.folder / f"{chain[:12]}.safetensors"
        saved = self.engine.call(Save(chain, str(path)))
        assert isinstance(saved, Saved)
        return Kept(n, chain, path, saved.sha256)

    def sha256(self) -> str:
        """Of the memory of the whole plan, as a snapshot holds it."""
        return self.keep(len(self.plan.chunks)).sha256
