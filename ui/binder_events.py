"""Wiring of the binder's order, and of what the writer notes of a chapter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gradio as gr

from storage.records import ChapterStatus
from templora.errors import BadInput
from templora.studio import Studio
from ui import binder_view
from ui.show import FLUSH_FIRST, Handler, Show, told

if TYPE_CHECKING:
    from ui.desk import Desk

ELSEWHERE = "The chapters were changed in another window meanwhile. Look at the list, and try again."


def wire_order(desk: Desk, studio: Studio, show: Show, opened: list[Any]) -> None:
    """Chapters are moved by the buttons and by dragging; each move can be taken back."""
    binder, ids = desk.binder, [desk.project, desk.chapter]
    told_of = [binder.moved, binder.moved_text, binder.moves]

    def put(project: str, open_chapter: str, chapter: str, place: int, moves: str) -> list[Any]:
        """`moves`: what can be taken back afterwards."""
        changed = studio.change_chapter(chapter, position=place)
        line = binder_view.moved_line(changed.title, changed.position + 1)
        return [gr.update(visible=bool(moves)), line, moves, *show.opened(project, open_chapter)]

    def step(by: int) -> Handler:
        @told
        def stepped(project: str, chapter: str, moves: str) -> list[Any]:
            order = [head.id for head in studio.peek(project)[1]]
            place = order.index(chapter) + by if chapter in order else -1
            if not 0 <= place < len(order):
                return [*[gr.skip()] * len(told_of), *show.opened(project, chapter)]
            return put(project, chapter, chapter, place, binder_view.noted(moves, order, chapter))

        return stepped

    outputs = [*told_of, *opened]
    for button, by in ((binder.up, -1), (binder.down, 1)):
        button.click(step(by), [*ids, binder.moves], outputs, js=FLUSH_FIRST, show_progress="hidden")

    @told
    def drop(project: str, open_chapter: str, moves: str, dropped: str) -> list[Any]:
        order = [head.id for head in studio.peek(project)[1]]
        what = json.loads(dropped)
        place = binder_view.place_before(order, what["chapter"], what["before"])
        if what["chapter"] not in order or place is None:
            raise BadInput(ELSEWHERE)
        return put(project, open_chapter, what["chapter"], place, binder_view.noted(moves, order, what["chapter"]))

    dropping = binder.drop.click(
        drop, [*ids, binder.moves, binder.place], outputs,
        js="async (...ids) => { await window.desk.flush(); return [...ids.slice(0, -1), window.desk.dropped()] }",
        show_progress="hidden",
    )  # fmt: skip
    for answered in (dropping.success, dropping.failure):
        answered(None, js="() => { window.desk.settle() }")

    @told
    def take_back(project: str, open_chapter: str, moves: str) -> list[Any]:
        order = [head.id for head in studio.peek(project)[1]]
        chapter, place, left = binder_view.last_move(moves, order)
        if not chapter:
            return [gr.update(visible=False), "", "", *[gr.skip()] * len(opened)]
        return put(project, open_chapter, chapter, place, left)

    binder.undo.click(take_back, [*ids, binder.moves], outputs, js=FLUSH_FIRST, show_progress="hidden")
    binder.moved_text.change(None, binder.moved_text, js="(line) => { window.desk.announce(line) }")
    # Another book has another order.
    desk.project.change(
        None, None, told_of, js="() => [{ __type__: 'update', visible: false }, '', '']", show_progress="hidden"
    )  # fmt: skip


def wire_outline(desk: Desk, studio: Studio) -> None:
    """Status, synopsis and scenes. The page's script saves the synopsis itself, and finds the scenes in the text."""
    binder = desk.binder
    binder.outline.change(None, binder.outline, js="(chapters) => { window.desk.outline(chapters) }")
    binder.dots.change(None, binder.dots, js="(states) => { window.desk.dots(states) }")
    binder.look.click(None, None, binder.scenes, js="() => window.desk.scenes()", show_progress="hidden")

    @told
    def set_status(status: ChapterStatus, project: str, chapter: str) -> str:
        studio.set_status(chapter, status)
        return binder_view.outline(studio.peek(project)[1])

    desk.page.outline.status.input(
        set_status, [desk.page.outline.status, desk.project, desk.chapter], binder.outline, show_progress="hidden"
    )  # fmt: skip
