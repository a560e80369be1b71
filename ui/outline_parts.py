"""What the writer notes of the open chapter: components by name. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui import binder_view


@dataclass(frozen=True)
class Outline:
    """How far the chapter has come, and what happens in it; no part of the book."""

    status: gr.Dropdown
    synopsis: gr.Textbox


def status() -> gr.Dropdown:
    return gr.Dropdown(
        [(label, value) for value, label in binder_view.STATUSES.items()],
        value="",
        label="Status of the chapter",
        show_label=False,
        container=False,
        filterable=False,
        min_width=0,
        elem_id="chapter-status",
    )


def synopsis() -> gr.Textbox:
    """The page's script saves it while it is typed: see `outline.js` of the editor."""
    return gr.Textbox(
        label="Synopsis of the chapter",
        show_label=False,
        container=False,
        placeholder="Synopsis: what happens here. The model reads it; never learnt or exported.",
        lines=1,
        max_lines=8,
        max_length=2000,
        elem_id="chapter-synopsis",
    )
