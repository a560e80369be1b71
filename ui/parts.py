"""The parts of the page that always stand: components by name, a dataclass and its builder each. No events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from templora.config import Sampling
from ui import manner_parts, outline_parts, sampling_parts, take_parts
from ui.editor import ProseEditor
from ui.find_bar import FindBar, find_bar
from ui.manner_parts import MannerPanel
from ui.outline_parts import Outline
from ui.sampling_parts import Control


@dataclass(frozen=True)
class Top:
    chapters_toggle: gr.Button
    assistant_toggle: gr.Button
    title: gr.Textbox
    look: gr.Button
    palette: gr.Button
    books: gr.Button
    export: gr.Button


@dataclass(frozen=True)
class Page:
    find: FindBar
    warnings: gr.Textbox
    put_away: gr.Button
    finished: gr.Row
    relearn: gr.Button
    title: gr.Textbox
    outline: Outline
    history: gr.Button
    first: gr.Button
    editor: ProseEditor
    go: gr.Button
    fill: gr.Button
    stop: gr.Button
    accept: gr.Button
    word: gr.Button
    sentence: gr.Button
    take_change: gr.Button
    leave_change: gr.Button
    previous: gr.Button
    following: gr.Button
    another: gr.Button
    dismiss: gr.Button
    rewrite: gr.Button
    expand: gr.Button
    shorten: gr.Button
    otherwise: gr.Button
    reading: gr.Button


@dataclass(frozen=True)
class Takes:
    asking: take_parts.Asking
    length: gr.Slider
    takes: gr.Slider
    temperature: gr.Slider
    stop_at: gr.Dropdown
    numbers: dict[str, Control]
    """The others, by the names of their fields in `templora.config.Sampling`."""
    manner: MannerPanel
    earlier: gr.Radio
    show: gr.Button
    insert: gr.Button
    forget: gr.Button

    @property
    def sampling(self) -> list[Control]:
        """In the order that `window.desk.sampling` in desk.js takes them."""
        return [self.length, self.takes, self.temperature, self.stop_at, *self.numbers.values()]


@dataclass(frozen=True)
class Footer:
    model: gr.Textbox
    where: gr.Textbox
    change: gr.Button
    memory: gr.Textbox
    goals: gr.Button


def quiet(id: str, max_lines: int = 4, **more: Any) -> gr.Textbox:
    """A line of text that the page shows and nobody edits here; as a component its value is never markup."""
    return gr.Textbox(
        show_label=False,
        container=False,
        interactive=False,
        elem_id=id,
        elem_classes="quiet",
        max_lines=max_lines,
        **more,
    )


def confirm(id: str, yes: str, no: str) -> tuple[gr.Column, gr.Textbox, gr.Button, gr.Button]:
    """A question that stands where the answer is needed, with the safe answer beside the other."""
    with gr.Column(visible=False, elem_id=id, elem_classes="confirm") as box:
        text = quiet(f"{id}-text", label="Question", max_lines=16)
        with gr.Row():
            keep = gr.Button(no, elem_id=f"{id}-no", size="sm", min_width=0)
            go = gr.Button(yes, elem_id=f"{id}-yes", elem_classes="danger", size="sm", min_width=0)
    return box, text, go, keep


def top() -> Top:
    with gr.Row(elem_id="top"):
        gr.HTML("<h1 class='sr-only'>Templora, a writing desk</h1>", elem_id="page-heading")
        toggle = gr.Button("☰", elem_id="toggle-binder", elem_classes="bare", size="sm", min_width=0)
        title = gr.Textbox(
            label="Title of the book", show_label=False, container=False, elem_id="book-title", max_lines=1
        )
        gr.HTML("<span id='book-count' class='dim'></span>", elem_id="book-words")
        look = gr.Button("Aa", elem_id="open-look", elem_classes="bare", size="sm", min_width=0)
        palette = gr.Button("All actions", elem_id="open-palette", elem_classes="bare", size="sm", min_width=0)
        books = gr.Button("Books", elem_id="open-books", size="sm", min_width=0)
        export = gr.Button("Export", elem_id="open-export", size="sm", min_width=0)
        aside = gr.Button("◫", elem_id="toggle-side", elem_classes="bare", size="sm", min_width=0)
    return Top(toggle, aside, title, look, palette, books, export)


def page() -> Page:
    with gr.Column(elem_id="page"):
        with gr.Row(elem_id="warnings"):
            warnings = quiet("warning-text", label="Warning", max_lines=12)
            put_away = gr.Button("Put away", elem_id="warning-away", elem_classes="bare", size="sm", min_width=0)
        find = find_bar()
        with gr.Column(elem_id="sheet"):
            with gr.Row(visible=False, elem_id="finished") as finished:
                gr.HTML("<p>This book is finished and its memory was discarded. The text is all here.</p>")
                relearn = gr.Button("Learn it again", elem_id="relearn", size="sm", min_width=0)
            title = gr.Textbox(
                label="Title of the chapter", show_label=False, container=False, elem_id="chapter-title", max_lines=1
            )
            with gr.Row(elem_id="chapter-line"):
                gr.HTML("<div id='chapter-state' class='dim'></div>")
                status = outline_parts.status()
                history = gr.Button("History", elem_id="open-history", elem_classes="bare", size="sm", min_width=0)
            outline = Outline(status, outline_parts.synopsis())
            with gr.Column(elem_id="empty-book"):
                gr.HTML(
                    "<p>There is no chapter in this book.</p>"
                    "<p class='dim' id='empty-deleted'>Those that were deleted can be brought back, below the list of "
                    "chapters.</p>"
                )
                first = gr.Button("Begin the first chapter", variant="primary", elem_id="first-chapter", size="sm")
            editor = ProseEditor(elem_id="editor")
        with gr.Row(elem_id="pill"):
            go = gr.Button("Continue", variant="primary", elem_id="do-continue", size="sm", min_width=0)
            fill = gr.Button("Fill in", elem_id="do-fill", size="sm", min_width=0)
            accept = gr.Button("Accept", variant="primary", elem_id="do-accept", size="sm", min_width=0)
            word = gr.Button("Word", elem_id="do-word", size="sm", min_width=0)
            sentence = gr.Button("Sentence", elem_id="do-sentence", size="sm", min_width=0)
            take_change = gr.Button("Take", elem_id="do-take-change", size="sm", min_width=0)
            leave_change = gr.Button("Leave", elem_id="do-leave-change", size="sm", min_width=0)
            previous = gr.Button("‹", elem_id="do-previous", size="sm", min_width=0)
            gr.HTML("<span id='take-count'></span>", elem_id="take-count-box")
            following = gr.Button("›", elem_id="do-next", size="sm", min_width=0)
            another = gr.Button("Another", elem_id="do-another", size="sm", min_width=0)
            rewrite = gr.Button("Rewrite", elem_id="do-rewrite", size="sm", min_width=0)
            expand = gr.Button("Expand", elem_id="do-expand", size="sm", min_width=0)
            shorten = gr.Button("Shorten", elem_id="do-shorten", size="sm", min_width=0)
            otherwise = gr.Button("More …", elem_id="do-otherwise", elem_classes="bare", size="sm", min_width=0)
            reading = gr.Button("What it reads", elem_id="do-reading", elem_classes="bare", size="sm", min_width=0)
            stop = gr.Button("Stop", elem_id="do-stop", size="sm", min_width=0)
            dismiss = gr.Button("Dismiss", elem_id="do-dismiss", elem_classes="bare", size="sm", min_width=0)
    taking = (accept, word, sentence, take_change, leave_change, previous, following, another, dismiss)
    buttons = (go, fill, stop, *taking, rewrite, expand, shorten, otherwise, reading)
    return Page(find, warnings, put_away, finished, relearn, title, outline, history, first, editor, *buttons)


def takes() -> Takes:
    usual = Sampling()
    with gr.Tab("Takes", id="takes"):
        asking = take_parts.asking()
        gr.HTML("<h2>How it continues</h2>")
        manner = manner_parts.manner()
        length = gr.Slider(
            10, 400, usual.max_tokens, step=10, label="Length, in tokens (about ¾ of a word)", elem_id="set-max_tokens"
        )
        takes = gr.Slider(1, take_parts.CARDS, 1, step=1, label="Takes at once", elem_id="takes-at-once")
        temperature = gr.Slider(
            0, 1.5, usual.temperature, step=0.05, label="Temperature: sober to wild", elem_id="set-temperature"
        )
        stop_at = sampling_parts.stop_at()
        with gr.Accordion("The numbers behind it", open=False):
            numbers = sampling_parts.numbers()
        gr.HTML("<h2>Earlier takes of this chapter</h2>")
        earlier = gr.Radio([], label="Earlier takes", show_label=False, container=False, elem_id="earlier")
        with gr.Row(elem_id="take-tools"):
            show = gr.Button("Show", elem_id="take-show", size="sm", min_width=0)
            insert = gr.Button("Use it", elem_id="take-insert", size="sm", min_width=0)
            forget = gr.Button("Delete", elem_id="take-delete", elem_classes="bare", size="sm", min_width=0)
        gr.HTML("<p class='dim' id='no-takes'>Takes you have seen are kept here, the rejected ones too.</p>")
    return Takes(asking, length, takes, temperature, stop_at, numbers, manner, earlier, show, insert, forget)


def footer() -> Footer:
    with gr.Row(elem_id="foot"):
        gr.HTML("<span id='save-state'></span>", elem_id="save-state-box")
        gr.HTML("<span id='written-line'></span>", elem_id="written-box")
        goals = gr.Button("Goals", elem_id="open-goals", elem_classes="bare", size="sm", min_width=0)
        return Footer(
            quiet("model-line", label="Model"),
            quiet("model-where", label="Where it runs"),
            gr.Button("Model …", elem_id="open-model", elem_classes="bare", size="sm", min_width=0),
            quiet("memory-short", label="Memory"),
            goals,
        )
