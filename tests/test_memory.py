"""The memory plan is decided by the book's chain alone."""

from __future__ import annotations

import pytest

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
    assert memory.known(BOOK, BOOK.chain) == 5
    assert memory.known(BOOK, BOOK.chain[:2]) == 2
    assert memory.known(BOOK, []) == 0
    edited = plan(chunk("a"), chunk("B"), chunk("c"))
    assert memory.known(edited, BOOK.chain) == 1


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
    parents = {link: BOOK.before(i) for i, link in enumerate(BOOK.chain)}
    assert memory.lineage(BOOK.chain[3], parents, ORIGIN) == list(BOOK.chain[:4])
    assert memory.lineage(ORIGIN, parents, ORIGIN) == []
    del parents[BOOK.chain[1]]
    assert memory.lineage(BOOK.chain[3], parents, ORIGIN) is None


def test_a_damaged_circle_of_parents_ends() -> None:
    assert memory.lineage("a", {"a": "b", "b": "a"}, ORIGIN) is None


def test_chapter_starts_are_the_chains_that_end_a_chapter() -> None:
    assert BOOK.chapter_starts() == {BOOK.chain[2]}


@pytest.mark.parametrize("index", range(5))
def test_a_chunk_is_learnt_on_the_chain_before_it(index: int) -> None:
    assert chunks.link(BOOK.before(index), BOOK.chunks[index].text) == BOOK.chain[index]
