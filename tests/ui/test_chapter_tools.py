"""Chapters parted and joined on the page, with a clear word on where text moves."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from templora.studio import Studio
from tests.ui.desk_page import chapters, line, made, opened, saved, titles

ONE = "The ferry lay on her side 🦊.\n\nInes counted the hours."
TWO = "She took off her shoes."


def caret_before(page: Page, words: str) -> None:
    """The caret stands before the paragraph that begins with these words."""
    page.locator(".cm-line", has_text=words).click()
    page.keyboard.press("Home")


def test_a_chapter_is_split_at_the_caret(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Split", ONE, TWO)
    first, second = chapters(studio, project)
    opened(page, url, project, first)
    caret_before(page, "Ines")
    page.keyboard.type("So ")
    page.keyboard.press("Home")
    page.locator("#chapter-split").click()
    expect(line(page, "split-chapter-text")).to_have_value(
        "Split ‘Part 1’ at the caret? The new chapter begins with “So Ines counted the hours.” (5 words); 7 words stay."
    )
    expect(page.locator("#split-title input")).to_have_value("Part 1 (2)")
    page.locator("#split-title input").fill("Tide Tables")
    page.locator("#split-chapter-yes").click()
    expect(page.locator("#chapters label")).to_have_count(3)
    assert titles(studio, project) == ["Part 1", "Tide Tables", "Part 2"]
    added = chapters(studio, project)[1]
    page.wait_for_function(f"() => window.templora.state().chapter === '{added}'")
    expect(page.locator(".cm-content")).to_have_text("So Ines counted the hours.")
    assert studio.chapter(first).text == "The ferry lay on her side 🦊."
    page.locator("#chapters label", has_text="Part 1").click()
    page.wait_for_function(f"() => window.templora.state().chapter === '{first}'")
    expect(page.locator(".cm-content")).to_have_text("The ferry lay on her side 🦊.")
    assert studio.chapter(second).text == TWO


def test_there_is_nothing_to_split_at_the_end(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "At the end", ONE)
    opened(page, url, project)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.locator("#chapter-split").click()
    expect(page.locator("body")).to_contain_text("with text before it and after it")
    expect(page.locator("#split-chapter-yes")).to_have_count(0)


def test_words_typed_after_the_question_call_the_split_off(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Typed on", ONE)
    (chapter,) = chapters(studio, project)
    opened(page, url, project)
    caret_before(page, "Ines")
    page.locator("#chapter-split").click()
    expect(page.locator("#split-chapter-yes")).to_be_visible()
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("Once. ")
    page.locator("#split-chapter-yes").click()
    expect(page.locator("body")).to_contain_text("The chapter has changed since you were asked")
    assert titles(studio, project) == ["Part 1"] and studio.chapter(chapter).text == "Once. " + ONE


def test_a_chapter_takes_in_the_next_and_undo_does_not_lose_it(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Merged", ONE, TWO)
    first, _ = chapters(studio, project)
    opened(page, url, project, first)
    caret_before(page, "Ines")
    page.keyboard.type("So ")  # goes along, though it has not been saved yet
    page.locator("#chapter-merge").click()
    expect(line(page, "merge-chapter-text")).to_have_value(
        "Put ‘Part 2’ (5 words) at the end of ‘Part 1’? Its title goes; as it is now it stays among the deleted "
        "chapters for 30 days."
    )
    page.locator("#merge-chapter-yes").click()
    expect(page.locator("#chapters label")).to_have_count(1)
    whole = ONE.replace("Ines", "So Ines") + "\n\n" + TWO
    expect(page.locator(".cm-content")).to_contain_text("She took off her shoes.")
    saved(page)
    assert studio.chapter(first).text == whole
    expect(page.locator("#deleted-chapters")).to_be_visible()
    page.locator(".cm-content").click()
    page.keyboard.press("Control+z")
    saved(page)
    assert studio.chapter(first).text == ONE.replace("Ines", "So Ines")
    page.locator("#deleted-chapters button").first.click()
    page.locator("#chapter-restore").click()
    expect(page.locator("#chapters label")).to_have_count(2)
    assert titles(studio, project) == ["Part 1", "Part 2"]


def test_the_last_chapter_has_nothing_to_merge_with(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Last", ONE)
    opened(page, url, project)
    page.locator("#chapter-merge").click()
    expect(page.locator("body")).to_contain_text("There is no chapter after this one")
    expect(page.locator("#merge-chapter-yes")).to_have_count(0)


def test_without_a_chapter_there_is_nothing_to_merge(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Emptied", ONE)
    opened(page, url, project)
    page.locator("#chapter-delete").click()
    page.locator("#delete-chapter-yes").click()
    expect(page.locator("#chapters label")).to_have_count(0)
    expect(page.locator("#chapter-merge")).to_be_hidden()
    expect(page.locator("#merge-chapter-yes")).to_have_count(0)
