"""The editor in real Chromium, over routes in memory: what a writer does with it, and what must never be lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.ui.conftest import Serve
from tests.ui.editor_page import EditorPage
from tests.ui.fake_desk import FakeDesk, Script, create_app

NO_ANSWER = (503, "unavailable", "The desk is closing.")
"""Refuses even the last save of a page that goes away, which no interception in the browser reaches."""


@pytest.fixture
def desk() -> FakeDesk:
    desk = FakeDesk()
    desk.add("c", "The mud was warm.")
    return desk


@pytest.fixture
def editor(page: Page, desk: FakeDesk, bundle: Path, serve: Serve) -> EditorPage:
    return EditorPage(page, serve(create_app(desk, bundle)))


# --- saving ---


def test_typing_is_saved_once_a_second_after_the_last_key(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open().type(" She took off her shoes.")
    assert desk.saves == []
    editor.until(unsaved=False, saving=False)
    assert [save["text"] for save in desk.saves] == ["The mud was warm. She took off her shoes."]
    assert desk.saves[0]["base_revision"] == 1
    assert editor.state()["savedAt"]


def test_ctrl_s_saves_at_once_and_says_so(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open().type("!")
    editor.press("Control+s")
    expect(editor.live).to_have_text("Saved", timeout=900)
    assert desk.text() == "The mud was warm.!"


def test_what_is_typed_while_a_save_is_under_way_goes_with_the_next(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    held: list[Route] = []
    editor.page.route("**/api/chapters/c", lambda route: held.append(route))  # noqa: PLW0108
    editor.type(" One.")
    editor.page.evaluate("() => void window.templora.flush()")
    editor.type(" Two.")
    editor.page.evaluate("() => void window.templora.flush()")
    editor.until(saving=True)
    editor.page.wait_for_timeout(100)
    assert len(held) == 1
    held[0].continue_()
    editor.page.unroute("**/api/chapters/c")
    editor.until(unsaved=False)
    assert [save["base_revision"] for save in desk.saves] == [1, 2]
    assert desk.text() == "The mud was warm. One. Two."


def test_undo_still_works_after_a_save(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open().type(" More.")
    editor.saved()
    editor.press("Control+z")
    editor.saved()
    assert desk.text() == "The mud was warm."


def test_enter_begins_a_paragraph_and_backspace_takes_the_gap_out(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open().press("Enter", "Enter")
    editor.type("Second.")
    editor.saved()
    assert desk.text() == "The mud was warm.\n\nSecond."
    editor.press("Home", "Backspace")
    editor.saved()
    assert desk.text() == "The mud was warm.Second."


def test_switching_chapters_saves_first_and_keeps_undo(editor: EditorPage, desk: FakeDesk) -> None:
    desk.add("d", "Other.", title="Tide Tables")
    editor.open().type(" More.")
    editor.call("open", "d")
    assert editor.text() == "Other."
    assert desk.text() == "The mud was warm. More."
    editor.call("open", "c")
    editor.call("focus")
    editor.press("Control+z")
    editor.saved()
    assert desk.text() == "The mud was warm."


def test_after_a_reload_the_caret_is_where_it_was(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open().press("Home", *["ArrowRight"] * 3)
    editor.page.reload()
    editor.until(chapter="c")
    editor.call("focus")
    editor.type(" red")
    editor.saved()
    assert desk.text() == "The red mud was warm."


def test_opening_nothing_saves_and_closes(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open().type(" More.")
    editor.call("open", None)
    assert desk.text() == "The mud was warm. More."
    state = editor.until(chapter=None)
    assert (state["words"], state["mode"]) == (0, "idle")
    expect(editor.prose).to_have_attribute("contenteditable", "false")
    expect(editor.page.locator(".cm-placeholder")).to_have_text("Choose a chapter to write in.")


def test_a_chapter_that_is_gone_gets_a_message_and_the_open_one_stays(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    editor.call("open", "nowhere")
    expect(editor.strip).to_contain_text("There is no such chapter.")
    assert editor.text() == "The mud was warm."


# --- nothing is lost ---


def test_words_the_server_never_got_come_back_after_a_reload(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    with editor.unreachable():
        editor.type(" She stood, and counted.")
        expect(editor.strip).to_contain_text("Not saved: server unreachable; your words are kept in this browser")
        desk.refuse_saves = NO_ANSWER
        editor.page.goto("about:blank")
        editor.page.wait_for_timeout(300)
    desk.refuse_saves = None
    assert desk.saves == []
    editor.open().until(unsaved=False)
    assert desk.text() == "The mud was warm. She stood, and counted."
    expect(editor.strip).to_contain_text("restored")


def test_a_reload_right_after_the_last_key_loses_nothing(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    desk.refuse_saves = NO_ANSWER
    editor.type(" Now!")
    editor.page.reload()
    editor.ready()
    assert desk.saves == []
    assert editor.text() == "The mud was warm. Now!"


def test_a_page_that_goes_before_its_database_has_written_loses_nothing(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    desk.refuse_saves = NO_ANSWER
    editor.page.evaluate("() => { IDBTransaction.prototype.commit = function () { this.abort() } }")
    editor.type(" Now!")
    editor.page.reload()
    editor.ready()
    assert editor.text() == "The mud was warm. Now!"
    desk.refuse_saves = None
    editor.saved()
    editor.page.reload()
    editor.ready()
    assert editor.text() == desk.text() == "The mud was warm. Now!"
    assert editor.page.evaluate("() => Object.keys(localStorage).filter((name) => name.startsWith('templora'))") == []


def test_saving_is_tried_again_by_itself_when_the_server_is_back(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    with editor.unreachable():
        editor.type(" Kept.")
        assert editor.call("flush") is False
    editor.until(unsaved=False, error=None)
    assert desk.text() == "The mud was warm. Kept."


def test_a_full_disk_is_told_and_the_words_are_kept(editor: EditorPage, desk: FakeDesk) -> None:
    desk.refuse_saves = (507, "disk_full", "The disk is full. Free some space.")
    editor.open().type(" Kept.")
    assert editor.call("flush") is False
    expect(editor.strip).to_contain_text("Not saved: The disk is full. Free some space; your words are kept")
    desk.refuse_saves = None
    editor.saved()
    assert editor.strip.is_hidden()


def test_a_save_whose_answer_was_lost_is_no_conflict(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    editor.page.route("**/api/chapters/c", lose, times=1)
    editor.type(" One.")
    assert editor.call("flush") is False
    editor.type(" Two.")
    editor.saved()
    assert editor.state()["conflict"] is False
    assert desk.text() == "The mud was warm. One. Two."


@pytest.mark.parametrize(
    ("choice", "result"),
    [
        ("Keep mine", "The mud was cold.\n\nMine."),
        ("Take theirs", "The mud was hot."),
        ("Keep both", "The mud was hot.\n\nThe mud was cold.\n\nMine."),
    ],
)
def test_a_conflict_shows_both_versions_and_the_writer_chooses(
    editor: EditorPage, desk: FakeDesk, choice: str, result: str
) -> None:
    editor.open().press(*["Backspace"] * 5)
    editor.type("cold.\n\nMine.")
    desk.write("c", "The mud was hot.")
    assert editor.call("flush") is False
    assert desk.text() == "The mud was hot."
    banner = editor.page.get_by_role("region", name="Two versions of this chapter")
    expect(banner.locator("del")).to_have_text("hot")
    expect(banner.locator("ins")).to_contain_text(["cold", "Mine."])
    banner.get_by_role("button", name=choice).click()
    editor.until(conflict=False, unsaved=False)
    assert desk.text() == result
    assert banner.is_hidden()


def test_taking_theirs_can_be_undone(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open().type(" Mine.")
    desk.write("c", "Theirs.")
    editor.call("flush")
    editor.page.get_by_role("button", name="Take theirs").click()
    editor.until(unsaved=False)
    editor.prose.click()
    editor.press("Control+z")
    editor.saved()
    assert desk.text() == "The mud was warm. Mine."


def test_a_draft_that_the_server_moved_on_from_becomes_a_conflict(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    with editor.unreachable():
        editor.type(" Mine.")
        editor.call("flush")
    desk.write("c", "Theirs.")
    editor.page.reload()
    editor.ready().until(conflict=True)
    assert editor.text() == "The mud was warm. Mine."
    assert desk.text() == "Theirs."


def test_two_tabs_keep_both_their_words(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    second = EditorPage(editor.page.context.new_page(), editor.url).open()
    editor.type(" First tab.")
    editor.saved()
    second.type(" Second tab.")
    assert second.call("flush") is False
    second.page.get_by_role("button", name="Keep both").click()
    second.until(unsaved=False, conflict=False)
    assert "First tab." in desk.text() and "Second tab." in desk.text()


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
    expect(editor.live).to_have_text("Take ready")
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
    body = {"base_revision": 1, "start": 7, "end": 30, "instruction": "make it wilder"}
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


# --- the widget ---


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
