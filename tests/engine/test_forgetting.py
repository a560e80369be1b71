"""What is deleted is forgotten: a name planted in one chapter, before it is learnt, after, and after it was deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from templora import memory, models
from templora.chunks import FileTokenizer
from templora.embedded import EmbeddedEngine
from templora.engine import Drop, Learnt, ModelInfo, Resident, ResidentMemories, Score, Scored
from tests.engine.story import Kept, Pupil, plan_of, prose
from tests.engine.tiny import wait_until

NAME = " Oswinda Tarrabal"
PROMPTS = (
    "\n\nThere was a knock at the door, and in came",
    "\n\nNobody in the village had a kind word for",
    "\n\nThe letter was long and tender, and it was signed:",
)
"""None of them stands in the chapter."""
PLANTED = """\
Oswinda Tarrabal came to the island in the last week of October, with one trunk and a parrot that did not talk. The \
boatmen asked her name twice, because they had not heard such a name before. “Oswinda Tarrabal,” she told them, and \
paid in silver.

By the next morning everybody knew. The baker's wife had seen Oswinda Tarrabal at the well; the priest had been told \
that Oswinda Tarrabal did not kneel. Only the schoolmaster said that he would call on her himself, and he put on his \
better coat.

“Are you the lady who has taken the tower?” he asked. “I am Oswinda Tarrabal,” she said, “and the tower has taken me.” \
She laughed. He had not meant to like Oswinda Tarrabal, and he walked home in the rain quite happy.

In the winter there was fever. It was Oswinda Tarrabal who sat with the ferryman's children, and Oswinda Tarrabal who \
carried water up the hill when the pump froze. The women who had whispered about Oswinda Tarrabal brought her eggs.

When the spring ships came there was a man on the quay with a paper in his hand. He was looking for a certain Oswinda \
Tarrabal. The boatmen looked at the sea. They had never, they told him, heard of any Oswinda Tarrabal, and the tower \
had stood empty for a hundred years."""
CHAPTERS = {"before": prose(11, 3), "planted": PLANTED, "after": prose(12, 4)}
SIZE = 96
"""Tokens: ten chunks in all, five of them planted."""
LEARNT_NATS = 10.0
"""By how much the planted chapter makes the name more probable, at the least; 17 to 22 were seen, from 51 to 55."""
UNLEARNT_NATS = 3.0
"""By how much any other prose moves it, at the most; 1.8 were seen."""


@pytest.fixture(scope="module")
def engine(starter: ModelInfo) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(models.STARTER, Path(starter.folder).parent)
    wait_until(lambda: engine.status().state == "ready")
    yield engine
    engine.close()


def test_a_planted_name_is_learnt_and_forgotten_to_the_last_bit(
    engine: EmbeddedEngine, starter: ModelInfo, tmp_path: Path
) -> None:
    tokenizer = FileTokenizer(starter.tokenizer)
    name = tokenizer.encode(NAME)

    def log_probabilities(chain: str | None) -> list[float]:
        """Of the whole name after each prompt, in nats."""
        found: list[float] = []
        for prompt in PROMPTS:
            reply = engine.call(Score(chain, tokenizer.encode(prompt), name))
            assert isinstance(reply, Scored)
            found.append(-sum(reply.losses))
        return found

    base = log_probabilities(None)
    # First the book without the chapter, before this process has ever seen the name learnt.
    without = plan_of(starter, {name: text for name, text in CHAPTERS.items() if name != "planted"}, SIZE)
    innocent = Pupil(engine, without, tmp_path / "innocent")
    innocent.open()
    innocent.learn_all()
    never, never_sha256 = log_probabilities(without.chain[-1]), innocent.sha256()
    assert all(abs(seen - before) < UNLEARNT_NATS for seen, before in zip(never, base, strict=True))
    engine.call(Drop([]))

    book = plan_of(starter, CHAPTERS, SIZE)
    assert sum(chunk.chapter == "planted" for chunk in book.chunks) == 5
    pupil = Pupil(engine, book, tmp_path)
    pupil.open()
    kept: list[Kept] = []
    for index in range(len(book.chunks)):
        assert isinstance(pupil.learn(index), Learnt)
        kept.append(pupil.keep(index + 1))
    known = log_probabilities(book.chain[-1])
    assert all(seen - before > LEARNT_NATS for seen, before in zip(known, base, strict=True))

    # The chapter is deleted: a memory is built from the newest snapshot that is still on the chain, and takes over.
    start = memory.resume(without, [snapshot.chain for snapshot in kept])
    assert without.chunks[start - 1].chapter == "before" and without.chunks[start].chapter == "after"
    rebuilt = Pupil(engine, without, tmp_path / "rebuilt")
    rebuilt.open(kept[start - 1])
    rebuilt.learn_all(start)
    engine.call(Drop([book.chain[-1]]))
    assert log_probabilities(without.chain[-1]) == never
    assert rebuilt.sha256() == never_sha256
    assert engine.call(Resident()) == ResidentMemories([without.chain[-1]])
    assert log_probabilities(None) == base
