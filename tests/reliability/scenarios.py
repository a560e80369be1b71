"""What a writer does, verb by verb, for tests that break it off, or let the disk fail, at every point.

`prepare` is done before the faults begin, `verbs` under them. They are the same each time, but for the ids. A verb that
was refused can be asked for again, as a page would do it: with the same text, made from the same revision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from tests.reliability.bench import Bench, words
from tests.studio_desk import prose

Verb = tuple[str, Callable[[], object]]
"""What it is called, and how it is done."""

REPLY = "".join(f" {words(number)}" for number in range(20, 40))


@dataclass(frozen=True)
class Scenario:
    prepare: Callable[[Bench], None]
    verbs: Callable[[Bench], Iterator[Verb]]


def _find(bench: Bench, title: str) -> str:
    """A chapter of the book, deleted or not, by its title."""
    project = _book(bench)
    heads = [*bench.studio.project(project)[1], *bench.studio.deleted_chapters(project)]
    return next(head.id for head in heads if head.title == title)


def _book(bench: Bench) -> str:
    return next(project.id for project in bench.studio.projects() if project.title == "A book")


def _save(bench: Bench, chapter: str, change: Callable[[str], str]) -> Callable[[], object]:
    current = bench.studio.chapter(chapter)
    return partial(bench.studio.save, chapter, current.revision, change(current.text))


# --- writing ---


def _prepare_writing(bench: Bench) -> None:
    bench.open()
    bench.book(prose(2), prose(2, "v"), prose(1, "z"))
    bench.take(_find(bench, "Chapter 1"), f" {words(1)} {words(2)}")
    bench.take(_find(bench, "Chapter 2"), f" {words(3)}")


def _write(bench: Bench) -> Iterator[Verb]:
    studio = bench.studio
    first, second, third = (_find(bench, f"Chapter {number}") for number in (1, 2, 3))
    project = _book(bench)

    yield "add", partial(studio.add_chapter, project, "Chapter 4", words(10))
    fourth = _find(bench, "Chapter 4")
    for number in range(11, 14):
        yield "save that folds", _save(bench, fourth, lambda text, number=number: f"{text} {words(number)}")
    bench.clock.pass_(400)
    yield "save of much", _save(bench, fourth, lambda text: f"{text}\n\n{prose(40)}")
    yield "save that takes away much", _save(bench, fourth, lambda _: words(14))
    yield "accept", partial(studio.accept_take, studio.takes(first)[-1].id, studio.chapter(first).revision)
    yield "delete take", partial(studio.delete_take, studio.takes(second)[-1].id)
    yield "rename", partial(studio.change_chapter, second, title="Chapter 2 renamed")
    yield "move", partial(studio.change_chapter, fourth, position=0)
    yield "delete", partial(studio.delete_chapter, third)
    yield "restore", partial(studio.restore_chapter, third)
    oldest = studio.revisions(fourth)[0].number
    yield "name revision", partial(studio.name_revision, fourth, oldest, "The beginning")
    yield "restore revision", partial(studio.restore_revision, fourth, studio.chapter(fourth).revision, oldest)
    chapter = studio.chapter(first)
    middle = len(chapter.text) // 2
    yield "split", partial(studio.split_chapter, first, chapter.revision, middle, "Chapter 1, second half")
    half = studio.chapter(first)
    yield "exclude", partial(studio.exclude, first, half.revision, 0, len(half.text) // 2, True)
    yield "merge", partial(studio.merge_chapter, first, half.revision)
    yield "leave out", partial(studio.set_learned, third, False)
    yield "strength", partial(studio.set_strength, project, 0.5)
    yield "rename book", partial(studio.rename_project, project, "The book renamed")


def _prepare_nothing(bench: Bench) -> None:
    pass


def _open(bench: Bench) -> None:
    bench.open()


def _first_start(bench: Bench) -> Iterator[Verb]:
    yield "open", bench.open
    yield "create book", partial(bench.studio.create_project, "A book")
    yield "add", partial(bench.studio.add_chapter, _book(bench), "Chapter 1", prose(1))


def _prepare_purge(bench: Bench) -> None:
    bench.open()
    project = bench.book(prose(12), prose(2, "v"))
    bench.studio.memory_do(project, "learn")
    bench.work()
    gone = bench.studio.create_project("Gone")
    bench.studio.add_chapter(gone.id, "Gone too", prose(12, "z"))
    bench.studio.memory_do(gone.id, "learn")
    bench.work()
    bench.studio.delete_chapter(_find(bench, "Chapter 2"))
    bench.studio.delete_project(gone.id)
    bench.close()
    bench.engine.restart()
    bench.clock.pass_(31 * 24 * 3600)


def _purge(bench: Bench) -> Iterator[Verb]:
    yield "purge", bench.open


def _import(bench: Bench) -> Iterator[Verb]:
    book = "".join(f"# Part {number}\n\n{prose(2)}\n\n" for number in range(1, 4))
    yield "import", partial(bench.studio.import_book, book.encode(), "imported.md")


def _back_up(bench: Bench) -> Iterator[Verb]:
    yield "back up", bench.studio.back_up
    yield "restore from the backup", lambda: bench.studio.restore_book(bench.studio.backups()[0].name, _book(bench))


def _prepare_history(bench: Bench) -> None:
    _prepare_writing(bench)
    first = _find(bench, "Chapter 1")
    bench.studio.accept_take(bench.studio.takes(first)[-1].id, 1)
    bench.clock.pass_(400)
    bench.save(first, words(60))
    bench.studio.back_up()
    bench.studio.delete_chapter(_find(bench, "Chapter 3"))


def _purge_history(bench: Bench) -> Iterator[Verb]:
    yield "purge history", partial(bench.studio.purge_history, _book(bench), True)


def _take(bench: Bench) -> Iterator[Verb]:
    """All of it happens in the thread that stores takes."""
    yield "take", partial(bench.take, _find(bench, "Chapter 3"), REPLY)


def _prepare_closing(bench: Bench) -> None:
    bench.open()
    bench.book(prose(2), prose(2, "v"), prose(1, "z"))
    bench.studio._keeper.write_mirrors()  # pyright: ignore[reportPrivateUsage]
    bench.save(_find(bench, "Chapter 1"), words(50))
    bench.studio.change_chapter(_find(bench, "Chapter 2"), title="Another name")
    bench.studio.delete_chapter(_find(bench, "Chapter 3"))


def _close(bench: Bench) -> Iterator[Verb]:
    yield "close", bench.close


# --- the memory ---


def _prepare_learning(bench: Bench) -> None:
    bench.open()
    bench.studio.memory_do(bench.book(prose(8), prose(8, "v")), "learn")


def _learn(bench: Bench) -> Iterator[Verb]:
    yield from _steps(bench)
    yield "edit", _save(bench, _find(bench, "Chapter 1"), lambda text: text.replace("w155", "z7"))
    yield "learn now", partial(bench.studio.memory_do, _book(bench), "learn")
    yield from _steps(bench)


def _steps(bench: Bench) -> Iterator[Verb]:
    going = True

    def step() -> None:
        nonlocal going
        going = bench.step()

    while going:
        yield "step", step


def _prepare_end(bench: Bench) -> None:
    _prepare_learning(bench)
    bench.work()


def _discard(bench: Bench) -> Iterator[Verb]:
    yield "discard", partial(bench.studio.discard_memory, _book(bench))


def _forget(bench: Bench) -> Iterator[Verb]:
    yield "delete", partial(bench.studio.delete_chapter, _find(bench, "Chapter 2"))
    yield "forget", partial(bench.studio.forget, _book(bench))


def _budget(bench: Bench) -> Iterator[Verb]:
    yield "less room", partial(bench.studio.set_disk_bytes, _book(bench), 0)


def _finish(bench: Bench) -> Iterator[Verb]:
    yield "finish", partial(bench.studio.finish, _book(bench), "markdown")


WRITING = {
    "writing": Scenario(_prepare_writing, _write),
    "first start": Scenario(_prepare_nothing, _first_start),
    "purge": Scenario(_prepare_purge, _purge),
    "import": Scenario(_open, _import),
    "take": Scenario(_prepare_writing, _take),
    "backup": Scenario(_prepare_writing, _back_up),
    "purge history": Scenario(_prepare_history, _purge_history),
    "closing": Scenario(_prepare_closing, _close),
}
LEARNING = {
    "learning": Scenario(_prepare_learning, _learn),
    "discard": Scenario(_prepare_end, _discard),
    "forget": Scenario(_prepare_end, _forget),
    "less room": Scenario(_prepare_end, _budget),
    "finish": Scenario(_prepare_end, _finish),
}
SCENARIOS = WRITING | LEARNING
