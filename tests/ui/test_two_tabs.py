"""Two pages in one chapter: neither overwrites the other, and the writer sees both versions and chooses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from templora.studio import Studio
from tests.ui.desk_page import at_end, chapters, made, opened

TEXT = "The mud was warm.\n\nInes counted the hours."


@pytest.fixture
def other(context: BrowserContext) -> Iterator[Page]:
    """A second tab of the same browser."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert not errors, errors


@pytest.fixture
def book(page: Page, other: Page, url: str, studio: Studio) -> str:
    """A chapter that stands open in both tabs; its id."""
    project = made(studio, "Two tabs", TEXT)
    opened(page, url, project)
    opened(other, url, project)
    return chapters(studio, project)[0]


def flush(page: Page) -> bool:
    return page.evaluate("() => window.templora.flush()")


def write(page: Page, words: str) -> bool:
    """Types at the end and saves; whether the server took it."""
    page.bring_to_front()
    at_end(page)
    page.keyboard.type(words)
    return flush(page)


CHOICES: list[tuple[str, str]] = [
    ("Keep mine", TEXT + " Second."),
    ("Take theirs", TEXT + " First."),
    ("Keep both", TEXT + " First.\n\nInes counted the hours. Second."),
]


@pytest.mark.parametrize(("choice", "expected"), CHOICES)
def test_the_second_to_save_sees_both_versions_and_chooses(
    page: Page, other: Page, studio: Studio, book: str, choice: str, expected: str
) -> None:
    assert write(page, " First.") is True
    assert write(other, " Second.") is False
    assert studio.chapter(book).text == TEXT + " First.", "what was saved first stands"
    conflict = other.locator(".t-conflict")
    expect(conflict.locator("del")).to_have_text("First")
    expect(conflict.locator("ins")).to_have_text("Second")
    conflict.get_by_role("button", name=choice).click()
    expect(conflict).to_be_hidden()
    assert flush(other) is True
    assert studio.chapter(book).text == expected
    # The first tab, stale now, neither overwrites nor loses anything when its writer goes on.
    if expected != TEXT + " First.":
        assert write(page, " Third.") is False
        assert studio.chapter(book).text == expected
        expect(page.locator(".t-conflict")).to_be_visible()
        page.locator(".t-conflict").get_by_role("button", name="Keep both").click()
        assert flush(page) is True
        now = studio.chapter(book).text
        assert all(word in now for word in expected.replace(TEXT, "").split()) and "Third." in now


def test_a_page_that_only_looked_follows_without_a_question(page: Page, other: Page, studio: Studio, book: str) -> None:
    assert write(page, " First.") is True
    other.bring_to_front()
    at_end(other)
    other.keyboard.press("Control+Enter")  # asks the server, which says that the page is behind
    expect(other.locator(".cm-content")).to_contain_text("First.")
    expect(other.locator(".t-conflict")).to_be_hidden()
    assert write(other, " Second.") is True
    assert studio.chapter(book).text == TEXT + " First. Second."


def shut(page: Page, context: BrowserContext, studio: Studio, book: str) -> None:
    """The page's laptop is shut over unsaved words; meanwhile the first version is restored elsewhere."""
    first = studio.chapter(book).revision
    studio.name_revision(book, first, "Draft")
    assert write(page, " First.") is True
    context.set_offline(True)
    assert write(page, " Unsaved.") is False
    studio.restore_revision(book, studio.chapter(book).revision, first)
    assert studio.chapter(book).text == TEXT


@pytest.mark.usefixtures("book")
def test_a_page_without_a_desk_asks_in_vain_and_says_no_error(page: Page, context: BrowserContext) -> None:
    page.wait_for_function("() => document.body.dataset.model")
    context.set_offline(True)
    page.evaluate("() => window.desk.abilities()")
    assert page.evaluate("() => document.body.dataset.model") == "chat", "as it was"


RESTORED = [
    ("Keep mine", TEXT + " First. Unsaved."),
    ("Take theirs", TEXT),
    ("Keep both", TEXT + "\n\nInes counted the hours. First. Unsaved."),
]


@pytest.mark.parametrize(("choice", "expected"), RESTORED)
def test_a_stale_page_wakes_up_after_a_restore_in_the_other(
    page: Page, context: BrowserContext, studio: Studio, book: str, choice: str, expected: str
) -> None:
    shut(page, context, studio, book)
    context.set_offline(False)
    conflict = page.locator(".t-conflict")
    expect(conflict).to_be_visible()
    assert studio.chapter(book).text == TEXT, "nothing is chosen for the writer"
    conflict.get_by_role("button", name=choice).click()
    assert flush(page) is True
    assert studio.chapter(book).text == expected


def test_its_words_come_back_in_another_tab_when_it_never_wakes_up(
    page: Page, other: Page, context: BrowserContext, url: str, studio: Studio, book: str
) -> None:
    shut(page, context, studio, book)
    page.close()
    context.set_offline(False)
    opened(other, url, studio.chapter(book).project)
    expect(other.locator(".t-conflict")).to_contain_text("Unsaved")
    other.locator(".t-conflict").get_by_role("button", name="Keep mine").click()
    assert flush(other) is True
    assert studio.chapter(book).text == TEXT + " First. Unsaved."
