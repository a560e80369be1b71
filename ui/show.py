"""What the handlers share: telling errors, and what the components show for an open book or the list of books."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import gradio as gr

from storage.records import ChapterHead, Project
from templora.errors import NotFound, TemploraError
from templora.studio import Studio
from ui import binder_view, view

Handler = Callable[..., Any]

OPENED = "(project, chapter) => { window.desk.opened(project, chapter) }"
BEGUN = "(project, chapter) => { window.desk.opened(project, chapter, true) }"
"""Opened to be written in at once."""
FLUSH_FIRST = "async (...values) => { await window.desk.flush(); return values }"


ON_LEAVING: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": 1, "show_progress": "hidden"}
"""For what is saved when its field is left: every save, with the words of then, one after the other. Gradio's other
modes drop a save that comes while one runs, or do it afterwards, with what the fields hold by then."""


def told(handler: Handler) -> Handler:
    """Shows the writer what went wrong, in the error's own words."""

    @functools.wraps(handler)
    def wrapped(*values: Any) -> Any:
        try:
            return handler(*values)
        except TemploraError as error:
            raise gr.Error(error.message, title="That did not work", print_exception=False) from error

    return wrapped


class Show:
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
        deleted = view.chapter_choices(self.studio.deleted_chapters(project.id)) if project else []
        here = next((head for head in heads if head.id == chapter_id), None)
        number = next((n for n, head in enumerate(heads, 1) if head.id == chapter_id), 0)
        return [
            project.id if project else "",
            chapter_id,
            gr.update(value=project.title if project else "", interactive=project is not None),
            binder_view.outline(heads),
            gr.update(choices=binder_view.choices(heads), value=chapter_id or None),
            gr.update(
                value=here.title if here else "", label=f"Title of chapter {number}", interactive=bool(chapter_id)
            ),
            gr.update(choices=view.take_choices(self.studio.takes(chapter_id)) if chapter_id else [], value=None),
            "",
            gr.update(visible=project is not None and project.finished_at is not None),
            gr.update(visible=bool(deleted)),
            gr.update(choices=deleted, value=deleted[0][1] if deleted else None),
            round(100 * project.strength) if project else 100,
            round(project.disk_bytes / 1024**3, 2) if project else 4,
            gr.update(value=here.learned if here else True, interactive=bool(chapter_id)),
            gr.update(value="", visible=False),
            gr.update(value=here.status if here else "", interactive=here is not None),
            gr.update(value=here.synopsis if here else "", interactive=here is not None),
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

    def backups(self) -> list[Any]:
        """For the backups in the list of books: their line, the list, and what is in the one that was chosen."""
        backups, now = self.studio.backups(), time.time()
        choices = view.backup_choices(backups, now)
        return [view.backup_line(backups, now), gr.update(choices=choices, value=None), gr.update(visible=False)]


def dim(text: str) -> str:
    return f"<span class='dim'>{text}</span>"
