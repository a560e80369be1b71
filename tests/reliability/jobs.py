"""What the children of the nursery do."""

from __future__ import annotations

from pathlib import Path

from tests.reliability.bench import Bench, Journal, model_in
from tests.reliability.hooks import Hooks
from tests.reliability.nursery import Wait
from tests.reliability.scenarios import SCENARIOS
from tests.reliability.torturing import torture

__all__ = ["crash", "idle", "torture"]


def crash(wait_for_go: Wait, scenario: str, folder: str, model: str, fault: str = "", at: int = 0) -> None:
    """Act a scenario in `folder`, with a line in its journal for each verb that returned.

    `fault`: one of `hooks`, at operation number `at`; '' where a tracer does it.
    """
    root = Path(folder)
    bench = Bench(root, model_in(Path(model)))
    journal = Journal(root / "journal")
    hooks = Hooks(bench.data, fault, at) if fault else None
    SCENARIOS[scenario].prepare(bench)
    wait_for_go()
    if hooks:
        hooks.armed = True
    SCENARIOS[scenario].act(bench, lambda verb: journal.fact(done=verb))
    assert not bench.engine.wrong, bench.engine.wrong
    if hooks:
        hooks.armed = False
        journal.fact(operations=hooks.count)


def idle(wait_for_go: Wait) -> None:
    """Waits for the word to end."""
    wait_for_go()
