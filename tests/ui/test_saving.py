"""Typing in real Chromium, over routes in memory: it is saved, and nothing of it is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.ui.editor_page import EditorPage
from tests.ui.fake_desk import FakeDesk

NO_ANSWER = (503, "unavailable", "The desk is closing.")
"""Refuses even the last save of a page that goes away, which no interception in the browser reaches."""


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
