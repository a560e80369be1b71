"""HTTP routes for text, takes, memory and export. The page uses the same routes as any script; see `/docs`.

Positions are Unicode code points. Errors are `{"error": {"code", "message"}}` with the status of `templora.errors`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any, Literal
from urllib.parse import quote

import anyio
from fastapi import APIRouter, File, Query, Request, UploadFile
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from storage.records import Accepted, Chapter, ChapterHead, Project, Take
from templora import __version__
from templora.config import Sampling
from templora.errors import Conflict, TemploraError, TooLarge
from templora.library import Export
from templora.studio import Studio
from templora.writing import Broke, Finished, TakeStream, Wrote, rewrite_tokens

MAX_UPLOAD_BYTES = 50 * 1024 * 1024


class Title(BaseModel):
    title: str


class NewChapter(BaseModel):
    title: str
    text: str = ""


class ProjectChange(BaseModel):
    title: str | None = None
    strength: float | None = None
    disk_bytes: int | None = None


class ChapterChange(BaseModel):
    title: str | None = None
    position: int | None = None
    learned: bool | None = None


class RevisionName(BaseModel):
    name: str | None


class Based(BaseModel):
    base_revision: int


class Split(Based):
    at: int
    title: str


class Exclude(Based):
    start: int
    end: int
    excluded: bool


class AcceptedSpan(BaseModel):
    take: str
    start: int = Field(ge=0)
    length: int = Field(gt=0)


class Save(BaseModel):
    base_revision: int
    text: str
    accepted: list[AcceptedSpan] = []


class SamplingBody(BaseModel):
    """The fields of `templora.config.Sampling`; what is left out has its default there."""

    max_tokens: int | None = None
    takes: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    stop_at: Literal["none", "paragraph"] | None = None
    seed: int | None = None
    strength: float | None = None
    """Of the memory, for this request; else as the book says."""

    def sampling(self, max_tokens: int = Sampling.max_tokens) -> Sampling:
        """`max_tokens` is what holds where the request names none."""
        given = {name: getattr(self, name) for name in SamplingBody.model_fields if name != "strength"}
        return Sampling(**{"max_tokens": max_tokens, **{name: v for name, v in given.items() if v is not None}})


class ContinueBody(SamplingBody):
    base_revision: int
    cursor: int


class RewriteBody(SamplingBody):
    base_revision: int
    start: int
    end: int
    instruction: str | None = None


class AcceptBody(BaseModel):
    base_revision: int
    length: int | None = None


class PurgeBody(BaseModel):
    backups: bool = False


class ExportBody(BaseModel):
    format: str


class RestoreBody(BaseModel):
    """`project`: the id that the book has in the backup."""

    project: str


def routes(studio: Studio) -> APIRouter:
    """All of `/api`, over one Studio. Plain functions run in FastAPI's thread pool, so none blocks the loop."""
    router = APIRouter(prefix="/api")
    _project_routes(router, studio)
    _chapter_routes(router, studio)
    _history_routes(router, studio)
    _take_routes(router, studio)
    _memory_routes(router, studio)
    _export_routes(router, studio)
    _backup_routes(router, studio)

    @router.get("/status", tags=["status"])
    def status() -> dict[str, Any]:
        """What the model is doing. Answers while it loads."""
        model = studio.model()
        fields = ("id", "state", "message", "progress", "tokens_per_second")
        return {
            "version": __version__,
            "model": {name: getattr(model, name) for name in fields},
            "device": model.device,
            "warnings": studio.warnings(),
        }

    return router


def _project_routes(router: APIRouter, studio: Studio) -> None:
    @router.get("/projects", tags=["projects"])
    def list_projects(deleted: bool = False) -> list[dict[str, Any]]:
        return [_project(*studio.peek(project.id)) for project in studio.projects(deleted=deleted)]

    @router.post("/projects", status_code=201, tags=["projects"])
    def create_project(body: Title) -> dict[str, Any]:
        return _project(*studio.project(studio.create_project(body.title).id))

    @router.post("/projects/import", status_code=201, tags=["projects"])
    def import_project(file: Annotated[UploadFile, File()]) -> dict[str, Any]:
        """A book as a new project: `.txt`, `.md`, `.docx`, 50 MB at most."""
        data = file.file.read(MAX_UPLOAD_BYTES + 1)
        if len(data) > MAX_UPLOAD_BYTES:
            raise TooLarge("This file is over 50 MB. Save the text alone, without pictures, and import that.")
        project = studio.import_book(data, file.filename or "book.txt")
        return _project(*studio.project(project.id))

    @router.get("/projects/{id}", tags=["projects"])
    def get_project(id: str) -> dict[str, Any]:
        return _project(*studio.project(id))

    @router.patch("/projects/{id}", tags=["projects"])
    def change_project(id: str, body: ProjectChange) -> dict[str, Any]:
        """`strength`: how much of the memory takes are written with, 0 to 1.5. `disk_bytes`: room for its snapshots."""
        if body.title is not None:
            studio.rename_project(id, body.title)
        if body.strength is not None:
            studio.set_strength(id, body.strength)
        if body.disk_bytes is not None:
            studio.set_disk_bytes(id, body.disk_bytes)
        return _project(*studio.project(id))

    @router.delete("/projects/{id}", status_code=204, tags=["projects"])
    def delete_project(id: str) -> None:
        """Recoverable for 30 days by `…/restore`."""
        studio.delete_project(id)

    @router.post("/projects/{id}/restore", tags=["projects"])
    def restore_project(id: str) -> dict[str, Any]:
        studio.restore_project(id)
        return _project(*studio.project(id))


