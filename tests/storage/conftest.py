from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Store, open_database
from storage.manuscripts import Manuscripts
from storage.records import Project


class Clock:
    """A time that only the test moves on."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_database(tmp_path)
    yield store
    store.close()


@pytest.fixture
def manuscripts(store: Store, clock: Clock) -> Manuscripts:
    return Manuscripts(store, clock)


@pytest.fixture
def book(manuscripts: Manuscripts) -> Project:
    return manuscripts.create_project("The Book")
