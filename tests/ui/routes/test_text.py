"""The routes of books, chapters and their history."""

from __future__ import annotations

import json

from fastapi.testclient import TestClient

from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.routes.asking import events, made, until


def test_projects_and_chapters_are_made_renamed_moved_and_deleted(client: TestClient) -> None:
    project, chapter = made(client, "One two three.")
    noted = {"learned", "excluded", "status", "synopsis"}
    assert set(chapter) == {"id", "project", "title", "position", "text", "revision", *noted}
    second = client.post(f"/api/projects/{project['id']}/chapters", json={"title": "Two"}).json()
    shown = client.get(f"/api/projects/{project['id']}").json()
    assert [c["title"] for c in shown["chapters"]] == ["Low Water", "Two"]
    assert set(shown["chapters"][0]) == {"id", "title", "position", "words", "revision", *noted}
    assert shown["chapters"][0]["words"] == 3
    client.patch(f"/api/chapters/{second['id']}", json={"position": shown["chapters"][0]["position"], "title": "New"})
    shown = client.get(f"/api/projects/{project['id']}").json()
    assert [c["title"] for c in shown["chapters"]] == ["New", "Low Water"]
    assert client.delete(f"/api/chapters/{second['id']}").status_code == 204
    assert client.patch(f"/api/projects/{project['id']}", json={"title": "Salt"}).json()["title"] == "Salt"
    assert client.delete(f"/api/projects/{project['id']}").status_code == 204
    assert client.get("/api/projects").json() == []
    assert client.post(f"/api/projects/{project['id']}/restore").json()["title"] == "Salt"
    assert len(client.get("/api/projects").json()) == 1


def test_what_is_noted_of_a_chapter_is_neither_learnt_nor_exported(client: TestClient, studio: Studio) -> None:
    project, chapter = made(client, "One two three.")
    url = f"/api/chapters/{chapter['id']}"
    before = studio.memory(project["id"])
    noted = client.patch(url, json={"status": "draft", "synopsis": "Secretly the pilot lies."}).json()
    assert (noted["status"], noted["synopsis"], noted["revision"]) == ("draft", "Secretly the pilot lies.", 1)
    (head,) = client.get(f"/api/projects/{project['id']}").json()["chapters"]
    assert (head["status"], head["synopsis"]) == ("draft", "Secretly the pilot lies.")
    assert client.patch(url, json={"status": "perfect"}).status_code == 422
    assert client.patch(url, json={"synopsis": "x" * 3000}).status_code == 422
    for format in ("markdown", "text"):
        copy = client.get(f"/api/projects/{project['id']}/copy?format={format}").text
        assert "One two three." in copy and "Secretly" not in copy
    assert studio.memory(project["id"]) == before
    assert client.patch(url, json={"status": ""}).json()["synopsis"] == "Secretly the pilot lies."


def test_a_synopsis_that_a_page_has_not_seen_stands_beside_its_own(client: TestClient) -> None:
    _, chapter = made(client, "One two three.")

    def kept(mine: str, *seen: str) -> str:
        body = {"synopsis": mine, "synopsis_seen": list(seen)}
        return client.patch(f"/api/chapters/{chapter['id']}", json=body).json()["synopsis"]

    assert kept("Ines waits.", "") == "Ines waits."
    assert kept("Ines waits long.", "", "Ines waits.") == "Ines waits long."
    assert kept("Mateus lies.", "Ines waits.") == "Ines waits long.\nMateus lies."
    assert kept("Mateus lies.", "Ines waits.") == "Ines waits long.\nMateus lies.", "sent again, its answer was lost"
    both = "Ines waits long.\nMateus lies. Why?"
    assert kept(both, "Ines waits.") == both, "its answer was lost, and one typed on"
    assert kept("", "Ines waits.") == both
    assert kept("", both) == ""


def test_saving_is_compare_and_set(client: TestClient) -> None:
    _, chapter = made(client)
    url = f"/api/chapters/{chapter['id']}"
    first = client.put(url, json={"base_revision": chapter["revision"], "text": "mine"})
    assert first.status_code == 200
    stale = client.put(url, json={"base_revision": chapter["revision"], "text": "theirs"})
    assert stale.status_code == 409
    body = stale.json()
    assert body["error"]["code"] == "conflict"
    assert body["current"] == {"revision": first.json()["revision"], "text": "mine"}
    assert client.get(url).json()["text"] == "mine"


def test_a_chapter_has_a_history_of_named_and_restored_revisions(client: TestClient) -> None:
    _, chapter = made(client, "The first words.")
    url = f"/api/chapters/{chapter['id']}"
    named = client.patch(f"{url}/revisions/1", json={"name": "Before the storm"}).json()
    assert named["name"] == "Before the storm"
    assert client.put(url, json={"base_revision": 1, "text": "Other words entirely."}).json() == {"revision": 2}
    heads = client.get(f"{url}/revisions").json()
    assert [(head["number"], head["kind"], head["name"], head["words"]) for head in heads] == [
        (1, "typed", "Before the storm", 3),
        (2, "typed", None, 3),
    ]
    assert set(heads[0]) == {"chapter", "number", "kind", "name", "words", "created_at"}
    assert client.get(f"{url}/revisions/1").json() == {**heads[0], "text": "The first words."}
    stale = client.post(f"{url}/revisions/1/restore", json={"base_revision": 1})
    assert (stale.status_code, stale.json()["current"]["text"]) == (409, "Other words entirely.")
    restored = client.post(f"{url}/revisions/1/restore", json={"base_revision": 2}).json()
    assert (restored["text"], restored["revision"]) == ("The first words.", 3)
    assert client.get(f"{url}/revisions/3").json()["kind"] == "restored"
    assert client.get(f"{url}/revisions/9").status_code == 404
    assert client.patch(f"{url}/revisions/1", json={"name": None}).json()["name"] is None
    assert client.patch(f"{url}/revisions/1", json={"name": " "}).status_code == 422


