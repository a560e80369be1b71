"""A nursery for processes that are killed, and where they may write."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from templora.engine import ModelInfo
from tests.reliability import tracing
from tests.reliability.bench import make_model
from tests.reliability.nursery import Nursery


@pytest.fixture(scope="session")
def info(tmp_path_factory: pytest.TempPathFactory) -> ModelInfo:
    """The fake model, shared by all: it is only read."""
    return make_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path_factory.mktemp("nursery") / "log")
    yield nursery
    nursery.close()


@pytest.fixture(scope="session")
def strace(nursery: Nursery) -> None:
    """Skips, with the reason, where strace is of no use; what it does is then done by hooks alone."""
    child = nursery.start("idle")
    try:
        reason = tracing.why_not(child.pid)
    finally:
        child.go()
        child.wait()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where that can be had: a killed process loses no more there, and a busy disk does not hold up tests."""
    memory = Path("/dev/shm")
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="templora-", dir=memory) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--long"))
