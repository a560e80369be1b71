"""Beats, gaps, sentences, and rewrites hunk by hunk, in real Chromium."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.ui.editor_page import EditorPage
from tests.ui.fake_desk import FakeDesk, Script

SHOES = "She took off her shoes. The mud was warm."


# --- sentences, beats, gaps ---


def test_a_sentence_is_accepted_and_the_rest_stays(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" “Stop!” she said. He ran. It rained."]])]
    editor.open().press("Control+Enter")
    editor.until(mode="ghost")
    editor.press("Alt+Shift+ArrowRight")
    expect(editor.ghost).to_have_text(" He ran. It rained.")
    editor.press("Alt+ArrowRight", "Alt+Shift+ArrowRight")
    expect(editor.ghost).to_have_text(" It rained.")
    editor.press("Alt+Shift+ArrowRight")
    editor.until(mode="idle")
    editor.saved()
    assert desk.text() == "The mud was warm. “Stop!” she said. He ran. It rained."
    assert "".join(words for _, words in desk.accepted_words()) == " “Stop!” she said. He ran. It rained."
    editor.press("Control+z")
    editor.saved()
    assert desk.text() == "The mud was warm. “Stop!” she said. He ran."


def test_a_beat_is_written_and_another_take_tells_the_same(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" She waded."]]), Script([[" She swam."]])]
    editor.open()
    editor.call("beat", " she goes in ")
    editor.until(mode="ghost")
    editor.press("Control+Shift+Enter")
    editor.until(mode="ghost", index=1, count=2)
    assert desk.asked == [("continue", {"base_revision": 1, "cursor": 17, "beat": "she goes in"})] * 2
    editor.press("Tab")
    editor.saved()
    assert desk.text() == "The mud was warm. She swam."
    assert desk.accepted_words() == [("take1", " She swam.")]


def test_a_beat_without_words_says_what_to_do(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    editor.call("beat", " ")
    expect(editor.strip).to_contain_text("Say in a line what happens next")
    assert desk.asked == []


def test_an_empty_line_between_passages_is_filled_in_place(editor: EditorPage, desk: FakeDesk) -> None:
    desk.add("c", "🦊 ran.\n\nThe end.")
    desk.scripts = [Script([["It rained.", "\n\nHe hid."]])]
    editor.open().press("Control+Home", "ArrowDown")
    editor.until(gap=True)
    editor.press("Control+Alt+Enter")
    editor.until(mode="ghost")
    assert desk.asked == [("fill", {"base_revision": 1, "start": 7, "end": 7})]
    assert editor.text() == desk.text()
    box = editor.ghost.bounding_box()
    assert box and box["height"] > 30, "the thin line is as high as what is written there"
    editor.press("Alt+Shift+ArrowRight")
    editor.saved()
    assert desk.text() == "🦊 ran.\n\nIt rained.\n\nThe end."
    editor.press("Tab")
    editor.saved()
    assert desk.text() == "🦊 ran.\n\nIt rained.\n\nHe hid.\n\nThe end."
    assert "".join(words for _, words in desk.accepted_words()) == "It rained.\n\nHe hid."


def test_a_placeholder_makes_way_for_what_is_written(editor: EditorPage, desk: FakeDesk) -> None:
    desk.add("c", "She took [the bag] and left.")
    desk.scripts = [Script([["a coat"]])]
    editor.open().select("[the bag]")
    editor.call("fill")
    editor.until(mode="ghost")
    assert editor.page.locator(".cm-content del").inner_text() == "[the bag]"
    assert desk.text() == "She took [the bag] and left."
    editor.press("Tab")
    editor.saved()
    assert desk.text() == "She took a coat and left."
    assert desk.accepted_words() == [("take0", "a coat")]
    editor.press("Control+z")
    editor.saved()
    assert desk.text() == "She took [the bag] and left."


def test_where_there_is_no_gap_one_is_asked_for(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open().press("Control+Alt+Enter")
    expect(editor.strip).to_contain_text("an empty line between two passages")
    assert editor.state()["gap"] is False
    assert desk.asked == []


# --- rewrites, hunk by hunk ---


def _rewritten(editor: EditorPage, desk: FakeDesk, *pieces: str, verb: str = "rewrite") -> None:
    desk.scripts = [Script([list(pieces or ("She kicked off both shoes. ", "The mud was cold."))])]
    desk.add("c", SHOES)
    editor.open().press("Control+a")
    editor.page.evaluate("(verb) => void window.templora.rewrite('', verb)", verb)
    editor.until(mode="diff")


def _shown(editor: EditorPage) -> tuple[list[str], list[str]]:
    struck = editor.page.locator(".cm-content del").all_inner_texts()
    return struck, editor.page.locator(".cm-content ins").all_inner_texts()


def test_a_rewrite_streams_as_a_word_diff(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([["She kicked", " off both ", "shoes. The mud was cold."]], hold_after=2)]
    desk.add("c", SHOES)
    editor.open().press("Control+a", "Control+Alt+r")
    expect(editor.page.locator(".cm-content ins")).to_have_text(["kicked", "both"])
    assert _shown(editor)[0] == ["took"], "what it has not come to is not struck"
    assert editor.state()["mode"] == "rewriting"


def test_hunks_are_taken_and_left_by_keys_in_one_step(editor: EditorPage, desk: FakeDesk) -> None:
    _rewritten(editor, desk, verb="describe")
    assert desk.asked[0][1]["verb"] == "describe"
    assert _shown(editor) == (["took", "her", "warm"], ["kicked", "both", "cold"])
    editor.press("Alt+ArrowRight")
    assert _shown(editor) == (["her", "warm"], ["kicked", "both", "cold"])
    expect(editor.live).to_have_text("Change 2 of 3: her becomes both")
    editor.press("F7")
    expect(editor.live).to_have_text("Change 3 of 3: warm becomes cold")
    editor.press("Shift+F7", "Alt+ArrowLeft")
    assert _shown(editor) == (["warm"], ["kicked", "cold"])
    assert editor.state()["unsaved"] is False
    editor.press("Alt+ArrowRight")
    editor.until(mode="idle")
    editor.saved()
    assert desk.text() == "She kicked off her shoes. The mud was cold."
    assert desk.accepted_words() == [("take0", "kicked"), ("take0", "cold")]
    editor.press("Control+z")
    editor.saved()
    assert desk.text() == SHOES


def test_hunks_are_taken_and_left_by_mouse(editor: EditorPage, desk: FakeDesk) -> None:
    _rewritten(editor, desk)
    page = editor.page
    page.locator(".cm-content ins", has_text="both").click()
    page.get_by_role("button", name="Take this change").click()
    page.locator(".cm-content del", has_text="took").click()
    page.get_by_role("button", name="Leave it as it was").click()
    assert _shown(editor) == (["warm"], ["both", "cold"])
    page.locator(".t-left").click()
    expect(page.get_by_role("button", name="Leave it as it was")).to_have_attribute("aria-pressed", "true")
    editor.press("Tab")
    editor.until(mode="idle")
    editor.saved()
    assert desk.text() == "She took off both shoes. The mud was cold."


def test_escape_leaves_all_as_it_was(editor: EditorPage, desk: FakeDesk) -> None:
    _rewritten(editor, desk)
    editor.press("Alt+ArrowRight", "Escape")
    editor.until(mode="idle")
    assert _shown(editor) == ([], [])
    editor.saved()
    assert desk.text() == SHOES
    assert desk.saves == []
    assert desk.takes[0]["text"] == "She kicked off both shoes. The mud was cold."


def test_a_rewrite_of_which_all_is_left_changes_nothing(editor: EditorPage, desk: FakeDesk) -> None:
    _rewritten(editor, desk)
    editor.press(*["Alt+ArrowLeft"] * 3)
    editor.until(mode="idle")
    expect(editor.live).to_have_text("Nothing was changed")
    editor.saved()
    assert desk.saves == []


def test_a_card_is_shown_and_used_by_its_key(editor: EditorPage, desk: FakeDesk) -> None:
    desk.scripts = [Script([[" One."], [" Two."]])]
    editor.open()
    editor.page.evaluate("() => addEventListener('templora:takes', ({detail}) => { window.cards = detail })")
    editor.call("settings", {"takes": 2})
    editor.call("continue")
    editor.until(mode="ghost", count=2)
    editor.press("Escape")
    editor.until(mode="idle")
    editor.page.wait_for_function("() => window.cards?.length === 2 && window.cards.every((card) => !card.shown)")
    editor.page.evaluate("() => void window.templora.showTake(window.cards[1].key)")
    expect(editor.ghost).to_have_text(" Two.")
    editor.page.evaluate("() => void window.templora.insertTake(window.cards[0].key)")
    editor.until(mode="idle", unsaved=False)
    assert desk.text() == "The mud was warm. One."
    editor.page.wait_for_function("() => window.cards.filter((card) => card.accepted).length === 1")
