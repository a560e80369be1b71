"""Finding, comments and words written, on the page."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from templora.studio import Studio
from tests.ui.desk_page import at_end, chapters, line, made, opened, saved, until

ONE = "The lamp was lit.\n\nInes saw a lamp."
TWO = "A Lamp again, said Mateus."


def test_the_bar_finds_goes_on_and_replaces_as_steps_that_can_be_undone(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Bar", ONE, TWO)
    first = chapters(studio, project)[0]
    opened(page, url, project, first)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Control+f")
    field = page.locator("#find-what :is(input, textarea)")
    expect(field).to_be_focused()
    field.fill("lamp")
    expect(page.locator("#find-count")).to_have_text("1 of 2")
    expect(page.locator(".t-hit")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(page.locator("#find-count")).to_have_text("2 of 2")
    page.locator("#find-instead :is(input, textarea)").fill("lantern")
    expect(page.locator("#find-count")).to_have_text("2 of 2")
    page.locator("#find-replace").click()
    saved(page)
    assert studio.chapter(first).text == ONE.replace("a lamp.", "a lantern.")
    page.locator("#find-all").click()
    until(lambda: "lamp" not in studio.chapter(first).text)
    assert studio.revisions(first)[-1].kind == "replaced"
    expect(page.locator(".cm-content")).to_contain_text("The lantern was lit.")
    field.press("Escape")
    expect(page.locator("#find-bar")).to_be_hidden()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    saved(page)
    assert studio.chapter(first).text == ONE


def test_the_book_is_replaced_and_put_back_in_one_step(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Whole", ONE, TWO)
    first, second = chapters(studio, project)
    opened(page, url, project, first)
    page.evaluate("() => window.desk.openReplace()")
    page.locator("#replace-what :is(input, textarea)").fill("lamp")
    page.locator("#replace-with :is(input, textarea)").fill("lantern")
    page.locator("#replace-look").click()
    expect(page.locator("#replace-places label")).to_have_count(3)
    expect(line(page, "replace-told")).to_have_value("3 places in 2 chapters.")
    page.locator("#replace-do").click()
    expect(line(page, "replace-told")).to_have_value("Replaced: 3 places in 2 chapters.")
    assert studio.chapter(second).text == "A lantern again, said Mateus."
    expect(page.locator(".cm-content")).to_contain_text("The lantern was lit.")
    page.locator("#replace-undo").click()
    expect(line(page, "replace-told")).to_have_value("2 chapters put back as before.")
    assert [studio.chapter(id).text for id in (first, second)] == [ONE, TWO]
    expect(page.locator(".cm-content")).to_contain_text("The lamp was lit.")


def test_a_click_on_what_was_found_goes_to_its_place(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Search", ONE, TWO)
    first, second = chapters(studio, project)
    opened(page, url, project, first)
    page.evaluate("() => window.desk.openSearch()")
    page.locator("#search-query :is(input, textarea)").fill("mateus")
    expect(page.locator("#found-list label")).to_have_count(1)
    page.locator("#found-list label").click()
    page.wait_for_function(f"() => window.templora.state().chapter === '{second}'")
    page.wait_for_function("() => String(getSelection()) === 'Mateus'")


def test_a_comment_stands_in_the_margin_and_in_the_list(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Comments", ONE)
    (chapter,) = chapters(studio, project)
    opened(page, url, project, chapter)
    page.evaluate("() => window.desk.openComment()")
    page.locator("#comment-body textarea").fill("which lamp?")
    page.evaluate("() => window.templora.showPlace(4, 8)")
    page.locator("#comment-add").click()
    expect(page.locator(".t-comment")).to_have_text("lamp")
    expect(page.locator("#comment-list label")).to_contain_text("which lamp?")
    expect(page.locator(".t-note-card")).to_have_count(1)
    page.locator("#comment-resolve").click()
    expect(page.locator(".t-comment")).to_have_count(0)
    expect(page.locator("#comment-undo")).to_be_visible()
    # Another tab notes something and moves on: the list is made anew, and there is still something to undo.
    studio.tools.comments.add(chapter, studio.chapter(chapter).revision, (0, 3), "The?", "comment")
    studio.add_chapter(project, "Two")
    expect(page.locator("#comment-list label")).to_contain_text("The?")
    page.locator("#comment-undo").click()
    expect(page.locator("#comment-list label")).to_have_count(2)
    expect(page.locator("#comment-resolve")).to_be_visible()
    studio.tools.comments.add(chapter, studio.chapter(chapter).revision, (9, 12), "Was?", "comment")
    studio.add_chapter(project, "Three")
    expect(page.locator("#comment-list label")).to_have_count(3)
    expect(page.locator("#comment-resolve")).to_be_visible()


def test_words_of_today_stand_in_the_foot(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Goals", ONE)
    opened(page, url, project)
    at_end(page)
    page.keyboard.type(" Three new words.")
    saved(page)
    expect(page.locator("#written-line")).to_have_text("3 words today")
    page.locator("#open-goals").click()
    expect(line(page, "goals-told")).to_have_value("This session: 3 words\nToday: 3 words\nThe book: 11 words")
    page.locator("#goal-day input").fill("100")
    page.locator("#goal-day input").press("Enter")
    expect(page.locator("#written-line")).to_have_text("3 of 100 words today")
    expect(page.locator("table.calendar")).to_be_visible()
