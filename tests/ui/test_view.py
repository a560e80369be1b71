"""What is shown is a pure function of the Studio's data."""

from __future__ import annotations

import math

import pytest

from storage.records import ChapterHead, Project, Take
from templora.engine import ModelStatus
from templora.meter import ChunkReport, MemoryReport
from ui import view


def report(**changes: object) -> MemoryReport:
    fields: dict[str, object] = {
        "state": "current", "known_chunks": 0, "pending_chunks": 0, "known_tokens": 0, "chunks": [], "known_words": 0,
        "pending_words": 0, "stale_words": 0, "excluded_words": 0, "stale": False, "stale_chunks": 0, "gone_chunks": 0,
        "rebuild_s": 0.0, "done": 0, "total": 0, "seconds_left": 0.0, "learning": "on", "failure": None,
    }  # fmt: skip
    return MemoryReport(**{**fields, **changes})  # type: ignore[arg-type]


def scored(count: int, base: float = 3.5, own: float = 3.3) -> list[ChunkReport]:
    return [ChunkReport(index, "c", 100, base, own, "known") for index in range(count)]


def test_the_change_pools_tokens() -> None:
    chunks = [
        ChunkReport(0, "c", 300, 3.0, 2.9, "known"),
        ChunkReport(1, "c", 100, 4.0, 4.2, "known"),
        ChunkReport(2, "c", 9, None, None, "pending"),
    ]
    expected = 100 * (math.exp((300 * 2.9 + 100 * 4.2) / 400 - (300 * 3.0 + 100 * 4.0) / 400) - 1)
    assert view.change_percent(chunks) == pytest.approx(expected)
    assert view.change_percent([]) is None


def test_the_headline_says_when_the_memory_has_not_helped() -> None:
    assert view.headline(report(chunks=scored(4), known_chunks=4))[0] == "−18.1 %"
    number, words = view.headline(report(chunks=scored(4, own=3.6), known_chunks=4))
    assert number == "+10.5 %" and "not helped" in words
    assert view.headline(report())[0] == "–"
    first = report(chunks=scored(1, own=3.5), known_chunks=1)
    assert view.headline(first)[0] == "–" and "next one" in view.headline(first)[1]
    assert "is kept" in view.headline(report(stale=5))[1]


def test_a_long_book_is_drawn_in_bins() -> None:
    assert len(view.chart(scored(40))) == 80
    points = view.chart(scored(1000))
    assert len(points) == 200
    assert points[0].perplexity == round(math.exp(3.5), 2) and points[1].reader == "with memory"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "under a minute"), (61, "about 2 min"), (3540, "about 59 min"), (7260, "about 2 h 01 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert view.duration(seconds) == words


def test_memory_lines() -> None:
    busy = report(state="learning", done=2, total=10, seconds_left=100)
    assert view.memory_line(busy) == "Learning passage 3 of 10 · about 2 min left"
    assert view.progress(busy) == 0.2
    assert "moved on" in view.memory_line(report(pending_words=9))
    assert "ten quiet minutes" in view.memory_line(report(stale=3))
    assert view.memory_line(report(state="failed", failure="The disk is full.")) == "The disk is full."


def test_model_lines() -> None:
    assert view.model_line(ModelStatus("fetching", "", 0.42)) == "Fetching the model · 42 %"
    assert view.model_line(ModelStatus("ready", "", tokens_per_second=28.3)) == "Ready · 28 tokens/s"
    assert view.model_line(ModelStatus("failed", "No such model.")).endswith("No such model.")
    assert view.model_name("org/some-model", "cpu") == "some-model · this computer"


def test_lists() -> None:
    heads = [ChapterHead("a", "p", "Low Water", 0, 1284, 3, 0.0)]
    assert view.chapter_choices(heads) == [("1 · Low Water\t1,284", "a")]
    old, new = Project("o", "Old", 0, 1), Project("n", "New", 0, 2, finished_at=5.0)
    assert view.project_choices([(old, 1), (new, 20)]) == [("New\t20 words · finished", "n"), ("Old\t1 word", "o")]


def test_takes_are_listed_newest_first_and_cut_at_a_word() -> None:
    def take(id: str, text: str, **more: object) -> Take:
        fields: dict[str, object] = {
            "project": "p", "chapter": "c", "kind": "continue", "revision": 1, "start": 0, "end": 0,
            "instruction": None, "model": "m", "memory": None, "sampling": "{}", "tokens": 1,
            "finish_reason": "length", "created_at": 0.0, **more,
        }  # fmt: skip
        return Take(id=id, text=text, **fields)  # type: ignore[arg-type]

    takes = [take("a", "word " * 60), take("b", "two\n\nlines", accepted_revision=4), take("c", " ")]
    rows = view.take_choices([*takes, take("d", "x", kind="rewrite")])
    assert [id for _, id in rows] == ["d", "b", "a"]
    assert rows[0][0] == "Rewrite: x"
    assert rows[1][0] == "✓ two lines"
    assert rows[2][0].endswith("word …") and len(rows[2][0]) <= view.PREVIEW_CHARACTERS + 4
