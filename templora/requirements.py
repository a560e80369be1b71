"""Does this Python environment satisfy a requirements file? Standard library only: it is asked before any is installed.

Understands what our files use: comments, `-r FILE`, `name`, `name==version`, `name>=version`, environment markers.
"""

from __future__ import annotations

import operator
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*((?P<op>==|>=)\s*(?P<version>[^\s;,]+))?\s*(;(?P<marker>.+))?"
)
_TOKEN = re.compile(r"""\s*(\(|\)|==|!=|<=|>=|<|>|'[^']*'|"[^"]*"|\w+)\s*""")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Requirement:
    """One line: `operator` is '==', '>=' or '' (any version)."""

    name: str
    operator: str
    version: str
    marker: str

    def wanted(self) -> bool:
        """Whether the line applies on this machine."""
        return not self.marker or evaluate(self.marker, environment())

    def met_by(self, installed: str | None) -> bool:
        """Whether a package of this version (None: not installed) will do."""
        if not installed:
            return False
        if self.operator == ">=":
            return _release(installed) >= _release(self.version)
        if self.operator == "==":
            # A build for other hardware ('2.13.0+cpu') is the same version, unless the pin names a build itself.
            return self.version in (installed, installed.partition("+")[0])
        return True


def read(path: Path) -> Iterator[Requirement]:
    """The lines of a requirements file and of those that it includes. Raises ValueError on one it cannot read."""
    for raw in path.read_text(encoding="utf-8").splitlines():
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        if line.startswith("-r "):
            yield from read(path.parent / line[3:].strip())
        elif line:
            match = _LINE.fullmatch(line)
            if not match:
                raise ValueError(f"{path.name}: {line!r} is not understood")
            yield Requirement(match["name"], match["op"] or "", match["version"] or "", (match["marker"] or "").strip())


def unmet(path: Path) -> list[str]:
    """Names of the packages that are missing from the running environment, or there in another version."""
    return [line.name for line in read(path) if line.wanted() and not line.met_by(_installed(line.name))]


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except (metadata.PackageNotFoundError, KeyError):  # KeyError: metadata that an interrupted pip left half-written
        return None


def _release(version: str) -> tuple[int, ...]:
    """'2.13.0+cpu' → (2, 13): trailing zeros do not count, nor does what follows the numbers."""
    match = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


# --- environment markers (PEP 508) -----------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    """The marker variables of the running interpreter."""
    return {
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_system": platform.system(),
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "implementation_name": sys.implementation.name,
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "python_full_version": platform.python_version(),
    }


def evaluate(marker: str, variables: dict[str, str]) -> bool:
    """The truth of a marker. Raises ValueError on what it does not understand."""
    tokens: list[str] = []
    position = 0
    while position < len(marker):
        match = _TOKEN.match(marker, position)
        if not match:
            raise ValueError(f"the marker {marker!r} is not understood")
        tokens.append(match[1])
        position = match.end()
    try:
        truth = _Marker(tokens, variables).either()
    except (IndexError, KeyError) as error:
        raise ValueError(f"the marker {marker!r} is not understood") from error
    if tokens:
        raise ValueError(f"the marker {marker!r} is not understood at {tokens[0]!r}")
    return truth


class _Marker:
    """Recursive descent over a marker's tokens, which are consumed."""

    def __init__(self, tokens: list[str], variables: dict[str, str]) -> None:
        self._tokens = tokens
        self._variables = variables

    def either(self) -> bool:
        truth = self._all()
        while self._tokens and self._tokens[0] == "or":
            self._tokens.pop(0)
            truth = self._all() or truth  # in this order: both sides must be consumed
        return truth

    def _all(self) -> bool:
        truth = self._one()
        while self._tokens and self._tokens[0] == "and":
            self._tokens.pop(0)
            truth = self._one() and truth
        return truth

    def _one(self) -> bool:
        if self._tokens[0] == "(":
            self._tokens.pop(0)
            truth = self.either()
            if self._tokens.pop(0) != ")":
                raise KeyError("a parenthesis is not closed")
            return truth
        left, left_is_version = self._value()
        comparison = self._tokens.pop(0)
        if comparison == "not" and self._tokens.pop(0) == "in":
            return left not in self._value()[0]
        if comparison == "in":
            return left in self._value()[0]
        right, right_is_version = self._value()
        if left_is_version or right_is_version:
            return _COMPARE[comparison](_release(left), _release(right))
        return _COMPARE[comparison](left, right)

    def _value(self) -> tuple[str, bool]:
        """(the value of a string or variable, whether it is a version)"""
        token = self._tokens.pop(0)
        if token[0] in "'\"":
            return token[1:-1], False
        return self._variables[token], token in ("python_version", "python_full_version")
