"""Manners of writing: sampler settings under plain names, and which one a book is written in. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, cast

from templora.config import NEUTRAL, Sampling
from templora.errors import BadInput

OF_THE_REQUEST = ("seed", "max_tokens", "takes", "stop_at")
"""What a manner does not decide: how much is asked for, and where it ends."""
OF_THE_BOOK = ("banned", "banned_any_case", "word_bias")
"""What a book keeps whichever preset is chosen: words that its takes may not have, should have or should avoid."""
OWN = "Own"
"""The name where the writer has set the numbers."""


@dataclass(frozen=True)
class Preset:
    """`says`: what it is for, in a few words. `numbers`: the fields of `Sampling` in which it is not the usual one."""

    name: str
    says: str
    numbers: dict[str, Any]


def _of(sampling: Sampling) -> dict[str, Any]:
    usual, own = asdict(Sampling()), asdict(sampling)
    return {name: value for name, value in own.items() if name not in OF_THE_REQUEST and value != usual[name]}


PRESETS = (
    Preset("Steady", "Keeps to what is likely", _of(Sampling(temperature=0.6, top_p=0.9, min_p=0.08))),
    Preset("Lively", "Likely, with turns", {}),
    Preset(
        "Wild",
        "Leaves the nearest word out now and then, repeats nothing",
        _of(
            Sampling(
                temperature=1.1,
                top_p=1.0,
                min_p=0.04,
                repetition_penalty=1.0,
                xtc_probability=0.4,
            )
        ),
    ),
    Preset("Plain", "The model’s own odds", _of(NEUTRAL)),
)
USUAL = "Lively"


@dataclass(frozen=True)
class Manner:
    """What a book is written in: a preset by its name, or `OWN` numbers (fields of `Sampling`); and its words, the
    fields that are `OF_THE_BOOK`."""

    name: str = USUAL
    own: dict[str, Any] = field(default_factory=dict[str, Any])
    words: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def numbers(self) -> dict[str, Any]:
        """The fields of `Sampling` in which it is not the usual one."""
        return {**(self.own if self.name == OWN else preset(self.name).numbers), **self.words}

    def sampling(self) -> Sampling:
        """Raises `BadInput`."""
        return Sampling(**self.numbers)

    def stored(self) -> str:
        return json.dumps({"name": self.name, "own": self.own, "words": self.words}, sort_keys=True)


def preset(name: str) -> Preset:
    """Raises `BadInput`."""
    for each in PRESETS:
        if each.name == name:
            return each
    raise BadInput(f"There is no manner {name}: choose {', '.join(each.name for each in PRESETS)}.")


def manner(name: str, numbers: dict[str, Any] | None = None, before: Manner = Manner()) -> Manner:
    """A preset, or with `OWN` these numbers; with both the book's words that `numbers` names, the others as they were
    `before`. Raises `BadInput` for a name or a number that cannot be."""
    given = numbers or {}
    known = {each.name for each in fields(Sampling)} - set(OF_THE_REQUEST)
    unknown = sorted(set(given) - known)
    if unknown:
        raise BadInput(f"These settings are not known: {', '.join(unknown)}.")
    words = {**before.words, **{each: given[each] for each in OF_THE_BOOK if each in given}}
    own = {each: value for each, value in given.items() if each not in OF_THE_BOOK} if name == OWN else {}
    if name != OWN:
        preset(name)
    try:
        return Manner(name, _of(Sampling(**own)), _of(Sampling(**words)))
    except (TypeError, AttributeError) as error:  # a word where a number or a list should be
        raise BadInput(f"These settings cannot be used: {error}.") from error


def read(stored: str) -> Manner:
    """What was stored with a book; the usual manner where that cannot be read."""
    try:
        found = cast(dict[str, Any], json.loads(stored))
        return manner(str(found.get("name", USUAL)), {**found.get("own", {}), **found.get("words", {})})
    except (ValueError, AttributeError, TypeError, BadInput):
        return Manner()


LABELS = {
    "temperature": "temperature",
    "top_k": "top-k",
    "top_p": "top-p",
    "typical_p": "typical",
    "min_p": "min-p",
    "repetition_penalty": "repetition penalty",
    "xtc_probability": "XTC",
    "dry_multiplier": "DRY",
}


def behind(manner: Manner) -> str:
    """The numbers behind a manner that do something, in a line."""
    values, off = asdict(manner.sampling()), asdict(NEUTRAL)
    parts = [f"{label} {values[name]:g}" for name, label in LABELS.items() if values[name] != off[name]]
    return " · ".join(parts) or "nothing between you and the model"
