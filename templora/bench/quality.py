"""How what is written reads beside the book: repetitions within a take, and copies of the book.

The memory learns the book's first tokens. From places after them takes are written, with the default sampling and
without any; as long a stretch of the book's own text from there on is what they are compared with. A *repeat* is a
4-gram of words that the same take, or the same stretch, has had already; a *copy* is a run of more than 12 words that
stands in the book before that place.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from templora import models
from templora.adapter import Adapter, Claim, from_bytes
from templora.bench.runs import Laboratory, Run, read
from templora.chunks import Chunk
from templora.config import DEFAULT, NEUTRAL, Sampling
from templora.engine import Token
from templora.generator import Generator
from templora.phrases import WORD, Copies, passage_hashes

GRAM = 4
COPY = 12
"""Words in a row that are no copy yet."""
TOGETHER = 5
"""Takes from one place, written in one batch."""


@dataclass(frozen=True)
class Reading:
    """What was counted in some texts. `repeats`: of `grams`; `copies`: runs, the `longest` of them in words."""

    texts: int
    words: int
    grams: int
    repeats: int
    copies: int
    longest: int

    @property
    def repeated_percent(self) -> float:
        return 100 * self.repeats / max(1, self.grams)

    @property
    def copies_in_10000(self) -> float:
        """In so many words."""
        return 10_000 * self.copies / max(1, self.words)


def words_of(text: str) -> list[str]:
    return [word[0] for word in WORD.finditer(text.replace("’", "'").casefold())]


def repeats(words: Sequence[str]) -> tuple[int, int]:
    """(4-grams, how many of them have been there before)."""
    grams = [tuple(words[at : at + GRAM]) for at in range(len(words) - GRAM + 1)]
    return len(grams), len(grams) - len(set(grams))


def copies(words: Sequence[str], book: set[tuple[str, ...]]) -> list[int]:
    """The lengths of the runs of more than `COPY` words that stand in the book; `book`: its (COPY + 1)-grams."""
    runs: list[int] = []
    going = False
    for at in range(len(words) - COPY):
        known = tuple(words[at : at + COPY + 1]) in book
        if known and going:
            runs[-1] += 1
        elif known:
            runs.append(COPY + 1)
        going = known
    return runs


def counted(texts: Sequence[tuple[str, set[tuple[str, ...]]]]) -> Reading:
    """`texts`: each with the (COPY + 1)-grams of the book before it."""
    words = [words_of(text) for text, _ in texts]
    found = [repeats(each) for each in words]
    runs = [run for each, (_, book) in zip(words, texts, strict=True) for run in copies(each, book)]
    sums = (sum(grams for grams, _ in found), sum(again for _, again in found))
    return Reading(len(texts), sum(map(len, words)), *sums, len(runs), max(runs, default=0))


@dataclass(frozen=True)
class Place:
    """Where takes are written: the tokens and the text before it, the book's own text from there on."""

    prompt: list[int]
    before: str
    following: list[str]

    def grams(self, more: str = "") -> set[tuple[str, ...]]:
        words = words_of(self.before + more)
        return {tuple(words[at : at + COPY + 1]) for at in range(len(words) - COPY)}


def places(lab: Laboratory, path: Path, tokens: int, count: int, length: int) -> list[Place]:
    """Where the learnt text ends, and every `TOGETHER` stretches of `length` tokens further on."""
    learnt = lab.parts(path, tokens)
    start = sum(len(part.ids) for part in learnt)
    wanted = start + (count + 1) * TOGETHER * length
    ids = [id for part in lab.parts(path, wanted) for id in part.ids][:wanted]
    found: list[Place] = []
    for number in range(count):
        at = start + number * TOGETHER * length
        stretches = [ids[at + turn * length : at + (turn + 1) * length] for turn in range(TOGETHER)]
        following = [lab.tokenizer.decode(stretch) for stretch in stretches if len(stretch) == length]
        found.append(Place(ids[max(0, at - DEFAULT.prefix_tokens) : at], lab.tokenizer.decode(ids[:at]), following))
    return found


def human(place: Place) -> Iterator[tuple[str, set[tuple[str, ...]]]]:
    """The book's own stretches, each with what stands before it."""
    for number, text in enumerate(place.following):
        yield text, place.grams("".join(place.following[:number]))


