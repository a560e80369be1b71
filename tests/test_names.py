"""Names in a text: by case, boundary, possessive and Unicode; and those that the bible may lack."""

from __future__ import annotations

import unicodedata

import pytest

from templora.names import Capitals, Finder, Suggestion, suggestions

JOSE = unicodedata.normalize("NFD", "José")


def found(text: str, *names: str) -> list[str]:
    mentions = Finder([(name, [name]) for name in names]).find(text)
    assert all(text[m.start : m.end] == m.form for m in mentions)
    return [mention.form for mention in mentions]


@pytest.mark.parametrize(
    ("name", "text", "forms"),
    [
        ("Will", "Will will, if Will’s will is Willing. Goodwill.", ["Will", "Will"]),
        ("Will", "“Will?” *Will* _Will_ (Will)—Will!", ["Will"] * 5),
        ("Will", "I WILL NOT. He will not.", []),
        ("Ines", "INES! Ines’ shoes, Ines's, Inês, Inesita, Ines", ["INES", "Ines", "Ines", "Ines"]),
        ("José", f"Jose, José’s and {JOSE}", ["José", JOSE]),
        ("Jose", JOSE, []),
        ("the pilot", "The pilot saw the pilot. The Pilot? the pilots", ["The pilot", "the pilot"]),
        ("The Customs House", "at the Customs House. The Customs House", ["the Customs House", "The Customs House"]),
        ("Ines Corvalho", "Ines\nCorvalho, Ines  Corvalho. Ines\n\nCorvalho", ["Ines\nCorvalho", "Ines  Corvalho"]),
        ("O'Brien", "O’Brien and O'Brien’s, Brien", ["O’Brien", "O'Brien"]),
        ("Anne", "Anne-Marie, Anne--well, Anne- and mid-Anne", ["Anne", "Anne"]),
        ("Mr. Lamb", "Mr Lamb, Mr. Lamb", ["Mr Lamb", "Mr. Lamb"]),
        ("Đặng", "Đặng và Đặngs", ["Đặng"]),
        ("Ølgerd", "ØLGERD, Ølgerds, Ølgerd", ["ØLGERD", "Ølgerd"]),
        ("R2", "R2, R22", ["R2"]),
        ("田中", "田中は言った。田中", ["田中", "田中"]),
        ("…", "… and …", []),
    ],
)  # fmt: skip
def test_a_name_is_a_word_of_its_own_with_its_case(name: str, text: str, forms: list[str]) -> None:
    assert found(text, name) == forms


def test_the_longest_name_wins_and_a_shared_one_is_of_both() -> None:
    finder = Finder([("i", ["Ines Corvalho", "Ines"]), ("j", ["Corvalho", "the pilot"]), ("k", ["the pilot"])])
    mentions = [(m.owner, m.form) for m in finder.find("Ines Corvalho, Corvalho, Ines; the pilot")]
    assert mentions == [
        ("i", "Ines Corvalho"), ("j", "Corvalho"), ("i", "Ines"), ("j", "the pilot"), ("k", "the pilot"),
    ]  # fmt: skip
    assert Finder([]).find("Ines") == []


BOOK = (
    "Then Mateus went to Port of Lisbon. Again Mateus ran. “Mateus!” Mateus fell; so Mateus slept. But in Port of "
    "Lisbon it rained, and Ines Corvalho knew it. Nobody told Ines. For Ines Corvalho, and for Ines, and Ines Corvalho "
    "again, on Monday and on Monday, I and I and I and then Monday, Monday. She saw Ines Corvalho. The road to Port of "
    "Lisbon, of Port of Lisbon. Rain. Rain. Rain. Rain. Rain fell, and the rain fell. When she saw a Hope, her hope, "
    "his hope, a Hope, a Hope, hope, the Hope; hope. Ines ran to Ines."
)


def test_names_that_the_bible_lacks() -> None:
    capitals = Capitals.of(BOOK)
    assert suggestions(capitals, [], set()) == [
        Suggestion("Ines Corvalho", 8, ("Ines",)),
        Suggestion("Mateus", 5),
        Suggestion("Port of Lisbon", 4),
    ]
    assert [each.name for each in suggestions(capitals, [["Ines Corvalho"]], {"Mateus"})] == ["Port of Lisbon"]
    assert suggestions(Capitals.of("Then Ines. Then Ines."), [], set()) == []
