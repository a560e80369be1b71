"""The main job, end to end, as its user: real Chromium, the real server, the real starter model.

`TEMPLORA_SHOTS` names a folder to keep screenshots in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from templora.engine import ModelInfo
from tests.ui.desk_server import Server, chapter_of, idle, offered, story, until


@pytest.fixture
def server(tmp_path: Path, starter: ModelInfo, bundle: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data", Path(starter.folder).parent)
    server.start()
    yield server
    server.stop()


def shoot(chromium: Browser, url: str, name: str) -> None:
    folder = os.environ.get("TEMPLORA_SHOTS")
    if not folder:
        return
    for width, height in ((1400, 900), (390, 844)):
        for scheme in ("light", "dark"):
            context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(url)
            page.locator(".cm-content").wait_for()
            page.wait_for_timeout(2500)
            page.screenshot(path=str(Path(folder) / f"{name}-{width}-{scheme}.png"))
            context.close()


@pytest.mark.timeout(600)
def test_a_chapter_is_written_with_a_model_that_learns_it(
    server: Server, page: Page, chromium: Browser, tmp_path: Path
) -> None:
    manuscript = tmp_path / "The Salt Road.md"
    manuscript.write_text(f"# The Salt Road\n\n## Low Water\n\n{story(1, 70)}\n\n## The Flood\n\n{story(2, 30)}\n")

    # The page does not wait for the model: import a book.
    page.goto(server.url)
    page.locator("#book-import input[type=file], input[type=file]").first.set_input_files(manuscript)
    expect(page.locator("#chapters")).to_contain_text("Low Water", timeout=20_000)
    (project,) = server.get("/api/projects")
    assert [chapter["title"] for chapter in project["chapters"]] == ["Low Water", "The Flood"]
    page.locator("#chapters label", has_text="The Flood").click()
    page.wait_for_function(f"() => window.templora.state().chapter === '{project['chapters'][1]['id']}'")
    expect(page.locator(".cm-content")).to_contain_text("customs")
    server.wait_ready()

    # Continue, reject, ask for another, accept.
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    offered(page, lambda: page.keyboard.press("Control+Enter"))
    before = chapter_of(server, project["id"], 1)
    page.keyboard.press("Escape")
    idle(page)
    offered(page, lambda: page.keyboard.press("Control+Shift+Enter"))
    shoot(chromium, page.url, "writing")
    page.keyboard.press("Tab")
    idle(page)
    page.evaluate("() => window.templora.flush()")
    takes = server.get(f"/api/chapters/{before['id']}/takes")
    assert len(takes) == 2 and takes[0]["accepted_revision"] is None and takes[1]["accepted_revision"]
    after = chapter_of(server, project["id"], 1)
    assert after["text"] == before["text"] + takes[1]["text"]

    # Accepting is one step to undo and to redo.
    page.keyboard.press("Control+z")
    page.evaluate("() => window.templora.flush()")
    assert chapter_of(server, project["id"], 1)["text"] == before["text"]
    page.keyboard.press("Control+y")

    # Rewrite a passage: a word diff in place, then accept it.
    page.keyboard.press("Control+Home")
    page.keyboard.press("Shift+End")
    offered(page, page.locator("#do-rewrite").click, "diff")
    page.locator("#do-accept").click()
    idle(page)
    page.evaluate("() => window.templora.flush()")
    rewritten = chapter_of(server, project["id"], 1)
    assert rewritten["text"] != after["text"]
    rewrites = [take for take in server.get(f"/api/chapters/{before['id']}/takes") if take["kind"] == "rewrite"]
    assert rewrites[-1]["accepted_revision"]

    # Edit by hand; it is saved by itself.
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" The lamp by the quay went out at nine.")
    until(lambda: chapter_of(server, project["id"], 1)["text"].endswith("went out at nine."), 10)

    # See the memory learn.
    page.get_by_role("tab", name="Memory").click()
    page.locator("#learn-now").click()
    memory = until(lambda: _current(server, project["id"]), 240)
    assert memory["pending_chunks"] == 0 and memory["known_chunks"] == len(memory["chunks"]) >= 3
    assert all(chunk["base_loss"] is not None for chunk in memory["chunks"])
    expect(page.locator("#memory-number")).to_contain_text("%", timeout=15_000)
    expect(page.locator("#memory-line input, #memory-line textarea")).to_have_value("All that is due has been learnt.")
    shoot(chromium, page.url, "learnt")

    # Reload: text, takes and memory are there.
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("went out at nine.", timeout=20_000)
    assert len(server.get(f"/api/chapters/{before['id']}/takes")) == len(takes) + len(rewrites)

    # The server dies with words unsaved; the browser keeps them, the memory is as it was.
    text = chapter_of(server, project["id"], 1)["text"]
    server.kill()
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Nobody saw it.")
    page.wait_for_timeout(1500)
    server.start()
    until(lambda: chapter_of(server, project["id"], 1)["text"] == text + " Nobody saw it.", 60)
    server.wait_ready()
    restarted = server.get(f"/api/projects/{project['id']}/memory")
    assert restarted["known_chunks"] >= memory["known_chunks"] - 1
    assert restarted["chunks"][0] == memory["chunks"][0]
    loaded_again(page)
    expect(page.locator(".cm-content")).to_contain_text("Nobody saw it.", timeout=20_000)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    offered(page, lambda: page.keyboard.press("Control+Enter"))
    remembered = server.get(f"/api/chapters/{before['id']}/takes")[-1]
    assert remembered["memory"], "the take was written with the memory"
    page.keyboard.press("Escape")

    # Finish as DOCX: the text is in it, no adapter is left.
    assert list(server.data.rglob("*.safetensors"))
    page.locator("#open-export").click()
    page.locator("#export-finish").click()
    with page.expect_download(timeout=60_000) as download:
        page.locator("#finish-book-yes").click()
    expect(page.locator("#export-report input, #export-report textarea")).to_have_value(
        re.compile("The memory is gone"), timeout=15_000
    )
    document = docx.Document(BytesIO(Path(download.value.path()).read_bytes()))
    written = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "went out at nine. Nobody saw it." in written and "Low Water" in written
    assert not list(server.data.rglob("*.safetensors"))
    finished = server.get(f"/api/projects/{project['id']}/memory")
    assert finished["state"] == "discarded" and finished["known_chunks"] == 0


def loaded_again(page: Page) -> None:
    """Reloads the page, or waits while Gradio does: it reloads a page whose server has come back, sooner or later."""
    try:
        page.goto(page.url)
    except Error as error:
        if "interrupted by another navigation" not in error.message:
            raise
        page.wait_for_load_state()


def _current(server: Server, project: str) -> Any:
    memory = server.get(f"/api/projects/{project}/memory")
    assert memory["state"] != "failed", memory
    return memory if memory["state"] == "current" else None


@pytest.mark.timeout(120)
def test_without_a_model_the_desk_is_still_a_desk(tmp_path: Path, starter: ModelInfo, bundle: Path, page: Page) -> None:
    """A model that cannot be had is told on the page; text is written and kept all the same."""
    broken = tmp_path / "model"
    broken.mkdir()
    (broken / "config.json").write_text('{"model_type": "llama"}')
    (broken / "model.safetensors").write_bytes(b"these are no weights")
    server = Server(tmp_path / "data", Path(starter.folder).parent, str(broken))
    server.start()
    try:
        page.goto(server.url)
        page.locator("#new-title input, #new-title textarea").fill("A book without help")
        page.locator("#book-create").click()
        page.wait_for_function("() => window.templora.state().chapter")
        page.locator(".cm-content").click()
        page.keyboard.type("It was written by hand.")
        (project,) = server.get("/api/projects")
        until(lambda: chapter_of(server, project["id"], 0)["text"] == "It was written by hand.", 10)
        expect(page.locator("#save-state")).to_contain_text("Saved")
        expect(page.locator("#model-line input, #model-line textarea")).to_have_value(
            re.compile("not available.*safetensors"), timeout=30_000
        )
        page.keyboard.press("Control+Enter")
        expect(page.locator("body")).to_contain_text("Your text is safe", timeout=10_000)
    finally:
        server.stop()
