"""The Model dialog: which model there is, which others, and how far one is fetched. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui.parts import quiet


@dataclass(frozen=True)
class ModelDialog:
    box: gr.Column
    present: gr.Textbox
    offers: gr.Radio
    name: gr.Textbox
    look: gr.Button
    about: gr.Textbox
    fetch: gr.Button
    use: gr.Button
    cancel: gr.Button
    bar: gr.HTML
    progress: gr.Textbox
    close: gr.Button
    timer: gr.Timer
    """Runs while something is fetched."""


def model() -> ModelDialog:
    with gr.Column(visible=False, elem_id="model-dialog", elem_classes="dialog") as box:
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>The model</h2>")
            close = gr.Button("✕", elem_id="model-close", elem_classes=["bare", "close"], size="sm", min_width=0)
        present = quiet("model-present", label="The model in use")
        offers = gr.Radio([], label="Models", show_label=False, container=False, elem_id="model-offers")
        with gr.Row(elem_id="model-other"):
            name = gr.Textbox(
                label="Another one: owner/name on the hub, a folder, or a .gguf file", max_lines=1, max_length=500,
                elem_id="model-name",
            )  # fmt: skip
            look = gr.Button("Look", elem_id="model-look", size="sm", min_width=0)
        about = quiet("model-about", label="What choosing it means", max_lines=10)
        bar = gr.HTML(visible=False, elem_id="model-bar")
        progress = quiet("model-progress", label="How far it is fetched", visible=False)
        with gr.Row(elem_id="model-tools"):
            fetch = gr.Button("Fetch it", elem_id="model-fetch", size="sm", min_width=0, visible=False)
            use = gr.Button("Use it", variant="primary", elem_id="model-use", size="sm", min_width=0, visible=False)
            cancel = gr.Button("Cancel", elem_id="model-cancel", size="sm", min_width=0, visible=False)
    timer = gr.Timer(1, active=False)
    return ModelDialog(box, present, offers, name, look, about, fetch, use, cancel, bar, progress, close, timer)
