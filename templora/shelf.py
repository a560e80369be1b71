"""The models that there are: on this computer, and worth fetching; what fits; and working with another one.

Imports no torch: models are fetched by a process of their own (`templora.fetching`), and used by the model process.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal, Protocol, cast

from templora import models, weights
from templora.client import environment
from templora.engine import ModelInfo, ModelStatus
from templora.errors import BadInput, ModelError, StorageError, TemploraError
from templora.models import needed_bytes
from templora.starter import STARTER

log = logging.getLogger(__name__)

CHOSEN = "chosen"
"""The file in the models folder that names the model which the desk starts with."""

SUGGESTED = (
    ("HuggingFaceTB/SmolLM2-360M", 362_000_000),
    ("Qwen/Qwen3-0.6B-Base", 596_000_000),
    ("HuggingFaceTB/SmolLM2-1.7B", 1_711_000_000),
    ("Qwen/Qwen3-1.7B-Base", 1_721_000_000),
    ("Qwen/Qwen3-4B-Base", 4_022_000_000),
    ("mistralai/Mistral-7B-v0.3", 7_248_000_000),
    ("Qwen/Qwen3-8B-Base", 8_191_000_000),
)
"""Base models of the hub that continue prose well for their size, and their parameters."""

Fit = Literal["card", "processor", "no"]
"""On the graphics card; in the memory of the processor, which is slower; not at all."""


@dataclass(frozen=True)
class Offer:
    """A model to choose. `here`: on this computer, ready to be used; else it has to be fetched.

    `parameters` is None where that is not known before it is fetched; so are the others. `needs`: bytes of memory,
    an estimate from the parameters.
    """

    id: str
    here: bool
    parameters: int | None = None
    needs: int | None = None
    fit: Fit | None = None


@dataclass(frozen=True)
class Fetch:
    """How far a download is. `message` says what it is at, or why it failed."""

    state: Literal["none", "fetching", "ready", "cancelled", "failed"] = "none"
    id: str = ""
    message: str = ""
    progress: float | None = None


@dataclass(frozen=True)
class Machine:
    """Bytes of memory: all of the processor's, what is free of it, and all of the graphics cards'."""

    memory: int
    free: int
    cards: int


class Switchable(Protocol):
    """An engine that can be told to work with another model."""

    def status(self) -> ModelStatus: ...
    def use(self, model: str) -> None: ...


class Shelf:
    """The models folder and the engine's model. All methods may be called from any thread."""

    def __init__(self, engine: Switchable, models_dir: Path) -> None:
        self._engine = engine
        self._models_dir = models_dir
        self._lock = threading.Lock()
        self._fetch = Fetch()
        self._process: subprocess.Popen[bytes] | None = None

    # --- what there is ---

    def machine(self) -> Machine:
        import psutil

        memory = psutil.virtual_memory()
        return Machine(memory.total, memory.available, self._engine.status().card_bytes)

    def present(self) -> Offer:
        """The model that the engine has, or tries to have."""
        status = self._engine.status()
        info = status.info if status.info and status.info.id == status.id else None
        return self._offer(info) if info else self.look(status.id)

    def offers(self) -> list[Offer]:
        """Models on this computer, the smallest first, then those worth fetching."""
        here = sorted(on_disk(self._models_dir), key=lambda info: (info.parameters, info.id))
        present = self.present()
        rows = [self._offer(info) for info in here]
        if present.id not in [row.id for row in rows]:
            rows.insert(0, present)
        if STARTER not in [row.id for row in rows]:
            rows.append(self._estimated(STARTER, 135_000_000))
        names = {row.id for row in rows}
        return [*rows, *(self._estimated(id, count) for id, count in SUGGESTED if id not in names)]

    def look(self, id: str) -> Offer:
        """A model that the writer names: hub's owner/name, folder, or GGUF file. Raises `ModelNotFound`, `BadInput`."""
        if not id.strip():
            raise BadInput("Name a model: owner/name on the hub, a folder, or a .gguf file.")
        _, name = models.kind_of(id.strip())
        info = weights.recall(name, self._models_dir)
        counts = {STARTER: 135_000_000, **dict(SUGGESTED)}
        return self._offer(info) if info else self._estimated(name, counts.get(name))

    def _offer(self, info: ModelInfo) -> Offer:
        return replace(self._estimated(info.id, info.parameters, info.folder.endswith(".gguf")), here=True)

    def _estimated(self, id: str, parameters: int | None, is_gguf: bool = False) -> Offer:
        if parameters is None:
            return Offer(id, here=False)
        machine = self.machine()
        on_card = needed_bytes(parameters, card=True)
        if machine.cards and on_card <= machine.cards:
            return Offer(id, False, parameters, on_card, "card")
        needs = needed_bytes(parameters, is_gguf=is_gguf)
        return Offer(id, False, parameters, needs, "processor" if needs <= machine.free + self._spare() else "no")

    def _spare(self) -> int:
        """Bytes that the present model gives back when another takes its place."""
        status = self._engine.status()
        loaded = status.info if status.state in ("ready", "learning", "generating") else None
        return needed_bytes(loaded.parameters) if loaded and status.device in ("", "cpu") else 0

    # --- fetching ---

    def fetch(self) -> Fetch:
        with self._lock:
            return self._fetch

    def start_fetch(self, id: str) -> Fetch:
        """Fetch a model, or make one ready that lies here; goes on where an earlier try was interrupted.

        Raises `ModelNotFound` where it cannot be one, `BadInput` while another is being fetched.
        """
        name = self.look(id).id
        with self._lock:
            if self._process is not None:
                if self._fetch.id == name:
                    return self._fetch
                raise BadInput(f"{self._fetch.id} is being fetched. Wait for it, or cancel it first.")
            command = [sys.executable, "-m", "templora.fetching", "--model", name, "--models", str(self._models_dir)]
            self._fetch = Fetch("fetching", name, "Getting ready to fetch it …")
            try:
                self._process = subprocess.Popen(
                    [*command, "--spare", str(self._spare())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment(),
                )
            except OSError as error:
                raise ModelError(f"The download could not be started ({error}). Try again.") from error
            threading.Thread(target=self._follow, args=(self._process, name), name="model fetch", daemon=True).start()
            return self._fetch

    def cancel_fetch(self) -> Fetch:
        """What has been fetched is kept, and the next try goes on from there."""
        with self._lock:
            process, self._process = self._process, None
            if process is not None:
                self._fetch = Fetch("cancelled", self._fetch.id, "Cancelled. What has been fetched is kept.")
        if process is not None:
            process.kill()
            process.wait()
        return self.fetch()

    def close(self) -> None:
        self.cancel_fetch()

    def _follow(self, process: subprocess.Popen[bytes], id: str) -> None:
        last = Fetch("failed", id, "The download ended unexpectedly. Try again: it goes on where it stopped.")
        for line in cast(IO[bytes], process.stdout):
            try:
                said = json.loads(line)
                state = said["state"] if said["state"] in ("ready", "failed") else "fetching"
                heard = Fetch(state, id, said["message"], said["progress"])
            except (ValueError, KeyError, TypeError):
                continue
            if state != "fetching":
                last = heard
            self._tell(process, heard)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                cast(IO[bytes], pipe).close()
        self._tell(process, last, over=True)

    def _tell(self, process: subprocess.Popen[bytes], fetch: Fetch, over: bool = False) -> None:
        with self._lock:
            if self._process is not process:
                return  # cancelled meanwhile
            if over:
                self._process = None
            if over or fetch.state == "fetching":
                self._fetch = fetch

    # --- using ---

    def use(self, id: str) -> ModelStatus:
        """Work with this model from now on, and at the next start. Text is not touched; the memory is learnt anew.

        Raises `BadInput` where it has to be fetched first, `StorageError` where the choice cannot be kept.
        """
        offer = self.look(id)
        if not offer.here:
            raise BadInput(f"{offer.id} is not on this computer yet. Fetch it first.")
        try:
            choose(offer.id, self._models_dir)
        except OSError as error:
            raise StorageError(f"The choice could not be kept in {self._models_dir} ({error}). Try again.") from error
        self._engine.use(offer.id)
        return self._engine.status()


def on_disk(models_dir: Path) -> list[ModelInfo]:
    """The models whose files are all here, as they were when they were last looked at. Takes milliseconds."""
    found: dict[str, ModelInfo] = {}
    for path in sorted((models_dir / "known").glob("*.json")):
        try:
            id = str(json.loads(path.read_text(encoding="utf-8"))["info"]["id"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        info = weights.recall(id, models_dir)
        if info is not None:
            found[info.id] = info
    return list(found.values())


def choose(id: str, models_dir: Path) -> None:
    """Remember which model the desk starts with. Raises OSError."""
    models_dir.mkdir(parents=True, exist_ok=True)
    part = models_dir / f"{CHOSEN}.part"
    part.write_text(id, encoding="utf-8")
    part.replace(models_dir / CHOSEN)


def chosen(models_dir: Path) -> str:
    """The model that was chosen last; the starter where none was, or it is gone."""
    try:
        id = (models_dir / CHOSEN).read_text(encoding="utf-8").strip()
        models.kind_of(id)
    except (OSError, ValueError, TemploraError):
        return STARTER
    return id
