"""Wiring of finding: the bar is the editor's own; the book is searched and changed by the Studio."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import gradio as gr

from templora.errors import TemploraError
from templora.studio import Studio
from templora.tools import ChapterPlaces, Query
from ui import find_view, view
from ui.show import FLUSH_FIRST, OPENED, Show, told

if TYPE_CHECKING:
    from ui.desk import Desk


def wire_find_bar(desk: Desk) -> None:
    bar, dialog = desk.find, desk.replace
    find = "(...values) => { window.desk.find(...values) }"
    for control in (bar.find, bar.instead):
        control.change(None, bar.query, None, js=find)
    for option in (bar.case, bar.word, bar.regex):
        option.change(None, bar.query, None, js=find)
    bar.previous.click(None, js="() => { window.desk.findStep(-1) }")
    bar.following.click(None, js="() => { window.desk.findStep(1) }")
    bar.replace.click(None, js="() => { window.desk.replaceHit() }")
    bar.all.click(
        None, [desk.project, desk.chapter], None, js="(project, chapter) => window.desk.replaceAll(project, chapter)"
    )
    bar.close.click(None, js="() => { window.desk.closeFind() }")
    # What was typed in the bar goes along.
    bar.book.click(
        None, bar.query, dialog.query,
        js="(...values) => { window.desk.show('replace-dialog'); return values }",
    )  # fmt: skip


def wire_replace(desk: Desk, studio: Studio) -> None:
    dialog = desk.replace
    listed = [dialog.told, dialog.places, dialog.replace, dialog.tick, dialog.more, dialog.wanted, dialog.shown]
    undoing = [dialog.undone, dialog.undo]
    hidden = gr.update(visible=False)

    def listing(project: str, most: int, *values: Any) -> list[Any]:
        """For `listed`."""
        find, instead, case, word, regex = values
        if not project or not find:
            return ["", gr.update(choices=[], value=[], visible=False), hidden, hidden, hidden, "", most]
        query = Query(find, case, word, regex)
        try:
            found = studio.tools.find(project, query, instead)
        except TemploraError as error:
            return [error.message, gr.update(choices=[], value=[], visible=False), hidden, hidden, hidden, "", most]
        choices = find_view.place_choices(found, most)
        places = sum(len(chapter.places) for chapter in found)
        return [
            find_view.places_line(found, len(choices)),
            gr.update(choices=choices, value=[value for _, value in choices], visible=bool(choices)),
            gr.update(value=f"Replace all {places:,}" if places > 1 else "Replace it", visible=bool(places)),
            gr.update(value="None", visible=places > 1),
            gr.update(visible=len(choices) < places),
            _wanted(found, query, instead, len(choices)) if places else "",
            most,
        ]

    def undo_line(project: str) -> list[Any]:
        """For `undoing`."""
        last = studio.tools.last_replacement(project) if project else None
        if last is None:
            return [hidden, hidden]
        when = view.when(last.created_at, time.time())
        line = f"{when}: {view.count(last.places, 'place')} in {view.chapters(len(last.chapters))} replaced."
        return [gr.update(value=line, visible=True), gr.update(visible=True)]

    @told
    def look(project: str, *values: Any) -> list[Any]:
        return [*listing(project, find_view.AT_ONCE, *values), *undo_line(project)]

    gr.on(
        [dialog.look.click, dialog.find.submit, dialog.instead.submit], look, [desk.project, *dialog.query],
        [*listed, *undoing], js=FLUSH_FIRST, show_progress="hidden",
    )  # fmt: skip
    for option in (dialog.case, dialog.word, dialog.regex):
        option.input(
            look, [desk.project, *dialog.query], [*listed, *undoing], js=FLUSH_FIRST, show_progress="hidden"
        )  # fmt: skip
    for button in (desk.find.book, desk.search.replace):
        button.click(
            look, [desk.project, *(desk.find.query if button is desk.find.book else dialog.query)],
            [*listed, *undoing], js=FLUSH_FIRST, show_progress="hidden",
        )  # fmt: skip
    desk.search.replace.click(None, js="() => { window.desk.show('replace-dialog') }")
    dialog.close.click(None, js="() => { window.desk.hide('replace-dialog') }")

    @told
    def more(project: str, shown: float, *values: Any) -> list[Any]:
        return listing(project, int(shown) + find_view.AT_ONCE, *values)

    dialog.more.click(more, [desk.project, dialog.shown, *dialog.query], listed, show_progress="hidden")

    # What stands in the fields since the places were listed, typed or pasted, counts only once they are listed again.
    for field in (dialog.find, dialog.instead):
        field.change(
            None, None, [dialog.replace, dialog.wanted, dialog.told],
            js="() => [{ __type__: 'update', visible: false }, '', '']",
        )  # fmt: skip

    def ticked(chosen: list[str], wanted: str) -> list[Any]:
        """The button says what it will do, and `wanted` is that."""
        if not wanted:
            return [gr.skip(), gr.skip(), gr.skip()]
        asked = json.loads(wanted)
        everything = len(chosen) == asked["listed"]
        asked["only"] = None if everything else [[part[0], int(part[1])] for part in (c.split(":") for c in chosen)]
        some = f"Replace all {asked['places']:,}" if everything else f"Replace {view.count(len(chosen), 'place')}"
        return [
            gr.update(value=some, interactive=bool(chosen)),
            gr.update(value="None" if chosen else "All"),
            json.dumps(asked),
        ]

    dialog.places.change(
        ticked, [dialog.places, dialog.wanted], [dialog.replace, dialog.tick, dialog.wanted], show_progress="hidden"
    )  # fmt: skip

    @told
    def tick(chosen: list[str], project: str, shown: float, *values: Any) -> Any:
        if chosen:
            return []
        find, instead, case, word, regex = values
        found = studio.tools.find(project, Query(find, case, word, regex), instead)
        return [value for _, value in find_view.place_choices(found, int(shown))]

    dialog.tick.click(
        tick, [dialog.places, desk.project, dialog.shown, *dialog.query], dialog.places, show_progress="hidden"
    )  # fmt: skip

    def after(project: str, outcome: str) -> list[Any]:
        done = json.loads(outcome)
        if done["problem"]:
            return [done["problem"], *[gr.skip()] * 2, *undo_line(project)]
        places, within = view.count(done["places"], "place"), view.chapters(len(done["chapters"]))
        return [f"Replaced: {places} in {within}.", gr.update(choices=[], value=[], visible=False), hidden,
                *undo_line(project)]  # fmt: skip

    dialog.replace.click(
        after, [desk.project, dialog.wanted], [dialog.told, dialog.places, dialog.replace, *undoing],
        js="async (project, wanted) => [project, await window.desk.replaceInBook(project, wanted)]",
        show_progress="hidden",
    ).then(lambda: "", None, desk.seen, show_progress="hidden")  # fmt: skip

    def undone(project: str, outcome: str) -> list[Any]:
        done = json.loads(outcome)
        back = f"{view.chapters(len(done.get('back') or []))} put back as before."
        return [done["problem"] or back, *undo_line(project)]

    @told
    def last(project: str) -> str:
        done = studio.tools.last_replacement(project)
        return str(done.id) if done else ""

    dialog.undo.click(last, desk.project, dialog.wanted, show_progress="hidden").then(
        undone, [desk.project, dialog.wanted], [dialog.told, *undoing],
        js="async (project, id) => [project, await window.desk.undoReplacement(project, id)]",
        show_progress="hidden",
    ).then(lambda: "", None, desk.seen, show_progress="hidden")  # fmt: skip


def _wanted(found: list[ChapterPlaces], query: Query, instead: str, listed: int) -> str:
    """What the page sends to replace all places, and what `ticked` needs to know."""
    places = sum(len(chapter.places) for chapter in found)
    revisions = {chapter.chapter: chapter.revision for chapter in found}
    body = {**vars(query), "replacement": instead, "revisions": revisions, "only": None}
    return json.dumps({**body, "places": places, "listed": listed})


def wire_search(desk: Desk, studio: Studio, show: Show, opened: list[Any]) -> None:
    tab, ids = desk.search, [desk.project, desk.chapter]

    @told
    def search(query: str, deleted: bool, project: str) -> list[Any]:
        found = studio.tools.search(project, query, deleted) if project and query.strip() else []
        return [find_view.found_line(query, found), gr.update(choices=find_view.found_choices(found), value=None)]

    gr.on(
        [tab.query.change, tab.query.submit, tab.deleted.input], search, [tab.query, tab.deleted, desk.project],
        [tab.told, tab.found], js=FLUSH_FIRST, trigger_mode="always_last", show_progress="hidden",
    )  # fmt: skip

    @told
    def go(project: str, place: str) -> list[Any]:
        chapter = place.split(":", maxsplit=1)[0]
        if chapter not in [head.id for head in studio.peek(project)[1]]:
            gr.Info("This chapter is deleted. It can be brought back below the list of chapters.", duration=6)
            return [gr.skip()] * len(opened)
        return show.opened(project, chapter)

    tab.found.input(go, [desk.project, tab.found], opened, js=FLUSH_FIRST, show_progress="hidden").then(
        None, ids, None, js=OPENED
    ).then(
        None, tab.found, None,
        js="(place) => { const [chapter, a, b] = place.split(':'); window.desk.showPlace(chapter, +a, +b) }",
    )  # fmt: skip
