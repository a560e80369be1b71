"""The dialogs: components by name, a dataclass and its builder each. No events."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui.parts import confirm, quiet

FORMATS = [("Word (.docx)", "docx"), ("Markdown (.md)", "markdown"), ("Plain text (.txt, no italics)", "text")]


@dataclass(frozen=True)
class BooksDialog:
    box: gr.Column
    books: gr.Radio
    open: gr.Button
    delete: gr.Button
    confirm: gr.Column
    confirm_text: gr.Textbox
    confirm_yes: gr.Button
    confirm_no: gr.Button
    new_title: gr.Textbox
    create: gr.Button
    upload: gr.UploadButton
    sample: gr.Button
    message: gr.Textbox
    deleted_group: gr.Accordion
    deleted: gr.Radio
    restore: gr.Button
    backups: Backups
    close: gr.Button


@dataclass(frozen=True)
class Backups:
    """The accordion in the list of books. `chosen` stands while a backup is chosen."""

    group: gr.Accordion
    line: gr.Textbox
    now: gr.Button
    backups: gr.Radio
    chosen: gr.Column
    books: gr.Radio
    restore: gr.Button


@dataclass(frozen=True)
class ExportDialog:
    box: gr.Column
    statement: gr.Textbox
    shares: gr.Dataframe
    copy_statement: gr.Button
    download_shares: gr.Button
    format: gr.Radio
    copy: gr.Button
    finish: gr.Button
    confirm: gr.Column
    confirm_text: gr.Textbox
    confirm_yes: gr.Button
    confirm_no: gr.Button
    report: gr.Textbox
    close: gr.Button


def books() -> BooksDialog:
    with gr.Column(visible=False, elem_id="books-dialog", elem_classes="dialog") as box:
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>Your books</h2>")
            close = gr.Button("✕", elem_id="books-close", elem_classes="bare", size="sm", min_width=0, scale=0)
        gr.HTML(
            "<p>No book yet. Give yours a title and start writing, bring a manuscript along, or look around in a short "
            "sample first. All of it stays on this computer.</p>",
            elem_id="no-books",
        )
        books = gr.Radio([], label="Books", show_label=False, container=False, elem_id="books")
        with gr.Row():
            open_ = gr.Button("Open", variant="primary", elem_id="book-open", size="sm", min_width=0)
            delete = gr.Button("Delete …", elem_id="book-delete", elem_classes="bare", size="sm", min_width=0)
        sure, text, yes, no = confirm("delete-book", "Delete book", "Keep it")
        with gr.Row(elem_id="new-book"):
            new_title = gr.Textbox(
                label="A new book", placeholder="Its title", max_lines=1, max_length=200, elem_id="new-title"
            )
            create = gr.Button("Start writing", variant="primary", elem_id="book-create", size="sm", min_width=0)
        upload = gr.UploadButton(
            "Import a manuscript (.docx, .md, .txt) …", file_types=[".txt", ".md", ".docx"], elem_id="book-import",
            size="sm",
        )  # fmt: skip
        sample = gr.Button("Look around in a sample book", elem_id="book-sample", elem_classes="bare", size="sm")
        message = quiet("books-message", label="Message", visible=False)
        with gr.Accordion("Deleted books", open=False, visible=False, elem_id="deleted-books") as group:
            deleted = gr.Radio([], label="Deleted books, kept for 30 days", elem_id="deleted")
            restore = gr.Button("Bring it back", elem_id="book-restore", size="sm")
        kept = _backups()
    return BooksDialog(
        box, books, open_, delete, sure, text, yes, no, new_title, create, upload, sample, message, group, deleted,
        restore, kept, close,
    )  # fmt: skip


def _backups() -> Backups:
    with gr.Accordion("Backups", open=False, elem_id="backups-group") as group:
        with gr.Row(elem_id="backup-line-row"):
            line = quiet("backup-line", label="Backups")
            now = gr.Button("Back up now", elem_id="backup-now", size="sm", min_width=0)
        backups = gr.Radio([], label="Backups", show_label=False, container=False, elem_id="backups")
        with gr.Column(visible=False, elem_id="backup-chosen") as chosen:
            books = gr.Radio([], label="Books in this backup", elem_id="backup-books")
            restore = gr.Button("Bring this book back as a copy", elem_id="backup-restore", size="sm")
    return Backups(group, line, now, backups, chosen, books, restore)


def export() -> ExportDialog:
    with gr.Column(visible=False, elem_id="export-dialog", elem_classes="dialog") as box:
        with gr.Row():
            gr.HTML("<h2 class='dialog-title'>Export</h2>")
            close = gr.Button("✕", elem_id="export-close", elem_classes="bare", size="sm", min_width=0, scale=0)
        format = gr.Radio(FORMATS, value="docx", label="Format", elem_id="export-format")
        copy = gr.Button("Download a draft copy", variant="primary", elem_id="export-copy", size="sm")
        gr.HTML("<p class='dim'>A draft copy changes nothing: you go on writing, and the memory stays.</p>")
        finish = gr.Button("Finish the book …", elem_id="export-finish", size="sm")
        gr.HTML(
            "<p class='dim'>Finishing writes the manuscript, checks that it reads back, and then discards the book’s "
            "memory for good. The text stays.</p>"
        )
        sure, text, yes, no = confirm("finish-book", "Finish and discard the memory", "Not yet")
        report = quiet("export-report", label="Report", max_lines=16)
        gr.HTML("<h2>Who wrote it</h2>")
        statement = quiet("provenance", label="Who wrote it", max_lines=12)
        shares = gr.Dataframe(
            headers=["Words", "accepted", "in the book", "share", "edited"],
            datatype="str", interactive=False, show_label=False, label="Who wrote it", wrap=True, buttons=[],
            column_widths=["28%", "18%", "20%", "16%", "18%"], elem_id="provenance-table",
        )  # fmt: skip
        with gr.Row(elem_id="provenance-tools"):
            copy_statement = gr.Button("Copy as text", elem_id="provenance-copy", size="sm", min_width=0)
            download = gr.Button("Download (.csv)", elem_id="provenance-download", size="sm", min_width=0)
    provenance = (statement, shares, copy_statement, download)
    return ExportDialog(box, *provenance, format, copy, finish, sure, text, yes, no, report, close)
