"""Goals for words, a calendar of the words written, and the language of the book. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui.parts import quiet

LANGUAGES = [
    ("As the browser is set", ""), ("English", "en"), ("English (UK)", "en-GB"), ("English (US)", "en-US"),
    ("Deutsch", "de"), ("Español", "es"), ("Français", "fr"), ("Italiano", "it"), ("Nederlands", "nl"),
    ("Polski", "pl"), ("Português", "pt-PT"), ("Português (Brasil)", "pt-BR"), ("Svenska", "sv"), ("Русский", "ru"),
]  # fmt: skip


@dataclass(frozen=True)
class GoalsDialog:
    told: gr.Textbox
    session: gr.Number
    day: gr.Number
    book: gr.Number
    calendar: gr.HTML
    language: gr.Dropdown
    close: gr.Button


def goals() -> GoalsDialog:
    with gr.Column(elem_id="goals-dialog", elem_classes=["dialog", "standing"]):
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>Words and goals</h2>")
            close = gr.Button("✕", elem_id="goals-close", elem_classes=["bare", "close"], size="sm", min_width=0)
        told = quiet("goals-told", label="Words written", max_lines=6)
        with gr.Row(elem_classes="find-line", elem_id="goals-numbers"):
            session, day, book = (
                gr.Number(None, label=label, precision=0, minimum=0, elem_id=id, min_width=0)
                for label, id in (("A session", "goal-session"), ("A day", "goal-day"), ("The book", "goal-book"))
            )
        gr.HTML("<p class='dim'>Goals in words; empty is none.</p>")
        calendar = gr.HTML(elem_id="goals-calendar")
        language = gr.Dropdown(
            LANGUAGES, value="", label="Language of the book, for the browser’s spelling",
            allow_custom_value=True, elem_id="book-language",
        )  # fmt: skip
    return GoalsDialog(told, session, day, book, calendar, language, close)
