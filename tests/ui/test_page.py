"""The page as a writer uses it: books, chapters, memory, export, over a real Studio and a fake engine."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from templora.client import _RESTARTING  # pyright: ignore[reportPrivateUsage]
from templora.engine import ModelStatus
from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.desk_page import at_end, chapters, line, made, opened, prose, saved, titles, until

HOSTILE = "${window.hurt=1} {{window.hurt=1}} <img src=x onerror='window.hurt=1'>"


def test_a_book_is_started_and_renamed(page: Page, url: str, studio: Studio) -> None:
    page.goto(url)
    page.locator("#new-title input").fill("Tide Tables", timeout=30_000)
    page.keyboard.press("Enter")
    expect(page.locator("#books-dialog")).to_have_count(0)
    page.wait_for_function("() => window.templora.state().chapter")
    page.locator(".cm-content").click()
    page.keyboard.type("Ines counted the hours.")
    page.wait_for_function("() => window.templora.state().savedAt && !window.templora.state().unsaved")
    expect(page.locator("#save-state")).to_contain_text("Saved")
    page.locator("#book-title input").fill("The Salt Road")
    page.keyboard.press("Enter")
    (project,) = until(lambda: [p for p in studio.projects() if p.title == "The Salt Road"])
    page.locator("#open-books").click()
    expect(page.locator("#books")).to_contain_text("The Salt Road")
    page.reload()
    expect(page.locator(".cm-content")).to_have_text("Ines counted the hours.", timeout=20_000)
    assert titles(studio, project.id) == ["Chapter 1"]


def test_no_title_is_lost_while_another_is_saved(
    page: Page, url: str, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(studio, "Titles", "one", "two", "three")
    gate, change = threading.Event(), studio.change_chapter

    def slowly(*values: Any, **named: Any) -> Any:
        assert gate.wait(20)
        return change(*values, **named)

    opened(page, url, project, chapters(studio, project)[0])
    monkeypatch.setattr(studio, "change_chapter", slowly)
    for title, following in (("Low Water", "Part 2"), ("High Water", "Part 3")):
        page.locator("#chapter-title input").fill(title)
        page.locator("#chapters label").filter(has_text=following).click()
        expect(page.locator("#chapter-title input")).to_have_value(following)
    gate.set()
    until(lambda: titles(studio, project) == ["Low Water", "High Water", "Part 3"])


def test_chapters_are_added_renamed_moved_deleted_and_brought_back(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Chapters", "one", "two")
    opened(page, url, project)
    page.locator("#add-chapter").click()
    expect(page.locator("#chapters label")).to_have_count(3)
    page.locator("#chapter-title input").fill("Part 3")
    page.keyboard.press("Enter")
    expect(page.locator("#chapters")).to_contain_text("3 · Part 3")
    page.locator("#chapter-up").click()
    expect(page.locator("#chapters")).to_contain_text("2 · Part 3")
    assert titles(studio, project) == ["Part 1", "Part 3", "Part 2"]
    page.locator("#chapter-delete").click()
    expect(line(page, "delete-chapter-text")).to_have_value(
        "Delete the chapter ‘Part 3’? It can be brought back for 30 days."
    )
    page.locator("#delete-chapter-yes").click()
    expect(page.locator("#chapters label")).to_have_count(2)
    page.reload()
    page.locator("#deleted-chapters button").first.click(timeout=20_000)
    page.locator("#chapter-restore").click()
    expect(page.locator("#chapters label")).to_have_count(3)
    assert titles(studio, project) == ["Part 1", "Part 3", "Part 2"]
    expect(page.locator("#deleted-chapters")).to_have_count(0)


def test_a_book_is_deleted_after_a_question_and_brought_back(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "To be deleted", "text")
    opened(page, url, project)
    page.locator("#open-books").click()
    page.locator("#books label", has_text="To be deleted").click()
    page.locator("#book-delete").click()
    page.locator("#delete-book-yes").click()
    expect(page.locator("#books label", has_text="To be deleted")).to_have_count(0)
    assert project not in [p.id for p in studio.projects()]
    page.locator("#deleted-books button").first.click()
    page.locator("#deleted label", has_text="To be deleted").click()
    page.locator("#book-restore").click()
    expect(page.locator("#books label", has_text="To be deleted")).to_have_count(1)
    assert project in [p.id for p in studio.projects()]


def test_a_draft_copy_keeps_the_memory_and_finishing_offers_to_relearn(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Finished", prose(6))
    studio.memory_do(project, "learn")
    opened(page, url, project)
    page.locator("#open-export").click()
    page.locator("#export-format label", has_text="Markdown").click()
    with page.expect_download() as copy:
        page.locator("#export-copy").click()
    assert copy.value.suggested_filename == "Finished.md"
    assert studio.memory(project).known_chunks > 0
    page.locator("#export-finish").click()
    with page.expect_download() as finished:
        page.locator("#finish-book-yes").click()
    assert prose(6).split()[0] in Path(finished.value.path()).read_text(encoding="utf-8")
    assert studio.memory(project).state == "discarded"
    page.locator("#export-close").click()
    page.reload()
    page.locator("#relearn").click(timeout=20_000)
    expect(page.locator("#finished")).to_have_count(0)
    assert studio.project(project)[0].finished_at is None


def test_the_page_says_that_the_model_process_died_and_comes_back(
    page: Page, url: str, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(page, url, made(studio, "Died", "Ines counted."))
    expect(line(page, "model-line")).to_have_value("Ready")
    monkeypatch.setattr(studio, "model", lambda: ModelStatus("loading", _RESTARTING, id="fake", device="cpu"))
    expect(line(page, "model-line")).to_have_value(_RESTARTING)
    monkeypatch.undo()
    expect(line(page, "model-line")).to_have_value("Ready")


def test_who_asked_too_early_is_told_to_wait_until_the_model_is_ready(
    page: Page, url: str, studio: Studio, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(page, url, made(studio, "Early", "Ines counted."))
    monkeypatch.setattr(engine, "status", lambda: ModelStatus("loading", _RESTARTING, id="fake", device="cpu"))
    expect(line(page, "model-line")).to_have_value(_RESTARTING)
    at_end(page)
    page.keyboard.press("Control+Enter")
    strip = page.locator(".t-strip-text")
    expect(strip).to_contain_text("The model is not ready")
    expect(strip).to_have_text(re.compile("^(?!.*Your text is safe.*Your text is safe)"))
    monkeypatch.undo()
    expect(strip).to_be_hidden()


def test_a_desk_that_takes_a_save_is_not_called_silent_any_more(page: Page, url: str, studio: Studio) -> None:
    opened(page, url, made(studio, "Silent", "Ines counted."))
    # As Gradio says it: its message stays until it reloads the page, some seconds after the server is back.
    page.evaluate(
        """() => document.querySelector(".toast-wrap").insertAdjacentHTML("beforeend",
            "<div class=toast-message-item>Connection to the server was lost. Attempting reconnection...</div>")"""
    )
    silent = page.locator("body[data-server=gone]")
    expect(silent).to_have_count(1)
    at_end(page)
    page.keyboard.type(" Nobody saw it.")
    saved(page)
    expect(silent).to_have_count(0)


def test_the_side_that_was_open_is_open_after_a_reload(page: Page, url: str, studio: Studio) -> None:
    opened(page, url, made(studio, "A side", "One."))
    expect(page.get_by_role("tab", name="Takes")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Memory").click()
    expect(page.locator("#learn-now")).to_be_visible()
    page.reload()
    expect(page.locator("#learn-now")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("tab", name="Memory")).to_have_attribute("aria-selected", "true")


def test_nothing_in_a_title_or_text_is_executed(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, HOSTILE, "Before.", HOSTILE)
    chapter, following = chapters(studio, project)
    studio.name_revision(chapter, 1, HOSTILE)
    studio.save(chapter, 1, HOSTILE)
    for id in (chapter, following):
        studio.change_chapter(id, title=HOSTILE)
    opened(page, url, project, chapter)
    expect(page.locator(".cm-content")).to_have_text(HOSTILE)
    expect(page.locator("#chapter-title input")).to_have_value(HOSTILE)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Enter")
    page.wait_for_function("() => window.templora.state().mode === 'ghost'")
    page.keyboard.press("Escape")
    page.locator("#chapter-merge").click()
    expect(line(page, "merge-chapter-text")).to_have_value(re.compile("window.hurt"))
    page.locator("#open-history").click()
    expect(line(page, "history-about")).to_have_value(re.compile("window.hurt"))
    expect(page.locator("#versions")).to_contain_text("window.hurt")
    expect(page.locator("#history-changes")).to_contain_text("window.hurt")
    page.locator("#history-close").click()
    page.get_by_role("tab", name="Memory").click()
    page.locator("#compare").click()
    expect(page.locator("#compare-before")).to_contain_text("window.hurt")
    page.locator("#compare-close").click()
    page.locator("#open-books").click()
    expect(page.locator("#books")).to_contain_text("window.hurt")
    page.locator("#backups-group button").first.click()
    page.locator("#backup-now").click()
    page.locator("#backups label").first.click()
    expect(page.locator("#backup-books")).to_contain_text("window.hurt")
    page.wait_for_timeout(2500)  # a tick shows titles and takes
    assert page.evaluate("() => window.hurt") is None


def test_on_a_phone_the_sides_are_drawers(chromium: Browser, url: str, studio: Studio) -> None:
    project = made(studio, "Phone", "one", "two")
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    opened(page, url, project)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    expect(page.locator("#chapters")).not_to_be_visible()
    page.locator("#toggle-binder").click()
    page.locator("#chapters label", has_text="Part 1").click()
    page.wait_for_function(f"() => window.templora.state().chapter === '{studio.project(project)[1][0].id}'")
    expect(page.locator("#chapters")).not_to_be_visible()
    page.locator("#toggle-side").click()
    page.get_by_role("tab", name="Memory").click()
    expect(page.locator("#learn-now")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#learn-now")).not_to_be_visible()
    context.close()