def test_a_book_tells_who_wrote_its_words(client: TestClient, engine: FakeEngine) -> None:
    project, chapter = made(client, "The harbour had emptied itself.")
    engine.replies = [" And the boats lay down."]
    body = {"base_revision": 1, "cursor": 31, "max_tokens": 5}
    take = events(client.post(f"/api/chapters/{chapter['id']}/continue", json=body))[-1][1]["id"]
    accepted = client.post(f"/api/takes/{take}/accept", json={"base_revision": 1}).json()
    text = accepted["text"].replace("boats", "ships")
    client.put(f"/api/chapters/{chapter['id']}", json={"base_revision": 2, "text": text})
    model = client.get(f"/api/chapters/{chapter['id']}/takes").json()[0]["model"]
    assert client.get(f"/api/projects/{project['id']}/provenance").json() == {
        "typed_words": 6,
        "models": [{"model": model, "accepted_words": 5, "kept_words": 4, "edited_words": 1}],
        "words": 10,
    }
    assert client.get("/api/projects/none/provenance").status_code == 404


def test_chapters_are_split_and_merged(client: TestClient) -> None:
    _, chapter = made(client, "One.\n\nTwo.")
    url = f"/api/chapters/{chapter['id']}"
    body = {"base_revision": 1, "at": 5, "title": "High Water"}
    split = client.post(f"{url}/split", json=body)
    assert (split.status_code, split.json()["text"], split.json()["position"]) == (201, "Two.", 1)
    assert client.post(f"{url}/split", json=body).status_code == 409
    merged = client.post(f"{url}/merge", json={"base_revision": 2}).json()
    assert (merged["text"], merged["revision"]) == ("One.\n\nTwo.", 3)
    assert client.post(f"{url}/merge", json={"base_revision": 2}).status_code == 409
    assert client.post(f"{url}/merge", json={"base_revision": 3}).status_code == 422
    assert client.post(f"/api/chapters/{split.json()['id']}/restore").json()["text"] == "Two."


def test_the_history_of_a_book_is_purged_with_its_backups(client: TestClient) -> None:
    project, chapter = made(client, "Once.")
    body = {"base_revision": 1, "text": "Twice."}
    revision = client.put(f"/api/chapters/{chapter['id']}", json=body).json()["revision"]
    client.patch(f"/api/chapters/{chapter['id']}/revisions/{revision}", json={"name": "draft"})
    client.put(f"/api/chapters/{chapter['id']}", json={"base_revision": revision, "text": "Thrice."})
    assert client.post("/api/backups").status_code == 201
    purged = client.post(f"/api/projects/{project['id']}/purge", json={"backups": True}).json()
    assert purged["history"]["revisions"] >= 1 and purged["backups"] >= 1
    assert len(client.get(f"/api/chapters/{chapter['id']}/revisions").json()) == 1
    assert len(client.get("/api/backups").json()) == 1
    assert client.get(f"/api/chapters/{chapter['id']}").json()["text"] == "Thrice."
    assert client.post("/api/projects/nowhere/purge", json={}).status_code == 404


def test_a_draft_copy_keeps_the_memory_and_finishing_discards_it(client: TestClient) -> None:
    project, _ = made(client, "\n\n".join(" ".join(f"w{i + j}" for j in range(30)) for i in range(6)))
    url = f"/api/projects/{project['id']}"
    client.post(url + "/memory/learn")
    until(lambda: client.get(url + "/memory").json(), lambda report: report["state"] == "current")
    copy = client.get(url + "/copy", params={"format": "markdown"})
    assert "Salt%20Road.md" in copy.headers["content-disposition"] and b"w1 w2" in copy.content
    assert client.get(url + "/copy", params={"format": "md"}).content == copy.content
    assert client.get(url + "/memory").json()["known_chunks"] > 0
    done = client.post(url + "/export", json={"format": "docx"})
    report = json.loads(done.headers["templora-finish"])
    assert done.content[:2] == b"PK" and report["files"] > 0 and report["snapshots"] > 0
    assert client.get(url + "/memory").json()["state"] == "discarded"
    assert client.get(url).json()["finished"] is True
    assert client.get(url + "/copy", params={"format": "odt"}).status_code == 422


def test_import_makes_a_project(client: TestClient) -> None:
    text = "CHAPTER I\n\nIt began.\n\nCHAPTER II\n\nIt went on, – “so” – he said.\n".encode("cp1252")
    project = client.post("/api/projects/import", files={"file": ("My Book.txt", text)}).json()
    assert len(project["chapters"]) == 2
    chapter = client.get(f"/api/chapters/{project['chapters'][1]['id']}").json()
    assert chapter["text"] == "It went on, – “so” – he said."


def test_prose_round_trips_as_itself(client: TestClient) -> None:
    hostile = "${alert(1)} {{x}} <script>alert(2)</script> \u202eright to left\u202c 😀 e\u0301\n\n***\n\n*it*"
    _, chapter = made(client)
    url = f"/api/chapters/{chapter['id']}"
    client.put(url, json={"base_revision": chapter["revision"], "text": hostile})
    assert client.get(url).json()["text"] == hostile
