"""Plain text, in and out."""

import textwrap

import pytest

from storage.formats import text
from storage.formats.book import Book, BookChapter
from storage.formats.prose import parse
from templora.errors import StorageError

LONG = (
    "The ferryman came up the path in the rain, and the old woman did not rise to let him in. She had heard his step "
    "on the gravel, and knew from the weight of it _what he had come to tell her_, and what he would not."
)


def read(source: str) -> list[str]:
    return [chapter.text for chapter in text.read(source.encode(), "a.txt").chapters]


def test_written_text_is_one_line_a_paragraph_without_marks():
    book = Book("The *Ferry*", [BookChapter("One", "He *was* **wet**.\n\n***\n\nIt \\*rained\\*.\n\nOh,\nriver")])
    assert text.write(book).decode() == (
        "The *Ferry*\n===========\n\n\nOne\n---\n\nHe was wet.\n\n* * *\n\nIt *rained*.\n\nOh,  \nriver\n"
    )


def test_italics_between_underscores_are_kept():
    assert read("Said _Tom_, “_not_ a word of _this\nor that_!” in snake_case_names and __dunder__.") == [
        "Said *Tom*, “*not* a word of *this\nor that*!” in snake\\_case\\_names and \\_\\_dunder\\_\\_."
    ]


def test_italics_across_a_wrapped_line():
    assert read(textwrap.fill(LONG, 60)) == [LONG.replace("_", "*")]


def test_signs_of_markdown_stand_for_themselves():
    source = "# 7 was the last, 2 * 3 _ 4 \\ 5 **six** #"
    found = read(f"A line first.\n\n{source[1:].strip()}\n\n#hashtag")
    assert found == ["A line first.\n\n7 was the last, 2 \\* 3 \\_ 4 \\\\ 5 \\*\\*six\\*\\* #\n\n\\#hashtag"]
    assert [part.plain for part in parse(found[0])][1:] == [source[1:].strip(), "#hashtag"]


def test_scene_breaks_are_found():
    assert read("It rained.\n\n    *    *    *\n\nIt stopped.\n\n#\n\nIt rained.") == [
        "It rained.\n\n***\n\nIt stopped.\n\n***\n\nIt rained."
    ]


def test_dashes_under_a_line_of_text_are_no_heading():
    assert read("He left her there.\n--------\n\nShe stayed.") == ["He left her there.\n--------\n\nShe stayed."]


def test_a_file_that_lacks_words_fails_verification():
    book = Book("The Ferry", [BookChapter("One", "It *rained*.\n\nHe left."), BookChapter("Two", "It stopped.")])
    data = text.write(book)
    text.verify(data, book)
    for missing in (b"rained", b"left.", b"Two", b"stopped", b"Ferry"):
        with pytest.raises(StorageError, match="does not read back"):
            text.verify(data.replace(missing, b""), book)


def test_paragraphs_out_of_order_fail_verification():
    book = Book("The Ferry", [BookChapter("One", "It rained.\n\nHe left.")])
    turned = Book("The Ferry", [BookChapter("One", "He left.\n\nIt rained.")])
    with pytest.raises(StorageError):
        text.verify(text.write(turned), book)


def test_titles_that_are_underlined_are_the_only_headings():
    book = Book("The Ferry", [BookChapter("One", "CHAPTER IV\nwas missing.\n\n\\# Chapter 5\n\nPART ONE\n\nSo.")])
    assert text.read(text.write(book), "x.txt") == book
