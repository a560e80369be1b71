"""What the tests of the routes ask for again and again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient


def made(client: TestClient, text: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    project = client.post("/api/projects", json={"title": "The Salt Road"}).json()
    body = {"title": "Low Water", "text": text}
    return project, client.post(f"/api/projects/{project['id']}/chapters", json=body).json()


def events(response: Any) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block for block in response.text.split("\n\n") if block]
    return [(b.split("\n")[0].removeprefix("event: "), json.loads(b.split("\ndata: ")[1])) for b in blocks]


def until(look: Callable[[], Any], enough: Callable[[Any], Any], seconds: float = 10) -> Any:
    """What `look` returns once it is enough."""
    end = time.monotonic() + seconds
    while not enough(seen := look()):
        assert time.monotonic() < end, f"waited {seconds} s in vain; last seen: {seen}"
        time.sleep(0.02)
    return seen
