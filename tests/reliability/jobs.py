"""What the children of the nursery do."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from templora.errors import StorageError
from templora.studio import Studio
from tests.reliability import checks
from tests.reliability.bench import Bench, Journal, StrictEngine, model_in, words
from tests.reliability.expected import text_of
from tests.reliability.hooks import Hooks
from tests.reliability.nursery import Wait
from tests.reliability.permissions import NOBODY, read_only
from tests.reliability.real_desk import learn_anew, real_torture
from tests.reliability.scenarios import SCENARIOS
from tests.reliability.soaking import soak
from tests.reliability.torturing import torture
from tests.studio_desk import prose

T = TypeVar("T")

__all__ = ["crash", "fail", "idle", "learn_anew", "read_only_later", "read_only_start", "real_torture", "soak"]
__all__ += ["torture"]


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


def read_only_start(wait_for_go: Wait, folder: str, model: str) -> None:
    """Open the desk as an ordinary user."""
    root = Path(folder)
    journal = Journal(root / "journal")
    wait_for_go()
    _become_nobody()
    try:
        Studio(root / "data", StrictEngine(model_in(Path(model))))
    except StorageError as error:
        journal.fact(refused="start", message=error.message)
    else:
        journal.fact(done="start")


def read_only_later(wait_for_go: Wait, folder: str, model: str) -> None:
    """Go on, as an ordinary user, in a folder that is made read-only while the desk is open."""
    root = Path(folder)
    journal = Journal(root / "journal")
    _import_all(model)
    wait_for_go()
    _become_nobody()
    bench = Bench(root, model_in(Path(model)))
    bench.open()
    project = bench.book(words(1), prose(10))
    first = bench.chapters(project)[0]
    bench.studio._keeper.write_mirrors()  # pyright: ignore[reportPrivateUsage]
    read_only(bench.data, True)
    _told(journal, "save", lambda: bench.save(first, words(2)))
    _told(journal, "take", lambda: bench.take(first, f" {words(3)}"))
    _told(journal, "mirror", bench.studio._keeper.write_mirrors)  # pyright: ignore[reportPrivateUsage]
    _told(journal, "backup", bench.studio.back_up)
    _told(journal, "finish", lambda: bench.studio.finish(project, "markdown"))
    _told(journal, "draft", lambda: bench.studio.copy(project, "markdown"))
    bench.studio.memory_do(project, "learn")
    bench.work()
    _failures(bench, journal)
    journal.fact(text=bench.studio.chapter(first).text)
    read_only(bench.data, False)
    assert bench.knows_the_book(project)
    bench.save(first, words(4))
    bench.studio.finish(project, "markdown")
    bench.studio.back_up()
    bench.close()


def _told(journal: Journal, name: str, act: Callable[[], object]) -> None:
    try:
        act()
    except StorageError as error:
        journal.fact(refused=name, message=error.message)
    else:
        journal.fact(done=name)


def _import_all(model: str) -> None:
    """What is imported late must be there before others may read our files no more."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), model_in(Path(model)))
        bench.open()
        project = bench.book(prose(3))
        bench.studio.back_up()
        assert bench.knows_the_book(project)
        bench.studio.finish(project, "markdown")
        bench.close()


def _become_nobody() -> None:
    """Permissions mean nothing to root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    assert os.geteuid() != 0
