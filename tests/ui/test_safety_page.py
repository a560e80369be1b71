"""Backups, warnings, and the report of who wrote the book, on the page."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.desk_page import at_end, chapters, learnt, line, made, opened, prose, saved


def test_a_book_is_brought_back_from_a_backup_beside_the_present_one(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Backed up", "As it was.")
    (chapter,) = chapters(studio, project)
    opened(page, url, project)
    at_end(page)
    page.keyboard.type(" To the last word.")
    page.locator("#open-books").click()
    page.locator("#backups-group button").first.click()
    expect(line(page, "backup-line")).to_have_value(re.compile("made"))
    page.locator("#backup-now").click()
    expect(page.locator("#backups label").first).to_contain_text("asked for")
    assert studio.backups()[0].reason == "asked"
    expect(line(page, "backup-line")).to_have_value(re.compile(r"^\d backups?, the newest of today"))
    studio.save(chapter, studio.chapter(chapter).revision, "Something else.")
    expect(page.locator("#backup-restore")).to_have_count(0)
    page.locator("#backups label").first.click()
    page.locator("#backup-books label", has_text="Backed up").click()
    page.locator("#backup-restore").click()
    expect(line(page, "books-message")).to_have_value(
        re.compile(r"^‘Backed up \(backup of .+\)’ is back, beside what was there. Open it above.$")
    )
    copies = [p.id for p in studio.projects() if p.title.startswith("Backed up") and p.id != project]
    assert len(copies) == 1
    assert studio.chapter(chapters(studio, copies[0])[0]).text == "As it was. To the last word."
    assert studio.chapter(chapter).text == "Something else."
    page.locator("#book-open").click()
    expect(page.locator(".cm-content")).to_have_text("As it was. To the last word.")


def test_a_warning_is_a_line_that_can_be_put_away(
    page: Page, url: str, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings = ["The books lie in a folder that Dropbox keeps in sync. <b>${1+1}"]
    monkeypatch.setattr(studio, "warnings", lambda: warnings)
    project = made(studio, "Warned", "One.")
    opened(page, url, project)
    strip = page.locator("#warnings")
    expect(strip).to_be_visible()
    expect(line(page, "warning-text")).to_have_value(warnings[0])
    at_end(page)
    page.keyboard.type(" Writing goes on.")  # it is no modal
    saved(page)
    page.locator("#warning-away").click()
    expect(strip).to_be_hidden()
    opened(page, url, project)
    page.wait_for_timeout(2500)
    expect(strip).to_be_hidden()
    warnings = ["The last backup failed: the disk is full."]
    expect(strip).to_be_visible()
    expect(line(page, "warning-text")).to_have_value(warnings[0])
    warnings = []
    expect(strip).to_be_hidden()


def test_who_wrote_the_book_is_shown_copied_and_downloaded(
    page: Page, url: str, studio: Studio, engine: FakeEngine
) -> None:
    project = made(studio, "Shared", "One two three four five six.")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, url, project)
    at_end(page)
    engine.replies = [" seven eight"]
    page.keyboard.press("Control+Enter")
    page.wait_for_function("() => window.templora.state().mode === 'ghost'")
    page.keyboard.press("Tab")
    page.locator("#open-export").click()
    expect(line(page, "provenance")).to_have_value(
        "Of 8 words in the book, 6 (75 %) were typed, pasted or imported by the writer. fake wrote 2 (25 %); 2 words "
        "of it were accepted, 0 of them edited or deleted since."
    )
    rows = page.locator("#provenance-table").get_by_role("row")
    expect(rows).to_have_count(3)
    assert rows.nth(1).get_by_role("gridcell").all_inner_texts() == ["You", "–", "6", "75 %", "–"]
    assert rows.nth(2).get_by_role("gridcell").all_inner_texts() == ["fake", "2", "2", "25 %", "0"]
    page.locator("#provenance-copy").click()
    expect(line(page, "export-report")).to_have_value("Copied.")
    assert page.evaluate("() => navigator.clipboard.readText()").startswith("Of 8 words")
    with page.expect_download() as download:
        page.locator("#provenance-download").click()
    saved_rows = list(csv.reader(Path(download.value.path()).read_text().splitlines()))
    assert saved_rows[1:] == [["the writer", "", "6", ""], ["fake", "2", "2", "0"]]


def test_where_a_page_may_not_copy_it_says_where_the_words_stand(page: Page, url: str, studio: Studio) -> None:
    """As over plain HTTP from another computer."""
    project = made(studio, "From afar", "One two three four five six.")
    (chapter,) = chapters(studio, project)
    studio.name_revision(chapter, 1, "kept")
    studio.save(chapter, 1, "One two three.")
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    opened(page, url, project)
    page.locator("#open-export").click()
    page.locator("#provenance-copy").click()
    expect(line(page, "export-report")).to_have_value(
        "This browser does not let a page copy here. Select the words below and copy them."
    )
    page.locator("#export-close").click()
    page.locator("#open-history").click()
    page.locator("#history-copy").click()
    expect(line(page, "history-message")).to_have_value(
        "This browser does not let a page copy here. Choose ‘Its text’ and copy from there."
    )


def test_finishing_reports_what_was_discarded_and_what_a_disk_may_keep(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Discarded", prose(6, seed=21))
    learnt(studio, project)
    opened(page, url, project)
    page.locator("#open-export").click()
    page.locator("#export-finish").click()
    with page.expect_download():
        page.locator("#finish-book-yes").click()
    report = line(page, "export-report")
    expect(report).to_have_value(re.compile("^Discarded.docx was written, read back and downloaded"))
    told = report.input_value()
    assert "3 lessons" in told and "solid-state disk may keep remnants" in told
    assert report.evaluate("(field) => field.scrollHeight <= field.clientHeight + 2"), "all of it can be read"
    assert studio.memory(project).state == "discarded"
