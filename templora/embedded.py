"""The engine in this process: one model, one thread that works through requests by urgency.

Whatever a writer waits for comes before learning: a chunk in hand is abandoned for it at the next layer, and so it is
when the engine is closed.
"""

# torch ships partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import errno
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from templora import models
from templora.adapter import Adapter, Claim, from_bytes, to_bytes
from templora.composing import compose_prompt
from templora.config import DEFAULT, Recipe, Sampling
from templora.convert import ran_out_of_memory
from templora.dispatch import Dispatcher, Emit
from templora.engine import (
    STRONGEST,
    Compose,
    Continue,
    Drop,
    Failed,
    GaveWay,
    Generation,
    Learn,
    Learnt,
    ModelInfo,
    ModelState,
    ModelStatus,
    Ok,
    Open,
    Opened,
    Reply,
    Request,
    Resident,
    ResidentMemories,
    Rewrite,
    Save,
    Saved,
    Score,
    Scored,
    Token,
)
from templora.errors import (
    BadInput,
    DiskFull,
    EngineError,
    ModelError,
    ModelNotReady,
    SnapshotDamaged,
    StorageError,
    TemploraError,
)
from templora.generator import Generator
from templora.jobs import Job, Jobs
from templora.learner import GiveWay, Learner
from templora.prompts import answers, rewrite_prompt
from templora.resident import Residents
from templora.shaping import shaping, watches
from templora.streaming import Filter

log = logging.getLogger(__name__)

RESIDENT = 4
"""Memories held at a time; an evicted one is opened again from its snapshot."""
_SPEED_EVERY_S = 1.0
_RAN_OUT = (
    "The machine ran out of memory. Your text is safe: close other programs, or choose a smaller model with --model."
)


class EmbeddedEngine(Dispatcher):
    """Loads `model_id` in the background at once and answers requests from any thread; `close()` when done."""

    def __init__(self, model_id: str, models_dir: Path, recipe: Recipe = DEFAULT, lean: bool = False) -> None:
        super().__init__(ModelStatus("loading", "The model is loading.", id=model_id))
        self._model_id = model_id
        self._models_dir = models_dir
        self._recipe = recipe
        self._lean = lean
        self._jobs = Jobs()
        self._room: _Room | None = None
        self._failure: ModelError | None = None
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def submit(self, request: Request, emit: Emit) -> Callable[[], None]:
        if self._failure is not None:
            raise type(self._failure)(self._failure.message)
        if self._room is None and not self._jobs.closed:
            raise ModelNotReady("The model is still loading. Your text is safe; try again in a moment.")
        job = Job(request, emit)
        self._jobs.put(job)
        return job.cancelled.set

    def close(self) -> None:
        """Abandon what is under way and let go of the model."""
        self._jobs.close()
        self._thread.join()

    # --- the thread ---

    def _run(self) -> None:
        try:
            room = self._load()
        except TemploraError as error:
            self._fail(error if isinstance(error, ModelError) else ModelError(error.message))
            return
        except Exception as error:
            log.exception("the model could not be loaded")
            reason = f"The model could not be loaded ({error}). Choose another with --model."
            self._fail(ModelError(_RAN_OUT if ran_out_of_memory(error) else reason))
            return
        self._room = room
        self._show("ready", "Ready.")
        learnt: Job | None = None
        while (job := self._jobs.get()) is not None:
            reply = self._do(room, job)
            if self._jobs.empty():
                self._show("ready", "Ready.")
            job.emit(reply)
            learnt = job if isinstance(reply, Learnt) else learnt
            if learnt is not None:
                self._read_ahead(room, learnt)
        self._room = None

    def _load(self) -> _Room:
        info = models.ensure(self._model_id, self._models_dir, self._show)
        self._report(replace(self._status, info=info))
        self._show("loading", "The model is loading.")
        loaded = models.load(info)
        room = _Room(loaded, self._recipe, self._lean)
        cards = sum(torch.cuda.mem_get_info(index)[1] for index in range(torch.cuda.device_count()))
        self._report(replace(self._status, device=loaded.device, answers=room.answers, card_bytes=cards))
        return room

    def _show(self, state: ModelState, message: str, progress: float | None = None) -> None:
        self._report(replace(self._status, state=state, message=message, progress=progress))

    def _fail(self, error: ModelError) -> None:
        self._failure = error
        self._show("failed", error.message)

    def _do(self, room: _Room, job: Job) -> Reply:
        try:
            if isinstance(job.request, Learn):
                self._show("learning", "Learning your text.")
                return room.learn(job.request, lambda: self._jobs.more_urgent(job))
            if isinstance(job.request, Generation):
                self._show("generating", "Writing.")
                return self._generate(room, job, job.request)
            return room.answer(job.request, lambda: self._jobs.more_urgent(job))
        except GiveWay:
            return GaveWay()
        except TemploraError as error:
            return Failed(error.code, error.message)
        except Exception as error:
            log.exception("a request of type %s failed", type(job.request).__name__)
            room.release()
            if ran_out_of_memory(error):
                return Failed(EngineError.code, _RAN_OUT)
            return Failed(EngineError.code, "The model stopped at an error of its own. Your text is safe; try again.")

    def _read_ahead(self, room: _Room, after: Job) -> None:
        try:
            room.read_ahead(lambda: self._jobs.more_urgent(after))
        except Exception:
            log.exception("reading ahead failed")
            room.release()

    def _generate(self, room: _Room, job: Job, request: Generation) -> Reply:
        started = shown = time.monotonic()
        tokens = 0
        for event in room.write(request, lambda: job.cancelled.is_set() or self._jobs.closed):
            job.emit(event)
            tokens += isinstance(event, Token)
            now = time.monotonic()
            if tokens == 1:
                started = now  # reading the prompt is not writing speed
            elif tokens > 1 and now - shown >= _SPEED_EVERY_S:
                shown = now
                self._report(replace(self._status, tokens_per_second=round((tokens - 1) / (now - started), 1)))
        return Ok()


