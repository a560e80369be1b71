"""The Memory panel as a writer uses it: what is learnt, what is forgotten, how strong it is, what it changes."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from templora.engine import Continue, Learn
from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.desk_page import at_end, chapters, learnt, line, made, opened, prose, saved, until


def memory_tab(page: Page) -> None:
    page.get_by_role("tab", name="Memory").click()
    expect(page.locator("#learn-now")).to_be_visible()


def count(page: Page, state: str) -> str:
    """The words that the panel counts beside the mark of this state."""
    row = page.locator("#memory-counts .tally").filter(has=page.locator(f".t-band-{state}"))
    return row.locator("b").inner_text()


def test_the_memory_panel_shows_what_is_learnt_and_pauses(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Memory", prose(20))
    opened(page, url, project)
    page.get_by_role("tab", name="Memory").click()
    expect(line(page, "memory-line")).to_have_value("The memory is empty.")
    page.locator("#learn-pause").click()
    expect(page.locator("#learn-resume")).to_be_visible()
    page.locator("#learn-resume").click()
    expect(page.locator("#learn-pause")).to_be_visible()
    page.locator("#learn-now").click()
    expect(page.locator("#memory-number")).to_contain_text("−", timeout=15_000)
    expect(page.locator("#memory-counts")).to_contain_text("600")
    expect(page.locator("#memory-chart")).to_be_visible()
    page.locator("#memory-discard").click()
    page.locator("#discard-memory-yes").click()
    expect(line(page, "memory-line")).to_have_value("The memory was discarded. ‘Learn now’ would learn the book again.")


def test_the_counts_are_a_legend_of_the_band_and_follow_an_edit(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Edited", prose(12, seed=1), prose(2, seed=2))
    learnt(studio, project)
    first = chapters(studio, project)[0]
    opened(page, url, project, first)
    memory_tab(page)
    expect(page.locator("#memory-counts .tally")).to_have_count(2)
    assert (count(page, "known"), count(page, "pending")) == ("420", "0")
    expect(page.locator("#passage-state")).to_have_text("learnt")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("w1 w2 w3 ")
    saved(page)
    expect(page.locator("#memory-counts")).to_contain_text("An older version is learnt")
    expect(page.locator(".t-band-gutter .t-band-stale").first).to_be_visible()
    expect(page.locator("#passage-state")).to_have_text("an older version is learnt")
    expect(line(page, "memory-line")).to_have_value(
        "You edited learnt text. Relearning takes under a minute: by itself while you pause, or on ‘Learn now’."
    )
    # The legend shows what the band shows: the same class, as large as it can be seen.
    swatch = page.locator("#memory-counts .t-band-stale").bounding_box()
    assert swatch is not None and swatch["width"] == 3 and swatch["height"] > 10
    page.locator("#learn-now").click()
    expect(page.locator(".t-band-gutter .t-band-stale")).to_have_count(0)
    expect(page.locator("#memory-counts .tally")).to_have_count(2)


def test_chapter_by_chapter_and_all_learnt_again(page: Page, url: str, studio: Studio, engine: FakeEngine) -> None:
    project = made(studio, "Chapters", prose(6, seed=21), prose(6, seed=22))
    learnt(studio, project)
    opened(page, url, project)
    memory_tab(page)
    page.get_by_role("button", name="Chapter by chapter").click()
    table = page.locator("#memory-chapters")
    expect(table).to_contain_text("2 · Part 2")
    expect(table).to_contain_text("3 of 3")
    expect(table).to_contain_text("−")
    engine.requests.clear()
    page.locator("#relearn-all").click()
    expect(line(page, "relearn-memory-text")).to_have_value(
        re.compile("takes under a minute.*The text stays", re.DOTALL)
    )
    page.locator("#relearn-memory-yes").click()
    expect(page.locator("#relearn-memory-yes")).to_have_count(0)
    chunks = len(studio.memory(project).chunks)
    # One may be asked for twice: where the memory is not held yet.
    until(lambda: sum(isinstance(request, Learn) for request in engine.requests) >= chunks)
    until(lambda: studio.memory(project).state == "current")


def test_forget_now_says_what_it_drops_and_what_it_leaves(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Forgotten", prose(10, seed=3), prose(6, seed=4))
    learnt(studio, project)
    first, second = chapters(studio, project)
    studio.delete_chapter(first)
    gone = until(lambda: studio.memory(project).gone_chunks)
    opened(page, url, project, second)
    memory_tab(page)
    page.locator("#forget-now").click()
    question = line(page, "forget-text")
    expect(question).to_have_value(re.compile(f"still knows {gone} passages"))
    asked = question.input_value()
    for kept in ("earlier versions", "deleted chapters", "takes", "backups"):
        assert kept in asked.split("does not touch")[1]
    assert question.evaluate("(field) => field.scrollHeight <= field.clientHeight + 2"), "all of it can be read"
    page.locator("#forget-no").click()
    expect(page.locator("#forget-yes")).to_have_count(0)
    assert studio.memory(project).gone_chunks == gone
    page.locator("#forget-now").click()
    page.locator("#forget-yes").click()
    said = f"^Forgotten: {gone} passages no longer in the book.*backups still hold the words"
    expect(line(page, "memory-told")).to_have_value(re.compile(said, re.DOTALL))
    assert studio.memory(project).gone_chunks == 0


def test_the_room_on_the_disk_is_a_setting_of_the_book(page: Page, url: str, studio: Studio) -> None:
    roomy = made(studio, "Roomy", prose(4))
    opened(page, url, roomy)
    memory_tab(page)
    field = page.locator("#memory-room input")
    expect(field).to_have_value("4")
    field.fill("1.5")
    page.keyboard.press("Enter")
    until(lambda: studio.peek(roomy)[0].disk_bytes == 3 * 2**29)
    opened(page, url, roomy)
    memory_tab(page)
    expect(page.locator("#memory-room input")).to_have_value("1.5")


def test_the_strength_is_kept_with_the_book(page: Page, url: str, studio: Studio) -> None:
    strong, other = made(studio, "Strong", prose(4)), made(studio, "Other", prose(4))
    opened(page, url, strong)
    memory_tab(page)
    slider = page.locator("#strength input[type=range]")
    expect(slider).to_have_value("100")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    until(lambda: studio.peek(strong)[0].strength == 1.2)
    page.locator("#strength input[type=number]").fill("35")
    page.keyboard.press("Enter")
    until(lambda: studio.peek(strong)[0].strength == 0.35)
    page.locator("#open-books").click()
    page.locator("#books label", has_text="Other").click()
    page.locator("#book-open").click()
    expect(slider).to_have_value("100")
    page.reload()
    opened(page, url, strong)
    memory_tab(page)
    expect(slider).to_have_value("35")
    assert studio.peek(other)[0].strength == 1.0


@pytest.fixture
def gate(engine: FakeEngine) -> Iterator[threading.Event]:
    """Holds the model after its first word until it is set."""
    engine.gate = threading.Event()
    yield engine.gate
    engine.gate.set()
    engine.gate = None


def asked(engine: FakeEngine) -> list[Continue]:
    return [request for request in engine.requests if isinstance(request, Continue)]


def test_the_same_passage_with_and_without_the_memory(
    page: Page, url: str, studio: Studio, engine: FakeEngine, gate: threading.Event
) -> None:
    project = made(studio, "Compared", prose(8, seed=5))
    learnt(studio, project)
    studio.set_strength(project, 0.8)
    opened(page, url, project)
    at_end(page)
    page.keyboard.type(" w7 w8")
    memory_tab(page)
    engine.requests.clear()
    engine.replies = ["the boat had moved", "the boat had moved"]
    page.locator("#compare").click()
    expect(page.locator("#compare-with")).to_have_text("the")
    expect(page.locator("#compare-without")).to_have_text("the")
    expect(page.locator("#compare-before")).to_contain_text("w7 w8")
    expect(page.locator("#compare-strength")).to_contain_text("80 %")
    gate.set()
    expect(page.locator("#compare-with")).to_have_text("the boat had moved")
    expect(page.locator("#compare-without")).to_have_text("the boat had moved")
    with_it, without = sorted(asked(engine), key=lambda request: -request.strength)
    assert (with_it.strength, without.strength) == (0.8, 0)
    assert with_it.sampling == without.sampling and with_it.prompt == without.prompt
    (chapter,) = chapters(studio, project)
    assert [take.text.strip() for take in studio.takes(chapter)] == ["the boat had moved"] * 2
    before = studio.chapter(chapter).text
    assert before.endswith(" w7 w8"), "the last words were saved first"

    page.locator("#compare-use-without").click()
    expect(page.locator("#compare-dialog")).to_have_count(0)
    saved(page)
    assert studio.chapter(chapter).text.startswith(before) and studio.chapter(chapter).text != before
    accepted = [take for take in studio.takes(chapter) if take.accepted_revision]
    assert len(accepted) == 1


def test_leaving_the_comparison_stops_the_model_and_keeps_what_it_wrote(
    page: Page, url: str, studio: Studio, engine: FakeEngine, gate: threading.Event
) -> None:
    project = made(studio, "Stopped", prose(6, seed=6))
    opened(page, url, project)
    at_end(page)
    memory_tab(page)
    engine.replies = ["one two three four"] * 2
    page.locator("#compare").click()
    expect(page.locator("#compare-about")).to_contain_text("empty")
    expect(page.locator("#compare-without")).to_have_text("one")
    page.keyboard.press("Escape")
    expect(page.locator("#compare-dialog")).to_have_count(0)
    (chapter,) = chapters(studio, project)
    until(lambda: [take.finish_reason for take in studio.takes(chapter)] == ["cancelled"] * 2)
    assert [take.text.strip() for take in studio.takes(chapter)] == ["one", "one"]
    assert studio.chapter(chapter).text == prose(6, seed=6)


def test_a_model_that_fails_is_told_in_the_comparison(page: Page, url: str, studio: Studio, engine: FakeEngine) -> None:
    project = made(studio, "Failing", prose(6, seed=7))
    opened(page, url, project)
    memory_tab(page)
    engine.dead = True
    try:
        page.locator("#compare").click()
        expect(page.locator("#compare-with")).to_contain_text("model process stopped")
        expect(page.locator("#compare-use-with")).to_be_disabled()
    finally:
        engine.dead = False


def test_on_a_phone_the_two_stand_under_each_other(
    chromium: Browser, url: str, studio: Studio, engine: FakeEngine
) -> None:
    project = made(studio, "Small", prose(6, seed=8))
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    opened(page, url, project)
    page.locator("#toggle-side").click()
    memory_tab(page)
    engine.replies = ["on a phone", "on a phone"]
    page.locator("#compare").click()
    expect(page.locator("#compare-without")).to_have_text("on a phone")
    above, below = page.locator("#compare-with").bounding_box(), page.locator("#compare-without").bounding_box()
    assert above and below and below["y"] > above["y"] + above["height"] and below["x"] == above["x"]
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    context.close()


def test_a_passage_is_left_out_and_learnt_again(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Left out", "\n\n".join([prose(3, seed=9), "w1 w2 w3 w4 w5", prose(3, seed=10)]))
    learnt(studio, project)
    (chapter,) = chapters(studio, project)
    opened(page, url, project)
    memory_tab(page)
    page.locator("#leave-out").click()
    expect(line(page, "memory-told")).to_have_value("Select a passage with text first.")
    page.locator(".cm-line", has_text="w1 w2 w3 w4 w5").click(click_count=3)
    page.locator("#leave-out").click()
    expect(line(page, "memory-told")).to_have_value(
        "Left out: what the memory knows of it goes when it is rebuilt, or at once on ‘Forget now’."
    )
    expect(page.locator(".t-band-gutter .t-band-excluded")).to_have_count(1)
    expect(page.locator("#memory-counts")).to_contain_text("Left out")
    assert count(page, "excluded") == "5"
    expect(page.locator("#passage-state")).to_have_text("left out of the memory")
    page.keyboard.press("Escape")
    page.locator("#let-in").click()
    expect(page.locator(".t-band-gutter .t-band-excluded")).to_have_count(0)
    assert studio.chapter(chapter).excluded == ()


def test_a_stale_page_leaves_nothing_out_before_it_has_seen_the_newer_text(
    page: Page, url: str, studio: Studio
) -> None:
    project = made(studio, "Stale", "w1 w2 w3\n\nw4 w5 w6")
    (chapter,) = chapters(studio, project)
    opened(page, url, project)
    memory_tab(page)
    studio.save(chapter, 1, "w9\n\nw1 w2 w3\n\nw4 w5 w6")
    page.locator(".cm-line", has_text="w4 w5 w6").click(click_count=3)
    page.locator("#leave-out").click()
    expect(line(page, "memory-told")).to_have_value(re.compile("changed"))
    expect(page.locator(".cm-content")).to_contain_text("w9")
    assert studio.chapter(chapter).excluded == ()
    page.locator("#leave-out").click()
    expect(line(page, "memory-told")).to_have_value(re.compile("^Left out"))
    ((start, end),) = studio.chapter(chapter).excluded
    assert studio.chapter(chapter).text[start:end] == "w4 w5 w6"


def test_a_chapter_is_left_out_as_a_whole(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Notes", prose(4, seed=11), prose(4, seed=12))
    first, second = chapters(studio, project)
    opened(page, url, project, second)
    memory_tab(page)
    box = page.locator("#chapter-learned input")
    expect(box).to_be_checked()
    box.uncheck()
    until(lambda: not studio.chapter(second).learned)
    until(
        lambda: count(page, "excluded") == "120" if page.locator("#memory-counts .t-band-excluded").count() else False
    )
    expect(page.locator(".t-band-gutter .t-band-excluded").first).to_be_visible()
    page.locator("#chapters label", has_text="Part 1").click()
    expect(box).to_be_checked()
    page.locator("#chapters label", has_text="Part 2").click()
    expect(box).not_to_be_checked()
    assert studio.chapter(first).learned


def test_purging_drops_what_the_book_was_and_the_backups_only_when_asked(
    page: Page, url: str, studio: Studio, engine: FakeEngine
) -> None:
    project = made(studio, "Purged", prose(3, seed=13), "To be deleted.")
    chapter, deleted = chapters(studio, project)
    studio.name_revision(chapter, 1, "Draft")
    studio.save(chapter, 1, prose(3, seed=14))
    studio.delete_chapter(deleted)
    backup = studio.back_up("asked")
    opened(page, url, project, chapter)
    at_end(page)
    engine.replies = [" rejected words"]
    page.keyboard.press("Control+Enter")
    page.wait_for_function("() => window.templora.state().mode === 'ghost'")
    page.keyboard.press("Escape")
    memory_tab(page)
    page.locator("#purge").click()
    question = line(page, "purge-text")
    expect(question).to_have_value(re.compile("the named ones too"))
    assert question.evaluate("(field) => field.scrollHeight <= field.clientHeight + 2"), "all of it can be read"
    page.locator("#purge-no").click()
    assert len(studio.revisions(chapter)) == 2
    page.locator("#purge").click()
    page.locator("#purge-yes").click()
    told = line(page, "memory-told")
    expect(told).to_have_value(re.compile("^Purged: 2 earlier versions, 1 deleted chapter, 1 take. .* backups"))
    assert [head.kind for head in studio.revisions(chapter)] == ["typed"]
    assert studio.takes(chapter) == [] and studio.deleted_chapters(project) == []
    assert studio.chapter(chapter).text == prose(3, seed=14)
    assert backup in studio.backups()
    page.locator("#purge").click()
    expect(page.locator("#purge-backups input")).not_to_be_checked()
    page.locator("#purge-backups input").check()
    page.locator("#purge-yes").click()
    expect(told).to_have_value(re.compile("gave way to a new one"))
    assert backup not in studio.backups() and len(studio.backups()) == 1
    at_end(page)
    page.keyboard.type(" w1")
    saved(page)
    assert studio.chapter(chapter).text.endswith(" w1")
