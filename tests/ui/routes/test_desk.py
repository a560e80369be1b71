"""The routes of the desk itself: errors, the status, backups, models."""

from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient

from templora.shelf import Shelf
from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.routes.asking import made
from tests.ui.routes.conftest import RECIPE
from ui.server import create_app


def test_errors_have_one_shape(client: TestClient) -> None:
    for response, status, code in (
        (client.get("/api/projects/none"), 404, "not_found"),
        (client.get("/api/chapters/none"), 404, "not_found"),
        (client.post("/api/projects", json={"title": "  "}), 422, "bad_input"),
        (client.post("/api/projects", json={}), 422, "bad_input"),
        (client.post("/api/projects/import", files={"file": ("a.txt", b"")}), 422, "unreadable_file"),
        (client.post("/api/projects/none/memory/dance"), 422, "bad_input"),
        (client.get("/api/nothing"), 404, "not_found"),
        (client.put("/api/status"), 404, "not_found"),
        (
            client.post("/api/projects/import", content=b"x", headers={"Content-Type": "multipart/form-data"}),
            400,
            "bad_input",
        ),
    ):
        assert response.status_code == status, response.text
        assert response.json()["error"]["code"] == code
        assert response.json()["error"]["message"]


def test_status_answers(client: TestClient) -> None:
    status = client.get("/api/status").json()
    assert status["model"]["state"] == "ready" and status["device"] == "cpu" and status["version"]
    assert set(status["model"]) >= {"id", "state", "message", "progress"}


def test_backups_are_made_listed_looked_into_and_restored_from(client: TestClient) -> None:
    project, chapter = made(client, "One two three.")
    assert client.get("/api/backups").json() == []
    answer = client.post("/api/backups")
    assert answer.status_code == 201
    backup = answer.json()
    assert set(backup) == {"name", "reason", "created_at", "bytes"} and backup["reason"] == "asked"
    assert backup in client.get("/api/backups").json()
    client.put(f"/api/chapters/{chapter['id']}", json={"base_revision": 1, "text": ""})
    books = client.get(f"/api/backups/{backup['name']}").json()
    assert books == [{"id": project["id"], "title": "The Salt Road", "words": 3, "chapters": 1}]
    answer = client.post(f"/api/backups/{backup['name']}/restore", json={"project": project["id"]})
    assert answer.status_code == 201
    restored = answer.json()
    assert restored["title"].startswith("The Salt Road (backup of ") and restored["learning"] == "on"
    (copy,) = restored["chapters"]
    assert client.get(f"/api/chapters/{copy['id']}").json()["text"] == "One two three."
    assert client.get(f"/api/chapters/{chapter['id']}").json()["text"] == ""
    for name in ("nothing.db", "..%2Ftemplora.db", "%2Fetc%2Fpasswd"):
        for response in (
            client.get(f"/api/backups/{name}"),
            client.post(f"/api/backups/{name}/restore", json={"project": project["id"]}),
        ):
            assert response.status_code == 404 and response.json()["error"]["code"] == "not_found"
    answer = client.post(f"/api/backups/{backup['name']}/restore", json={"project": "nobody"})
    assert answer.status_code == 404


def test_a_damaged_backup_is_said_to_be(client: TestClient, tmp_path: Path) -> None:
    project, _ = made(client, "One two three.")
    backup = client.post("/api/backups").json()
    (tmp_path / "data" / "backups" / backup["name"]).write_bytes(b"no database" * 1000)
    answer = client.post(f"/api/backups/{backup['name']}/restore", json={"project": project["id"]})
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "storage" and "is damaged" in answer.json()["error"]["message"]


def test_the_status_carries_what_the_writer_should_know(client: TestClient, tmp_path: Path) -> None:
    before = client.get("/api/status").json()["warnings"]
    (tmp_path / "data" / "templora.db.damaged-2026").touch()
    (warning,) = set(client.get("/api/status").json()["warnings"]) - set(before)
    assert "templora.db.damaged-2026" in warning


def test_a_desk_that_cannot_change_its_model_says_so(client: TestClient) -> None:
    answer = client.get("/api/models")
    assert answer.status_code == 422 and "--model" in answer.json()["error"]["message"]


def test_the_model_is_looked_at_and_changed_by_routes(tmp_path: Path, engine: FakeEngine) -> None:
    shelf = Shelf(engine, tmp_path / "models")
    studio = Studio(tmp_path / "another", engine, engine.info, RECIPE, shelf=shelf)
    try:
        client = TestClient(create_app(studio), base_url="http://127.0.0.1")
        found = client.get("/api/models").json()
        assert found["present"]["id"] == "fake" and found["fetch"]["state"] == "none"
        assert found["machine"]["memory"] > found["machine"]["free"] > 0 and len(found["offers"]) > 5
        assert client.post("/api/models/look", json={"model": "no-such-model"}).status_code == 503
        assert client.post("/api/models/use", json={"model": "owner/absent"}).status_code == 422
        assert client.get("/api/models/fetch").json() == client.delete("/api/models/fetch").json() == found["fetch"]
    finally:
        studio.close()
