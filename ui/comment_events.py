"""Wiring of the Comments tab."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gradio as gr

from templora.studio import Studio
from templora.tools import Comment
from ui import comment_view
from ui.comment_parts import CHAPTER, TODOS
from ui.show import OPENED, Show, told

if TYPE_CHECKING:
    from ui.desk import Desk

# The selection, in the text as it was just saved.
SELECTED = "async (...values) => [await window.desk.selected(), ...values.slice(1)]"
CHANGED = "() => { window.templora.commentsChanged() }"


def wire_comments(desk: Desk, studio: Studio, show: Show, opened: list[Any]) -> None:
    tab, ids = desk.comments, [desk.project, desk.chapter]
    comments = studio.tools.comments
    shown = [tab.comments, tab.none, tab.resolve, tab.edit, tab.delete, tab.undo]
    filters, place = [*ids, tab.which, tab.resolved], desk.binder.place

    def listing(
        project: str, chapter: str, which: str, resolved: bool, chosen: str | None = None, last: str = ""
    ) -> list[Any]:
        """For `shown`."""
        found: list[Comment] = []
        if project:
            found = comments.of_chapter(chapter) if which == CHAPTER else comments.of_book(project)
        found = [
            comment
            for comment in found
            if (resolved or comment.resolved_at is None) and (which != TODOS or comment.kind == "todo")
        ]
        titles = {head.id: head.title for head in studio.peek(project)[1]} if project and which != CHAPTER else {}
        picked = next((comment for comment in found if comment.id == chosen), None)
        return [
            gr.update(choices=comment_view.choices(found, titles), value=picked and picked.id, visible=bool(found)),
            gr.update(value="" if found else comment_view.none(which == TODOS), visible=not found),
            gr.update(visible=picked is not None, value="Reopen" if picked and picked.resolved_at else "Resolve"),
            gr.update(visible=picked is not None),
            gr.update(visible=picked is not None),
            gr.update(visible=bool(last)),
        ]

    @told
    def relist(project: str, chapter: str, which: str, resolved: bool, chosen: str | None) -> list[Any]:
        """For `shown` but Undo, which stays for as long as there is something to undo. What is chosen is left alone
        while it is listed: an answer that comes late must not put back what another has chosen meanwhile.
        """
        box, *others = listing(project, chapter, which, resolved, chosen)[:-1]
        if chosen and box["value"] is None:
            return [box, *others]
        del box["value"]
        return [box, others[0], gr.skip(), gr.skip(), gr.skip()]

    gr.on(
        [tab.which.input, tab.resolved.input, desk.chapter.change, desk.seen.change], relist,
        [*filters, tab.comments], shown[:-1], show_progress="hidden",
    )  # fmt: skip

    @told
    def add(
        place: str, body: str, todo: bool, editing: str, project: str, chapter: str, which: str, resolved: bool
    ) -> list[Any]:
        if editing:
            comment = comments.change(editing, body=body, kind="todo" if todo else "comment")
        else:
            at = json.loads(place)
            if at["problem"]:
                raise gr.Error(at["problem"], title="That did not work", print_exception=False, duration=5)
            span = (at["start"], at["end"])
            comment = comments.add(chapter, at["revision"], span, body, "todo" if todo else "comment")
        return ["", False, "", gr.update(value="Add"), "", *listing(project, chapter, which, resolved, comment.id)]

    tab.add.click(
        add, [place, tab.body, tab.todo, tab.editing, *filters],
        [tab.body, tab.todo, tab.editing, tab.add, tab.last, *shown], js=SELECTED, show_progress="hidden",
    ).then(None, js=CHANGED)  # fmt: skip

    @told
    def choose(id: str, project: str, chapter: str, which: str, resolved: bool) -> list[Any]:
        comment = comments.comment(id)
        going = comment.chapter != chapter
        update = show.opened(project, comment.chapter) if going else [gr.skip()] * len(opened)
        at = [comment.chapter, -1 if comment.start is None else comment.start, comment.end or -1]
        return [*update, json.dumps(at), "", *listing(project, comment.chapter, which, resolved, id)]

    tab.comments.input(
        choose, [tab.comments, *filters], [*opened, place, tab.last, *shown], show_progress="hidden"
    ).then(None, ids, None, js=OPENED).then(
        lambda _: "", place, place,
        js="(place) => { window.desk.showPlace(...JSON.parse(place)); return [''] }", show_progress="hidden",
    )  # fmt: skip

    @told
    def clicked(id: str, project: str, chapter: str, resolved: bool) -> list[Any]:
        if not id:
            return [gr.skip()] * (3 + len(shown))
        return ["", CHAPTER, "", *listing(project, chapter, CHAPTER, resolved, id)]

    tab.chosen.input(
        clicked, [tab.chosen, *ids, tab.resolved], [tab.chosen, tab.which, tab.last, *shown], show_progress="hidden"
    )  # fmt: skip

    @told
    def resolve(id: str, project: str, chapter: str, which: str, resolved: bool) -> list[Any]:
        comment = comments.comment(id)
        comments.change(id, resolved=comment.resolved_at is None)
        last = json.dumps(["resolve" if comment.resolved_at is None else "reopen", id])
        return [last, *listing(project, chapter, which, resolved, id, last)]

    @told
    def delete(id: str, project: str, chapter: str, which: str, resolved: bool) -> list[Any]:
        comments.delete(id)
        last = json.dumps(["delete", id])
        return [last, *listing(project, chapter, which, resolved, None, last)]

    @told
    def undo(last: str, project: str, chapter: str, which: str, resolved: bool) -> list[Any]:
        verb, id = json.loads(last)
        if verb == "delete":
            comments.restore(id)
        else:
            comments.change(id, resolved=verb == "reopen")
        return ["", *listing(project, chapter, which, resolved, id)]

    for button, handler, given in (
        (tab.resolve, resolve, tab.comments), (tab.delete, delete, tab.comments), (tab.undo, undo, tab.last),
    ):  # fmt: skip
        button.click(handler, [given, *filters], [tab.last, *shown], show_progress="hidden").then(None, js=CHANGED)

    @told
    def edit(id: str) -> list[Any]:
        comment = comments.comment(id)
        return [comment.body, comment.kind == "todo", id, gr.update(value="Save")]

    tab.edit.click(edit, tab.comments, [tab.body, tab.todo, tab.editing, tab.add], show_progress="hidden")
