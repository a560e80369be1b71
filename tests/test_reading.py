"""What the model reads: with the fake tokenizer by its parts, with the starter's as it is sent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from templora import chunks
from templora.chunks import FileTokenizer
from templora.engine import ModelInfo
from templora.reading import BIBLE_TOKENS, Entry, Extras, Reading, assemble, clip, room_for
from templora.window import NOTE_DEPTH, Piece

L = 64
ROOM = 2000
NOTHING = Extras()


class Words:
    """A token a word, a newline or a mark; no vocabulary."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\n| ?\w+| ?[^\w\s]", text)]

    def encode(self, text: str) -> list[int]:
        return [self.known.setdefault(text[a:b], len(self.known)) for a, b in self.offsets(text)]

    def decode(self, ids: list[int]) -> str:
        words = {id: word for word, id in self.known.items()}
        return "".join(words[id] for id in ids)


@pytest.fixture
def words() -> Words:
    return Words()


def prose(paragraphs: int, start: int = 0) -> str:
    return "\n\n".join(" ".join(f"w{20 * i + j}" for j in range(20)) + "." for i in range(start, start + paragraphs))


def read(
    words: Words, text: str, extras: Extras = NOTHING, *earlier: str, length: int = L, room: int = ROOM
) -> Reading:
    pieces = [Piece.whole(each, words) for each in earlier]
    return assemble([*pieces, Piece.begun(text, words)], extras, words, length, room)


def shown(reading: Reading) -> str:
    return "".join(section.text for section in reading.sections)


def kinds(reading: Reading) -> list[str]:
    return [section.kind for section in reading.sections]


INES = Entry("i", "character", "Ines Corvalho", ("Ines",), "A customs officer of forty-one.")
MATEUS = Entry("m", "character", "Mateus", ("the pilot",), "He lies about the moon.")
RULE = Entry("r", "rule", "Tides", (), "Nobody crosses at the flood.")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 14), st.integers(0, 6), st.integers(0, 40))
def test_without_extras_the_ids_are_those_of_the_window_alone(paragraphs: int, earlier: int, cut: int) -> None:
    words = Words()
    text, before = prose(paragraphs)[: -cut or None], prose(earlier, 50)
    ids = [*(words.encode("\n\n" + before) if before else []), *chunks.prompt_ids(text.rstrip(" "), words)]
    reading = read(words, text, Extras(), before)
    assert reading.ids == chunks.reading_window(ids, L)
    assert set(kinds(reading)) == {"text"}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 14), st.integers(0, 6), st.integers(0, 60), st.booleans())
def test_the_sections_say_what_their_ids_say(paragraphs: int, earlier: int, cut: int, ends_open: bool) -> None:
    words = Words()
    text = prose(paragraphs)[: -cut or None].rstrip() + ("\n\n" if ends_open else "")
    extras = Extras((INES, RULE), "Ines goes out.", "Past tense.")
    reading = read(words, text, extras, prose(earlier, 50))
    for section in reading.sections:
        assert words.decode(list(section.ids)) == section.text
    window = read(words, text, Extras(), prose(earlier, 50)).ids
    separator = chunks.prompt_ids("", words)
    text_ids = [list(section.ids) for section in reading.sections if section.kind == "text"]
    joined = [id for ids in text_ids for id in ids]
    assert joined in (window, [*separator, *window])  # all of the text, in order, whatever stands between


def test_everything_has_its_place(words: Words) -> None:
    text = prose(3) + "\n\nInes waited.\n\n" + prose(10, 60) + "\n\nShe took off"
    extras = Extras((INES, MATEUS, RULE), "Low water.", "Past tense.")
    reading = read(words, text, extras, length=400)
    assert shown(reading).startswith(
        "\n\n[Notes on the story:\nInes Corvalho (character, also Ines): A customs officer of forty-one.\n"
        "Tides (rule): Nobody crosses at the flood.]\n\n[In this chapter: Low water.]" + ("\n\n" + text)[:20]
    )
    assert shown(reading).endswith("\n\nShe took off")
    note = shown(reading).index("[Author's note: Past tense.]\n\n")
    assert NOTE_DEPTH <= len(words.encode(shown(reading)[note:])) - 9 < NOTE_DEPTH + 160
    assert shown(reading)[note - 2 : note] == "\n\n"
    assert kinds(reading) == ["bible", "synopsis", "text", "note", "text"]
    assert reading.notes == (
        "[Notes on the story:\nInes Corvalho (character, also Ines): A customs officer of forty-one.\n"
        "Tides (rule): Nobody crosses at the flood.]\n\n[In this chapter: Low water.]\n\n[Author's note: Past tense.]"
    )


def test_where_no_paragraph_begins_the_blocks_stand_before_the_text(words: Words) -> None:
    reading = read(words, " ".join(f"w{i}" for i in range(400)), Extras(note="Past tense."))
    assert kinds(reading) == ["note", "text", "text"]
    assert shown(reading).startswith("\n\n[Author's note: Past tense.]\n\n w")
    reading = read(words, "Rain", Extras(note="Past tense."))
    assert shown(reading) == "\n\n[Author's note: Past tense.]\n\nRain"


