"""The plan follows the book: its text, its order, and what of it is left out of the memory."""

from __future__ import annotations

from templora.chunks import Chunk
from templora.memory import Plan
from tests.studio_desk import Desk, prose

EPIGRAPH = "A motto of another book, which the memory is not to know."


def plan(desk: Desk, project: str) -> Plan:
    plan = desk.studio._books.plan(project)  # pyright: ignore[reportPrivateUsage]
    assert plan is not None
    return plan


def chapters_of(chunks: tuple[Chunk, ...]) -> list[str]:
    return list(dict.fromkeys(chunk.chapter for chunk in chunks))


def test_a_chapter_that_is_not_learnt_has_no_chunks_until_it_is_again(desk: Desk) -> None:
    project = desk.book(prose(4), prose(4, "notes"), prose(4, "v"))
    before = plan(desk, project)
    one, two, three = desk.chapters(project)
    desk.studio.set_learned(two, False)
    assert chapters_of(plan(desk, project).chunks) == [one, three]
    desk.studio.set_learned(two, True)
    assert plan(desk, project) == before


def test_a_passage_that_is_left_out_without_a_new_revision_changes_the_plan(desk: Desk) -> None:
    project = desk.book(f"{EPIGRAPH}\n\n{prose(4)}")
    [chapter] = desk.chapters(project)
    before = plan(desk, project)
    assert EPIGRAPH in before.chunks[0].text
    desk.studio.exclude(chapter, 1, 0, 7, True)
    after = plan(desk, project)
    assert "".join(chunk.text for chunk in after.chunks) == "\n\n" + prose(4)
    assert not set(after.chain) & set(before.chain)
    desk.studio.exclude(chapter, 1, 0, 7, False)
    assert plan(desk, project) == before


def test_the_memory_unlearns_a_passage_that_is_left_out(desk: Desk) -> None:
    project = desk.book(f"{EPIGRAPH}\n\n{prose(4)}")
    desk.studio.memory_do(project, "learn")
    desk.work()
    learnt = desk.resident(project)
    desk.studio.exclude(desk.chapters(project)[0], 1, 0, 7, True)
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == desk.planned(project) != learnt


def test_what_the_plans_keep_does_not_grow_with_chapters_that_are_gone(desk: Desk) -> None:
    project = desk.book(prose(4))
    splits = desk.studio._books._splits  # pyright: ignore[reportPrivateUsage]
    for _ in range(5):
        chapter = desk.studio.add_chapter(project, "Cut", prose(3, "cut"))
        plan(desk, project)
        assert len(splits) == 2
        desk.studio.delete_chapter(chapter.id)
        plan(desk, project)
        assert list(splits) == desk.chapters(project)
