"""Markdown, in and out."""

import pytest
from markdown_it import MarkdownIt

from storage.formats import markdown
from storage.formats.book import Book, BookChapter
from templora.errors import StorageError

LONG = (
    "The ferryman came up the path in the rain, and the old woman did not rise to let him in. She had heard his step "
    "on the gravel, and knew from the weight of it *what he had come to tell her*."
)


def read(source: str, name: str = "a.md") -> Book:
    return markdown.read(source.encode(), name)


def chapters(source: str) -> list[tuple[str, str]]:
    return [(chapter.title, chapter.text) for chapter in read(source).chapters]


def test_written_markdown_has_title_chapters_and_emphasis():
    book = Book("The Ferry", [BookChapter("One", "He *was* **wet**.\n\n#\n\nOh,\nriver"), BookChapter("Two", "")])
    assert markdown.write(book).decode() == (
        "# The Ferry\n\n## One\n\nHe *was* **wet**.\n\n***\n\nOh,\\\nriver\n\n## Two\n"
    )


def test_prose_that_looks_like_markup_is_shown_as_it_is():
    lines = ["# no", "- a", "+ b", "> c", "1. d", "---x", "===", "`e` [f](g) <b> &amp; ~~h~~ a|b", "    i", "\\*j\\*"]
    book = Book("T", [BookChapter("C #", "\n\n".join(lines))])
    html = MarkdownIt("commonmark").render(markdown.write(book).decode())
    assert html.count("<p>") == len(lines)
    assert "<h2>C #</h2>" in html
    for tag in ("<li>", "<code>", "<a ", "<b>", "<blockquote>", "<em>", "<hr"):
        assert tag not in html


def test_title_and_chapters_by_level():
    assert (read("# The Ferry\n\n## One\n\nA.\n\n### Later\n\nB.\n\n## Two\n\nC.")) == Book(
        "The Ferry", [BookChapter("One", "A.\n\n**Later**\n\nB."), BookChapter("Two", "C.")]
    )


def test_chapters_at_the_first_level():
    assert read("# One\n\nA.\n\n# Two\n\nB.", "river.md") == Book(
        "river", [BookChapter("One", "A."), BookChapter("Two", "B.")]
    )


def test_a_title_among_chapters_of_its_own_level():
    read_book = read("# The Ferry\n\n# Chapter 1\n\nA.\n\n# Chapter 2\n\nB.")
    assert (read_book.title, [c.title for c in read_book.chapters]) == ("The Ferry", ["Chapter 1", "Chapter 2"])


def test_parts_over_chapters():
    assert [
        title
        for title, _ in chapters(
            "# Part One\n\n## The Ferry\n\nA.\n\n## The Well\n\nB.\n\n# Part Two\n\n## The Sea\n\nC."
        )
    ] == [
        "Part One · The Ferry",
        "The Well",
        "Part Two · The Sea",
    ]


def test_underlined_headings():
    assert read("The Ferry\n=========\n\nOne\n---\n\nA.\n") == Book("The Ferry", [BookChapter("One", "A.")])


def test_a_rule_under_a_paragraph_is_a_scene_break():
    assert chapters(f"# One\n\n{LONG}\n---\nB.\n\n# Two\n\nC.")[0][1] == f"{LONG}\n\n***\n\nB."


def test_a_single_heading_is_the_title():
    assert read(f"# The Ferry\n\n{LONG}") == Book("The Ferry", [BookChapter("Chapter 1", LONG)])


def test_a_single_chapter_heading_is_a_chapter():
    assert read("# Chapter One\n\nA.", "river.md") == Book("river", [BookChapter("Chapter One", "A.")])


def test_chapters_without_marks_under_a_marked_title():
    assert [title for title, _ in chapters(f"# The Ferry\n\nChapter 1\n\n{LONG}\n\nChapter 2\n\n{LONG}")] == [
        "Chapter 1",
        "Chapter 2",
    ]


def test_contents_are_no_chapter():
    source = "# T\n\n## Contents\n\n- [One](#one)\n- [Two](#two)\n\n## One\n\nA.\n\n## Two\n\nB."
    assert [title for title, _ in chapters(source)] == ["One", "Two"]


def test_front_matter_with_prose_is_kept():
    assert chapters(f"# T\n\n{LONG}\n\n## One\n\nA.")[0] == ("Front matter", LONG)


def test_yaml_front_matter_gives_the_title():
    assert read('---\ntitle: "The Ferry"\ntags:\n- a\n---\n\n# One\n\nA.\n\n# Two\n\nB.').title == "The Ferry"


def test_emphasis_of_both_kinds_is_kept():
    assert chapters("# T\n\n## One\n\nAn _old_ __boat__ and a ***new* one**.")[0][1] == (
        "An *old* **boat** and a ***new* one**."
    )


def test_links_lists_quotes_and_comments_become_prose():
    source = (
        "# T\n\n## One\n\n> A [letter](http://x) came. <!-- check -->\n\n- “Who?”\n- “Tom.”\n\n* Rope\n"
        "\n![map](m.png) &mdash; `code`\n\n\tIndented.\n"
    )
    assert chapters(source)[0][1] == "A letter came.\n\n- “Who?”\n\n- “Tom.”\n\n- Rope\n\n— `code`\n\nIndented."


def test_wrapped_lines_are_joined_and_meant_ones_kept():
    source = "# T\n\n## One\n\n" + LONG.replace("and knew", "\nand knew").replace("old woman", "old\nwoman")
    source += "\n\nsix grey geese\non the river\nand no boat\n\nA street 1\\\nA town  \nA land"
    wrapped = source.replace("in. She", "in.\nShe")
    found = chapters(wrapped)[0][1].split("\n\n")
    assert found[1:] == ["six grey geese\non the river\nand no boat", "A street 1\nA town\nA land"]


def test_one_paragraph_a_line_is_not_run_together():
    lines = [LONG, "“Who?”", LONG, "“Tom.”"]
    assert chapters("# T\n\n## One\n\n" + "\n".join(lines))[0][1] == "\n\n".join(lines)


def test_a_file_that_lacks_words_fails_verification():
    book = Book("The Ferry", [BookChapter("One", "It *rained* 1. \\# #.\n\n- He left.")])
    data = markdown.write(book)
    markdown.verify(data, book)
    for missing in (b"rained", b"left", b"One", b"Ferry"):
        with pytest.raises(StorageError):
            markdown.verify(data.replace(missing, b""), book)


def test_a_comment_that_never_ends_is_text():
    assert chapters("# T\n\n## One\n\nA <!-- b\n\nC.")[0][1] == "A <!-- b\n\nC."


def test_a_file_of_contents_only_loses_nothing():
    assert chapters("# T\n\n## Contents\n\nOne") == [("Contents", "One")]
