"""The disk fails once, at each file and database operation in turn.

What was asked for is refused with a message for the writer, or is done. Nothing acknowledged is lost, and the same
Studio goes on.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from templora.engine import ModelInfo
from tests.reliability import checks, hooks, tracing
from tests.reliability.bench import Bench, facts
from tests.reliability.checks import Books
from tests.reliability.everywhere import Everywhere
from tests.reliability.expected import Expected, undisturbed
from tests.reliability.nursery import Nursery
from tests.reliability.scenarios import LEARNING, WRITING

SAMPLE = {"writing": 16, "learning": 12, "backup": 10}
"""Points of a scenario in the short tests; `FEW` of the others."""
FEW = 6
IN_THREADS = {"take"}
"""A tracer would make the same call fail in each new thread, so that asking again is of no use."""


def without_takes(books: Books) -> list[checks.BookState]:
    return [replace(book, takes=(), learning="on") for book in books]


def goes_on(folder: Path, info: ModelInfo, expected: Expected) -> None:
    """All that was asked for is there, as if nothing had happened."""
    refusals = [fact for fact in facts(folder / "journal") if "refused" in fact]
    assert all(len(fact["message"]) > 20 and "Traceback" not in fact["message"] for fact in refusals)
    bench = Bench(folder, info)
    bench.clock.now = expected.now
    bench.open()
    found = checks.books(bench.studio)
    assert without_takes(found) == without_takes(expected.books[-1])
    # One that broke off is kept beside the one that was asked for again.
    assert set(checks.all_takes(expected.books[-1])) <= set(checks.all_takes(found))
    checks.chapters_are_in_order(bench.studio)
    checks.snapshots_are_true(bench.studio, bench.data, bench.engine.decoder)
    checks.mirrors_say_what_the_books_say(bench.studio, bench.data)
    checks.nothing_is_left_half_done(bench.data)
    assert not bench.engine.wrong


@pytest.mark.parametrize("scenario", [name for name in (*WRITING, *LEARNING) if name not in IN_THREADS])
def test_a_system_call_that_fails(
    scenario: str, strace: None, nursery: Nursery, info: ModelInfo, folder: Path, long: bool
) -> None:
    expected = undisturbed(scenario, folder / "undisturbed", info)
    everywhere = Everywhere("fail", scenario, nursery, info, folder, SAMPLE.get(scenario, FEW), long)
    for run in everywhere.calls(tracing.fails):
        assert run.status == 0, nursery.log.read_text()
        goes_on(run.folder, info, expected)


@pytest.mark.parametrize("scenario", [*WRITING, *LEARNING])
def test_an_operation_of_python_that_fails(
    scenario: str, nursery: Nursery, info: ModelInfo, folder: Path, long: bool
) -> None:
    expected = undisturbed(scenario, folder / "undisturbed", info)
    everywhere = Everywhere("fail", scenario, nursery, info, folder, SAMPLE.get(scenario, FEW) // 2, long)
    for run in everywhere.operations(hooks.EIO):
        assert run.status == 0, nursery.log.read_text()
        goes_on(run.folder, info, expected)
