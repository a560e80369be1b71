"""The voice check and the echo check in the Memory tab. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui.parts import quiet

VOICE_HINT = (
    "How much each sentence surprises the book’s memory, beside the book’s other sentences of its length. A hint about "
    "voice, never a fact check: a new name or a new thought surprises it too."
)
ECHO_HINT = "Phrases of four words or more that the book repeats. Common words and names alone do not count."


@dataclass(frozen=True)
class ChecksPanel:
    voice: gr.Checkbox
    again: gr.Button
    cancel: gr.Button
    refresh: gr.Button
    line: gr.Textbox
    sentences: gr.Radio
    look: gr.Button
    echo_line: gr.Textbox
    echoes: gr.Radio
    places: gr.Radio


def checks() -> ChecksPanel:
    with gr.Accordion("Voice check", open=False, elem_id="voice-check"):
        gr.HTML(f"<p class='dim'>{VOICE_HINT}</p>")
        voice = gr.Checkbox(False, label="Tint what sounds least like the book", elem_id="voice-on")
        gr.HTML(
            "<div role='status'><span id='voice-progress'></span></div><div class='bar'><i id='voice-bar'></i></div>",
            elem_id="voice-progress-box",
        )
        with gr.Row(elem_id="voice-tools"):
            again = gr.Button("Check again", elem_id="voice-again", size="sm", min_width=0)
            cancel = gr.Button("Cancel", elem_id="voice-cancel", size="sm", min_width=0)
        refresh = gr.Button("Show what was found", visible="hidden", elem_id="voice-refresh")
        line = quiet("voice-line", label="What was compared", max_lines=8)
        sentences = gr.Radio([], label="Least like the book", elem_id="voice-list", elem_classes="found")
    with gr.Accordion("Echo check", open=False, elem_id="echo-check"):
        gr.HTML(f"<p class='dim'>{ECHO_HINT}</p>")
        look = gr.Button("Look for echoes", elem_id="echo-look", size="sm")
        echo_line = quiet("echo-line", label="What was found", visible=False)
        echoes = gr.Radio([], label="Phrases", elem_id="echo-list", elem_classes="found")
        places = gr.Radio([], label="Where it stands", elem_id="echo-places", elem_classes="found")
    return ChecksPanel(voice, again, cancel, refresh, line, sentences, look, echo_line, echoes, places)
