"""axe-core on the desk: in each theme, at a desk and on a phone, with each dialog open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from templora.studio import Studio
from tests.ui.desk_page import at_end, chapters, made, opened, prose

AXE = Path(__file__).parents[2] / "ui" / "editor" / "node_modules" / "axe-core" / "axe.min.js"

THEMES = ("light", "dark", "sepia")

DIALOGS = {
    "palette": "() => window.templora.palette('actions')",
    "shortcuts": "() => window.templora.palette('shortcuts')",
    "look": "() => document.getElementById('open-look').click()",
    "books-dialog": "() => document.getElementById('open-books').click()",
    "export-dialog": "() => document.getElementById('open-export').click()",
    "history-dialog": "() => document.getElementById('open-history').click()",
    "compare-dialog": "() => document.getElementById('compare').click()",
}


def violations(page: Page, within: str = "body") -> list[str]:
    """What axe-core finds in an element as it stands: every rule in light, then those of colour in the other themes."""
    found: list[str] = []
    for theme in THEMES:
        page.evaluate("(theme) => window.look.set({ theme })", theme)
        run = {"runOnly": ["color-contrast"]} if theme != THEMES[0] else {}
        ask = "async ([within, run]) => (await window.axe.run(within, run)).violations"
        rules: list[dict[str, Any]] = page.evaluate(ask, [within, run])
        for rule in rules:
            found += [f"{theme}, {rule['id']}: {node['target']} {node['failureSummary']}" for node in rule["nodes"]]
    return found


def book(studio: Studio, title: str) -> tuple[str, str]:
    """A book whose memory knows some of it, with a chapter that has a history."""
    project = made(studio, title, prose(6), "It was a dark night.\n\n***\n\nAnd *then* it was not.")
    (_, chapter) = chapters(studio, project)
    studio.name_revision(chapter, 1, "As it began")
    studio.save(chapter, 1, "It was a bright night.\n\n***\n\nAnd *then* it was not.")
    return project, chapter


@pytest.mark.timeout(240)
@pytest.mark.parametrize("size", [(1400, 900), (390, 844)], ids=["desk", "phone"])
def test_axe_finds_nothing(chromium: Browser, url: str, studio: Studio, size: tuple[int, int]) -> None:
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    opened(page, url, *book(studio, f"For all {size[0]}"))
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = {"at first": violations(page)}
    for side, name in (("binder", "Chapters"), ("side", "Assistant")):
        if size[0] < 800:
            page.get_by_role("button", name=name, exact=True).click()
        if side == "side":
            page.get_by_role("tab", name="Memory").click()
            expect(page.locator("#memory-number")).to_be_visible()
        found[side] = violations(page, {"binder": "#bind", "side": "#side"}[side])
        page.keyboard.press("Escape")
    for id, opening in DIALOGS.items():
        page.evaluate(opening)
        expect(page.locator(f"#{id}")).to_have_attribute("aria-label", re.compile("."))
        found[id] = violations(page, f"#{id}")
        page.keyboard.press("Escape")
        expect(page.locator(f"#{id}")).not_to_be_visible()
    at_end(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_function("() => window.templora.state().mode === 'ghost'")
    found["ghost"] = violations(page, "#page")
    page.keyboard.press("Escape")
    page.evaluate("() => window.look.set({ focus: 'sentence' })")
    found["focus"] = violations(page, "#page")
    context.close()
    assert {where: what for where, what in found.items() if what} == {}
