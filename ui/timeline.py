"""A chapter's history as it is shown: moments in plain words, and what has changed since. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from storage.records import RevisionHead
from ui import view

GONE, NEW, SAME = "was there", "is new", "unchanged"
"""What the pieces of `changes` are called: words of then that are gone, words that came since, and a fold."""
AROUND_WORDS = 12
"""Unchanged words shown on each side of a change; longer stretches are folded."""
FOLD_WORDS = 8
"""So few words are not worth a fold."""
LONGEST = 15_000
"""Paragraphs of more words than this that differ throughout are shown as a whole: old, then new."""
EXACT = 1_000
"""So many words are compared with each other even where they are common; the time for it grows with their square."""

Piece = tuple[str, str | None]
Pair = tuple[str, str]

_KINDS = {
    "typed": "written",
    "accepted": "with a take of the model",
    "imported": "imported",
    "restored": "brought back",
    "replaced": "words replaced throughout the book",
}
_TOKENS = re.compile(r"\s*(?:\w+(?:['’]\w+)*|[^\w\s])|\s+")
"""A word or a mark with the space before it: spaces by themselves are alike everywhere, and say nothing."""


def moments(heads: Sequence[RevisionHead], now: float) -> list[tuple[str, int]]:
    """(label, number) for the timeline, newest first. `heads` is oldest first; the newest is how the chapter stands.

    A label has two lines: the name or the time, then the rest.
    """
    rows: list[tuple[str, int]] = []
    before = 0
    for head in heads:
        at = "Now" if head is heads[-1] else view.when(head.created_at, now)
        first, *rest = [head.name, _small(at)] if head.name else [at]
        change = head.words - before
        counted = f"{view.words(head.words)}, {'+' if change >= 0 else '−'}{abs(change):,}"
        rows.append((f"{first}\n" + " · ".join([*rest, _KINDS.get(head.kind, head.kind), counted]), head.number))
        before = head.words
    return rows[::-1]


def _small(at: str) -> str:
    return at[0].lower() + at[1:]


# --- what has changed ------------------------------------------------------------------------------------------------


def changes(then: str, now: str, around: int = AROUND_WORDS) -> list[Piece]:
    """How `now` differs from `then`, to be read: pieces of text, each (text, kind), kind None for what is in both.

    Unchanged text further than `around` words from any change is folded. Empty where nothing differs.
    """
    pairs = _grouped(_paragraphs(then, now))
    if all(old == new for old, new in pairs):
        return []
    pieces: list[Piece] = []
    for index, (old, new) in enumerate(pairs):
        if old == new:
            pieces += _folded(old, around if index else 0, around if index < len(pairs) - 1 else 0)
        else:
            pieces += [(text, kind) for text, kind in ((old, GONE), (new, NEW)) if text]
    return pieces


def _paragraphs(then: str, now: str) -> Iterator[Pair]:
    """(old, new) in order, paragraph by paragraph, then word by word inside the paragraphs that differ."""
    old, new = then.split("\n\n"), now.split("\n\n")
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "replace" and i2 - i1 == j2 - j1:
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                yield from _words(_block(old, i, i + 1), _block(new, j, j + 1))
            continue
        was, stands = _block(old, i1, i2), _block(new, j1, j2)
        if tag == "equal":
            same = max(was, stands, key=len)
            yield same, same
        else:
            yield from _words(was, stands)


def _block(paragraphs: list[str], begin: int, end: int) -> str:
    """The blank line before a block belongs to it."""
    return ("\n\n" if 0 < begin < end else "") + "\n\n".join(paragraphs[begin:end])


def _words(then: str, now: str) -> Iterator[Pair]:
    old, new = _TOKENS.findall(then), _TOKENS.findall(now)
    longest = max(len(old), len(new))
    if longest > LONGEST:
        yield then, now
        return
    for _, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=longest > EXACT).get_opcodes():
        was, stands = "".join(old[i1:i2]), "".join(new[j1:j2])
        # The space before both has not changed.
        space = was[: len(was) - len(was.lstrip())]
        if space and was != stands and stands.startswith(space):
            yield space, space
            was, stands = was[len(space) :], stands[len(space) :]
        yield was, stands


def _grouped(pairs: Iterable[Pair]) -> list[Pair]:
    """Neighbours of one kind become one. A lone space between two changes joins them: confetti cannot be read."""
    groups: list[Pair] = []
    for old, new in pairs:
        same = old == new
        if groups and (groups[-1][0] == groups[-1][1]) == same:
            groups[-1] = (groups[-1][0] + old, groups[-1][1] + new)
        elif not same and len(groups) > 1 and groups[-1][0].isspace() and "\n" not in groups[-1][0]:
            space, _ = groups.pop()
            groups[-1] = (groups[-1][0] + space + old, groups[-1][1] + space + new)
        else:
            groups.append((old, new))
    return groups


def _folded(text: str, head: int, tail: int) -> list[Piece]:
    """Unchanged text with its first `head` and last `tail` words; what lies between is counted only."""
    found = list(re.finditer(r"\S+", text))
    hidden = len(found) - head - tail
    if hidden <= FOLD_WORDS:
        return [(text, None)]
    begin = found[head - 1].end() if head else 0
    end = found[-tail].start() if tail else len(text)
    apart = "\n\n" if "\n" in text[begin:end] else " "
    before: list[Piece] = [(text[:begin] + apart, None)] if head else []
    after: list[Piece] = [(apart + text[end:], None)] if tail else []
    return [*before, (f"⋯ {view.words(hidden)} ⋯", SAME), *after]
