"""What the page asks of a model beside continuing, on the starter model: the real server, real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from templora.engine import ModelInfo
from tests.ui.desk_page import at_end, line, saved
from tests.ui.desk_server import Server, chapter_of, idle, offered, story, until

PASSAGE = "Ines counts the eleven letters on the steps."
FOREIGN = "Quarterly synergies leverage blockchain stakeholders going forward."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, starter: ModelInfo, bundle: Path) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("desk") / "data", Path(starter.folder).parent)
    server.start()
    server.wait_ready()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def project(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A book with a chapter to learn from and one to write in; all of it is learnt."""
    manuscript = tmp_path_factory.mktemp("book") / "The Salt Road.md"
    manuscript.write_text(
        f"# The Salt Road\n\n## Low Water\n\n{story(1, 50)}\n\n## The Flood\n\n{story(2, 10)}\n\n{PASSAGE}\n"
    )
    book = server.import_(manuscript)
    server.learn(book)
    return book


@pytest.fixture(scope="module")
def page(server: Server, project: str, chromium: Browser) -> Iterator[Page]:
    """The book, opened once at its second chapter, with takes that are soon over."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, service_workers="block")
    context.set_default_timeout(15_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    chapter = server.get(f"/api/projects/{project}")["chapters"][1]["id"]
    page.goto(f"{server.url}/?book={project}&chapter={chapter}")
    page.wait_for_function("() => window.templora?.state()?.chapter", timeout=30_000)
    expect(line(page, "manner-line")).to_have_value(re.compile("temperature"))
    page.locator("#set-max_tokens input[type=number]").fill("20")
    page.keyboard.press("Enter")
    yield page
    context.close()
    assert not errors, errors


@pytest.fixture
def before(server: Server, project: str, page: Page) -> Iterator[str]:
    """The chapter's text as a test finds it; afterwards all that was done to it is undone, by key."""
    page.get_by_role("tab", name="Takes").click()
    yield (text := text_of(server, project))
    page.locator(".cm-content").focus()
    for _ in range(20):
        saved(page)
        if text_of(server, project) == text:
            break
        page.keyboard.press("Control+z")
    assert text_of(server, project) == text


def text_of(server: Server, project: str) -> str:
    return chapter_of(server, project, 1)["text"]


def takes(server: Server, project: str) -> list[dict[str, Any]]:
    return server.get(f"/api/chapters/{chapter_of(server, project, 1)['id']}/takes")


def select_passage(page: Page) -> None:
    """The last paragraph."""
    at_end(page)
    page.keyboard.press("Shift+Home")


def test_three_takes_stand_side_by_side_and_a_word_of_one_is_accepted(
    page: Page, server: Server, project: str, before: str
) -> None:
    page.locator("#takes-at-once input[type=number]").fill("3")
    page.keyboard.press("Enter")
    at_end(page)
    offered(page, lambda: page.keyboard.press("Control+Enter"))
    written = [take["text"] for take in takes(server, project)]
    assert len(written) == len(set(written)) == 3 and all(text.strip() for text in written)
    for number, text in enumerate(written):
        begins = r"\s+".join(map(re.escape, text.split()[:3]))
        expect(page.locator(f"#take-text-{number}")).to_have_text(re.compile(rf"\s*{begins}"))
    page.locator("#take-show-1").click()
    page.keyboard.press("Alt+ArrowRight")
    saved(page)
    assert text_of(server, project) != before and (before + written[1]).startswith(text_of(server, project))
    page.keyboard.press("Escape")
    idle(page)
    page.locator("#takes-at-once input[type=number]").fill("1")
    page.keyboard.press("Enter")


def test_what_the_model_reads_is_shown_with_its_tokens(page: Page, before: str) -> None:
    at_end(page)
    page.locator("#do-reading").click()
    shown = page.locator("#reading-dialog textarea:visible")
    expect(shown.nth(1)).to_have_value(re.compile(f"{PASSAGE}$"))
    tokens = re.search(r"reads (\d+) tokens", shown.first.input_value())
    assert tokens and int(tokens[1]) > len(PASSAGE.split())
    page.keyboard.press("Escape")
    expect(page.locator("#reading-dialog")).to_be_hidden()


