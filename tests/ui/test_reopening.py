"""A chapter that is left or opened again while its words are on their way: none is lost, and none is asked about."""

from __future__ import annotations

import pytest
from playwright.sync_api import APIResponse, Route

from tests.ui.editor_page import EditorPage
from tests.ui.fake_desk import FakeDesk

CHAPTER = "**/api/chapters/c"
WARM = "The mud was warm."


class Wire:
    """The first request for the chapter by one method, held until the test lets it go."""

    def __init__(self, editor: EditorPage, method: str) -> None:
        self.editor = editor
        self.method = method
        self.held: list[Route] = []
        self.answer: APIResponse | None = None
        editor.page.route(CHAPTER, self._take)

    def _take(self, route: Route) -> None:
        if route.request.method != self.method or self.held:
            route.fallback()
        else:
            self.held.append(route)

    def wait(self) -> Wire:
        self.editor.eventually(lambda: bool(self.held))
        return self

    def asked(self) -> Wire:
        """The server answers, but the page does not hear it yet."""
        self.answer = self.wait().held[0].fetch()
        return self

    def let_go(self) -> None:
        (route,) = self.held
        if self.answer is None:
            route.continue_()
        else:
            route.fulfill(response=self.answer)


def begin(editor: EditorPage, chapter: str | None) -> None:
    """Opens a chapter, and does not wait for it."""
    editor.page.evaluate("(id) => void window.templora.open(id)", chapter)


def test_what_is_typed_while_the_open_chapter_is_opened_again_is_no_conflict(
    editor: EditorPage, desk: FakeDesk
) -> None:
    editor.open()
    reading = Wire(editor, "GET")
    begin(editor, "c")
    reading.asked()
    editor.type(" More.")
    reading.let_go()
    editor.page.wait_for_timeout(100)
    assert editor.state()["conflict"] is False
    editor.saved()
    assert desk.text() == f"{WARM} More."


def test_an_answer_from_before_a_save_takes_nothing_back(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    reading = Wire(editor, "GET")
    begin(editor, "c")
    reading.asked()
    editor.type(" More.")
    editor.saved()
    reading.let_go()
    editor.page.wait_for_timeout(200)
    assert editor.text() == f"{WARM} More."
    editor.type(" And more.")
    editor.saved()
    assert editor.state()["conflict"] is False and desk.text() == f"{WARM} More. And more."


def test_a_save_that_is_under_way_is_no_newer_text(editor: EditorPage, desk: FakeDesk) -> None:
    editor.open()
    reading = Wire(editor, "GET")
    begin(editor, "c")
    reading.wait()
    saving = Wire(editor, "PUT")
    editor.type(" One.")
    editor.page.evaluate("() => void window.templora.flush()")
    saving.asked()
    editor.type(" Two.")
    reading.let_go()
    editor.page.wait_for_timeout(200)
    assert editor.state()["conflict"] is False and editor.text() == f"{WARM} One. Two."
    saving.let_go()
    editor.saved()
    assert editor.state()["conflict"] is False and desk.text() == f"{WARM} One. Two."


def test_the_chapter_that_is_being_left_can_be_opened_again(editor: EditorPage, desk: FakeDesk) -> None:
    desk.add("d", "Other.", title="Tide Tables")
    editor.open().type(" More.")
    saving = Wire(editor, "PUT")
    begin(editor, "d")
    saving.wait()
    begin(editor, "c")
    editor.page.wait_for_timeout(100)
    saving.let_go()
    editor.until(chapter="c", unsaved=False)
    editor.page.wait_for_timeout(300)
    state = editor.state()
    assert (state["chapter"], state["conflict"]) == ("c", False)
    assert editor.text() == desk.text() == f"{WARM} More."


@pytest.mark.parametrize("first", ["c", "d"])
def test_of_two_chapters_that_are_asked_for_the_last_one_is_open(
    editor: EditorPage, desk: FakeDesk, first: str
) -> None:
    desk.add("d", "Other.")
    editor.open()
    begin(editor, first)
    begin(editor, "d" if first == "c" else "c")
    editor.page.wait_for_timeout(300)
    assert editor.state()["chapter"] == ("d" if first == "c" else "c")


def test_a_late_answer_puts_no_other_chapter_in_its_place(editor: EditorPage, desk: FakeDesk) -> None:
    """A first save arrived without an answer, a second one is still under way when another chapter is opened."""
    desk.add("d", "Other.", title="Tide Tables")
    editor.open()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    editor.page.route(CHAPTER, lose, times=1)
    editor.type(" One.")
    assert editor.call("flush") is False
    saving = Wire(editor, "PUT")
    editor.type(" Two.")
    editor.page.evaluate("() => void window.templora.flush()")
    saving.wait()
    editor.call("open", "d")
    assert editor.text() == "Other."
    saving.let_go()
    editor.eventually(lambda: desk.text() == f"{WARM} One. Two.")
    assert editor.text() == desk.text("d") == "Other." and editor.state()["conflict"] is False
    editor.call("open", "c")
    assert editor.text() == f"{WARM} One. Two." and editor.state()["conflict"] is False
