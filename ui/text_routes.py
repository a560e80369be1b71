"""HTTP routes for books, chapters and their history."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, File, UploadFile

from storage.records import Accepted, Chapter, ChapterHead, Project
from templora.errors import TooLarge
from templora.studio import Studio
from ui.bodies import Based, ChapterChange, Exclude, NewChapter, ProjectChange, RevisionName, Save, Split, Title

MAX_UPLOAD_BYTES = 50 * 1024 * 1024


def project_routes(router: APIRouter, studio: Studio) -> None:
    @router.get("/projects", tags=["projects"])
    def list_projects(deleted: bool = False) -> list[dict[str, Any]]:
        return [project_as_json(*studio.peek(project.id)) for project in studio.projects(deleted=deleted)]

    @router.post("/projects", status_code=201, tags=["projects"])
    def create_project(body: Title) -> dict[str, Any]:
        return project_as_json(*studio.project(studio.create_project(body.title).id))

    @router.post("/projects/sample", tags=["projects"])
    def sample_book() -> dict[str, Any]:
        """The sample book, which is put among the books where it is not."""
        return project_as_json(*studio.project(studio.sample_book().id))

    @router.post("/projects/import", status_code=201, tags=["projects"])
    def import_project(file: Annotated[UploadFile, File()]) -> dict[str, Any]:
        """A book as a new project: `.txt`, `.md`, `.docx`, 50 MB at most."""
        data = file.file.read(MAX_UPLOAD_BYTES + 1)
        if len(data) > MAX_UPLOAD_BYTES:
            raise TooLarge("This file is over 50 MB. Save the text alone, without pictures, and import that.")
        project = studio.import_book(data, file.filename or "book.txt")
        return project_as_json(*studio.project(project.id))

    @router.get("/projects/{id}", tags=["projects"])
    def get_project(id: str) -> dict[str, Any]:
        return project_as_json(*studio.project(id))

    @router.patch("/projects/{id}", tags=["projects"])
    def change_project(id: str, body: ProjectChange) -> dict[str, Any]:
        """`strength`: how much of the memory takes are written with, 0 to 1.5. `disk_bytes`: room for its snapshots.
        `language`: by which the browser checks spelling, as a tag (`en-GB`); '' leaves it to the browser."""
        if body.title is not None:
            studio.rename_project(id, body.title)
        if body.strength is not None:
            studio.set_strength(id, body.strength)
        if body.disk_bytes is not None:
            studio.set_disk_bytes(id, body.disk_bytes)
        if body.language is not None:
            studio.tools.set_language(id, body.language)
        return project_as_json(*studio.project(id))

    @router.delete("/projects/{id}", status_code=204, tags=["projects"])
    def delete_project(id: str) -> None:
        """Recoverable for 30 days by `…/restore`."""
        studio.delete_project(id)

    @router.post("/projects/{id}/restore", tags=["projects"])
    def restore_project(id: str) -> dict[str, Any]:
        studio.restore_project(id)
        return project_as_json(*studio.project(id))


def chapter_routes(router: APIRouter, studio: Studio) -> None:
    @router.post("/projects/{id}/chapters", status_code=201, tags=["chapters"])
    def add_chapter(id: str, body: NewChapter) -> dict[str, Any]:
        return _chapter(studio.add_chapter(id, body.title, body.text))

    @router.get("/chapters/{id}", tags=["chapters"])
    def get_chapter(id: str) -> dict[str, Any]:
        """With the `language` of its book."""
        chapter = studio.chapter(id)
        return {**_chapter(chapter), "language": studio.tools.language(chapter.project)}

    @router.patch("/chapters/{id}", tags=["chapters"])
    def change_chapter(id: str, body: ChapterChange) -> dict[str, Any]:
        """`status` and `synopsis` are no part of the book: neither is learnt or exported. Where the synopsis is none
        that the page has seen, both are kept; the answer has them."""
        if body.title is not None or body.position is not None:
            studio.change_chapter(id, body.title, body.position)
        if body.learned is not None:
            studio.set_learned(id, body.learned)
        if body.status is not None:
            studio.set_status(id, body.status)
        if body.synopsis is not None:
            studio.set_synopsis(id, _synopsis(studio.chapter(id).synopsis, body.synopsis, body.synopsis_seen))
        return _chapter(studio.chapter(id))

    @router.delete("/chapters/{id}", status_code=204, tags=["chapters"])
    def delete_chapter(id: str) -> None:
        studio.delete_chapter(id)

    @router.post("/chapters/{id}/restore", tags=["chapters"])
    def restore_chapter(id: str) -> dict[str, Any]:
        return _chapter(studio.restore_chapter(id))

    @router.put("/chapters/{id}", tags=["chapters"])
    def save_chapter(id: str, body: Save) -> dict[str, int]:
        """Compare-and-set: 409 with the current revision and text where `base_revision` is behind."""
        accepted = [Accepted(span.take, span.start, span.length) for span in body.accepted]
        anchors = {anchor.id: (anchor.start, anchor.end) for anchor in body.anchors}
        return {"revision": studio.save(id, body.base_revision, body.text, accepted, anchors)}


def history_routes(router: APIRouter, studio: Studio) -> None:
    @router.get("/chapters/{id}/revisions", tags=["history"])
    def list_revisions(id: str) -> list[dict[str, Any]]:
        """Oldest first, without their text."""
        return [asdict(head) for head in studio.revisions(id)]

    @router.get("/chapters/{id}/revisions/{number}", tags=["history"])
    def get_revision(id: str, number: int) -> dict[str, Any]:
        return _revision(id, number)

    @router.patch("/chapters/{id}/revisions/{number}", tags=["history"])
    def name_revision(id: str, number: int, body: RevisionName) -> dict[str, Any]:
        """A named revision is kept for good; the name `null` takes that back."""
        studio.name_revision(id, number, body.name)
        return _revision(id, number)

    @router.post("/chapters/{id}/revisions/{number}/restore", tags=["history"])
    def restore_revision(id: str, number: int, body: Based) -> dict[str, Any]:
        """Compare-and-set, as a save is. What is there now stays among the revisions."""
        return _chapter(studio.restore_revision(id, body.base_revision, number))

    @router.post("/chapters/{id}/split", status_code=201, tags=["chapters"])
    def split_chapter(id: str, body: Split) -> dict[str, Any]:
        """Compare-and-set. The text from `at` on becomes the chapter after this one, which is returned."""
        return _chapter(studio.split_chapter(id, body.base_revision, body.at, body.title))

    @router.post("/chapters/{id}/merge", tags=["chapters"])
    def merge_chapter(id: str, body: Based) -> dict[str, Any]:
        """Compare-and-set. Takes in the chapter after this one, which can be restored."""
        return _chapter(studio.merge_chapter(id, body.base_revision))

    @router.put("/chapters/{id}/excluded", tags=["memory"])
    def exclude(id: str, body: Exclude) -> dict[str, Any]:
        """Leave a passage out of the memory, or let its paragraphs be learnt again. The revision keeps its number."""
        return _chapter(studio.exclude(id, body.base_revision, body.start, body.end, body.excluded))

    @router.get("/projects/{id}/provenance", tags=["history"])
    def provenance(id: str) -> dict[str, Any]:
        """Words of the book by who wrote them. A model's `edited_words` were accepted, and changed or deleted since."""
        return asdict(studio.provenance(id))

    def _revision(id: str, number: int) -> dict[str, Any]:
        head, text = studio.revision(id, number)
        return {**asdict(head), "text": text}


# --- shapes ---


def project_as_json(project: Project, heads: list[ChapterHead]) -> dict[str, Any]:
    fields = ("id", "title", "position", "words", "revision", "learned", "excluded", "status", "synopsis")
    return {
        "id": project.id,
        "title": project.title,
        "chapters": [{name: getattr(head, name) for name in fields} for head in heads],
        "words": sum(head.words for head in heads),
        "learning": project.learning,
        "strength": project.strength,
        "disk_bytes": project.disk_bytes,
        "language": project.language,
        "finished": project.finished_at is not None,
        "deleted": project.deleted_at is not None,
        "updated_at": project.updated_at,
    }


def _synopsis(now: str, mine: str, seen: list[str] | None) -> str:
    """What a synopsis becomes that another page may have changed: nothing of the writer's goes silently."""
    if seen is None or any(now.split() == words.split() for words in (mine, *seen)) or now in mine:
        return mine
    return now if mine in now else f"{now}\n{mine}"


def _chapter(chapter: Chapter) -> dict[str, Any]:
    fields = ("id", "project", "title", "position", "text", "revision", "learned", "excluded", "status", "synopsis")
    return {name: getattr(chapter, name) for name in fields}
