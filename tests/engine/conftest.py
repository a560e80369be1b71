from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from templora.adapter import Adapter
from templora.config import Recipe
from templora.embedded import EmbeddedEngine
from tests.engine.tiny import QUICK, TEXT, tiny_model, tiny_tokenizer, wait_until

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads on a model this small mostly wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return tiny_tokenizer()


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def adapter(device: str) -> Adapter:
    return Adapter(tiny_model(device), QUICK)


@pytest.fixture
def make_adapter(device: str) -> Callable[[Recipe], Adapter]:
    return lambda recipe: Adapter(tiny_model(device), recipe)


@pytest.fixture
def ids(tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """Four chunks of text and more."""
    return tokenizer.encode(TEXT, add_special_tokens=False)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: PreTrainedTokenizerFast) -> Path:
    """The tiny model as a folder on disk, as `--model` takes it."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny_model().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def engine(tiny_folder: Path, tmp_path: Path) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(str(tiny_folder), tmp_path / "models", QUICK)
    wait_until(lambda: engine.status().state == "ready")
    yield engine
    engine.close()
