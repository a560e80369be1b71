"""The palette of all actions, and the list of shortcuts."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from templora.studio import Studio
from tests.ui.desk_page import chapters, made, opened, titles


def test_actions_are_found_and_done_by_keyboard(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Palette", "one", "two words")
    opened(page, url, project)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="What would you like to do?")
    expect(field).to_be_focused()
    assert page.evaluate("() => document.getElementById('desk').inert")
    # What is not possible says why, and does nothing.
    page.keyboard.type("rewrite")
    row = page.get_by_role("option", name="Rewrite the selection")
    expect(row).to_contain_text("Select a passage first.")
    expect(row).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    expect(field).to_be_visible()
    field.fill("move the chapter")
    expect(page.get_by_role("option")).to_have_text(["Move the chapter up", "Move the chapter down"])
    page.keyboard.press("ArrowUp")  # round the end
    expect(page.get_by_role("option", name="down")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).not_to_be_visible()
    expect(page.locator(".cm-content")).to_be_focused()
    expect(page.locator("#chapters label").first).to_contain_text("Part 2")
    assert titles(studio, project) == ["Part 2", "Part 1"]
    # What was used last comes first; Esc closes.
    page.get_by_role("button", name="All actions").click()
    expect(page.get_by_role("option").first).to_have_text("Move the chapter up")
    page.keyboard.press("Escape")
    expect(field).not_to_be_visible()
    # A tab that must be chosen first is chosen.
    page.keyboard.press("Control+k")
    page.keyboard.type("pause")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Memory")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#learn-resume")).to_be_visible()
    page.locator("#learn-resume").click()


def test_the_shortcuts_hold_on_the_desk_and_are_listed(page: Page, url: str, studio: Studio) -> None:
    opened(page, url, made(studio, "Shortcuts", "one"))
    page.locator("#open-books").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("History of the chapter …Ctrl ⇧ H")
    page.keyboard.press("Control+k")  # one dialog at a time
    expect(page.locator("#palette")).not_to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(page.locator("#open-books")).to_be_focused()
    page.keyboard.press("Control+Shift+H")
    expect(page.locator("#history-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#history-dialog")).to_have_count(0)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Why?")  # typed, not a shortcut
    expect(page.locator(".cm-content")).to_have_text("one Why?")
    expect(dialog).not_to_be_visible()


def test_the_actions_press_buttons_that_are_there(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Buttons", "one", "two")
    opened(page, url, project, chapters(studio, project)[0])
    page.get_by_role("tab", name="Memory").click()
    page.get_by_role("button", name="Echo check").click()
    expect(page.locator("#echo-look")).to_be_visible()
    page.get_by_role("tab", name="Notes").click()
    expect(page.locator("#entry-new")).to_be_visible()
    ids = page.evaluate("() => window.templora.actions.map(({press}) => press).filter(Boolean)")
    missing = [id for id in ids if not page.locator(f"#{id}").count()]
    assert missing == ["order-undo", "learn-resume"], "one has nothing to undo, the other stands in another's place"
