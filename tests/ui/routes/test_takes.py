"""The routes of takes: continue, write from a beat, fill, rewrite, accept."""

from __future__ import annotations

import threading
from typing import Any

from fastapi.testclient import TestClient

from templora.engine import Compose, Continue, Rewrite
from templora.errors import EngineStopped
from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.routes.asking import events, made, until
from ui.server import create_app


def asked_of(engine: FakeEngine) -> Any:
    """The newest request for takes."""
    return [request for request in engine.requests if isinstance(request, Continue | Compose | Rewrite)][-1]


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
