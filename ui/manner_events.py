"""Wiring of the manner: choosing one sets the numbers, changing a number makes it one's own; kept with the book."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components import Slider

from templora.presets import OWN, Manner, behind, preset
from templora.studio import Studio
from ui.sampling_parts import Control
from ui.show import told

if TYPE_CHECKING:
    from ui.desk import Desk

WORDS = ("banned", "word_bias", "seed")
"""What is no matter of manner."""


def wire_manner(desk: Desk, studio: Studio) -> None:
    takes, panel = desk.takes, desk.takes.manner
    others = {name: control for name, control in takes.numbers.items() if name not in WORDS}
    controls: dict[str, Control] = {"temperature": takes.temperature, **others}
    shown = [panel.manner, panel.line]

    def told_of(manner: Manner) -> list[Any]:
        says = "" if manner.name == OWN else f"{preset(manner.name).says}: "
        return [manner.name, f"{says}{behind(manner)}"]

    def with_controls(manner: Manner) -> list[Any]:
        values = asdict(manner.sampling())
        return [*told_of(manner), *(gr.update(value=values[name]) for name in controls)]

    def load(project: str) -> list[Any]:
        return with_controls(studio.manner(project) if project else Manner())

    desk.project.change(load, desk.project, [*shown, *controls.values()], show_progress="hidden")

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