def test_a_beat_is_told(page: Page, server: Server, project: str, before: str) -> None:
    def ask() -> None:
        at_end(page)
        page.keyboard.press("Control+Shift+b")
        page.keyboard.press("Control+a")
        page.keyboard.type("Mateus opens the letter")
        page.keyboard.press("Enter")

    offered(page, ask)
    expect(page.locator("#takes-what")).to_have_text("From a beat: Mateus opens the letter")
    newest = takes(server, project)[-1]
    assert newest["text"].strip() and newest["memory"]
    page.keyboard.press("Tab")
    idle(page)
    saved(page)
    assert text_of(server, project) == before + newest["text"]


def test_a_gap_is_filled(page: Page, server: Server, project: str, before: str) -> None:
    at_end(page)
    page.keyboard.type(" The bell rang. […] Then nobody spoke.")
    for _ in "…] Then nobody spoke.":
        page.keyboard.press("ArrowLeft")
    offered(page, page.locator("#do-fill").click)
    written = takes(server, project)[-1]["text"]
    assert written.strip()
    page.keyboard.press("Tab")
    idle(page)
    saved(page)
    text = text_of(server, project)
    assert text.startswith(f"{before} The bell rang. ") and text.endswith(" Then nobody spoke.")
    assert written.strip() in text and "…" not in text.removeprefix(before).replace(written.strip(), "")


def test_a_passage_is_changed_by_verbs_and_left(page: Page, server: Server, project: str, before: str) -> None:
    for verb in ("rewrite", "expand", "past", "first"):
        select_passage(page)
        button = page.locator(f"#verb-{verb}" if page.locator(f"#verb-{verb}").count() else f"#do-{verb}")
        offered(page, button.click, "diff")
        newest = takes(server, project)[-1]
        assert (newest["kind"], newest["verb"]) == ("rewrite", verb) and newest["text"].strip()
        page.keyboard.press("Escape")
        idle(page)
    saved(page)
    assert text_of(server, project) == before


def test_a_free_wish_is_accepted_change_by_change(page: Page, server: Server, project: str, before: str) -> None:
    select_passage(page)
    page.locator("#instruction textarea, #instruction input").first.fill("angrier")
    offered(page, page.locator("#rewrite-selection").click, "diff")
    written = takes(server, project)[-1]["text"]
    while page.evaluate("() => window.templora.state().mode") == "diff":
        page.locator("#do-take-change").click()
    idle(page)
    saved(page)
    assert text_of(server, project) == before.replace(PASSAGE, written)


def test_the_passage_with_the_memory_and_without(page: Page, server: Server, project: str, before: str) -> None:
    at_end(page)
    page.get_by_role("tab", name="Memory").click()
    expect(page.locator("#memory-number")).to_contain_text("%")
    page.locator("#compare").click()
    expect(page.locator("#compare-use-without")).to_be_enabled(timeout=90_000)
    until(lambda: all(take["finish_reason"] for take in takes(server, project)), 60)
    compared = takes(server, project)[-2:]
    assert sorted(take["sampling"]["strength"] for take in compared) == [0, 1]
    assert compared[0]["text"] != compared[1]["text"]
    page.keyboard.press("Escape")
    expect(page.locator("#compare-dialog")).to_have_count(0)


def test_the_voice_check_lists_the_foreign_sentence_first(page: Page, before: str) -> None:
    at_end(page)
    page.keyboard.type(f" {FOREIGN}")
    saved(page)
    page.get_by_role("tab", name="Memory").click()
    page.get_by_role("button", name="Voice check").click()
    page.locator("#voice-on input").check()
    expect(page.locator("#voice-list label").first).to_contain_text(FOREIGN, timeout=120_000)
    page.locator("#voice-on input").uncheck()
