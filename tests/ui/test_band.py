"""The margin band: what the memory knows of each passage, beside the text and never in its way."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.editor_page import EditorPage
from tests.ui.fake_desk import FakeDesk

TEXT = "Known.\n\nStale 🦊.\n\nLearning.\n\nPending.\n\nOut."
STATES = ["known", "stale", "learning", "pending", "excluded"]


def spans(text: str) -> list[tuple[int, int, str]]:
    """The paragraphs of the text as the server tells them, in code points."""
    found: list[tuple[int, int, str]] = []
    at = 0
    for state, part in zip(STATES, text.split("\n\n"), strict=True):
        found.append((at, at + len(part), state))
        at += len(part) + 2
    return found


@pytest.fixture
def desk() -> FakeDesk:
    desk = FakeDesk()
    desk.add("c", TEXT)
    desk.passages["c"] = spans(TEXT)
    return desk


def mark(editor: EditorPage, state: str) -> Locator:
    return editor.page.locator(f".t-band-gutter .t-band-{state}")


def box(locator: Locator) -> dict[str, float]:
    found = locator.bounding_box()
    assert found is not None
    return {name: found[name] for name in ("x", "y", "width", "height")}


def beside(editor: EditorPage, state: str, words: str) -> None:
    """The band of `state` stands at the height of the paragraph with these words, left of it."""
    line, band = box(editor.page.locator(".cm-line", has_text=words)), box(mark(editor, state).first)
    assert abs(line["y"] - band["y"]) < 1.5 and abs(line["height"] - band["height"]) < 1.5
    assert band["x"] + band["width"] < line["x"]


def test_each_passage_is_marked_by_a_shape_and_a_name_of_its_own(editor: EditorPage) -> None:
    editor.open()
    for state, words in zip(STATES, TEXT.split("\n\n"), strict=True):
        expect(mark(editor, state)).to_have_count(1)
        beside(editor, state, words)
    titles = [mark(editor, state).get_attribute("title") for state in STATES]
    assert len(set(titles)) == 5 and "older version" in str(titles[1])
    shapes = editor.page.evaluate(
        """(states) => states.map((state) => {
            const style = getComputedStyle(document.querySelector(`.t-band-gutter .t-band-${state}`));
            const picture = style.backgroundImage.replaceAll(/(rgba?|color)\\([^)]*\\)/g, 'a colour');
            return [picture, style.borderLeftWidth, style.animationName, style.width].join();
        })""",
        STATES,
    )
    assert len(set(shapes)) == 5, "told apart without colour"


def test_the_caret_knows_its_passage(editor: EditorPage) -> None:
    editor.open()
    expect(mark(editor, "known")).to_have_count(1)
    assert editor.state()["passage"] == "excluded"
    editor.press("Control+Home")
    assert editor.state()["passage"] == "known"


def test_a_passage_of_several_paragraphs_has_one_unbroken_band(editor: EditorPage, desk: FakeDesk) -> None:
    desk.passages["c"] = [(0, TEXT.index("Learning") - 2, "known")]
    editor.open()
    expect(mark(editor, "known")).to_have_count(3)
    boxes = [box(mark(editor, "known").nth(i)) for i in range(3)]
    for above, below in itertools.pairwise(boxes):
        assert abs(above["y"] + above["height"] - below["y"]) < 1.5


def test_the_text_stands_where_it_would_without_a_band(editor: EditorPage) -> None:
    for width in (1400, 390):
        editor.page.set_viewport_size({"width": width, "height": 800})
        editor.open()
        expect(mark(editor, "known")).to_have_count(1)
        with_band = box(editor.prose)
        editor.page.add_style_tag(content=".cm-gutters { display: none !important }")
        assert box(editor.prose) == with_band


def test_edits_carry_the_band_along_and_ask_for_nothing_before_they_are_saved(
    editor: EditorPage, desk: FakeDesk
) -> None:
    editor.open()
    expect(mark(editor, "known")).to_have_count(1)
    looks = desk.looks
    editor.press("Control+Home")
    editor.type("A new beginning, typed in one go.")
    editor.press("Enter", "ArrowUp", "Control+Home", "Enter")
    for state, words in (("stale", "Stale"), ("pending", "Pending"), ("excluded", "Out.")):
        beside(editor, state, words)
    assert desk.looks == looks


def test_after_a_save_the_band_is_read_again_though_not_at_every_save(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    expect(mark(editor, "known")).to_have_count(1)
    for word in ("one", "two", "three", "four", "five", "six"):
        editor.type(f" {word}")
        editor.saved()
    desk.passages["c"] = [(0, 6, "stale")]
    looks = desk.looks
    expect(mark(editor, "known")).to_have_count(0)
    expect(mark(editor, "stale")).to_have_count(1)
    assert "gradient" in mark(editor, "stale").evaluate("(mark) => getComputedStyle(mark).backgroundImage")
    editor.page.wait_for_timeout(300)
    assert desk.looks == looks + 1


def test_it_follows_the_memory_and_rests_while_nobody_looks(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    expect(mark(editor, "known")).to_have_count(1)
    visibility(editor, "hidden")
    desk.passages["c"] = [(0, len(TEXT), "known")]
    editor.call("memoryMoved")
    editor.page.wait_for_timeout(3500)
    expect(mark(editor, "stale")).to_have_count(1)
    visibility(editor, "visible")
    expect(mark(editor, "known")).to_have_count(9)


def test_without_an_answer_one_writes_all_the_same(editor: EditorPage, desk: FakeDesk) -> None:
    def refuse(route: Any) -> None:
        route.fulfill(status=500, body="{}")

    editor.page.route("**/passages", refuse)
    editor.open().type(" More.")
    editor.saved()
    expect(editor.strip).to_be_hidden()
    assert desk.text().endswith("More.")


def visibility(editor: EditorPage, state: str) -> None:
    editor.page.evaluate(
        """(state) => {
            Object.defineProperty(document, 'visibilityState', {value: state, configurable: true});
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        state,
    )
