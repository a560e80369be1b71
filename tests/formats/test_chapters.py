"""Which lines become chapters, in text whose headings are not marked."""

import pytest

from storage.formats import read_book
from storage.formats.book import Book

FIRST = (
    "The ferryman came up the path in the rain, and the old woman did not rise to let him in. She had heard his step "
    "on the gravel, and knew from the weight of it what he had come to tell her."
)
SECOND = (
    "In the morning the river had gone down. There was straw in the hedges, and a drowned calf by the landing, and the "
    "boat lay where he had left it, with nobody in it and nothing to say whose it had been."
)
THIRD = (
    "It was three days before anybody crossed again. By then the well-house had a new roof, and the talk was of the "
    "price of rope, as if nothing else had ever been lost in that water."
)


def book(text: str, name: str = "my_river.txt") -> Book:
    return read_book(text.encode(), name)


def titles(text: str) -> list[str]:
    return [chapter.title for chapter in book(text).chapters]


@pytest.mark.parametrize(
    ("one", "two", "found"),
    [
        ("CHAPTER I", "CHAPTER II", ["CHAPTER I", "CHAPTER II"]),
        ("CHAPTER I.", "CHAPTER II.", ["CHAPTER I", "CHAPTER II"]),
        ("CHAPTER IV. The Ferry", "CHAPTER V. THE WELL.", ["CHAPTER IV. The Ferry", "CHAPTER V. THE WELL"]),
        (
            "Chapter 4: The Ferry",
            "Chapter 5: The day it rained",
            ["Chapter 4: The Ferry", "Chapter 5: The day it rained"],
        ),
        ("Chapter Four", "Chapter Twenty-One", ["Chapter Four", "Chapter Twenty-One"]),
        ("chapter one", "chapter two", ["chapter one", "chapter two"]),
        ("CHAPTER IV\nTHE FERRY", "CHAPTER V\nTHE WELL", ["CHAPTER IV: THE FERRY", "CHAPTER V: THE WELL"]),
        ("Chapter 1\n\nThe Old Ferry", "Chapter 2\n\nA Well", ["Chapter 1: The Old Ferry", "Chapter 2: A Well"]),
        ("CHAPTER THE FIRST", "CHAPTER THE SECOND", ["CHAPTER THE FIRST", "CHAPTER THE SECOND"]),
        ("THE FIRST ACT", "THE SECOND ACT", ["THE FIRST ACT", "THE SECOND ACT"]),
        ("PROLOGUE", "EPILOGUE", ["PROLOGUE", "EPILOGUE"]),
        ("Prologue - 1843", "Epilogue: Ten Years Later", ["Prologue - 1843", "Epilogue: Ten Years Later"]),
        ("Act One, Scene 1", "Act One, Scene 2", ["Act One, Scene 1", "Act One, Scene 2"]),
        ("CHAPTER ONE – RAIN", "CHAPTER TWO – SUN", ["CHAPTER ONE – RAIN", "CHAPTER TWO – SUN"]),
        ("PART ONE", "PART TWO", ["PART ONE", "PART TWO"]),
        ("Book I: The River", "Book II: The Sea", ["Book I: The River", "Book II: The Sea"]),
        ("HOOFDSTUK I", "HOOFDSTUK II", ["HOOFDSTUK I", "HOOFDSTUK II"]),
        ("I", "II", ["I", "II"]),
        ("1.", "2.", ["1", "2"]),
        ("One", "Two", ["One", "Two"]),
        ("I. THE FERRY", "II. THE WELL", ["I. THE FERRY", "II. THE WELL"]),
        ("# The Ferry", "# The Well", ["The Ferry", "The Well"]),
        ("## The Ferry", "## The Well", ["The Ferry", "The Well"]),
        ("The Ferry\n=========", "The Well\n========", ["The Ferry", "The Well"]),
        ("The Ferry\n---------", "The Well\n--------", ["The Ferry", "The Well"]),
    ],
)
def test_headings_begin_chapters(one: str, two: str, found: list[str]):
    read = book(f"{one}\n\n{FIRST}\n\n{SECOND}\n\n\n{two}\n\n{THIRD}\n")
    assert [chapter.title for chapter in read.chapters] == found
    assert [chapter.text for chapter in read.chapters] == [f"{FIRST}\n\n{SECOND}", THIRD]


def test_a_heading_may_touch_its_text():
    assert titles(f"CHAPTER I\n{FIRST}\n\nCHAPTER II\n{SECOND}") == ["CHAPTER I", "CHAPTER II"]


