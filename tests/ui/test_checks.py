"""The voice check and the echo check as a writer uses them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from templora.engine import Score
from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.desk_page import chapters, learnt, line, made, opened, prose, saved, until

FOREIGN = "So v1 v2 v3 v4 v5 v6 v7."


def sentences(paragraphs: int, seed: int) -> str:
    words = iter(f"w{(seed + i) % 500}" for i in range(24 * paragraphs))
    return "\n\n".join(
        " ".join(" ".join(["So", *(next(words) for _ in range(8))]) + "." for _ in range(3)) for _ in range(paragraphs)
    )


@pytest.fixture
def surprised(engine: FakeEngine, studio: Studio) -> Iterator[FakeEngine]:
    """The model finds one word dear."""
    tokenizer = studio._books.tokenizer  # pyright: ignore[reportPrivateUsage]
    assert tokenizer is not None
    engine.losses[tokenizer.encode(" v5")[-1]] = 30.0
    yield engine
    engine.losses.clear()


def open_check(page: Page, name: str) -> None:
    page.get_by_role("tab", name="Memory").click()
    page.get_by_role("button", name=name).click()


def selection(page: Page) -> str:
    return page.evaluate("() => getSelection().toString()")


def book(studio: Studio, title: str, seed: int) -> tuple[str, str]:
    """A learnt chapter, and one that is not learnt, with a foreign sentence in it; the project and that chapter."""
    project = made(studio, title, sentences(10, seed), "")
    learnt(studio, project)
    second = chapters(studio, project)[1]
    studio.save(second, 1, f"{sentences(2, seed + 250)} {FOREIGN}\n\n{sentences(1, seed + 400)}")
    return project, second


def test_a_foreign_sentence_is_tinted_listed_and_gone_to(
    page: Page, url: str, studio: Studio, surprised: FakeEngine
) -> None:
    project, chapter = book(studio, "Voice", 0)
    opened(page, url, project, chapter)
    open_check(page, "Voice check")
    expect(page.locator("#voice-check")).to_contain_text("never a fact check")
    expect(page.locator(".t-warm")).to_have_count(0)
    page.locator("#voice-on input").check()
    tint = page.locator(".t-warm-3")
    expect(tint).to_have_text(FOREIGN)
    expect(page.locator(".t-warm")).to_have_count(1)
    assert tint.evaluate("(mark) => getComputedStyle(mark).backgroundColor") != "rgba(0, 0, 0, 0)"
    row = page.locator("#voice-list label")
    expect(row).to_contain_text(FOREIGN)
    expect(line(page, "voice-line")).to_have_value(re.compile("each measured before the memory had learnt it"))
    row.click()
    page.wait_for_function("(words) => getSelection().toString() === words", arg=FOREIGN)
    expect(page.locator("#voice-list input:checked")).to_have_count(0)

    # What is edited falls away; what is left of the list says so.
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type(" w1")
    expect(page.locator(".t-warm")).to_have_count(0)
    saved(page)
    page.locator("#voice-list label").click()
    expect(page.locator(".t-strip")).to_contain_text("changed since it was checked")
    page.locator("#voice-again").click()
    expect(page.locator(".t-warm-3")).to_have_count(1)
    page.locator("#voice-on input").uncheck()
    expect(page.locator(".t-warm")).to_have_count(0)
    expect(page.locator("#voice-list")).to_be_hidden()


def test_while_it_is_on_each_chapter_that_is_opened_is_checked(
    page: Page, url: str, studio: Studio, surprised: FakeEngine
) -> None:
    project, chapter = book(studio, "Chapters", 50)
    opened(page, url, project, chapters(studio, project)[0])
    open_check(page, "Voice check")
    page.locator("#voice-on input").check()
    expect(line(page, "voice-line")).to_have_value(re.compile("Compared with"))
    page.locator("#chapters label", has_text="Part 2").click()
    expect(page.locator(".t-warm-3")).to_have_text(FOREIGN)
    assert chapter in page.url


def test_a_check_shows_how_far_it_is_and_can_be_cancelled(
    page: Page, url: str, studio: Studio, surprised: FakeEngine
) -> None:
    project, chapter = book(studio, "Cancelled", 100)
    opened(page, url, project, chapter)
    open_check(page, "Voice check")
    surprised.score_gate = threading.Event()
    try:
        page.locator("#voice-on input").check()
        expect(page.locator("#voice-progress")).to_have_text(re.compile(r"Reading passage 1 of \d"))
        until(lambda: any(isinstance(request, Score) for request in surprised.requests))
        # Writing goes on meanwhile.
        page.locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(" w9")
        page.locator("#voice-cancel").click()
        expect(page.locator("#voice-again")).to_be_visible()
        expect(page.locator("#voice-cancel")).to_be_hidden()
        until(lambda: studio.checks.voice(chapter).state == "cancelled")
        expect(page.locator(".t-warm")).to_have_count(0)
        saved(page)
        assert studio.chapter(chapter).text.endswith(" w9")
    finally:
        surprised.score_gate.set()
        surprised.score_gate = None


def test_an_empty_memory_is_told_what_to_do(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Empty", prose(2))
    opened(page, url, project)
    open_check(page, "Voice check")
    page.locator("#voice-on input").check()
    expect(line(page, "voice-line")).to_have_value(re.compile("learnt nothing yet.*Learn now"))


def test_an_echo_is_listed_with_its_places_and_gone_to_in_another_chapter(page: Page, url: str, studio: Studio) -> None:
    phrase = "a ragged salty breath of wind"
    texts = [
        f"{prose(2, seed=seed)}.\n\nThere came {phrase}, w{seed} w1 w2.\n\n{prose(1, seed=seed + 9)}"
        for seed in (1, 2, 3)
    ]
    project = made(studio, "Echoes", *texts)
    first, _, third = chapters(studio, project)
    opened(page, url, project, first)
    open_check(page, "Echo check")
    page.locator("#echo-look").click()
    row = page.locator("#echo-list label", has_text=phrase)
    expect(row).to_contain_text("3×")
    row.click()
    expect(page.locator("#echo-places label")).to_have_count(3)
    place = page.locator("#echo-places label").nth(2)
    expect(place).to_contain_text("3 · ")
    place.click()
    page.wait_for_function("(id) => window.templora.state().chapter === id", arg=third)
    page.wait_for_function("(words) => getSelection().toString().endsWith(words)", arg=phrase)
    # Words that have moved since are found all the same.
    page.keyboard.press("Control+Home")
    page.keyboard.type("w3 w4 w5 ")
    page.locator("#echo-places label").nth(2).click()
    page.wait_for_function("(words) => getSelection().toString().endsWith(words)", arg=phrase)
    page.keyboard.press("Delete")
    saved(page)
    page.locator("#echo-places label").nth(2).click()
    expect(page.locator(".t-strip")).to_contain_text("no longer there")


def test_a_book_without_echoes_says_so(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Quiet", "She went. He came.")
    opened(page, url, project)
    open_check(page, "Echo check")
    page.locator("#echo-look").click()
    expect(line(page, "echo-line")).to_have_value(re.compile("^No phrase"))
