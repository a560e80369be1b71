"""Every word of a file that is imported is in the book, whatever its script and whatever stands before its chapters."""

import re
from pathlib import Path

import pytest

from storage.database import open_database
from storage.formats import read_book
from storage.formats.book import Book
from storage.manuscripts import Manuscripts
from templora.library import Library

CHAPTERS = "\n\nCHAPTER I\n\nIt rained.\n\nCHAPTER II\n\nIt stopped.\n"
LONG = (
    "The ferryman came up the path in the rain, and the old woman did not rise to let him in. She had heard his step "
    "on the gravel, and knew from the weight of it what he had come to tell her."
)
CYRILLIC = "Шёл дождь, и паромщик поднялся по тропе, и старуха не встала, чтобы впустить его в свой дом."
CHINESE = "渡船夫在雨中走上小路，老妇人没有起身让他进来。她听见了他踩在石子上的脚步声。"


def words(text: str) -> list[str]:
    return sorted(re.findall(r"[^\W_]+", text))


def all_of(book: Book) -> str:
    return "\n".join([book.title, *(f"{chapter.title}\n{chapter.text}" for chapter in book.chapters)])


FILES = {
    "russian.txt": f"Посвящается маме.\n\n«Море не знает жалости»\n\nГлава первая\n\n{CYRILLIC}{CHAPTERS}",
    "russian_page.txt": f"ПАРОМ\n\nАнна Писатель\n\nПОСВЯЩАЕТСЯ МАМЕ{CHAPTERS}",
    "chinese.txt": f"{CHINESE}\n\n献给我的母亲。\n\n{CHINESE}{CHAPTERS}",
    "chinese_page.md": f"# 渡船\n\n献给我的母亲\n\n## 第一章\n\n{CHINESE}\n\n## 第二章\n\n{CHINESE}",
    "chinese_alone.txt": f"渡船\n\n{CHINESE}\n\n{CHINESE}",
    "numbers.txt": f"{CHINESE}\n\n1\n\n{CHINESE}\n\n2\n\n{CHINESE}",
    "capitals.txt": f"THE FERRY\n\nBY A. WRITER\n\nFOR MY MOTHER{CHAPTERS}",
    "contents_first.txt": "CONTENTS\n\nCHAPTER I\n\nCHAPTER II\n\nCHAPTER III\n\nFor my mother"
    f"{CHAPTERS}\n\nCHAPTER III\n\nHe left.",
    "two_titles.md": f"# The Ferry\n\nThe Old House\n\n{LONG}\n\n{LONG}",
    "block.md": f'---\ntitle: "The Ferry"\nauthor: A. Writer\ntags:\n- rain\n---\n\n# One\n\n{LONG}\n\n# Two\n\n{LONG}',
    "block_alone.md": f"---\nauthor: A. Writer\n---\n{LONG}",
    "block_and_title.md": f"---\ntitle: The Ferry\n---\n\n# The Crossing\n\n## One\n\n{LONG}\n\n## Two\n\n{LONG}",
    "block_and_line.md": f"---\ntitle: The Ferry\n---\n\nThe Old House\n\n{LONG}",
    "block.txt": f"---\ntitle: The Ferry\nautor: Ä. Writer\n---\n\n{LONG}{CHAPTERS}",
    "poem.md": "# Poems\n\n## The Ferry\n\nRain.\n\n## Contents\n\nStraw, and a drowned calf\n\n## The Well\n\nSun.",
}


@pytest.mark.parametrize("name", FILES)
def test_every_word_of_a_file_is_in_the_book(name: str):
    missing = [
        word for word in set(words(FILES[name])) if word not in words(all_of(read_book(FILES[name].encode(), name)))
    ]
    # The names of a block's fields say what is in them; its title is the book's.
    assert set(missing) <= {"title"}


def test_a_title_that_is_said_twice_is_told_once():
    read = read_book(f"---\ntitle: The Ferry\n---\n\n# The Ferry\n\n{LONG}".encode(), "a.md")
    assert (read.title, [(chapter.title, chapter.text) for chapter in read.chapters]) == (
        "The Ferry",
        [("Chapter 1", LONG)],
    )


@pytest.mark.parametrize("heading", ["# ", "# ![map](m.png)\n\n# "])
def test_a_title_that_is_too_long_and_a_heading_without_words_lose_nothing(tmp_path: Path, heading: str):
    long = " ".join(f"word{i}" for i in range(60))
    store = open_database(tmp_path)
    manuscripts = Manuscripts(store)
    library = Library(manuscripts, _Hears(), tmp_path)  # type: ignore[arg-type]
    project = library.import_book(f"{heading}{long}\n\n{LONG}".encode(), "long.md")
    told = " ".join(chapter.text for chapter in manuscripts.texts(project.id))
    store.close()
    assert words(f"{long} {LONG}") == words(told)


class _Hears:
    """Stands for the memory, which hears that there is a new book."""

    def touch(self, project: str) -> None:
        pass
