"""Typing disturbs nobody and is not disturbed: nothing is sent with a key, nothing moves while a take streams, and a
word that is being composed is left alone. How fast it is: `python -m templora.bench page`."""

from __future__ import annotations

import threading
import time

import pytest
from playwright.sync_api import Page, Request, expect

from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.desk_page import at_end, made, opened, prose
from tests.ui.editor_page import EditorPage
from tests.ui.fake_desk import FakeDesk, Script

KEYS = 200
TICK_S = 2


def test_nothing_is_sent_with_a_key(page: Page, url: str, studio: Studio) -> None:
    opened(page, url, made(studio, "Keys", prose(4)))
    # The page is opened when it has heard what the model can do, and a tick later at rest.
    page.wait_for_function("() => document.body.dataset.model")
    page.wait_for_timeout(1000 * TICK_S)
    at_end(page)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(f"{request.method} {request.url}")

    page.on("request", note)
    started = time.monotonic()
    page.keyboard.type("and so " * (KEYS // 7))
    seconds = time.monotonic() - started
    ours = [each for each in asked if "/api/" in each.replace("/gradio_api/", "/")]
    # What asks by the clock, with no key: the page's tick and its answer, a save after a pause (on a busy machine).
    assert len(asked) - len(ours) <= 2 * (seconds / TICK_S + 2), asked
    assert len(ours) <= 3 * (seconds / 1 + 1) and len(ours) < KEYS / 10, asked


def test_nothing_moves_while_a_take_streams(
    page: Page, url: str, studio: Studio, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(page, url, made(studio, "Still", prose(6)))
    at_end(page)
    page.evaluate(
        """() => {
            window.shifts = [];
            new PerformanceObserver((list) => {
                for (const { value, hadRecentInput, sources } of list.getEntries())
                    if (!hadRecentInput) window.shifts.push([value, ...sources.map(({ node }) => node?.outerHTML)]);
            }).observe({ type: 'layout-shift' });
        }"""
    )
    gate = threading.Event()
    monkeypatch.setattr(engine, "gate", gate)
    engine.replies = [" the water came back" * 60]
    page.keyboard.press("Control+Enter")
    page.wait_for_function("() => window.templora.state().mode === 'streaming'")
    # The card of a take stands there with the key that asked for it; from then on nothing may move. (What moves within
    # half a second of a key is no shift: so long is waited.)
    expect(page.locator("#take-card-0")).to_be_visible()
    page.wait_for_timeout(700)
    page.evaluate("() => { window.shifts = []; }")
    gate.set()
    page.wait_for_function("() => window.templora.state().mode === 'ghost'")
    expect(page.locator(".t-ghost")).to_contain_text("came back the water")
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.shifts") == []


def test_a_word_that_is_composed_is_not_disturbed_by_a_take(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Halfway", " to", " the", " boat."]], hold_after=2)]
    script = desk.scripts[0]
    editor.open()
    browser = editor.page.context.new_cdp_session(editor.page)

    def compose(text: str) -> None:
        browser.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})

    editor.press("Control+Enter")
    expect(editor.ghost).to_have_text(" Halfway to")
    # It ends what is shown at its place, at once and for good, whatever the model goes on to say.
    compose("に")
    expect(editor.ghost).to_have_count(0)
    compose("にほ")
    script.go.set()
    editor.page.wait_for_timeout(250)
    compose("にほん")
    assert editor.text() == "The mud was warm.にほん"
    browser.send("Input.insertText", {"text": "日本"})
    editor.saved()
    assert editor.text() == desk.text() == "The mud was warm.日本"


def test_a_take_that_comes_while_a_word_is_composed_waits_for_it(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Halfway", " to", " the", " boat."]], hold_after=1)]
    script = desk.scripts[0]
    editor.open()
    browser = editor.page.context.new_cdp_session(editor.page)
    editor.press("Control+Enter")
    expect(editor.ghost).to_have_text(" Halfway")
    editor.press("Control+Home")
    # Composing elsewhere ends the take; one that is asked for by a button meanwhile is not painted over the word.
    browser.send("Input.imeSetComposition", {"text": "ど", "selectionStart": 1, "selectionEnd": 1})
    script.go.set()
    editor.page.wait_for_timeout(250)
    browser.send("Input.imeSetComposition", {"text": "どろ", "selectionStart": 2, "selectionEnd": 2})
    assert editor.text() == "どろThe mud was warm."
    browser.send("Input.insertText", {"text": "泥"})
    editor.saved()
    assert desk.text() == "泥The mud was warm."
