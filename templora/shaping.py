"""What shapes a take beside the samplers: where it ends, the book's marks, what of the book it may not copy. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from templora.config import Sampling
from templora.engine import Continue, Generation, Rewrite
from templora.marks import Habit, Marks
from templora.phrases import Copies, Watch
from templora.stops import LastSentence, Scene, Sentences
from templora.streaming import Filter, LeadingSpace, Paragraphs

_BEFORE_TOKENS = 96


def stops(sampling: Sampling) -> list[Filter]:
    """The filters that end a take. A sentence ends with its paragraph at the latest, and that with its scene."""
    match sampling.stop_at:
        case "whole":
            return [LastSentence()]
        case "sentence":
            return [Sentences(), Paragraphs()]
        case "paragraph":
            return [Scene(), Paragraphs()]
        case "scene":
            return [Scene()]
        case "none":
            return []


def shaping(
    request: Generation, sampling: Sampling, decode: Callable[[list[int]], str], own: Callable[[], list[Filter]] = list
) -> Callable[[], list[Filter]]:
    """Makes the filters of one take: `own` (those that take an answer apart), where it ends, the book's marks."""
    before = decode(request.prompt[-_BEFORE_TOKENS:]) if isinstance(request, Continue) else request.before
    leading = isinstance(request, Continue) and request.after_space

    def filters() -> list[Filter]:
        made: list[Filter] = [LeadingSpace()] if leading else []
        made += own()
        made += [] if isinstance(request, Rewrite) else stops(sampling)
        if request.habit:
            made.append(Marks(Habit(**request.habit), before + " " * leading))
        return made

    return filters


def watches(request: Generation, sampling: Sampling) -> Sequence[Watch]:
    """What may not stand in a take of this request, beside banned phrases."""
    if not request.copies or not sampling.copied_words:
        return []
    return [Copies(sampling.copied_words, known(request.copies))]


def packed(hashes: Any) -> str:
    """What `known` looks in: half of the bits of each hash, sorted, 4 bytes each, little-endian, in base64."""
    return base64.b64encode(np.unique(np.asarray(hashes, dtype=np.uint64).astype("<u4")).tobytes()).decode()


def known(copies: str) -> Callable[[int], bool]:
    """Is a hash among those that were `packed`, by half of its bits?"""
    hashes: Any = np.frombuffer(base64.b64decode(copies), dtype="<u4")

    def is_known(hash: int) -> bool:
        half = hash & 0xFFFF_FFFF
        place = int(np.searchsorted(hashes, np.uint32(half)))
        return place < len(hashes) and int(hashes[place]) == half

    return is_known
