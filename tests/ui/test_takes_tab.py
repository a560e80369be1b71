"""The Takes tab and the buttons below the text, on the whole page in real Chromium."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.desk_page import at_end, chapters, made, opened, saved

TEXT = "She stood on the steps.\n\nThe mud was warm."


def mode(page: Page, wanted: str) -> None:
    page.wait_for_function("(wanted) => window.templora.state().mode === wanted", arg=wanted)


def asked(engine: FakeEngine) -> Any:
    """The newest request for takes."""
    return [request for request in engine.requests if hasattr(request, "sampling")][-1]


def test_takes_stand_side_by_side_and_one_is_used_from_its_card(
    page: Page, url: str, studio: Studio, engine: FakeEngine
) -> None:
    book = made(studio, "Side by side", "The mud was warm.")
    opened(page, url, book)
    expect(page.locator("#take-card-0")).to_be_hidden()
    page.locator("#takes-at-once input[type=number]").fill("5")
    page.keyboard.press("Enter")
    engine.replies = [f"<b>take {number}</b> goes on" for number in range(5)]
    at_end(page)
    page.keyboard.press("Control+Enter")
    mode(page, "ghost")
    expect(page.locator("#take-text-4")).to_have_text("<b>take 4</b> goes on")  # text, never markup
    expect(page.locator("#take-card-0")).to_have_attribute("data-shown", "true")
    page.locator("#take-show-3").click()
    expect(page.locator(".t-ghost")).to_have_text("<b>take 3</b> goes on ")
    page.locator("#take-use-1").click()
    mode(page, "idle")
    saved(page)
    assert studio.chapter(chapters(studio, book)[0]).text == "The mud was warm.<b>take 1</b> goes on "
    page.reload()
    page.wait_for_function("() => window.templora?.state()?.chapter", timeout=30_000)
    expect(page.locator("#take-about-1")).to_contain_text("in the book")  # offered again, the rejected ones too
    expect(page.locator("#take-text-4")).to_have_text("<b>take 4</b> goes on")
    expect(page.locator("#takes-what")).to_have_text("Continued")


def test_a_beat_is_written_on_enter_and_listed_with_its_take(
    page: Page, url: str, studio: Studio, engine: FakeEngine
) -> None:
    book = made(studio, "Beats", "The mud was warm.")
    opened(page, url, book)
    at_end(page)
    page.keyboard.press("Control+Shift+b")
    expect(page.locator("#beat textarea")).to_be_focused()
    page.keyboard.type("she goes in")
    page.keyboard.press("Enter")
    mode(page, "ghost")
    assert (asked(engine).beat, asked(engine).before) == ("she goes in", "The mud was warm.")
    expect(page.locator("#takes-what")).to_have_text("From a beat: she goes in")
    expect(page.locator("#earlier label").first).to_contain_text("Beat ‘she goes in’: take number 0")
    page.keyboard.press("Escape")
    mode(page, "idle")
    page.locator("#earlier label").first.click()
    page.locator("#take-show").click()
    mode(page, "ghost")
    page.locator("#do-sentence").click()
    saved(page)
    assert studio.chapter(chapters(studio, book)[0]).text.startswith("The mud was warm.take number 0")


def test_the_buttons_below_the_text_follow_the_selection(
    page: Page, url: str, studio: Studio, engine: FakeEngine
) -> None:
    book = made(studio, "Buttons", TEXT)
    opened(page, url, book)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    expect(page.locator("#do-continue")).to_be_visible()
    expect(page.locator("#do-rewrite")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.locator("#do-fill").click()
    mode(page, "ghost")
    assert asked(engine).after.strip() == "The mud was warm."
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Home")
    page.keyboard.press("Shift+End")
    expect(page.locator("#do-continue")).to_be_hidden()
    engine.replies = ["She stood there."]
    page.locator("#do-shorten").click()
    mode(page, "diff")
    assert (asked(engine).verb, asked(engine).passage) == ("shorten", "She stood on the steps.")
    page.locator("#do-take-change").click()
    page.locator("#do-leave-change").click()  # the space that this model ends with
    mode(page, "idle")
    saved(page)
    assert studio.chapter(chapters(studio, book)[0]).text == "She stood there.\n\nThe mud was warm."
    page.keyboard.press("Control+Home")
    page.keyboard.press("Shift+End")
    page.locator("#verb-past").click()
    mode(page, "diff")
    assert asked(engine).verb == "past"


def test_a_base_model_is_not_offered_a_wish(page: Page, url: str, studio: Studio, engine: FakeEngine) -> None:
    book = made(studio, "Base", TEXT)
    engine.answers = False
    opened(page, url, book)
    expect(page.locator("#base-model-note")).to_be_visible()
    expect(page.locator("#instruction")).to_be_hidden()
    expect(page.locator("#verb-past")).to_be_visible()
    engine.answers = True
    page.reload()
    expect(page.locator("#instruction")).to_be_visible()
