"""A hub of models on the loopback interface: the two requests that a download makes, and faults on demand."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

COMMIT = "c0ffee" * 6 + "c0de"


@dataclass
class SmallHub:
    """Serves the folders in `models` (by owner/name) and keeps what was asked for."""

    url: str
    models: dict[str, Path] = field(default_factory=dict[str, Path])
    gated: set[str] = field(default_factory=set[str])
    cut_after: int | None = None
    """Bytes of a weight file after which the connection drops, once."""
    stall_after: int | None = None
    """Bytes of a weight file after which nothing more comes until `go_on` is set."""
    flip_a_bit: bool = False
    """Damage the next weight file on its way."""
    go_on: threading.Event = field(default_factory=threading.Event)
    stalled: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str | None]] = field(default_factory=list[tuple[str, str | None]])
    """(path, Range header) of every GET."""

    def ranges_of(self, name: str) -> list[str | None]:
        return [asked for path, asked in self.requests if path.endswith("/" + name)]


@contextmanager
def small_hub() -> Iterator[SmallHub]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    hub = SmallHub(f"http://127.0.0.1:{server.server_address[1]}")
    server.hub = hub  # pyright: ignore[reportAttributeAccessIssue]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.server.hub.requests.append((urlsplit(self.path).path, self.headers["Range"]))  # pyright: ignore
        self._answer()

    def _answer(self) -> None:
        hub: SmallHub = self.server.hub  # pyright: ignore
        parts = urlsplit(self.path).path.strip("/").split("/")
        is_listing = parts[:2] == ["api", "models"]
        model = "/".join(parts[2:4] if is_listing else parts[:2])
        if model in hub.gated:
            self._refuse(403, "GatedRepo")
        elif model not in hub.models:
            self._refuse(404, "RepoNotFound")
        elif is_listing:
            self._send(json.dumps(_listing(model, hub.models[model])).encode())
        elif parts[2:4] == ["resolve", COMMIT] and (hub.models[model] / parts[4]).is_file():
            self._send_file(hub, hub.models[model] / parts[4])
        else:
            self._refuse(404, "EntryNotFound")

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _send_file(self, hub: SmallHub, path: Path) -> None:
        body = path.read_bytes()
        asked = self.headers["Range"]
        start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(body) - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        if self.command == "HEAD":
            return
        if path.suffix == ".safetensors":
            if hub.flip_a_bit:
                hub.flip_a_bit = False
                body = body[:-1] + bytes([body[-1] ^ 1])
            if hub.cut_after is not None:
                self.wfile.write(body[start : hub.cut_after])
                hub.cut_after, self.close_connection = None, True
                return
            if hub.stall_after is not None:
                self.wfile.write(body[start : hub.stall_after])
                start, hub.stall_after = hub.stall_after, None
                self.wfile.flush()
                hub.stalled.set()
                hub.go_on.wait(60)
        try:
            self.wfile.write(body[start:])
        except (BrokenPipeError, ConnectionResetError):  # the client was killed, as a test wanted
            self.close_connection = True


def _listing(model: str, folder: Path) -> dict[str, object]:
    files: list[dict[str, object]] = []
    for path in sorted(folder.iterdir()):
        body = path.read_bytes()
        entry: dict[str, object] = {"rfilename": path.name, "size": len(body), "blobId": "0" * 40}
        if path.suffix in (".safetensors", ".bin"):
            entry["lfs"] = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body), "pointerSize": 134}
        files.append(entry)
    return {"id": model, "sha": COMMIT, "siblings": files}
