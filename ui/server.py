"""FastAPI as the parent: guards, routes, and the Gradio page mounted last, at `/`.

Importing Gradio costs seconds, so the routes answer first and the page follows as soon as it is built.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import swagger_ui_bundle
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from templora import __version__
from templora.errors import BadInput, NotFound, TemploraError
from templora.studio import Studio, open_studio
from ui import api, installable
from ui.desktop import Window
from ui.guards import LOOPBACK, OriginGuard, SecurityHeaders, TokenGuard

log = logging.getLogger(__name__)

SWAGGER = Path(str(swagger_ui_bundle.swagger_ui_path))
STATIC = {
    "editor.js": ("text/javascript", Path(__file__).parent / "editor" / "dist" / "editor.js"),
    "desk.css": ("text/css", Path(__file__).parent / "desk.css"),
    **{path.name: ("text/css", path) for path in (Path(__file__).parent / "styles").glob("*.css")},
    "desk.js": ("text/javascript", Path(__file__).parent / "desk.js"),
    "look.js": ("text/javascript", Path(__file__).parent / "look.js"),
    "swagger-ui-bundle.js": ("text/javascript", SWAGGER / "swagger-ui-bundle.js"),
    "swagger-ui.css": ("text/css", SWAGGER / "swagger-ui.css"),
    **installable.FILES,
}

_OPENING = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="1">
<meta name="viewport" content="width=device-width"><title>Templora</title>
<style>body{font:17px/1.5 Georgia,serif;display:grid;place-items:center;height:90vh;background:#fbfaf7;color:#24211d}
@media(prefers-color-scheme:dark){body{background:#1d1c1a;color:#e6e1d8}}</style>
<main><h1 style="font-size:1.3rem">The desk is being laid …</h1></main></html>"""


class LatePage:
    """An ASGI app that shows a line of text until the Gradio page has been built, then becomes that page."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._page: ASGIApp | None = None
        self._closing = asyncio.Event()

    async def run(self) -> None:
        """Build the page in a thread, keep its lifespan open until `close`."""
        page = await asyncio.to_thread(self._build)
        async with page.router.lifespan_context(page):
            self._page = page
            await self._closing.wait()

    def close(self) -> None:
        self._closing.set()

    def _build(self) -> FastAPI:
        from ui import desk

        return desk.mount(FastAPI(docs_url=None, openapi_url=None, redoc_url=None), self._studio)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._page is not None:
            await self._page(scope, receive, send)
        elif scope["type"] == "http":
            await HTMLResponse(_OPENING)(scope, receive, send)


def create_app(studio: Studio, host: str = "127.0.0.1", token: str | None = None) -> FastAPI:
    """The whole desk over one Studio. With a token, every request needs it."""
    page = LatePage(studio)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(page.run())
        task.add_done_callback(_log_failure)
        yield
        page.close()
        if not task.done():
            await asyncio.wait([task], timeout=5)

    app = FastAPI(title="Templora", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.openapi_version = "3.0.2"  # what the packaged Swagger UI reads; our routes use nothing newer
    app.include_router(api.routes(studio))
    app.include_router(installable.routes())
    app.add_exception_handler(TemploraError, api.error_response)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_exception_handler(Exception, _own_error)

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        """FastAPI's page, with Swagger's own files served from here: it works without a network."""
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Templora's routes",
            swagger_js_url="/desk/swagger-ui-bundle.js",
            swagger_css_url="/desk/swagger-ui.css",
            swagger_favicon_url="/desk/icon.svg",
        )

    @app.get("/desk/{name}", include_in_schema=False)
    def static(name: str) -> FileResponse:
        if name not in STATIC:
            raise BadInput("There is no such file.")
        mime, path = STATIC[name]
        return FileResponse(path, media_type=mime, headers={"Cache-Control": "no-cache"})

    @app.api_route("/api/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    def unknown(rest: str) -> None:
        raise NotFound(f"There is no route /api/{rest} for this method; see /docs.")

    app.mount("/", page)
    app.add_middleware(SecurityHeaders)
    if token is not None:
        app.add_middleware(TokenGuard, token=token, open_paths=installable.OPEN)
    app.add_middleware(OriginGuard)
    if host in LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))
    return app


def run(
    data: Path,
    models: Path,
    host: str,
    port: int,
    model: str,
    lean: bool,
    show: Literal["nowhere", "browser", "window"],
) -> int:
    """Serve until interrupted, or until the desk's own window is closed; `show`: where the desk is opened.

    `lean`: the model writes in less memory, more slowly.

    Raises `FolderInUse`, `BadInput` (the port) before anything is served.
    """
    listener = _listen(host, port)
    token = None if host in LOOPBACK else secrets.token_urlsafe(16)
    studio = open_studio(data, models, model, lean)
    window: Window | None = None
    try:
        studio.start()
        name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
        address = f"http://{name}:{listener.getsockname()[1]}/"
        url = address if token is None else f"{address}?token={token}"
        print(f"Templora {__version__} is at {url}", flush=True)
        if token is not None:
            print(f"It is open to the network. Other devices are asked for this token: {token}", flush=True)
        config = uvicorn.Config(
            create_app(studio, host, token), log_level="warning", timeout_graceful_shutdown=3, server_header=False
        )
        server = uvicorn.Server(config)
        if show == "window":
            window = Window(url, data / "window", lambda: setattr(server, "should_exit", True))
            window.start()
        elif show == "browser":
            threading.Timer(0.5, webbrowser.open, [url]).start()
        server.run(sockets=[listener])
    finally:
        if window is not None:
            window.close()
        studio.close()
    return 0


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except socket.gaierror as error:
        raise BadInput(f"The address {host!r} is not known here. Use 127.0.0.1, or one of this machine's.") from error
    except OSError as error:
        raise BadInput(
            f"Port {port} on {host} cannot be used ({error.strerror}). Is the desk already open? "
            f"Otherwise choose another: --port {port + 1 if port < 65535 else 7860}"
        ) from error


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the page could not be built", exc_info=task.exception())


def _http_error(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses (a broken upload, say), in the one shape of errors."""
    assert isinstance(error, StarletteHTTPException)
    code = "not_found" if error.status_code == 404 else "bad_input"
    return JSONResponse({"error": {"code": code, "message": str(error.detail)}}, status_code=error.status_code)


def _own_error(request: Request, error: Exception) -> JSONResponse:
    """A bug: it is logged by the server, and the page is told in the one shape of errors."""
    message = "Something went wrong in the desk itself; its terminal says more. Your text is safe."
    return JSONResponse({"error": {"code": "error", "message": message}}, status_code=500)


def _bad_request(request: Request, error: Exception) -> JSONResponse:
    """FastAPI's own validation, in the one shape of errors."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    message = f"{where}: {first['msg']}" if where else str(first["msg"])
    return JSONResponse({"error": {"code": "bad_input", "message": message}}, status_code=422)
