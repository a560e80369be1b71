"""The HTTP routes over a real Studio and storage and a fake engine, one for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from templora.config import DEFAULT
from templora.studio import Studio
from tests.fakes import FakeEngine, fake_info
from ui.server import create_app

RECIPE = replace(DEFAULT, chunk_tokens=64, prefix_tokens=32)


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(fake_info(tmp_path))


@pytest.fixture
def studio(tmp_path: Path, engine: FakeEngine) -> Iterator[Studio]:
    studio = Studio(tmp_path / "data", engine, engine.info, RECIPE)
    studio.start()
    yield studio
    studio.close()


@pytest.fixture
def client(studio: Studio) -> TestClient:
    return TestClient(create_app(studio), base_url="http://127.0.0.1")
