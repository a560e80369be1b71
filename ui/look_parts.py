"""The dialog that sets how the page looks. What is chosen stays in the browser (`look.js`): nothing is asked of the
server."""

from __future__ import annotations

import gradio as gr

THEMES = [("As the system", "system"), ("Light", "light"), ("Dark", "dark"), ("Sepia", "sepia")]
FACES = [("Serif", "serif"), ("Sans", "sans"), ("Easier to read", "easy"), ("Typewriter", "mono")]
FOCUS = [("Off", "off"), ("Paragraph", "paragraph"), ("Sentence", "sentence")]


def look(open_button: gr.Button) -> None:
    """The dialog, wired: `open_button` opens it."""
    with gr.Column(elem_id="look", elem_classes=["dialog", "standing"]):
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>The page</h2>")
            close = gr.Button("✕", elem_id="look-close", elem_classes=["bare", "close"], size="sm", min_width=0)
        theme = gr.Radio(THEMES, value="system", label="Colours", elem_id="look-theme")
        face = gr.Radio(FACES, value="serif", label="Typeface", elem_id="look-face")
        size = gr.Slider(14, 28, 18.5, step=0.5, label="Size of the letters", buttons=[], elem_id="look-size")
        width = gr.Slider(60, 75, 68, step=1, label="Characters in a line", buttons=[], elem_id="look-width")
        focus = gr.Radio(FOCUS, value="off", label="Focus: only where you write is in full ink", elem_id="look-focus")
        typewriter = gr.Checkbox(False, label="Typewriter: the line you write stays in the middle", elem_id="look-line")
        usual = gr.Button("As it was at first", elem_id="look-usual", elem_classes="bare", size="sm", min_width=0)
    controls: list[gr.Radio | gr.Slider | gr.Checkbox] = [theme, face, size, width, focus, typewriter]
    values = "window.look.names.map((name) => window.look.get()[name])"
    open_button.click(None, None, controls, js=f"() => {{ window.desk.show('look'); return {values} }}")
    usual.click(None, None, controls, js=f"() => {{ window.look.reset(); return {values} }}")
    close.click(None, js="() => { window.desk.hide('look') }")
    for control, name in zip(controls, ("theme", "face", "size", "width", "focus", "typewriter"), strict=True):
        control.input(None, control, None, js=f"(value) => {{ window.look.set({{{name}: value}}) }}")
