"""The Notes tab (story bible, author's note) and the dialog ‘What the model reads’. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui.bible_view import KINDS, SLOTS
from ui.parts import quiet


@dataclass(frozen=True)
class Notes:
    tab: gr.Tab
    filter: gr.Textbox
    entries: gr.Radio
    none: gr.HTML
    new: gr.Button
    undo: gr.Textbox
    undo_row: gr.Row
    undo_text: gr.Textbox
    undo_go: gr.Button
    card: gr.Column
    entry: gr.Textbox
    name: gr.Textbox
    kind: gr.Dropdown
    aliases: gr.Textbox
    description: gr.Textbox
    changes: gr.Textbox
    since: gr.Dropdown
    note: gr.Textbox
    mentioned: gr.Column
    mentions: gr.Radio
    places: gr.Textbox
    delete: gr.Button
    suggested: gr.Accordion
    names: gr.Radio
    add: gr.Button
    dismiss: gr.Button
    author: gr.Textbox


@dataclass(frozen=True)
class ReadingDialog:
    box: gr.Column
    summary: gr.Textbox
    sections: list[gr.Textbox]
    entries: gr.Textbox
    left_out: gr.Textbox
    place: gr.Textbox
    close: gr.Button


def notes() -> Notes:
    with gr.Tab("Notes", id="notes") as tab:
        gr.HTML("<h2>Story bible</h2>")
        filter = gr.Textbox(
            label="Filter the story bible", show_label=False, container=False, placeholder="Filter", max_lines=1,
            elem_id="bible-filter",
        )  # fmt: skip
        entries = gr.Radio([], label="Story bible", show_label=False, container=False, elem_id="bible-entries")
        none = gr.HTML(
            "<p class='dim'>Who and what your story is about. Where the text near the caret mentions an entry, the "
            "model reads it before it writes on. Never learnt, never exported.</p>",
            elem_id="bible-none",
        )
        new = gr.Button("+ New entry", elem_id="entry-new", elem_classes="bare", size="sm", min_width=0)
        undo = gr.Textbox(visible="hidden", label="undo", elem_id="bible-undo")
        with gr.Row(visible=False, elem_id="bible-undo-row") as undo_row:
            undo_text = quiet("bible-undo-text", label="What was done")
            undo_go = gr.Button("Undo", elem_id="bible-undo-go", size="sm", min_width=0)
        card = _card()
        with gr.Accordion("Names the book uses", open=False, visible=False, elem_id="bible-suggested") as suggested:
            names = gr.Radio([], label="Names", show_label=False, container=False, elem_id="bible-names")
            with gr.Row():
                add = gr.Button("Add to the bible", elem_id="name-add", size="sm", min_width=0)
                dismiss = gr.Button("Leave it out", elem_id="name-dismiss", elem_classes="bare", size="sm", min_width=0)
        gr.HTML("<h2>Author’s note</h2>")
        author = gr.Textbox(
            label="Author’s note", show_label=False, container=False, lines=3, max_lines=8, max_length=600,
            placeholder="Past tense, close to Ines. Dry, short sentences.", elem_id="author-note",
        )  # fmt: skip
        gr.HTML("<p class='dim'>Style, tense, mood: read a little before the caret, each time the model writes on.</p>")
    listed = (tab, filter, entries, none, new, undo, undo_row, undo_text, undo_go)
    return Notes(*listed, *card, suggested, names, add, dismiss, author)


def _card() -> tuple[
    gr.Column, gr.Textbox, gr.Textbox, gr.Dropdown, gr.Textbox, gr.Textbox, gr.Textbox, gr.Dropdown, gr.Textbox,
    gr.Column, gr.Radio, gr.Textbox, gr.Button,
]:  # fmt: skip
    with gr.Column(visible=False, elem_id="entry-card", elem_classes="card") as card:
        entry = gr.Textbox(visible="hidden", label="entry", elem_id="entry-id")
        with gr.Row(elem_id="entry-head"):
            name = gr.Textbox(label="Name", max_lines=1, max_length=200, elem_id="entry-name", scale=1, min_width=0)
            kind = gr.Dropdown(
                KINDS, value="character", label="Kind", filterable=False, elem_id="entry-kind", scale=1, min_width=0
            )
        aliases = gr.Textbox(
            label="Also called", placeholder="the inspector, Inês", max_lines=2, elem_id="entry-aliases"
        )
        description = gr.Textbox(
            label="What the model should know", lines=3, max_lines=12, max_length=4000, elem_id="entry-description"
        )
        changes = quiet("entry-changes", label="Changes in the course of the book", max_lines=12, visible=False)
        since = gr.Dropdown([], label="What changes, from chapter", filterable=False, elem_id="entry-since")
        note = gr.Textbox(
            label="From there on", show_label=False, placeholder="From there on …", lines=2, max_lines=8,
            max_length=2000, elem_id="entry-note",
        )  # fmt: skip
        with gr.Column(visible=False, elem_id="entry-mentioned") as mentioned:
            mentions = gr.Radio([], label="Mentioned in", elem_id="entry-mentions")
        places = gr.Textbox(visible="hidden", label="places", elem_id="entry-places")
        delete = gr.Button(
            "Delete the entry", elem_id="entry-delete", elem_classes=["bare", "danger"], size="sm", min_width=0
        )
    return card, entry, name, kind, aliases, description, changes, since, note, mentioned, mentions, places, delete


def reading() -> ReadingDialog:
    with gr.Column(visible=False, elem_id="reading-dialog", elem_classes=["dialog", "wide"]) as box:
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>What the model reads</h2>")
            close = gr.Button("✕", elem_id="reading-close", elem_classes=["bare", "close"], size="sm", min_width=0)
        summary = quiet("reading-summary", label="How much")
        sections = [
            gr.Textbox(
                label="Section", interactive=False, visible=False, lines=1, max_lines=10,
                elem_classes="reading-section", elem_id=f"reading-{number}",
            )
            for number in range(SLOTS)
        ]  # fmt: skip
        gr.HTML("<h2>Entries that are read</h2>")
        entries = quiet("reading-entries", label="Entries that are read, and why", max_lines=30)
        gr.HTML("<h2>Left out</h2>")
        left_out = quiet("reading-left-out", label="What is left out, and why", max_lines=30)
        place = gr.Textbox(visible="hidden", label="place", elem_id="reading-place")
    return ReadingDialog(box, summary, sections, entries, left_out, place, close)
