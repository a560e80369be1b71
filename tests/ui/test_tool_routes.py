"""The routes of the writer's tools; and that comments are no part of the book."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from templora.config import Sampling
from templora.engine import Compose, Continue, Learn, Request, Rewrite
from templora.errors import TemploraError
from templora.verbs import VERBS
from tests.studio_desk import Desk, prose
from ui import api

TEXT = "The lamp was lit.\n\nInes saw a lamp 🦊 twice."
REMARK = "unmistakable remark"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.studio.close()


@pytest.fixture
def client(desk: Desk) -> TestClient:
    app = FastAPI()
    app.include_router(api.routes(desk.studio))
    app.add_exception_handler(TemploraError, api.error_response)
    return TestClient(app)


def test_search_answers_with_data(client: TestClient, desk: Desk) -> None:
    book = desk.book(TEXT, "No light.")
    (found,) = client.get(f"/api/projects/{book}/search", params={"q": "lam"}).json()
    assert found["count"] == 2 and found["passages"][0]["marks"] == [[4, 8]]
    assert client.get(f"/api/projects/{book}/search", params={"q": '"was lit" nothing'}).json() == []
    assert client.get("/api/projects/nobody/search", params={"q": "x"}).status_code == 404


def test_find_replace_and_undo(client: TestClient, desk: Desk) -> None:
    book = desk.book(TEXT, "A Lamp.")
    one, two = desk.chapters(book)
    asked = {"find": "(l)amp", "regex": True, "replacement": "$1antern"}
    found = client.post(f"/api/projects/{book}/find", json=asked).json()
    assert [(part["chapter"], len(part["places"])) for part in found] == [(one, 2), (two, 1)]
    assert found[1]["places"][0]["instead"] == "Lantern"
    assert len(client.post(f"/api/projects/{book}/find", json={**asked, "chapter": two}).json()) == 1
    revisions = {part["chapter"]: part["revision"] for part in found}
    only = [[one, 4], [two, 2]]
    done = client.post(f"/api/projects/{book}/replace", json={**asked, "revisions": revisions, "only": only}).json()
    assert done["places"] == 2 and desk.studio.chapter(two).text == "A Lantern."
    assert desk.studio.chapter(one).text == TEXT.replace("lamp", "lantern", 1)
    assert client.get(f"/api/projects/{book}/replacement").json()["id"] == done["id"]
    assert set(client.post(f"/api/projects/{book}/replacements/{done['id']}/undo").json()) == {one, two}
    assert desk.studio.chapter(one).text == TEXT
    assert client.get(f"/api/projects/{book}/replacement").json() is None


def test_a_stale_list_replaces_nothing(client: TestClient, desk: Desk) -> None:
    book = desk.book(TEXT, "A Lamp.")
    one, two = desk.chapters(book)
    desk.rewrite(two, lambda text: text + " More.")
    body = {"find": "lamp", "replacement": "x", "revisions": {one: 1, two: 1}}
    answer = client.post(f"/api/projects/{book}/replace", json=body)
    assert answer.status_code == 409 and answer.json()["current"]["text"] == "A Lamp. More."
    assert desk.studio.chapter(one).text == TEXT
    nothing = {**body, "find": "absent", "revisions": {one: 1}}
    assert client.post(f"/api/projects/{book}/replace", json=nothing).status_code == 422


def test_a_place_that_is_gone_is_a_stale_list_too(client: TestClient, desk: Desk) -> None:
    book = desk.book(TEXT, "A Lamp.", "Another lamp.")
    one, two, three = desk.chapters(book)
    body = {"find": "lamp", "replacement": "x", "revisions": {one: 1, two: 1, three: 1}}
    desk.rewrite(two, lambda _: "A light.")
    for asked in (body, {**body, "only": [[one, 4], [two, 2]]}):
        answer = client.post(f"/api/projects/{book}/replace", json=asked)
        assert answer.status_code == 409 and answer.json()["current"]["text"] == "A light."
    desk.studio.delete_chapter(two)
    assert client.post(f"/api/projects/{book}/replace", json=body).status_code == 404
    assert (desk.studio.chapter(one).text, desk.studio.chapter(three).text) == (TEXT, "Another lamp.")
    chosen = {**body, "only": [[one, 4]]}
    assert client.post(f"/api/projects/{book}/replace", json=chosen).json()["places"] == 1


def test_a_bad_pattern_says_so(client: TestClient, desk: Desk) -> None:
    book = desk.book(TEXT)
    answer = client.post(f"/api/projects/{book}/find", json={"find": "(", "regex": True})
    assert answer.status_code == 422 and "This is not a pattern" in answer.json()["error"]["message"]


def noted(client: TestClient, chapter: str, **more: object) -> dict[str, object]:
    body = {"base_revision": 1, "start": 0, "end": 8, "body": REMARK, **more}
    return client.post(f"/api/chapters/{chapter}/comments", json=body).json()


def test_comments_come_and_go(client: TestClient, desk: Desk) -> None:
    book = desk.book(TEXT)
    (chapter,) = desk.chapters(book)
    made = noted(client, chapter, kind="todo")
    assert made["quote"] == "The lamp" and client.get(f"/api/projects/{book}/comments").json() == [made]
    changed = client.patch(f"/api/comments/{made['id']}", json={"resolved": True, "body": "done"}).json()
    assert changed["resolved_at"] is not None and changed["body"] == "done"
    save = {"base_revision": 1, "text": "Once. " + TEXT, "anchors": [{"id": made["id"], "start": 6, "end": 14}]}
    assert client.put(f"/api/chapters/{chapter}", json=save).status_code == 200
    assert client.get(f"/api/chapters/{chapter}/comments").json()[0]["start"] == 6
    assert client.delete(f"/api/comments/{made['id']}").status_code == 204
    assert client.get(f"/api/chapters/{chapter}/comments").json() == []
    assert client.post(f"/api/comments/{made['id']}/restore").json()["body"] == "done"
    assert client.post(f"/api/chapters/{chapter}/comments", json={**save, "start": 0, "end": 0}).status_code == 422


@pytest.mark.parametrize("format", ["docx", "markdown", "text"])
def test_comments_are_never_exported(client: TestClient, desk: Desk, format: str) -> None:
    plain, book = desk.book(TEXT), desk.book(TEXT)
    noted(client, desk.chapters(book)[0])
    copies = [client.get(f"/api/projects/{id}/copy", params={"format": format}).content for id in (plain, book)]
    if format == "docx":
        import io
        import zipfile

        names = [zipfile.ZipFile(io.BytesIO(copy)) for copy in copies]
        parts = [{name: file.read(name) for name in file.namelist()} for file in names]
        assert all(REMARK.encode() not in part for part in parts[1].values())
        assert parts[0]["word/document.xml"] == parts[1]["word/document.xml"]
    else:
        assert copies[0] == copies[1] and REMARK.encode() not in copies[1]


def test_comments_are_never_learnt_and_never_in_the_readable_copy(client: TestClient, desk: Desk) -> None:
    plain, book = desk.book(TEXT), desk.book(TEXT)
    noted(client, desk.chapters(book)[0])
    assert desk.planned(plain) == desk.planned(book)
    desk.studio._keeper.changed(book)  # pyright: ignore[reportPrivateUsage]
    desk.studio._keeper.write_mirrors()  # pyright: ignore[reportPrivateUsage]
    written = list((desk.folder / "data" / "projects" / book / "book").glob("*"))
    assert written and all(REMARK not in path.read_text() for path in written)


def test_comments_never_reach_the_model(client: TestClient, desk: Desk) -> None:
    """Two books that differ in their comments only: the engine is asked the same by every verb."""
    studio, asked = desk.studio, list[list[Request]]()
    text, gap, sampling = prose(6), len(prose(3)) + 1, Sampling(seed=1, copied_words=5)
    for remarks in (["z1 z2 z3"], []):
        book = desk.book(text)
        (chapter,) = desk.chapters(book)
        for body in remarks:  # in words that the tokenizer knows, on what every verb reads
            for kind in ("comment", "todo"):
                noted(client, chapter, kind=kind, body=body, end=len(text))
        desk.engine.requests.clear()
        takes = [studio.continue_(chapter, 1, len(text), sampling, beat=beat) for beat in (None, "w1 sleeps")]
        takes.append(studio.fill(chapter, 1, (gap, gap), None, sampling))
        takes += [studio.rewrite(chapter, 1, (0, 40), None, sampling, verb=verb) for verb in VERBS]
        for stream in takes:
            list(stream)
        studio.memory_do(book, "learn")
        desk.work()
        kinds = (Continue, Compose, Rewrite, Learn)
        asked.append(sorted((each for each in desk.engine.requests if isinstance(each, kinds)), key=repr))
        assert len(asked[-1]) > len(takes) and {type(each) for each in asked[-1]} == set(kinds)
    assert asked[0] == asked[1]


def test_goals_and_words_written(client: TestClient, desk: Desk) -> None:
    book = desk.book("Old words.")
    (chapter,) = desk.chapters(book)
    goals = client.put(f"/api/projects/{book}/goals", json={"day": 1000}).json()["goals"]
    assert goals == {"session": 0, "day": 1000, "book": 0}
    desk.rewrite(chapter, lambda text: text + " And three more.")
    progress = client.get(f"/api/projects/{book}/progress").json()
    assert (progress["today"], progress["session"], progress["book"]) == (3, 3, 5)
    assert client.put(f"/api/projects/{book}/goals", json={"day": -1}).status_code == 422


def test_the_language_of_a_book_goes_to_its_editor(client: TestClient, desk: Desk) -> None:
    book = desk.book(TEXT)
    assert client.patch(f"/api/projects/{book}", json={"language": "pt-BR"}).json()["language"] == "pt-BR"
    assert client.get(f"/api/chapters/{desk.chapters(book)[0]}").json()["language"] == "pt-BR"
    assert client.patch(f"/api/projects/{book}", json={"language": "no language"}).status_code == 422


def test_forgetting_and_discarding_empty_the_search_index(client: TestClient, desk: Desk) -> None:
    book = desk.book("unspeakable things")
    (chapter,) = desk.chapters(book)
    for verb in (
        lambda: client.post(f"/api/projects/{book}/forget"),
        lambda: client.delete(f"/api/projects/{book}/memory"),
    ):
        desk.rewrite(chapter, lambda _: "unspeakable things")
        assert len(client.get(f"/api/projects/{book}/search", params={"q": "unspeakable"}).json()) == 1
        desk.rewrite(chapter, lambda _: "things")
        assert verb().status_code == 200
        with desk.studio._store.read() as rows:  # pyright: ignore[reportPrivateUsage]
            kept = [*rows.all("SELECT * FROM fulltext_content"), *rows.all("SELECT block FROM fulltext_data")]
        assert "unspeakable" not in str(kept)
