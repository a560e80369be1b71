"""The binder on the page: scenes, counts and dots beside Gradio's lists, chapters dragged and put back, notes kept."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from templora.errors import StorageError
from templora.studio import Studio
from tests.ui.desk_page import at_end, chapters, learnt, line, made, opened, prose, saved, titles, until

SCENES = "One two three.\n\n***\n\nThe mud was warm.\n\n***\n\nShe took off her shoes."


def label(page: Page, title: str) -> Locator:
    return page.locator("#chapters label", has_text=title)


def drag(page: Page, what: str, to: str, share: float) -> None:
    """Takes a chapter by its title to a place over another: `share` of that one's height from its top."""
    label(page, what).scroll_into_view_if_needed()
    start, end = label(page, what).bounding_box(), label(page, to).bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 60, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + 62, start["y"] + start["height"] / 2 + 9)
    page.mouse.move(end["x"] + 60, end["y"] + end["height"] * share, steps=4)


def test_counts_of_the_book_and_the_chapter_follow_every_word(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Counts", "one two", "three")
    opened(page, url, project)
    expect(page.locator("#book-count")).to_have_text("3 words")
    expect(page.locator("#chapter-state")).to_have_text("Chapter 2 · 1 word")
    asked: list[str] = []
    at_end(page)
    page.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))  # what follows needs no server
    page.keyboard.type(" four five")
    expect(page.locator("#book-count")).to_have_text("5 words")
    expect(page.locator("#chapter-state")).to_have_text("Chapter 2 · 3 words")
    expect(label(page, "Part 2")).to_have_attribute("data-count", "3")
    page.unroute_all()
    expect(label(page, "Part 1")).to_have_attribute("data-count", "2")


