"""The verbs of the text: books, chapters and their history, takes that are accepted, and what part the model has in a
book. Each commits first; then the desk hears of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from storage.manuscripts import Manuscripts
from storage.records import (
    Accepted,
    Chapter,
    ChapterHead,
    ChapterStatus,
    Project,
    ProvenanceReport,
    RevisionHead,
    Span,
    Take,
)
from templora import presets
from templora.presets import Manner


class Texts:
    """A part of the Studio. `opened` hears of a book that is worked on, `changed` of one whose text has changed,
    `noted` of one whose outline has."""

    def __init__(
        self,
        manuscripts: Manuscripts,
        opened: Callable[[str], None],
        changed: Callable[[str], None],
        noted: Callable[[str], None],
    ) -> None:
        self._manuscripts = manuscripts
        self._opened = opened
        self._changed = changed
        self._noted = noted

    # --- projects ---

    def projects(self, deleted: bool = False) -> list[Project]:
        return self._manuscripts.projects(deleted=deleted)

    def project(self, id: str) -> tuple[Project, list[ChapterHead]]:
        """A project that is being worked on, with its chapters in order."""
        project, heads = self.peek(id)
        if project.deleted_at is None:
            self._opened(id)
        return project, heads

    def peek(self, id: str) -> tuple[Project, list[ChapterHead]]:
        """As `project`, for a list: looking at a book in the list is not working on it."""
        return self._manuscripts.project(id), self._manuscripts.chapters(id)

    def create_project(self, title: str) -> Project:
        return self._manuscripts.create_project(title)

    def rename_project(self, id: str, title: str) -> None:
        self._manuscripts.rename_project(id, title)

    def delete_project(self, id: str) -> None:
        """Recoverable for 30 days by `restore_project`; then the text goes, and the memory with it."""
        self._manuscripts.delete_project(id)

    def restore_project(self, id: str) -> None:
        self._manuscripts.restore_project(id)

    # --- chapters ---

    def chapter(self, id: str) -> Chapter:
        return self._manuscripts.chapter(id)

    def add_chapter(self, project: str, title: str, text: str = "") -> Chapter:
        chapter = self._manuscripts.add_chapter(project, title, text)
        self._changed(project)
        return chapter

    def change_chapter(self, id: str, title: str | None = None, position: int | None = None) -> Chapter:
        if title is not None:
            self._manuscripts.rename_chapter(id, title)
        if position is not None:
            self._manuscripts.move_chapter(id, position)
        chapter = self._manuscripts.chapter(id)
        self._changed(chapter.project)
        return chapter

    def set_status(self, id: str, status: ChapterStatus) -> None:
        """How far a chapter has come. The text is as it was, and so is the memory."""
        self._manuscripts.set_status(id, status)
        self._noted(self._manuscripts.book_of(id))

    def set_synopsis(self, id: str, synopsis: str) -> None:
        """What happens in a chapter, in the writer's words: no part of the book, so never learnt and never exported."""
        self._manuscripts.set_synopsis(id, synopsis)
        self._noted(self._manuscripts.book_of(id))

    def delete_chapter(self, id: str) -> None:
        project = self._manuscripts.book_of(id)
        self._manuscripts.delete_chapter(id)
        self._changed(project)

    def deleted_chapters(self, project: str) -> list[ChapterHead]:
        """Those that `restore_chapter` can bring back, the last deleted first; kept as long as deleted books are."""
        return self._manuscripts.deleted_chapters(project)

    def restore_chapter(self, id: str) -> Chapter:
        self._manuscripts.restore_chapter(id)
        chapter = self._manuscripts.chapter(id)
        self._changed(chapter.project)
        return chapter

    def save(
        self,
        id: str,
        base_revision: int,
        text: str,
        accepted: Sequence[Accepted] = (),
        anchors: Mapping[str, Span] | None = None,
    ) -> int:
        """Compare-and-set. Returns the new revision; raises `Conflict` (with the current text) for a stale page."""
        project = self._manuscripts.book_of(id)  # asked before: nothing may fail once the text is committed
        revision = self._manuscripts.save(id, base_revision, text, accepted, anchors=anchors)
        self._changed(project)
        return revision

    # --- history ---

    def revisions(self, chapter: str) -> list[RevisionHead]:
        """What the chapter can go back to, the newest last."""
        return self._manuscripts.revisions(chapter)

    def revision_text(self, chapter: str, number: int) -> str:
        return self._manuscripts.revision_text(chapter, number)

    def revision(self, chapter: str, number: int) -> tuple[RevisionHead, str]:
        return self._manuscripts.revision(chapter, number)

    def name_revision(self, chapter: str, number: int, name: str | None) -> None:
        """A named revision is kept for good; None takes the name away."""
        self._manuscripts.name_revision(chapter, number, name)

    def restore_revision(self, chapter: str, base_revision: int, number: int) -> Chapter:
        """Go back to a revision, as a new one. Raises `Conflict` (with the current text) for a stale page."""
        restored = self._manuscripts.restore_revision(chapter, base_revision, number)
        self._changed(restored.project)
        return restored

    def split_chapter(self, id: str, base_revision: int, at: int, title: str) -> Chapter:
        """The text from `at` (code points) on as a chapter of its own, after this one; returns the new one."""
        added = self._manuscripts.split_chapter(id, base_revision, at, title)
        self._changed(added.project)
        return added

    def merge_chapter(self, id: str, base_revision: int) -> Chapter:
        """Take in the chapter after this one; that one goes to the deleted ones, from which it can come back."""
        merged = self._manuscripts.merge_chapter(id, base_revision)
        self._changed(merged.project)
        return merged

    def provenance(self, project: str) -> ProvenanceReport:
        """Who wrote the words of the book as it stands: the writer, and each model."""
        return self._manuscripts.provenance(project)

    # --- takes ---

    def takes(self, chapter: str) -> list[Take]:
        return self._manuscripts.takes(chapter)

    def delete_take(self, id: str) -> None:
        self._manuscripts.delete_take(id)

    def accept_take(self, id: str, base_revision: int, length: int | None = None) -> Chapter:
        """Put a take (its first `length` code points) where it was written for, as one revision.

        Raises `Conflict` when `base_revision` is behind, `BadInput` where the text around the take is no longer there.
        """
        accepted = self._manuscripts.accept_take(id, base_revision, length)
        self._changed(accepted.project)
        return accepted

    # --- what part the model has ---

    def set_strength(self, project: str, strength: float) -> None:
        """How much of the memory takes are written with, 0.0 (none) to 1.5; 1.0 is as it was learnt."""
        self._manuscripts.set_strength(project, strength)

    def manner(self, project: str) -> Manner:
        """How takes are drawn in this book."""
        return presets.read(self._manuscripts.project(project).sampling)

    def set_manner(self, project: str, name: str, numbers: dict[str, Any] | None = None) -> Manner:
        """A preset by its name, or `presets.OWN` with fields of `Sampling`; the book's words stay as they are where
        `numbers` names none. Raises `BadInput`, `NotFound`."""
        chosen = presets.manner(name, numbers, self.manner(project))
        self._manuscripts.set_sampling(project, chosen.stored())
        return chosen

    def set_learned(self, chapter: str, learned: bool) -> None:
        """May the memory learn from this chapter at all?"""
        self._manuscripts.set_learned(chapter, learned)
        self._changed(self._manuscripts.book_of(chapter))

    def exclude(self, chapter: str, base_revision: int, start: int, end: int, excluded: bool) -> Chapter:
        """Leave a passage out of the memory, or let its paragraphs be learnt again; the revision keeps its number."""
        changed = self._manuscripts.exclude(chapter, base_revision, start, end, excluded)
        self._changed(changed.project)
        return changed