@pytest.mark.parametrize(
    "line",
    [
        "Part of the seed was lost.",
        "Chapter Four was the worst of all.",
        "Book lovers came from far away.",
        "Act now, she thought.",
        "Part One of the plan was easy.",
        "I",
        "1837",
        "Introduction to a stranger is never easy.",
        "Part two, she said",
        "No.",
    ],
)
def test_prose_that_begins_like_a_heading_is_prose(line: str):
    read = book(f"{FIRST}\n\n{line}\n\n{SECOND}")
    assert [chapter.title for chapter in read.chapters] == ["Chapter 1"]
    assert line in read.chapters[0].text


def test_text_without_headings_is_one_chapter_named_after_its_file():
    read = book(f"{FIRST}\n\n{SECOND}")
    assert (read.title, len(read.chapters)) == ("my river", 1)
    assert read.chapters[0].text == f"{FIRST}\n\n{SECOND}"


def test_a_title_line_before_the_only_chapter_is_the_title():
    read = book(f"The Drowned Calf\n\n{FIRST}\n\n{SECOND}")
    assert (read.title, read.chapters[0].text) == ("The Drowned Calf", f"{FIRST}\n\n{SECOND}")


def test_the_title_page_gives_the_title_and_the_rest_of_it_is_front_matter():
    read = book(
        f"Produced by Somebody\n\n\nTHE FERRY\n\nBy A. Writer\n\n\nCHAPTER I\n\n{FIRST}\n\nCHAPTER II\n\n{SECOND}"
    )
    assert read.title == "THE FERRY"
    assert [chapter.title for chapter in read.chapters] == ["Front matter", "CHAPTER I", "CHAPTER II"]
    assert read.chapters[0].text == "Produced by Somebody\n\nBy A. Writer"


def test_a_title_page_that_says_the_title_alone_is_no_chapter():
    assert titles(f"THE FERRY\n\n\nThe Ferry\n\n\nCHAPTER I\n\n{FIRST}\n\nCHAPTER II\n\n{SECOND}") == [
        "CHAPTER I",
        "CHAPTER II",
    ]


def test_front_matter_with_prose_is_kept():
    read = book(f"THE FERRY\n\nBy A. Writer\n\n{THIRD}\n\nCHAPTER I\n\n{FIRST}\n\nCHAPTER II\n\n{SECOND}")
    assert [chapter.title for chapter in read.chapters] == ["Front matter", "CHAPTER I", "CHAPTER II"]
    assert read.chapters[0].text == f"By A. Writer\n\n{THIRD}"


ENTRIES = ["CHAPTER I. The Ferry", "CHAPTER II. The Well", "CHAPTER III. The Sea"]
BODY = f"{ENTRIES[0]}\n\n{FIRST}\n\n{ENTRIES[1]}\n\n{SECOND}\n\n{ENTRIES[2]}\n\n{THIRD}\n"


@pytest.mark.parametrize(
    "contents",
    [
        "\n\n".join(ENTRIES),
        "\n".join(ENTRIES),
        "\n".join(f"    {entry}" for entry in ENTRIES),
        "\n".join(f"{entry} ........ {page}" for page, entry in enumerate(ENTRIES, 7)),
        "\n".join(f"{entry}      {page}" for page, entry in enumerate(ENTRIES, 7)),
        "\n\n".join(f"{entry}\n\nIn which something happens to somebody." for entry in ENTRIES),
        "CHAPTER\n\n  I.   The Ferry\n  II.  The Well\n  III. The Sea",
    ],
)
@pytest.mark.parametrize("after", ["", "\n\nTHE RIVER\n\nor\n\nTHE LAST CROSSING"])
def test_a_table_of_contents_makes_no_chapters(contents: str, after: str):
    read = book(f"THE RIVER\n\nby A. Writer\n\nCONTENTS\n\n{contents}{after}\n\n\n{BODY}")
    assert [chapter.title for chapter in read.chapters] == ["Front matter", *ENTRIES]
    assert [chapter.text for chapter in read.chapters[1:]] == [FIRST, SECOND, THIRD]
    assert read.title == "THE RIVER"
    front = " ".join(f"by A. Writer CONTENTS {contents}{after}".split())
    assert " ".join(read.chapters[0].text.split()) == front


