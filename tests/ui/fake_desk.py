"""A desk in memory for the editor's tests: the routes it uses, with real compare-and-set and scripted takes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Desk</title>
<style>
:root{--paper:#fbfaf7;--desk:#f1eee8;--ink:#24211d;--soft:#6a635a;--line:#ddd7cc;--accent:#0b6560;--accent-ink:#fff;
--tint:#e2efed;--ghost:#746c62;--memory:#8a5a00;--stale:#b0492f;--serif:Georgia,serif;--sans:system-ui,sans-serif}
[data-theme=dark]{--paper:#1d1c1a;--desk:#161513;--ink:#e6e1d8;--soft:#a59d92;--line:#35322d;--accent:#6fc3bb;
--accent-ink:#10201f;--tint:#20302e;--ghost:#9c9488;--memory:#e0b25a;--stale:#ef8f74}
body{margin:0;background:var(--paper)}</style>
<main id="mount"></main><button id="after">After</button>
<script src="/desk/editor.js"></script>
<script>
window.states = [];
window.addEventListener('templora:state', (event) => window.states.push(event.detail));
document.documentElement.dataset.theme = new URLSearchParams(location.search).get('theme') || '';
const chapter = new URLSearchParams(location.search).get('chapter');
window.mounted = window.templora.mount(document.getElementById('mount'), {chapter});
</script></html>"""


@dataclass
class Script:
    """What the model will write for one request: pieces of text for each take, then an end."""

    takes: list[list[str]]
    pause: float = 0.0
    error: tuple[str, str] | None = None
    hold_after: int | None = None
    """Wait for `go` after so many pieces."""
    go: threading.Event = field(default_factory=threading.Event)


@dataclass
class FakeDesk:
    """State that tests look at and change directly; the server reads it under the interpreter lock."""

    chapters: dict[str, dict[str, Any]] = field(default_factory=dict)
    takes: list[dict[str, Any]] = field(default_factory=list)
    saves: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    passages: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)
    """What the memory knows of each chapter: (start, end, state)."""
    looks: int = 0
    """How often a page has asked for passages."""
    refuse_saves: tuple[int, str, str] | None = None

    def add(self, id: str, text: str = "", title: str = "Low Water") -> str:
        self.chapters[id] = {"id": id, "project": "book", "title": title, "position": 0, "text": text, "revision": 1}
        return id

    def write(self, id: str, text: str) -> None:
        """Another page or a script saves a text."""
        chapter = self.chapters[id]
        self.chapters[id] = {**chapter, "text": text, "revision": chapter["revision"] + 1}

    def text(self, id: str = "c") -> str:
        return self.chapters[id]["text"]

    def accepted_words(self) -> list[tuple[str, str]]:
        """(take, words) of all saves so far, cut out of the saved text by code points as the real server does."""
        return [
            (span["take"], save["text"][span["start"] : span["start"] + span["length"]])
            for save in self.saves
            for span in save["accepted"]
        ]


def _problem(status: int, code: str, message: str, **more: Any) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}, **more}, status_code=status)


def create_app(desk: FakeDesk, bundle: Path) -> FastAPI:
    app = FastAPI()

    @app.get("/bare")
    def page() -> HTMLResponse:
        return HTMLResponse(PAGE)

    @app.get("/desk/editor.js")
    def script() -> FileResponse:
        return FileResponse(bundle, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    @app.get("/api/chapters/{id}")
    def get_chapter(id: str) -> Response:
        if id not in desk.chapters:
            return _problem(404, "not_found", "There is no such chapter.")
        return JSONResponse(desk.chapters[id])

    @app.put("/api/chapters/{id}")
    async def save(id: str, request: Request) -> Response:
        body = await request.json()
        if desk.refuse_saves:
            return _problem(*desk.refuse_saves)
        chapter = desk.chapters[id]
        if chapter["revision"] != body["base_revision"]:
            current = {"revision": chapter["revision"], "text": chapter["text"]}
            return _problem(409, "conflict", "The chapter has moved on.", current=current)
        known = {take["id"] for take in desk.takes}
        if any(span["take"] not in known for span in body["accepted"]):
            return _problem(404, "not_found", "There is no such take.")
        desk.saves.append({"chapter": id, **body})
        desk.write(id, body["text"])
        for span in body["accepted"]:
            next(take for take in desk.takes if take["id"] == span["take"])["accepted_revision"] = (
                chapter["revision"] + 1
            )
        return JSONResponse({"revision": desk.chapters[id]["revision"]})

    @app.get("/api/chapters/{id}/takes")
    def takes(id: str) -> list[dict[str, Any]]:
        return [take for take in desk.takes if take["chapter"] == id and take["text"]]

    @app.get("/api/chapters/{id}/passages")
    def passages(id: str) -> list[dict[str, Any]]:
        desk.looks += 1
        return [{"start": start, "end": end, "state": state} for start, end, state in desk.passages.get(id, [])]

    @app.post("/api/chapters/{id}/{verb}")
    async def ask(id: str, verb: str, request: Request) -> Response:
        body = await request.json()
        desk.asked.append((verb, body))
        chapter = desk.chapters[id]
        if chapter["revision"] != body["base_revision"]:
            return _problem(409, "conflict", "The chapter has changed since this page read it.")
        if not desk.scripts:
            return _problem(503, "model_not_ready", "The model is still loading; your text is safe.")
        script = desk.scripts.pop(0)
        kind = "beat" if verb == "continue" and body.get("beat") else verb
        place = {"chapter": id, "kind": kind, "revision": chapter["revision"]}
        place |= {name: body.get(name) for name in ("instruction", "verb", "beat")}
        span = {"start": body.get("start", body.get("cursor")), "end": body.get("end", body.get("cursor"))}
        empty = {"text": "", "tokens": 0, "finish_reason": None, "accepted_revision": None}
        first = len(desk.takes)
        stored = [{"id": f"take{first + number}", **place, **span, **empty} for number in range(len(script.takes))]
        desk.takes.extend(stored)
        return StreamingResponse(_stream(script, stored), media_type="text/event-stream")

    return app


async def _stream(script: Script, stored: list[dict[str, Any]]) -> AsyncIterator[str]:
    def event(name: str, data: dict[str, Any]) -> str:
        return f"event: {name}\ndata: {json.dumps(data)}\n\n"

    try:
        for number, pieces in enumerate(script.takes):
            for count, piece in enumerate(pieces):
                while script.hold_after == count and not script.go.is_set():
                    await asyncio.sleep(0.01)
                stored[number]["text"] += piece
                stored[number]["tokens"] += 1
                yield event("token", {"take": number, "text": piece})
                await asyncio.sleep(script.pause)
            if script.error:
                yield event("error", dict(zip(("code", "message"), script.error, strict=True)))
                return
            stored[number]["finish_reason"] = "length"
            done = {"id": stored[number]["id"], "tokens": len(pieces), "finish_reason": "length"}
            yield event("done", {"take": number, **done})
    finally:
        for take in stored:
            take["finish_reason"] = take["finish_reason"] or "cancelled"
