"""HTTP routes of the writer's tools: search."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from templora.studio import Studio


def tool_routes(router: APIRouter, studio: Studio) -> None:
    _search_routes(router, studio)


def _search_routes(router: APIRouter, studio: Studio) -> None:
    @router.get("/projects/{id}/search", tags=["search"])
    def search(id: str, q: str, deleted: bool = False) -> list[dict[str, Any]]:
        """All words of `q`, phrases in quotes, `lamp*` for words that begin so; the last word may be incomplete. The
        best chapters first. `marks` are in code points of a passage's `words`, `start` and `end` of the chapter."""
        return [asdict(found) for found in studio.tools.search(id, q, deleted)]
