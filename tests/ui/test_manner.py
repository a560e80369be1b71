"""The manner that a book is written in, as a writer uses it."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

from templora.engine import Continue
from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.desk_page import at_end, line, made, opened, prose, until


def written(page: Page, engine: FakeEngine) -> dict[str, object]:
    """The settings of a take that is asked for now."""
    engine.requests.clear()
    at_end(page)
    page.keyboard.press("Control+Enter")
    until(lambda: any(isinstance(request, Continue) for request in engine.requests))
    page.wait_for_function("() => window.templora.state().mode === 'ghost'")
    page.keyboard.press("Escape")
    return next(request.sampling for request in engine.requests if isinstance(request, Continue))


def test_a_manner_sets_the_numbers_and_a_number_makes_it_ones_own(
    page: Page, url: str, studio: Studio, engine: FakeEngine
) -> None:
    wild, other = made(studio, "Wild", prose(2)), made(studio, "Other", prose(2))
    opened(page, url, wild)
    expect(page.locator("#manner label.selected")).to_have_text("Lively")
    expect(line(page, "manner-line")).to_have_value(re.compile("temperature 0.9"))
    page.locator("#manner label", has_text="Wild").click()
    expect(line(page, "manner-line")).to_have_value(re.compile("XTC 0.4 · DRY 3"))
    until(lambda: studio.manner(wild).name == "Wild")
    asked = written(page, engine)
    assert (asked["temperature"], asked["xtc_probability"], asked["dry_multiplier"]) == (1.1, 0.4, 3)

    # A number of one's own keeps the others.
    page.locator("#set-temperature input[type=number]").fill("0.7")
    page.keyboard.press("Enter")
    expect(page.locator("#manner label.selected")).to_have_text("Own")
    until(lambda: studio.manner(wild).numbers.get("temperature") == 0.7)
    assert studio.manner(wild).numbers["xtc_probability"] == 0.4
    asked = written(page, engine)
    assert (asked["temperature"], asked["xtc_probability"]) == (0.7, 0.4)

    # Each book has its own, and keeps it.
    opened(page, url, other)
    expect(page.locator("#manner label.selected")).to_have_text("Lively")
    asked = written(page, engine)
    assert (asked["temperature"], asked.get("xtc_probability", 0.0)) == (0.9, 0.0)
    opened(page, url, wild)
    expect(page.locator("#manner label.selected")).to_have_text("Own")
    assert written(page, engine)["xtc_probability"] == 0.4
    assert json.loads(studio.peek(wild)[0].sampling)["name"] == "Own"


def shown(page: Page, url: str, book: str) -> None:
    """Opens a book, and waits until its manner is shown: what is typed before would be written over."""
    opened(page, url, book)
    expect(line(page, "manner-line")).to_have_value(re.compile("temperature"))


def test_banned_phrases_and_favoured_words_belong_to_the_book(
    page: Page, url: str, studio: Studio, engine: FakeEngine
) -> None:
    book, other = made(studio, "Words", prose(2)), made(studio, "None", prose(2))
    shown(page, url, book)
    page.get_by_text("The numbers behind it").click()
    line(page, "set-banned").fill("a shiver\n\ncouldn’t help but")
    line(page, "set-word_bias").fill("old harbour +2\nsuddenly −5.5\nnot yet")
    line(page, "set-banned").focus()
    until(lambda: len(studio.manner(book).words) == 2)
    page.locator("#manner label", has_text="Steady").click()
    until(lambda: studio.manner(book).name == "Steady")
    words = {"banned": ("a shiver", "couldn’t help but"), "word_bias": {"old harbour": 2.0, "suddenly": -5.5}}
    assert studio.manner(book).words == words

    shown(page, url, other)
    page.get_by_text("The numbers behind it").click()
    expect(line(page, "set-banned")).to_have_value("")
    assert not written(page, engine)["banned"]
    shown(page, url, book)
    page.get_by_text("The numbers behind it").click()
    expect(line(page, "set-banned")).to_have_value("a shiver\ncouldn’t help but")
    expect(line(page, "set-word_bias")).to_have_value("old harbour +2\nsuddenly -5.5")
    asked = written(page, engine)
    assert {name: asked[name] for name in words} == words
