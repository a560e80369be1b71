"""Chunks, chain and windows are pure functions of the text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templora import chunks
from templora.config import DEFAULT


class Words:
    """A tokenizer shaped like the real one: a token a word with its leading space, newlines and marks apart."""

    pattern = re.compile(r"\n| ?\w+|[^\w\n]")

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}

    def encode(self, text: str) -> list[int]:
        return [self.ids.setdefault(match.group(), len(self.ids)) for match in self.pattern.finditer(text)]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in self.pattern.finditer(text)]


@pytest.fixture
def words() -> Words:
    return Words()


def book(paragraphs: int, length: int = 30) -> str:
    return "\n\n".join(" ".join(f"word{i}x{j}" for j in range(length)) + "." for i in range(paragraphs))


def test_chunks_are_whole_paragraphs_up_to_the_size(words: Words) -> None:
    text = book(10)
    parts = chunks.split("c", text, words, 100)
    assert len(parts) == 4
    for part in parts:
        assert len(part.ids) <= 100
        assert text[part.end :].startswith("\n\n") or part.end == len(text)


def test_a_chunk_begins_where_the_one_before_ended_and_the_chapter_gets_a_lead(words: Words) -> None:
    text = book(6)
    parts = chunks.split("c", text + "\n\n  ", words, 64)
    assert parts[0].text == "\n\n" + text[: parts[0].end]
    assert "".join(part.text for part in parts) == "\n\n" + text
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]


def test_whitespace_makes_no_chunk(words: Words) -> None:
    assert chunks.split("c", "", words, 64) == []
    assert chunks.split("c", " \n\n\t\n", words, 64) == []


def test_a_long_paragraph_is_cut_at_sentence_ends(words: Words) -> None:
    text = " ".join(f"He went on and on for {i} days, “really.”" for i in range(40))
    parts = chunks.split("c", text, words, 60)
    assert len(parts) > 3
    for part in parts[:-1]:
        assert text[: part.end].endswith("”")


def test_a_long_sentence_is_cut_between_tokens(words: Words) -> None:
    text = " ".join(f"w{i}" for i in range(500))
    parts = chunks.split("c", text, words, 100)
    assert len(parts) in (5, 6)
    assert "".join(part.text for part in parts) == "\n\n" + text
    assert all(len(part.ids) <= 102 for part in parts)


def test_lines_are_cut_before_sentences(words: Words) -> None:
    verse = "\n".join(f"A line of verse. The number is {i}" for i in range(60))
    for part in chunks.split("c", verse, words, 80)[:-1]:
        assert verse[part.end] == "\n"


@given(st.text(alphabet="ab .\n\t”😀é", max_size=400), st.integers(16, 60))
def test_nothing_is_lost_or_doubled(text: str, size: int) -> None:
    parts = chunks.split("c", text, Words(), size)
    joined = "".join(part.text for part in parts)
    assert joined == ("\n\n" + text.rstrip() if text.strip() else "")
    assert all(part.ids for part in parts)


PARAGRAPHS = st.lists(st.text(alphabet="ab .\n😀", min_size=1, max_size=60).filter(str.strip), min_size=1, max_size=8)


@given(PARAGRAPHS, st.data(), st.integers(16, 60))
def test_left_out_paragraphs_are_in_no_chunk_and_no_chunk_knows_of_them(
    paragraphs: list[str], data: st.DataObject, size: int
) -> None:
    paragraphs = [re.sub(r"\s*\n\s*", "\n", paragraph.strip()) for paragraph in paragraphs]
    out = data.draw(st.sets(st.sampled_from(range(len(paragraphs)))))

    def parts_of(paragraphs: list[str]) -> list[chunks.Chunk]:
        text, spans = "", list[tuple[int, int]]()
        for index, paragraph in enumerate(paragraphs):
            text += "\n\n" if index else ""
            if index in out:  # one letter of it is enough
                spans.append((len(text) + len(paragraph) - 1, len(text) + len(paragraph)))
            text += paragraph
        parts = chunks.split("c", text, Words(), size, spans)
        assert all(part.text == ("" if part.start else "\n\n") + text[part.start : part.end] for part in parts)
        return parts

    parts = parts_of(paragraphs)
    assert "".join(part.text for part in parts) == "".join(
        "\n\n" + paragraph for index, paragraph in enumerate(paragraphs) if index not in out
    )
    other = ["Something else." if index in out else paragraph for index, paragraph in enumerate(paragraphs)]
    assert [part.text for part in parts_of(other)] == [part.text for part in parts]


def test_no_chunk_goes_across_what_is_left_out(words: Words) -> None:
    text = "One two.\n\nOut of here.\n\nThree four.\n\nFive six."
    start = text.index("of here")
    parts = chunks.split("c", text, words, 100, [(start, start + 2)])
    assert [part.text for part in parts] == ["\n\nOne two.", "\n\nThree four.\n\nFive six."]
    assert chunks.split("c", text, words, 100, [(0, len(text))]) == []
    assert [part.text for part in chunks.split("c", text, words, 100, [(8, 10)])] == ["\n\n" + text]
    assert chunks.split("c", text, words, 100, []) == chunks.split("c", text, words, 100)


def test_an_edit_changes_the_chain_from_its_chunk_on(words: Words) -> None:
    first, second = book(12), book(12).replace("word7x3", "changed")
    start = chunks.origin("base", DEFAULT)
    a = chunks.chain(start, chunks.split("c", first, words, 64))
    b = chunks.chain(start, chunks.split("c", second, words, 64))
    same = sum(x == y for x, y in zip(a, b, strict=True))
    assert 0 < same < len(a)
    assert a[:same] == b[:same] and a[same] != b[same]


def test_the_chain_starts_from_base_model_and_recipe() -> None:
    assert chunks.origin("a", DEFAULT) != chunks.origin("b", DEFAULT)
    assert chunks.origin("a", DEFAULT) != chunks.origin("a", replace(DEFAULT, rank=8))
    assert chunks.origin("a", DEFAULT) == chunks.origin("a", replace(DEFAULT, name="other"))


def test_prefix_is_the_last_tokens_before_a_chunk(words: Words) -> None:
    parts = chunks.split("c", book(12), words, 64) + chunks.split("d", book(3), words, 64)
    everything = [i for part in parts[:6] for i in part.ids]
    assert chunks.prefix(parts, 6, 90) == everything[-90:]
    assert chunks.prefix(parts, 6, 10_000) == everything
    assert chunks.prefix(parts, 0, 90) == []
    assert chunks.prefix(parts, 6, 0) == []


@given(st.integers(0, 5_000), st.integers(2, 700))
def test_the_window_is_anchored(count: int, length: int) -> None:
    ids = list(range(count))
    window = chunks.reading_window(ids, length)
    assert window == ids[count - len(window) :]
    assert len(window) == count or length <= len(window) < length + max(1, length // 2)
    assert (count - len(window)) % max(1, length // 2) == 0


def test_an_open_newline_is_encoded_as_before_a_letter(words: Words) -> None:
    assert chunks.prompt_ids("End.\n\n", words) == words.encode("\n\nEnd.\n\nA")[:-1]
    assert chunks.prompt_ids("End.", words) == words.encode("\n\nEnd.")
