"""Where there is nothing yet the desk says what to do next; a sample is there to look around in."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from templora.studio import Studio
from tests.ui.desk_page import at_end, chapters, saved, titles


def test_without_a_book_one_may_look_around_in_a_sample(page: Page, url: str, studio: Studio) -> None:
    page.goto(url)
    expect(page.locator("#no-books")).to_contain_text("Give yours a title", timeout=30_000)
    expect(page.locator("#new-title input")).to_be_visible()
    page.locator("#book-sample").click()
    expect(page.locator("#books-dialog")).to_have_count(0)
    expect(page.locator("#chapters label")).to_have_count(3)
    expect(page.locator("#chapter-title input")).to_have_value("Nine Minutes")
    expect(page.locator("#chapter-status input")).to_have_value("Done")
    expect(page.locator("#scenes label")).to_have_count(2)
    (project,) = studio.projects()
    at_end(page)
    page.keyboard.type(" And then")
    saved(page)
    page.locator("#open-books").click()
    expect(page.locator("#books label")).to_have_count(1)
    expect(page.locator("#no-books")).not_to_be_visible()
    page.locator("#book-sample").click()
    expect(page.locator(".cm-content")).to_contain_text("And then")
    assert studio.projects() == [studio.peek(project.id)[0]], "it is opened, not put there again"


def test_a_book_without_chapters_asks_for_the_first(page: Page, url: str, studio: Studio) -> None:
    project = studio.create_project("Nothing yet").id
    page.goto(f"{url}/?book={project}")
    first = page.locator("#first-chapter")
    expect(first).to_be_visible(timeout=30_000)
    expect(page.locator("#empty-deleted")).not_to_be_visible()
    expect(page.locator("#chapter-tools, #chapter-title, .cm-content").locator("visible=true")).to_have_count(0)
    first.click()
    expect(page.locator(".cm-placeholder")).to_contain_text("Begin the chapter here")
    expect(first).not_to_be_visible()
    assert titles(studio, project) == ["Chapter 1"]
    page.locator("#chapter-delete").click()
    page.locator("#delete-chapter-yes").click()
    expect(first).to_be_visible()
    expect(page.locator("#empty-deleted")).to_be_visible()
    page.locator("#deleted-chapters button").first.click()
    page.locator("#chapter-restore").click()
    expect(page.locator(".cm-placeholder")).to_be_visible()
    assert len(chapters(studio, project)) == 1
