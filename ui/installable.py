"""What makes the desk an app that a browser can install: a manifest, icons, and a worker for when it is not running."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

HERE = Path(__file__).parent
AWAY = HERE / "away.html"
ICONS = {
    "icon.svg": ("image/svg+xml", HERE / "icon.svg"),
    **{name: ("image/png", HERE / "icons" / name) for name in ("icon-192.png", "icon-512.png", "icon-maskable.png")},
}
FILES = {**ICONS, "away.html": ("text/html", AWAY)}
"""To be served below `/desk/`."""
OPEN = frozenset({"/manifest.json", *(f"/desk/{name}" for name in ICONS)})
"""What browsers ask for without cookies. It says nothing of a book, so it needs no token."""


def manifest() -> dict[str, Any]:
    """The manifest of the web app."""
    icons = [("icon.svg", "any", "any"), ("icon-192.png", "192x192", "any"), ("icon-512.png", "512x512", "any")]
    return {
        "id": "/",
        "name": "Templora",
        "short_name": "Templora",
        "description": "A writing desk whose language model remembers the book.",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fbfaf7",
        "theme_color": "#fbfaf7",
        "icons": [
            {"src": f"/desk/{name}", "sizes": sizes, "type": ICONS[name][0], "purpose": purpose}
            for name, sizes, purpose in (*icons, ("icon-maskable.png", "512x512", "maskable"))
        ],
    }


def worker() -> str:
    """The service worker, with the name of the cache for the page that it keeps; the name changes with that page."""
    seen = hashlib.sha256(AWAY.read_bytes() + (HERE / "icon.svg").read_bytes()).hexdigest()[:12]
    return f'const KEPT = "away-{seen}";\n' + (HERE / "sw.js").read_text(encoding="utf-8")


def routes() -> APIRouter:
    """`/manifest.json` and `/sw.js`. The worker lies at the root, so that it may speak for the whole desk."""
    router = APIRouter(include_in_schema=False)

    @router.get("/manifest.json")
    def get_manifest() -> JSONResponse:
        return JSONResponse(manifest(), media_type="application/manifest+json")

    @router.get("/sw.js")
    def get_worker() -> Response:
        return Response(worker(), media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    return router
