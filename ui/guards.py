"""Who may talk to the desk: the right host name, the page's own origin, and beyond loopback a token."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from urllib.parse import parse_qs, urlsplit

from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "templora-token"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")

_ASK = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Templora</title><style>body{font:16px/1.5 system-ui;max-width:32rem;margin:15vh auto;padding:0 1rem;
background:#fbfaf7;color:#24211d}input,button{font:inherit;padding:.4rem .6rem}
@media(prefers-color-scheme:dark){body{background:#1d1c1a;color:#e6e1d8}}</style>
<h1>Templora</h1><p>This desk is open to the network, so it asks for the token that its terminal printed.</p>
<form method="get" action="/"><label>Token <input name="token" type="password" autofocus></label>
<button>Open the desk</button></form></html>"""


class OriginGuard:
    """Refuses requests that another web page makes: a foreign Origin, or a cross-site fetch that could change things.

    Requests without Origin (scripts on this machine, plain navigation) pass.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        origin, host = headers.get("origin"), headers.get("host", "")
        navigation = scope.get("method") == "GET" and headers.get("sec-fetch-mode") == "navigate"
        foreign = origin is not None and urlsplit(origin).netloc != host
        if foreign or (headers.get("sec-fetch-site") in ("cross-site", "same-site") and not navigation):
            await _refuse(403, "foreign_origin", "This request came from another web page.")(scope, receive, send)
            return
        await self._app(scope, receive, send)


class TokenGuard:
    """Beyond loopback: every request needs the token, as `?token=` once (kept as a cookie) or as a Bearer header."""

    def __init__(self, app: ASGIApp, token: str, open_paths: Collection[str] = ()) -> None:
        """`open_paths`: what may be read without the token."""
        self._app = app
        self._token = token
        self._open = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        read = scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and scope["path"] in self._open
        if read or self._right(cookie) or self._right(bearer):
            await self._app(scope, receive, send)
            return
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        answer: Response
        if self._right(given):
            answer = RedirectResponse(scope["path"], status_code=303)
            answer.set_cookie(COOKIE, self._token, httponly=True, samesite="strict", max_age=30 * 24 * 3600)
        elif scope["path"] == "/":
            answer = HTMLResponse(_ASK, status_code=401)
        else:
            answer = _refuse(401, "token_needed", "This desk asks for the token that its terminal printed.")
        await answer(scope, receive, send)

    def _right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def _refuse(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


class SecurityHeaders:
    """No framing by other pages, no sniffing, no referrer that could name a book; no answer of a route is kept."""

    HEADERS = (
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"content-security-policy", b"frame-ancestors 'self'"),
    )

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *self.HEADERS]
                if scope["path"].startswith("/api/") and all(name != b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, with_headers)
