"""All wiring of the page, one block a control. Handlers call the Studio and return what `ui.view` makes of it.

Errors of the one tree are shown as Gradio errors with their own message; anything else is a bug and surfaces as one.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from storage.records import ChapterHead, Project
from templora.errors import NotFound, TemploraError
from templora.studio import Studio
from ui import view

Handler = Callable[..., Any]

OPENED = "(project, chapter) => { window.desk.opened(project, chapter) }"
FLUSH_FIRST = "async (...values) => { await window.desk.flush(); return values }"


def _told(handler: Handler) -> Handler:
    """Shows the writer what went wrong, in the error's own words."""

    @functools.wraps(handler)
    def wrapped(*values: Any) -> Any:
        try:
            return handler(*values)
        except TemploraError as error:
            raise gr.Error(error.message, title="That did not work", print_exception=False) from error

    return wrapped


class _Show:
    """What to put into the components, from the Studio's data."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def book(self, project_id: str, chapter_id: str) -> tuple[Project | None, list[ChapterHead], str]:
        """The open project, its chapters and the open chapter's id; an unknown id falls back to what there is."""
        try:
            project, heads = self.studio.project(project_id)
        except NotFound:
            return None, [], ""
        if project.deleted_at is not None:
            return None, [], ""
        ids = [head.id for head in heads]
        return project, heads, chapter_id if chapter_id in ids else (ids[-1] if ids else "")

    def opened(self, project_id: str, chapter_id: str) -> list[Any]:
        """For `opened_outputs`: everything that depends on which chapter is open."""
        project, heads, chapter_id = self.book(project_id, chapter_id)
        title = next((head.title for head in heads if head.id == chapter_id), "")
        number = next((n for n, head in enumerate(heads, 1) if head.id == chapter_id), 0)
        return [
            project.id if project else "",
            chapter_id,
            gr.update(value=project.title if project else "", interactive=project is not None),
            _dim(view.words(sum(head.words for head in heads)) if project else ""),
            gr.update(choices=view.chapter_choices(heads), value=chapter_id or None),
            gr.update(value=title, label=f"Title of chapter {number}", interactive=bool(chapter_id)),
            gr.update(choices=view.take_choices(self.studio.takes(chapter_id)) if chapter_id else [], value=None),
            "",
        ]

    def books(self, message: str = "", value: str | None = None) -> list[Any]:
        """For `books_outputs`: the list of books."""
        alive = [self.studio.peek(project.id) for project in self.studio.projects()]
        gone = [self.studio.peek(project.id) for project in self.studio.projects(deleted=True)]
        choices = view.project_choices([(project, sum(h.words for h in heads)) for project, heads in alive])
        deleted = view.project_choices([(project, sum(h.words for h in heads)) for project, heads in gone])
        value = value if value in [id for _, id in choices] else (choices[0][1] if choices else None)
        return [
            gr.update(choices=choices, value=value, visible=bool(choices)),
            gr.update(visible=bool(choices)),
            gr.update(visible=bool(choices)),
            gr.update(visible=bool(deleted)),
            gr.update(choices=deleted, value=deleted[0][1] if deleted else None),
            gr.update(value=message, visible=bool(message)),
        ]


def _dim(text: str) -> str:
    return f"<span class='dim'>{text}</span>"


def wire(desk: Any, studio: Studio, blocks: gr.Blocks) -> None:
    show = _Show(studio)
    opened_outputs = [
        desk.project, desk.chapter, desk.top.title, desk.top.words, desk.binder.chapters, desk.page.title,
        desk.takes.earlier, desk.seen,
    ]  # fmt: skip
    _wire_books(desk, studio, show, opened_outputs, blocks)
    _wire_binder(desk, studio, show, opened_outputs)
    _wire_titles(desk, studio, show, opened_outputs)
    _wire_page(desk)
    _wire_takes(desk)
    _wire_memory(desk, studio)
    _wire_export(desk)
    _wire_tick(desk, studio, show)


# --- books -----------------------------------------------------------------------------------------------------------


