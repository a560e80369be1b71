"""The answers to what is clicked come by a stream that Gradio opens and closes: none of them is lost."""

from __future__ import annotations

import asyncio

from playwright.sync_api import Page
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from templora.studio import Studio
from tests.ui.conftest import Serve
from tests.ui.desk_page import made, opened, prose
from ui.server import create_app


class Slow:
    """A connection on which it takes a while to hear that the stream closes, as on a busy machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def late(message: Message) -> None:
            if b"close_stream" in message.get("body", b""):
                await asyncio.sleep(0.4)
            await send(message)

        await self._app(scope, receive, late)


def test_what_is_asked_while_the_stream_closes_is_answered(
    page: Page, studio: Studio, serve: Serve, bundle: object
) -> None:
    url = serve(Slow(create_app(studio)))
    project = made(studio, "Book", prose(2))
    for _ in range(3):  # each of them is lost in two of three tries where nothing opens the stream again
        opened(page, url, project)
        page.wait_for_timeout(1000)
        page.locator("#open-export").click()
        page.locator("#export-finish").click()
        page.locator("#finish-book-yes").wait_for()
