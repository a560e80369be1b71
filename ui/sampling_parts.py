"""The numbers behind a take: components by the name of their field in `templora.config.Sampling`. No events."""

from __future__ import annotations

import gradio as gr
from gradio.components import Checkbox, Dropdown, Number, Slider, Textbox

from templora.config import Sampling

Control = Slider | Number | Checkbox | Dropdown | Textbox

STOPS = {
    "whole": "a sentence near this length",
    "none": "exactly this length",
    "sentence": "the end of a sentence",
    "paragraph": "the end of a paragraph",
    "scene": "the end of the scene",
}


def stop_at() -> Dropdown:
    return gr.Dropdown(
        [(label, value) for value, label in STOPS.items()],
        value=Sampling.stop_at,
        label="Stop at",
        filterable=False,
        elem_id="set-stop_at",
    )


def numbers() -> dict[str, Control]:
    """What few writers touch, in the order in which the samplers work, and what shapes the text."""
    usual = Sampling()
    made: dict[str, Control] = {}

    def slider(name: str, low: float, high: float, step: float, label: str) -> None:
        made[name] = gr.Slider(low, high, getattr(usual, name), step=step, label=label, elem_id=f"set-{name}")

    slider("repetition_penalty", 1, 2, 0.01, "Repetition penalty (1 is off)")
    slider("dry_multiplier", 0, 5, 0.05, "DRY, against repeated phrases (0 is off)")
    slider("dry_allowed_length", 1, 10, 1, "DRY: words in a row that may come again")
    slider("top_k", 0, 200, 1, "top-k (0 is off)")
    slider("typical_p", 0.05, 1, 0.05, "typical-p (1 is off)")
    slider("top_p", 0.05, 1, 0.05, "top-p (1 is off)")
    slider("min_p", 0, 0.5, 0.01, "min-p (0 is off)")
    slider("xtc_probability", 0, 1, 0.05, "XTC, against the obvious: how often (0 is off)")
    slider("xtc_threshold", 0.01, 0.5, 0.01, "XTC: from which likelihood on")
    slider("copied_words", 0, 40, 1, "Words in a row that may be copied from the book (0: any number)")
    made["banned"] = gr.Textbox(
        label="Phrases that no take may hold, one a line",
        placeholder="a shiver ran down\ncouldn’t help but",
        lines=2,
        max_lines=8,
        elem_id="set-banned",
    )
    made["word_bias"] = gr.Textbox(
        label="Words to favour or to avoid, each with a number from -100 to 100",
        placeholder="harbour +2\nsuddenly -5",
        lines=2,
        max_lines=8,
        elem_id="set-word_bias",
    )
    made["follow_marks"] = gr.Checkbox(
        usual.follow_marks, label="Quotation marks and dashes as in the book", elem_id="set-follow_marks"
    )
    made["seed"] = gr.Number(
        None, precision=0, minimum=0, label="Seed (empty: a new one each time)", elem_id="set-seed"
    )
    return made
