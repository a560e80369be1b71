"""The verbs of the text: books, chapters and their history. Each commits first; then the desk hears of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from storage.manuscripts import Manuscripts
from storage.records import Accepted, Chapter, ChapterHead, ChapterStatus, Project, ProvenanceReport, RevisionHead, Span


class Texts:
    """A part of the Studio. `opened` hears of a book that is worked on, `changed` of one whose text has changed."""

    def __init__(self, manuscripts: Manuscripts, opened: Callable[[str], None], changed: Callable[[str], None]) -> None:
        self._manuscripts = manuscripts
        self._opened = opened
        self._changed = changed

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

    def set_synopsis(self, id: str, synopsis: str) -> None:
        """What happens in a chapter, in the writer's words: no part of the book, so never learnt and never exported."""
        self._manuscripts.set_synopsis(id, synopsis)

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
