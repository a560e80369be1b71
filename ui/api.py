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
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from storage.records import Take
from templora import __version__
from templora.errors import Conflict, TemploraError
from templora.library import Export
from templora.studio import Studio
from templora.takes import Broke, Finished, TakeStream, Wrote
from templora.verbs import tokens_for
from ui.bible_routes import bible_routes
from ui.bodies import AcceptBody, ContinueBody, ExportBody, FillBody, PurgeBody, RestoreBody, RewriteBody
from ui.check_routes import check_routes
from ui.manner_routes import manner_routes
from ui.model_routes import model_routes
from ui.text_routes import chapter_routes, history_routes, project_as_json, project_routes
from ui.tool_routes import tool_routes


def routes(studio: Studio) -> APIRouter:
    """All of `/api`, over one Studio. Plain functions run in FastAPI's thread pool, so none blocks the loop."""
    router = APIRouter(prefix="/api")
    project_routes(router, studio)
    chapter_routes(router, studio)
    history_routes(router, studio)
    _take_routes(router, studio)
    _memory_routes(router, studio)
    bible_routes(router, studio)
    _export_routes(router, studio)
    _backup_routes(router, studio)
    tool_routes(router, studio)
    check_routes(router, studio)
    model_routes(router, studio)
    manner_routes(router, studio)

    @router.get("/status", tags=["status"])
    def status() -> dict[str, Any]:
        """What the model is doing. Answers while it loads."""
        model = studio.model()
        fields = ("id", "state", "message", "progress", "tokens_per_second", "answers")
        return {
            "version": __version__,
            "model": {name: getattr(model, name) for name in fields},
            "device": model.device,
            "warnings": studio.warnings(),
        }

    return router


def _take_routes(router: APIRouter, studio: Studio) -> None:
    @router.post("/chapters/{id}/continue", tags=["takes"])
    def continue_chapter(id: str, body: ContinueBody) -> StreamingResponse:
        """Server-sent events `token`, `done`, `error`. Closing the connection stops at the next token.

        With a `beat`, which says what happens next, the take tells that.
        """
        return _events(studio.continue_(id, body.base_revision, body.cursor, body.sampling(), body.strength, body.beat))

    @router.post("/chapters/{id}/fill", tags=["takes"])
    def fill_gap(id: str, body: FillBody) -> StreamingResponse:
        """As `continue`, between the text before `[start, end)` and the text after it; the span is empty or a
        placeholder. A `beat` says what happens in between."""
        span = (body.start, body.end)
        return _events(studio.fill(id, body.base_revision, span, body.beat, body.sampling(), body.strength))

    @router.post("/chapters/{id}/rewrite", tags=["takes"])
    def rewrite_passage(id: str, body: RewriteBody) -> StreamingResponse:
        """As `continue`, for the passage `[start, end)`: `verb` is one of rewrite, expand, shorten, describe, past,
        present, first, third; an `instruction` says more than it. Without `max_tokens` it has the room that it needs.
        """
        span, sampling = (body.start, body.end), body.sampling(tokens_for(body.verb, body.end - body.start))
        return _events(
            studio.rewrite(id, body.base_revision, span, body.instruction, sampling, body.strength, body.verb)
        )

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
    def memory_do(id: str, verb: Literal["learn", "pause", "resume", "cancel", "relearn"]) -> dict[str, Any]:
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
        return project_as_json(*studio.project(studio.restore_book(name, body.project).id))


# --- shapes ----------------------------------------------------------------------------------------------------------


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
