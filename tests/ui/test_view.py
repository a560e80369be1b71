"""What is shown is a pure function of the Studio's data."""

from __future__ import annotations

import json
import math
import time

import pytest

from storage.records import (
    Backup,
    BackupBook,
    ChapterHead,
    Discarded,
    ModelShare,
    Project,
    ProvenanceReport,
    Take,
)
from templora.client import _RAN_OUT, _RESTARTING  # pyright: ignore[reportPrivateUsage]
from templora.engine import ModelStatus
from templora.leaving import Forgotten
from templora.meter import ChunkReport, MemoryReport
from ui import memory_view, view


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
    assert memory_view.change_percent(chunks) == pytest.approx(expected)
    assert memory_view.change_percent([]) is None


def test_the_headline_says_when_the_memory_has_not_helped() -> None:
    assert memory_view.headline(report(chunks=scored(4), known_chunks=4))[0] == "−18.1 %"
    number, words = memory_view.headline(report(chunks=scored(4, own=3.6), known_chunks=4))
    assert number == "+10.5 %" and "not helped" in words
    assert memory_view.headline(report())[0] == "–"
    first = report(chunks=scored(1, own=3.5), known_chunks=1)
    assert memory_view.headline(first)[0] == "–" and "next one" in memory_view.headline(first)[1]
    assert "is kept" in memory_view.headline(report(stale=5))[1]


def test_few_passages_are_names_on_the_axis_and_many_are_numbers() -> None:
    assert [point.chunk for point in memory_view.chart(scored(3))] == ["1", "1", "2", "2", "3", "3"]
    assert [point.chunk for point in memory_view.chart(scored(10))][-2:] == [10, 10]


def test_counts_are_words() -> None:
    assert [view.chapters(1), view.chapters(2)] == ["1 chapter", "2 chapters"]


def test_a_long_book_is_drawn_in_bins() -> None:
    assert len(memory_view.chart(scored(40))) == 80
    points = memory_view.chart(scored(1000))
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
    assert memory_view.memory_line(busy) == "Learning passage 3 of 10 · about 2 min left"
    assert memory_view.progress(busy) == 0.2
    assert "moved on" in memory_view.memory_line(report(pending_words=9))
    assert "while you pause" in memory_view.memory_line(report(stale=3))
    assert memory_view.memory_line(report(state="failed", failure="The disk is full.")) == "The disk is full."


def test_model_lines() -> None:
    assert view.model_line(ModelStatus("fetching", "", 0.42)) == "Fetching the model · 42 %"
    assert view.model_line(ModelStatus("ready", "", tokens_per_second=28.3)) == "Ready · 28 tokens/s"
    assert view.model_line(ModelStatus("failed", "No such model.")).endswith("No such model.")
    assert view.model_name("org/some-model", "cpu") == "some-model · this computer"


def test_the_engine_says_itself_why_the_model_is_not_there_yet() -> None:
    for message in (_RESTARTING, _RAN_OUT):
        assert view.model_line(ModelStatus("loading", message)) == message
    unpacking = ModelStatus("loading", "Unpacking the starter model (once, about 20 seconds)")
    assert view.model_line(unpacking) == unpacking.message
    assert view.model_line(ModelStatus("loading", "Checking the model's files", 0.5)) == (
        "Checking the model's files · 50 %"
    )
    assert view.model_line(ModelStatus("loading", "")) == "Loading the model"


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


def test_backups_are_told_by_their_time_and_reason() -> None:
    now = time.mktime((2026, 11, 24, 12, 0, 0, 0, 0, -1))
    backups = [Backup("b", "asked", now - 60, 25_400_000), Backup("a", "migration", now - 26 * 3600, 1_230_000)]
    assert view.backup_choices(backups, now) == [
        ("Today 11:59 · asked for\t25 MB", "b"),
        ("Yesterday 10:00 · before an update\t1.2 MB", "a"),
    ]
    assert view.backup_line(backups, now) == "2 backups, the newest of today 11:59. One is made each day."
    assert "No backup yet" in view.backup_line([], now)
    assert view.backup_book_choices([BackupBook("p", "Tide", 1200, 1)]) == [("Tide\t1,200 words", "p")]


def test_who_wrote_it_as_a_table_and_in_sentences() -> None:
    report = ProvenanceReport(900, [ModelShare("org/Some-Model", 150, 96, 54), ModelShare("other", 9, 4, 5)], 1000)
    assert view.share_rows(report) == [
        ["You", "–", "900", "90 %", "–"],
        ["Some-Model", "150", "96", "10 %", "54"],
        ["other", "9", "4", "under 1 %", "5"],
    ]
    told = view.provenance(report)
    assert told.startswith("Of 1,000 words in the book, 900 (90 %) were typed, pasted or imported by the writer. ")
    assert "Some-Model wrote 96 (10 %); 150 words of it were accepted, 54 of them edited or deleted since." in told
    assert view.provenance(ProvenanceReport(5, [], 5)).startswith("All 5 words of the book were typed")
    assert view.provenance(ProvenanceReport(0, [], 0)) == "The book has no words yet."
    assert view.share_rows(ProvenanceReport(0, [], 0)) == [["You", "–", "0", "–", "–"]]


def test_the_finish_is_reported_with_what_it_cannot_promise() -> None:
    done = {"name": "Book.docx", "files": 1, "bytes": 12_000_000, "snapshots": 1, "lessons": 40, "resident": 3}
    told = memory_view.finished(json.dumps({**done, "relearn_minutes": 2.5}))
    assert told.startswith("Book.docx was written, read back and downloaded. The memory is gone, and that was checked:")
    for part in ("1 file (12 MB)", "1 snapshot and 40 lessons", "3 states", "solid-state disk may keep", "about 3 min"):
        assert part in told
    assert memory_view.finished('{"problem": "The disk is full."}') == "That did not work: The disk is full."


def test_forgetting_says_what_it_drops_and_what_stays() -> None:
    asked = memory_view.forget_question(report(gone_chunks=1, stale=True, rebuild_s=100))
    assert "still knows 1 passage that" in asked and "takes about 2 min" in asked
    assert "nothing that the book does not hold" in memory_view.forget_question(report())
    gone = Forgotten(2, Discarded(3, 4_000_000, 3, 9), 5, 61)
    assert memory_view.forgotten(gone).startswith(
        "Forgotten: 2 passages no longer in the book, 3 snapshots (4 MB). 5 passages of the book are learnt again: "
    )


def test_the_tally_leaves_out_what_a_book_has_none_of() -> None:
    assert [state for state, _, _ in memory_view.tally(report())] == ["known", "pending"]
    full = report(known_words=1, stale_words=2, pending_words=3, excluded_words=4)
    assert [(state, words) for state, _, words in memory_view.tally(full)] == [
        ("known", 1), ("stale", 2), ("pending", 3), ("excluded", 4),
    ]  # fmt: skip
