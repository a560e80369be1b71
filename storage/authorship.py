"""How much of a book who wrote: words by author, as the runs of its chapters tell. Pure.

A word is what stands between two spaces, as everywhere in the desk. Where a run ends inside one, the whole word is that
author's who wrote its first letter, so that each word is counted once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from storage.records import ModelShare, ProvenanceReport, Run

UNKNOWN = "unknown model"
"""Wrote the words of takes whose rows are gone."""

_WORD = re.compile(r"\S+")
_LETTER = re.compile(r"\w")


@dataclass(frozen=True)
class AcceptedTake:
    """`accepted_words`: counted each time when something of it was accepted, None where nobody counted.
    `text_words`: of all that it offered; None where the text has been deleted."""

    model: str
    accepted_words: int | None
    text_words: int | None


def report(chapters: Iterable[tuple[str, Sequence[Run]]], takes: Mapping[str, AcceptedTake]) -> ProvenanceReport:
    """`chapters`: each one's text and runs. `takes`: all that were ever accepted into the book, by id.

    A take cannot have given more than it offered, so what is accepted, undone and accepted again counts once; nor less
    than stands in the book. Of a take that nobody counted all that it offered is taken for accepted.
    """
    kept: Counter[str | None] = Counter()
    for text, runs in chapters:
        kept += words_by_author(text, runs)
    shares: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    unknown = AcceptedTake(UNKNOWN, None, None)
    for id in {*takes, *kept} - {None}:
        take = takes.get(id or "", unknown)
        counted = [words for words in (take.accepted_words, take.text_words) if words is not None]
        share = shares[take.model]
        share[0] += max(min(counted, default=0), kept[id])
        share[1] += kept[id]
    models = [ModelShare(model, accepted, stand, accepted - stand) for model, (accepted, stand) in shares.items()]
    models.sort(key=lambda share: (-share.kept_words, -share.accepted_words, share.model))
    return ProvenanceReport(kept[None], models, kept.total())


def words_by_author(text: str, runs: Sequence[Run]) -> Counter[str | None]:
    """How many words of a text each take wrote, and the writer (None). `runs` cover the text exactly."""
    ends = list(accumulate(run.length for run in runs))
    return Counter(runs[bisect_right(ends, _first_letter(word))].take for word in _WORD.finditer(text))


def words_within(text: str, start: int, end: int) -> int:
    """How many words of a text have their first letter in `[start, end)`."""
    at = start
    while at and not text[at - 1].isspace():
        at -= 1
    count = 0
    for word in _WORD.finditer(text, at):
        if word.start() >= end:
            break
        count += start <= _first_letter(word) < end
    return count


def _first_letter(word: re.Match[str]) -> int:
    """Where in the text it is; of what has no letter (a dash, a scene break) where it begins."""
    letter = _LETTER.search(word[0])
    return word.start() + (letter.start() if letter else 0)
