"""The story bible over a Studio: mentions, suggestions, what applies in a chapter, and what the model is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from templora.bible import as_of
from templora.config import Sampling
from templora.engine import Compose, Continue, ModelInfo
from templora.errors import Conflict
from templora.studio import Studio
from tests.fakes import FakeEngine
from tests.studio_desk import Desk, prose


def asked(desk: Desk, chapter: str, cursor: int, **more: str) -> Continue | Compose:
    revision = desk.studio.chapter(chapter).revision
    list(desk.studio.continue_(chapter, revision, cursor, Sampling(), **more))  # type: ignore[arg-type]
    request = desk.engine.requests[-1]
    assert isinstance(request, Continue | Compose)
    return request


def test_mentions_follow_the_text_and_the_names(desk: Desk) -> None:
    project = desk.book("Ines ran. Ines’s shoes.", "Nobody.", "The pilot saw Ines.")
    chapters = desk.chapters(project)
    bible = desk.studio.bible
    ines, pilot = bible.add(project, "character", "Ines"), bible.add(project, "character", "Mateus", ["the pilot"])
    found = bible.mentions(project)
    assert [(each.chapter, each.position, each.spans) for each in found[ines.id]] == [
        (chapters[0], 0, ((0, 4), (10, 14))),
        (chapters[2], 2, ((14, 18),)),
    ]
    assert [each.spans for each in found[pilot.id]] == [((0, 9),)]
    desk.rewrite(chapters[1], lambda text: "😀 Ines.")
    bible.change(pilot.id, aliases=[])
    found = bible.mentions(project)
    assert found[ines.id][1].spans == ((2, 6),) and pilot.id not in found
    bible.delete(ines.id)
    assert bible.mentions(project) == {}


def test_only_chapters_that_have_changed_are_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    project = desk.book("Ines ran.", "Ines fell.", "Ines slept.")
    chapters = desk.chapters(project)
    bible, manuscripts = desk.studio.bible, desk.studio._manuscripts  # pyright: ignore[reportPrivateUsage]
    ines = bible.add(project, "character", "Ines")
    bible.mentions(project)
    desk.rewrite(chapters[1], lambda _: "Nobody fell.")
    desk.studio.delete_chapter(chapters[2])
    read: list[str] = []
    whole = manuscripts.chapter
    monkeypatch.setattr(manuscripts, "chapter", lambda id: (read.append(id), whole(id))[1])
    monkeypatch.setattr(manuscripts, "texts", lambda project: pytest.fail("the whole book was read"))
    assert [each.chapter for each in bible.mentions(project)[ines.id]] == [chapters[0]]
    assert bible.suggestions(project) == []
    assert read == [chapters[1]]
    # Nothing is kept of a chapter that is gone.
    assert chapters[2] not in bible._seen  # pyright: ignore[reportPrivateUsage]


def test_names_are_suggested_until_they_are_in_the_bible_or_dismissed(desk: Desk) -> None:
    project = desk.book("So Mateus ran, and Mateus fell.", "But Mateus saw Mateus. So Ines and Ines and Ines and Ines.")
    bible = desk.studio.bible
    assert [(each.name, each.count) for each in bible.suggestions(project)] == [("Ines", 4), ("Mateus", 4)]
    bible.add(project, "character", "Ines Corvalho")
    bible.dismiss(project, "Mateus")
    assert bible.suggestions(project) == []
    bible.bring_back(project, "Mateus")
    assert [each.name for each in bible.suggestions(project)] == ["Mateus"]


def test_the_newest_note_that_applies_counts(desk: Desk) -> None:
    project = desk.book("One.", "Two.", "Three.", "Four.")
    chapters = desk.chapters(project)
    bible = desk.studio.bible
    entry = bible.add(project, "character", "Ines", [], "Tall.")
    bible.set_note(entry.id, chapters[1], "Limps.")
    entry = bible.set_note(entry.id, chapters[3], "Walks again.")
    assert [as_of(entry, n) for n in range(4)] == ["Tall.", "Tall.\nLimps.", "Tall.\nLimps.", "Tall.\nWalks again."]
    desk.studio.change_chapter(chapters[3], position=0)
    assert as_of(bible.entry(entry.id), 1) == "Tall.\nWalks again."


def test_what_is_shown_is_what_the_engine_is_sent(desk: Desk) -> None:
    """And with no bible and no note it is the window that was read before there were any."""
    project = desk.book(prose(2), prose(3, "v") + " w1 w2")
    first, last = desk.chapters(project)
    text = desk.studio.chapter(last).text
    bare = asked(desk, last, len(text))
    assert isinstance(bare, Continue)
    bible = desk.studio.bible
    bible.add(project, "character", "w1", ["w2"], "w3 w4 w5")
    bible.add(project, "place", "z499")
    bible.set_author_note(project, "w6 w7")
    for chapter, cursor in ((last, len(text)), (last, 40), (last, 0), (first, 30)):
        reading = desk.studio.reading(chapter, 1, cursor, Sampling.max_tokens)
        request = asked(desk, chapter, cursor)
        assert isinstance(request, Continue)
        assert (request.prompt, request.after_space) == (reading.ids, reading.after_space)
    full = desk.studio.reading(last, 1, len(text), Sampling.max_tokens)
    assert [section.kind for section in full.sections][:1] == ["bible"]
    assert full.ids != bare.prompt and full.quiet_entries == 1
    text_ids = [id for section in full.sections if section.kind == "text" for id in section.ids]
    assert text_ids[-len(bare.prompt) :] == bare.prompt  # the text is read as far as ever
    with pytest.raises(Conflict):
        desk.studio.reading(last, 7, 0, 120)


def test_on_the_starters_tokenizer_too(tmp_path: Path, starter: ModelInfo) -> None:
    from tokenizers import Tokenizer

    engine = FakeEngine(starter)
    studio = Studio(tmp_path / "data", engine, starter)
    project = studio.create_project("The Salt Road").id
    text = "\n\n".join(f"“It’s the {n}th hour,” said Ines, “and the naïve moon…”" for n in range(60)) + " She"
    studio.add_chapter(project, "Tide Tables", text)
    chapter = studio.add_chapter(project, "Low Water", text)
    studio.bible.add(project, "character", "Ines", [], "Customs officer.")
    studio.bible.set_author_note(project, "Past tense.")
    for cursor in (0, 40, 900, len(text)):
        reading = studio.reading(chapter.id, 1, cursor, 120)
        list(studio.continue_(chapter.id, 1, cursor, Sampling()))
        request = engine.requests[-1]
        assert isinstance(request, Continue) and request.prompt == reading.ids
        shown = "".join(section.text for section in reading.sections)
        assert Tokenizer.from_file(starter.tokenizer).decode(reading.ids, skip_special_tokens=False) == shown
    studio.close()


def test_a_beat_is_told_with_the_notes_of_the_book(desk: Desk) -> None:
    project = desk.book("w1 w2")
    (chapter,) = desk.chapters(project)
    desk.studio.bible.add(project, "character", "Mateus", [], "He lies.")
    desk.studio.bible.set_author_note(project, "Dry.")
    request = asked(desk, chapter, 5, beat="Mateus arrives.")
    assert isinstance(request, Compose)
    assert request.notes == "[Notes on the story:\nMateus (character): He lies.]\n\n[Author's note: Dry.]"


def test_nothing_of_it_is_learnt(desk: Desk) -> None:
    project = desk.book(prose(6))
    before = desk.planned(project)
    desk.studio.bible.add(project, "character", "w1", [], "w3 w4")
    desk.studio.bible.set_author_note(project, "w6")
    assert desk.planned(project) == before
    desk.studio.memory_do(project, "learn")
    desk.work()
    assert desk.resident(project) == before
