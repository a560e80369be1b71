"""The page's head, in the HTML itself: Gradio's own `head` is put in by its scripts, long after the first paint."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadFirst:
    """An ASGI middleware that writes `head` (HTML) at the end of the head of the page at `/`."""

    def __init__(self, app: ASGIApp, head: str) -> None:
        self._app = app
        self._head = head.encode() + b"</head>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        # Packed, it could not be written into.
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        start: Message = {}
        body = b""

        async def kept(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            page = body.replace(b"</head>", self._head, 1)
            length = (b"content-length", str(len(page)).encode())
            start["headers"] = [pair for pair in start["headers"] if pair[0].lower() != length[0]] + [length]
            await send(start)
            await send({"type": "http.response.body", "body": page})

        await self._app({**scope, "headers": headers}, receive, kept)
