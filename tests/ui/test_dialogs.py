"""Dialogs are modal: what is behind one cannot be reached, and the focus goes in and comes back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from templora.studio import Studio
from tests.ui.desk_page import at_end, chapters, made, opened, prose, saved

FOCUS_IN = "(id) => document.getElementById(id).contains(document.activeElement)"


def two_versions(studio: Studio, title: str) -> tuple[str, str]:
    """A book of one chapter with an older version; (project, chapter)."""
    project = made(studio, title, "One two three.")
    (chapter,) = chapters(studio, project)
    studio.name_revision(chapter, 1, "kept")
    studio.save(chapter, 1, "One two three four.")
    return project, chapter


def test_from_the_text_into_a_dialog_and_back_to_the_same_word(page: Page, url: str, studio: Studio) -> None:
    project, chapter = two_versions(studio, "Into and back")
    opened(page, url, project)
    at_end(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Control+Shift+H")
    dialog = page.get_by_role("dialog", name="History")
    expect(dialog).to_have_attribute("aria-modal", "true")
    expect(dialog.locator("#versions input:checked")).to_be_focused()
    for key in ["Tab"] * 12 + ["Shift+Tab"] * 24:
        page.keyboard.press(key)
        assert not page.evaluate(FOCUS_IN, "desk"), "the desk behind it cannot be reached"
    page.locator(".cm-content").evaluate("(text) => text.focus()")
    assert not page.evaluate(FOCUS_IN, "desk")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".cm-content")).to_be_focused()
    page.keyboard.type(", five")
    saved(page)
    assert studio.chapter(chapter).text == "One two three four, five."


@pytest.mark.parametrize(
    ("opener", "name", "first"),
    [
        ("open-books", "Books", "#books input:checked"),
        ("open-export", "Export", "#export-format input:checked"),
        ("open-history", "History", "#versions input:checked"),
        ("compare", re.compile("with and without", re.IGNORECASE), "#compare-close"),
    ],
)
def test_the_focus_goes_in_and_comes_back(
    page: Page, url: str, studio: Studio, opener: str, name: str, first: str
) -> None:
    project, _ = two_versions(studio, f"Focus of {opener}")
    opened(page, url, project)
    page.get_by_role("tab", name="Memory").click()
    page.locator(f"#{opener}").click()
    dialog = page.get_by_role("dialog", name=name)
    expect(dialog.locator(first)).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(f"#{opener}")).to_be_focused()


def test_the_first_book_is_asked_for_where_one_can_type(page: Page, url: str, studio: Studio) -> None:
    page.goto(f"{url}/?book=none")
    expect(page.get_by_role("dialog", name="Books")).to_be_visible(timeout=30_000)
    page.wait_for_function(FOCUS_IN, arg="books-dialog")
    page.keyboard.press("Escape")
    page.wait_for_timeout(500)
    expect(page.get_by_role("dialog", name="Books")).to_be_visible()


def test_escape_answers_the_open_question_first(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Asked", "One.", "Two.")
    opened(page, url, project)
    page.locator("#chapter-delete").click()
    expect(page.locator("#delete-chapter")).to_be_visible()
    page.locator("#open-books").click()
    page.locator("#books label", has_text="Asked").click()
    page.locator("#book-delete").click()
    expect(page.locator("#delete-book")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#delete-book")).to_have_count(0)
    expect(page.locator("#books-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#books-dialog")).to_have_count(0)
    expect(page.locator("#delete-chapter")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#delete-chapter")).to_have_count(0)
    assert project in [each.id for each in studio.projects()] and len(chapters(studio, project)) == 2


def test_in_a_drawer_escape_answers_the_question_before_the_drawer_goes(
    chromium: Browser, url: str, studio: Studio
) -> None:
    project = made(studio, "Asked in a drawer", "One.", "Two.")
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    opened(page, url, project)
    page.locator("#toggle-binder").click()
    page.locator("#chapter-delete").click()
    expect(page.locator("#delete-chapter")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#delete-chapter")).to_have_count(0)
    expect(page.locator("#chapters")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#chapters")).not_to_be_visible()
    context.close()


def test_an_escape_that_the_text_or_an_input_method_uses_closes_nothing(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Escapes", prose(1))
    opened(page, url, project)
    page.locator("#chapter-delete").click()
    expect(page.locator("#delete-chapter")).to_be_visible()
    at_end(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_function("() => window.templora.state().mode === 'ghost'")
    page.keyboard.press("Escape")  # puts the take away
    page.wait_for_function("() => window.templora.state().mode === 'idle'")
    page.evaluate(
        """() => document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', { key: 'Escape', isComposing: true, bubbles: true }))"""
    )
    page.wait_for_timeout(500)
    expect(page.locator("#delete-chapter")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#delete-chapter")).to_have_count(0)


def test_a_side_of_the_comparison_is_used_with_the_caret_in_the_text(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Used", prose(1))
    opened(page, url, project)
    at_end(page)
    page.get_by_role("tab", name="Memory").click()
    page.locator("#compare").click()
    page.locator("#compare-use-with:not([disabled])").click()
    expect(page.locator("#compare-dialog")).to_have_count(0)
    expect(page.locator(".cm-content")).to_be_focused()


def test_a_version_of_another_chapter_is_not_restored_into_this_one(page: Page, url: str, studio: Studio) -> None:
    project, chapter = two_versions(studio, "Another's")
    other = studio.add_chapter(project, "Other", "Other words.").id
    opened(page, url, project, other)
    said = page.evaluate(f"() => window.desk.restoreRevision(1, '{chapter}')")
    assert said == "Another chapter is open now. Open its history, and choose again."
    assert studio.chapter(other).text == "Other words." and studio.chapter(chapter).text == "One two three four."
    assert page.evaluate(f"() => window.desk.restoreRevision(1, '{other}')") == ""
