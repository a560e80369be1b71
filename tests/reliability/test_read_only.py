"""A data folder that may not be written, for an ordinary user: told in one sentence, nothing lost, readable by hand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from templora.engine import ModelInfo
from tests.reliability import checks
from tests.reliability.bench import Bench, facts, make_model, words
from tests.reliability.nursery import Nursery
from tests.reliability.permissions import NOBODY, read_only


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder of the user whom the desk runs as here: not below pytest's, which only its own user may enter."""
    with tempfile.TemporaryDirectory(prefix="templora-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)


def model_for_all(folder: Path) -> ModelInfo:
    (folder / "model").mkdir()
    return make_model(folder / "model")


def test_a_desk_on_a_read_only_folder_says_so(nursery: Nursery, open_to_all: Path) -> None:
    info = model_for_all(open_to_all)
    bench = Bench(open_to_all, info)
    bench.open()
    project = bench.book(words(1), words(2))
    before = checks.books(bench.studio)
    checks.mirrors_say_what_the_books_say(bench.studio, bench.data)
    give_away(open_to_all)
    read_only(bench.data, True)
    assert nursery.run("read_only_start", folder=str(open_to_all), model=info.folder) == 0, nursery.log.read_text()
    (told,) = facts(open_to_all / "journal")
    assert told["refused"] == "start" and str(bench.data) in told["message"]
    assert "Check the permissions" in told["message"]
    # Without the desk, the text can be read as it is.
    assert checks.mirrored(bench.data, project) == [f"# Chapter {n}\n\n{words(n)}\n" for n in (1, 2)]
    read_only(bench.data, False)
    again = Bench(open_to_all, info)
    again.open()
    assert checks.books(again.studio) == before
    again.close()


def test_a_folder_that_becomes_read_only_under_an_open_desk(nursery: Nursery, open_to_all: Path) -> None:
    info = model_for_all(open_to_all)
    give_away(open_to_all)
    assert nursery.run("read_only_later", folder=str(open_to_all), model=info.folder) == 0, nursery.log.read_text()
    told = facts(open_to_all / "journal")
    done = [fact["done"] for fact in told if "done" in fact]
    refused = {fact["refused"]: fact["message"] for fact in told if "refused" in fact}
    assert {"finish", "backup", "learn"} <= refused.keys()
    assert all("Check the permissions" in message for message in refused.values())
    assert "draft" in done, "a draft is not written into the folder"
    # The database is open already: text goes on being saved, or is refused and stays as it was.
    (text,) = [fact["text"] for fact in told if "text" in fact]
    assert text == (words(2) if "save" in done else words(1))
    shutil.rmtree(open_to_all / "model")
