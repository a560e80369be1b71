"""What all tests share: the starter model, ready on disk, a desk, and `--long`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from templora import models
from templora.bootstrap import Terminal
from templora.cores import share_cores
from templora.engine import ModelInfo, ModelState
from tests.studio_desk import Desk
from tests.terminals import Screen
from tests.tiny_models import Reports, write_folder

share_cores()

MEMORY = Path("/dev/shm")
ROOM = 8 * 1024**3
"""Bytes. What the tests write in a run is a few of them, and most of that is deleted on the way."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests that take minutes")


def pytest_configure(config: pytest.Config) -> None:
    """Temporary folders lie in memory where there is room: every saved text is flushed, and would wait for a disk."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)  # pytest counts them in its last line
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def starter() -> ModelInfo:
    """The starter model, fetched and converted by the first test that needs it unless `app.py test` has done so."""
    folder = Path(os.environ.get("TEMPLORA_MODELS") or models.default_folder())

    def report(state: ModelState, message: str, progress: float | None) -> None:
        print(f"{state}: {message}")

    return models.ensure(models.STARTER, folder, report)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.studio.close()


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def screen() -> Screen:
    return Screen(tty=False)


@pytest.fixture
def terminal(screen: Screen) -> Terminal:
    return Terminal(screen)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def model_folder(pristine: Path, tmp_path: Path) -> Path:
    """A tiny model's folder that a test may spoil."""
    return Path(shutil.copytree(pristine, tmp_path / "model"))
