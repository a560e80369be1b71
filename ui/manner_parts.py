"""The manner that a book is written in, in the Takes tab. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from templora.presets import OWN, PRESETS


@dataclass(frozen=True)
class MannerPanel:
    manner: gr.Radio
    line: gr.Textbox


def manner() -> MannerPanel:
    from ui.parts import quiet  # which is made of this

    names = [*(preset.name for preset in PRESETS), OWN]
    choice = gr.Radio(names, label="Manner", elem_id="manner")
    line = quiet("manner-line", label="What is behind it", max_lines=3)
    return MannerPanel(choice, line)