def _wire_books(desk: Any, studio: Studio, show: _Show, opened: list[Any], blocks: gr.Blocks) -> None:
    box, books = desk.books.box, desk.books
    listed = [books.books, books.open, books.delete, books.deleted_group, books.deleted, books.message]
    ids = [desk.project, desk.chapter]

    def on_load(project: str, chapter: str) -> list[Any]:
        updates = show.opened(project, chapter)
        return [*updates, gr.update(visible=not updates[0]), *show.books()]

    blocks.load(
        on_load, ids, [*opened, box, *listed], js="() => window.desk.restore()", show_progress="hidden"
    ).then(None, ids, None, js=OPENED)  # fmt: skip

    @_told
    def open_dialog(project: str) -> list[Any]:
        return [gr.update(visible=True), *show.books(value=project)]

    desk.top.books.click(
        open_dialog, desk.project, [box, *listed], js=FLUSH_FIRST, show_progress="hidden"
    ).then(None, js="() => window.desk.dialogOpened('books-dialog')")  # fmt: skip

    def close_dialog() -> Any:
        return gr.update(visible=False)

    books.close.click(close_dialog, None, box, show_progress="hidden")

    @_told
    def open_book(project: str) -> list[Any]:
        studio.project(project)
        return [gr.update(visible=False), *show.opened(project, "")]

    books.open.click(open_book, books.books, [box, *opened], show_progress="hidden").then(
        None, ids, None, js=OPENED
    )  # fmt: skip

    @_told
    def create(title: str) -> list[Any]:
        project = studio.create_project(title)
        studio.add_chapter(project.id, "Chapter 1")
        return [gr.update(visible=False), gr.update(value=""), *show.opened(project.id, "")]

    gr.on(
        [books.create.click, books.new_title.submit], create, books.new_title, [box, books.new_title, *opened],
        show_progress="hidden",
    ).then(None, ids, None, js=OPENED)  # fmt: skip

    @_told
    def import_file(path: str) -> list[Any]:
        file = Path(path)
        project = studio.import_book(file.read_bytes(), file.name)
        _, heads = studio.peek(project.id)
        gr.Info(
            f"{view.words(sum(head.words for head in heads))} in {len(heads)} chapter(s). The Memory panel shows how "
            "long learning them takes.",
            title="Imported",
        )
        return [gr.update(visible=False), *show.opened(project.id, heads[0].id if heads else "")]

    books.upload.upload(import_file, books.upload, [box, *opened]).then(None, ids, None, js=OPENED)

    @_told
    def ask_delete(project: str) -> list[Any]:
        title = studio.peek(project)[0].title
        return [gr.update(visible=True), f"Delete ‘{title}’? It can be brought back for 30 days."]

    books.delete.click(
        ask_delete, books.books, [books.confirm, books.confirm_text], show_progress="hidden"
    )  # fmt: skip
    books.confirm_no.click(close_dialog, None, books.confirm, show_progress="hidden")

    @_told
    def delete(victim: str, project: str, chapter: str) -> list[Any]:
        studio.delete_project(victim)
        return [
            gr.update(visible=False),
            *show.books("Deleted. It is kept for 30 days."),
            *show.opened(project, chapter),
        ]

    books.confirm_yes.click(
        delete, [books.books, *ids], [books.confirm, *listed, *opened], show_progress="hidden"
    ).then(None, ids, None, js=OPENED)  # fmt: skip

    @_told
    def restore(project: str) -> list[Any]:
        studio.restore_project(project)
        return show.books("It is back.", project)

    books.restore.click(restore, books.deleted, listed, show_progress="hidden")


# --- binder and titles -----------------------------------------------------------------------------------------------


def _wire_binder(desk: Any, studio: Studio, show: _Show, opened: list[Any]) -> None:
    binder, ids = desk.binder, [desk.project, desk.chapter]

    def open_chapter(project: str, chapter: str) -> list[Any]:
        return show.opened(project, chapter)

    binder.chapters.input(
        open_chapter, [desk.project, binder.chapters], opened, js=FLUSH_FIRST, show_progress="hidden"
    ).then(None, ids, None, js=OPENED)  # fmt: skip

    @_told
    def add(project: str) -> list[Any]:
        _, heads = studio.peek(project)
        chapter = studio.add_chapter(project, f"Chapter {len(heads) + 1}")
        return show.opened(project, chapter.id)

    binder.add.click(add, desk.project, opened, js=FLUSH_FIRST, show_progress="hidden").then(
        None, ids, None, js=OPENED
    )  # fmt: skip

    def move(step: int) -> Handler:
        @_told
        def moved(project: str, chapter: str) -> list[Any]:
            _, heads = studio.peek(project)
            index = next((i for i, head in enumerate(heads) if head.id == chapter), None)
            if index is not None and 0 <= index + step < len(heads):
                studio.change_chapter(chapter, position=heads[index + step].position)
            return show.opened(project, chapter)

        return moved

    binder.up.click(move(-1), ids, opened, js=FLUSH_FIRST, show_progress="hidden")
    binder.down.click(move(1), ids, opened, js=FLUSH_FIRST, show_progress="hidden")

    @_told
    def ask(chapter: str) -> list[Any]:
        title = studio.chapter(chapter).title
        return [gr.update(visible=True), f"Delete the chapter ‘{title}’?"]

    binder.delete.click(ask, desk.chapter, [binder.confirm, binder.confirm_text], show_progress="hidden")
    binder.confirm_no.click(lambda: gr.update(visible=False), None, binder.confirm, show_progress="hidden")

    @_told
    def delete(project: str, chapter: str) -> list[Any]:
        studio.delete_chapter(chapter)
        return [gr.update(visible=False), gr.update(visible=True), chapter, *show.opened(project, "")]

    binder.confirm_yes.click(
        delete, ids, [binder.confirm, binder.deleted, binder.deleted_id, *opened], js=FLUSH_FIRST,
        show_progress="hidden",
    ).then(None, ids, None, js=OPENED)  # fmt: skip

    @_told
    def undo(project: str, chapter: str) -> list[Any]:
        studio.restore_chapter(chapter)
        return [gr.update(visible=False), *show.opened(project, chapter)]

    binder.undo_delete.click(
        undo, [desk.project, binder.deleted_id], [binder.deleted, *opened], show_progress="hidden"
    ).then(None, ids, None, js=OPENED)  # fmt: skip


