"""The bar above the text, for finding in the chapter. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr
from gradio.components import Checkbox, Textbox


@dataclass(frozen=True)
class FindBar:
    find: gr.Textbox
    instead: gr.Textbox
    case: gr.Checkbox
    word: gr.Checkbox
    regex: gr.Checkbox
    previous: gr.Button
    following: gr.Button
    replace: gr.Button
    all: gr.Button
    book: gr.Button
    close: gr.Button

    @property
    def query(self) -> list[Textbox | Checkbox]:
        """In the order that `window.desk.find` takes them."""
        return [self.find, self.instead, self.case, self.word, self.regex]


def options_of(id: str) -> tuple[gr.Checkbox, gr.Checkbox, gr.Checkbox]:
    """Capitals count; whole words; a pattern."""
    return (
        gr.Checkbox(False, label="Aa", elem_id=f"{id}-case", elem_classes="chip", min_width=0, container=False),
        gr.Checkbox(False, label="Word", elem_id=f"{id}-word", elem_classes="chip", min_width=0, container=False),
        gr.Checkbox(False, label="Pattern", elem_id=f"{id}-regex", elem_classes="chip", min_width=0, container=False),
    )


def find_bar() -> FindBar:
    def button(label: str, id: str, bare: bool = False) -> gr.Button:
        return gr.Button(label, elem_id=id, elem_classes="bare" if bare else None, size="sm", min_width=0)

    with gr.Column(elem_id="find-bar"):
        with gr.Row(elem_classes="find-line"):
            find = gr.Textbox(
                label="Find in the chapter", placeholder="Find in the chapter", show_label=False, container=False,
                max_lines=1, max_length=500, elem_id="find-what",
            )  # fmt: skip
            gr.HTML("<span id='find-count' class='dim' role='status'></span>", elem_id="find-count-box")
            previous = button("‹", "find-previous", bare=True)
            following = button("›", "find-next", bare=True)
            options = options_of("find")
            close = button("✕", "find-close", bare=True)
        with gr.Row(elem_classes="find-line"):
            instead = gr.Textbox(
                label="Replace with", placeholder="Replace with", show_label=False, container=False, max_lines=1,
                elem_id="find-instead",
            )  # fmt: skip
            replace = button("Replace", "find-replace")
            all_ = button("All in the chapter", "find-all")
            book = button("Whole book …", "find-book", bare=True)
    return FindBar(find, instead, *options, previous, following, replace, all_, book, close)
