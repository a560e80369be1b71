"""A chapter's history as a writer uses it: what has changed, what it was called, and back again."""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page, Route, expect

from templora.studio import Studio
from tests.ui.desk_page import at_end, chapters, line, made, opened, saved
from ui import timeline

FIRST = "The ferry lay on her side.\n\nInes counted the hours."
SECOND = "The pilot’s boat lay on her side.\n\nInes counted the hours.\n\nShe took off her shoes."


def versions(studio: Studio, *texts: str, title: str = "History") -> tuple[str, str]:
    """A book whose one chapter has been each of these texts, each a version of its own; (project, chapter)."""
    project = made(studio, title, texts[0])
    (chapter,) = chapters(studio, project)
    for text in texts[1:]:
        # What has a name is not folded into what is saved right after it.
        studio.name_revision(chapter, studio.chapter(chapter).revision, "kept")
        studio.save(chapter, studio.chapter(chapter).revision, text)
    for head in studio.revisions(chapter):
        studio.name_revision(chapter, head.number, None)
    return project, chapter


def open_history(page: Page) -> None:
    page.locator("#open-history").click()
    expect(page.locator("#history-dialog")).to_be_visible()


def choose(page: Page, place: int) -> None:
    """The version at `place` in the timeline, newest first from 0."""
    page.locator("#versions label").nth(place).click()


def pieces(page: Page, kind: str) -> list[str]:
    """What is shown as gone or new, as screen readers hear it."""
    found = page.locator("#history-changes .token").filter(has=page.locator(".label", has_text=kind))
    return [text.strip() for text in found.locator(".text").all_inner_texts()]


def chapter_text(studio: Studio, chapter: str) -> str:
    return studio.chapter(chapter).text


