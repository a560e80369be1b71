"""The benchmark of repetitions and copies: what it counts, and a run of it on a tiny model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from templora.bench.__main__ import main
from templora.bench.quality import COPY, copies, counted, repeats, words_of
from tests.bench.test_pg19 import book
from tests.tiny_models import write_folder


def grams(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {tuple(words[at : at + COPY + 1]) for at in range(len(words) - COPY)}


def test_a_repeat_is_a_4_gram_that_was_there_before() -> None:
    assert repeats(words_of("The sea was calm, the sea was calm. “The sea was” deep")) == (9, 4)
    assert repeats(["the"]) == (0, 0)


def test_a_copy_is_a_run_of_more_than_twelve_words_of_the_book() -> None:
    text = " ".join(f"w{number}" for number in range(40))
    known = grams(text)
    assert copies(words_of(f"so {' '.join(text.split()[3:15])} it was"), known) == []
    assert copies(words_of(f"so {' '.join(text.split()[3:16])} it was"), known) == [13]
    both = f"{' '.join(text.split()[:20]).upper()} and {' '.join(text.split()[20:34])}"
    assert copies(words_of(both), known) == [20, 14]
    reading = counted([(both, known), ("one two", set())])
    assert (reading.texts, reading.words, reading.copies, reading.longest) == (2, 37, 2, 20)
    assert reading.copies_in_10000 == pytest.approx(20_000 / 37)


def test_a_run_compares_what_is_written_with_the_book_itself(tmp_path: Path, one_thread: None) -> None:
    (tmp_path / "books").mkdir()
    book(tmp_path / "books" / "small.txt", 160)
    model = write_folder(tmp_path / "model")
    out, texts = tmp_path / "out.json", tmp_path / "texts"
    arguments = ["quality", "--books", str(tmp_path / "books"), "--tokens", "1024", "--takes", "5", "--length", "24"]
    arguments += [
        "--json",
        str(out),
        "--texts",
        str(texts),
        "--model",
        str(model),
        "--models",
        str(tmp_path / "models"),
    ]
    assert main(arguments) == 0
    (found,) = json.loads(out.read_text())["books"]
    assert found["file"] == "small.txt" and found["learnt_tokens"] >= 1024
    assert found["human"]["texts"] == found["default"]["texts"] == found["neutral"]["texts"] == 5
    assert found["human"]["words"] > 5
    written = (texts / "small.neutral.txt").read_text().split("\n\n=====\n\n")
    assert len(set(written)) == 5
    assert found["neutral"]["words"] == sum(len(words_of(text)) for text in written)
    before = out.read_text()
    assert main(arguments) == 0  # the memory is there already; the seeds are the same
    assert [b["neutral"]["repeats"] for b in json.loads(before)["books"]] == [found["neutral"]["repeats"]]
