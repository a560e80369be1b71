"""A kill at each file and database operation in turn, while text is written and while a memory is learnt.

After each: what was acknowledged is there, of what was not at most one thing more; the snapshots' claims are true; the
next start needs no hand.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from templora.engine import ModelInfo
from tests.reliability import checks, hooks, tracing
from tests.reliability.bench import Bench, facts
from tests.reliability.everywhere import Everywhere
from tests.reliability.expected import Expected, chains, mirror, text_of, undisturbed
from tests.reliability.nursery import Nursery
from tests.reliability.scenarios import LEARNING, WRITING

SAMPLE = {"writing": 40, "learning": 40, "closing": 40, "finish": 20, "backup": 20}
"""Points of a scenario in the short tests, for each way to kill; `FEW` of the others."""
FEW = 10


def mirror_is_readable(data: Path, before: Sequence[str], after: Sequence[str]) -> None:
    """Even before the next start each chapter can be read, as it was or as it is, and nothing else."""
    found = mirror(data)
    assert set(found) <= {*before, *after}
    for old, new in zip(before, after, strict=False):
        assert old in found or new in found


def recovers(folder: Path, info: ModelInfo, expected: Expected) -> None:
    """The folder of a process that was killed holds what it must, and work on it goes on."""
    mirror_is_readable(folder / "data", expected.mirrors[0], expected.mirrors[-1])
    acknowledged = len(facts(folder / "journal"))
    bench = Bench(folder, info)
    bench.clock.now = expected.now
    bench.open()
    possible = range(acknowledged, min(acknowledged + 2, len(expected.books)))
    found = checks.books(bench.studio)
    assert text_of(found) in [text_of(expected.books[i]) for i in possible], f"after {acknowledged} verbs"
    checks.takes_are_kept(found, [expected.books[i] for i in possible])
    # A snapshot is taken in and others are thinned out in two steps: in between both are there.
    memories = [expected.chains[i] for i in possible]
    assert chains(bench) in [*memories, set[str]().union(*memories)], f"after {acknowledged} verbs"
    checks.chapters_are_in_order(bench.studio)
    checks.snapshots_are_true(bench.studio, bench.data, bench.engine.decoder)
    for project in bench.studio.projects():
        assert bench.knows_the_book(project.id)
    checks.mirrors_say_what_the_books_say(bench.studio, bench.data)
    checks.nothing_is_left_half_done(bench.data)
    assert not bench.engine.wrong


@pytest.mark.parametrize("scenario", [*WRITING, *LEARNING])
def test_killed_at_a_system_call(
    scenario: str, strace: None, nursery: Nursery, info: ModelInfo, folder: Path, long: bool
) -> None:
    expected = undisturbed(scenario, folder / "undisturbed", info)
    everywhere = Everywhere("crash", scenario, nursery, info, folder, SAMPLE.get(scenario, FEW), long)
    for run in everywhere.calls(tracing.kills):
        assert run.status == -signal.SIGKILL, nursery.log.read_text()
        recovers(run.folder, info, expected)


@pytest.mark.parametrize("scenario", [*WRITING, *LEARNING])
def test_killed_at_an_operation_of_python(
    scenario: str, nursery: Nursery, info: ModelInfo, folder: Path, long: bool
) -> None:
    expected = undisturbed(scenario, folder / "undisturbed", info)
    everywhere = Everywhere("crash", scenario, nursery, info, folder, SAMPLE.get(scenario, FEW) // 2, long)
    for run in everywhere.operations(hooks.KILL):
        assert run.status == -signal.SIGKILL, nursery.log.read_text()
        recovers(run.folder, info, expected)
