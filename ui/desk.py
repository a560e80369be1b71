"""The page, put together: its parts (`ui.parts`, `ui.dialogs`), its events (`ui.events`), mounted in FastAPI.

Each form, list, chart, button and dialog is a Gradio component dressed by `desk.css`; the prose editor alone is a
widget of ours. Titles and prose only ever travel as component values, never inside a template.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from fastapi import FastAPI

from templora.studio import Studio
from ui import (
    bible_parts,
    binder_parts,
    comment_parts,
    dialogs,
    events,
    find_parts,
    goal_parts,
    history_parts,
    look_parts,
    memory_parts,
    model_parts,
    palette_parts,
    parts,
)
from ui.editor import SCRIPT
from ui.find_bar import FindBar
from ui.head import HeadFirst
from ui.theme import desk_theme

STYLES = ["desk.css", *sorted(path.name for path in (Path(__file__).parent / "styles").glob("*.css"))]
"""The desk's first, then a file a feature."""

HEAD = f"""
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<script src="/desk/look.js"></script>
<link rel="icon" href="/desk/icon.svg" type="image/svg+xml">
<link rel="apple-touch-icon" href="/desk/icon-192.png">
{"".join(f'<link rel="stylesheet" href="/desk/{name}">' for name in STYLES)}
<script src="/desk/desk.js" defer></script>
<script src="{SCRIPT}" defer></script>
"""


@dataclass(frozen=True)
class Desk:
    """All of the page. `project`, `chapter` hold the open ids; `seen` what the page last showed (see `events.tick`)."""

    project: gr.Textbox
    chapter: gr.Textbox
    seen: gr.Textbox
    restore: gr.Button
    top: parts.Top
    binder: binder_parts.Binder
    page: parts.Page
    takes: parts.Takes
    memory: memory_parts.MemoryPanel
    compare: memory_parts.CompareDialog
    history: history_parts.HistoryDialog
    notes: bible_parts.Notes
    reading: bible_parts.ReadingDialog
    books: dialogs.BooksDialog
    export: dialogs.ExportDialog
    model: model_parts.ModelDialog
    side: gr.Tabs
    footer: parts.Footer
    timer: gr.Timer
    find: FindBar
    replace: find_parts.ReplaceDialog
    search: find_parts.SearchTab
    comments: comment_parts.CommentsTab
    goals: goal_parts.GoalsDialog


def build(studio: Studio) -> gr.Blocks:
    """The page over one Studio, wired."""
    with gr.Blocks(title="Templora", fill_width=True, fill_height=True, analytics_enabled=False) as blocks:
        project = gr.Textbox(visible="hidden", label="project", elem_id="project-id")
        chapter = gr.Textbox(visible="hidden", label="chapter", elem_id="chapter-id")
        seen = gr.Textbox(visible="hidden", label="seen", elem_id="seen")
        restore = gr.Button("Open what was open", visible="hidden", elem_id="restore")
        with gr.Column(elem_id="desk"):
            top = parts.top()
            binder = binder_parts.binder()
            page = parts.page()
            with gr.Column(elem_id="side"), gr.Tabs(elem_id="side-tabs") as side:
                takes = parts.takes()
                memory = memory_parts.memory()
                notes = bible_parts.notes()
                search = find_parts.search_tab()
                comments = comment_parts.comments_tab()
            footer = parts.footer()
            drawer_close = gr.Button("✕", elem_id="drawer-close", size="sm", min_width=0)
            drawer_close.click(None, js="() => { window.desk.toggle(null) }")
        books = dialogs.books()
        export = dialogs.export()
        model = model_parts.model()
        compare = memory_parts.compare()
        history = history_parts.history()
        reading = bible_parts.reading()
        palette_parts.palette()
        look_parts.look(top.look)
        tools = (page.find, find_parts.replace_dialog(), search, comments, goal_parts.goals())
        desk = Desk(
            project, chapter, seen, restore, top, binder, page, takes, memory, compare, history, notes, reading, books,
            export, model, side, footer, gr.Timer(2), *tools,
        )  # fmt: skip
        events.wire(desk, studio)
    return blocks


def mount(app: FastAPI, studio: Studio) -> FastAPI:
    """The page mounted at `/` of `app`."""
    blocks = build(studio)
    blocks.queue(default_concurrency_limit=4)
    mounted = gr.mount_gradio_app(
        app, blocks, path="/", theme=desk_theme(), run_history=False, show_error=True,
        footer_links=[], max_file_size="51mb", allowed_paths=[], ssr_mode=False,
    )  # fmt: skip
    mounted.add_middleware(HeadFirst, head=HEAD)
    return mounted
