"""Continuing and rewriting in real Chromium: takes as ghosts and word diffs, and what becomes of them."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.ui.editor_page import EditorPage
from tests.ui.fake_desk import FakeDesk, Script

NO_ANSWER = (503, "unavailable", "The desk is closing.")
"""Refuses even the last save of a page that goes away, which no interception in the browser reaches."""


# --- continuing ---


def test_a_take_streams_in_as_ghost_text_that_is_not_in_the_book(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Halfway", " to", " the boat."]], hold_after=2)]
    script = desk.scripts[0]
    editor.open().type(" 🦊")
    editor.press("Control+Enter")
    expect(editor.ghost).to_have_text(" Halfway to")
    assert editor.state()["mode"] == "streaming"
    script.go.set()
    state = editor.until(mode="ghost")
    expect(editor.ghost).to_have_text(" Halfway to the boat.")
    expect(editor.live).to_contain_text("Take ready.")
    assert (state["index"], state["count"]) == (0, 1)
    assert editor.text() == desk.text() == "The mud was warm. 🦊"
    assert desk.asked == [("continue", {"base_revision": 2, "cursor": 19})]


def test_tab_accepts_in_one_undoable_step_saved_with_its_author(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Halfway 🦊", " to the boat."]])]
    editor.open().type(" 👩‍👧 Then.")
    editor.press("Control+Enter")
    editor.until(mode="ghost")
    editor.press("Tab")
    editor.until(mode="idle", unsaved=False)
    assert desk.text() == "The mud was warm. 👩‍👧 Then. Halfway 🦊 to the boat."
    assert desk.accepted_words() == [("take0", " Halfway 🦊 to the boat.")]
    editor.press("Control+z")
    editor.saved()
    assert desk.text() == "The mud was warm. 👩‍👧 Then."
    editor.press("Control+y")
    editor.saved()
    assert desk.accepted_words() == [("take0", " Halfway 🦊 to the boat.")] * 2


def test_a_take_in_the_middle_of_the_text_is_shown_and_accepted_there(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" red"]])]
    editor.open().press("Home", *["ArrowRight"] * 3, "Control+Enter")
    editor.until(mode="ghost")
    assert editor.page.locator(".cm-line").first.inner_text() == "The red mud was warm."
    editor.press("Tab")
    editor.saved()
    assert desk.text() == "The red mud was warm."


def test_a_word_is_accepted_and_the_rest_stays(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Halfway, she stopped."]])]
    editor.open().press("Control+Enter")
    editor.until(mode="ghost")
    editor.press("Alt+ArrowRight", "Alt+ArrowRight")
    expect(editor.ghost).to_have_text(" stopped.")
    editor.saved()
    assert desk.text() == "The mud was warm. Halfway, she"
    assert "".join(words for _, words in desk.accepted_words()) == " Halfway, she"


def test_accepting_while_it_streams_takes_what_is_there_and_learns_its_name(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Halfway", " there", " she stopped."]], hold_after=2)]
    editor.open().press("Control+Enter")
    expect(editor.ghost).to_have_text(" Halfway there")
    editor.press("Tab")
    editor.until(mode="idle", unsaved=False, saving=False)
    assert desk.text() == "The mud was warm. Halfway there"
    assert desk.accepted_words() == [("take0", " Halfway there")]
    editor.eventually(lambda: desk.takes[0]["finish_reason"] == "cancelled")


def test_typing_the_next_characters_keeps_the_ghost_and_others_dismiss_it(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Halfway there."]])]
    editor.open().press("Control+Enter")
    editor.until(mode="ghost")
    editor.type(" Half")
    expect(editor.ghost).to_have_text("way there.")
    editor.type("-heartedly")
    editor.until(mode="idle")
    editor.saved()
    assert desk.text() == "The mud was warm. Half-heartedly"
    assert desk.accepted_words() == []
    assert desk.takes[0]["text"] == " Halfway there."


def test_escape_stops_the_stream_then_dismisses(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Halfway", " there", "."]], hold_after=1)]
    editor.open().press("Control+Enter")
    expect(editor.ghost).to_have_text(" Halfway")
    editor.press("Escape")
    editor.until(mode="ghost")
    expect(editor.ghost).to_have_text(" Halfway")
    editor.press("Escape")
    editor.until(mode="idle")
    expect(editor.ghost).to_have_count(0)
    editor.eventually(lambda: desk.takes[0]["finish_reason"] == "cancelled")
    assert editor.text() == "The mud was warm."


def test_typing_before_the_first_word_calls_the_request_off(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([["Never."]], hold_after=0)]
    editor.open().press("Control+Enter")
    expect(editor.page.locator(".t-waiting")).to_be_visible()
    editor.type(" I")
    editor.until(mode="idle")
    editor.saved()
    assert desk.text() == "The mud was warm. I"


def test_other_takes_are_paged_and_are_there_after_a_reload(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" One."]]), Script([[" Two."]]), Script([[" Three."]])]
    editor.open().press("Control+Enter")
    editor.until(mode="ghost")
    for count in (2, 3):
        editor.press("Control+Shift+Enter")
        editor.until(mode="ghost", index=count - 1, count=count)
    editor.press("Alt+[")
    expect(editor.ghost).to_have_text(" Two.")
    editor.press("Alt+ArrowUp")
    expect(editor.ghost).to_have_text(" One.")
    editor.press("Alt+ArrowUp", "Alt+]")
    expect(editor.ghost).to_have_text(" Two.")
    editor.page.reload()
    editor.ready().press("Home", "Alt+[")
    expect(editor.ghost).to_have_text(" Three.")
    editor.press("Alt+[")
    assert (editor.state()["index"], editor.state()["count"]) == (1, 3)
    editor.press("Tab")
    editor.saved()
    assert desk.text() == "The mud was warm. Two."
    assert desk.accepted_words() == [("take1", " Two.")]


def test_several_takes_of_one_request_are_paged_too(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" One."], [" Two."]])]
    editor.open()
    editor.call("settings", {"takes": 2, "temperature": 0.5})
    editor.call("continue")
    editor.until(mode="ghost", index=0, count=2)
    editor.call("nextTake")
    expect(editor.ghost).to_have_text(" Two.")
    assert desk.asked[0][1] == {"base_revision": 1, "cursor": 17, "takes": 2, "temperature": 0.5}


def test_a_stored_take_is_put_into_the_book_with_its_author(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" One."]])]
    editor.open().press("Control+Enter")
    editor.until(mode="ghost")
    editor.press("Escape")
    editor.call("insertTake", "take0")
    editor.until(unsaved=False, saving=False)
    assert desk.text() == "The mud was warm. One."
    assert desk.accepted_words() == [("take0", " One.")]


def test_a_take_deleted_meanwhile_does_not_hold_up_the_words(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" One."]])]
    editor.open().press("Control+Enter")
    editor.until(mode="ghost")
    desk.takes.clear()
    editor.press("Tab")
    editor.until(unsaved=False, saving=False)
    assert desk.text() == "The mud was warm. One."


def test_an_accepted_take_keeps_its_author_through_an_outage_and_a_reload(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" One 🦊."]])]
    editor.open().press("Control+Enter")
    editor.until(mode="ghost")
    with editor.unreachable():
        editor.press("Tab")
        assert editor.call("flush") is False
    editor.page.reload()
    editor.ready().until(unsaved=False, saving=False)
    assert desk.accepted_words() == [("take0", " One 🦊.")]


def test_a_page_that_is_behind_shows_the_newer_text_before_the_model_writes(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    desk.write("c", "The mud was hot.")
    editor.press("Control+Enter")
    expect(editor.strip).to_contain_text("has changed since this page read it")
    assert editor.text() == "The mud was hot."
    assert editor.state()["mode"] == "idle"


def test_a_model_that_is_not_ready_is_a_calm_message(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open().press("Control+Enter")
    expect(editor.strip).to_contain_text("The model is still loading; your text is safe.")
    expect(editor.live).to_have_text("The model is still loading; your text is safe.")
    state = editor.until(mode="idle")
    assert (state["error"], state["count"]) == ("The model is still loading; your text is safe.", 0)


def test_an_error_half_way_keeps_what_was_written(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" Halfway"]], error=("engine_stopped", "The model stopped and is being restarted."))]
    editor.open().press("Control+Enter")
    expect(editor.strip).to_contain_text("The model stopped and is being restarted.")
    expect(editor.ghost).to_have_text(" Halfway")
    editor.press("Tab")
    editor.until(unsaved=False, saving=False)
    assert desk.accepted_words() == [("take0", " Halfway")]


# --- rewriting ---


def _rewritten(editor: EditorPage, desk: FakeDesk, instruction: str | None = None) -> None:
    desk.scripts = [Script([["She kicked", " off both shoes."]])]
    desk.add("c", "🦊 ran. She took off her shoes. The end.")
    editor.open().select("She took off her shoes.")
    if instruction:
        editor.page.evaluate("(text) => void window.templora.rewrite(text)", instruction)
    else:
        editor.press("Control+Alt+r")
    editor.until(mode="diff")


def test_a_rewrite_is_shown_as_a_word_diff_in_place(editor: EditorPage, desk: FakeDesk) -> None:
    _rewritten(editor, desk, "make it wilder")
    assert editor.page.locator(".cm-content del").all_inner_texts() == ["took", "her"]
    assert editor.page.locator(".cm-content ins").all_inner_texts() == ["kicked", "both"]
    assert editor.text() == desk.text() == "🦊 ran. She took off her shoes. The end."
    body = {"base_revision": 1, "start": 7, "end": 30, "instruction": "make it wilder", "verb": "rewrite"}
    assert desk.asked == [("rewrite", body)]


def test_an_accepted_rewrite_is_one_step_and_only_the_new_words_are_the_models(
    editor: EditorPage, desk: FakeDesk
) -> None:
    _rewritten(editor, desk)
    editor.call("acceptRewrite")
    editor.until(mode="idle", unsaved=False)
    assert desk.text() == "🦊 ran. She kicked off both shoes. The end."
    assert desk.accepted_words() == [("take0", "kicked"), ("take0", "both")]
    editor.press("Control+z")
    editor.saved()
    assert desk.text() == "🦊 ran. She took off her shoes. The end."


def test_a_rejected_rewrite_changes_nothing_and_is_kept(editor: EditorPage, desk: FakeDesk) -> None:
    _rewritten(editor, desk)
    editor.call("rejectRewrite")
    state = editor.until(mode="idle")
    assert state["unsaved"] is False
    assert editor.page.locator("del, ins").count() == 0
    assert desk.takes[0]["text"] == "She kicked off both shoes."


def test_another_rewrite_is_for_the_same_passage_with_the_same_instruction(editor: EditorPage, desk: FakeDesk) -> None:
    _rewritten(editor, desk, "shorter")
    desk.scripts = [Script([["Barefoot."]])]
    editor.press("Control+Shift+Enter")
    editor.until(mode="diff", index=1, count=2)
    assert desk.asked[0] == desk.asked[1]
    editor.press("Alt+[")
    assert editor.page.locator(".cm-content ins").first.inner_text() == "kicked"


def test_rewriting_nothing_asks_for_a_selection(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open().press("Control+Alt+r")
    expect(editor.strip).to_contain_text("Select the passage to rewrite first.")
    assert desk.asked == []


def test_a_rewrite_that_changes_nothing_says_so(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([["The mud was warm."]])]
    editor.open().press("Control+a", "Control+Alt+r")
    expect(editor.strip).to_contain_text("would change nothing here")
    assert editor.until(mode="idle")["unsaved"] is False
