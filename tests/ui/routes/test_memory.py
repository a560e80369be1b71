"""The routes of the memory, and of the checks that it makes possible."""

from __future__ import annotations

from fastapi.testclient import TestClient

from tests.fakes import FakeEngine
from tests.ui.routes.asking import made, until


def test_chapters_and_passages_are_left_out_of_the_memory(client: TestClient) -> None:
    project, chapter = made(client, "An epigraph.\n\nThe story.")
    url = f"/api/chapters/{chapter['id']}"
    body = {"base_revision": 1, "start": 3, "end": 11, "excluded": True}
    assert client.put(f"{url}/excluded", json=body).json()["excluded"] == [[3, 11]]
    head = client.get(f"/api/projects/{project['id']}").json()["chapters"][0]
    assert (head["excluded"], head["learned"], head["revision"]) == ([[3, 11]], True, 1)
    assert client.put(f"{url}/excluded", json={**body, "base_revision": 0}).status_code == 409
    assert client.put(f"{url}/excluded", json={**body, "end": 99}).status_code == 422
    assert client.put(f"{url}/excluded", json={**body, "excluded": False}).json()["excluded"] == []
    assert client.patch(url, json={"learned": False}).json()["learned"] is False
    assert client.patch(url, json={"title": "Notes"}).json()["learned"] is False
    assert client.patch(url, json={"learned": True}).json()["learned"] is True


def test_the_strength_of_the_memory_belongs_to_the_book(client: TestClient) -> None:
    project, _ = made(client)
    url = f"/api/projects/{project['id']}"
    assert project["strength"] == 1.0
    assert client.patch(url, json={"strength": 0.4}).json()["strength"] == 0.4
    assert client.patch(url, json={"title": "Salt"}).json()["strength"] == 0.4
    assert client.patch(url, json={"strength": 1.6}).status_code == 422
    assert client.get(url).json()["strength"] == 0.4


def test_passages_and_forgetting(client: TestClient) -> None:
    project, chapter = made(client, "\n\n".join(" ".join(f"w{i + j}" for j in range(30)) for i in range(12)))
    passages = client.get(f"/api/chapters/{chapter['id']}/passages").json()
    assert {passage["state"] for passage in passages} == {"pending"}
    assert passages[0]["start"] == 0 and passages[-1]["end"] == len(chapter["text"])
    forgotten = client.post(f"/api/projects/{project['id']}/forget").json()
    assert forgotten["passages"] == 0 and forgotten["discarded"]["snapshots"] == 0
    assert client.get("/api/chapters/nowhere/passages").status_code == 404
    assert client.post("/api/projects/nowhere/forget").status_code == 404


def test_the_memory_is_learnt_and_reported(client: TestClient) -> None:
    project, _ = made(client, "\n\n".join(" ".join(f"w{i + j}" for j in range(30)) for i in range(12)))
    url = f"/api/projects/{project['id']}/memory"
    before = client.get(url).json()
    assert before["state"] == "empty" and before["known_chunks"] == 0 and before["pending_chunks"] > 3
    assert set(before["chunks"][0]) == {"index", "chapter", "tokens", "base_loss", "memory_loss", "state"}
    assert before["chunks"][0]["base_loss"] is None
    assert client.post(url + "/learn").status_code == 202
    after = until(lambda: client.get(url).json(), lambda report: report["state"] == "current")
    assert after["pending_chunks"] == 0 and after["known_tokens"] == sum(c["tokens"] for c in after["chunks"])
    assert after["chunks"][-1]["memory_loss"] < after["chunks"][-1]["base_loss"]
    gone = client.delete(url).json()
    assert gone["files"] >= 1
    assert client.get(url).json()["state"] == "discarded"


def test_the_voice_of_a_chapter_is_checked_in_the_background(client: TestClient, engine: FakeEngine) -> None:
    text = " ".join(" ".join(["So", *(f"w{i * 8 + j}" for j in range(8))]) + "." for i in range(40))
    project, chapter = made(client, text)
    address = f"/api/chapters/{chapter['id']}/voice"
    assert client.get(address).json()["state"] == "none"
    early = client.post(address, json={"base_revision": 1})
    assert early.status_code == 422 and "Learn now" in early.json()["error"]["message"]
    client.post(f"/api/projects/{project['id']}/memory/learn")
    until(lambda: client.get(f"/api/projects/{project['id']}/memory").json()["pending_chunks"], lambda n: n == 0)
    assert client.post(address, json={"base_revision": 9}).status_code == 409
    assert client.post(address, json={"base_revision": 1}).status_code == 202
    report = until(lambda: client.get(address).json(), lambda report: report["state"] != "running")
    assert report["state"] == "done" and len(report["sentences"]) == 40
    assert set(report["sentences"][0]) == {"start", "end", "loss", "stands_out", "measured"}
    assert client.delete(address).json()["state"] == "done"


def test_the_echoes_of_a_book_come_with_their_places(client: TestClient) -> None:
    text = "\n\n".join(f"{word} she drew one ragged salty breath." for word in ("So", "Then", "There"))
    project, chapter = made(client, text)
    (echo,) = client.get(f"/api/projects/{project['id']}/echoes").json()
    assert echo["text"] == "she drew one ragged salty breath" and len(echo["places"]) == 3
    assert {place["chapter"] for place in echo["places"]} == {chapter["id"]}
    assert client.get("/api/projects/nowhere/echoes").status_code == 404
