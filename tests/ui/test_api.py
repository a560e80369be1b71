"""The HTTP routes, over a real Studio and storage and a fake engine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from templora.config import DEFAULT
from templora.engine import Compose, Continue, Rewrite
from templora.errors import EngineStopped
from templora.shelf import Shelf
from templora.studio import Studio
from tests.fakes import FakeEngine, fake_info
from ui.server import create_app

RECIPE = replace(DEFAULT, chunk_tokens=64, prefix_tokens=32)


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(fake_info(tmp_path))


@pytest.fixture
def studio(tmp_path: Path, engine: FakeEngine) -> Iterator[Studio]:
    studio = Studio(tmp_path / "data", engine, engine.info, RECIPE)
    studio.start()
    yield studio
    studio.close()


@pytest.fixture
def client(studio: Studio) -> TestClient:
    return TestClient(create_app(studio), base_url="http://127.0.0.1")


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


def test_a_continuation_streams_and_is_stored(client: TestClient, engine: FakeEngine) -> None:
    _, chapter = made(client, "The harbour had emptied itself.")
    engine.replies = ["and the boats lay down", "but nobody had seen it go"]
    url = f"/api/chapters/{chapter['id']}/continue"
    body = {"base_revision": chapter["revision"], "cursor": 31, "max_tokens": 20, "takes": 2, "seed": 7}
    got = events(client.post(url, json=body))
    for take, text in ((0, "and the boats lay down "), (1, "but nobody had seen it go ")):
        assert "".join(data["text"] for name, data in got if name == "token" and data["take"] == take) == text
    done = [data for name, data in got if name == "done"]
    assert [d["take"] for d in done] == [0, 1] and all(d["finish_reason"] == "length" for d in done)
    kept = client.get(f"/api/chapters/{chapter['id']}/takes").json()
    assert [take["id"] for take in kept] == [d["id"] for d in done]
    assert kept[0]["text"] == "and the boats lay down " and kept[0]["sampling"]["seed"] == 7
    client.delete(f"/api/takes/{done[0]['id']}")
    assert [take["id"] for take in client.get(f"/api/chapters/{chapter['id']}/takes").json()] == [done[1]["id"]]


def test_a_stale_page_may_not_continue(client: TestClient) -> None:
    _, chapter = made(client, "Text.")
    body = {"base_revision": chapter["revision"] + 1, "cursor": 0}
    response = client.post(f"/api/chapters/{chapter['id']}/continue", json=body)
    assert response.status_code == 409 and response.json()["current"]["text"] == "Text."
    bad = {"base_revision": chapter["revision"], "cursor": 99}
    assert client.post(f"/api/chapters/{chapter['id']}/continue", json=bad).status_code == 422
    hot = {"base_revision": chapter["revision"], "cursor": 0, "temperature": 99}
    assert client.post(f"/api/chapters/{chapter['id']}/continue", json=hot).json()["error"]["code"] == "bad_input"


def test_a_script_accepts_a_part_of_a_take(client: TestClient, engine: FakeEngine) -> None:
    _, chapter = made(client, "One 😀. Two.")
    engine.replies = ["inserted here"]
    url = f"/api/chapters/{chapter['id']}"
    got = events(client.post(url + "/continue", json={"base_revision": chapter["revision"], "cursor": 6}))
    take = got[-1][1]["id"]
    body = {"base_revision": chapter["revision"], "length": 9}
    accepted = client.post(f"/api/takes/{take}/accept", json=body).json()
    assert accepted["text"] == "One 😀.inserted  Two."
    assert accepted["revision"] > chapter["revision"]
    assert client.post(f"/api/takes/{take}/accept", json=body).status_code == 409
    assert client.get(url + "/takes").json()[0]["accepted_revision"] == accepted["revision"]


def test_a_rewrite_replaces_its_passage(client: TestClient, engine: FakeEngine) -> None:
    _, chapter = made(client, "It was bad. It was good.")
    engine.replies = ["It was fine."]
    url = f"/api/chapters/{chapter['id']}"
    body = {"base_revision": chapter["revision"], "start": 0, "end": 12, "instruction": "kinder"}
    got = events(client.post(url + "/rewrite", json=body))
    accepted = client.post(f"/api/takes/{got[-1][1]['id']}/accept", json={"base_revision": chapter["revision"]}).json()
    assert accepted["text"] == "It was fine.  It was good."
    assert engine.requests[-1].passage == "It was bad.", "the space around a passage stays"  # type: ignore[union-attr]
    empty = {**body, "end": 0, "base_revision": accepted["revision"]}
    assert client.post(url + "/rewrite", json=empty).status_code == 422


def asked_of(engine: FakeEngine) -> Any:
    """The newest request for takes."""
    return [request for request in engine.requests if isinstance(request, Continue | Compose | Rewrite)][-1]


def test_a_beat_is_told_and_stored_and_is_no_part_of_the_book(client: TestClient, engine: FakeEngine) -> None:
    project, _ = made(client, "The tide went out.")
    added = {"title": "Two", "text": "She stood on the steps."}
    chapter = client.post(f"/api/projects/{project['id']}/chapters", json=added).json()
    url = f"/api/chapters/{chapter['id']}"
    body = {"base_revision": chapter["revision"], "cursor": 23, "beat": "  She takes off her shoes. "}
    got = events(client.post(url + "/continue", json=body))
    asked = asked_of(engine)
    assert (asked.before, asked.after) == ("The tide went out.\n\nShe stood on the steps.", "")
    assert asked.beat == "She takes off her shoes."
    (take,) = client.get(url + "/takes").json()
    assert (take["kind"], take["beat"], take["id"]) == ("beat", "She takes off her shoes.", got[-1][1]["id"])
    assert client.get(url).json()["text"] == "She stood on the steps."
    long = client.post(url + "/continue", json={**body, "beat": "x" * 501})
    assert long.status_code == 422 and "What happens next is too long" in long.json()["error"]["message"]
    client.post(url + "/continue", json={**body, "beat": " "})
    assert type(asked_of(engine)).__name__ == "Continue"


def test_a_gap_is_filled_by_what_is_around_it(client: TestClient, engine: FakeEngine) -> None:
    _, chapter = made(client, "She stood.\n\n[she wades]\n\nThe mud was warm.")
    url = f"/api/chapters/{chapter['id']}"
    body = {"base_revision": chapter["revision"], "start": 12, "end": 23}
    events(client.post(url + "/fill", json=body))
    asked = asked_of(engine)
    assert (asked.before, asked.after, asked.beat) == ("She stood.\n\n", "\n\nThe mud was warm.", "she wades")
    assert client.get(url + "/takes").json()[0]["beat"] == "she wades"
    events(client.post(url + "/fill", json={**body, "beat": "she swims"}))
    assert asked_of(engine).beat == "she swims"
    events(client.post(url + "/fill", json={**body, "start": 11, "end": 11}))
    assert asked_of(engine).beat == ""
    for start, end, why in ((0, 23, "before and after"), (42, 42, "before and after"), (9, 99, "outside")):
        refused = client.post(url + "/fill", json={**body, "start": start, "end": end})
        assert refused.status_code == 422 and why in refused.json()["error"]["message"]
    _, long = made(client, "She stood. " * 60)
    passage = {"base_revision": long["revision"], "start": 11, "end": 500}
    assert "not a gap" in client.post(f"/api/chapters/{long['id']}/fill", json=passage).json()["error"]["message"]


def test_a_rewrite_is_asked_for_by_its_verb(client: TestClient, engine: FakeEngine) -> None:
    _, chapter = made(client, "It was bad. " * 40)
    url = f"/api/chapters/{chapter['id']}"
    body = {"base_revision": chapter["revision"], "start": 0, "end": 400}
    room: dict[str, int] = {}
    for verb in ("shorten", "expand"):
        events(client.post(url + "/rewrite", json={**body, "verb": verb}))
        assert (asked_of(engine).verb, asked_of(engine).instruction) == (verb, "")
        room[verb] = asked_of(engine).sampling["max_tokens"]
    assert room == {"shorten": 133, "expand": 400}
    assert [take["verb"] for take in client.get(url + "/takes").json()] == ["shorten", "expand"]
    unknown = client.post(url + "/rewrite", json={**body, "verb": "sing"})
    assert unknown.status_code == 422 and "‘sing’" in unknown.json()["error"]["message"]


def test_a_take_that_breaks_off_is_kept(client: TestClient, engine: FakeEngine) -> None:
    _, chapter = made(client, "Text.")
    engine.replies = ["one two three four"]
    engine.stream_error = EngineStopped("The model process stopped; it is being restarted.")
    url = f"/api/chapters/{chapter['id']}"
    got = events(client.post(url + "/continue", json={"base_revision": chapter["revision"], "cursor": 5}))
    assert got[-1] == ("error", {"code": "engine_stopped", "message": engine.stream_error.message})
    (take,) = client.get(url + "/takes").json()
    assert take["text"] == "one two " and take["finish_reason"] == "error"


def test_closing_the_connection_stops_the_generation_and_keeps_the_take(studio: Studio, engine: FakeEngine) -> None:
    import httpx
    import uvicorn

    config = uvicorn.Config(create_app(studio), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started, bool)
    port = server.servers[0].sockets[0].getsockname()[1]
    engine.gate = threading.Event()
    engine.replies = ["one two three four"]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:
        project = http.post("/api/projects", json={"title": "A"}).json()
        chapter = http.post(f"/api/projects/{project['id']}/chapters", json={"title": "1", "text": "T."}).json()
        url = f"/api/chapters/{chapter['id']}"
        body = {"base_revision": chapter["revision"], "cursor": 2}
        with http.stream("POST", url + "/continue", json=body) as response:
            assert next(response.iter_lines()) == "event: token"
        (take,) = until(lambda: http.get(url + "/takes").json(), lambda takes: takes[0]["finish_reason"])
        assert take["finish_reason"] == "cancelled" and take["text"] == "one "
    server.should_exit = True
    thread.join(timeout=10)


def test_the_strength_of_the_memory_is_the_books_unless_a_request_says_otherwise(client: TestClient) -> None:
    project, chapter = made(client, "One.")
    assert project["strength"] == 1.0
    url = f"/api/projects/{project['id']}"
    assert client.patch(url, json={"strength": 0.5}).json()["strength"] == 0.5
    assert client.patch(url, json={"strength": 1.6}).status_code == 422
    for given, expected in (({}, 0.5), ({"strength": 0}, 0), ({"strength": 1.5}, 1.5)):
        body = {"base_revision": 1, "cursor": 4, **given}
        assert client.post(f"/api/chapters/{chapter['id']}/continue", json=body).status_code == 200
        take = client.get(f"/api/chapters/{chapter['id']}/takes").json()[-1]
        assert take["sampling"]["strength"] == expected
    refused = client.post(f"/api/chapters/{chapter['id']}/continue", json={**body, "strength": 2})
    assert refused.status_code == 422


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


def test_takes_are_written_with_the_memory(client: TestClient, engine: FakeEngine, studio: Studio) -> None:
    project, chapter = made(client, "\n\n".join(" ".join(f"w{i + j}" for j in range(30)) for i in range(12)))
    url = f"/api/projects/{project['id']}/memory"
    client.post(url + "/learn")
    until(lambda: client.get(url).json(), lambda report: report["state"] == "current")
    engine.restart()  # nothing is resident: it has to be loaded from its snapshot
    body = {"base_revision": chapter["revision"], "cursor": 10}
    got = events(client.post(f"/api/chapters/{chapter['id']}/continue", json=body))
    assert got[-1][0] == "done"
    assert getattr(engine.requests[-1], "memory", None) in engine.memories


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


def test_a_book_is_written_in_a_manner(client: TestClient) -> None:
    names = [preset["name"] for preset in client.get("/api/presets").json()]
    assert names == ["Steady", "Lively", "Wild", "Plain"]
    project, _ = made(client)
    address = f"/api/projects/{project['id']}/manner"
    assert client.get(address).json() == {"name": "Lively", "numbers": {}}
    own = {"name": "Own", "numbers": {"temperature": 1.2}}
    assert client.put(address, json=own).json() == own == client.get(address).json()
    assert client.put(address, json={"name": "Mild"}).status_code == 422
    assert client.get("/api/projects/nowhere/manner").status_code == 404


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
