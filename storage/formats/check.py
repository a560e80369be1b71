"""Is every word of a book in the file that was just written?"""

from __future__ import annotations

from storage.formats.book import Book
from storage.formats.prose import chapter_title, clean_title, parse
from templora.errors import StorageError


def check_words(found: str, book: Book) -> None:
    """`found` is the text of the file as read back, without markup. Titles and paragraphs must be in it, in order, word
    for word. Raises `StorageError` with what is missing.
    """
    text = f" {' '.join(found.split())} "
    at = 0
    for what, words in _expected(book):
        at = text.find(f" {words} ", at)
        if at < 0:
            raise StorageError(
                f"The manuscript was written but does not read back: {what} is missing “{words[:60]}”. Nothing was "
                "discarded. Try again, or choose another format."
            )
        at += len(words) + 1


def _expected(book: Book) -> list[tuple[str, str]]:
    expected = [("the title page", clean_title(book.title))] if clean_title(book.title) else []
    for number, chapter in enumerate(book.chapters, 1):
        title = chapter_title(chapter.title, number)
        expected.append((f"“{title}”", title))
        expected += [(f"“{title}”", " ".join(part.plain.split())) for part in parse(chapter.text) if part.runs]
    return expected
