"""The History dialog: a chapter's versions, what has changed since each, and the ways back. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui import timeline
from ui.parts import quiet

CHANGES, WHOLE = "What has changed since", "Its text"


@dataclass(frozen=True)
class HistoryDialog:
    box: gr.Column
    about: gr.Textbox
    body: gr.Row
    versions: gr.Radio
    mode: gr.Radio
    hint: gr.HTML
    changes: gr.HighlightedText
    text: gr.Textbox
    restore: gr.Button
    copy: gr.Button
    name: gr.Textbox
    rename: gr.Button
    message: gr.Textbox
    close: gr.Button


def history() -> HistoryDialog:
    with gr.Column(visible=False, elem_id="history-dialog", elem_classes=["dialog", "wide"]) as box:
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>History</h2>")
            close = gr.Button("✕", elem_id="history-close", elem_classes=["bare", "close"], size="sm", min_width=0)
        about = quiet("history-about", label="Chapter")
        with gr.Row(elem_id="history-body") as body:
            with gr.Column(elem_id="history-list"):
                versions = gr.Radio([], label="Versions", show_label=False, container=False, elem_id="versions")
            with gr.Column(elem_id="history-view"):
                mode = gr.Radio(
                    [CHANGES, WHOLE], value=CHANGES, label="Show", show_label=False, container=False,
                    elem_id="history-mode",
                )  # fmt: skip
                hint = gr.HTML(elem_id="history-hint")
                changes = gr.HighlightedText(
                    label="Changes", show_label=False, container=False, elem_id="history-changes",
                    color_map={timeline.GONE: "#a84301", timeline.NEW: "#0b6501", timeline.SAME: "#777771"},
                )  # fmt: skip
                text = gr.Textbox(
                    label="Text of this version", show_label=False, container=False, interactive=False, visible=False,
                    lines=12, max_lines=12, elem_id="history-text",
                )  # fmt: skip
                with gr.Row(elem_id="history-tools"):
                    restore = gr.Button(
                        "Restore this version", variant="primary", elem_id="history-restore", size="sm", min_width=0
                    )
                    copy = gr.Button("Copy its text", elem_id="history-copy", size="sm", min_width=0)
                with gr.Row(elem_id="history-naming"):
                    name = gr.Textbox(
                        label="Name this version", placeholder="so that it is kept for good", max_lines=1,
                        max_length=200, elem_id="history-name",
                    )  # fmt: skip
                    rename = gr.Button("Name it", elem_id="history-rename", size="sm", min_width=0)
        message = quiet("history-message", label="Message", visible=False)
    return HistoryDialog(
        box, about, body, versions, mode, hint, changes, text, restore, copy, name, rename, message, close
    )
