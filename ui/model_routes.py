"""HTTP routes for the model: which there are, fetching one, working with another."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from templora.errors import BadInput
from templora.shelf import Shelf
from templora.studio import Studio


class Named(BaseModel):
    """`model`: owner/name on the hub, a folder, or a .gguf file."""

    model: str


def model_routes(router: APIRouter, studio: Studio) -> None:
    def shelf() -> Shelf:
        if studio.shelf is None:
            raise BadInput("This desk cannot change its model while it runs. Start it with --model.")
        return studio.shelf

    @router.get("/models", tags=["models"])
    def models() -> dict[str, Any]:
        """The model in use, those to choose from (sizes in bytes of memory are estimates), the machine, a download."""
        return {
            "present": asdict(shelf().present()),
            "offers": [asdict(offer) for offer in shelf().offers()],
            "machine": asdict(shelf().machine()),
            "fetch": asdict(shelf().fetch()),
        }

    @router.post("/models/look", tags=["models"])
    def look(body: Named) -> dict[str, Any]:
        """What is known of a model without fetching it."""
        return asdict(shelf().look(body.model))

    @router.post("/models/fetch", status_code=202, tags=["models"])
    def fetch(body: Named) -> dict[str, Any]:
        """Fetches a model, or makes one ready that lies here; goes on where an earlier try was interrupted."""
        return asdict(shelf().start_fetch(body.model))

    @router.get("/models/fetch", tags=["models"])
    def how_far() -> dict[str, Any]:
        return asdict(shelf().fetch())

    @router.delete("/models/fetch", tags=["models"])
    def cancel() -> dict[str, Any]:
        """What has been fetched is kept."""
        return asdict(shelf().cancel_fetch())

    @router.post("/models/use", status_code=202, tags=["models"])
    def use(body: Named) -> dict[str, Any]:
        """From now on, and at the next start. Memories belong to a model: with another one they are learnt anew."""
        status = shelf().use(body.model)
        return {"id": status.id, "state": status.state, "message": status.message}
