"""HTTP routes for what a writer has checked: the voice of a chapter, the echoes of a book."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from templora.studio import Studio
from ui.bodies import Based


def check_routes(router: APIRouter, studio: Studio) -> None:
    @router.post("/chapters/{id}/voice", status_code=202, tags=["checks"])
    def start_voice(id: str, body: Based) -> dict[str, Any]:
        """Begins to check how surprising each sentence is to the book's memory; `GET` says how far it has come.

        A hint about voice, never a fact check. 409 where `base_revision` is behind.
        """
        return asdict(studio.checks.start_voice(id, body.base_revision))

    @router.get("/chapters/{id}/voice", tags=["checks"])
    def voice(id: str) -> dict[str, Any]:
        """`sentences` in the order of the text of `revision`: `loss` in nats a token; `stands_out`: by how many robust
        standard deviations it lies above the book's own sentences of about that length; `measured`: 'before' its
        passage was learnt, 'now', or now though an older version of its passage was 'seen'.
        """
        return asdict(studio.checks.voice(id))

    @router.delete("/chapters/{id}/voice", tags=["checks"])
    def cancel_voice(id: str) -> dict[str, Any]:
        return asdict(studio.checks.cancel_voice(id))

    @router.get("/projects/{id}/echoes", tags=["checks"])
    def echoes(id: str) -> list[dict[str, Any]]:
        """Phrases that the book repeats, the most striking first, each with all its places."""
        return [asdict(echo) for echo in studio.checks.echoes(id)]
