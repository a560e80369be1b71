"""What happens between two steps of learning: takes, clicks, crashes and edits that come at a bad moment."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from templora.config import Sampling
from templora.engine import Continue, Drop, GaveWay, Learn, Reply, Request, Save
from templora.errors import DiskFull
from templora.takes import Broke, Finished, Wrote
from tests.studio_desk import Desk, prose


def cursor(desk: Desk, project: str) -> tuple[str, int, int]:
    chapter = desk.studio.chapter(desk.chapters(project)[0])
    return chapter.id, chapter.revision, len(chapter.text)


def test_a_take_that_races_a_lesson_is_written_with_the_memory_as_it_is_then(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = desk.book(prose(12))
    desk.studio.memory_do(project, "learn")
    desk.step()
    desk.step()
    stale = desk.studio._learning.serving(project)  # pyright: ignore[reportPrivateUsage]
    desk.step()  # no snapshot yet: only the engine holds what was learnt
    held = desk.studio.memory(project).known_chunks
    real = desk.studio._learning.serving  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(desk.studio._learning, "serving", lambda _: stale)  # pyright: ignore[reportPrivateUsage]
    chapter, revision, end = cursor(desk, project)
    events = list(desk.studio.continue_(chapter, revision, end, Sampling()))
    assert isinstance(events[-1], Finished)
    assert desk.studio.memory(project).known_chunks == held, "nothing was forgotten"
    asked = [request for request in desk.engine.requests if isinstance(request, Continue)]
    assert asked[-1].memory == real(project)
    assert desk.studio.takes(chapter)[-1].memory == real(project)


def test_an_edit_to_text_that_is_not_learnt_yet_does_not_hold_up_the_rest(desk: Desk) -> None:
    project = desk.book(prose(5), prose(5, "v"), prose(5, "z"))
    desk.studio.memory_do(project, "learn")
    desk.step()
    desk.studio.memory_do(project, "cancel")
    desk.rewrite(desk.chapters(project)[0], lambda text: text[:-5] + " fixed")
    desk.studio.memory_do(project, "resume")
    desk.clock.pass_(700)
    desk.work()
    report = desk.studio.memory(project)
    last = [chunk for chunk in report.chunks if chunk.chapter == desk.chapters(project)[2]]
    assert report.pending_chunks <= len(last)


def test_a_small_edit_that_has_settled_is_relearnt_while_the_writer_goes_on(desk: Desk) -> None:
    project = desk.book(prose(8), prose(8, "v"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    first, last = desk.chapters(project)
    desk.rewrite(first, lambda text: text.replace("w155", "changed"))
    desk.work()
    report = desk.studio.memory(project)
    assert report.stale_chunks > 0 and report.state == "current", "it does not claim to be learning"
    desk.clock.pass_(130)
    desk.rewrite(last, lambda text: text + " more")
    desk.work()
    rebuilt = desk.resident(project)
    assert rebuilt == desk.planned(project)[: len(rebuilt)]
    assert len(rebuilt) >= report.known_chunks and not desk.studio.memory(project).stale


def test_a_stale_memory_goes_on_learning_what_is_written_and_says_what_it_knows(desk: Desk) -> None:
    project = desk.book(prose(40), prose(4, "v"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    before = desk.resident(project)
    first = desk.chapters(project)[0]
    desk.rewrite(first, lambda text: text.replace("w35", "changed", 1))
    third = desk.studio.add_chapter(project, "Third", prose(5, "z")).id
    desk.studio.add_chapter(project, "Fourth", "w1 w2")
    desk.clock.pass_(200)
    desk.work()
    memory = desk.resident(project)
    assert memory[: len(before)] == before and len(memory) > len(before), "the old one has gone on"
    states = [chunk.state for chunk in desk.studio.memory(project).chunks]
    assert states.count("stale") == 1 and states.count("pending") == 1
    assert {passage.state for passage in desk.studio.passages(third)} == {"known"}
    assert [passage.state for passage in desk.studio.passages(first)].count("stale") == 1
    text = desk.studio.chapter(first).text
    assert all(text[p.start : p.end].strip() == text[p.start : p.end] for p in desk.studio.passages(first))
    desk.reopen()
    assert desk.studio.memory(project).known_chunks == states.count("known"), "it is taken up again as it was"
    assert desk.studio.memory(project).stale
    desk.clock.pass_(700)
    desk.work()
    assert desk.resident(project) == desk.planned(project)[:-1], "the last chapter is still being written"


def test_a_chapter_that_comes_back_brings_its_memory_back(desk: Desk) -> None:
    project = desk.book(prose(20), prose(4, "v"), prose(20, "z"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    learnt = desk.resident(project)
    second = desk.chapters(project)[1]
    desk.studio.delete_chapter(second)
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == desk.planned(project) != learnt
    desk.engine.requests.clear()
    desk.studio.restore_chapter(second)
    desk.work()
    assert desk.resident(project)[: len(learnt) - 1] == learnt[: len(learnt) - 1]
    assert sum(isinstance(request, Learn) for request in desk.engine.requests) <= 1


def test_forget_now_leaves_no_trace_of_what_was_deleted(desk: Desk) -> None:
    project = desk.book(prose(12), prose(6, "z"), prose(12, "v"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    desk.studio.delete_chapter(desk.chapters(project)[1])
    gone = desk.studio.memory(project).gone_chunks
    forgotten = desk.studio.forget(project)
    assert forgotten.passages == gone > 0
    assert forgotten.discarded.snapshots > 0 and forgotten.discarded.files > 0 and forgotten.discarded.lessons > 0
    assert forgotten.relearn_chunks > 0 and forgotten.relearn_s > 0
    planned = desk.planned(project)
    assert all(chunk in planned for memory in desk.engine.memories.values() for chunk in memory)
    files = [json.loads(path.read_text()) for path in (desk.folder / "data").rglob("*.safetensors")]
    assert all(chunk in planned for held in files for chunk in held)
    report = desk.studio.memory(project)
    assert not report.stale and report.gone_chunks == 0 and report.state == "learning"
    desk.work()
    assert desk.resident(project) == planned


def test_forget_takes_nothing_from_a_book_whose_chapters_were_only_moved(desk: Desk) -> None:
    project = desk.book(prose(12), prose(12, "v"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    learnt = desk.resident(project)
    desk.studio.change_chapter(desk.chapters(project)[1], position=0)
    forgotten = desk.studio.forget(project)
    assert (forgotten.passages, forgotten.relearn_chunks, forgotten.discarded.snapshots) == (0, 0, 0)
    assert desk.resident(project) == learnt


def test_forget_while_a_chunk_is_being_learnt_does_not_wait_and_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = desk.book(prose(6, "z"), prose(12))
    desk.studio.memory_do(project, "learn")
    desk.work()
    desk.studio.delete_chapter(desk.chapters(project)[0])
    learning = desk.studio._learning  # pyright: ignore[reportPrivateUsage]
    call, started, let_go = desk.engine.call, threading.Event(), threading.Event()

    def slow(request: Request) -> Reply:
        if isinstance(request, Learn) and not let_go.is_set():
            started.set()
            assert let_go.wait(10)
            return GaveWay()
        if isinstance(request, Drop):
            let_go.set()
        return call(request)

    monkeypatch.setattr(desk.engine, "call", slow)
    desk.studio.memory_do(project, "learn")
    thread = threading.Thread(target=learning.step)
    thread.start()
    assert started.wait(10)
    desk.studio.forget(project)
    thread.join()
    planned = desk.planned(project)
    assert all(chunk in planned for memory in desk.engine.memories.values() for chunk in memory)


def test_lessons_that_nothing_goes_back_to_are_let_go(desk: Desk) -> None:
    project = desk.book(prose(6))
    desk.studio.memory_do(project, "learn")
    desk.work()
    snapshots = desk.studio._snapshots  # pyright: ignore[reportPrivateUsage]
    for n in range(12):
        desk.rewrite(desk.chapters(project)[0], lambda text, n=n: f"w{n} " + text)
        desk.studio.memory_do(project, "learn")
        desk.work()
    planned = len(desk.planned(project))
    kept = len(snapshots.all(project))
    assert len(snapshots.lessons(project)) <= planned * kept


def test_a_snapshot_that_cannot_be_read_is_no_starting_point_for_ever(desk: Desk) -> None:
    project = desk.book(prose(30))
    desk.studio.memory_do(project, "learn")
    desk.work()
    desk.rewrite(desk.chapters(project)[0], lambda text: text + " w1 w2")
    for path in (desk.folder / "data").rglob("*.safetensors"):
        path.write_bytes(b"no")
    desk.reopen()
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == desk.planned(project)


def test_discard_forgets_an_abandoned_memory_too(desk: Desk) -> None:
    project = desk.book(prose(8), prose(8, "v"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    chapter = desk.chapters(project)[0]
    original = desk.studio.chapter(chapter).text
    desk.rewrite(chapter, lambda text: text.replace("w155", "changed"))
    desk.clock.pass_(700)
    desk.step()
    desk.step()
    desk.rewrite(chapter, lambda _: original)
    desk.step()
    desk.studio.discard_memory(project)
    assert desk.engine.memories == {}


def test_a_memory_that_nobody_goes_on_with_leaves_the_process_at_once(desk: Desk) -> None:
    """Its lessons are pruned: later nobody would know that there is one to be forgotten."""
    project = desk.book(prose(8), prose(8, "v"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    chapter = desk.chapters(project)[0]
    for word in ("changed", "again"):
        desk.rewrite(chapter, lambda text, word=word: text.replace("w65", word).replace("changed", word))
        desk.clock.pass_(700)
        desk.step()
        desk.step()
        assert len(desk.engine.memories) == 2, "the serving one and the one that is being built"
    desk.studio.forget(project)
    assert desk.engine.memories.keys() <= {desk.studio._learning.serving(project)}  # pyright: ignore[reportPrivateUsage]


def test_learn_now_is_not_lost_while_a_snapshot_is_written(desk: Desk) -> None:
    project = desk.book(prose(5), "w1 w2")
    call = desk.engine.call

    def clicks(request: Request) -> Reply:
        if isinstance(request, Save):
            desk.engine.call = call
            desk.studio.memory_do(project, "learn")
        return call(request)

    desk.engine.call = clicks
    desk.work()
    assert desk.studio.memory(project).pending_chunks == 0


def test_a_bug_in_one_memory_does_not_end_the_learning_of_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, sound = desk.book(prose(5)), desk.book(prose(5, "v"))
    commit = desk.studio._snapshots.commit  # pyright: ignore[reportPrivateUsage]

    def fails(project: str, *rest: object) -> object:
        if project == broken:
            raise PermissionError("not ours")
        return commit(project, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.studio._snapshots, "commit", fails)  # pyright: ignore[reportPrivateUsage]
    for project in (broken, sound):
        desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.studio.memory(broken).state == "failed"
    assert desk.studio.memory(sound).state == "current"


def test_a_full_disk_under_a_take_ends_the_stream_with_its_message(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    project = desk.book("One.")

    def full(*_: object) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(desk.studio._manuscripts, "finish_take", full)  # pyright: ignore[reportPrivateUsage]
    events = list(desk.studio.continue_(*cursor(desk, project), Sampling()))
    assert events[-1] == Broke("disk_full", "The disk is full.")


@pytest.mark.parametrize("leave", ["forget", "discard_memory", "finish"])
def test_a_memory_leaves_after_the_takes_that_are_written_with_it(desk: Desk, leave: str) -> None:
    project = desk.book(prose(5))
    desk.studio.memory_do(project, "learn")
    desk.work()
    desk.engine.gate = threading.Event()
    desk.engine.replies = ["one two"]
    stream = desk.studio.continue_(*cursor(desk, project), Sampling())
    assert stream.next() == Wrote(0, "one ")
    desk.studio.finish(project, "text") if leave == "finish" else getattr(desk.studio, leave)(project)
    (take,) = desk.studio.takes(desk.chapters(project)[0])
    assert (take.text, take.finish_reason) == ("one ", "cancelled")
    assert list(stream) == [Finished(0, take.id, 1, "cancelled")]


def test_a_desk_that_is_closed_keeps_what_was_being_written(desk: Desk) -> None:
    project = desk.book("One.")
    desk.engine.gate = threading.Event()
    desk.engine.replies = ["one two"]
    stream = desk.studio.continue_(*cursor(desk, project), Sampling())
    assert stream.next() == Wrote(0, "one ")
    desk.reopen()
    (take,) = desk.studio.takes(desk.chapters(project)[0])
    assert (take.text, take.finish_reason) == ("one ", "cancelled")


def test_a_text_that_is_saved_is_told_so_though_its_chapter_is_deleted_just_after(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = desk.book("One.", "Two.")
    first, second = desk.chapters(project)
    saves = desk.studio._manuscripts.save  # pyright: ignore[reportPrivateUsage]

    def and_deletes(id: str, *rest: object, **more: object) -> int:
        number = saves(id, *rest, **more)  # type: ignore[arg-type]
        desk.studio._manuscripts.delete_chapter(id)  # pyright: ignore[reportPrivateUsage]
        return number

    monkeypatch.setattr(desk.studio._manuscripts, "save", and_deletes)  # pyright: ignore[reportPrivateUsage]
    assert desk.studio.save(first, 1, "One. More.") == 2
    list(desk.studio.continue_(second, 1, 4, Sampling()))
    (take,) = desk.studio.takes(second)
    assert desk.studio.accept_take(take.id, 1).text == f"Two.{take.text}"


def test_a_snapshot_that_cannot_be_read_once_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    project = desk.book(prose(12))
    desk.studio.memory_do(project, "learn")
    desk.work()
    learnt = desk.resident(project)
    kept = desk.studio._snapshots.all(project)  # pyright: ignore[reportPrivateUsage]
    desk.reopen()

    def fails(_: Path) -> str:
        monkeypatch.undo()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("storage.snapshots.digest", fails)
    (broke,) = desk.studio.continue_(*cursor(desk, project), Sampling())
    assert isinstance(broke, Broke) and broke.code == "storage" and "try again" in broke.message
    assert desk.studio._snapshots.all(project) == kept  # pyright: ignore[reportPrivateUsage]
    assert isinstance(list(desk.studio.continue_(*cursor(desk, project), Sampling()))[-1], Finished)
    assert desk.resident(project) == learnt


def test_while_the_model_is_away_the_memory_does_not_claim_to_learn(desk: Desk) -> None:
    project = desk.book(prose(5))
    desk.studio.memory_do(project, "learn")
    desk.engine.state = "failed"
    assert desk.studio.memory(project).state == "empty"
    desk.engine.state = "ready"
    assert desk.studio.memory(project).state == "learning"
    desk.work()
    assert sum(isinstance(request, Learn) for request in desk.engine.requests) > 1
