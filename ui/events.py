"""All wiring of the page, one block a control. Handlers call the Studio and return what `ui.view` makes of it.

Errors of the one tree are shown as Gradio errors with their own message; anything else is a bug and surfaces as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from templora.studio import Studio
from ui import binder_view
from ui.bible_events import wire_notes, wire_reading
from ui.binder_events import wire_order, wire_outline
from ui.chapter_events import wire_binder, wire_parting
from ui.check_events import wire_checks
from ui.comment_events import wire_comments
from ui.dialog_events import wire_backups, wire_books, wire_export
from ui.find_events import wire_find_bar, wire_replace, wire_search
from ui.goal_events import wire_goals
from ui.history_events import wire_history
from ui.manner_events import wire_manner
from ui.memory_events import wire_memory, wire_tick
from ui.model_events import wire_model
from ui.show import ON_LEAVING, Show, told
from ui.take_events import wire_takes, wire_writing

if TYPE_CHECKING:
    from ui.desk import Desk


def wire(desk: Desk, studio: Studio) -> None:
    show = Show(studio)
    opened_outputs = [
        desk.project, desk.chapter, desk.top.title, desk.binder.outline, desk.binder.chapters, desk.page.title,
        desk.takes.earlier, desk.seen, desk.page.finished,
        desk.binder.deleted_group, desk.binder.deleted, desk.memory.strength, desk.memory.room,
        desk.memory.learned, desk.memory.told, desk.page.outline.status, desk.page.outline.synopsis,
    ]  # fmt: skip
    wire_books(desk, studio, show, opened_outputs)
    wire_backups(desk, studio, show)
    wire_binder(desk, studio, show, opened_outputs)
    wire_order(desk, studio, show, opened_outputs)
    wire_outline(desk, studio)
    wire_parting(desk, studio, show, opened_outputs)
    _wire_titles(desk, studio)
    wire_writing(desk)
    wire_takes(desk, studio)
    _wire_top(desk)
    wire_history(desk, studio)
    wire_memory(desk, studio)
    wire_checks(desk, studio, show, opened_outputs)
    wire_notes(desk, studio, show, opened_outputs)
    wire_reading(desk, studio)
    wire_export(desk, studio)
    wire_model(desk, studio)
    wire_manner(desk, studio)
    wire_find_bar(desk)
    wire_replace(desk, studio)
    wire_search(desk, studio, show, opened_outputs)
    wire_comments(desk, studio, show, opened_outputs)
    wire_goals(desk, studio)
    wire_tick(desk, studio, show)
    _wire_answers(desk)


def _wire_answers(desk: Desk) -> None:
    """No answer is waited for in vain.

    Gradio closes the stream that answers come by when none is due. What is asked for in that very moment would never
    hear anything, not after a second click either. The next event opens the stream again: so one comes soon.
    """
    desk.timer.tick(lambda: None, trigger_mode="multiple", show_progress="hidden")


def _wire_titles(desk: Desk, studio: Studio) -> None:
    # Leaving a field may come with a click on another chapter: nothing here says which one is open.
    ids = [desk.project, desk.chapter]

    @told
    def rename_book(title: str, project: str) -> Any:
        if not project:
            return gr.skip()
        if not title.strip():  # emptied by mistake
            return studio.peek(project)[0].title
        if title.strip() != studio.peek(project)[0].title:
            studio.rename_project(project, title)
        return gr.skip()  # one may be typing there again

    gr.on(
        [desk.top.title.submit, desk.top.title.blur], rename_book, [desk.top.title, desk.project], desk.top.title,
        **ON_LEAVING,
    )  # fmt: skip

    @told
    def rename_chapter(title: str, project: str, chapter: str) -> Any:
        if chapter and title.strip() and title.strip() != studio.chapter(chapter).title:
            studio.change_chapter(chapter, title=title)
        if not project:
            return [gr.skip()] * 2
        _, heads = studio.peek(project)
        return [gr.update(choices=binder_view.choices(heads)), binder_view.outline(heads)]

    gr.on(
        [desk.page.title.submit, desk.page.title.blur], rename_chapter, [desk.page.title, *ids],
        [desk.binder.chapters, desk.binder.outline], **ON_LEAVING,
    )  # fmt: skip


def _wire_top(desk: Desk) -> None:
    desk.top.palette.click(None, js="() => { window.templora.palette('actions') }")
    desk.top.chapters_toggle.click(None, js="() => { window.desk.toggle('binder') }")
    desk.top.assistant_toggle.click(None, js="() => { window.desk.toggle('side') }")
