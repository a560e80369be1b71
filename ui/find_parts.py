"""Finding in the whole book: the dialog that replaces, the Search tab. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr
from gradio.components import Checkbox, Textbox

from ui.find_bar import options_of
from ui.parts import quiet


@dataclass(frozen=True)
class ReplaceDialog:
    """`wanted`: what `window.desk.replaceInBook` takes, as JSON; `shown`: how many places are listed."""

    find: gr.Textbox
    instead: gr.Textbox
    case: gr.Checkbox
    word: gr.Checkbox
    regex: gr.Checkbox
    look: gr.Button
    told: gr.Textbox
    places: gr.CheckboxGroup
    more: gr.Button
    tick: gr.Button
    replace: gr.Button
    undo: gr.Button
    undone: gr.Textbox
    wanted: gr.Textbox
    shown: gr.Number
    close: gr.Button

    @property
    def query(self) -> list[Textbox | Checkbox]:
        return [self.find, self.instead, self.case, self.word, self.regex]


@dataclass(frozen=True)
class SearchTab:
    query: gr.Textbox
    deleted: gr.Checkbox
    told: gr.Textbox
    found: gr.Radio
    replace: gr.Button


def replace_dialog() -> ReplaceDialog:
    with gr.Column(elem_id="replace-dialog", elem_classes=["dialog", "standing", "wide"]):
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>Find and replace in the book</h2>")
            close = gr.Button("✕", elem_id="replace-close", elem_classes=["bare", "close"], size="sm", min_width=0)
        with gr.Row(elem_classes="find-line"):
            find = gr.Textbox(label="Find", max_lines=1, max_length=500, elem_id="replace-what")
            instead = gr.Textbox(label="Replace with", max_lines=1, elem_id="replace-with")
        with gr.Row(elem_classes="find-line", elem_id="replace-options"):
            options = options_of("replace")
            look = gr.Button("Show the places", elem_id="replace-look", size="sm", min_width=0)
        told = quiet("replace-told", label="What was found", max_lines=6)
        places = gr.CheckboxGroup(
            [], label="Places", show_label=False, container=False, visible=False, elem_id="replace-places"
        )
        with gr.Row(elem_classes="find-line", elem_id="replace-tools"):
            replace = gr.Button(
                "Replace", variant="primary", visible=False, elem_id="replace-do", size="sm", min_width=0
            )
            tick = gr.Button("None", visible=False, elem_id="replace-tick", size="sm", min_width=0)
            more = gr.Button("Show more", visible=False, elem_id="replace-more", size="sm", min_width=0)
        undone = quiet("replace-undone", label="The last replacement", visible=False)
        undo = gr.Button("Undo the replacement", visible=False, elem_id="replace-undo", size="sm", min_width=0)
        wanted = gr.Textbox(visible="hidden", label="wanted", elem_id="replace-wanted")
        shown = gr.Number(0, visible="hidden", label="shown", elem_id="replace-shown")
    return ReplaceDialog(
        find, instead, *options, look, told, places, more, tick, replace, undo, undone, wanted, shown, close
    )


def search_tab() -> SearchTab:
    with gr.Tab("Search", id="search"):
        query = gr.Textbox(
            label="Search the book", placeholder="words, or “a phrase”", max_lines=1, max_length=300,
            elem_id="search-query",
        )  # fmt: skip
        deleted = gr.Checkbox(False, label="Deleted chapters too", elem_id="search-deleted")
        told = quiet("search-told", label="What was found", max_lines=6)
        found = gr.Radio([], label="Found", show_label=False, container=False, elem_id="found-list")
        replace = gr.Button("Find and replace in the book …", elem_id="open-replace", elem_classes="bare", size="sm")
    return SearchTab(query, deleted, told, found, replace)
