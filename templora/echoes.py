"""Phrases that a book repeats. Pure; 150,000 words take about a second."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

SHORTEST = 4
"""Words; shorter ones are how a language goes together."""
SHOWN = 40
_FREQUENT = 60
_LONG_BOOK = 5_000
"""Words from which a book's own most frequent ones are known, whatever its language."""

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# Phrases do not go across these; a comma belongs to them.
_STOP = re.compile(r"[.!?…:;()\[\]\"“”«»—*]|\n")

_ENGLISH = """
a about above across after again against all almost along already also although always am among an and another any
anything are aren't around as at away back be because been before began behind being below beside between both but
by came can can't cannot come could couldn't did didn't do does doesn't doing don't done down each either else even
ever every everything few first for from get go going gone got had hadn't half has hasn't have haven't having he
he'd he'll he's her here hers herself him himself his how i i'd i'll i'm i've if in indeed into is isn't it it's its
itself just knew know last least left less let like little long look looked made make many may me might mine more
most much must my myself near never next no nor not nothing now o'clock of off often oh on once one only or other
others our ours out over own perhaps put quite rather really said same saw say see seem seemed shall she she'd
she'll she's should shouldn't since so some something soon still such take than that that's the their theirs them
themselves then there there's these they they'd they'll they're they've thing things think this those though thought
three through till time to together told too took toward towards two under until up upon us very want wanted was
wasn't way we we'd we'll we're we've well went were weren't what when where whether which while who whole whom whose
why will with within without won't would wouldn't yes yet you you'd you'll you're you've your yours yourself
"""
_COMMON = frozenset(_ENGLISH.split())
"""English; beside it a long book's own most frequent words count as such."""


@dataclass(frozen=True)
class Place:
    """`[start, end)` (code points) of a chapter's text, where a phrase stands."""

    chapter: str
    start: int
    end: int


@dataclass(frozen=True)
class Echo:
    """A phrase (as it stands in its first place, line breaks as spaces) and all its places, in the book's order."""

    text: str
    words: int
    places: list[Place]


@dataclass(frozen=True)
class _Word:
    text: str
    chapter: int
    start: int
    end: int
    first: bool
    """Whether it begins a stretch: there every word may have a capital."""


def echoes(chapters: Sequence[tuple[str, str]], shown: int = SHOWN) -> list[Echo]:
    """The phrases that `chapters` (id, text) repeat, the most striking first, `shown` at most.

    A phrase has `SHORTEST` words or more of one sentence. Beside common words and names it has two others, or one
    where it comes four times; the shortest must come three times. A part of a longer phrase is shown only where it has
    places of its own.
    """
    words = [word for number, (_, text) in enumerate(chapters) for word in _words(number, text)]
    # A word is folded once, and nothing of a book stays here: the writer may want it forgotten.
    fold = {text: _folded(text) for text in {word.text for word in words}}
    folded = [fold[word.text] for word in words]
    dull = _dull(words, folded)
    taken = set[int]()
    found: list[Echo] = []
    candidates = sorted(_repeated(words, folded), key=lambda phrase: _weight(phrase, folded, dull), reverse=True)
    for starts, length in candidates:
        if len(found) == shown:
            break
        if _weight((starts, length), folded, dull)[0] <= 0:
            break
        # Where most of a phrase's words are shown already, it is a part of what was, or overlaps with it.
        own = [at for at in starts if sum(i in taken for i in range(at, at + length)) * 2 < length]
        if len(own) < 2:
            continue
        taken.update(i for at in starts for i in range(at, at + length))
        places = [Place(chapters[words[at].chapter][0], words[at].start, words[at + length - 1].end) for at in starts]
        text = chapters[words[starts[0]].chapter][1][places[0].start : places[0].end]
        found.append(Echo(" ".join(text.split()), length, places))
    return found


def _words(chapter: int, text: str) -> Iterator[_Word]:
    stop = 0
    for match in _WORD.finditer(text):
        yield _Word(match[0], chapter, *match.span(), stop == 0 or _STOP.search(text, stop, match.start()) is not None)
        stop = match.end()


def _folded(word: str) -> str:
    return word.replace("’", "'").casefold()


def _dull(words: Sequence[_Word], folded: Sequence[str]) -> set[str]:
    """Common words, names and numbers: what makes no phrase striking."""
    counts = Counter(folded)
    inside = Counter[str]()
    capital = Counter[str]()
    for word, low in zip(words, folded, strict=True):
        if not word.first:
            inside[low] += 1
            capital[low] += word.text[0].isupper()
    names = {low for low, count in inside.items() if capital[low] * 5 >= count * 4}
    # "Ines’s" is Ines.
    names |= {low for low in counts if low.endswith("'s") and low[:-2] in names}
    frequent = {low for low, _ in counts.most_common(_FREQUENT)} if len(words) >= _LONG_BOOK else set[str]()
    return {*_COMMON, *frequent, *names, *(low for low in counts if low[0].isdigit())}


_Phrase = tuple[list[int], int]
"""(where it begins, counted in words; how many words it has)"""


def _repeated(words: Sequence[_Word], folded: Sequence[str]) -> Iterator[_Phrase]:
    """Every repeated stretch that is longer than any with the same number of places around it."""
    runs = [0] * len(words)  # how many words from here on belong to one stretch
    for i in range(len(words) - 1, -1, -1):
        more = i + 1 < len(words) and not words[i + 1].first
        runs[i] = 1 + (runs[i + 1] if more else 0)
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, run in enumerate(runs):
        if run >= SHORTEST:
            groups.setdefault(tuple(folded[i : i + SHORTEST]), []).append(i)
    level = [starts for starts in groups.values() if len(starts) > 1]
    length = SHORTEST
    while level:
        longer: list[list[int]] = []
        for starts in level:
            after: dict[str, list[int]] = {}
            for at in starts:
                if runs[at] > length:
                    after.setdefault(folded[at + length], []).append(at)
            grown = [group for group in after.values() if len(group) > 1]
            longer += grown
            if not any(len(group) == len(starts) for group in grown) and not _same_before(starts, words, folded):
                yield _apart(starts, length), length
        level, length = longer, length + 1


def _same_before(starts: Sequence[int], words: Sequence[_Word], folded: Sequence[str]) -> bool:
    """Whether one and the same word stands before all places: then the phrase is a part of a longer one."""
    before = {None if words[at].first else folded[at - 1] for at in starts}
    return len(before) == 1 and None not in before


def _apart(starts: list[int], length: int) -> list[int]:
    """Without places that overlap the one before: "very very very very very" is one."""
    if all(b - a >= length for a, b in pairwise(starts)):
        return starts
    kept = [starts[0]]
    for at in starts[1:]:
        if at - kept[-1] >= length:
            kept.append(at)
    return kept


def _weight(phrase: _Phrase, folded: Sequence[str], dull: set[str]) -> tuple[float, int, int]:
    """How striking; 0: not at all. Then what decides between equals."""
    starts, length = phrase
    count = len(starts)
    bright = len({low for low in folded[starts[0] : starts[0] + length] if low not in dull})
    enough = (bright >= 2 and (count >= 3 or length > SHORTEST)) or (bright == 1 and count >= 4)
    striking = (bright + (length - SHORTEST) / 4) * (count - 1) ** 0.5 if enough and count > 1 else 0.0
    return striking, count, -starts[0]
