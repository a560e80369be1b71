"""The editor as a widget, in real Chromium: keys, names, composition, and what it tells the page."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.ui.editor_page import EditorPage
from tests.ui.fake_desk import FakeDesk, Script

NO_ANSWER = (503, "unavailable", "The desk is closing.")
"""Refuses even the last save of a page that goes away, which no interception in the browser reaches."""


def test_tab_leaves_the_editor_when_there_is_nothing_to_accept(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open().press("Tab")
    expect(editor.page.locator("#after")).to_be_focused()
    assert editor.text() == "The mud was warm."


def test_a_word_being_composed_is_not_disturbed_by_a_take(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([["…", " and so on."]], hold_after=1)]
    script = desk.scripts[0]
    editor.open().type(" ")
    ime = editor.page.context.new_cdp_session(editor.page)
    editor.press("Control+Enter")
    expect(editor.ghost).to_have_text("…")
    for composed in ("に", "にほ", "にほん"):
        ime.send("Input.imeSetComposition", {"text": composed, "selectionStart": len(composed), "selectionEnd": 0})
        script.go.set()
        editor.page.wait_for_timeout(60)
    expect(editor.ghost).to_have_count(0)
    ime.send("Input.insertText", {"text": "日本"})
    editor.saved()
    assert desk.text() == "The mud was warm. 日本"


def test_a_take_asked_for_during_composition_waits_for_its_end(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Then."]], hold_after=0)]
    script = desk.scripts[0]
    editor.open()
    ime = editor.page.context.new_cdp_session(editor.page)
    ime.send("Input.imeSetComposition", {"text": "に", "selectionStart": 1, "selectionEnd": 1})
    editor.call("flush")
    editor.page.evaluate("() => void window.templora.continue()")
    editor.until(mode="streaming")
    script.go.set()
    editor.page.wait_for_timeout(200)
    expect(editor.ghost).to_have_text("")
    assert "に" in editor.text()
    ime.send("Input.insertText", {"text": "に"})
    editor.page.wait_for_timeout(200)
    assert editor.text() == "The mud was warm.に"


def test_prose_is_text_wherever_it_is_shown(editor: EditorPage, desk: FakeDesk) -> None:
    evil = '<img src=x onerror="window.hurt=1"> ${window.hurt=1} {{window.hurt=1}}'
    desk.add("c", evil)
    desk.scripts = [Script([[f" {evil}"]])]
    editor.open().press("Control+Enter")
    editor.until(mode="ghost")
    expect(editor.ghost).to_have_text(f" {evil}")
    editor.type("x")
    desk.write("c", f"{evil} theirs")
    assert editor.call("flush") is False
    assert editor.page.evaluate("() => [window.hurt, document.querySelectorAll('img[src=x]').length]") == [None, 0]


def test_the_page_hears_what_it_needs_for_its_buttons_and_status_line(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Halfway", " there", "."]], pause=0.02)]
    editor.open().press("Control+Enter")
    editor.until(mode="ghost")
    editor.page.wait_for_function("() => window.states.at(-1).mode === 'ghost'")
    heard = editor.page.evaluate("() => window.states.map(({mode}) => mode)")
    assert list(dict.fromkeys(heard)) == ["idle", "streaming", "ghost"]
    last = editor.page.evaluate("() => window.states.at(-1)")
    assert last["words"] == 4 and last["mode"] == "ghost"
    editor.press("Escape", "Control+a")
    assert editor.until(selectionWords=4)["words"] == 4


def test_the_editor_has_a_name_and_a_role(editor: EditorPage, desk: FakeDesk) -> None:
    box = editor.open().page.get_by_role("textbox", name="Low Water")
    expect(box).to_have_attribute("aria-multiline", "true")
    expect(box).to_have_attribute("spellcheck", "true")


def test_an_empty_chapter_says_how_to_begin(editor: EditorPage, desk: FakeDesk) -> None:
    desk.add("e")
    desk.scripts = [Script([["Once."]])]
    editor.open("e")
    placeholder = editor.page.locator(".cm-placeholder")
    expect(placeholder).to_contain_text("Begin the chapter here.")
    editor.press("Control+Enter")
    editor.until(mode="ghost")
    expect(placeholder).to_be_hidden()
    editor.press("Tab")
    editor.saved()
    assert desk.text("e") == "Once."


def test_a_long_chapter_types_at_a_frame_a_key_and_sends_nothing_meanwhile(editor: EditorPage, desk: FakeDesk) -> None:
    desk.add("long", "\n\n".join(["She counted the hours on her fingers. " * 12] * 440))
    length = len(desk.text("long"))
    assert length > 200_000
    desk.passages["long"] = [(at, at + 2000, "known") for at in range(0, length - 2000, 2000)]
    editor.open("long")
    expect(editor.page.locator(".t-band-known").first).to_be_attached()
    requests: list[str] = []
    editor.page.on("request", lambda request: requests.append(request.url))
    typed = "The tide came in, and nobody"
    devtools = editor.page.context.new_cdp_session(editor.page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy_ms() -> float:
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return 1000 * next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

    before = busy_ms()
    editor.page.keyboard.type(typed, delay=20)
    assert (busy_ms() - before) / len(typed) < 16
    assert requests == []
    editor.saved()
    assert desk.text("long").endswith(typed)
