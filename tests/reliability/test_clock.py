"""A clock that is set back while the writer works: nothing folds away, nothing is thinned out, learning goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from templora.engine import ModelInfo
from tests.reliability import checks
from tests.reliability.bench import Bench, words
from tests.studio_desk import prose

HOUR_S, DAY_S = 3600.0, 24 * 3600.0
BACK = [pytest.param(HOUR_S, id="an hour"), pytest.param(365 * DAY_S, id="a year")]


@pytest.fixture
def bench(tmp_path: Path, info: ModelInfo) -> Iterator[Bench]:
    bench = Bench(tmp_path, info)
    bench.open()
    yield bench
    bench.close()
    assert not bench.engine.wrong


def restart(bench: Bench) -> None:
    bench.close()
    bench.engine.restart()
    bench.open()


@pytest.mark.parametrize("back", BACK)
def test_what_was_typed_before_can_still_be_gone_back_to(bench: Bench, back: float) -> None:
    project = bench.book(words(0))
    (chapter,) = bench.chapters(project)
    bench.clock.pass_(400)
    before = [words(0), f"{words(0)} {words(1)}"]
    bench.save(chapter, before[1])
    bench.clock.pass_(-back)
    for number in range(2, 6):
        bench.clock.pass_(10)
        bench.save(chapter, f"{bench.studio.chapter(chapter).text} {words(number)}")
    texts = [text for _, _, text in checks.history(bench.studio, chapter)]
    assert texts == [*before, " ".join(words(number) for number in range(6))]
    restart(bench)
    assert [text for _, _, text in checks.history(bench.studio, chapter)] == texts


@pytest.mark.parametrize("back", BACK)
def test_starts_do_not_thin_out_what_a_wrong_clock_has_dated(bench: Bench, back: float) -> None:
    project = bench.book(words(0))
    (chapter,) = bench.chapters(project)
    for number in range(1, 10):
        bench.clock.pass_(400)
        bench.save(chapter, words(number))
    deleted = bench.studio.add_chapter(project, "Deleted", words(20)).id
    bench.studio.delete_chapter(deleted)
    bench.clock.pass_(-back)
    texts = checks.history(bench.studio, chapter)
    for _ in range(3):
        restart(bench)
        assert checks.history(bench.studio, chapter) == texts
        assert [head.id for head in bench.studio.deleted_chapters(project)] == [deleted]
        bench.clock.pass_(HOUR_S)
    bench.studio.restore_chapter(deleted)
    assert bench.studio.chapter(deleted).text == words(20)


@pytest.mark.parametrize("back", BACK)
def test_text_is_still_learnt_by_itself(bench: Bench, back: float) -> None:
    project = bench.book(prose(2))
    (chapter,) = bench.chapters(project)
    bench.studio.memory(project)
    bench.clock.pass_(60)
    bench.save(chapter, prose(20))
    bench.studio.memory(project)
    bench.clock.pass_(-back)
    bench.clock.pass_(130)
    bench.work()
    known = bench.studio.memory(project).known_chunks
    assert known > 0
    bench.save(chapter, f"{prose(2)}\n\n{prose(18, 'v')}")
    bench.clock.pass_(601)
    bench.work()
    assert bench.studio.memory(project).known_chunks > 0 and bench.studio.memory(project).stale_chunks == 0
    restart(bench)
    assert bench.knows_the_book(project)


@pytest.mark.parametrize("back", BACK)
def test_a_memory_that_failed_is_tried_again(bench: Bench, back: float, monkeypatch: pytest.MonkeyPatch) -> None:
    project = bench.book(prose(20))
    snapshots = bench.studio._snapshots  # pyright: ignore[reportPrivateUsage]

    def fails(*_: object) -> None:
        raise PermissionError("not now")

    with monkeypatch.context() as patch:
        patch.setattr(snapshots, "commit", fails)
        bench.studio.memory_do(project, "learn")
        bench.work()
    assert bench.studio.memory(project).state == "failed"
    bench.clock.pass_(-back)
    bench.clock.pass_(700)
    bench.work()
    assert bench.studio.memory(project).failure is None


@pytest.mark.parametrize("back", BACK)
def test_snapshots_stay_in_their_order(bench: Bench, back: float) -> None:
    project = bench.book(prose(20))
    assert bench.knows_the_book(project)
    bench.clock.pass_(-back)
    (chapter,) = bench.chapters(project)
    bench.save(chapter, f"{prose(20)}\n\n{prose(6, 'v')}")
    assert bench.knows_the_book(project)
    restart(bench)
    assert bench.resident(project) == bench.planned(project)
    checks.snapshots_are_true(bench.studio, bench.data, bench.engine.decoder)


@pytest.mark.parametrize("back", BACK)
def test_backups_go_on_and_none_is_lost(bench: Bench, back: float) -> None:
    bench.book(words(0))
    first = bench.studio.back_up()
    bench.clock.pass_(-back)
    second = bench.studio.back_up()
    assert {backup.name for backup in bench.studio.backups()} == {first.name, second.name}
