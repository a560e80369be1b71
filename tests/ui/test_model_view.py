"""The models that there are, and the memory chapter by chapter, as words and numbers."""

from __future__ import annotations

from dataclasses import replace

from storage.records import ChapterHead
from templora import meter
from templora.engine import ModelStatus
from templora.meter import ChunkReport
from templora.shelf import Fetch, Machine, Offer
from ui import memory_view, model_view

GB = 1_000_000_000
SMALL = Offer("owner/small", True, 135_000_000, 2 * GB, "processor")
LARGE = Offer("owner/large-4B", False, 4_000_000_000, 17 * GB, "no")
MIDDLE = Offer("owner/middle", False, 1_350_000_000, 6 * GB, "processor")
MACHINE = Machine(16 * GB, 8 * GB, 0)


def test_each_model_says_its_size_where_it_is_and_whether_it_fits() -> None:
    other = replace(SMALL, id="owner/other")
    card, unknown = replace(MIDDLE, fit="card"), Offer("owner/unknown", False)
    rows = model_view.offer_choices([SMALL, other, MIDDLE, card, LARGE, unknown], SMALL.id)
    assert [label for label, _ in rows] == [
        "small\t135 M · in use",
        "other\t135 M · here · fits",
        "middle\t1.4 B · to fetch · fits, slowly",
        "middle\t1.4 B · to fetch · fits the graphics card",
        "large-4B\t4.0 B · to fetch · too big",
        "unknown\tsize not known · to fetch · looked at when fetched",
    ]
    assert rows[1][1] == "owner/other"


def test_choosing_one_says_what_it_needs_and_what_learning_anew_costs() -> None:
    words = model_view.about(MIDDLE, SMALL, MACHINE, 40, 120.0)
    assert "6.0 GB of memory" in words and "8.0 GB of 16.0 GB are free" in words
    assert "About 2.7 GB are fetched" in words
    assert "40 passages are learnt anew: about 20 min here" in words, "ten times as large, ten times as long"
    assert "learnt anew" not in model_view.about(MIDDLE, SMALL, MACHINE, 0, 0.0)
    assert model_view.about(SMALL, SMALL, MACHINE, 40, 120.0) == "This is the model in use."
    assert "graphics card" in model_view.about(MIDDLE, SMALL, replace(MACHINE, cards=24 * GB), 1, 1.0)
    unknown = model_view.about(Offer("owner/unknown", False), SMALL, MACHINE, 3, 9.0)
    assert "3 passages are learnt anew." in unknown and "GB" not in unknown


def test_the_model_in_use_is_named_with_what_it_is_at() -> None:
    ready = ModelStatus("ready", "Ready.", id=SMALL.id, device="cpu")
    assert model_view.present_line(SMALL, ready) == "In use: small · 135 M parameters · on this computer’s processor"
    loading = replace(ready, state="loading", message="The model is loading.")
    assert model_view.present_line(SMALL, loading).endswith("parameters\nThe model is loading.")


def test_how_far_a_download_is() -> None:
    fetch = Fetch("fetching", "owner/middle", "Fetching owner/middle: 1.0 GB of 2.7 GB", 0.37)
    assert model_view.fetch_line(fetch).endswith("1.0 GB of 2.7 GB · 37 %")
    assert "width:37%" in model_view.fetch_bar(fetch)
    assert model_view.fetch_line(Fetch()) == ""


def head(id: str, position: int, learned: bool = True) -> ChapterHead:
    return ChapterHead(id, "book", f"Part {position + 1}", position, 10, 1, 0.0, learned)


def test_the_memory_is_told_chapter_by_chapter() -> None:
    chunks = [
        ChunkReport(0, "a", 100, 3.5, 3.5, "known"),
        ChunkReport(1, "a", 100, 3.5, 3.3, "known"),
        ChunkReport(2, "b", 100, 3.5, 3.2, "known"),
        ChunkReport(3, "b", 100, None, None, "stale"),
        ChunkReport(4, "c", 100, None, None, "pending"),
    ]
    report = replace(meter.nothing("current", "on", None), chunks=chunks)
    heads = [head("a", 0), head("b", 1), head("c", 2), head("d", 3), head("e", 4, learned=False)]
    assert memory_view.by_chapter(report, heads) == [
        ["1 · Part 1", "−9.5\u00a0%", "2 of 2"],
        ["2 · Part 2", "−25.9\u00a0%", "1 of 2, 1 older"],
        ["3 · Part 3", "–", "0 of 1"],
        ["4 · Part 4", "–", "–"],
        ["5 · Part 5", "–", "left out"],
    ]


def test_relearning_all_says_what_it_costs_and_when_it_is_for() -> None:
    words = memory_view.relearn_question(600)
    assert "about 10 min" in words and "seems wrong" in words and "The text stays." in words
