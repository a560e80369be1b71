"""What turns a text into an older version of it: a delta, with which the older one need not be stored. Pure.

A delta names the stretches that both share and holds what only the older text has. It knows a checksum of that text, so
that damage is an error and never another text.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence

from storage.provenance import Match
from templora.errors import RevisionDamaged

CHECKSUM = 8
"""Bytes."""
_DAMAGED = (
    "This version of the chapter is damaged and cannot be shown. The present text and the newer versions are whole; "
    "look for this one in a backup."
)


def pack(older: str, newer: str, kept: Iterable[Match]) -> bytes:
    """`kept`: stretches of `older` that stand in `newer`, in order and never crossing; what they leave out is stored.

    The result is a checksum of `older` and, compressed, the JSON list [skip, insert, copy, skip, insert, copy, …]: skip
    so many code points of `newer`, insert a text, copy so many.
    """
    steps: list[int | str] = []
    at_older = at_newer = 0
    for start_older, start_newer, length in [*kept, (len(older), len(newer), 0)]:
        steps += [start_newer - at_newer, older[at_older:start_older], length]
        at_older, at_newer = start_older + length, start_newer + length
    stored = json.dumps(steps, ensure_ascii=False, separators=(",", ":"))
    return _checksum(older) + zlib.compress(stored.encode(), 9)


def unpack(newer: str, packed: bytes) -> str:
    """The older text, unchecked. Raises `RevisionDamaged` where it can be seen without a check.

    Of several in a row only the last has to be checked: damage to any of them shows there.
    """
    pieces: list[str] = []
    at = 0
    for skip, insert, length in _steps(packed):
        at += skip
        pieces += [insert, newer[at : at + length]]
        at += length
    return "".join(pieces)


def check(older: str, packed: bytes) -> None:
    """Raises `RevisionDamaged` where an unpacked text is not the one that was packed."""
    if packed[:CHECKSUM] != _checksum(older):
        raise RevisionDamaged(_DAMAGED)


def kept(packed: bytes) -> list[Match]:
    """The stretches that a delta was packed with, but for empty ones. Raises `RevisionDamaged`."""
    found: list[Match] = []
    at_older = at_newer = 0
    for skip, insert, length in _steps(packed):
        at_older, at_newer = at_older + len(insert), at_newer + skip
        if length:
            found.append((at_older, at_newer, length))
        at_older, at_newer = at_older + length, at_newer + length
    return found


def through(first: Sequence[Match], second: Sequence[Match]) -> list[Match]:
    """What an oldest text shares with a newest by way of one between: `first` are the stretches of the oldest in that
    one, `second` those of that one in the newest. Costs no comparison of texts."""
    found: list[Match] = []
    i = j = 0
    while i < len(first) and j < len(second):
        (oldest, between, length), (between_too, newest, length_too) = first[i], second[j]
        start = max(between, between_too)
        end = min(between + length, between_too + length_too)
        if start < end:
            found.append((oldest + start - between, newest + start - between_too, end - start))
        if between + length <= between_too + length_too:
            i += 1
        else:
            j += 1
    return joined(found)


def joined(matches: Iterable[Match]) -> list[Match]:
    """Stretches that follow each other in both texts as one; empty ones go."""
    result: list[Match] = []
    for older, newer, length in matches:
        if not length:
            continue
        if result and (older, newer) == (result[-1][0] + result[-1][2], result[-1][1] + result[-1][2]):
            result[-1] = (*result[-1][:2], result[-1][2] + length)
        else:
            result.append((older, newer, length))
    return result


def _steps(packed: bytes) -> list[tuple[int, str, int]]:
    try:
        stored = json.loads(zlib.decompress(packed[CHECKSUM:]))
        return [(int(skip), str(insert), int(length)) for skip, insert, length in zip(*[iter(stored)] * 3, strict=True)]
    except (zlib.error, ValueError, TypeError) as error:
        raise RevisionDamaged(_DAMAGED) from error


def _checksum(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=CHECKSUM).digest()
