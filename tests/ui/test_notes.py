"""The Notes tab on the page: entries, mentions, suggested names, the author's note; and what the model reads."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from templora.engine import Continue
from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.desk_page import at_end, chapters, line, made, opened, until

HARBOUR = "So Ines stood on the steps, and Ines counted.\n\nThen Mateus, and Mateus again. But Mateus saw Mateus."


def notes(page: Page, url: str, project: str, chapter: str = "") -> None:
    opened(page, url, project, chapter)
    page.get_by_role("tab", name="Notes").click()
    expect(page.locator("#author-note textarea")).to_be_visible()
    page.wait_for_timeout(700)  # the lists are made anew when the tab is chosen


def field(page: Page, id: str) -> Locator:
    return page.locator(f"#{id} input, #{id} textarea").first


def entries(page: Page) -> Locator:
    return page.locator("#bible-entries label")


def leave(page: Page) -> None:
    page.keyboard.press("Tab")


def test_an_entry_is_written_deleted_and_brought_back(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Entries", HARBOUR)
    notes(page, url, project)
    expect(page.locator("#bible-none")).to_contain_text("Who and what your story is about")
    page.locator("#entry-new").click()
    expect(field(page, "entry-name")).to_be_focused()
    page.keyboard.type("Ines <b>Corvalho</b>")
    leave(page)
    expect(entries(page)).to_have_text([re.compile(r"Ines <b>Corvalho</b>\s*0")])
    field(page, "entry-aliases").fill("Ines, the inspector")
    leave(page)
    expect(entries(page)).to_have_text([re.compile(r"Ines <b>Corvalho</b>\s*2")])  # now it is mentioned
    field(page, "entry-description").fill("Counts everything.")
    leave(page)
    (entry,) = until(lambda: [e for e in studio.bible.entries(project) if e.description])
    assert (entry.name, entry.aliases, entry.kind) == ("Ines <b>Corvalho</b>", ("Ines", "the inspector"), "character")
    for number in range(6):
        studio.bible.add(project, "place", f"Pier {number}")
    page.get_by_role("tab", name="Takes").click()
    page.get_by_role("tab", name="Notes").click()
    expect(entries(page)).to_have_count(7)
    page.locator("#entry-delete").click()
    expect(page.locator("#entry-card")).to_have_count(0)
    expect(entries(page)).to_have_count(6)
    assert len(studio.bible.entries(project)) == 6
    page.locator("#bible-undo-go").click()
    expect(field(page, "entry-name")).to_have_value("Ines <b>Corvalho</b>")
    assert len(studio.bible.entries(project)) == 7


def test_what_is_typed_into_a_card_is_saved_there_though_another_one_is_chosen_meanwhile(
    page: Page, url: str, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(studio, "Cards", HARBOUR)
    ines = studio.bible.add(project, "character", "Ines", [], "Tall.")
    mateus = studio.bible.add(project, "character", "Mateus", [], "Old.")
    gate, change = threading.Event(), studio.bible.change

    def slowly(*values: Any) -> Any:
        assert gate.wait(20)
        return change(*values)

    notes(page, url, project)
    entries(page).filter(has_text="Ines").click()
    expect(field(page, "entry-name")).to_have_value("Ines")
    monkeypatch.setattr(studio.bible, "change", slowly)
    field(page, "entry-aliases").fill("the inspector")
    leave(page)
    field(page, "entry-description").fill("Counts everything.")
    entries(page).filter(has_text="Mateus").click()  # while the one before is still being saved
    expect(field(page, "entry-name")).to_have_value("Mateus")
    gate.set()
    until(lambda: studio.bible.entry(ines.id).description == "Counts everything.")
    expect(entries(page).filter(has_text="Mateus").locator("input")).to_be_checked()
    field(page, "entry-description").fill("Old and deaf.")
    leave(page)
    until(lambda: studio.bible.entry(mateus.id).description == "Old and deaf.")
    assert studio.bible.entry(ines.id).aliases == ("the inspector",)
    assert studio.bible.entry(ines.id).description == "Counts everything."


def test_a_new_entry_is_one_though_it_is_still_being_saved_when_more_is_typed(
    page: Page, url: str, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(studio, "One entry", HARBOUR)
    gate, add = threading.Event(), studio.bible.add

    def slowly(*values: Any) -> Any:
        assert gate.wait(20)
        return add(*values)

    notes(page, url, project)
    monkeypatch.setattr(studio.bible, "add", slowly)
    page.locator("#entry-new").click()
    expect(field(page, "entry-name")).to_be_focused()
    page.keyboard.type("Ines")
    leave(page)
    field(page, "entry-description").fill("Counts everything.")
    leave(page)
    gate.set()
    (entry,) = until(lambda: [e for e in studio.bible.entries(project) if e.description])
    assert [each.id for each in studio.bible.entries(project)] == [entry.id]


def test_a_change_from_a_chapter_on(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Changes", HARBOUR, HARBOUR)
    first, last = chapters(studio, project)
    entry = studio.bible.add(project, "character", "Ines", [], "Tall.")
    notes(page, url, project, last)
    entries(page).first.click()
    field(page, "entry-note").fill("Limps.")
    leave(page)
    expect(line(page, "entry-changes")).to_have_value("→ From chapter 2: Limps.")
    assert [(note.chapter, note.text) for note in studio.bible.entry(entry.id).notes] == [(last, "Limps.")]
    page.locator("#entry-since input").click()
    page.get_by_role("option", name="1 · Part 1").click()
    expect(field(page, "entry-note")).to_have_value("")
    field(page, "entry-note").fill("Runs.")
    leave(page)
    expect(line(page, "entry-changes")).to_have_value("From chapter 1: Runs.\n→ From chapter 2: Limps.")
    assert studio.bible.entry(entry.id).notes[0].chapter == first


def test_a_mention_is_gone_to_one_after_the_other(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Mentions", "😀 " + HARBOUR, "Nobody.")
    studio.bible.add(project, "character", "Ines")
    notes(page, url, project, chapters(studio, project)[1])
    entries(page).first.click()
    selected = "() => [window.getSelection().toString(), window.templora.state().chapter]"
    places: list[int] = []
    for _ in range(3):
        page.locator("#entry-mentions label").click()
        page.wait_for_function("() => window.getSelection().toString() === 'Ines'")
        assert page.evaluate(selected) == ["Ines", chapters(studio, project)[0]]
        page.wait_for_timeout(300)
        places.append(
            page.evaluate("() => JSON.parse(JSON.stringify(window.getSelection().getRangeAt(0).startOffset))")
        )
    assert places[0] == places[2] != places[1]


def test_names_are_suggested_added_and_left_out(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Names", HARBOUR, "So Ines and Ines.")
    notes(page, url, project)
    page.get_by_role("button", name="2 names the book uses").click()
    names = page.locator("#bible-names label")
    expect(names).to_have_text([re.compile(r"Ines\s*4"), re.compile(r"Mateus\s*4")])
    names.nth(1).click()
    page.locator("#name-dismiss").click()
    expect(names).to_have_count(1)
    assert [each.name for each in studio.bible.suggestions(project)] == ["Ines"]
    page.locator("#bible-undo-go").click()
    expect(names).to_have_count(2)
    names.nth(0).click()
    page.locator("#name-add").click()
    expect(field(page, "entry-name")).to_have_value("Ines")
    expect(names).to_have_count(1)


def test_the_authors_note_is_kept_and_belongs_to_its_book(page: Page, url: str, studio: Studio) -> None:
    other = made(studio, "Other", "Text.")
    project = made(studio, "Noted", "Text.")
    notes(page, url, project)
    page.locator("#author-note textarea").fill("Dry ${1+1} {{x}} <i>")
    leave(page)
    until(lambda: studio.bible.author_note(project) == "Dry ${1+1} {{x}} <i>")
    page.reload()
    expect(page.locator("#author-note textarea")).to_have_value("Dry ${1+1} {{x}} <i>")
    notes(page, url, other)
    expect(page.locator("#author-note textarea")).to_have_value("")


def test_what_the_model_reads_is_what_it_is_sent(page: Page, url: str, studio: Studio, engine: FakeEngine) -> None:
    project = made(studio, "Reading", "w1 w2 w3", "w4 w5 w6")
    studio.bible.add(project, "character", "w5", [], "w7 w8")
    studio.bible.add(project, "place", "w499")
    studio.bible.set_author_note(project, "w9 w10")
    opened(page, url, project)
    at_end(page)
    page.keyboard.type(" w11")  # what was just typed is read too
    page.locator("#do-reading").click()
    dialog = page.locator("#reading-dialog")
    expect(dialog).to_be_visible()
    sections = dialog.locator(".reading-section")
    expect(sections).to_have_count(4)
    expect(sections.locator("[data-testid=block-info]")).to_have_text(
        [re.compile(rf"{name} · \d+ tokens") for name in ("Story bible", "The text.*", "Author’s note", "The text.*")]
    )
    for section, text in zip(
        sections.locator("textarea").all(),
        ("[Notes on the story:\nw5 (character): w7 w8]", "w1 w2 w3", "[Author's note: w9 w10]", "w4 w5 w6 w11"),
        strict=True,
    ):
        expect(section).to_have_value(text)
    expect(line(page, "reading-entries")).to_have_value(re.compile(r"^w5: ‘w5’ 2 words before the caret · \d+ tokens$"))
    expect(line(page, "reading-left-out")).to_have_value(re.compile("^1 other entry of the story bible"))
    shown = int(re.findall(r"reads (\d+) tokens", line(page, "reading-summary").input_value())[0])
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    at_end(page)
    page.keyboard.press("Control+Enter")
    request = until(lambda: next((r for r in engine.requests if isinstance(r, Continue)), None))
    assert len(request.prompt) == shown
    page.wait_for_function("() => window.templora.state().mode === 'ghost'")


def test_the_palette_finds_it(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Palette", "w1 w2")
    opened(page, url, project)
    page.keyboard.press("Control+k")
    page.keyboard.type("model reads")
    page.keyboard.press("Enter")
    expect(page.locator("#reading-dialog")).to_be_visible()
