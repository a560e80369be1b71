"""Who may talk to the desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from templora.studio import Studio
from tests.fakes import FakeEngine, fake_info
from ui.guards import COOKIE
from ui.server import create_app


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    engine = FakeEngine(fake_info(tmp_path))
    studio = Studio(tmp_path / "data", engine, engine.info)
    yield studio
    studio.close()


@pytest.fixture
def client(studio: Studio) -> TestClient:
    return TestClient(create_app(studio), base_url="http://127.0.0.1:7860")


def test_the_page_and_scripts_on_this_machine_are_served(client: TestClient) -> None:
    assert client.get("/api/status").status_code == 200
    assert client.get("/api/status", headers={"Origin": "http://127.0.0.1:7860"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_another_page_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    for call in (client.get, client.post, client.delete):
        assert call("/api/projects", headers=headers).status_code == 403


def test_a_link_from_elsewhere_may_open_the_page(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=headers).status_code == 200


def test_a_rebound_host_is_refused(client: TestClient) -> None:
    assert client.get("/api/status", headers={"Host": "evil.example"}).status_code == 400


def test_beyond_loopback_a_token_is_asked_for(studio: Studio) -> None:
    app = create_app(studio, "0.0.0.0", "secret")
    client = TestClient(app, base_url="http://192.0.2.7:7860", follow_redirects=False)
    assert client.get("/api/status").status_code == 401
    asked = client.get("/")
    assert asked.status_code == 401 and "token" in asked.text
    assert client.get("/?token=wrong").status_code == 401
    assert client.get("/api/status", headers={"Authorization": "Bearer secret"}).status_code == 200
    opened = client.get("/?token=secret")
    assert opened.status_code == 303 and COOKIE in opened.cookies
    client.cookies.set(COOKIE, "secret")
    assert client.get("/api/status").status_code == 200


def test_no_other_page_may_frame_the_desk(client: TestClient) -> None:
    headers = client.get("/api/status").headers
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