def _wire_titles(desk: Any, studio: Studio, show: _Show, opened: list[Any]) -> None:
    ids = [desk.project, desk.chapter]

    @_told
    def rename_book(title: str, project: str, chapter: str) -> list[Any]:
        if project and title.strip() and title.strip() != studio.peek(project)[0].title:
            studio.rename_project(project, title)
        return show.opened(project, chapter)

    gr.on(
        [desk.top.title.submit, desk.top.title.blur], rename_book, [desk.top.title, *ids], opened,
        show_progress="hidden",
    )  # fmt: skip

    @_told
    def rename_chapter(title: str, project: str, chapter: str) -> list[Any]:
        if chapter and title.strip() and title.strip() != studio.chapter(chapter).title:
            studio.change_chapter(chapter, title=title)
        return show.opened(project, chapter)

    gr.on(
        [desk.page.title.submit, desk.page.title.blur], rename_chapter, [desk.page.title, *ids], opened,
        show_progress="hidden",
    )  # fmt: skip


# --- writing: the editor does it all; buttons call what the keys call ------------------------------------------------


def _wire_page(desk: Any) -> None:
    page = desk.page
    for button, verb in (
        (page.go, "continue"),
        (page.stop, "dismiss"),
        (page.accept, "accept"),
        (page.word, "acceptWord"),
        (page.previous, "previousTake"),
        (page.following, "nextTake"),
        (page.another, "another"),
        (page.dismiss, "dismiss"),
    ):
        button.click(None, js=f"() => {{ window.desk.do('{verb}') }}")
    page.rewrite.click(None, js="() => { window.desk.askRewrite() }")
    desk.top.chapters_toggle.click(None, js="() => { window.desk.toggle('binder') }")
    desk.top.assistant_toggle.click(None, js="() => { window.desk.toggle('side') }")


def _wire_takes(desk: Any) -> None:
    takes = desk.takes
    takes.rewrite.click(None, takes.instruction, None, js="(text) => { window.desk.rewrite(text) }")
    takes.instruction.submit(None, takes.instruction, None, js="(text) => { window.desk.rewrite(text) }")
    for control in takes.sampling:
        control.change(None, takes.sampling, None, js="(...values) => { window.desk.sampling(values) }")
    takes.earlier.input(None, takes.earlier, None, js="(id) => { window.desk.insertTake(id) }")


# --- memory ----------------------------------------------------------------------------------------------------------


def _wire_memory(desk: Any, studio: Studio) -> None:
    panel = desk.memory

    def ask(verb: Any) -> Handler:
        @_told
        def asked(project: str) -> str:
            if project:
                studio.memory_do(project, verb)
            return ""  # what was seen is out of date: the next tick shows all

        return asked

    panel.learn.click(ask("learn"), desk.project, desk.seen, js=FLUSH_FIRST, show_progress="hidden")
    for button, verb in ((panel.pause, "pause"), (panel.resume, "resume"), (panel.cancel, "cancel")):
        button.click(ask(verb), desk.project, desk.seen, show_progress="hidden")

    panel.discard.click(lambda: gr.update(visible=True), None, panel.confirm, show_progress="hidden")
    panel.confirm_no.click(lambda: gr.update(visible=False), None, panel.confirm, show_progress="hidden")

    @_told
    def discard(project: str) -> list[Any]:
        if project:
            gone = studio.discard_memory(project)
            gr.Info(f"{gone.files} file(s), {gone.bytes / 1e6:.0f} MB. The text stays.", title="Memory discarded")
        return [gr.update(visible=False), ""]

    panel.confirm_yes.click(discard, desk.project, [panel.confirm, desk.seen])


