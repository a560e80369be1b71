"""How fast takes are written: ours against `transformers.generate`, alternating in one process.

All write greedily after the same 512 tokens, with a memory that has learnt what stands before them. Tokens per second
are counted from the first token to the last, so that reading the prompt, which we keep and `generate` does not, counts
for nobody. The first token is timed on its own.
"""

# torch and transformers ship partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers.generation.streamers import BaseStreamer

from templora import models
from templora.adapter import Adapter, copy_cache
from templora.bench.costs import fill_datastore
from templora.bench.passages import text_of
from templora.config import DEFAULT, Sampling
from templora.engine import ModelInfo, Token
from templora.generator import Generator
from templora.learner import GiveWay, Learner
from templora.merged import Merged

PREFIX = 512
CHUNK = 512
LEARNT = 2
"""Chunks that the memory learns first."""
BOOK = 65_536
"""Tokens that the memory's datastore holds: of a book of fifty thousand words."""
SCORED = 256
"""Tokens over which the copy's perplexity is compared with the live weights'."""
EDITED = 6
"""Tokens at the end of the prompt that a small edit has changed."""
GREEDY = Sampling(temperature=0, repetition_penalty=1, dry_multiplier=0, seed=1, stop_at="none")


class _Clock(BaseStreamer):
    """Notes when each token comes out of `generate`; the prompt is the first that does."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def put(self, value: Any) -> None:
        self.times.append(time.perf_counter())

    def end(self) -> None:
        pass


class Bench:
    """The model with a memory that has learnt the beginning of a text, and the ways to write on."""

    def __init__(self, info: ModelInfo, text: str, learnt: int = LEARNT) -> None:
        loaded = models.load(info)
        ids: list[int] = loaded.tokenizer.encode(text, add_special_tokens=False)
        needed = LEARNT * CHUNK + PREFIX + SCORED + 1
        if len(ids) < needed:
            raise SystemExit(f"bench: the text must have at least {needed} tokens; it has {len(ids)}")
        begin = [] if info.bos_id is None else [info.bos_id]
        self.adapter = Adapter(loaded.model, DEFAULT)
        self.learner = Learner(self.adapter, info.bos_id)
        for start in range(0, learnt * CHUNK, CHUNK):
            self.learner.learn(ids[max(0, start - CHUNK) : start], ids[start : start + CHUNK], "")
        fill_datastore(self.adapter, BOOK)
        self.chunk = ids[LEARNT * CHUNK : (LEARNT + 1) * CHUNK]
        self.prompt = [*begin, *ids[LEARNT * CHUNK : LEARNT * CHUNK + PREFIX]]
        self.rest = ids[LEARNT * CHUNK + PREFIX :][: SCORED + 1]
        self.ours = Generator(self.adapter, loaded.tokenizer)
        self.lean = Generator(self.adapter, loaded.tokenizer, lean=True)

    def write(self, generator: Generator, tokens: int, takes: int = 1) -> list[float]:
        """Seconds at which each step's tokens were there (of takes of `tokens` tokens)."""
        sampling = replace(GREEDY, max_tokens=tokens, takes=takes)
        times: list[float] = []

        def asked() -> bool:
            times.append(time.perf_counter())  # asked once after each step
            return False

        list(generator.stream(self.prompt, "memory", sampling, cancelled=asked))
        return times[-tokens:]

    def generate(self, tokens: int, *, memory: bool) -> list[float]:
        """The same by `transformers.generate`, on the PEFT model or with its adapter off."""
        model: Any = self.adapter.peft_model
        clock, rows = _Clock(), torch.tensor([self.prompt], device=self.adapter.device)
        with torch.no_grad(), nullcontext() if memory else model.disable_adapter():
            model.generate(
                input_ids=rows, attention_mask=torch.ones_like(rows), do_sample=False, max_new_tokens=tokens,
                min_new_tokens=tokens, pad_token_id=0, streamer=clock,
            )  # fmt: skip
        return clock.times[1:]

    def first_token(self, prompt: Sequence[int]) -> float:
        """Seconds from the request to the first token's text."""
        began = time.perf_counter()
        for event in self.ours.stream(prompt, "memory", replace(GREEDY, max_tokens=4)):
            if isinstance(event, Token):
                break
        return time.perf_counter() - began

    def first_token_while_learning(self) -> float:
        """The same, asked while a chunk is in the middle of being learnt; the step is given up as the engine does."""
        asked_at = time.perf_counter() + 0.3

        def due() -> bool:
            return time.perf_counter() >= asked_at

        with suppress(GiveWay):
            self.learner.learn(self.prompt[-PREFIX:], self.chunk, "", due)
        return time.perf_counter() - asked_at + self.first_token(self._edited(2))

    def first_token_after_edit(self) -> float:
        """… when only the last few words of the prompt are others than before."""
        self.first_token(self.prompt)
        return self.first_token(self._edited(1))

    def first_token_cold(self) -> float:
        self.ours.release()
        return self.first_token(self.prompt)

    def _edited(self, turn: int) -> list[int]:
        """The prompt with other words at its end, others for each turn: none has been read before."""
        begin = turn * EDITED
        return [*self.prompt[:-EDITED], *self.prompt[begin : begin + EDITED]]

    @torch.no_grad()
    def moved(self) -> float:
        """By how many percent the copy's perplexity is off the live weights', on the text that follows."""
        cache = self.adapter.new_cache()
        self.adapter.encode(self.prompt[:-1], cache, memory=0)
        rows = torch.tensor([[self.prompt[-1], *self.rest[:-1]]])
        said = torch.tensor(self.rest)
        live = self.adapter.forward(rows, copy_cache(cache), memory=1, keep=len(self.rest))[0].float().cpu()
        merged = Merged(self.adapter)
        merged.become("memory", 1.0)
        roomy = merged.cache(cache, 1)
        ours = torch.cat([merged.forward(rows[:, at : at + 1], roomy) for at in range(rows.shape[1])]).cpu()
        loss = torch.nn.functional.cross_entropy
        return 100 * (math.exp(float(loss(ours, said) - loss(live, said))) - 1)


