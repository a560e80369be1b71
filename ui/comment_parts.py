"""The Comments tab: what is noted in the margin, and the to-dos of the book. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui.parts import quiet

CHAPTER, TODOS, ALL = "This chapter", "To-dos of the book", "All of the book"


@dataclass(frozen=True)
class CommentsTab:
    """`chosen`: the comment that was clicked in the margin."""

    body: gr.Textbox
    todo: gr.Checkbox
    add: gr.Button
    which: gr.Radio
    resolved: gr.Checkbox
    comments: gr.Radio
    none: gr.Textbox
    resolve: gr.Button
    edit: gr.Button
    delete: gr.Button
    undo: gr.Button
    last: gr.Textbox
    editing: gr.Textbox
    chosen: gr.Textbox


def comments_tab() -> CommentsTab:
    def button(label: str, id: str, bare: bool = False) -> gr.Button:
        return gr.Button(label, elem_id=id, elem_classes="bare" if bare else None, size="sm", min_width=0)

    with gr.Tab("Comments", id="comments"):
        body = gr.Textbox(
            label="About the selected passage", placeholder="Select a passage, then write here", lines=2, max_lines=8,
            max_length=5000, elem_id="comment-body",
        )  # fmt: skip
        with gr.Row(elem_classes="find-line"):
            todo = gr.Checkbox(False, label="To-do", elem_id="comment-todo", min_width=0, container=False)
            add = button("Add", "comment-add")
        which = gr.Radio(
            [CHAPTER, TODOS, ALL], value=CHAPTER, label="Show", show_label=False, container=False,
            elem_id="comment-which",
        )  # fmt: skip
        comments = gr.Radio([], label="Comments", show_label=False, container=False, elem_id="comment-list")
        none = quiet("comment-none", label="Comments", max_lines=4)
        with gr.Row(elem_classes="find-line", elem_id="comment-tools"):
            resolve = button("Resolve", "comment-resolve")
            edit = button("Edit", "comment-edit")
            delete = button("Delete", "comment-delete", bare=True)
            undo = button("Undo", "comment-undo", bare=True)
        resolved = gr.Checkbox(False, label="Show resolved ones too", elem_id="comment-resolved")
        gr.HTML("<p class='dim'>Never exported, never learnt, never shown to the model.</p>")
        last = gr.Textbox(visible="hidden", label="last", elem_id="comment-last")
        editing = gr.Textbox(visible="hidden", label="editing", elem_id="comment-editing")
        chosen = gr.Textbox(visible="hidden", label="chosen", elem_id="comment-chosen")
    return CommentsTab(
        body, todo, add, which, resolved, comments, none, resolve, edit, delete, undo, last, editing, chosen
    )
