"""What the Notes tab and ‘What the model reads’ say, without a page."""

from __future__ import annotations

from storage.records import BibleEntry, ChapterHead, ChapterNote
from templora.bible import ChapterMentions
from templora.names import Suggestion
from templora.reading import Entry, Fired, Reading, Section
from ui import bible_view

NOTES = (ChapterNote("a", 0, False, "Tall. " * 30), ChapterNote("gone", 1, True, "Limps."))
INES = BibleEntry("i", "p", "character", "Ines", ("the inspector",), "Counts everything.", NOTES, 0.0)
LAMP = BibleEntry("l", "p", "thing", "Lamp", (), "", (), 0.0)


def heads(*titles: str) -> list[ChapterHead]:
    return [ChapterHead(title[0].lower(), "p", title, n, 1, 1, 0.0) for n, title in enumerate(titles)]


def test_the_list_is_filtered_by_all_words_and_keeps_the_open_entry() -> None:
    entries, counts = [INES, LAMP], {"i": 1234}
    assert bible_view.entry_choices(entries, counts) == [("Ines\t1,234", "i"), ("Lamp\t0", "l")]
    for wanted in ("inspector", "count INES", "charac"):
        assert [id for _, id in bible_view.entry_choices(entries, counts, wanted)] == ["i"]
    assert bible_view.entry_choices(entries, counts, "nobody") == []
    assert [id for _, id in bible_view.entry_choices(entries, counts, "nobody", "l")] == ["l"]


def test_mentions_and_suggestions_are_counted() -> None:
    mentions = [ChapterMentions("a", 0, "Tide Tables", ((0, 4), (9, 13))), ChapterMentions("b", 4, "Low", ((1, 5),))]
    assert bible_view.mention_choices(mentions) == [("1 · Tide Tables\t2", "a"), ("5 · Low\t1", "b")]
    assert bible_view.counts({"i": mentions}) == {"i": 3}
    assert bible_view.suggestion_choices([Suggestion("Mateus", 87)]) == [("Mateus\t87", "Mateus")]
    assert (bible_view.suggested(1), bible_view.suggested(3)) == ("1 name the book uses", "3 names the book uses")


def test_other_names_are_parted_by_commas() -> None:
    assert bible_view.aliases(" Ines, the inspector,\n ,Inês") == ["Ines", "the inspector", "Inês"]


def test_what_changes_says_which_note_holds() -> None:
    first, second = bible_view.changes(INES, 0).split("\n")
    assert first.startswith("→ From chapter 1: Tall. Tall.") and first.endswith(" …") and len(first) < 90
    assert second == "From chapter 2 (its chapter is deleted): Limps."
    assert bible_view.changes(INES, 3).split("\n")[1].startswith("→ ")
    assert bible_view.since_choices(heads("A", "B"), INES) == [("1 · A ✎", "a"), ("2 · B", "b")]
    assert bible_view.note_from(INES, "b") == "" and bible_view.note_from(INES, "a") == "Tall. " * 30
    assert bible_view.note_from(None, "a") == ""


def test_what_is_read_is_said_with_reasons() -> None:
    def of(name: str) -> Entry:
        return Entry(name, "thing", name)

    reading = Reading(
        (Section("bible", "\n\n[x]", (1, 2)), Section("text", "\n\n", (3,)), Section("text", "w", (4, 5))),
        (
            Fired(of("A"), "text", "a", 0, 12),
            Fired(of("B"), "text", "b", 1, 1, "cut"),
            Fired(of("C"), "synopsis", "c", 0, 9),
            Fired(of("D"), "beat", "d", 0, 9),
            Fired(of("E"), "rule", "", 0, 0, "left out"),
            Fired(of("F"), "text", "f", 1200, 0, "left out"),
        ),
        shortened=("synopsis",),
        left_out=("note",),
        quiet_entries=1,
        unread_words=4000,
        room=1900,
        bos=True,
    )
    assert bible_view.merged(reading) == [("bible", "\n\n[x]", 2), ("text", "\n\nw", 3)]
    assert bible_view.section_label("text", 3) == "The text before the caret · 3 tokens"
    assert "reads 5 tokens and the mark of a beginning" in bible_view.summary(reading)
    assert "At most 1,900 tokens fit" in bible_view.summary(reading)
    assert bible_view.read_entries(reading).split("\n") == [
        "A: ‘a’ at the caret · 12 tokens",
        "B: ‘b’ 1 word before the caret · 1 token, its end left out",
        "C: ‘c’ in the synopsis · 9 tokens",
        "D: ‘d’ in what happens next · 9 tokens",
    ]
    assert bible_view.left_out(reading).split("\n") == [
        "E: a rule always applies, but no room",
        "F: ‘f’ 1,200 words before the caret, but no room",
        "Author’s note: no room beside the text",
        "Synopsis of the chapter: too long, its end is not read",
        "1 other entry of the story bible: not mentioned in the text that is read",
        "4,000 words before this text: the window ends there; what the memory has learnt of them, it carries",
    ]
    assert bible_view.left_out(Reading(())) == "Nothing."
    assert bible_view.read_entries(Reading(())).startswith("None")
