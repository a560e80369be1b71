"""The page: every component by name, and no events (those are in `ui.events`).

Each form, list, chart, button and dialog is a Gradio component dressed by `desk.css`; the prose editor alone is a
widget of ours. Titles and prose only ever travel as component values, never inside a template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.components import Component

from templora.config import Sampling
from templora.studio import Studio
from ui import events
from ui.editor import ProseEditor
from ui.theme import desk_theme

FORMATS = [("Word (.docx)", "docx"), ("Markdown (.md)", "markdown"), ("Plain text (.txt)", "text")]
HEAD = """
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/desk/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/desk/desk.css">
<script src="/desk/desk.js"></script>
"""


@dataclass(frozen=True)
class Top:
    chapters_toggle: gr.Button
    assistant_toggle: gr.Button
    title: gr.Textbox
    words: gr.HTML
    books: gr.Button
    export: gr.Button


@dataclass(frozen=True)
class Binder:
    chapters: gr.Radio
    add: gr.Button
    up: gr.Button
    down: gr.Button
    delete: gr.Button
    confirm: gr.Column
    confirm_text: gr.Textbox
    confirm_yes: gr.Button
    confirm_no: gr.Button
    deleted: gr.Row
    deleted_id: gr.Textbox
    undo_delete: gr.Button


@dataclass(frozen=True)
class Page:
    title: gr.Textbox
    editor: ProseEditor
    go: gr.Button
    stop: gr.Button
    accept: gr.Button
    word: gr.Button
    previous: gr.Button
    following: gr.Button
    another: gr.Button
    dismiss: gr.Button
    rewrite: gr.Button


@dataclass(frozen=True)
class Takes:
    instruction: gr.Textbox
    rewrite: gr.Button
    length: gr.Slider
    takes: gr.Slider
    temperature: gr.Slider
    top_p: gr.Slider
    top_k: gr.Slider
    min_p: gr.Slider
    repetition: gr.Slider
    seed: gr.Number
    stop_at: gr.Checkbox
    earlier: gr.Radio

    @property
    def sampling(self) -> list[Component]:
        """In the order that `window.desk.sampling` in desk.js takes them."""
        numbers = (self.length, self.takes, self.temperature, self.top_p, self.top_k, self.min_p, self.repetition)
        return [*numbers, self.seed, self.stop_at]


@dataclass(frozen=True)
class MemoryPanel:
    number: gr.HTML
    explanation: gr.HTML
    chart: gr.LinePlot
    counts: gr.HTML
    bar: gr.HTML
    line: gr.Textbox
    learn: gr.Button
    pause: gr.Button
    resume: gr.Button
    cancel: gr.Button
    discard: gr.Button
    confirm: gr.Column
    confirm_yes: gr.Button
    confirm_no: gr.Button


@dataclass(frozen=True)
class BooksDialog:
    box: gr.Column
    books: gr.Radio
    open: gr.Button
    delete: gr.Button
    confirm: gr.Column
    confirm_text: gr.Textbox
    confirm_yes: gr.Button
    confirm_no: gr.Button
    new_title: gr.Textbox
    create: gr.Button
    upload: gr.UploadButton
    message: gr.Textbox
    deleted_group: gr.Accordion
    deleted: gr.Radio
    restore: gr.Button
    close: gr.Button


@dataclass(frozen=True)
class ExportDialog:
    box: gr.Column
    format: gr.Radio
    copy: gr.Button
    finish: gr.Button
    confirm: gr.Column
    confirm_yes: gr.Button
    confirm_no: gr.Button
    report: gr.Textbox
    close: gr.Button


@dataclass(frozen=True)
class Footer:
    model: gr.Textbox
    where: gr.Textbox
    memory: gr.Textbox


@dataclass(frozen=True)
class Desk:
    """All of the page. `project`, `chapter` hold the open ids; `seen` what the page last showed (see `events.tick`)."""

    project: gr.Textbox
    chapter: gr.Textbox
    seen: gr.Textbox
    top: Top
    binder: Binder
    page: Page
    takes: Takes
    memory: MemoryPanel
    books: BooksDialog
    export: ExportDialog
    footer: Footer
    timer: gr.Timer


def _quiet(id: str, **more: Any) -> gr.Textbox:
    """A line of text that the page shows and nobody edits here; as a component its value is never markup."""
    return gr.Textbox(
        show_label=False, container=False, interactive=False, elem_id=id, elem_classes="quiet", max_lines=4, **more
    )


def _top() -> Top:
    with gr.Row(elem_id="top"):
        gr.HTML("<h1 class='sr-only'>Templora, a writing desk</h1>", elem_id="page-heading")
        toggle = gr.Button("☰", elem_id="toggle-binder", elem_classes=["bare", "only-s"], size="sm", min_width=0)
        title = gr.Textbox(
            label="Title of the book", show_label=False, container=False, elem_id="book-title", max_lines=1
        )
        words = gr.HTML(elem_id="book-words")
        books = gr.Button("Books", elem_id="open-books", size="sm", min_width=0)
        export = gr.Button("Export", elem_id="open-export", size="sm", min_width=0)
        aside = gr.Button("◫", elem_id="toggle-side", elem_classes=["bare", "only-s"], size="sm", min_width=0)
    return Top(toggle, aside, title, words, books, export)


def _confirm(id: str, yes: str, no: str) -> tuple[gr.Column, gr.Textbox, gr.Button, gr.Button]:
    """A question that stands where the answer is needed, with the safe answer beside the other."""
    with gr.Column(visible=False, elem_id=id, elem_classes="confirm") as box:
        text = _quiet(f"{id}-text", label="Question")
        with gr.Row():
            keep = gr.Button(no, elem_id=f"{id}-no", size="sm", min_width=0)
            go = gr.Button(yes, elem_id=f"{id}-yes", elem_classes="danger", size="sm", min_width=0)
    return box, text, go, keep


def _binder() -> Binder:
    with gr.Column(elem_id="bind"):
        gr.HTML("<h2>Chapters</h2>")
        chapters = gr.Radio([], label="Chapters", show_label=False, container=False, elem_id="chapters")
        add = gr.Button("+ New chapter", elem_id="add-chapter", elem_classes="bare", size="sm")
        with gr.Row(elem_id="chapter-tools"):
            up = gr.Button("↑ Up", elem_id="chapter-up", elem_classes="bare", size="sm", min_width=0)
            down = gr.Button("↓ Down", elem_id="chapter-down", elem_classes="bare", size="sm", min_width=0)
            delete = gr.Button("Delete …", elem_id="chapter-delete", elem_classes="bare", size="sm", min_width=0)
        confirm, text, yes, no = _confirm("delete-chapter", "Delete chapter", "Keep it")
        with gr.Row(visible=False, elem_id="deleted-chapter") as deleted:
            deleted_id = gr.Textbox(visible="hidden", label="Deleted chapter")
            undo = gr.Button("Undo: bring the chapter back", elem_id="undo-delete", size="sm")
    return Binder(chapters, add, up, down, delete, confirm, text, yes, no, deleted, deleted_id, undo)


def _page() -> Page:
    with gr.Column(elem_id="page"):
        with gr.Column(elem_id="sheet"):
            title = gr.Textbox(
                label="Title of the chapter", show_label=False, container=False, elem_id="chapter-title", max_lines=1
            )
            gr.HTML("<div id='chapter-state' class='dim'></div>")
            editor = ProseEditor(elem_id="editor")
        with gr.Row(elem_id="pill"):
            go = gr.Button("Continue", variant="primary", elem_id="do-continue", size="sm", min_width=0)
            accept = gr.Button("Accept", variant="primary", elem_id="do-accept", size="sm", min_width=0)
            word = gr.Button("Word", elem_id="do-word", size="sm", min_width=0)
            previous = gr.Button("‹", elem_id="do-previous", size="sm", min_width=0)
            gr.HTML("<span id='take-count'></span>", elem_id="take-count-box")
            following = gr.Button("›", elem_id="do-next", size="sm", min_width=0)
            another = gr.Button("Another", elem_id="do-another", size="sm", min_width=0)
            rewrite = gr.Button("Rewrite", elem_id="do-rewrite", size="sm", min_width=0)
            stop = gr.Button("Stop", elem_id="do-stop", size="sm", min_width=0)
            dismiss = gr.Button("Dismiss", elem_id="do-dismiss", elem_classes="bare", size="sm", min_width=0)
    return Page(title, editor, go, stop, accept, word, previous, following, another, dismiss, rewrite)


def _takes() -> Takes:
    usual = Sampling()
    with gr.Tab("Takes", id="takes"):
        gr.HTML("<h2>Rewrite the selection</h2>")
        instruction = gr.Textbox(
            label="How should it read? (may stay empty)",
            placeholder="shorter, in the present tense …",
            lines=2,
            max_length=500,
            elem_id="instruction",
        )
        rewrite = gr.Button("Rewrite the selection", elem_id="rewrite-selection", size="sm")
        gr.HTML("<h2>How it continues</h2>")
        length = gr.Slider(10, 400, usual.max_tokens, step=10, label="Length, in tokens (about ¾ of a word)")
        takes = gr.Slider(1, 3, 1, step=1, label="Takes at once")
        temperature = gr.Slider(0, 1.5, usual.temperature, step=0.05, label="Temperature: sober to wild")
        stop_at = gr.Checkbox(False, label="Stop at the end of a paragraph")
        with gr.Accordion("The numbers behind it", open=False):
            top_p = gr.Slider(0.05, 1, usual.top_p, step=0.05, label="top-p (1 is off)")
            top_k = gr.Slider(0, 200, usual.top_k, step=1, label="top-k (0 is off)")
            min_p = gr.Slider(0, 0.5, usual.min_p, step=0.01, label="min-p (0 is off)")
            repetition = gr.Slider(1, 2, usual.repetition_penalty, step=0.01, label="Repetition penalty (1 is off)")
            seed = gr.Number(None, precision=0, minimum=0, label="Seed (empty: a new one each time)")
        gr.HTML("<h2>Earlier takes of this chapter</h2>")
        earlier = gr.Radio([], label="Earlier takes", show_label=False, container=False, elem_id="earlier")
        gr.HTML("<p class='dim' id='no-takes'>Takes you have seen are kept here, the rejected ones too.</p>")
    numbers = (length, takes, temperature, top_p, top_k, min_p, repetition)
    return Takes(instruction, rewrite, *numbers, seed, stop_at, earlier)


def _memory() -> MemoryPanel:
    with gr.Tab("Memory", id="memory"):
        number = gr.HTML("<p class='big'>–</p>", elem_id="memory-number")
        explanation = gr.HTML(elem_id="memory-explanation")
        chart = gr.LinePlot(
            x="chunk",
            y="perplexity",
            color="reader",
            x_title="passage",
            y_title="perplexity",
            color_title=" ",
            color_map={"base model": "#8a8378", "with memory": "#b57a10"},
            height=220,
            visible=False,
            buttons=[],
            elem_id="memory-chart",
        )
        with gr.Column(elem_classes="card"):
            counts = gr.HTML(elem_id="memory-counts")
            bar = gr.HTML(elem_id="memory-bar")
            line = _quiet("memory-line", label="What the memory is doing", lines=2)
            with gr.Row():
                learn = gr.Button("Learn now", variant="primary", elem_id="learn-now", size="sm", min_width=0)
                pause = gr.Button("Pause", elem_id="learn-pause", size="sm", min_width=0)
                resume = gr.Button("Resume", elem_id="learn-resume", size="sm", min_width=0, visible=False)
                cancel = gr.Button("Cancel", elem_id="learn-cancel", size="sm", min_width=0, visible=False)
        discard = gr.Button("Discard memory …", elem_id="memory-discard", elem_classes=["bare", "danger"], size="sm")
        confirm, _, yes, no = _confirm("discard-memory", "Discard memory", "Keep it")
    return MemoryPanel(
        number, explanation, chart, counts, bar, line, learn, pause, resume, cancel, discard, confirm, yes, no
    )


def _books() -> BooksDialog:
    with gr.Column(visible=False, elem_id="books-dialog", elem_classes="dialog") as box:
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>Your books</h2>")
            close = gr.Button("✕", elem_id="books-close", elem_classes="bare", size="sm", min_width=0, scale=0)
        books = gr.Radio([], label="Books", show_label=False, container=False, elem_id="books")
        with gr.Row():
            open_ = gr.Button("Open", variant="primary", elem_id="book-open", size="sm", min_width=0)
            delete = gr.Button("Delete …", elem_id="book-delete", elem_classes="bare", size="sm", min_width=0)
        confirm, text, yes, no = _confirm("delete-book", "Delete book", "Keep it")
        with gr.Row(elem_id="new-book"):
            new_title = gr.Textbox(
                label="A new book", placeholder="Its title", max_lines=1, max_length=200, elem_id="new-title"
            )
            create = gr.Button("Start writing", variant="primary", elem_id="book-create", size="sm", min_width=0)
        upload = gr.UploadButton(
            "Import a manuscript (.docx, .md, .txt) …", file_types=[".txt", ".md", ".docx"], elem_id="book-import",
            size="sm",
        )  # fmt: skip
        message = _quiet("books-message", label="Message", visible=False)
        with gr.Accordion("Deleted books", open=False, visible=False, elem_id="deleted-books") as group:
            deleted = gr.Radio([], label="Deleted books, kept for 30 days", elem_id="deleted")
            restore = gr.Button("Bring it back", elem_id="book-restore", size="sm")
    return BooksDialog(
        box, books, open_, delete, confirm, text, yes, no, new_title, create, upload, message, group, deleted, restore,
        close,
    )  # fmt: skip


def _export() -> ExportDialog:
    with gr.Column(visible=False, elem_id="export-dialog", elem_classes="dialog") as box:
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>Export</h2>")
            close = gr.Button("✕", elem_id="export-close", elem_classes="bare", size="sm", min_width=0, scale=0)
        format = gr.Radio(FORMATS, value="docx", label="Format", elem_id="export-format")
        copy = gr.Button("Download a draft copy", variant="primary", elem_id="export-copy", size="sm")
        gr.HTML("<p class='dim'>A draft copy changes nothing: you go on writing, and the memory stays.</p>")
        finish = gr.Button("Finish the book …", elem_id="export-finish", size="sm")
        gr.HTML(
            "<p class='dim'>Finishing writes the manuscript, checks that it reads back, and then discards the book’s "
            "memory for good. The text stays.</p>"
        )
        confirm, _, yes, no = _confirm("finish-book", "Finish and discard the memory", "Not yet")
        report = _quiet("export-report", label="Report", lines=3, visible=True)
    return ExportDialog(box, format, copy, finish, confirm, yes, no, report, close)


def build(studio: Studio) -> gr.Blocks:
    """The page over one Studio, wired."""
    with gr.Blocks(title="Templora", fill_width=True, fill_height=True, analytics_enabled=False) as blocks:
        project = gr.Textbox(visible="hidden", label="project", elem_id="project-id")
        chapter = gr.Textbox(visible="hidden", label="chapter", elem_id="chapter-id")
        seen = gr.Textbox(visible="hidden", label="seen", elem_id="seen")
        with gr.Column(elem_id="desk"):
            top = _top()
            binder = _binder()
            page = _page()
            with gr.Column(elem_id="side"), gr.Tabs(elem_id="side-tabs"):
                takes = _takes()
                memory = _memory()
            with gr.Row(elem_id="foot"):
                gr.HTML("<span id='save-state'></span>", elem_id="save-state-box")
                footer = Footer(
                    _quiet("model-line", label="Model"), _quiet("model-where", label="Where"),
                    _quiet("memory-short", label="Memory"),
                )  # fmt: skip
        books = _books()
        export = _export()
        desk = Desk(
            project, chapter, seen, top, binder, page, takes, memory, books, export, footer, gr.Timer(2)
        )  # fmt: skip
        events.wire(desk, studio, blocks)
    return blocks


def mount(app: FastAPI, studio: Studio) -> FastAPI:
    """The page mounted at `/` of `app`."""
    blocks = build(studio)
    blocks.queue(default_concurrency_limit=4)
    return gr.mount_gradio_app(
        app, blocks, path="/", theme=desk_theme(), head=HEAD, run_history=False, show_error=True,
        footer_links=[], max_file_size="51mb", allowed_paths=[], ssr_mode=False,
    )  # fmt: skip
