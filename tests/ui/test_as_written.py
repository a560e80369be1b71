"""A manuscript full of what a template, a script or a bidirectional mark would be: it shows, and stays, as itself."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.desk_page import at_end, chapters, made, opened, saved, titles, until

CODE = "${window.hurt=1} {{window.hurt=1}} <script>window.hurt=1</script> <b onclick=x>&amp;</b>"
MARKS = "\u200fשלום\u200e \u202edlrow\u202c \u2066a\u2069 \u200d\u00a0\u00ad\ufeff."
TEXT = f"“{CODE}” he said.\n\n{MARKS} *{CODE}*\n\n***\n\n`${{x}}` #{{x}} {{% x %}} <!-- x --> \\n \\u0041 %s"
TITLE = f"{CODE} {MARKS}"


def test_a_manuscript_shows_and_stays_as_it_was_written(
    page: Page, url: str, studio: Studio, engine: FakeEngine
) -> None:
    project = made(studio, TITLE, "one", "two")
    chapter, other = chapters(studio, project)
    studio.change_chapter(other, title=TITLE)
    opened(page, url, project, chapter)
    expect(page.locator("#book-title input")).to_have_value(TITLE)
    # Typed on the page: title, synopsis, text.
    page.locator("#chapter-title input").fill(TITLE)
    page.keyboard.press("Enter")
    until(lambda: titles(studio, project) == [TITLE, TITLE])
    for number in range(2):
        label = page.locator("#chapters label").nth(number)
        until(lambda label=label: TITLE in (label.text_content() or ""))
    page.locator("#chapter-synopsis textarea").fill(TEXT)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(TEXT)
    saved(page)
    assert studio.chapter(chapter).text == TEXT
    until(lambda: studio.chapter(chapter).synopsis == TEXT)
    # A take is shown, listed, accepted and saved as the model wrote it.
    at_end(page)
    engine.replies = [f" {TEXT}"]
    page.keyboard.press("Control+Enter")
    page.wait_for_function("() => window.templora.state().mode === 'ghost'")
    shown = page.evaluate("() => [...document.querySelectorAll('.t-ghost > span')].map((part) => part.textContent)")
    assert "\n\n".join(shown).rstrip() == f" {TEXT}"
    page.keyboard.press("Tab")
    saved(page)
    assert studio.chapter(chapter).text.rstrip() == f"{TEXT} {TEXT}"
    assert studio.takes(chapter)[-1].text.rstrip() == f" {TEXT}"
    # The history tells both versions apart, and gives the older one back.
    page.locator("#open-history").click()
    page.locator("#versions label").nth(1).click()
    expect(page.locator("#history-changes")).to_contain_text("<script>window.hurt=1</script>")
    page.locator("#history-mode label").nth(1).click()
    expect(page.locator("#history-text textarea")).to_have_value(re.compile(re.escape("{% x %} <!-- x -->")))
    older = page.locator("#history-text textarea").input_value()
    page.locator("#history-restore").click()
    until(lambda: studio.chapter(chapter).text == older)
    page.keyboard.press("Escape")
    # A copy has every word of it; after a reload all stands as before.
    page.locator("#open-export").click()
    page.locator("#export-format label", has_text="Plain text").click()
    with page.expect_download() as download:
        page.locator("#export-copy").click()
    assert CODE in Path(download.value.path()).read_text(encoding="utf-8")
    page.reload()
    page.wait_for_function("() => window.templora?.state()?.chapter", timeout=30_000)
    expect(page.locator("#chapter-title input")).to_have_value(TITLE)
    expect(page.locator("#chapter-synopsis textarea")).to_have_value(TEXT)
    assert studio.chapter(chapter).text == older
    assert page.evaluate("() => window.hurt") is None
