"""The desk as an app that a browser installs, and the page that stands where it is not running."""

from __future__ import annotations

import re
import struct
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, BrowserContext, expect

from templora.studio import Studio
from tests.ui.desk_page import at_end, chapters, made, opened, saved, until
from ui import installable
from ui.server import create_app


@pytest.fixture
def client(studio: Studio) -> TestClient:
    return TestClient(create_app(studio), base_url="http://127.0.0.1:7860")


def test_the_manifest_names_icons_of_the_sizes_that_it_says(client: TestClient) -> None:
    answer = client.get("/manifest.json")
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = answer.json()
    assert (manifest["name"], manifest["start_url"], manifest["display"]) == ("Templora", "/", "standalone")
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        file = client.get(icon["src"])
        assert file.status_code == 200 and file.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            assert file.content.startswith(b"\x89PNG")
            width, height = struct.unpack(">II", file.content[16:24])
            assert icon["sizes"] == f"{width}x{height}"


def test_beyond_loopback_only_what_names_no_book_needs_no_token(studio: Studio) -> None:
    client = TestClient(create_app(studio, "0.0.0.0", "secret"), base_url="http://192.0.2.7:7860")
    for path in installable.OPEN:
        assert client.get(path).status_code == 200
        assert client.post(path).status_code == 401 and client.get(f"{path}/").status_code == 401
    for path in ("/sw.js", "/desk/away.html", "/api/projects", "/desk/desk.js"):
        assert client.get(path).status_code == 401
    assert client.get("/manifest.json", headers={"Origin": "https://evil.example"}).status_code == 403


def test_answers_of_the_routes_are_kept_by_no_browser(client: TestClient, studio: Studio) -> None:
    project = made(studio, "Kept nowhere", "Secret words.")
    for path in (f"/api/chapters/{chapters(studio, project)[0]}", f"/api/projects/{project}", "/api/status"):
        assert client.get(path).headers["cache-control"] == "no-store"


def test_the_worker_has_a_new_name_for_a_new_page(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = client.get("/sw.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    monkeypatch.setattr(installable, "AWAY", installable.HERE / "desk.css")
    names = [re.match(r'const KEPT = "(.+)";', text) for text in (answer.text, installable.worker())]
    assert names[0] and names[1] and names[0][1] != names[1][1]


@pytest.fixture
def working(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser profile in which service workers work."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    yield context
    context.close()


WORKING = "async () => Boolean((await navigator.serviceWorker.ready).active)"
KEPT = """async () => {
    const names = await caches.keys();
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().map(({ url }) => new URL(url).pathname).sort();
}"""


def test_a_browser_offers_to_install_the_desk_and_keeps_nothing_of_it(
    working: BrowserContext, url: str, studio: Studio
) -> None:
    project = made(studio, "Installed", "Secret words.")
    page = working.new_page()
    opened(page, url, project)
    page.wait_for_function(WORKING)
    errors = working.new_cdp_session(page).send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [error["errorId"] for error in errors] == ["in-incognito"]  # a profile that is not kept
    page.reload()  # now the worker stands between
    page.wait_for_function("() => window.templora?.state()?.chapter && navigator.serviceWorker.controller")
    at_end(page)
    page.keyboard.type(" More.")
    saved(page)
    assert page.evaluate(KEPT) == ["/desk/away.html", "/desk/icon.svg"]


class Host:
    """What a browser sees of the desk, on one port, stopped and started again."""

    def __init__(self) -> None:
        self._app = app = FastAPI()
        app.include_router(installable.routes())

        @app.get("/")
        def page() -> HTMLResponse:
            return HTMLResponse("<h1>The desk</h1><script>navigator.serviceWorker.register('/sw.js')</script>")

        @app.get("/api/status")
        def status() -> dict[str, str]:
            return {}

        @app.get("/desk/{name}")
        def static(name: str) -> FileResponse:
            mime, path = installable.FILES[name]
            return FileResponse(path, media_type=mime)

        self.port = 0
        self.start()

    def start(self) -> None:
        self._server = uvicorn.Server(uvicorn.Config(self._app, port=self.port, log_level="error"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until(lambda: self._server.started)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


def test_where_the_desk_is_not_running_a_page_says_so_and_opens_it_later(working: BrowserContext) -> None:
    host = Host()
    page = working.new_page()
    page.goto(f"http://127.0.0.1:{host.port}/?book=mine")
    page.wait_for_function(WORKING)
    host.stop()
    page.goto(f"http://127.0.0.1:{host.port}/?book=mine")
    expect(page.get_by_role("heading", name="The desk is not running")).to_be_visible()
    expect(page.locator("code")).to_have_text("python3 app.py")
    assert page.locator("img").evaluate("(icon) => icon.complete && icon.naturalWidth > 0")
    host.start()
    expect(page.get_by_role("heading", name="The desk", exact=True)).to_be_visible(timeout=15_000)
    assert page.url.endswith("/?book=mine")
    host.stop()
