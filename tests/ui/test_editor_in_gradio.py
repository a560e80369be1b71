"""The editor as a Gradio component: in Blocks under FastAPI, worked by Gradio's buttons, left alone by its updates."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Serve
from tests.ui.editor_page import EditorPage
from tests.ui.fake_desk import FakeDesk, Script, create_app


@pytest.fixture(scope="module")
def desk() -> FakeDesk:
    desk = FakeDesk()
    desk.add("c", "The mud was warm.")
    desk.add("d", "Other. ${window.hurt=1} {{window.hurt=1}}", title="Tide Tables")
    return desk


@pytest.fixture(scope="module")
def url(desk: FakeDesk, bundle: Path, serve: Serve) -> str:
    import gradio as gr

    from ui.editor import ProseEditor

    with gr.Blocks(title="Desk") as blocks:
        editor = ProseEditor("c")
        count = gr.Number(0, label="Count")
        gr.Button("Continue").click(None, js="() => { window.templora.continue(); }")
        gr.Button("Accept").click(None, js="() => { window.templora.accept(); }")
        gr.Button("Count up").click(lambda n: n + 1, count, count)
        gr.Button("Tide Tables").click(lambda: "d", None, editor)
    return serve(gr.mount_gradio_app(create_app(desk, bundle), blocks, path="/"))


def test_gradio_buttons_work_the_editor_and_its_events_leave_it_alone(page: Page, url: str, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Halfway."]])]
    editor = EditorPage(page, url)
    page.goto(url)
    page.wait_for_function("() => window.templora?.state()?.chapter === 'c'")
    editor.prose.click()
    editor.press("Control+End")
    editor.type(" She")
    page.get_by_role("button", name="Count up").click()
    expect(page.get_by_label("Count")).to_have_value("1")
    page.get_by_role("button", name="Continue").click()
    editor.until(mode="ghost")
    page.get_by_role("button", name="Accept").click()
    editor.until(mode="idle", unsaved=False, saving=False)
    assert desk.text() == "The mud was warm. She Halfway."
    expect(editor.prose).to_be_focused()
    editor.press("Control+z", "Control+z")
    editor.saved()
    assert desk.text() == "The mud was warm."

    page.get_by_role("button", name="Tide Tables").click()
    editor.until(chapter="d")
    assert editor.text() == "Other. ${window.hurt=1} {{window.hurt=1}}"
    assert page.evaluate("() => window.hurt") is None
    assert page.evaluate("() => Object.values(localStorage).join('').includes('mud')") is False