@pytest.mark.parametrize("page", ["", " ........ 7", "      7"])
def test_a_table_of_contents_that_says_what_the_chapters_say_is_left_out(page: str):
    contents = "\n".join(f"{entry}{page}" for entry in ENTRIES)
    assert titles(f"THE RIVER\n\nCONTENTS\n\n{contents}\n\n\n{BODY}") == ENTRIES


def test_what_follows_the_contents_is_front_matter_and_not_the_last_chapter():
    read = book("CONTENTS\n\n" + "\n\n".join(ENTRIES) + f"\n\n{SECOND}\n\n{THIRD}\n\n{BODY}")
    assert [chapter.title for chapter in read.chapters] == ["Front matter", *ENTRIES]
    assert read.chapters[0].text.endswith(f"{SECOND}\n\n{THIRD}")


def test_a_preface_after_the_contents_is_a_chapter():
    read = book("CONTENTS\n\n" + "\n\n".join(ENTRIES) + f"\n\nPREFACE\n\n{THIRD}\n\n{BODY}")
    assert [chapter.title for chapter in read.chapters] == ["PREFACE", *ENTRIES]


def test_parts_join_the_title_of_their_first_chapter():
    text = f"PART ONE\n\nTHE RIVER\n\nChapter 1\n\n{FIRST}\n\nChapter 2\n\n{SECOND}\n\nPART TWO\n\nChapter 1\n\n{THIRD}"
    assert titles(text) == ["PART ONE: THE RIVER · Chapter 1", "Chapter 2", "PART TWO · Chapter 1"]


def test_numbers_within_chapters_are_no_chapters():
    read = book(f"CHAPTER I\n\nI\n\n{FIRST}\n\nII\n\n{SECOND}\n\nCHAPTER II\n\nI\n\n{THIRD}")
    assert [chapter.title for chapter in read.chapters] == ["CHAPTER I", "CHAPTER II"]
    assert read.chapters[0].text == f"I\n\n{FIRST}\n\nII\n\n{SECOND}"


def test_numbers_restart_in_each_part():
    text = f"PART ONE\n\n1\n\n{FIRST}\n\n2\n\n{SECOND}\n\nPART TWO\n\n1\n\n{THIRD}"
    assert titles(text) == ["PART ONE · 1", "2", "PART TWO · 1"]


def test_numbers_out_of_sequence_are_text():
    assert titles(f"{FIRST}\n\n14\n\n{SECOND}\n\n7\n\n{THIRD}") == ["Chapter 1"]


def test_a_numbered_list_is_no_run_of_chapters():
    read = book(f"{FIRST}\n\n1. Rope\n\n2. Tar\n\n3. Candles\n\n{SECOND}")
    assert len(read.chapters) == 1
    assert "1. Rope" in read.chapters[0].text


def test_titles_in_capitals_set_apart_are_chapters():
    text = "\n\n\n\n".join(f"{title}.\n\n{FIRST}\n\n{SECOND}" for title in ("THE FERRY", "THE WELL", "THE SEA"))
    assert titles(text) == ["THE FERRY", "THE WELL", "THE SEA"]


def test_capitals_that_are_not_set_apart_are_text():
    assert titles(f"{FIRST}\n\nBEWARE OF THE DOG\n\n{SECOND}\n\nNO ENTRY\n\n{THIRD}") == ["Chapter 1"]


def test_very_short_chapters_are_chapters():
    assert titles("CHAPTER I\n\nIt rained.\n\nCHAPTER II\n\nIt stopped.\n\nCHAPTER III\n\nHe left.") == [
        "CHAPTER I",
        "CHAPTER II",
        "CHAPTER III",
    ]


def test_prose_that_begins_with_by_makes_no_title():
    read = book(f"Old Tom\n\nby the river sat and waited.\n\n{FIRST}\n\n{SECOND}")
    assert (read.title, read.chapters[0].text.split("\n\n")[0]) == ("my river", "Old Tom")


def test_a_dedication_and_an_epigraph_are_kept():
    front = "THE FERRY\n\nBy A. Writer\n\nFor my mother\n\n_The sea has no pity._"
    read = book(f"{front}\n\nCHAPTER I\n\n{FIRST}\n\nCHAPTER II\n\n{SECOND}")
    assert [chapter.title for chapter in read.chapters] == ["Front matter", "CHAPTER I", "CHAPTER II"]
    assert read.chapters[0].text == "By A. Writer\n\nFor my mother\n\n*The sea has no pity.*"
