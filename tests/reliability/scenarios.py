"""What a writer does, verb by verb, for tests that break it off at every point.

`prepare` is done before the faults begin, `act` under them. Each verb is told to `done` once it has returned. All of it
is the same each time, but for the ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.reliability.bench import Bench, words
from tests.studio_desk import prose

Done = Callable[[str], None]

REPLY = "".join(f" {words(number)}" for number in range(20, 40))


@dataclass(frozen=True)
class Scenario:
    prepare: Callable[[Bench], None]
    act: Callable[[Bench, Done], None]


def _find(bench: Bench, title: str) -> str:
    """A chapter of the book, deleted or not, by its title."""
    project = _book(bench)
    heads = [*bench.studio.project(project)[1], *bench.studio.deleted_chapters(project)]
    return next(head.id for head in heads if head.title == title)


def _book(bench: Bench) -> str:
    return next(project.id for project in bench.studio.projects() if project.title == "A book")


def _open(bench: Bench) -> None:
    bench.open()


# --- writing ---


def _prepare_writing(bench: Bench) -> None:
    bench.open()
    bench.book(prose(2), prose(2, "v"), prose(1, "z"))
    bench.take(_find(bench, "Chapter 1"), f" {words(1)} {words(2)}")
    bench.take(_find(bench, "Chapter 2"), f" {words(3)}")


def _write(bench: Bench, done: Done) -> None:
    studio = bench.studio
    first, second, third = (_find(bench, f"Chapter {number}") for number in (1, 2, 3))
    project = _book(bench)

    studio.add_chapter(project, "Chapter 4", words(10))
    done("add")
    fourth = _find(bench, "Chapter 4")
    for number in range(11, 14):
        bench.save(fourth, f"{studio.chapter(fourth).text} {words(number)}")
        done("save that folds")
    bench.clock.pass_(400)
    bench.save(fourth, f"{studio.chapter(fourth).text}\n\n{prose(40)}")
    done("save of much")
    bench.save(fourth, words(14))
    done("save that takes away much")
    take = studio.takes(first)[-1]
    studio.accept_take(take.id, studio.chapter(first).revision)
    done("accept")
    studio.delete_take(studio.takes(second)[-1].id)
    done("delete take")
    studio.change_chapter(second, title="Chapter 2 renamed")
    done("rename")
    studio.change_chapter(fourth, position=0)
    done("move")
    studio.delete_chapter(third)
    done("delete")
    studio.restore_chapter(third)
    done("restore")
    revisions = studio.revisions(fourth)
    studio.name_revision(fourth, revisions[0].number, "The beginning")
    done("name revision")
    studio.restore_revision(fourth, studio.chapter(fourth).revision, revisions[0].number)
    done("restore revision")
    chapter = studio.chapter(first)
    studio.split_chapter(first, chapter.revision, len(chapter.text) // 2, "Chapter 1, second half")
    done("split")
    half = studio.chapter(first)
    studio.exclude(first, half.revision, 0, len(half.text) // 2, True)
    done("exclude")
    studio.merge_chapter(first, half.revision)
    done("merge")
    studio.set_learned(third, False)
    done("leave out")
    studio.set_strength(project, 0.5)
    done("strength")
    studio.rename_project(project, "The book renamed")
    done("rename book")


def _prepare_nothing(bench: Bench) -> None:
    pass


def _first_start(bench: Bench, done: Done) -> None:
    bench.open()
    done("open")
    project = bench.studio.create_project("A book")
    done("create book")
    bench.studio.add_chapter(project.id, "Chapter 1", prose(1))
    done("add")


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
    bench.studio.close()
    bench.engine.restart()
    bench.clock.pass_(31 * 24 * 3600)


def _purge(bench: Bench, done: Done) -> None:
    bench.open()
    done("purge")


def _import(bench: Bench, done: Done) -> None:
    book = "".join(f"# Part {number}\n\n{prose(2)}\n\n" for number in range(1, 4))
    bench.studio.import_book(book.encode(), "imported.md")
    done("import")


def _back_up(bench: Bench, done: Done) -> None:
    bench.studio.back_up()
    done("back up")
    (backup,) = bench.studio.backups()
    bench.studio.restore_book(backup.name, _book(bench))
    done("restore from the backup")


def _take(bench: Bench, done: Done) -> None:
    """All of it happens in the thread that stores takes."""
    bench.take(_find(bench, "Chapter 3"), REPLY)
    done("take")


def _prepare_closing(bench: Bench) -> None:
    bench.open()
    bench.book(prose(2), prose(2, "v"), prose(1, "z"))
    _mirror(bench)
    bench.save(_find(bench, "Chapter 1"), words(50))
    bench.studio.change_chapter(_find(bench, "Chapter 2"), title="Another name")
    bench.studio.delete_chapter(_find(bench, "Chapter 3"))


def _close(bench: Bench, done: Done) -> None:
    bench.studio.close()
    done("close")


def _mirror(bench: Bench) -> None:
    bench.studio._keeper.write_mirrors()  # pyright: ignore[reportPrivateUsage]


# --- the memory ---


def _prepare_learning(bench: Bench) -> None:
    bench.open()
    bench.studio.memory_do(bench.book(prose(8), prose(8, "v")), "learn")


def _learn(bench: Bench, done: Done) -> None:
    while bench.step():
        done("step")
    bench.rewrite(_find(bench, "Chapter 1"), lambda text: text.replace("w155", "z7"))
    done("edit")
    bench.studio.memory_do(_book(bench), "learn")
    done("learn now")
    while bench.step():
        done("step of the rebuilding")


def _prepare_end(bench: Bench) -> None:
    _prepare_learning(bench)
    bench.work()


def _discard(bench: Bench, done: Done) -> None:
    bench.studio.discard_memory(_book(bench))
    done("discard")


def _forget(bench: Bench, done: Done) -> None:
    bench.studio.delete_chapter(_find(bench, "Chapter 2"))
    done("delete")
    bench.studio.forget(_book(bench))
    done("forget")


def _finish(bench: Bench, done: Done) -> None:
    bench.studio.finish(_book(bench), "markdown")
    done("finish")


WRITING = {
    "writing": Scenario(_prepare_writing, _write),
    "first start": Scenario(_prepare_nothing, _first_start),
    "purge": Scenario(_prepare_purge, _purge),
    "import": Scenario(_open, _import),
    "take": Scenario(_prepare_writing, _take),
    "backup": Scenario(_prepare_writing, _back_up),
    "closing": Scenario(_prepare_closing, _close),
}
LEARNING = {
    "learning": Scenario(_prepare_learning, _learn),
    "discard": Scenario(_prepare_end, _discard),
    "forget": Scenario(_prepare_end, _forget),
    "finish": Scenario(_prepare_end, _finish),
}
SCENARIOS = WRITING | LEARNING
