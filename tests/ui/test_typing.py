"""A word that is being composed (by an input method) is left alone by takes."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.ui.editor_page import EditorPage
from tests.ui.fake_desk import FakeDesk, Script


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