class _Room:
    """The model with everything that works on it. For the engine's thread alone."""

    def __init__(self, loaded: models.LoadedModel, recipe: Recipe, lean: bool) -> None:
        self._info: ModelInfo = loaded.info
        self._recipe = recipe
        self._tokenizer = loaded.tokenizer
        self._bos = loaded.info.bos_id
        self.answers = answers(loaded.tokenizer, loaded.info.id)
        if loaded.info.context_tokens < recipe.chunk_tokens:
            raise ModelError(
                f"{loaded.info.id} reads only {loaded.info.context_tokens} tokens at a time; learning needs "
                f"{recipe.chunk_tokens}. Choose another with --model."
            )
        self._adapter = Adapter(loaded.model, recipe)
        self._learner = Learner(self._adapter, self._bos)
        self._generator = Generator(self._adapter, loaded.tokenizer, lean)
        self._residents = Residents(self._adapter, RESIDENT)
        self._numerics: dict[str, Any] = {
            "torch": str(torch.__version__),
            "device": torch.cuda.get_device_name() if loaded.device.startswith("cuda") else loaded.device,
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "dtype": str(loaded.dtype).removeprefix("torch."),
            "threads": recipe.threads,
        }

    def answer(self, request: Open | Score | Save | Drop | Resident, should_yield: Callable[[], bool]) -> Reply:
        match request:
            case Open():
                if request.memory not in self._residents:
                    self._open(request)
                return Opened(self._numerics)
            case Score():
                if request.memory is not None:
                    self._residents.use(request.memory)
                yields = should_yield if request.patient else None
                memory = request.memory is not None
                return Scored(self._learner.score(request.prefix, request.ids, memory=memory, should_yield=yields))
            case Save():
                return self._save(request)
            case Drop():
                self._residents.drop(request.memories or None)
                self._learner.forget()
                # Also what the base model has read: it may be the very text that is to be forgotten.
                self._generator.forget()
                return Ok()
            case Resident():
                return ResidentMemories(sorted({*self._residents.chains(), *self._generator.readers()}))

    def learn(self, request: Learn, should_yield: Callable[[], bool]) -> Learnt:
        self._residents.use(request.memory)
        before = self._residents.state(request.memory) if request.keep else None
        try:
            learnt = self._learner.learn(request.prefix, request.chunk, request.memory, should_yield)
        except GiveWay:
            raise
        except BaseException:
            # It cannot be told how far the step came: the memory is opened again from its snapshot.
            self._residents.drop([request.memory])
            raise
        self._residents.became(request.becomes, before)
        self._generator.became(request.memory, request.becomes)
        return learnt

    def read_ahead(self, cancelled: Callable[[], bool]) -> None:
        """Have the page's last prompt read by the memory that has just learnt."""
        if (memory := self._residents.active) is not None:
            self._generator.read_ahead(memory, cancelled)

    def write(self, request: Generation, cancelled: Callable[[], bool]) -> Any:
        """The events of a generation."""
        try:
            sampling = Sampling(**request.sampling)
        except TypeError as error:
            raise BadInput(f"These settings are not known: {error}") from error
        strength = request.strength
        if not 0 <= strength <= STRONGEST:
            raise BadInput(f"The strength of the memory must be 0 to {STRONGEST}, not {strength}.")
        memory = request.memory if strength else None
        if memory is not None:
            self._residents.use(memory)
        own: Callable[[], list[Filter]] = list
        room = self._generator.room(sampling.max_tokens)
        if isinstance(request, Continue):
            prompt = [*([] if self._bos is None else [self._bos]), *request.prompt]
        elif isinstance(request, Compose):
            prompt, own = compose_prompt(self._tokenizer, request, self._bos, room, self.answers)
        else:
            prompt, own = rewrite_prompt(self._tokenizer, request, self._bos, room, self.answers)
        return self._generator.stream(
            prompt,
            memory,
            sampling,
            shaping(request, sampling, self._generator.decode, own),
            cancelled,
            strength,
            watches(request, sampling),
            repeats_prompt=isinstance(request, Rewrite),
        )

    def release(self) -> None:
        """After an error: give back what memory can be given back."""
        self._generator.release()
        if self._adapter.device.type == "cuda":
            torch.cuda.empty_cache()

    def _claim(self, chain: str, n_chunks: int) -> Claim:
        return Claim(chain, n_chunks, self._recipe.fingerprint(), self._info.fingerprint)

    def _open(self, request: Open) -> None:
        if request.path is None:
            self._residents.open(request.memory, self._adapter.fresh())
            return
        try:
            data = Path(request.path).read_bytes()
        except FileNotFoundError as error:
            raise SnapshotDamaged(f"A memory file is gone ({error}); it will be relearnt.") from error
        except OSError as error:
            raise StorageError(f"A memory file cannot be read ({error}). It is kept; try again.") from error
        if hashlib.sha256(data).hexdigest() != request.sha256:
            raise SnapshotDamaged("A memory file has changed since it was written; it will be relearnt.")
        self._residents.open(request.memory, from_bytes(data, self._claim(request.memory, request.n_chunks)))

    def _save(self, request: Save) -> Saved:
        state = self._residents.state(request.memory)
        data = to_bytes(state, self._claim(request.memory, state.n_chunks))
        path = Path(request.path)
        try:
            with path.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull("The disk is full: the memory could not be saved. Your text is safe.") from error
            raise StorageError(f"The memory could not be saved ({error}). Your text is safe.") from error
        return Saved(hashlib.sha256(data).hexdigest(), len(data), self._numerics)