def test_scenes_stand_under_the_open_chapter_and_a_click_goes_there(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Scenes", SCENES, "One scene only.")
    first, second = chapters(studio, project)
    opened(page, url, project, first)
    scenes = page.locator("#scenes label")
    expect(scenes).to_have_text(["One two three.", "The mud was warm.", "She took off her shoes."])
    assert [scene.get_attribute("data-count") for scene in scenes.all()] == ["3", "4", "5"]
    tops = [box["y"] for box in (label(page, "Part 1").bounding_box(), scenes.first.bounding_box()) if box]
    below = label(page, "Part 2").bounding_box()
    assert below and tops[0] < tops[1] < below["y"], "between its chapter and the next"
    scenes.nth(1).click()
    expect(page.locator(".cm-content")).to_be_focused()
    page.keyboard.type("Here. ")
    expect(scenes.nth(1)).to_have_text("Here. The mud was warm.")
    expect(scenes.nth(1)).to_have_class(re.compile("selected"))
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    page.keyboard.type("***")
    page.keyboard.press("Enter")
    page.keyboard.type("A fourth.")
    expect(scenes).to_have_count(4)
    expect(scenes.nth(3)).to_have_text("A fourth.")
    saved(page)
    assert studio.chapter(first).text.endswith("***\n\nA fourth.")
    label(page, "Part 2").click()
    page.wait_for_function(f"() => window.templora.state().chapter === '{second}'")
    expect(scenes).to_have_count(0)


def test_a_chapter_is_dragged_and_the_move_taken_back(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Dragged", "one", SCENES, "three")
    first, *_ = chapters(studio, project)
    opened(page, url, project, first)
    drag(page, "Part 3", "Part 1", 0.2)
    expect(page.locator(".drop-line")).to_be_visible()
    page.mouse.up()
    expect(page.locator("#chapters label")).to_have_text(["1 · Part 3", "2 · Part 1", "3 · Part 2"])
    assert titles(studio, project) == ["Part 3", "Part 1", "Part 2"]
    expect(page.locator(".drop-line, .dragged")).to_have_count(0)
    assert page.evaluate("() => window.templora.state().chapter") == first, "the chapter that was open stays open"
    expect(line(page, "moved-text")).to_have_value("‘Part 3’ is chapter 1 now.")
    expect(page.locator("#binder-said")).to_have_text("‘Part 3’ is chapter 1 now.")
    page.locator("#chapter-down").click()
    until(lambda: titles(studio, project) == ["Part 3", "Part 2", "Part 1"])
    expect(line(page, "moved-text")).to_have_value("‘Part 1’ is chapter 3 now.")
    page.locator("#order-undo").click()
    until(lambda: titles(studio, project) == ["Part 3", "Part 1", "Part 2"])
    expect(line(page, "moved-text")).to_have_value("‘Part 1’ is chapter 2 now.")
    label(page, "Part 1").locator("input").focus()
    page.keyboard.press("Control+z")
    until(lambda: titles(studio, project) == ["Part 1", "Part 2", "Part 3"])
    expect(page.locator("#moved")).to_have_count(0)


def test_a_drop_that_fails_leaves_the_chapters_where_they_were(
    page: Page, url: str, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(studio, "Refused", "one", "two", "three")
    opened(page, url, project)

    def full(id: str, title: str | None = None, position: int | None = None) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(studio, "change_chapter", full)
    drag(page, "Part 1", "Part 3", 0.9)
    page.mouse.up()
    expect(page.locator("body")).to_contain_text("The disk is full.")
    expect(page.locator(".drop-line, .dragged")).to_have_count(0)
    expect(page.locator("#chapters label")).to_have_text(["1 · Part 1", "2 · Part 2", "3 · Part 3"])
    assert label(page, "Part 1").evaluate("(row) => row.style.transform") == ""
    monkeypatch.undo()
    drag(page, "Part 1", "Part 3", 0.9)
    page.mouse.up()
    until(lambda: titles(studio, project) == ["Part 2", "Part 3", "Part 1"])


def test_what_changes_in_another_window_ends_a_drag(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Elsewhere", "one", "two", "three")
    first, second, third = chapters(studio, project)
    opened(page, url, project, first)
    drag(page, "Part 3", "Part 2", 0.2)
    studio.delete_chapter(second)
    expect(page.locator("#chapters label")).to_have_text(["1 · Part 1", "2 · Part 3"])
    expect(page.locator(".dragged, .drop-line")).to_have_count(0)
    page.mouse.up()
    # The drop was on its way already.
    page.evaluate(f'() => {{ window.desk.dropped = () => \'{{"chapter": "{third}", "before": "{second}"}}\' }}')
    drag(page, "Part 3", "Part 1", 0.2)
    page.mouse.up()
    expect(page.locator("body")).to_contain_text("The chapters were changed in another window")
    expect(page.locator(".dragged")).to_have_count(0)
    assert titles(studio, project) == ["Part 1", "Part 3"]


def test_near_the_edge_a_long_list_scrolls_to_where_the_chapter_goes(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Long", *["one"] * 45)
    opened(page, url, project)
    label(page, "Part 45").scroll_into_view_if_needed()
    expect(label(page, "12 · Part 12")).not_to_be_in_viewport()
    drag(page, "Part 45", "Part 40", 0.2)
    page.mouse.move(70, 60)  # held at the upper edge
    page.wait_for_function("() => document.getElementById('bind').scrollTop === 0")
    page.mouse.up()
    until(lambda: titles(studio, project)[0] == "Part 45")


def test_a_synopsis_that_cannot_be_saved_says_so_and_is_saved_later(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Cut off", "one")
    (chapter,) = chapters(studio, project)
    opened(page, url, project)
    page.route("**/api/chapters/*", lambda route: route.abort("connectionrefused"))
    page.locator("#chapter-synopsis textarea").click()
    page.keyboard.type("Ines waits.")
    expect(page.locator("#chapter-state")).to_contain_text("The synopsis is not saved: the desk cannot be reached")
    page.unroute_all()
    until(lambda: studio.chapter(chapter).synopsis == "Ines waits.")
    expect(page.locator("#chapter-state")).to_have_text("Chapter 1 · 1 word")


def test_escape_ends_a_drag_and_a_click_is_no_drag(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Called off", "one", "two", "three")
    first, _, third = chapters(studio, project)
    opened(page, url, project, third)
    drag(page, "Part 3", "Part 1", 0.2)
    page.keyboard.press("Escape")
    expect(page.locator(".drop-line, .dragged")).to_have_count(0)
    page.mouse.up()
    assert titles(studio, project) == ["Part 1", "Part 2", "Part 3"]
    assert page.evaluate("() => window.templora.state().chapter") == third
    page.wait_for_timeout(100)
    label(page, "Part 1").click()
    page.wait_for_function(f"() => window.templora.state().chapter === '{first}'")


def test_on_a_phone_a_finger_that_rests_lifts_a_chapter(chromium: Browser, url: str, studio: Studio) -> None:
    project = made(studio, "By finger", "one", "two", "three")
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, service_workers="block")
    page = context.new_page()
    opened(page, url, project)
    page.locator("#toggle-binder").click()
    expect(label(page, "Part 1")).to_be_visible()
    page.wait_for_timeout(300)  # the drawer slides in
    start, end = label(page, "Part 1").bounding_box(), label(page, "Part 3").bounding_box()
    assert start and end
    touch = context.new_cdp_session(page)

    def finger(kind: str, y: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": 90, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", start["y"] + 10)
    expect(page.locator(".dragged")).to_have_count(1)
    finger("touchMove", start["y"] + 20)
    finger("touchMove", end["y"] + end["height"] - 2)
    expect(page.locator(".drop-line")).to_be_visible()
    finger("touchEnd", 0)
    until(lambda: titles(studio, project) == ["Part 2", "Part 3", "Part 1"])
    context.close()


def test_a_status_is_set_and_shown_in_the_list(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Status", "one", "two")
    first, second = chapters(studio, project)
    opened(page, url, project, first)
    page.locator("#chapter-status input").click()
    page.get_by_role("option", name="Revised").click()
    until(lambda: studio.chapter(first).status == "revised")
    expect(label(page, "Part 1").locator("span")).to_have_attribute("data-about", "Revised")
    label(page, "Part 2").click()
    page.wait_for_function(f"() => window.templora.state().chapter === '{second}'")
    expect(page.locator("#chapter-status input")).to_have_value("No status")
    assert studio.chapter(second).status == ""


def test_a_synopsis_is_saved_as_it_is_typed_and_belongs_to_no_text(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Synopsis", "one", "two")
    first, second = chapters(studio, project)
    opened(page, url, project, first)
    field = page.locator("#chapter-synopsis textarea")
    field.click()
    page.keyboard.type("Ines <b>waits</b>.")
    expect(label(page, "Part 1").locator("span")).to_have_attribute("data-about", "Ines <b>waits</b>.")
    until(lambda: studio.chapter(first).synopsis == "Ines <b>waits</b>.")
    page.keyboard.type(" Still")
    label(page, "Part 2").click()  # at once
    page.wait_for_function(f"() => window.templora.state().chapter === '{second}'")
    expect(field).to_have_value("")
    until(lambda: studio.chapter(first).synopsis == "Ines <b>waits</b>. Still")
    assert studio.chapter(second).synopsis == "" and studio.chapter(first).text == "one"
    page.reload()
    label(page, "Part 1").click(timeout=30_000)
    expect(field).to_have_value("Ines <b>waits</b>. Still")


def test_words_of_a_synopsis_outlive_a_page_that_is_closed_at_once(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Closed", "one")
    (chapter,) = chapters(studio, project)
    opened(page, url, project)
    page.locator("#chapter-synopsis textarea").click()
    page.keyboard.type("Last words.")
    page.goto("about:blank")
    until(lambda: studio.chapter(chapter).synopsis == "Last words.")


def test_a_dot_says_what_the_memory_knows_of_a_chapter(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Dots", prose(3, 1), prose(3, 2), "")
    first, second, _ = chapters(studio, project)
    learnt(studio, project)
    opened(page, url, project, first)
    expect(label(page, "Part 1")).to_have_attribute("data-memory", "known")
    expect(label(page, "Part 3")).not_to_have_attribute("data-memory", "known")
    expect(label(page, "Part 1").locator("input")).to_have_attribute(
        "aria-description", "The memory has learnt this chapter."
    )
    studio.set_learned(second, False)
    expect(label(page, "Part 2")).to_have_attribute("data-memory", "excluded")
