"""Wiring of the dialogs: the list of books, and export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from templora.studio import Studio
from ui import memory_view, view
from ui.show import BEGUN, FLUSH_FIRST, OPENED, Show, told

if TYPE_CHECKING:
    from ui.desk import Desk


def wire_books(desk: Desk, studio: Studio, show: Show, opened: list[Any]) -> None:
    box, books = desk.books.box, desk.books
    listed = [books.books, books.open, books.delete, books.deleted_group, books.deleted, books.message]
    ids = [desk.project, desk.chapter]

    def on_load(project: str, chapter: str) -> list[Any]:
        updates = show.opened(project, chapter)
        return [*updates, gr.update(visible=not updates[0]), *show.books()]

    # Gradio's own load event stays away on one page load in ten: desk.js clicks this until it has been heard.
    desk.restore.click(
        on_load, ids, [*opened, box, *listed], js="() => window.desk.restore()", queue=False, show_progress="hidden"
    ).then(None, ids, None, js=OPENED)

    @told
    def open_dialog(project: str) -> list[Any]:
        return [gr.update(visible=True), *show.books(value=project)]

    desk.top.books.click(open_dialog, desk.project, [box, *listed], js=FLUSH_FIRST, show_progress="hidden")

    def close_dialog() -> Any:
        return gr.update(visible=False)

    books.close.click(close_dialog, None, box, show_progress="hidden")

    @told
    def open_book(project: str) -> list[Any]:
        studio.project(project)
        return [gr.update(visible=False), *show.opened(project, "")]

    books.open.click(open_book, books.books, [box, *opened], show_progress="hidden").then(
        None, ids, None, js=OPENED
    )  # fmt: skip

    @told
    def create(title: str) -> list[Any]:
        project = studio.create_project(title)
        studio.add_chapter(project.id, "Chapter 1")
        return [gr.update(visible=False), gr.update(value=""), *show.opened(project.id, "")]

    gr.on(
        [books.create.click, books.new_title.submit], create, books.new_title, [box, books.new_title, *opened],
        show_progress="hidden",
    ).then(None, ids, None, js=BEGUN)  # fmt: skip

    @told
    def sample() -> list[Any]:
        project = studio.sample_book()
        _, heads = studio.peek(project.id)
        return [gr.update(visible=False), *show.opened(project.id, heads[0].id if heads else "")]

    books.sample.click(sample, None, [box, *opened], js=FLUSH_FIRST, show_progress="hidden").then(
        None, ids, None, js=OPENED
    )  # fmt: skip

    @told
    def import_file(path: str) -> list[Any]:
        file = Path(path)
        try:
            project = studio.import_book(file.read_bytes(), file.name)
        finally:
            file.unlink(missing_ok=True)  # a manuscript is not to lie about in a temporary folder
        _, heads = studio.peek(project.id)
        gr.Info(
            f"{view.words(sum(head.words for head in heads))} in {view.chapters(len(heads))}. The Memory panel shows "
            "how long learning them takes.",
            title="Imported",
        )
        opened_now = show.opened(project.id, heads[0].id if heads else "")
        return [gr.update(visible=False), gr.update(selected="memory"), *opened_now]

    books.upload.upload(import_file, books.upload, [box, desk.side, *opened]).then(None, ids, None, js=OPENED)

    @told
    def ask_delete(project: str) -> list[Any]:
        title = studio.peek(project)[0].title
        return [gr.update(visible=True), f"Delete ‘{title}’? It can be brought back for 30 days."]

    books.delete.click(
        ask_delete, books.books, [books.confirm, books.confirm_text], show_progress="hidden"
    )  # fmt: skip
    books.confirm_no.click(close_dialog, None, books.confirm, show_progress="hidden")

    @told
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

    @told
    def restore(project: str) -> list[Any]:
        studio.restore_project(project)
        return show.books("It is back.", project)

    books.restore.click(restore, books.deleted, listed, show_progress="hidden")


def wire_backups(desk: Desk, studio: Studio, show: Show) -> None:
    kept, message = desk.books.backups, desk.books.message
    listed = [kept.line, kept.backups, kept.chosen]

    @told
    def listing() -> list[Any]:
        return show.backups()

    # Read when the accordion is opened, so that the list of books does not wait for it.
    kept.group.expand(listing, None, listed, show_progress="hidden")

    @told
    def back_up() -> list[Any]:
        studio.back_up("asked")
        return show.backups()

    kept.now.click(back_up, None, listed, js=FLUSH_FIRST)

    @told
    def choose(name: str) -> list[Any]:
        books = view.backup_book_choices(studio.backup_books(name))
        return [gr.update(visible=True), gr.update(choices=books, value=books[0][1] if books else None)]

    kept.backups.input(choose, kept.backups, [kept.chosen, kept.books], show_progress="hidden")

    @told
    def restore(name: str, book: str) -> list[Any]:
        project = studio.restore_book(name, book)
        return show.books(f"‘{project.title}’ is back, beside what was there. Open it above.", project.id)

    books = desk.books
    kept.restore.click(
        restore, [kept.backups, kept.books],
        [books.books, books.open, books.delete, books.deleted_group, books.deleted, message],
    )  # fmt: skip


def wire_export(desk: Desk, studio: Studio) -> None:
    export = desk.export
    chosen = [desk.project, export.format]

    @told
    def open_dialog(project: str) -> list[Any]:
        report = studio.provenance(project)
        shares = view.share_rows(report)
        return [gr.update(visible=True), gr.update(visible=False), "", view.provenance(report), shares]

    desk.top.export.click(
        open_dialog, desk.project, [export.box, export.confirm, export.report, export.statement, export.shares],
        js=FLUSH_FIRST, show_progress="hidden",
    )  # fmt: skip
    export.close.click(lambda: gr.update(visible=False), None, export.box, show_progress="hidden")
    export.copy.click(None, chosen, export.report, js="(p, format) => window.desk.copy(p, format)")
    export.copy_statement.click(
        None, export.statement, export.report,
        js="(text) => window.desk.copyText(text, 'Select the words below and copy them.')",
    )  # fmt: skip
    export.download_shares.click(None, desk.project, export.report, js="(p) => window.desk.provenance(p)")

    @told
    def ask_finish(project: str) -> list[Any]:
        cost = view.duration(studio.relearn_seconds(project))
        return [
            gr.update(visible=True),
            f"Is the book finished? Relearning it, should you go on, takes {cost}.",
        ]

    export.finish.click(ask_finish, desk.project, [export.confirm, export.confirm_text], show_progress="hidden")
    export.confirm_no.click(lambda: gr.update(visible=False), None, export.confirm, show_progress="hidden")

    def after(project: str, _: str, outcome: str) -> list[Any]:
        done = studio.peek(project)[0].finished_at is not None
        return [gr.update(visible=False), memory_view.finished(outcome), "", gr.update(visible=done)]

    export.confirm_yes.click(
        after, [*chosen, export.report], [export.confirm, export.report, desk.seen, desk.page.finished],
        js="async (p, format) => [p, format, await window.desk.finish(p, format)]",
    )  # fmt: skip
