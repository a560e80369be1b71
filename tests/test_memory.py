"""The memory plan is decided by the book's chain alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templora import chunks, memory
from templora.chunks import Chunk
from templora.config import DEFAULT
from templora.memory import Plan

ORIGIN = chunks.origin("base", DEFAULT)


def chunk(name: str, chapter: str = "one", tokens: int = 200) -> Chunk:
    return Chunk(chapter, 0, 1, name, tuple(range(tokens)))


def plan(*parts: Chunk) -> Plan:
    return Plan.of(ORIGIN, parts, 64)


BOOK = plan(chunk("a"), chunk("b"), chunk("c"), chunk("d", "two"), chunk("e", "two"))


def test_a_memory_knows_the_leading_chunks_it_shares_with_the_book() -> None:
    assert memory.known(BOOK, BOOK.links) == 5
    assert memory.known(BOOK, BOOK.links[:2]) == 2
    assert memory.known(BOOK, []) == 0
    edited = plan(chunk("a"), chunk("B"), chunk("c"))
    assert memory.known(edited, BOOK.links) == 1


def test_the_tail_of_the_chapter_being_written_is_not_due() -> None:
    assert memory.due(BOOK, "two", lambda _: True) == 3
    assert memory.due(BOOK, "one", lambda _: True) == 1  # b has only 200 tokens after it


def test_all_is_due_where_writing_has_moved_on() -> None:
    assert memory.due(BOOK, "three", lambda _: True) == 5


def test_unsettled_text_is_not_due_and_ends_the_row() -> None:
    long = plan(*(chunk(name) for name in "abcdef"))
    assert memory.due(long, "one", lambda _: True) == 4
    assert memory.due(long, "one", lambda c: c.text != "b") == 1
    assert memory.due(long, "two", lambda c: c.text != "b") == 6


def test_nothing_near_the_end_is_due_while_nobody_has_moved_on() -> None:
    assert memory.due(plan(chunk("a")), None, lambda _: True) == 0


def test_rebuilding_goes_on_from_the_newest_claim_on_the_chain() -> None:
    claims = [BOOK.chain[0], BOOK.chain[2], "f" * 64]
    assert memory.resume(BOOK, claims) == 3
    assert memory.resume(BOOK, ["f" * 64]) == 0
    edited = plan(chunk("a"), chunk("B"), chunk("c"))
    assert memory.resume(edited, claims) == 1


def test_a_lineage_is_walked_back_to_the_origin() -> None:
    lessons = {link.chain: (BOOK.before(i), link.digest) for i, link in enumerate(BOOK.links)}
    assert memory.lineage(BOOK.chain[3], lessons, ORIGIN) == BOOK.links[:4]
    assert memory.lineage(ORIGIN, lessons, ORIGIN) == ()
    del lessons[BOOK.chain[1]]
    assert memory.lineage(BOOK.chain[3], lessons, ORIGIN) is None


def test_a_damaged_circle_of_parents_ends() -> None:
    assert memory.lineage("a", {"a": ("b", ""), "b": ("a", "")}, ORIGIN) is None


def test_chapter_starts_are_the_chains_that_end_a_chapter() -> None:
    assert BOOK.chapter_starts() == {BOOK.chain[2]}


# --- how a memory stands to an edited book ---


def states(book: Plan, lineage: memory.Lineage) -> str:
    return "".join(state[0] for state in memory.standing(book, lineage).chunks)


@pytest.mark.parametrize(
    ("now", "expected", "gone"),
    [
        ("a b c d e", "kkkkk", 0),
        ("a B c d e", "kskkk", 1),
        ("a b x c d e", "kkpkkk", 0),
        ("a c d e", "kkkk", 1),
        ("d e a b c", "kkkkk", 0),
        ("a b c d E f g", "kkkkspp", 1),
        ("x y z", "sss", 5),
        ("x y z u v w", "sssssp", 5),
        ("", "", 5),
    ],
)
def test_what_a_memory_knows_of_each_passage(now: str, expected: str, gone: int) -> None:
    book = plan(*(chunk(name) for name in now.split()))
    learnt = plan(*(chunk(name) for name in "abcde")).links
    standing = memory.standing(book, learnt)
    assert states(book, learnt) == expected
    assert standing.gone == gone
    assert standing.stale == (now != "a b c d e")
    for index, where in enumerate(standing.where):
        assert (where >= 0) == (standing.chunks[index] == "known")
        if where >= 0:
            assert learnt[where].digest == book.links[index].digest


def test_lessons_of_before_digests_were_kept_are_known_by_their_chain() -> None:
    old = tuple(memory.Link(link.chain, "") for link in BOOK.links)
    assert states(BOOK, old) == "kkkkk"
    assert states(plan(chunk("a"), chunk("B"), chunk("c")), old) == "kss"


# --- what to learn next ---


def book_of(names: str, tokens: int = 200) -> Plan:
    """A chapter a word, a chunk a letter."""
    return plan(*(chunk(name, chapter=word, tokens=tokens) for word in names.split() for name in word))


def work(
    book: Plan, serving: memory.Lineage, claims: list[str], target: int | None = None, **more: object
) -> memory.Work:
    building = more.pop("building", None)
    settled = more.pop("settled", True)
    rebuild = bool(more.pop("rebuild", False))
    target = len(book.chunks) if target is None else target
    return memory.work(book, serving, building, claims, target, rebuild=rebuild, settled=lambda _: bool(settled))  # type: ignore[arg-type]


def test_a_memory_on_the_plan_goes_on_along_it() -> None:
    step = work(BOOK, BOOK.links[:2], [])
    assert (step.index, step.build, step.serve) == (2, False, None)
    assert work(BOOK, BOOK.links, []).index is None
    assert work(BOOK, BOOK.links[:2], [], target=2).index is None


LONG = book_of("abcdefghijkl mnop")


def test_a_stale_memory_goes_on_with_what_is_new_at_the_end() -> None:
    """Chapter one was edited at its beginning; the writer is at work on a new last chapter."""
    edited = book_of("aBcdefghijkl mnop qr")
    step = work(edited, LONG.links, [LONG.links[0].chain])
    assert (step.index, step.build) == (16, False)
    grown = (*LONG.links, memory.Link(chunks.link(LONG.links[-1].chain, "q"), edited.links[16].digest))
    assert work(edited, grown, []).index == 17
    assert memory.standing(edited, grown).chunks[16] == "known"


def test_what_is_read_before_a_new_chunk_must_be_what_the_stale_memory_has_learnt() -> None:
    """Else its bytes would depend on something that its chain does not say."""
    learnt = book_of("abcdefghijkl", tokens=40).links
    edited = book_of("abcdefghijKl xy", tokens=40)  # a window of 64 tokens takes in K and l
    assert work(edited, learnt, []).index is None
    edited = book_of("abcdefghiJkl xy", tokens=40)
    assert work(edited, learnt, []).index == 12


def test_a_stale_memory_is_rebuilt_from_the_newest_snapshot_on_the_plan() -> None:
    edited = book_of("abcDefghijkl mnop")
    step = work(edited, LONG.links, [LONG.links[1].chain, LONG.links[9].chain], rebuild=True)
    assert (step.index, step.build, step.building) == (2, True, edited.links[:2])
    assert len(step.ahead) == 14
    step = work(edited, LONG.links, [LONG.links[1].chain], rebuild=True, building=edited.links[:7])
    assert (step.index, step.building) == (7, edited.links[:7])
    step = work(edited, LONG.links, [], rebuild=True, building=edited.links)
    assert step.index is None and step.build, "it has caught up"


def test_a_building_memory_that_was_edited_under_starts_again() -> None:
    built = book_of("abcDef").links
    edited = book_of("abcDEfghijkl mnop")
    assert work(edited, LONG.links, [built[2].chain], rebuild=True, building=built).building == edited.links[:3]


def test_a_cheap_rebuild_does_not_wait_for_idleness_but_for_the_edit_to_settle() -> None:
    edited = book_of("abcdefghijkl mNop")
    claims = [LONG.links[11].chain]
    assert work(edited, LONG.links, claims).build
    assert not work(edited, LONG.links, claims, settled=False).build
    dear = book_of("aBcdefghijkl mnop")
    assert not work(dear, LONG.links, [LONG.links[0].chain]).build


def test_a_rebuild_never_gives_up_what_is_known() -> None:
    """While the writer is busy in chapter one only its beginning is due, and the rest is known."""
    edited = book_of("abCdefghijkl mnop")
    step = work(edited, LONG.links, [LONG.links[1].chain], target=5)
    assert not step.build and step.serve is None and step.index is None
    step = work(edited, LONG.links, [], target=5, rebuild=True, building=edited.links[:5])
    assert step.build and step.index == 5 and len(step.ahead) == 11


def test_text_that_came_back_has_its_memory_back_from_its_snapshot() -> None:
    deleted = book_of("mnop")
    step = work(LONG, deleted.links, [LONG.links[15].chain, deleted.links[3].chain])
    assert step.serve == LONG.links and step.index is None and not step.build


def test_the_last_chunk_is_dropped_at_once_where_it_was_edited_behind_a_snapshot() -> None:
    edited = book_of("abcdefghijkl mnoP")
    step = work(edited, LONG.links, [LONG.links[14].chain], settled=False, target=15)
    assert step.serve == LONG.links[:15] and step.index is None


def test_an_old_memory_is_not_dropped_for_an_empty_one() -> None:
    rewritten = book_of("ABCDEFGHIJKL MNOP")
    step = work(rewritten, LONG.links, [])
    assert step.serve is None and not step.build


def test_what_has_seen_only_text_of_the_book_is_innocent_in_whatever_order() -> None:
    book = book_of("acb")
    first, guilty, other = book_of("abc"), book_of("axc"), book_of("ba")
    lessons = {
        link.chain: (learnt.before(i), link.digest)
        for learnt in (first, guilty, other)
        for i, link in enumerate(learnt.links)
    }
    clean = memory.innocent(book, lessons)
    assert {link.chain for link in (*first.links, *other.links, *book.links)} <= clean
    assert {link.chain for link in guilty.links} & clean == {guilty.links[0].chain}, "what came after x has seen it"
    lessons["left"], lessons["right"] = ("right", book.links[0].digest), ("left", book.links[0].digest)
    lessons["lost"] = ("nowhere", book.links[0].digest)
    assert not memory.innocent(book, lessons) & {"left", "right", "lost"}


names = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8).map("".join)


@given(names, names, st.data())
def test_every_step_keeps_to_what_the_chain_says(before: str, now: str, data: st.DataObject) -> None:
    """Whatever was learnt and edited: steps end, and a memory that may be rebuilt ends as the plan says."""
    old, book = book_of(before, tokens=40), book_of(now, tokens=40)
    serving, building = old.links, None
    claims = (
        [link.chain for link in data.draw(st.lists(st.sampled_from([*old.links, *book.links]), max_size=4))]
        if (old.links or book.links)
        else []
    )
    rebuild = data.draw(st.booleans())
    for _ in range(40):
        step = memory.work(book, serving, building, claims, len(book.chunks), rebuild=rebuild, settled=lambda _: False)
        building = step.building
        serving = step.serve if step.serve is not None else serving
        lineage = building if step.build and building is not None else serving
        if step.index is None:
            if step.build:
                serving, building = lineage, None
                continue
            break
        parent = lineage[-1].chain if lineage else book.origin
        learnt = (
            *lineage,
            memory.Link(chunks.link(parent, book.chunks[step.index].text), book.links[step.index].digest),
        )
        for link, previous in zip(learnt, [None, *learnt], strict=False):
            name = next(n for n in "abcdefgh" if chunks.digest(n) == link.digest)
            assert link.chain == chunks.link(previous.chain if previous else book.origin, name)
        serving, building = (serving, learnt) if step.build else (learnt, building)
    else:
        pytest.fail("it does not end")
    standing = memory.standing(book, serving)
    if rebuild:
        assert serving == book.links
    assert "stale" in standing.chunks or "pending" in standing.chunks or standing.known == len(book.chunks)


@pytest.mark.parametrize("index", range(5))
def test_a_chunk_is_learnt_on_the_chain_before_it(index: int) -> None:
    assert chunks.link(BOOK.before(index), BOOK.chunks[index].text) == BOOK.chain[index]
