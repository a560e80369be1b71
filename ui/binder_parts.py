"""The binder: components by name. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui.parts import confirm, quiet


@dataclass(frozen=True)
class Binder:
    """`outline`, `dots`, `moves`: hidden JSON, see `ui.binder_view`. The page's script presses `drop` and `look`."""

    chapters: gr.Radio
    scenes: gr.Radio
    look: gr.Button
    outline: gr.Textbox
    dots: gr.Textbox
    add: gr.Button
    moved: gr.Row
    moved_text: gr.Textbox
    undo: gr.Button
    moves: gr.Textbox
    drop: gr.Button
    up: gr.Button
    down: gr.Button
    delete: gr.Button
    confirm: gr.Column
    confirm_text: gr.Textbox
    confirm_yes: gr.Button
    confirm_no: gr.Button
    split: gr.Button
    splitting: gr.Column
    split_text: gr.Textbox
    split_title: gr.Textbox
    split_yes: gr.Button
    split_no: gr.Button
    merge: gr.Button
    merging: gr.Column
    merge_text: gr.Textbox
    merge_yes: gr.Button
    merge_no: gr.Button
    place: gr.Textbox
    deleted_group: gr.Accordion
    deleted: gr.Radio
    restore: gr.Button


def binder() -> Binder:
    with gr.Column(elem_id="bind"):
        gr.HTML("<h2>Chapters</h2>")
        with gr.Column(elem_id="chapter-list"):
            chapters = gr.Radio([], label="Chapters", show_label=False, container=False, elem_id="chapters")
            scenes = gr.Radio([], label="Scenes", show_label=False, container=False, interactive=True, elem_id="scenes")
        names = ("outline", "dots", "moves")
        hidden = [gr.Textbox(visible="hidden", label=name, elem_id=f"binder-{name}") for name in names]
        look = gr.Button("Show the scenes", visible="hidden", elem_id="scenes-look")
        drop = gr.Button("Drop the chapter", visible="hidden", elem_id="chapter-drop")
        add = gr.Button("+ New chapter", elem_id="add-chapter", elem_classes="bare", size="sm")
        with gr.Row(visible=False, elem_id="moved") as moved:
            moved_text = quiet("moved-text", label="Moved", max_lines=3)
            undo = gr.Button("Put it back", elem_id="order-undo", elem_classes="bare", size="sm", min_width=0)
        with gr.Row(elem_id="chapter-tools"):
            up = gr.Button("↑ Up", elem_id="chapter-up", elem_classes="bare", size="sm", min_width=0)
            down = gr.Button("↓ Down", elem_id="chapter-down", elem_classes="bare", size="sm", min_width=0)
            delete = gr.Button("Delete …", elem_id="chapter-delete", elem_classes="bare", size="sm", min_width=0)
        with gr.Row(elem_id="chapter-parting"):
            split = gr.Button("Split here …", elem_id="chapter-split", elem_classes="bare", size="sm", min_width=0)
            merge = gr.Button("Merge with next …", elem_id="chapter-merge", elem_classes="bare", size="sm", min_width=0)
        deleting = confirm("delete-chapter", "Delete chapter", "Keep it")
        with gr.Column(visible=False, elem_id="split-chapter", elem_classes="confirm") as splitting:
            split_text = quiet("split-chapter-text", label="Question", max_lines=16)
            split_title = gr.Textbox(
                label="Title of the new chapter", max_lines=1, max_length=200, elem_id="split-title"
            )
            with gr.Row():
                split_no = gr.Button("Not now", elem_id="split-chapter-no", size="sm", min_width=0)
                split_yes = gr.Button("Split", variant="primary", elem_id="split-chapter-yes", size="sm", min_width=0)
        merging = confirm("merge-chapter", "Merge", "Not now")
        place = gr.Textbox(visible="hidden", label="place", elem_id="place")
        with gr.Accordion("Deleted chapters", open=False, visible=False, elem_id="deleted-chapters") as group:
            deleted = gr.Radio([], label="Kept for 30 days", elem_id="deleted-chapter")
            restore = gr.Button("Bring it back", elem_id="chapter-restore", size="sm")
    parting = (split, splitting, split_text, split_title, split_yes, split_no, merge, *merging, place)
    outline, dots, moves = hidden
    listed = (chapters, scenes, look, outline, dots, add, moved, moved_text, undo, moves, drop)
    return Binder(*listed, up, down, delete, *deleting, *parting, group, deleted, restore)