def _chapter_routes(router: APIRouter, studio: Studio) -> None:
    @router.post("/projects/{id}/chapters", status_code=201, tags=["chapters"])
    def add_chapter(id: str, body: NewChapter) -> dict[str, Any]:
        return _chapter(studio.add_chapter(id, body.title, body.text))

    @router.get("/chapters/{id}", tags=["chapters"])
    def get_chapter(id: str) -> dict[str, Any]:
        return _chapter(studio.chapter(id))

    @router.patch("/chapters/{id}", tags=["chapters"])
    def change_chapter(id: str, body: ChapterChange) -> dict[str, Any]:
        chapter = studio.change_chapter(id, body.title, body.position)
        if body.learned is not None:
            studio.set_learned(id, body.learned)
            chapter = studio.chapter(id)
        return _chapter(chapter)

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
        return {"revision": studio.save(id, body.base_revision, body.text, accepted)}


def _history_routes(router: APIRouter, studio: Studio) -> None:
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
        text = studio.revision_text(id, number)
        head = next(head for head in studio.revisions(id) if head.number == number)
        return {**asdict(head), "text": text}


def _take_routes(router: APIRouter, studio: Studio) -> None:
    @router.post("/chapters/{id}/continue", tags=["takes"])
    def continue_chapter(id: str, body: ContinueBody) -> StreamingResponse:
        """Server-sent events `token`, `done`, `error`. Closing the connection stops at the next token."""
        return _events(studio.continue_(id, body.base_revision, body.cursor, body.sampling(), body.strength))

    @router.post("/chapters/{id}/rewrite", tags=["takes"])
    def rewrite_passage(id: str, body: RewriteBody) -> StreamingResponse:
        """As `continue`, for the passage `[start, end)`. Without `max_tokens` it may be half as long again."""
        span, sampling = (body.start, body.end), body.sampling(rewrite_tokens(body.end - body.start))
        return _events(studio.rewrite(id, body.base_revision, span, body.instruction, sampling, body.strength))

    @router.get("/chapters/{id}/takes", tags=["takes"])
    def list_takes(id: str) -> list[dict[str, Any]]:
        """Oldest first."""
        return [_take(take) for take in studio.takes(id)]

    @router.delete("/takes/{id}", status_code=204, tags=["takes"])
    def delete_take(id: str) -> None:
        studio.delete_take(id)

    @router.post("/takes/{id}/accept", tags=["takes"])
    def accept_take(id: str, body: AcceptBody) -> dict[str, Any]:
        chapter = studio.accept_take(id, body.base_revision, body.length)
        return {"chapter": chapter.id, "revision": chapter.revision, "text": chapter.text}


def _memory_routes(router: APIRouter, studio: Studio) -> None:
    @router.get("/projects/{id}/memory", tags=["memory"])
    def memory(id: str) -> dict[str, Any]:
        """Losses are nats per token, each chunk's before it was learnt."""
        return asdict(studio.memory(id))

    @router.get("/chapters/{id}/passages", tags=["memory"])
    def passages(id: str) -> list[dict[str, Any]]:
        """What the memory knows of the chapter, passage by passage: known, stale, pending, learning, excluded."""
        return [asdict(passage) for passage in studio.passages(id)]

    @router.post("/projects/{id}/forget", tags=["memory"])
    def forget(id: str) -> dict[str, Any]:
        """Lets go at once of all that has seen text which is no longer in the book. Says what it does not touch."""
        return asdict(studio.forget(id))

    @router.post("/projects/{id}/purge", tags=["memory"])
    def purge(id: str, body: PurgeBody) -> dict[str, Any]:
        """Deletes for good what the book was; with `backups` every backup of all books is replaced by a new one."""
        return asdict(studio.purge_history(id, body.backups))

    @router.post("/projects/{id}/memory/{verb}", status_code=202, tags=["memory"])
    def memory_do(id: str, verb: Literal["learn", "pause", "resume", "cancel"]) -> dict[str, Any]:
        studio.memory_do(id, verb)
        return asdict(studio.memory(id))

    @router.delete("/projects/{id}/memory", tags=["memory"])
    def discard_memory(id: str) -> dict[str, Any]:
        return asdict(studio.discard_memory(id))