def test_what_is_mentioned_last_comes_first_into_the_budget(words: Words) -> None:
    many = [Entry(f"e{i}", "thing", f"Lamp{i}x", (), " ".join(["glow"] * 90)) for i in range(8)]
    text = " ".join(f"Lamp{i}x burns." for i in (3, 1, 4, 0, 2)) + " It was dark."
    reading = read(words, text, Extras(many), length=200)
    outcome = [(fired.entry.id, fired.outcome, fired.words_back) for fired in reading.fired]
    assert [id for id, *_ in outcome] == ["e2", "e0", "e4", "e1", "e3"]
    assert [how for _, how, _ in outcome] == ["read"] * 4 + ["left out"]
    assert [back for *_, back in outcome] == [4, 6, 8, 10, 12]
    bible = next(section for section in reading.sections if section.kind == "bible")
    assert len(bible.ids) <= BIBLE_TOKENS
    assert bible.text.index("Lamp0x") < bible.text.index("Lamp1x") < bible.text.index("Lamp2x")  # the bible's order
    assert reading.quiet_entries == 3


def test_entries_apply_by_the_beat_the_synopsis_and_as_rules(words: Words) -> None:
    extras = Extras((INES, MATEUS, RULE), synopsis="The pilot sleeps.", beat="INES arrives.")
    assert [(f.entry.id, f.where, f.form) for f in read(words, "It was dark.", extras).fired] == [
        ("i", "beat", "INES"), ("m", "synopsis", "The pilot"), ("r", "rule", ""),
    ]  # fmt: skip
    assert read(words, "Ines ran.", Extras((MATEUS,))).fired == ()


def test_an_entry_applies_as_long_as_its_mention_is_in_the_window(words: Words) -> None:
    near, far = "Ines ran.\n\n" + prose(2), "Ines ran.\n\n" + prose(12)
    assert [f.entry.id for f in read(words, near, Extras((INES,))).fired] == ["i"]
    assert read(words, far, Extras((INES,))).fired == ()
    earlier = read(words, "It was dark.", Extras((INES,)), "Ines ran.")
    assert [(f.entry.id, f.words_back) for f in earlier.fired] == [("i", 4)]


def test_a_long_entry_is_cut_and_says_so(words: Words) -> None:
    long = Entry("i", "character", "Ines", (), "She is tall. " * 60)
    fired = read(words, "Ines ran.", Extras((long,))).fired[0]
    assert fired.outcome == "cut" and fired.tokens <= 122


def test_the_window_gives_nothing_to_the_extras(words: Words) -> None:
    extras = Extras((INES,), "Low water.", "Past tense.")
    text = prose(20) + " Ines ran."
    tight = read(words, text, extras, room=L + L // 2 + 20)
    assert len(tight.ids) <= L + L // 2 + 20
    assert sum(len(s.ids) for s in tight.sections if s.kind == "text") >= L
    assert kinds(tight) == ["note", "text", "text"] and tight.left_out == ("synopsis",)
    assert [fired.outcome for fired in tight.fired] == ["left out"]
    none = read(words, text, extras, room=L)
    assert none.ids == read(words, text, room=L).ids and len(none.ids) == L


def test_the_beginning_stays_the_same_while_the_writer_goes_on(words: Words) -> None:
    """What is read at one caret begins as at the one before, up to where the text is new or the window jumps."""
    extras = Extras((INES, MATEUS), "Low water.", "Past tense.")
    full = prose(1) + " Ines and Mateus ran.\n\n" + prose(30, 10)
    same = jumps = 0
    last: list[int] = []
    for at in range(2000, 4000, 40):
        now = read(words, full[:at], extras, length=256).ids
        common = next((i for i, (a, b) in enumerate(zip(now, last, strict=False)) if a != b), min(len(now), len(last)))
        jumps += common < 60
        same += common >= len(last) - NOTE_DEPTH - 160
        last = now
    assert jumps <= 4 and same >= 44


def test_a_text_is_clipped_at_a_sentence_or_a_word(words: Words) -> None:
    assert clip("One two.", 10, words) == "One two."
    assert clip("One two three. Four five six seven.", 7, words) == "One two three. …"
    assert clip("One two three four five six seven", 6, words) == "One two three …"


def test_room_is_what_the_context_holds_beside_the_take() -> None:
    assert (room_for(2048, 120), room_for(1024, 900)) == (1928, 512)


def test_the_starters_tokenizer(starter: ModelInfo) -> None:
    """The text as a whole, and its parts, are what the ids say; bare, it is what a window of the text alone is."""
    from tokenizers import Tokenizer

    tokenizer, decoder = FileTokenizer(starter.tokenizer), Tokenizer.from_file(starter.tokenizer)
    text = "\n\n".join(f"“It’s the {n}th hour,” said Ines, “and the naïve moon…”\n\n***" for n in range(60)) + "\n\n"
    extras = Extras((INES, RULE), "Low water.", "Past tense, close third.")
    pieces = [Piece.whole("Earlier.", tokenizer), Piece.begun(text, tokenizer)]
    reading = assemble(pieces, extras, tokenizer, 512, 4000)
    for section in reading.sections:
        assert decoder.decode(list(section.ids), skip_special_tokens=False) == section.text
    assert kinds(reading) == ["bible", "synopsis", "text", "text", "note", "text"]
    bare = assemble(pieces, Extras(), tokenizer, 512, 4000)
    ids = [*tokenizer.encode("\n\nEarlier."), *chunks.prompt_ids(text, tokenizer)]
    assert bare.ids == chunks.reading_window(ids, 512)
