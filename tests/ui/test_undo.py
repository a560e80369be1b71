"""Undo goes back through everything that changed the text, whoever wrote it, and redo goes forward again."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.ui.desk_page import at_end, chapters, made, opened, saved

TEXT = "The mud was warm."


def mode(page: Page, wanted: str) -> None:
    page.wait_for_function(f"() => window.templora.state().mode === '{wanted}'")


def test_undo_and_redo_span_typing_takes_rewrites_and_restores(
    page: Page, url: str, studio: Studio, engine: FakeEngine
) -> None:
    project = made(studio, "Undo", TEXT)
    (chapter,) = chapters(studio, project)
    studio.name_revision(chapter, 1, "As it began")
    opened(page, url, project)

    def stands() -> str:
        saved(page)
        return studio.chapter(chapter).text

    texts = [stands()]
    at_end(page)
    page.keyboard.type(" She waited.")
    texts.append(stands())

    engine.replies = [" Nobody came."]
    page.keyboard.press("Control+Enter")
    mode(page, "ghost")
    page.keyboard.press("Tab")
    texts.append(stands())
    assert texts[-1].rstrip() == "The mud was warm. She waited. Nobody came."

    engine.replies = ["The mud was cold."]
    page.keyboard.press("Control+Home")
    for _ in range(len(TEXT)):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Control+Alt+r")
    mode(page, "diff")
    page.keyboard.press("Tab")
    texts.append(stands())
    assert texts[-1].split()[:6] == ["The", "mud", "was", "cold.", "She", "waited."]

    page.locator("#open-history").click()
    page.locator("#versions label", has_text="As it began").click()
    expect(page.locator("#history-name input")).to_have_value("As it began")
    page.locator("#history-restore").click()
    expect(page.locator("#history-dialog")).to_have_count(0)
    texts.append(stands())
    assert texts[-1] == TEXT

    at_end(page)
    page.keyboard.type(" Then it rained.")
    texts.append(stands())
    assert len(set(texts)) == len(texts) - 1  # the restored one is the first again

    for text in texts[-2::-1]:
        page.keyboard.press("Control+z")
        assert stands() == text
    page.keyboard.press("Control+z")
    assert stands() == TEXT, "there is nothing before the beginning"
    for text in texts[1:]:
        page.keyboard.press("Control+y")
        assert stands() == text
    # Who wrote what has come along: the words that stand are typed, though takes were undone and redone on the way.
    assert studio.provenance(project).models[0].kept_words == 0

    for _ in range(2):
        page.keyboard.press("Control+z")
    assert stands() == texts[3]
    (share,) = studio.provenance(project).models
    assert share.kept_words == 3, "‘cold.’ of the rewrite and ‘Nobody came.’ of the take are the model’s again"