def takes(generator: Generator, bos: int | None, place: Place, sampling: Sampling, memory: str | None) -> list[str]:
    """The takes from one place, guarded against copies as the desk does where the sampling says so."""
    watches = []
    if sampling.copied_words:
        known = set(passage_hashes(place.before, sampling.copied_words + 1))
        watches = [Copies(sampling.copied_words, known.__contains__)]
    written = [""] * sampling.takes
    prompt = [*([] if bos is None else [bos]), *place.prompt]
    for event in generator.stream(prompt, memory, sampling, watches=watches):
        if isinstance(event, Token):
            written[event.take] += event.text
    return written


def learnt_adapter(lab: Laboratory, path: Path, parts: list[Chunk], journal: Path) -> tuple[Adapter, str]:
    """The adapter with the memory of `parts`, learnt now where the journal does not hold it; and its chain."""
    run = Run(DEFAULT.name, DEFAULT)
    for number, _ in enumerate(read(lab, run, parts, journal), 1):
        print(f"\r{path.name}: learnt {number} of {len(parts)} passages   ", end="", file=sys.stderr, flush=True)
    chain = lab.chain(run, parts)[-1]
    adapter = lab.adapter(DEFAULT)
    claim = Claim(chain, len(parts), DEFAULT.fingerprint(), lab.info.fingerprint)
    adapter.load(from_bytes(journal.with_suffix(".safetensors").read_bytes(), claim))
    return adapter, chain


def entry(reading: Reading) -> dict[str, Any]:
    return {
        **asdict(reading),
        "repeated_percent": round(reading.repeated_percent, 3),
        "copies_in_10000": round(reading.copies_in_10000, 2),
    }


def run(options: argparse.Namespace) -> int:
    """Learn each book, write, count, print as it goes, write the JSON result at the end."""
    folder: Path = options.models or models.default_folder()
    info = models.ensure(options.model, folder, lambda _state, message, _progress: print(message, file=sys.stderr))
    lab = Laboratory(info)
    samplings = {"default": Sampling(), "neutral": NEUTRAL}
    count = -(-options.takes // TOGETHER)
    books: list[dict[str, Any]] = []
    for path in sorted(options.books.glob("*.txt")):
        parts = lab.parts(path, options.tokens)
        adapter, chain = learnt_adapter(
            lab, path, parts, options.json.with_suffix("") / f"{path.stem}.{DEFAULT.name}.jsonl"
        )
        where = places(lab, path, options.tokens, count, options.length)
        found = {"human": entry(counted([text for place in where for text in human(place)]))}
        generator = Generator(adapter, lab.hf_tokenizer(DEFAULT))
        for name, sampling in samplings.items():
            began = time.perf_counter()
            texts: list[tuple[str, set[tuple[str, ...]]]] = []
            for number, place in enumerate(where):
                ready = replace(sampling, seed=1000 * number, takes=TOGETHER, max_tokens=options.length, stop_at="none")
                texts += [(text, place.grams()) for text in takes(generator, info.bos_id, place, ready, chain)]
            found[name] = {**entry(counted(texts)), "seconds": round(time.perf_counter() - began)}
            if options.texts:
                options.texts.mkdir(parents=True, exist_ok=True)
                joined = "\n\n=====\n\n".join(text for text, _ in texts)
                (options.texts / f"{path.stem}.{name}.txt").write_text(joined, encoding="utf-8")
        learnt = sum(len(part.ids) for part in parts)
        books.append({"file": path.name, "learnt_tokens": learnt, **found})
        _print(books[-1])
    result = {"model": info.id, "length": options.length, "sampling": asdict(Sampling()), "books": books}
    options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


def _print(book: dict[str, Any]) -> None:
    print(f"\n{book['file']}, {book['learnt_tokens']:,} tokens learnt")
    print(f"{'':10} {'words':>8} {'repeated 4-grams':>17} {'copies':>7} {'in 10,000 words':>16} {'longest':>8}")
    for name in ("human", "default", "neutral"):
        found = book[name]
        print(
            f"{name:10} {found['words']:8,} {found['repeated_percent']:16.2f}% {found['copies']:7} "
            f"{found['copies_in_10000']:16.1f} {found['longest']:8}"
        )