def _export_routes(router: APIRouter, studio: Studio) -> None:
    @router.post("/projects/{id}/export", tags=["export"])
    def finish(id: str, body: ExportBody) -> Response:
        """The finished manuscript. The memory is discarded once the file has been written and read back.

        The header `Templora-Finish` says what was deleted, as JSON.
        """
        finished = studio.finish(id, body.format)
        report = {**asdict(finished.discarded), "relearn_minutes": round(finished.relearn_minutes, 1)}
        return _download(finished.export, {"Templora-Finish": json.dumps(report)})

    @router.get("/projects/{id}/copy", tags=["export"])
    def copy(id: str, format: Annotated[str, Query()] = "docx") -> Response:
        """A draft copy; the memory stays."""
        return _download(studio.copy(id, format), {})


def _backup_routes(router: APIRouter, studio: Studio) -> None:
    @router.get("/backups", tags=["backups"])
    def list_backups() -> list[dict[str, Any]]:
        """Newest first; `created_at` in Unix seconds."""
        return [asdict(backup) for backup in studio.backups()]

    @router.post("/backups", status_code=201, tags=["backups"])
    def back_up() -> dict[str, Any]:
        """A backup of all books as they stand."""
        return asdict(studio.back_up("asked"))

    @router.get("/backups/{name}", tags=["backups"])
    def list_backup_books(name: str) -> list[dict[str, Any]]:
        """The books in a backup."""
        return [asdict(book) for book in studio.backup_books(name)]

    @router.post("/backups/{name}/restore", status_code=201, tags=["backups"])
    def restore_book(name: str, body: RestoreBody) -> dict[str, Any]:
        """A book of a backup as a new project, beside the present ones."""
        return _project(*studio.project(studio.restore_book(name, body.project).id))


# --- shapes ----------------------------------------------------------------------------------------------------------


def _project(project: Project, heads: list[ChapterHead]) -> dict[str, Any]:
    fields = ("id", "title", "position", "words", "revision", "learned", "excluded")
    return {
        "id": project.id,
        "title": project.title,
        "chapters": [{name: getattr(head, name) for name in fields} for head in heads],
        "words": sum(head.words for head in heads),
        "learning": project.learning,
        "strength": project.strength,
        "disk_bytes": project.disk_bytes,
        "finished": project.finished_at is not None,
        "deleted": project.deleted_at is not None,
        "updated_at": project.updated_at,
    }


def _chapter(chapter: Chapter) -> dict[str, Any]:
    fields = ("id", "project", "title", "position", "text", "revision", "learned", "excluded")
    return {name: getattr(chapter, name) for name in fields}


def _take(take: Take) -> dict[str, Any]:
    return {**asdict(take), "sampling": json.loads(take.sampling)}


def _download(export: Export, headers: dict[str, str]) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(export.name)}"
    return Response(export.data, media_type=export.mime, headers={"Content-Disposition": disposition, **headers})


def _events(stream: TakeStream) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_server_sent(stream), media_type="text/event-stream", headers=headers)


async def _server_sent(stream: TakeStream) -> AsyncIterator[str]:
    """A client that goes away cancels this coroutine; the generation is then stopped, and its text stays stored."""
    try:
        while (event := await anyio.to_thread.run_sync(stream.next, abandon_on_cancel=True)) is not None:
            match event:
                case Wrote():
                    name = "token"
                case Finished():
                    name = "done"
                case Broke():
                    name = "error"
            yield f"event: {name}\ndata: {json.dumps(asdict(event))}\n\n"
    finally:
        stream.cancel()


def error_response(request: Request, error: Exception) -> JSONResponse:
    """The one shape of errors. A conflict carries the current text, so that both versions can be shown."""
    assert isinstance(error, TemploraError)
    body: dict[str, Any] = {"error": {"code": error.code, "message": error.message}}
    if isinstance(error, Conflict):
        body["current"] = {"revision": error.revision, "text": error.text}
    return JSONResponse(body, status_code=error.status)
