"""Asking an engine as the Studio does, in few words."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from templora.config import Sampling
from templora.engine import Engine, Event, Learn, Learnt, Score, Scored, Token

SAMPLING = asdict(Sampling(max_tokens=8, seed=3))


def chain(index: int) -> str:
    return hashlib.sha256(str(index).encode()).hexdigest()


def learn(engine: Engine, ids: list[int], index: int, keep: bool = False) -> Learnt:
    """Lesson `index` of a book: the memory `chain(index)` becomes `chain(index + 1)`."""
    start = 32 * index
    request = Learn(chain(index), chain(index + 1), ids[max(0, start - 24) : start], ids[start : start + 32], keep)
    reply = engine.call(request)
    assert isinstance(reply, Learnt)
    return reply


def score(engine: Engine, ids: list[int], memory: str | None) -> list[float]:
    reply = engine.call(Score(memory, ids[:24], ids[24:48]))
    assert isinstance(reply, Scored)
    return reply.losses


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))
