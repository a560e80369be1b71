"""Wiring of the binder: which chapter is open, and chapters added, split, merged, deleted and brought back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gradio as gr

from templora.errors import Conflict
from templora.studio import Studio
from ui import view
from ui.show import BEGUN, FLUSH_FIRST, OPENED, Show, told

if TYPE_CHECKING:
    from ui.desk import Desk

# The place is the caret's, in the text as it was just saved.
PLACE = "async (...values) => [...values.slice(0, -1), await window.desk.place()]"
MOVED = "The chapter has changed since you were asked. Look where the caret stands, and split again."


def wire_binder(desk: Desk, studio: Studio, show: Show, opened: list[Any]) -> None:
    binder, ids = desk.binder, [desk.project, desk.chapter]

    def open_chapter(project: str, chapter: str) -> list[Any]:
        return show.opened(project, chapter)

    binder.chapters.input(
        open_chapter, [desk.project, binder.chapters], opened, js=FLUSH_FIRST, show_progress="hidden"
    ).then(None, ids, None, js=OPENED)  # fmt: skip

    @told
    def add(project: str) -> list[Any]:
        _, heads = studio.peek(project)
        chapter = studio.add_chapter(project, f"Chapter {len(heads) + 1}")
        return show.opened(project, chapter.id)

    gr.on(
        [binder.add.click, desk.page.first.click], add, desk.project, opened, js=FLUSH_FIRST, show_progress="hidden"
    ).then(None, ids, None, js=BEGUN)  # fmt: skip

    @told
    def ask(chapter: str) -> list[Any]:
        title = studio.chapter(chapter).title
        return [gr.update(visible=True), f"Delete the chapter ‘{title}’? It can be brought back for 30 days."]

    binder.delete.click(ask, desk.chapter, [binder.confirm, binder.confirm_text], show_progress="hidden")
    binder.confirm_no.click(lambda: gr.update(visible=False), None, binder.confirm, show_progress="hidden")

    @told
    def delete(project: str, chapter: str) -> list[Any]:
        studio.delete_chapter(chapter)
        return [gr.update(visible=False), *show.opened(project, "")]

    binder.confirm_yes.click(
        delete, ids, [binder.confirm, *opened], js=FLUSH_FIRST,
        show_progress="hidden",
    ).then(None, ids, None, js=OPENED)  # fmt: skip

    @told
    def restore(project: str, chapter: str) -> list[Any]:
        studio.restore_chapter(chapter)
        return show.opened(project, chapter)

    binder.restore.click(
        restore, [desk.project, binder.deleted], opened, js=FLUSH_FIRST, show_progress="hidden"
    ).then(None, ids, None, js=OPENED)  # fmt: skip


def wire_parting(desk: Desk, studio: Studio, show: Show, opened: list[Any]) -> None:
    """Splitting a chapter at the caret, merging it with the next."""
    binder, ids = desk.binder, [desk.project, desk.chapter]

    @told
    def ask_split(chapter_id: str, place: str) -> list[Any]:
        at = _place(place)
        chapter = studio.chapter(chapter_id)
        before, after = chapter.text[: at["at"]], chapter.text[at["at"] :]
        if not before.strip() or not after.strip():
            return _not_here("Put the caret where the new chapter is to begin, with text before it and after it.", 5)
        question, title = view.split_question(chapter.title, before, after)
        return [gr.update(visible=True), gr.update(visible=False), question, title, place]

    binder.split.click(
        ask_split, [desk.chapter, binder.place],
        [binder.splitting, binder.merging, binder.split_text, binder.split_title, binder.place],
        js=PLACE, show_progress="hidden",
    )  # fmt: skip
    binder.split_no.click(lambda: gr.update(visible=False), None, binder.splitting, show_progress="hidden")

    @told
    def split(project: str, chapter: str, place: str, title: str) -> list[Any]:
        at = _place(place)
        try:
            added = studio.split_chapter(chapter, at["revision"], at["at"], title)
        except Conflict:
            gr.Warning(MOVED, duration=8, title="Not split")
            return [gr.update(visible=False), *[gr.skip()] * len(opened)]
        return [gr.update(visible=False), *show.opened(project, added.id)]

    gr.on(
        [binder.split_yes.click, binder.split_title.submit], split, [*ids, binder.place, binder.split_title],
        [binder.splitting, *opened], js=FLUSH_FIRST, show_progress="hidden",
    ).then(None, ids, None, js=OPENED)  # fmt: skip

    @told
    def ask_merge(project: str, chapter: str) -> list[Any]:
        _, heads = studio.peek(project)
        index = studio.chapter(chapter).position  # raises NotFound: none is open, or it was deleted in another tab
        if index + 1 == len(heads):
            return _not_here("There is no chapter after this one to merge it with.", 3)
        return [gr.update(visible=True), gr.update(visible=False), view.merge_question(heads[index], heads[index + 1])]

    binder.merge.click(
        ask_merge, ids, [binder.merging, binder.splitting, binder.merge_text], js=FLUSH_FIRST, show_progress="hidden"
    )  # fmt: skip
    binder.merge_no.click(lambda: gr.update(visible=False), None, binder.merging, show_progress="hidden")

    @told
    def merge(project: str, chapter: str, place: str) -> list[Any]:
        studio.merge_chapter(chapter, _place(place)["revision"])
        return [gr.update(visible=False), *show.opened(project, chapter)]

    binder.merge_yes.click(
        merge, [*ids, binder.place], [binder.merging, *opened], js=PLACE, show_progress="hidden"
    ).then(None, ids, None, js=OPENED)  # fmt: skip


def _not_here(why: str, outputs: int) -> list[Any]:
    """Says so, and changes nothing."""
    gr.Info(why, duration=6, title="Not here")
    return [gr.skip()] * outputs


def _place(place: str) -> dict[str, Any]:
    """What the editor says of the caret; raises what it says of why it cannot."""
    at = json.loads(place)
    if at["problem"]:
        raise gr.Error(at["problem"], title="That did not work", print_exception=False, duration=5)
    return at