def test_a_version_is_compared_word_by_word_with_the_present(page: Page, url: str, studio: Studio) -> None:
    project, chapter = versions(studio, FIRST, SECOND)
    opened(page, url, project)
    at_end(page)
    page.keyboard.type(" Slowly.")  # not saved yet: it belongs to the present all the same
    page.keyboard.press("Control+Shift+H")
    expect(page.locator("#history-dialog")).to_be_visible()
    expect(page.locator("#versions label")).to_have_count(2)
    expect(page.locator("#versions label").first).to_contain_text("Now")
    assert chapter_text(studio, chapter) == SECOND + " Slowly."
    expect(page.locator("#history-changes")).to_contain_text("ferry")
    assert pieces(page, timeline.GONE) == ["ferry"]
    assert pieces(page, timeline.NEW) == ["pilot’s boat", "She took off her shoes. Slowly."]
    marks = page.locator("#history-changes .highlighted > .text").evaluate_all(
        "(found) => found.map((one) => getComputedStyle(one).textDecorationLine)"
    )
    assert marks == ["line-through", "underline", "underline"], "told apart without colour"
    shown = page.locator("#history-changes .textfield").evaluate(
        "(field) => Array.from(field.querySelectorAll('.text'), (one) => one.textContent).join('')"
    )
    assert shown.startswith("The ferrypilot’s boat lay on her side.")
    choose(page, 0)
    expect(page.locator("#history-hint")).to_contain_text("This is how the chapter stands")
    expect(page.locator("#history-restore")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(page.locator("#history-dialog")).to_have_count(0)


def test_a_chapter_with_one_version_says_that_there_is_nothing_yet(page: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Young", "One.")
    opened(page, url, project)
    open_history(page)
    expect(line(page, "history-about")).to_have_value(
        "‘Part 1’ has one version so far: nothing to go back to yet. Versions come by themselves as you write."
    )
    expect(page.locator("#versions")).to_have_count(0)
    expect(page.locator("#history-restore")).to_have_count(0)


def test_a_version_is_named_and_the_name_taken_away(page: Page, url: str, studio: Studio) -> None:
    project, chapter = versions(studio, FIRST, SECOND)
    number = studio.revisions(chapter)[0].number
    opened(page, url, project)
    open_history(page)
    page.locator("#history-name input").fill("Before the flood <b>${1+1}")
    page.locator("#history-rename").click()
    expect(page.locator("#versions label").nth(1)).to_contain_text("Before the flood <b>${1+1}")
    assert studio.revisions(chapter)[0].name == "Before the flood <b>${1+1}"
    choose(page, 0)
    expect(page.locator("#history-name input")).to_have_value("")
    choose(page, 1)
    expect(page.locator("#history-name input")).to_have_value("Before the flood <b>${1+1}")
    page.locator("#history-name input").fill("")
    page.keyboard.press("Enter")
    expect(page.locator("#versions label").nth(1)).not_to_contain_text("flood")
    assert [head.name for head in studio.revisions(chapter) if head.number == number] == [None]


def test_a_restored_version_is_one_step_of_undo_and_nothing_is_lost(page: Page, url: str, studio: Studio) -> None:
    project, chapter = versions(studio, FIRST, SECOND)
    opened(page, url, project)
    at_end(page)
    page.keyboard.type(" Slowly.")
    open_history(page)
    page.locator("#history-restore").click()
    expect(page.locator("#history-dialog")).to_have_count(0)
    expect(page.locator(".cm-content")).to_contain_text("The ferry lay on her side.")
    assert chapter_text(studio, chapter) == FIRST
    kinds = [head.kind for head in studio.revisions(chapter)]
    assert kinds[-1] == "restored"
    assert SECOND + " Slowly." in [studio.revision_text(chapter, head.number) for head in studio.revisions(chapter)]
    page.locator(".cm-content").click()
    page.keyboard.press("Control+z")
    saved(page)
    assert chapter_text(studio, chapter) == SECOND + " Slowly."
    page.keyboard.press("Control+y")
    saved(page)
    assert chapter_text(studio, chapter) == FIRST
    page.keyboard.type("!")
    saved(page)
    page.keyboard.press("Control+z")
    saved(page)
    assert chapter_text(studio, chapter) == FIRST, "what is typed after it is a step of its own"


def test_words_typed_while_it_is_restored_are_not_overwritten(page: Page, url: str, studio: Studio) -> None:
    project, chapter = versions(studio, FIRST, SECOND)
    opened(page, url, project)

    def late(route: Route) -> None:
        answer = route.fetch()
        # Keys cannot reach the text behind the dialog; words can come by other ways, and late.
        page.locator("#desk").evaluate("(desk) => { desk.inert = false }")
        page.locator(".cm-content").evaluate("(dom) => dom.focus()")
        page.keyboard.insert_text("Meanwhile. ")
        route.fulfill(response=answer)

    page.route("**/restore", late)
    open_history(page)
    page.locator("#history-restore").click()
    expect(page.locator(".t-conflict")).to_be_visible()
    page.locator(".t-conflict button", has_text="Keep both").click()
    saved(page)
    now = chapter_text(studio, chapter)
    assert "Meanwhile." in now and "The ferry lay on her side." in now and "pilot’s boat" in now


def test_a_stale_page_that_restores_sees_the_newer_text_first(page: Page, url: str, studio: Studio) -> None:
    project, chapter = versions(studio, FIRST, SECOND)
    opened(page, url, project)
    open_history(page)
    studio.save(chapter, studio.chapter(chapter).revision, SECOND + "\n\nFrom elsewhere.")
    page.locator("#history-restore").click()
    expect(line(page, "history-message")).to_have_value(
        "The chapter was changed elsewhere meanwhile. The newer text is shown; choose again."
    )
    assert chapter_text(studio, chapter) == SECOND + "\n\nFrom elsewhere."
    expect(page.locator(".cm-content")).to_contain_text("From elsewhere.")


def test_its_text_can_be_read_and_copied(page: Page, url: str, studio: Studio) -> None:
    project, _ = versions(studio, FIRST, SECOND)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, url, project)
    open_history(page)
    page.locator("#history-copy").click()
    expect(line(page, "history-message")).to_have_value("Copied.")
    assert page.evaluate("() => navigator.clipboard.readText()") == FIRST
    page.locator("#history-mode label", has_text="Its text").click()
    expect(page.locator("#history-text textarea")).to_have_value(FIRST)
    expect(page.locator("#history-changes")).to_have_count(0)


def test_on_a_phone_the_timeline_stands_above_the_changes(chromium: Browser, url: str, studio: Studio) -> None:
    project, _ = versions(studio, FIRST, SECOND)
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    opened(page, url, project)
    open_history(page)
    expect(page.locator("#history-changes")).to_contain_text("ferry")
    assert _box(page.locator("#history-view"))["y"] >= _bottom(page.locator("#history-list"))
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    expect(page.locator("#history-restore")).to_be_in_viewport()
    context.close()


def _box(locator: Locator) -> dict[str, float]:
    box = locator.bounding_box()
    assert box is not None
    return {"y": box["y"], "height": box["height"]}


def _bottom(locator: Locator) -> float:
    return _box(locator)["y"] + _box(locator)["height"]
