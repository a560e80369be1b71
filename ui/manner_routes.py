"""HTTP routes for how takes are drawn in a book: presets with plain names, or numbers of one's own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from templora.presets import PRESETS, Manner
from templora.studio import Studio


class MannerBody(BaseModel):
    """`name` of a preset, or 'Own' with `numbers`: fields of `templora.config.Sampling`."""

    name: str
    numbers: dict[str, Any] = {}


def manner_routes(router: APIRouter, studio: Studio) -> None:
    @router.get("/presets", tags=["takes"])
    def presets() -> list[dict[str, Any]]:
        """Manners of writing; `numbers` are the fields in which each is not the usual one."""
        return [asdict(preset) for preset in PRESETS]

    @router.get("/projects/{id}/manner", tags=["takes"])
    def manner(id: str) -> dict[str, Any]:
        """What the page writes this book's takes with. A request of its own says its numbers itself."""
        return _manner(studio.manner(id))

    @router.put("/projects/{id}/manner", tags=["takes"])
    def set_manner(id: str, body: MannerBody) -> dict[str, Any]:
        return _manner(studio.set_manner(id, body.name, body.numbers))


def _manner(manner: Manner) -> dict[str, Any]:
    return {"name": manner.name, "numbers": manner.numbers}
