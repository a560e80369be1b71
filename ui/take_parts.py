"""The part of the Takes tab that asks for takes and compares them: a beat, cards, the verbs of a rewrite. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

CARDS = 5
"""Slots for takes side by side, as many as can be asked for at once; `src/cards.js` of the editor fills them."""
VERBS = {
    "rewrite": "Rewrite",
    "expand": "Expand",
    "shorten": "Shorten",
    "describe": "Describe",
    "past": "Past tense",
    "present": "Present tense",
    "first": "First person",
    "third": "Third person",
}
"""What can be done to a selected passage (`templora.verbs`), as its button says."""


@dataclass(frozen=True)
class Asking:
    beat: gr.Textbox
    write: gr.Button
    show: list[gr.Button]
    use: list[gr.Button]
    verbs: dict[str, gr.Button]
    instruction: gr.Textbox
    rewrite: gr.Button


def asking() -> Asking:
    gr.HTML("<h2>What happens next</h2>")
    with gr.Row(elem_id="beat-row"):
        beat = gr.Textbox(
            label="What happens next, in a line; Enter writes it",
            show_label=False,
            container=False,
            placeholder="She takes off her shoes and wades out …",
            lines=1,
            max_lines=3,
            max_length=500,
            elem_id="beat",
        )
        write = gr.Button("Write it", elem_id="beat-write", size="sm", min_width=0)
    gr.HTML("<h2 id='takes-what'></h2>", elem_id="takes-heading")
    show: list[gr.Button] = []
    use: list[gr.Button] = []
    with gr.Column(elem_id="takes-cards"):
        for slot in range(CARDS):
            with gr.Column(elem_id=f"take-card-{slot}", elem_classes=["card", "take-card"]):
                gr.HTML(
                    f"<div id='take-about-{slot}' class='dim'></div>"
                    f"<div id='take-text-{slot}' class='take' aria-live='off'></div>"
                )
                with gr.Row(elem_classes="take-card-tools"):
                    use.append(gr.Button("Use it", elem_id=f"take-use-{slot}", size="sm", min_width=0))
                    show.append(
                        gr.Button("Show", elem_id=f"take-show-{slot}", elem_classes="bare", size="sm", min_width=0)
                    )
    gr.HTML("<h2>Change the selection</h2>")
    with gr.Row(elem_id="verbs"):
        verbs = {
            verb: gr.Button(label, elem_id=f"verb-{verb}", size="sm", min_width=0) for verb, label in VERBS.items()
        }
    instruction = gr.Textbox(
        label="Or say how it should read",
        placeholder="as she would say it, angrier …",
        lines=1,
        max_lines=3,
        max_length=500,
        elem_id="instruction",
    )
    rewrite = gr.Button("Rewrite it so", elem_id="rewrite-selection", size="sm")
    gr.HTML(
        "<p class='dim' id='base-model-note'>This model writes on but follows no instructions: a wish of your own is "
        "not offered; the others are shown to it by an example.</p>"
    )
    return Asking(beat, write, show, use, verbs, instruction, rewrite)
