"""How the page looks: colours, type, focus and typewriter mode; its sides, and the drawers of a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from templora.studio import Studio
from tests.ui.desk_page import at_end, chapters, made, opened

ENGLISH = "\n\n".join(
    "The harbour had emptied itself in the night. Where the ferries should have been there was a long shine of mud, "
    "and on it, small as a dropped glove, the boat of the pilot lying on her side; nobody had come down to look. "
    f"Ines stood on the customs steps and counted {number} hours on her fingers. “Four?” she asked. Nobody answered."
    for number in range(12)
)

PAPER = {"light": "rgb(251, 250, 247)", "dark": "rgb(29, 28, 26)", "sepia": "rgb(246, 236, 216)"}

LINES = """() => {
    const line = [...document.querySelectorAll('.cm-line')].find((each) => each.textContent.length > 300);
    const lengths = {};
    const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());)
        for (let at = 0; at < node.length; at++) {
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            const top = Math.round(range.getBoundingClientRect().top / 4);
            lengths[top] = (lengths[top] ?? 0) + 1;
        }
    return Object.values(lengths).slice(1, -1);
}"""


@pytest.fixture
def phone(chromium: Browser, url: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def paper(page: Page) -> str:
    return page.locator("#page").evaluate("(page) => getComputedStyle(page).backgroundColor")


def ink(page: Page, words: str) -> str:
    """The colour of the innermost element that holds these words."""
    return page.evaluate(
        """(words) => {
            const walker = document.createTreeWalker(document.querySelector('.cm-content'), NodeFilter.SHOW_TEXT);
            while (walker.nextNode())
                if (walker.currentNode.data.includes(words))
                    return getComputedStyle(walker.currentNode.parentElement).color;
        }""",
        words,
    )


def test_colours_follow_the_system_until_one_is_chosen_and_stand_before_anything_is_painted(
    page: Page, url: str, studio: Studio
) -> None:
    page.add_init_script(
        """new MutationObserver((_, observer) => {
            if (!document.body) return;
            window.atFirst = document.documentElement.dataset.theme;
            observer.disconnect();
        }).observe(document, { childList: true, subtree: true })"""
    )
    page.emulate_media(color_scheme="dark")
    opened(page, url, made(studio, "Colours", "One."))
    assert paper(page) == PAPER["dark"]
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page.locator("body")).not_to_have_class("dark")
    page.get_by_role("button", name="How the page looks").click()
    dialog = page.get_by_role("dialog", name="The page")
    expect(dialog.get_by_label("As the system")).to_be_checked()
    for theme in ("dark", "sepia"):
        dialog.locator("#look-theme label", has_text=theme.capitalize()).click()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        assert paper(page) == PAPER[theme]
    page.keyboard.press("Escape")
    page.reload()
    page.wait_for_function("() => window.templora?.state()?.chapter", timeout=30_000)
    assert page.evaluate("() => window.atFirst") == "sepia"
    assert paper(page) == PAPER["sepia"]
    page.locator("#open-look").click()
    expect(dialog.get_by_label("Sepia")).to_be_checked()
    dialog.get_by_role("button", name="As it was at first").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(dialog.get_by_label("As the system")).to_be_checked()


def test_lines_hold_60_to_75_characters_in_every_typeface_and_size(page: Page, url: str, studio: Studio) -> None:
    opened(page, url, made(studio, "Type", ENGLISH))
    for face in ("serif", "sans", "easy", "mono"):
        for size, width in ((18.5, 68), (15, 75)):
            page.evaluate("(look) => window.look.set(look)", {"face": face, "size": size, "width": width})
            lengths: list[int] = page.evaluate(LINES)
            # A line breaks a few characters before its end; narrow letters add some.
            assert width - 12 <= min(lengths) and max(lengths) <= width + 5, (face, size, width, lengths)
            assert 0.88 * width <= sum(lengths) / len(lengths) <= width, (face, size, width, lengths)


def test_size_and_typeface_are_kept_and_nonsense_is_not_read(page: Page, url: str, studio: Studio) -> None:
    opened(page, url, made(studio, "Kept", "One."))
    page.locator("#open-look").click()
    page.locator("#look-face label", has_text="Easier to read").click()
    page.locator("#look-size input[type=number]").fill("21")
    page.keyboard.press("Escape")
    size = "() => getComputedStyle(document.querySelector('.cm-content')).fontSize"
    page.wait_for_function(f"{size[6:]} === '21px'")
    page.reload()
    page.wait_for_selector(".cm-content")
    assert page.evaluate(size) == "21px"
    assert page.evaluate("() => window.look.get().face") == "easy"
    page.evaluate(
        '() => localStorage.setItem(\'templora-look\', \'{"size": 900, "face": "x", "hurt": 1, "width": 60}\')'
    )
    page.reload()
    page.wait_for_selector(".cm-content")
    look: dict[str, Any] = page.evaluate("() => window.look.get()")
    assert (look["size"], look["face"], look["width"]) == (18.5, "serif", 60) and "hurt" not in look


def test_focus_dims_all_but_where_one_writes_and_hides_the_sides(page: Page, url: str, studio: Studio) -> None:
    opened(page, url, made(studio, "Focus", "One goes. Two comes.\n\nThree stays."))
    full = ink(page, "One goes")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Control+Alt+f")
    expect(page.locator("#bind")).not_to_be_visible()
    expect(page.locator("#side")).not_to_be_visible()
    assert ink(page, "Two comes") == full and ink(page, "Three") != full
    page.evaluate("() => window.look.set({ focus: 'sentence' })")
    page.wait_for_selector(".t-here-sentence")
    assert ink(page, "One goes.") == full and ink(page, "Two comes") != full
    page.keyboard.press("Control+End")
    assert ink(page, "Three") == full and ink(page, "One goes") != full
    # A side can be had for a while; what was kept of the sides comes back with the end of the focus.
    page.keyboard.press("Control+Alt+b")
    expect(page.locator("#chapters")).to_be_visible()
    page.keyboard.press("Control+Alt+f")
    expect(page.locator("#side")).to_be_visible()
    assert ink(page, "One goes") == full


def test_in_typewriter_mode_the_line_one_writes_stays_in_the_middle(page: Page, url: str, studio: Studio) -> None:
    opened(page, url, made(studio, "Typewriter", ENGLISH))
    distance = """() => {
        const caret = document.querySelector('.cm-cursor').getBoundingClientRect();
        const page = document.getElementById('page').getBoundingClientRect();
        return Math.abs((caret.top + caret.bottom) / 2 - (page.top + page.bottom) / 2);
    }"""
    at_end(page)
    page.keyboard.press("Control+Alt+y")
    for keys in ("Enter", "x", "ArrowUp", "Control+Home", "y"):
        page.keyboard.press(keys)
        page.wait_for_function(f"() => ({distance})() < 4")


def test_the_sides_close_and_are_as_they_were_after_a_reload(page: Page, url: str, studio: Studio) -> None:
    opened(page, url, made(studio, "Sides", "One."))
    left, right = page.get_by_role("button", name="Chapters", exact=True), page.get_by_role("button", name="Assistant")
    expect(left).to_have_attribute("aria-expanded", "true")
    width = page.locator("#page").bounding_box()
    left.click()
    expect(page.locator("#chapters")).not_to_be_visible()
    expect(left).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Control+Alt+a")
    expect(page.locator("#side")).not_to_be_visible()
    wider = page.locator("#page").bounding_box()
    assert width and wider and wider["width"] == 1400 > width["width"]
    page.reload()
    page.wait_for_function("() => window.templora?.state()?.chapter", timeout=30_000)
    expect(page.locator("#chapters")).not_to_be_visible()
    expect(right).to_have_attribute("aria-expanded", "false")
    # An action that lies on a side that is closed opens it.
    page.keyboard.press("Control+k")
    page.keyboard.type("show the memory")
    page.keyboard.press("Enter")
    expect(page.locator("#learn-now")).to_be_visible()
    left.click()
    expect(page.locator("#chapters")).to_be_visible()


def test_a_drawer_has_the_focus_and_gives_it_back(phone: Page, url: str, studio: Studio) -> None:
    project = made(studio, "Drawers", "One.", "Two.")
    opened(phone, url, project, chapters(studio, project)[1])
    assert phone.evaluate("() => document.documentElement.scrollWidth") <= 390
    toggle = phone.get_by_role("button", name="Chapters", exact=True)
    toggle.click()
    drawer = phone.get_by_role("dialog", name="Chapters")
    expect(drawer.locator("input:checked")).to_be_focused()
    inert = "() => [...document.getElementById('desk').children].filter((part) => part.inert).map((part) => part.id)"
    assert {"top", "page", "side", "foot"} <= set(phone.evaluate(inert))
    phone.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(toggle).to_be_focused()
    assert phone.evaluate(inert) == []
    # The button beside it, and the dimmed desk behind it, close it too.
    for y in (20, 600):
        toggle.click()
        expect(phone.locator("#chapters")).to_be_visible()
        phone.get_by_role("button", name="Close", exact=True).click(position={"x": 20, "y": y}, force=True)
        expect(phone.locator("#chapters")).not_to_be_visible()
    phone.get_by_role("button", name="Assistant").click()
    expect(phone.get_by_role("tab", name="Takes")).to_be_focused()
    phone.set_viewport_size({"width": 1200, "height": 844})  # turned, say
    expect(phone.get_by_role("dialog")).to_have_count(0)
    assert phone.evaluate(inert) == []


def test_all_that_is_wrong_with_the_model_can_be_read_on_a_phone(
    phone: Page, url: str, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    from templora.client import _RESTARTING  # pyright: ignore[reportPrivateUsage]
    from templora.engine import ModelStatus

    monkeypatch.setattr(studio, "model", lambda: ModelStatus("loading", _RESTARTING, id="fake", device="cpu"))
    opened(phone, url, made(studio, "Cut", "One."))
    shown = phone.locator("#model-line textarea")
    expect(shown).to_have_value(_RESTARTING)
    assert shown.evaluate(
        "(field) => field.scrollWidth <= field.clientWidth && field.scrollHeight <= field.clientHeight"
    )
    expect(shown).to_be_in_viewport(ratio=1)
