"""A desk whose engine checks every claim that is made to it, and a journal that a kill cannot take back."""

from __future__ import annotations

import json
import os
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from storage.faults import disk_errors
from templora import chunks as chunking
from templora.config import DEFAULT, Sampling
from templora.engine import Learn, ModelInfo, Open, Opened, Reply, Request, Save
from templora.errors import SnapshotDamaged, StorageError, from_code
from templora.studio import Studio
from templora.takes import Broke, Finished
from tests.fakes import Clock, FakeEngine
from tests.studio_desk import Desk

RECIPE = replace(DEFAULT, chunk_tokens=320, prefix_tokens=160)
"""In bytes: about two of `prose`'s paragraphs to a chunk."""


def words(number: int) -> str:
    """Two words that no other number has."""
    return f"z{number // 500} v{number % 500}"


class Decoder:
    """Token ids of the fake model → the text that they are of, whatever it is."""

    def __init__(self, info: ModelInfo) -> None:
        self._tokenizer = Tokenizer.from_file(info.tokenizer)
        self.origin = chunking.origin(info.fingerprint, RECIPE)

    def text(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids)

    def chain(self, held: list[list[int]]) -> str:
        """What a memory that has learnt these chunks, in this order, is called."""
        link = self.origin
        for ids in held:
            link = chunking.link(link, self.text(ids))
        return link


class StrictEngine(FakeEngine):
    """Every memory's name must be the chain of what it has learnt, and each prefix the end of that.

    What is wrong is kept in `wrong`, since a background thread that learns survives its errors.
    """

    def __init__(self, info: ModelInfo) -> None:
        super().__init__(info)
        self.decoder = Decoder(info)
        self.wrong: list[str] = []
        self.asked: deque[Learn | Open] = deque(maxlen=200)

    def call(self, request: Request) -> Reply:
        match request:
            case Learn(memory, becomes, prefix, chunk) if memory in self.memories:
                held = self.memories[memory]
                self._check(becomes, [*held, chunk])
                read = [id for ids in held for id in ids][-RECIPE.prefix_tokens :]
                if prefix != read:
                    self.wrong.append(f"chunk {len(held)} was read after other tokens than those learnt before it")
            case Save(memory) if memory in self.memories:
                self._check(memory, self.memories[memory])
            case Open(memory, n_chunks, path) if path is not None:
                # As the real engine does, which finds the claim in the file.
                held = self._read(path)
                if (self.decoder.chain(held), len(held)) != (memory, n_chunks):
                    raise SnapshotDamaged("This memory file is not what it is said to be.")
                self.memories[memory] = held
                self.asked.append(request)
                return Opened({"torch": "fake"})
            case _:
                pass
        reply = self._save(request) if isinstance(request, Save) else super().call(request)
        if isinstance(request, Open):
            self._check(request.memory, self.memories[request.memory])
        self.requests.clear()  # a torture asks for very many
        if isinstance(request, Learn | Open):
            self.asked.append(request)
        return reply

    def _read(self, path: str) -> list[list[int]]:
        try:
            return json.loads(Path(path).read_bytes())
        except (OSError, ValueError) as error:
            raise SnapshotDamaged(f"This memory file cannot be read: {error}.") from error

    def _save(self, request: Save) -> Reply:
        """What the disk refuses is told as the real engine tells it."""
        try:
            with disk_errors(Path(request.path)):
                return super().call(request)
        except StorageError:
            Path(request.path).unlink(missing_ok=True)
            raise

    def _check(self, name: str, held: list[list[int]]) -> None:
        if self.decoder.chain(held) != name:
            self.wrong.append(f"a memory of {len(held)} chunks claims to be another: {name}")


class Bench(Desk):
    """A desk that is opened when the test says so, over a model that is shared by many."""

    def __init__(self, folder: Path, info: ModelInfo) -> None:
        self.folder = folder
        self.clock = Clock()
        self.engine = StrictEngine(info)
        self.running = False

    def open(self) -> None:
        self.studio = Studio(self.data, self.engine, self.engine.info, RECIPE, self.clock)
        self.running = True

    def close(self) -> None:
        self.running = False
        self.studio.close()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def take(self, chapter: str, reply: str) -> str:
        """Let the model write at the chapter's end; returns the take's id once it is stored. Raises what a page is
        told where that fails."""
        current = self.studio.chapter(chapter)
        self.engine.replies = [reply]
        last = list(self.studio.continue_(chapter, current.revision, len(current.text), Sampling(seed=1)))[-1]
        if isinstance(last, Broke):
            raise from_code(last.code, last.message)
        assert isinstance(last, Finished)
        return last.id

    def knows_the_book(self, project: str) -> bool:
        """Has the memory, after *Learn now*, learnt the book as it stands, and nothing else?"""
        self.studio.memory_do(project, "learn")
        self.work()
        return self.resident(project) == self.planned(project)

    def save(self, chapter: str, text: str) -> int:
        return self.studio.save(chapter, self.studio.chapter(chapter).revision, text)


def make_model(folder: Path) -> ModelInfo:
    """A model whose tokenizer has one token a byte, so that token ids say what text they are of."""
    vocabulary = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    tokenizer.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    tokenizer.save(str(folder / "tokenizer.json"))
    return model_in(folder)


def model_in(folder: Path) -> ModelInfo:
    return ModelInfo("fake", "0" * 64, str(folder), str(folder / "tokenizer.json"), 2048, 1, 1000)


class Journal:
    """Facts, a line of JSON each, that outlive the process from the moment `fact` returns.

    Written by writev, which no test injects faults into.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def fact(self, **fields: Any) -> None:
        os.writev(self._file, [json.dumps(fields).encode() + b"\n"])


def facts(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
