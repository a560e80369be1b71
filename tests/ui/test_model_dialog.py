"""The Model dialog as a writer uses it: over a real shelf and a fake engine."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from templora.config import DEFAULT
from templora.shelf import CHOSEN, Fetch, Offer, Shelf
from templora.studio import Studio
from tests.fakes import FakeEngine, fake_info
from tests.ui.conftest import Serve
from tests.ui.desk_page import learnt, line, made, opened, prose

OTHER = "owner/other"


class HandShelf(Shelf):
    """Fetches as the test says."""

    def __init__(self, engine: FakeEngine, models_dir: Path) -> None:
        super().__init__(engine, models_dir)
        self.there = threading.Event()
        self.now = Fetch()

    def look(self, id: str) -> Offer:
        offer = super().look(id)
        return replace(offer, here=offer.id == OTHER and self.there.is_set()) if offer.id != "fake" else offer

    def offers(self) -> list[Offer]:
        return [self.present(), self.look(OTHER)]

    def present(self) -> Offer:
        return Offer(self._engine.status().id, True, 135_000_000, 2_000_000_000, "processor")

    def fetch(self) -> Fetch:
        return self.now

    def start_fetch(self, id: str) -> Fetch:
        self.now = Fetch("fetching", id, f"Fetching {id}: 1 MB of 4 MB", 0.25)
        return self.now

    def cancel_fetch(self) -> Fetch:
        if self.now.state == "fetching":
            self.now = replace(self.now, state="cancelled", message="Cancelled. What has been fetched is kept.")
        return self.now

    def arrive(self) -> None:
        self.there.set()
        self.now = Fetch("ready", OTHER, "The model is ready to be used.", 1.0)


@pytest.fixture
def shelf(tmp_path: Path) -> HandShelf:
    return HandShelf(FakeEngine(fake_info(tmp_path)), tmp_path / "models")


@pytest.fixture
def desk_of(shelf: HandShelf, tmp_path: Path, bundle: Path, serve: Serve) -> Iterator[tuple[Studio, str]]:
    from ui.server import create_app

    engine = shelf._engine  # pyright: ignore[reportPrivateUsage]
    assert isinstance(engine, FakeEngine)
    recipe = replace(DEFAULT, chunk_tokens=64, prefix_tokens=32)
    studio = Studio(tmp_path / "desk", engine, engine.info, recipe, shelf=shelf)
    studio.start()
    yield studio, serve(create_app(studio))
    studio.close()


def test_a_model_is_looked_at_fetched_cancelled_fetched_and_used(
    page: Page, desk_of: tuple[Studio, str], shelf: HandShelf
) -> None:
    studio, url = desk_of
    project = made(studio, "Models", prose(8))
    learnt(studio, project)
    opened(page, url, project)
    page.locator("#open-model").click()
    expect(line(page, "model-present")).to_have_value(re.compile("^In use: fake"))
    row = page.locator("#model-offers label", has_text="other")
    row.click()
    expect(line(page, "model-about")).to_have_value(re.compile("learnt anew.*Your text does not change", re.DOTALL))
    expect(page.locator("#model-use")).to_be_hidden()
    page.locator("#model-fetch").click()
    expect(line(page, "model-progress")).to_have_value(re.compile("1 MB of 4 MB · 25 %"))
    page.locator("#model-cancel").click()
    expect(line(page, "model-progress")).to_have_value(re.compile("What has been fetched is kept"))
    page.locator("#model-fetch").click()
    expect(page.locator("#model-cancel")).to_be_visible()
    # The download goes on behind a closed dialog.
    page.keyboard.press("Escape")
    expect(page.locator("#model-dialog")).to_have_count(0)
    shelf.arrive()
    page.locator("#open-model").click()
    expect(line(page, "model-progress")).to_have_value(re.compile("ready to be used"))
    page.locator("#model-use").click()
    expect(page.locator("#model-dialog")).to_have_count(0)
    expect(line(page, "model-where")).to_have_value(re.compile("other"))
    assert (shelf._models_dir / CHOSEN).read_text() == OTHER  # pyright: ignore[reportPrivateUsage]


def test_a_name_that_is_no_model_is_told(page: Page, desk_of: tuple[Studio, str]) -> None:
    studio, url = desk_of
    opened(page, url, made(studio, "Names", prose(2)))
    page.locator("#open-model").click()
    page.locator("#model-name input").fill("no-such-model")
    page.locator("#model-look").click()
    expect(page.get_by_text("There is no model no-such-model")).to_be_visible()
    page.locator("#model-name input").fill("someone/else")
    page.keyboard.press("Enter")
    expect(page.locator("#model-fetch")).to_be_visible()
