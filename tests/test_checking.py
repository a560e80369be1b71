"""The checks that a writer asks for, over a real Studio and a fake engine; and one on the starter model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from templora import models
from templora.checking import VoiceReport
from templora.config import DEFAULT, Sampling
from templora.embedded import EmbeddedEngine
from templora.engine import ModelInfo, Resident, Score
from templora.errors import BadInput, Conflict, NotFound
from templora.studio import Studio
from templora.takes import Finished
from tests.engine import story
from tests.studio_desk import Desk, prose

STARTER_RECIPE = replace(DEFAULT, chunk_tokens=160, prefix_tokens=160)
FOREIGN = "So v1 v2 v3 v4 v5 v6 v7."


def sentences(paragraphs: int, word: str = "w", seed: int = 0) -> str:
    """Paragraphs of three sentences of nine words each that the fake tokenizer knows."""
    number = iter(range(seed, seed + 24 * paragraphs))
    return "\n\n".join(
        " ".join(" ".join(["So", *(f"{word}{next(number) % 500}" for _ in range(8))]) + "." for _ in range(3))
        for _ in range(paragraphs)
    )


def until(holds: Callable[[], Any], seconds: float = 10) -> Any:
    end = time.monotonic() + seconds
    while not (seen := holds()):
        assert time.monotonic() < end, "did not come true"
        time.sleep(0.01)
    return seen


def learnt_book(desk: Desk, *texts: str) -> tuple[str, list[str]]:
    project = desk.book(*texts)
    desk.studio.memory_do(project, "learn")
    desk.work()
    return project, desk.chapters(project)


def checked(desk: Desk, chapter: str) -> VoiceReport:
    desk.studio.checks.start_voice(chapter, desk.studio.chapter(chapter).revision)
    return until(lambda: (report := desk.studio.checks.voice(chapter)).state != "running" and report)


def spell(desk: Desk, word: str, loss: float) -> None:
    """What a word costs from now on, wherever it stands."""
    plan = desk.studio._books.tokenizer  # pyright: ignore[reportPrivateUsage]
    assert plan is not None
    for text in (word, f" {word}"):
        desk.engine.losses[plan.encode(text)[-1]] = loss


def test_learnt_passages_are_measured_as_they_were_before_and_nothing_is_asked_of_the_model(desk: Desk) -> None:
    _, (first, _) = learnt_book(desk, sentences(10), sentences(4, seed=300))
    desk.engine.requests.clear()
    report = checked(desk, first)
    assert (report.state, report.message) == ("done", "")
    assert report.done == report.total > 1
    assert len(report.sentences) == 30 and report.compared_with == 42
    assert {each.measured for each in report.sentences} == {"before"}
    assert not [request for request in desk.engine.requests if isinstance(request, Score)]
    text = desk.studio.chapter(first).text
    assert text[report.sentences[0].start : report.sentences[0].end] == "So w0 w1 w2 w3 w4 w5 w6 w7."
    # The fake's memory gains 0.1 with each of its first passages: what was learnt first was dearest.
    assert report.sentences[0].loss == 3.5 > report.sentences[-1].loss


def test_what_is_not_learnt_is_read_by_the_memory_in_order_with_what_stands_before_it(desk: Desk) -> None:
    project, (_, second) = learnt_book(desk, sentences(10), "")
    desk.rewrite(second, lambda _: f"{sentences(4, seed=300)} {FOREIGN}")
    spell(desk, "v5", 40.0)
    desk.engine.requests.clear()
    report = checked(desk, second)
    assert report.state == "done", report.message
    assert {each.measured for each in report.sentences} == {"now"}
    odd = max(report.sentences, key=lambda each: each.stands_out)
    assert desk.studio.chapter(second).text[odd.start : odd.end] == FOREIGN
    assert odd.stands_out > 3 > max(each.stands_out for each in report.sentences if each != odd)
    asked = [request for request in desk.engine.requests if isinstance(request, Score)]
    assert len(asked) == report.total >= 2
    serving = desk.studio._learning.serving(project)  # pyright: ignore[reportPrivateUsage]
    assert all(request.patient and request.memory == serving for request in asked)
    assert asked[1].prefix[-len(asked[0].ids) :] == asked[0].ids[-len(asked[1].prefix) :]


def test_a_passage_that_was_edited_says_that_the_memory_has_seen_the_rest_of_it(desk: Desk) -> None:
    _, (first, _) = learnt_book(desk, sentences(10), sentences(1, seed=300))
    desk.rewrite(first, lambda text: text.replace("w40", "w41"))
    report = checked(desk, first)
    kinds = [each.measured for each in report.sentences]
    assert set(kinds) == {"seen", "before"} and kinds.count("seen") < kinds.count("before")


def test_an_empty_memory_knows_no_voice_and_a_page_that_is_behind_is_told(desk: Desk) -> None:
    project = desk.book(sentences(4))
    (chapter,) = desk.chapters(project)
    with pytest.raises(BadInput, match="learnt nothing yet"):
        desk.studio.checks.start_voice(chapter, 1)
    with pytest.raises(Conflict):
        desk.studio.checks.start_voice(chapter, 7)
    with pytest.raises(NotFound):
        desk.studio.checks.start_voice("nowhere", 1)
    assert desk.studio.checks.voice(chapter) == VoiceReport("none")


def test_too_few_sentences_are_no_measure(desk: Desk) -> None:
    _, (chapter, _) = learnt_book(desk, sentences(3), sentences(1, seed=90))
    assert "too few sentences" in checked(desk, chapter).message
    desk.studio.set_learned(chapter, False)
    assert "does not learn this chapter" in checked(desk, chapter).message


def test_a_check_is_cancelled_in_the_middle_of_a_passage(desk: Desk) -> None:
    _, (_, second) = learnt_book(desk, sentences(10), "")
    desk.rewrite(second, lambda _: sentences(8, seed=300))
    desk.engine.score_gate = threading.Event()
    desk.studio.checks.start_voice(second, desk.studio.chapter(second).revision)
    until(lambda: any(isinstance(request, Score) for request in desk.engine.requests))
    assert desk.studio.checks.voice(second).state == "running"
    desk.studio.checks.cancel_voice(second)
    report = until(lambda: (seen := desk.studio.checks.voice(second)).state != "running" and seen)
    assert (report.state, report.done) == ("cancelled", 0)
    assert isinstance(desk.engine.requests[-1], Resident)


def test_cancelling_waits_for_no_take(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _, (_, second) = learnt_book(desk, sentences(10), "")
    desk.rewrite(second, lambda _: sentences(8, seed=300))
    desk.engine.score_gate, take = threading.Event(), threading.Event()
    call = desk.engine.call

    def busy(request: Any) -> Any:
        reply = call(request)
        if isinstance(request, Resident):
            take.wait()  # as while a take is written
        return reply

    monkeypatch.setattr(desk.engine, "call", busy)
    desk.studio.checks.start_voice(second, desk.studio.chapter(second).revision)
    until(lambda: any(isinstance(request, Score) for request in desk.engine.requests))
    try:
        desk.studio.checks.cancel_voice(second)
        assert until(lambda: desk.studio.checks.voice(second).state == "cancelled")
    finally:
        take.set()


def test_another_check_of_the_book_reads_no_lesson_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _, (first, second) = learnt_book(desk, sentences(10), sentences(4, seed=300))
    before = checked(desk, first)
    snapshots, read = desk.studio._snapshots, list[str]()  # pyright: ignore[reportPrivateUsage]
    losses = snapshots.token_losses

    def noted(project: str, chain: str) -> Any:
        read.append(chain)
        return losses(project, chain)

    monkeypatch.setattr(snapshots, "token_losses", noted)
    report = checked(desk, second)
    assert report.compared_with == before.compared_with and len(read) == report.total


def test_a_check_that_runs_is_never_lost_sight_of(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("templora.checking.KEPT", 1)
    _, (first, second) = learnt_book(desk, sentences(10), "")
    desk.rewrite(second, lambda _: sentences(8, seed=300))
    desk.engine.score_gate = threading.Event()
    desk.studio.checks.start_voice(second, desk.studio.chapter(second).revision)
    until(lambda: any(isinstance(request, Score) for request in desk.engine.requests))
    assert checked(desk, first).state == "done"
    assert desk.studio.checks.voice(second).state == "running"


def test_a_model_process_that_was_restarted_has_its_memory_again(desk: Desk) -> None:
    _, (_, second) = learnt_book(desk, sentences(10), "")
    desk.rewrite(second, lambda _: sentences(4, seed=300))
    desk.engine.restart()
    assert checked(desk, second).state == "done"


def test_discarding_the_memory_ends_a_check_and_drops_what_it_found(desk: Desk) -> None:
    project, (first, second) = learnt_book(desk, sentences(10), "")
    desk.rewrite(second, lambda _: sentences(8, seed=300))
    assert checked(desk, first).state == "done"
    desk.engine.score_gate = threading.Event()
    desk.studio.checks.start_voice(second, desk.studio.chapter(second).revision)
    until(lambda: any(isinstance(request, Score) for request in desk.engine.requests))
    desk.studio.discard_memory(project)
    assert desk.studio.checks.voice(first) == desk.studio.checks.voice(second) == VoiceReport("none")
    assert desk.engine.memories == {}


def test_echoes_are_found_across_the_chapters_of_a_book(desk: Desk) -> None:
    project = desk.book(*[f"{prose(2, word)}. She drew one ragged salty breath. {prose(1, word)}" for word in "wvz"])
    found = {echo.text: echo for echo in desk.studio.checks.echoes(project)}
    assert [place.chapter for place in found["She drew one ragged salty breath"].places] == desk.chapters(project)
    with pytest.raises(NotFound):
        desk.studio.checks.echoes("nowhere")


def test_on_the_starter_model_a_sentence_in_a_foreign_voice_ranks_first(tmp_path: Path, starter: ModelInfo) -> None:
    engine = EmbeddedEngine(models.STARTER, Path(starter.folder).parent, STARTER_RECIPE)
    until(lambda: engine.status().state == "ready", 60)
    studio = Studio(tmp_path / "data", engine, starter, STARTER_RECIPE)
    try:
        project = studio.create_project("A book").id
        studio.add_chapter(project, "One", story.prose(21, 9))
        foreign = "The quarterly engagement metrics indicate a suboptimal conversion funnel across all segments."
        paragraphs = story.prose(22, 6).split("\n\n")
        paragraphs[3] = paragraphs[3].replace(". ", f". {foreign} ", 1)
        # All is learnt but the last chapter, which is read as it would be before it is learnt.
        studio.memory_do(project, "learn")
        while studio._learning.step():  # pyright: ignore[reportPrivateUsage]
            pass
        learnt = studio.memory(project).known_chunks
        chapter = studio.add_chapter(project, "Two", "\n\n".join(paragraphs)).id
        studio.checks.start_voice(chapter, 1)
        report = until(lambda: (seen := studio.checks.voice(chapter)).state != "running" and seen, 120)
        assert report.state == "done", report.message
        assert learnt >= 3 and {each.measured for each in report.sentences} == {"now"}
        text = studio.chapter(chapter).text
        first, second, *_ = sorted(report.sentences, key=lambda each: -each.stands_out)
        assert text[first.start : first.end] == foreign
        assert first.stands_out > 3 and first.stands_out > 1.5 * second.stands_out
    finally:
        studio.close()


def takes_of(desk: Desk, chapter: str, at: int, end: int | None = None) -> tuple[list[int], list[int | None]]:
    """What is told of the takes that are written there, and what is stored of them."""
    revision, sampling = desk.studio.chapter(chapter).revision, Sampling(seed=1)
    if end is None:
        stream = desk.studio.continue_(chapter, revision, at, sampling)
    else:
        stream = desk.studio.rewrite(chapter, revision, (at, end), None, sampling)
    told = [event.copied_words for event in stream if isinstance(event, Finished)]
    return told, [take.copied_words for take in desk.studio.takes(chapter)[-len(told) :]]


def test_a_take_that_copies_the_book_is_marked_and_a_rewrite_may_keep_its_passage(desk: Desk) -> None:
    project = desk.book(prose(2), f"{prose(1, 'v')}\n\nw9 w8 w7")
    second = desk.chapters(project)[1]
    words = prose(2).split()[3:23]
    desk.engine.replies = [f"Then {' '.join(words)} came."]
    assert takes_of(desk, second, len(desk.studio.chapter(second).text)) == ([20], [20])
    desk.engine.replies = [f"Then {' '.join(words[:12])} came."]
    assert takes_of(desk, second, 0) == ([0], [0])
    # What stands after the caret counts as the book too.
    desk.engine.replies = [prose(1, "v")]
    assert takes_of(desk, second, 0) == ([30], [30])
    desk.engine.replies = [prose(1, "v")]
    assert takes_of(desk, second, 0, len(prose(1, "v"))) == ([0], [0])
    desk.engine.replies = [prose(2)]
    assert takes_of(desk, second, 0, len(prose(1, "v"))) == ([60], [60])
