"""What is exported and imported again is the same book."""

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.formats import EXPORTS, docx, markdown, text
from storage.formats.book import Book, BookChapter
from storage.formats.prose import Run, clean_title, normal, paragraphs, parse, render

ALPHABET = "abcXYé1 .,—-’“#>*+=~`[]()<>&|!:;\\\t\n"
WORDS = st.text(st.sampled_from(ALPHABET + "_"), max_size=12) | st.sampled_from(
    ["CHAPTER IV", "# Title", "---", "***", "1. one", "II", "Contents", "    indented", "x" * 90, "PART ONE", "\n\n"]
)


def books(words: st.SearchStrategy[str]) -> st.SearchStrategy[Book]:
    runs = st.lists(st.builds(Run, words, st.booleans(), st.booleans()), max_size=8)
    texts = runs.map(lambda found: render(paragraphs(found)))
    titles = words.map(clean_title).filter(bool)
    chapters = st.lists(st.builds(BookChapter, titles, texts), min_size=1, max_size=4)
    # A chapter called Contents without prose is taken for a table of contents.
    return st.builds(Book, titles, chapters).filter(lambda book: all(c.title != "Contents" for c in book.chapters))


@settings(max_examples=150, deadline=None)
@given(books(WORDS))
def test_markdown_keeps_everything(book: Book):
    data = markdown.write(book)
    markdown.verify(data, book)
    assert markdown.read(data, "x.md") == book


@settings(max_examples=15, deadline=None)
@given(books(WORDS))
def test_docx_keeps_everything(book: Book):
    data = docx.write(book)
    docx.verify(data, book)
    assert docx.read(data, "x.docx") == book


@settings(max_examples=150, deadline=None)
@given(books(WORDS.filter(lambda word: "_" not in word)))
def test_text_loses_emphasis_only(book: Book):
    data = text.write(book)
    text.verify(data, book)
    found = text.read(data, "x.txt")
    assert (found.title, [c.title for c in found.chapters]) == (book.title, [c.title for c in book.chapters])
    for before, after in zip(book.chapters, found.chapters, strict=True):
        assert [part.plain for part in parse(after.text)] == [part.plain for part in parse(before.text)]


def test_a_real_chapter_survives_every_format():
    prose = (
        "“I *can’t*,” she said—and it wasn’t a lie.\n\n***\n\nRoses are **red**,\nviolets are *very **blue***.\n\n"
        "- Who? 2 \\* 3, snake\\_case, # one.\n\n…and so on."
    )
    book = Book("The Ferry: A Novel", [BookChapter("Chapter 1: Rain", prose), BookChapter("The Well", "")])
    assert normal(prose) == prose
    for name, read in (("markdown", markdown.read), ("docx", docx.read)):
        assert read(EXPORTS[name].write(book), "x") == book
    plain = text.read(text.write(book), "x.txt")
    assert plain.chapters[0].text == prose.replace("*can’t*", "can’t").replace("**red**", "red").replace(
        "*very **blue***", "very blue"
    )
