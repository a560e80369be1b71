"""The desk as a user starts it: `app.py` in a process of its own, and what is done with it again and again."""

from __future__ import annotations

import json
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import httpx
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
READY_S = 120


def story(seed: int, sentences: int) -> str:
    """Prose enough to learn from: names and places that come back, paragraphs of a few sentences."""
    draw = random.Random(seed)
    who = ["Ines", "Mateus", "the pilot", "old Corvalho", "the customs officer", "her sister"]
    did = ["counted", "forgot", "remembered", "carried", "hid", "sold", "wanted", "described"]
    what = ["the tide tables", "a lantern", "the ferry bell", "eleven letters", "the salt", "a map of the harbour"]
    where = ["on the steps", "before the flood", "in the customs house", "under the quay", "beside the long mud"]
    lines = [
        f"{draw.choice(who)} {draw.choice(did)} {draw.choice(what)} {draw.choice(where)}." for _ in range(sentences)
    ]
    paragraphs = [" ".join(lines[i : i + 5]) for i in range(0, sentences, 5)]
    return "\n\n".join(p[0].upper() + p[1:] for p in paragraphs)


class Server:
    """`app.py` in a process of its own, as a user starts it."""

    def __init__(self, data: Path, models: Path, model: str | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data = data
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [
            *(sys.executable, str(ROOT / "app.py"), "--data", str(data), "--models", str(models)),
            *("--port", str(self.port), "--no-browser", *(["--model", model] if model else [])),
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data.parent / "server.log"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=ROOT)
        until(lambda: self.get("/api/status") is not None, 30)

    def get(self, path: str) -> Any:
        try:
            return httpx.get(self.url + path, timeout=10).json()
        except (httpx.TransportError, json.JSONDecodeError):
            return None

    def import_(self, manuscript: Path) -> str:
        """The id of the book that it becomes."""
        answer = httpx.post(
            self.url + "/api/projects/import", files={"file": (manuscript.name, manuscript.read_bytes())}
        )
        return answer.raise_for_status().json()["id"]

    def save(self, chapter: dict[str, Any], text: str) -> None:
        body = {"base_revision": chapter["revision"], "text": text}
        httpx.put(f"{self.url}/api/chapters/{chapter['id']}", json=body).raise_for_status()

    def learn(self, project: str) -> None:
        """All of the book, to its end."""
        httpx.post(f"{self.url}/api/projects/{project}/memory/learn").raise_for_status()
        until(lambda: self.get(f"/api/projects/{project}/memory")["state"] == "current", 240)

    def wait_ready(self) -> None:
        until(lambda: (self.get("/api/status") or {"model": {}})["model"].get("state") == "ready", READY_S)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=40)


def until(holds: Callable[[], Any], seconds: float) -> Any:
    end = time.monotonic() + seconds
    while not (seen := holds()):
        assert time.monotonic() < end, f"did not come true within {seconds} s"
        time.sleep(0.1)
    return seen


def idle(page: Page) -> None:
    page.wait_for_function("() => window.templora?.state().mode === 'idle'")


def offered(page: Page, ask: Callable[[], None], mode: Literal["ghost", "diff"] = "ghost") -> None:
    """Asks until a take, or a rewrite, stands complete: now and then a small model has nothing to add, or to change."""
    for _ in range(8):
        ask()
        page.wait_for_function(
            "(mode) => (({ mode: now, error }) => now === mode || (now === 'idle' && error))(window.templora.state())",
            arg=mode,
            timeout=90_000,
        )
        if page.evaluate("() => window.templora.state().mode") == mode:
            return
        assert re.search("nothing to add|change nothing", page.evaluate("() => window.templora.state().error"))
        page.locator(".t-strip button").click()
    raise AssertionError(f"no {mode} in eight tries")


def chapter_of(server: Server, project: str, index: int) -> dict[str, Any]:
    return server.get(f"/api/chapters/{server.get(f'/api/projects/{project}')['chapters'][index]['id']}")
