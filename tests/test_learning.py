"""Learning keeps a project's memory in step with its book. The engine is a fake, the storage is real."""

from __future__ import annotations

import pytest

from templora.engine import Drop, Learn
from templora.errors import BadInput, DiskFull, EngineError
from tests.studio_desk import Desk, prose


def test_learn_now_learns_the_whole_book_in_order(desk: Desk) -> None:
    project = desk.book(prose(5), prose(4, "v"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == desk.planned(project)
    report = desk.studio.memory(project)
    assert report.state == "current"
    assert report.pending_chunks == 0 and report.known_chunks == len(report.chunks) > 3
    assert all(chunk.base_loss == pytest.approx(3.5) for chunk in report.chunks)
    assert report.chunks[-1].memory_loss == pytest.approx(3.2)


def test_a_chapter_is_learnt_when_writing_has_moved_on(desk: Desk) -> None:
    project = desk.book(prose(5))
    desk.work()
    assert desk.studio.memory(project).known_chunks == 0
    desk.clock.pass_(5)
    desk.studio.add_chapter(project, "Next", "w1 w2")
    desk.work()
    report = desk.studio.memory(project)
    assert report.known_chunks == len(report.chunks) - 1


def test_text_far_behind_the_end_is_learnt_once_it_has_settled(desk: Desk) -> None:
    project = desk.book("w0")
    (chapter,) = desk.chapters(project)
    desk.studio.memory(project)
    desk.clock.pass_(600)
    desk.rewrite(chapter, lambda _: prose(20))
    desk.work()
    assert desk.studio.memory(project).known_chunks == 0
    desk.clock.pass_(121)
    desk.work()
    report = desk.studio.memory(project)
    assert 0 < report.known_chunks < len(report.chunks)
    behind = sum(chunk.tokens for chunk in report.chunks[report.known_chunks :])
    assert behind >= 256


def test_who_looks_at_a_long_book_does_not_wait_until_it_has_been_read(desk: Desk) -> None:
    project = desk.book(*["w1 w2"] * 25)
    assert desk.studio.memory(project).state == "reading"
    assert desk.studio.passages(desk.chapters(project)[0]) == []
    desk.work()
    report = desk.studio.memory(project)
    assert report.state == "current" and len(report.chunks) == 25


def test_a_step_that_gave_way_is_done_again(desk: Desk) -> None:
    project = desk.book(prose(5))
    desk.engine.give_way = 2
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == desk.planned(project)


def test_memory_survives_a_restart(desk: Desk) -> None:
    project = desk.book(prose(12))
    desk.studio.memory_do(project, "learn")
    desk.work()
    before = desk.studio.memory(project)
    desk.reopen()
    after = desk.studio.memory(project)
    assert after.known_chunks == before.known_chunks > 0
    assert [c.memory_loss for c in after.chunks] == [c.memory_loss for c in before.chunks]
    desk.engine.requests.clear()
    desk.rewrite(desk.chapters(project)[0], lambda text: text + "\n\n" + prose(4, "z"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == desk.planned(project)
    assert sum(isinstance(request, Learn) for request in desk.engine.requests) <= 5


def test_an_edit_serves_the_old_memory_until_the_new_one_has_caught_up(desk: Desk) -> None:
    project = desk.book(prose(8), prose(8, "v"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    old = desk.resident(project)
    first, _ = desk.chapters(project)
    desk.rewrite(first, lambda text: text.replace("w155", "changed"))
    report = desk.studio.memory(project)
    assert 0 < report.known_chunks < len(report.chunks) and report.stale_chunks == report.gone_chunks == 1
    assert [c.state for c in report.chunks].count("stale") == 1 and report.stale and report.rebuild_s > 0
    assert [c.base_loss is None for c in report.chunks] == [c.state != "known" for c in report.chunks]
    desk.work()
    assert desk.resident(project) == old, "nothing is rebuilt while the writer is at work"
    desk.clock.pass_(601)
    desk.step()
    assert desk.studio.memory(project).state == "rebuilding"
    assert desk.resident(project) == old
    desk.work()
    rebuilt = desk.resident(project)
    assert rebuilt != old and rebuilt == desk.planned(project)[: len(rebuilt)]
    assert len(rebuilt) == len(old), "nothing that was known is given up"


def test_what_was_deleted_is_gone_from_the_memory(desk: Desk) -> None:
    project = desk.book(prose(6), prose(6, "v"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    desk.studio.delete_chapter(desk.chapters(project)[0])
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == desk.planned(project)
    desk.studio.delete_chapter(desk.chapters(project)[0])
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == [] and desk.studio.memory(project).state == "empty"


def test_reordered_chapters_are_learnt_in_their_new_order(desk: Desk) -> None:
    project = desk.book(prose(6), prose(6, "v"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    heads = desk.studio.project(project)[1]
    desk.studio.change_chapter(heads[1].id, position=heads[0].position)
    assert desk.chapters(project) == [heads[1].id, heads[0].id]
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == desk.planned(project)


def test_a_dead_model_process_costs_no_knowledge(desk: Desk) -> None:
    project = desk.book(prose(14))
    desk.studio.memory_do(project, "learn")
    for _ in range(6):
        desk.step()
    desk.engine.dead = True
    desk.work()
    desk.engine.restart()
    desk.work()
    assert desk.resident(project) == desk.planned(project)


def test_a_damaged_snapshot_is_passed_over(desk: Desk) -> None:
    project = desk.book(prose(20))
    desk.studio.memory_do(project, "learn")
    desk.work()
    newest = max((desk.folder / "data").rglob("*.safetensors"), key=lambda path: path.stat().st_size)
    newest.write_bytes(b"garbage")
    desk.reopen()
    desk.rewrite(desk.chapters(project)[0], lambda text: text + "\n\n" + prose(3, "z"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == desk.planned(project)


def test_pause_holds_learning_and_resume_goes_on(desk: Desk) -> None:
    project = desk.book(prose(8))
    desk.studio.memory_do(project, "learn")
    desk.step()
    desk.studio.memory_do(project, "pause")
    desk.work()
    report = desk.studio.memory(project)
    assert report.state == "paused" and report.pending_chunks > 0
    desk.studio.memory_do(project, "resume")
    desk.work()
    assert desk.studio.memory(project).pending_chunks == 0


def test_cancel_keeps_what_is_learnt_and_waits_to_be_asked(desk: Desk) -> None:
    project = desk.book(prose(8))
    desk.studio.memory_do(project, "learn")
    for _ in range(2):
        desk.step()
    desk.studio.memory_do(project, "cancel")
    desk.work()
    report = desk.studio.memory(project)
    assert report.state == "paused" and 0 < report.known_chunks < len(report.chunks)


def test_discard_leaves_nothing_anywhere(desk: Desk) -> None:
    project = desk.book(prose(8))
    desk.studio.memory_do(project, "learn")
    desk.work()
    discarded = desk.studio.discard_memory(project)
    assert discarded.files > 0 and discarded.snapshots > 0 and discarded.lessons > 0
    assert desk.engine.memories == {}
    assert any(isinstance(request, Drop) for request in desk.engine.requests)
    assert list((desk.folder / "data").rglob("*.safetensors")) == []
    report = desk.studio.memory(project)
    assert report.state == "discarded" and report.known_chunks == 0
    desk.clock.pass_(10_000)
    desk.work()
    assert desk.engine.memories == {}, "learning stays off until the writer asks"
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == desk.planned(project)


def test_snapshots_keep_to_the_room_that_the_book_gives_them(desk: Desk) -> None:
    project = desk.book(prose(40))
    desk.studio.memory_do(project, "learn")
    desk.work()

    def sizes() -> list[int]:
        return [path.stat().st_size for path in (desk.folder / "data").rglob("*.safetensors")]

    assert len(sizes()) > 2
    room = max(sizes()) + min(sizes())
    desk.studio.set_disk_bytes(project, room)
    assert 1 < sum(sizes()) <= room
    desk.studio.set_disk_bytes(project, 0)
    assert len(sizes()) == 1, "the newest one is kept whatever it takes"
    desk.rewrite(desk.chapters(project)[0], lambda text: text + "\n\n" + prose(12, "z"))
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert len(sizes()) == 1
    with pytest.raises(BadInput):
        desk.studio.set_disk_bytes(project, -1)


def test_a_finished_book_is_only_relearnt_on_request(desk: Desk) -> None:
    project = desk.book(prose(6))
    desk.studio.memory_do(project, "learn")
    desk.work()
    finished = desk.studio.finish(project, "markdown")
    assert finished.discarded.snapshots > 0 and finished.path.read_bytes() == finished.export.data
    assert desk.studio.project(project)[0].finished_at is not None
    with pytest.raises(BadInput, match="finished"):
        desk.studio.memory_do(project, "resume")
    desk.studio.memory_do(project, "learn")
    assert desk.studio.project(project)[0].finished_at is None


def test_a_full_disk_is_told_and_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    project = desk.book(prose(8))

    def full(*_: object) -> None:
        raise DiskFull("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(desk.studio._snapshots, "commit", full)  # pyright: ignore[reportPrivateUsage]
        desk.studio.memory_do(project, "learn")
        desk.work()
        report = desk.studio.memory(project)
        assert report.state == "failed" and report.failure == "The disk is full."
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.studio.memory(project).state == "current"


def test_a_model_that_runs_out_of_memory_is_not_asked_over_and_over(desk: Desk) -> None:
    project = desk.book(prose(8))
    desk.engine.learn_error = EngineError("The machine ran out of memory.")
    desk.studio.memory_do(project, "learn")
    for _ in range(5):
        desk.work()
    asked = [request for request in desk.engine.requests if isinstance(request, Learn)]
    report = desk.studio.memory(project)
    assert len(asked) == 1 and report.state == "failed" and report.failure == "The machine ran out of memory."
    desk.engine.learn_error = None
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.studio.memory(project).state == "current"
