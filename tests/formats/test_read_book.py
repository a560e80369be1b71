"""Import by file name, and its limits."""

import pytest

from storage.formats import EXPORTS, LIMIT, read_book
from storage.formats.book import Book, BookChapter
from templora.errors import TooLarge, UnreadableFile

BOOK = Book("The Ferry", [BookChapter("One", "It rained.")])


@pytest.mark.parametrize("name", EXPORTS)
def test_every_export_can_be_imported(name: str):
    form = EXPORTS[name]
    data = form.write(BOOK)
    form.verify(data, BOOK)
    assert read_book(data, f"C:\\books\\x.{form.extension.upper()}") == BOOK


@pytest.mark.parametrize("name", ["book.pdf", "book.doc", "book.odt", "book", ""])
def test_other_kinds_say_what_to_do(name: str):
    with pytest.raises(UnreadableFile, match=r"Save it as Word"):
        read_book(b"text", name)


@pytest.mark.parametrize("name", ["book.txt", "book.md", "book.docx"])
def test_empty_files_say_so(name: str):
    with pytest.raises(UnreadableFile, match="is empty"):
        read_book(b"", name)


@pytest.mark.parametrize("name", ["book.txt", "book.md", "book.docx"])
def test_files_over_the_limit_are_refused(name: str):
    with pytest.raises(TooLarge, match="at most 50 MB"):
        read_book(bytes(LIMIT + 1), name)


def test_the_errors_name_the_file_without_its_folder():
    with pytest.raises(UnreadableFile, match=r"^“book\.txt” is"):
        read_book(b"", "/home/anna/book.txt")
