"""Wiring of the goals and of the language of the book."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gradio as gr

from templora.studio import Studio
from templora.tools import Goals
from ui import goal_view
from ui.show import FLUSH_FIRST, ON_LEAVING, told

if TYPE_CHECKING:
    from ui.desk import Desk


def wire_goals(desk: Desk, studio: Studio) -> None:
    dialog, tools = desk.goals, studio.tools
    shown = [dialog.told, dialog.calendar]
    numbers = [dialog.session, dialog.day, dialog.book]

    def written(project: str) -> list[Any]:
        """For `shown`."""
        progress = tools.progress(project)
        today = time.strftime("%Y-%m-%d")
        return [goal_view.progress_line(progress), goal_view.calendar(progress.days, today, progress.goals.day)]

    @told
    def open_dialog(project: str) -> list[Any]:
        if not project:
            return [gr.skip()] * 6
        goals = tools.progress(project).goals
        return [
            *written(project), goals.session or None, goals.day or None, goals.book or None, tools.language(project)
        ]  # fmt: skip

    desk.footer.goals.click(
        open_dialog, desk.project, [*shown, *numbers, dialog.language],
        js="async (project) => { await window.desk.flush(); window.desk.show('goals-dialog'); return [project] }",
        show_progress="hidden",
    )  # fmt: skip
    dialog.close.click(None, js="() => { window.desk.hide('goals-dialog') }")

    @told
    def set_goals(project: str, *values: float | None) -> list[Any]:
        tools.set_goals(project, Goals(*(int(value or 0) for value in values)))
        return written(project)

    gr.on(
        [event for number in numbers for event in (number.submit, number.blur)], set_goals, [desk.project, *numbers],
        shown, js=FLUSH_FIRST, **ON_LEAVING,
    ).then(None, desk.project, None, js="(project) => { window.desk.progress(project) }")  # fmt: skip

    @told
    def set_language(project: str, language: str) -> None:
        tools.set_language(project, language or "")

    dialog.language.input(set_language, [desk.project, dialog.language], None, show_progress="hidden").then(
        None, dialog.language, None, js="(tag) => { window.templora.setLanguage(tag || '') }"
    )
