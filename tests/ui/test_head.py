"""The page's head stands in the HTML itself, before anything is painted."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.testclient import TestClient

from ui.head import HeadFirst


def app() -> TestClient:
    made = FastAPI()

    @made.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse("<html><head><title>x</title></head><body>ü</head></body></html>")

    @made.get("/other")
    def other() -> PlainTextResponse:
        return PlainTextResponse("<head></head>")

    made.add_middleware(HeadFirst, head="<script src='/desk/look.js'></script>")
    return TestClient(made)


def test_the_head_is_written_into_the_page_and_nowhere_else() -> None:
    client = app()
    answer = client.get("/")
    assert answer.text == (
        "<html><head><title>x</title><script src='/desk/look.js'></script></head><body>ü</head></body></html>"
    )
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert client.get("/other").text == "<head></head>"
    assert client.get("/none").status_code == 404
