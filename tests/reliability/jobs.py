"""What the children of the nursery do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from templora.errors import StorageError
from tests.reliability import checks
from tests.reliability.bench import Bench, Journal, model_in
from tests.reliability.expected import text_of
from tests.reliability.hooks import Hooks
from tests.reliability.nursery import Wait
from tests.reliability.scenarios import SCENARIOS
from tests.reliability.torturing import torture

T = TypeVar("T")

__all__ = ["crash", "fail", "idle", "torture"]


def crash(wait_for_go: Wait, scenario: str, folder: str, model: str, fault: str = "", at: int = 0) -> None:
    """Act a scenario in `folder`, with a line in its journal for each verb that returned.

    `fault`: one of `hooks`, at operation number `at`; '' where a tracer does it.
    """
    root = Path(folder)
    bench, journal = Bench(root, model_in(Path(model))), Journal(root / "journal")
    hooks = Hooks(bench.data, fault, at) if fault else None
    SCENARIOS[scenario].prepare(bench)
    wait_for_go()
    if hooks:
        hooks.armed = True
    for name, verb in SCENARIOS[scenario].verbs(bench):
        verb()
        journal.fact(done=name)
    assert not bench.engine.wrong, bench.engine.wrong
    if hooks:
        hooks.armed = False
        journal.fact(operations=hooks.count)


def fail(wait_for_go: Wait, scenario: str, folder: str, model: str, fault: str = "", at: int = 0) -> None:
    """As `crash`, over a disk that fails once. What is refused is asked for again, in the same Studio."""
    root = Path(folder)
    bench, journal = Bench(root, model_in(Path(model))), Journal(root / "journal")
    hooks = Hooks(bench.data, fault, at) if fault else None
    SCENARIOS[scenario].prepare(bench)
    wait_for_go()
    for name, verb in SCENARIOS[scenario].verbs(bench):
        before = _text(bench)
        try:
            _armed(hooks, verb)
        except StorageError as error:
            journal.fact(refused=name, message=error.message)
            if _text(bench) == before:
                verb()
        journal.fact(done=name)
        _failures(bench, journal)
    if bench.running and scenario != "finish":  # a finished book is not learnt again
        for project in bench.studio.projects():
            # The disk may fail in this, too; once.
            known = [_learns(bench, hooks, project.id) for _ in range(2)]
            assert any(known)
    if bench.running:
        _armed(hooks, bench.close)
    assert not bench.engine.wrong, bench.engine.wrong
    if hooks:
        journal.fact(operations=hooks.count)


def _learns(bench: Bench, hooks: Hooks | None, project: str) -> bool:
    try:
        return _armed(hooks, lambda: bench.knows_the_book(project))
    except StorageError:
        return False


def _armed(hooks: Hooks | None, act: Callable[[], T]) -> T:
    """The hooks strike in what the desk does, not in what a test looks up."""
    if hooks:
        hooks.armed = True
    try:
        return act()
    finally:
        if hooks:
            hooks.armed = False


def _failures(bench: Bench, journal: Journal) -> None:
    """What the Memory panel says."""
    for project in bench.studio.projects() if bench.running else []:
        failure = bench.studio.memory(project.id).failure
        if failure:
            journal.fact(refused="learn", message=failure)


def _text(bench: Bench) -> object:
    return text_of(checks.books(bench.studio)) if bench.running else ()


def idle(wait_for_go: Wait) -> None:
    """Waits for the word to end."""
    wait_for_go()