def run(options: argparse.Namespace) -> int:
    """Measure, print a table, write `options.json`."""
    folder: Path = options.models or models.default_folder()
    info = models.ensure(options.model, folder, lambda _state, message, _progress: print(message, file=sys.stderr))
    text = text_of(options.files[0])[:40_000]
    bench = Bench(info, text)
    tokens: int = options.tokens
    ways: dict[str, Callable[[], list[float]]] = {
        "ours, with memory": lambda: bench.write(bench.ours, tokens),
        "ours, with memory, lean": lambda: bench.write(bench.lean, tokens),
        "generate, PEFT model": lambda: bench.generate(tokens, memory=True),
        "generate, base model": lambda: bench.generate(tokens, memory=False),
        "ours, three takes": lambda: bench.write(bench.ours, tokens, takes=3),
    }
    first: dict[str, Callable[[], float]] = {
        "first token, nothing read yet": bench.first_token_cold,
        "first token, end of the text changed": bench.first_token_after_edit,
        "first token, while learning": bench.first_token_while_learning,
    }
    step_ms: dict[str, list[float]] = {name: [] for name in ways}
    first_ms: dict[str, list[float]] = {name: [] for name in first}
    for turn in range(options.rounds + 1):  # the first round warms up
        for name, way in ways.items():
            times = way()
            if turn:
                step_ms[name].append(1000 * (times[-1] - times[1]) / (len(times) - 2))
        for name, ask in first.items():
            spent = ask()
            if turn:
                first_ms[name].append(1000 * spent)
        print(f"round {turn} of {options.rounds}", file=sys.stderr, flush=True)
    result = _result(bench, step_ms, first_ms)
    result["peak_mb"] = {
        "with the copy": _alone(info, text, tokens, lean=False),
        "lean": _alone(info, text, tokens, lean=True),
    }
    print(_markdown(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def _result(bench: Bench, step_ms: dict[str, list[float]], first_ms: dict[str, list[float]]) -> dict[str, Any]:
    median = {name: statistics.median(found) for name, found in step_ms.items()}
    mine = median["ours, with memory"]
    speed = bandwidth(bench.adapter.device)
    live = sum(parameter.nbytes for parameter in bench.adapter.base.parameters())
    copied = Merged(bench.adapter).nbytes
    ceiling = {"ours, with memory": speed / copied, "ours, with memory, lean": speed / live}
    return {
        "device": str(bench.adapter.device),
        "threads": torch.get_num_threads(),
        "tokens_per_s": {name: round(1000 / found, 2) for name, found in median.items()},
        "times_generate_on_the_peft_model": median["generate, PEFT model"] / mine,
        "times_generate_on_the_base_model": median["generate, base model"] / mine,
        "three_takes_cost": median["ours, three takes"] / mine,
        "first_token_ms": {name: statistics.median(found) for name, found in first_ms.items()},
        "perplexity_moved_percent": bench.moved(),
        "bandwidth_gb_s": speed / 1e9,
        "ceiling_tokens_per_s": ceiling,
        "share_of_the_ceiling": {name: 1000 / median[name] / most for name, most in ceiling.items()},
        "copy_mb": copied / 1e6,
        "live_mb": live / 1e6,
    }


def bandwidth(device: torch.device) -> float:
    """Bytes per second that are read from memory: the best of a few sums over 256 MB."""
    block = torch.ones(2**26, device=device)
    best = 0.0
    for _ in range(6):
        began = time.perf_counter()
        float(block.sum())
        best = max(best, block.nbytes / (time.perf_counter() - began))
    return best


def _alone(info: ModelInfo, text: str, tokens: int, *, lean: bool) -> int:
    context = multiprocessing.get_context("spawn")
    found: Any = context.Queue()
    process = context.Process(target=_peak, args=(info, text, tokens, lean, found))
    process.start()
    peak: int = found.get()
    process.join()
    return peak


def _peak(info: ModelInfo, text: str, tokens: int, lean: bool, found: Any) -> None:
    bench = Bench(info, text, learnt=0)  # learning takes more than writing: not asked here
    bench.write(bench.lean if lean else bench.ours, tokens)
    found.put(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def _markdown(result: dict[str, Any]) -> str:
    lines = ["| | tokens/s |", "|---|---|"]
    lines += [f"| {name} | {speed:.1f} |" for name, speed in result["tokens_per_s"].items()]
    lines += ["", "| | |", "|---|---|"]
    lines += [f"| {name} | {ms:.0f} ms |" for name, ms in result["first_token_ms"].items()]
    said = {
        "times `generate` on the PEFT model": f"{result['times_generate_on_the_peft_model']:.2f}",
        "times `generate` on the base model": f"{result['times_generate_on_the_base_model']:.2f}",
        "three takes, a step, by one": f"{result['three_takes_cost']:.2f}",
        "perplexity of the copy": f"{result['perplexity_moved_percent']:+.2f} %",
        "bandwidth of memory": f"{result['bandwidth_gb_s']:.1f} GB/s",
        "share of the ceiling, with the copy": f"{100 * result['share_of_the_ceiling']['ours, with memory']:.0f} %",
        "share of the ceiling, lean": f"{100 * result['share_of_the_ceiling']['ours, with memory, lean']:.0f} %",
        "peak memory": " · ".join(f"{name} {peak:,} MB" for name, peak in result["peak_mb"].items()),
    }
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in said.items())])
