"""Wiring of the History dialog. Restoring is the editor's: it saves first, and what it brings back can be undone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gradio as gr

from templora.studio import Studio
from ui import timeline, view
from ui.history_parts import WHOLE
from ui.show import FLUSH_FIRST, told

if TYPE_CHECKING:
    from ui.desk import Desk

STRUCK = "<p class='dim'><del>Struck through</del>: was there then. <ins>Underlined</ins>: came since.</p>"
EQUAL = "<p class='dim'>Word for word what the chapter is now.</p>"
PRESENT = "<p class='dim'>This is how the chapter stands.</p>"


def wire_history(desk: Desk, studio: Studio) -> None:
    dialog, chapter = desk.history, desk.chapter
    shown = [
        dialog.hint, dialog.changes, dialog.text, dialog.restore, dialog.name, dialog.message,
    ]  # fmt: skip

    def version(id: str, number: int) -> list[Any]:
        """For `shown`."""
        heads = studio.revisions(id)
        text, now = studio.revision_text(id, number), studio.chapter(id).text
        name = next((head.name for head in heads if head.number == number), None)
        newest = number == heads[-1].number
        pieces = timeline.changes(text, now)
        return [
            PRESENT if newest else STRUCK if pieces else EQUAL,
            pieces,
            text,
            gr.update(interactive=bool(pieces)),
            name or "",
            gr.update(value="", visible=False),
        ]

    def listed(id: str, number: int | None = None) -> Any:
        """For the timeline, with `number` chosen."""
        return gr.update(choices=timeline.moments(studio.revisions(id), time.time()), value=number)

    @told
    def open_dialog(id: str) -> list[Any]:
        heads = studio.revisions(id)
        # What one comes for is an earlier version, so the newest of those is shown first.
        number = heads[-2 if len(heads) > 1 else -1].number
        about = view.history_line(studio.chapter(id).title, len(heads))
        return [
            gr.update(visible=True),
            about,
            gr.update(visible=len(heads) > 1),
            listed(id, number),
            *version(id, number),
        ]

    desk.page.history.click(
        open_dialog, chapter, [dialog.box, dialog.about, dialog.body, dialog.versions, *shown], js=FLUSH_FIRST,
        show_progress="hidden",
    )  # fmt: skip
    dialog.close.click(lambda: gr.update(visible=False), None, dialog.box, show_progress="hidden")
    dialog.versions.input(told(version), [chapter, dialog.versions], shown, show_progress="hidden")

    def switch(mode: str) -> list[Any]:
        whole = mode == WHOLE
        return [gr.update(visible=not whole), gr.update(visible=not whole), gr.update(visible=whole)]

    dialog.mode.change(switch, dialog.mode, [dialog.hint, dialog.changes, dialog.text], show_progress="hidden")

    @told
    def rename(name: str, id: str, number: int) -> list[Any]:
        studio.name_revision(id, number, name.strip() or None)
        done = f"Named ‘{name.strip()}’: it is kept for good." if name.strip() else "It has no name any more."
        return [listed(id, number), gr.update(value=done, visible=True)]

    gr.on(
        [dialog.rename.click, dialog.name.submit], rename, [dialog.name, chapter, dialog.versions],
        [dialog.versions, dialog.message], show_progress="hidden",
    )  # fmt: skip

    dialog.copy.click(
        lambda text: gr.update(value=text, visible=True), dialog.text, dialog.message,
        js="async (text) => [await window.desk.copyText(text, 'Choose ‘Its text’ and copy from there.')]",
        show_progress="hidden",
    )  # fmt: skip

    def after(_: int, outcome: str, __: str) -> list[Any]:
        shut = outcome in ("", "conflict")
        if not outcome:
            gr.Info("That version stands in the editor again. Undo there takes it back.", duration=6)
        return [gr.update(visible=not shut), gr.update(value="" if shut else outcome, visible=not shut), ""]

    dialog.restore.click(
        after, [dialog.versions, dialog.message, chapter], [dialog.box, dialog.message, desk.seen],
        js="async (number, _, id) => [number, await window.desk.restoreRevision(number, id), id]",
        show_progress="hidden",
    )  # fmt: skip
