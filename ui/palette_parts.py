"""The palette of all actions and the list of shortcuts. What they list is `ui/editor/src/actions.js`, in the browser.

They always stand on the page, hidden: opening them asks nothing of the server.
"""

from __future__ import annotations

import gradio as gr

CLASSES = ["dialog", "standing"]


def palette() -> None:
    with gr.Column(elem_id="palette", elem_classes=CLASSES):
        gr.HTML("<h2 class='dialog-title sr-only'>All actions</h2>")
        gr.Textbox(
            label="What would you like to do?", show_label=False, container=False, max_lines=1, elem_id="palette-query",
            placeholder="What would you like to do?",
        )  # fmt: skip
        gr.HTML(
            "<ul id='palette-list' role='listbox' aria-label='Actions'></ul>"
            "<p id='palette-none' class='dim' hidden>Nothing is called that here.</p>"
        )
    with gr.Column(elem_id="shortcuts", elem_classes=[*CLASSES, "wide"]):
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>Keyboard shortcuts</h2>")
            close = gr.Button("✕", elem_id="shortcuts-close", elem_classes=["bare", "close"], size="sm", min_width=0)
        gr.HTML("<div id='shortcuts-list' tabindex='0' role='region' aria-label='Shortcuts'></div>")
    close.click(None, js="() => { window.desk.hide('shortcuts') }")
