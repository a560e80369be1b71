"""How fast a very long book opens and saves, at the server: the real `app.py`, asked over HTTP like the page asks.

The book is made up (seeded random words), imported, and the desk started anew on it. Reported are times at the client,
in milliseconds, with the model off to the side loading and then planning what it would learn.
"""

from __future__ import annotations

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from argparse import Namespace
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]
START_S = 120.0
PARAGRAPH_WORDS = 80


def book(chapters: int, words: int, seed: int = 0) -> str:
    """Markdown with about `words` words in so many chapters, the same for the same seed."""
    draw = random.Random(seed)
    vocabulary = ["".join(draw.choices("aeioulnrstdm", k=draw.randint(2, 9))) for _ in range(20_000)]
    parts = ["# A long book"]
    for number in range(1, chapters + 1):
        paragraphs = [
            " ".join(draw.choices(vocabulary, k=PARAGRAPH_WORDS)).capitalize() + "."
            for _ in range(max(1, words // chapters // PARAGRAPH_WORDS))
        ]
        parts.append(f"## Chapter {number}\n\n" + "\n\n".join(paragraphs))
    return "\n\n".join(parts)


class Desk:
    """A running desk, asked over HTTP."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = headers or {"Content-Type": "application/json"}
        with urlopen(Request(self.url + path, data, headers, method=method), timeout=600) as answer:
            return json.loads(answer.read() or b"null")

    def timed(self, method: str, path: str, body: Any = None) -> tuple[float, Any]:
        """(milliseconds, answer)."""
        started = time.perf_counter()
        answer = self.ask(method, path, body)
        return 1000 * (time.perf_counter() - started), answer

    def import_(self, text: str) -> str:
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="long.md"\r\n\r\n'
        body = head.encode() + text.encode() + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return str(self.ask("POST", "/api/projects/import", body, headers)["id"])

    def wait(self) -> None:
        end = time.monotonic() + START_S
        while True:
            try:
                self.ask("GET", "/api/status")
                return
            except (HTTPError, URLError, ConnectionError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)


@contextmanager
def running(data: Path, options: Namespace) -> Generator[Desk]:
    """`app.py` on `data`, until the block is left."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "app.py"), "--no-browser", "--port", str(port), "--data", str(data)]
    command += ["--model", options.model, *(["--models", str(options.models)] if options.models else [])]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        desk = Desk(port)
        desk.wait()
        yield desk
    finally:
        process.terminate()
        process.wait(60)


def _save(desk: Desk, id: str) -> float:
    """Milliseconds that a save of one chapter takes."""
    chapter = desk.ask("GET", f"/api/chapters/{id}")
    body = {"base_revision": chapter["revision"], "text": chapter["text"] + " And then."}
    return desk.timed("PUT", f"/api/chapters/{id}", body)[0]


def run(options: Namespace) -> int:
    """Print the table; the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with running(data, options) as desk:
            started = time.perf_counter()
            project = desk.import_(book(options.chapters, options.words))
            chapters = desk.ask("GET", f"/api/projects/{project}")["chapters"]
            desk.ask("POST", f"/api/projects/{project}/memory/pause")
            print(f"imported in {time.perf_counter() - started:.1f} s", flush=True)
        rows: dict[str, list[float]] = {}

        def note(name: str, milliseconds: float) -> None:
            rows.setdefault(name, []).append(milliseconds)

        for _ in range(options.starts):
            with running(data, options) as desk:
                note("open the book, first after a start", desk.timed("GET", f"/api/projects/{project}")[0])
                note("open the last chapter", desk.timed("GET", f"/api/chapters/{chapters[-1]['id']}")[0])
                note("memory report, first", desk.timed("GET", f"/api/projects/{project}/memory")[0])
                heads = random.Random(0).sample(chapters, 2 * options.saves)
                for head in heads[: options.saves]:
                    note("save a chapter, just after the start", _save(desk, head["id"]))
                while desk.ask("GET", f"/api/projects/{project}/memory")["state"] == "reading":
                    time.sleep(0.2)
                for head in heads[options.saves :]:
                    note("save a chapter", _save(desk, head["id"]))
                    note("open the book, again", desk.timed("GET", f"/api/projects/{project}")[0])
                    note("memory report, again", desk.timed("GET", f"/api/projects/{project}/memory")[0])
        words = sum(chapter["words"] for chapter in chapters)
        print(f"{len(chapters):,} chapters, {words:,} words, {options.starts} starts\n")
        print(f"{'milliseconds':38}{'median':>9}{'worst':>9}")
        for name, times in rows.items():
            print(f"{name:38}{statistics.median(times):9.1f}{max(times):9.1f}")
    return 0
