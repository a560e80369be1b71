"""Wiring of the manner: choosing one sets the numbers, changing a number makes it one's own; kept with the book.

So are the words that its takes may not have, should have or should avoid, whichever manner is chosen.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components import Slider, Textbox

from templora import presets
from templora.presets import OF_THE_BOOK, OWN, Manner, behind, preset
from templora.studio import Studio
from ui.sampling_parts import Control
from ui.show import told

if TYPE_CHECKING:
    from ui.desk import Desk

_WEIGHED = re.compile(r"(.*\S)\s+([+-]?\d+(?:\.\d+)?)")


def wire_manner(desk: Desk, studio: Studio) -> None:
    takes, panel = desk.takes, desk.takes.manner
    others = {name: control for name, control in takes.numbers.items() if name not in (*OF_THE_BOOK, "seed")}
    controls: dict[str, Control] = {"temperature": takes.temperature, **others}
    shown = [panel.manner, panel.line]
    words = [field for name in ("banned", "word_bias") if isinstance(field := takes.numbers[name], Textbox)]

    def told_of(manner: Manner) -> list[Any]:
        says = "" if manner.name == OWN else f"{preset(manner.name).says}: "
        return [manner.name, f"{says}{behind(manner)}"]

    def with_controls(manner: Manner) -> list[Any]:
        values = asdict(manner.sampling())
        return [*told_of(manner), *(gr.update(value=values[name]) for name in controls)]

    def load(project: str) -> list[Any]:
        manner = studio.manner(project) if project else Manner()
        return [*with_controls(manner), *_as_lines(manner)]

    desk.project.change(load, desk.project, [*shown, *controls.values(), *words], show_progress="hidden")

    @told
    def keep(project: str, banned: str, weighed: str) -> None:
        now = studio.manner(project) if project else Manner()
        numbers = {**now.numbers, **_as_words(banned, weighed)}
        # Only where it says something else: a click on a preset leaves the field, too, and is not to be written over.
        if project and presets.manner(now.name, numbers, now) != now:
            studio.set_manner(project, now.name, numbers)

    for field in words:
        field.blur(keep, [desk.project, *words], None, show_progress="hidden", trigger_mode="always_last")

    @told
    def choose(project: str, name: str) -> list[Any]:
        if not project:
            return [gr.skip()] * (len(shown) + len(controls))
        # One's own begins with the numbers that there are.
        numbers = studio.manner(project).numbers if name == OWN else None
        return with_controls(studio.set_manner(project, name, numbers))

    panel.manner.input(
        choose, [desk.project, panel.manner], [*shown, *controls.values()], show_progress="hidden",
        trigger_mode="always_last",
    )  # fmt: skip

    @told
    def own(project: str, *values: float) -> list[Any]:
        if not project:
            return [gr.skip()] * len(shown)
        now = studio.manner(project)
        before, numbers = asdict(now.sampling()), dict(zip(controls, values, strict=True))
        if all(before[name] == value for name, value in numbers.items()):
            return [gr.skip()] * len(shown)
        return told_of(studio.set_manner(project, OWN, {**now.numbers, **numbers}))

    events = [control.input for control in controls.values()]
    events += [control.release for control in controls.values() if isinstance(control, Slider)]
    gr.on(
        events, own, [desk.project, *controls.values()], shown, show_progress="hidden", trigger_mode="always_last"
    )  # fmt: skip


def _as_lines(manner: Manner) -> list[str]:
    """The book's words as the page shows them, one a line."""
    sampling = manner.sampling()
    return ["\n".join(sampling.banned), "\n".join(f"{word} {bias:+g}" for word, bias in sampling.word_bias.items())]


def _as_words(banned: str, weighed: str) -> dict[str, Any]:
    """The inverse, as `window.desk.sampling` in desk.js reads them: a line without a number says nothing yet."""
    found = [_WEIGHED.fullmatch(line.strip().replace("−", "-")) for line in weighed.splitlines()]
    bias = {match[1]: float(match[2]) for match in found if match}
    return {"banned": [line.strip() for line in banned.splitlines()], "word_bias": bias}