def _wire_export(desk: Any) -> None:
    export = desk.export
    chosen = [desk.project, export.format]
    desk.top.export.click(
        lambda: [gr.update(visible=True), gr.update(visible=False), ""], None,
        [export.box, export.confirm, export.report], show_progress="hidden",
    ).then(None, js="() => window.desk.dialogOpened('export-dialog')")  # fmt: skip
    export.close.click(lambda: gr.update(visible=False), None, export.box, show_progress="hidden")
    export.copy.click(None, chosen, export.report, js="(p, format) => window.desk.copy(p, format)")
    export.finish.click(lambda: gr.update(visible=True), None, export.confirm, show_progress="hidden")
    export.confirm_no.click(lambda: gr.update(visible=False), None, export.confirm, show_progress="hidden")
    finished = export.confirm_yes.click(
        None, chosen, export.report, js="(p, format) => window.desk.finish(p, format)"
    )  # fmt: skip
    finished.then(
        lambda: [gr.update(visible=False), ""], None, [export.confirm, desk.seen], show_progress="hidden"
    )  # fmt: skip


# --- what changes by itself ------------------------------------------------------------------------------------------


def _wire_tick(desk: Any, studio: Studio, show: _Show) -> None:
    panel, foot = desk.memory, desk.footer
    outputs = [
        desk.seen, foot.model, foot.where, foot.memory, desk.top.words, desk.binder.chapters, desk.takes.earlier,
        panel.number, panel.explanation, panel.counts, panel.bar, panel.line, panel.pause, panel.resume, panel.cancel,
        panel.chart,
    ]  # fmt: skip

    def tick(project_id: str, chapter_id: str, seen: str) -> list[Any]:
        model = studio.model()
        lines = [view.model_line(model), view.model_name(model.id, model.device)]
        project, heads, chapter_id = show.book(project_id, chapter_id)
        if project is None:
            now = json.dumps(lines)
            return [gr.skip()] * len(outputs) if seen == now else [now, *lines, *[gr.skip()] * (len(outputs) - 3)]
        report = studio.memory(project.id)
        takes = view.take_choices(studio.takes(chapter_id)) if chapter_id else []
        chapters = view.chapter_choices(heads)
        number, explanation = view.headline(report)
        line = view.memory_line(report)
        points = view.chart(report.chunks)
        counts = f"{report.known_words:,} {report.pending_words:,}"
        drawn = [[point.chunk, point.perplexity] for point in points]
        now = json.dumps([lines, line, number, counts, hash(str(chapters)), hash(str(takes)), len(drawn)])
        if seen == now:
            return [gr.skip()] * len(outputs)
        before = json.loads(seen) if seen.startswith("[[") else [None] * 7
        after = json.loads(now)
        working = report.state in ("learning", "rebuilding")
        return [
            now,
            *lines,
            line,
            _dim(view.words(sum(head.words for head in heads))),
            gr.update(choices=chapters, value=chapter_id or None) if before[4] != after[4] else gr.skip(),
            gr.update(choices=takes) if before[5] != after[5] else gr.skip(),
            f"<p class='big'>{number}</p>",
            f"<p class='dim'>{explanation}</p>",
            _counts(report.known_words, report.pending_words),
            f"<div class='bar'><i style='width:{100 * view.progress(report):.0f}%'></i></div>",
            line,
            gr.update(visible=report.learning == "on"),
            gr.update(visible=report.state == "paused"),
            gr.update(visible=working),
            _plot(points) if before[2] != after[2] or before[6] != after[6] else gr.skip(),
        ]

    desk.timer.tick(
        tick, [desk.project, desk.chapter, desk.seen], outputs, queue=False, show_progress="hidden"
    )  # fmt: skip


def _counts(known: int, pending: int) -> str:
    row = "<div class='row'><span class='dot{}'></span>{}<span class='sp'></span><b>{:,}</b>&nbsp;<span class='dim'>words</span></div>"  # noqa: E501
    return row.format("", "Learned", known) + row.format(" p", "Pending", pending)


def _plot(points: list[view.Point]) -> Any:
    frame = pd.DataFrame([(p.chunk, p.perplexity, p.reader) for p in points], columns=["chunk", "perplexity", "reader"])
    return gr.update(value=frame, visible=len(points) >= 4)
