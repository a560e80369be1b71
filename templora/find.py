"""Finding words or a pattern in texts, and what they are to be replaced by.

Nothing in Python can stop a pattern that takes years, so patterns are tried in a process of their own, which is ended
after two seconds. It is this file, run as a program: standard library only, texts and answer as JSON over its pipes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WITHIN_S = 2.0
"""For all chapters of a book together."""
MEMORY = 1 << 30
"""Bytes that the process may have, where the system can tell it so."""
LONGEST = 500
"""Code points of what is looked for."""
MOST = 100_000
"""Hits in all."""

_EXPAND = re.compile(r"\$(?:(\$)|(&)|(\d{1,2})|\{(\w+)\})|\\(?:(\d{1,2})|(n)|(t)|(\\))")
_TOO_LONG = (
    "This pattern takes too long in this book: something in it can match the same words in very many ways. Nested "
    "repeats, as in (a+)+, often do. Make it more exact."
)


@dataclass(frozen=True)
class Query:
    """What to look for: `find` as it stands, or with `regex` as a pattern, in which ^ and $ are the ends of a line.
    `case`: capitals count. `word`: whole words only."""

    find: str
    case: bool = False
    word: bool = False
    regex: bool = False


@dataclass(frozen=True)
class Hit:
    """`[start, end)` in code points, and what would stand there instead."""

    start: int
    end: int
    instead: str


class Refused(Exception):
    """A pattern or a replacement that is none."""


def find(
    texts: Mapping[str, str], query: Query, replacement: str = "", within: float = WITHIN_S
) -> dict[str, list[Hit]]:
    """The hits in each text, by its key; texts without one are left out. What matches nothing at all is no hit.

    In the replacement of a pattern $1, ${name} and $& are what a group, and all of it, matched. Raises `BadInput` for a
    pattern that is none, that takes longer than `within` seconds, or a replacement that names no group of it.
    """
    from templora.errors import BadInput  # not there where this file runs as a program

    if not query.find:
        raise BadInput("Say what to look for.")
    if len(query.find) > LONGEST:
        raise BadInput(f"At most {LONGEST} characters can be looked for.")
    if not query.regex:
        try:
            return _hits(texts, _pattern(query), None, replacement)
        except Refused as refused:
            raise BadInput(str(refused)) from None
    asked = json.dumps({"texts": dict(texts), "query": vars(query), "replacement": replacement})
    try:
        done = subprocess.run(
            [sys.executable, "-I", __file__], input=asked.encode(), capture_output=True, timeout=within, check=False
        )
    except subprocess.TimeoutExpired:
        raise BadInput(_TOO_LONG) from None
    if done.returncode:
        raise BadInput("This pattern needs too much memory. Make it simpler.")
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise BadInput(answer["refused"])
    return {key: [Hit(*hit) for hit in hits] for key, hits in answer["hits"].items()}


def _pattern(query: Query) -> re.Pattern[str]:
    source = query.find if query.regex else re.escape(query.find)
    if query.word:
        source = rf"(?<!\w)(?:{source})(?!\w)"
    try:
        return re.compile(source, re.MULTILINE | (0 if query.case else re.IGNORECASE))
    except re.error as error:
        raise Refused(f"This is not a pattern: {error.msg}. Correct it, or turn ‘Pattern’ off.") from None
    except (OverflowError, RecursionError, MemoryError):
        raise Refused("This pattern is too large. Make it simpler.") from None


def _hits(
    texts: Mapping[str, str], pattern: re.Pattern[str], template: str | None, replacement: str
) -> dict[str, list[Hit]]:
    found: dict[str, list[Hit]] = {}
    left = MOST
    for key, text in texts.items():
        hits: list[Hit] = []
        for match in pattern.finditer(text):
            if match.end() == match.start():
                continue
            instead = replacement if template is None else _instead(match, template)
            hits.append(Hit(match.start(), match.end(), instead))
            if len(hits) > left:
                raise Refused(f"There are more than {MOST:,} places. Look for something longer.")
        left -= len(hits)
        if hits:
            found[key] = hits
    return found


def _instead(match: re.Match[str], template: str) -> str:
    def part(found: re.Match[str]) -> str:
        dollar, whole, number, name, backslash, line, tab, _ = found.groups()
        if dollar:
            return "$"
        if whole:
            return match.group()
        if line or tab:
            return "\n" if line else "\t"
        group = number or backslash
        if not (group or name):
            return "\\"
        try:
            return match.group(int(group) if group else name) or ""
        except IndexError:
            raise Refused(f"The pattern has no group {group or name}, which the replacement asks for.") from None

    return _EXPAND.sub(part, template)


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        found = _hits(asked["texts"], _pattern(Query(**asked["query"])), asked["replacement"], "")
    except Refused as refused:
        return {"refused": str(refused)}
    return {"hits": {key: [[hit.start, hit.end, hit.instead] for hit in hits] for key, hits in found.items()}}


if __name__ == "__main__":
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.stdout.write(json.dumps(_answer(json.loads(sys.stdin.buffer.read()))))
