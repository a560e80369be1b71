"""Wiring of the Notes tab, and of ‘What the model reads’. What is typed is saved when its field is left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gradio as gr

from storage.records import BibleEntry
from templora.bible import new_id
from templora.errors import Conflict, NotFound, TemploraError
from templora.studio import Studio
from ui import bible_view
from ui.show import FLUSH_FIRST, ON_LEAVING, OPENED, Show, told

if TYPE_CHECKING:
    from ui.desk import Desk

PLACE = "async (...values) => [...values.slice(0, -1), await window.desk.place()]"
MENTION = "(places) => { window.desk.goToMention(places) }"


class Listing:
    """What the components of the tab show."""

    def __init__(self, desk: Desk, studio: Studio) -> None:
        notes = desk.notes
        self.bible = studio.bible
        self.studio = studio
        self.listed = [notes.entries, notes.none, notes.suggested, notes.names]
        self.carded = [
            notes.card, notes.entry, notes.name, notes.kind, notes.aliases, notes.description, notes.changes,
            notes.since, notes.note, notes.mentioned, notes.mentions,
        ]  # fmt: skip
        self.undone = [notes.undo, notes.undo_row, notes.undo_text]

    def list(self, project: str, wanted: str, entry: str) -> list[Any]:
        """For `listed`, with `entry` chosen."""
        if not project:
            return [gr.update(choices=[], value=None), gr.skip(), gr.update(visible=False), gr.skip()]
        entries = self.bible.entries(project)
        counts = bible_view.counts(self.bible.mentions(project))
        choices = bible_view.entry_choices(entries, counts, wanted, entry)
        found = self.bible.suggestions(project)
        return [
            gr.update(choices=choices, value=entry if any(each.id == entry for each in entries) else None),
            gr.update(visible=not entries),
            gr.update(visible=bool(found), label=bible_view.suggested(len(found))),
            gr.update(choices=bible_view.suggestion_choices(found), value=None),
        ]

    def entry(self, id: str) -> BibleEntry | None:
        """The entry; None for one that was only begun."""
        try:
            return self.bible.entry(id)
        except NotFound:
            return None

    def card(self, entry: BibleEntry | None, project: str, chapter: str) -> list[Any]:
        """For `carded`: an entry as it applies in the open chapter, or an empty card with the id that it will have."""
        heads = self.studio.peek(project)[1]
        position = next((head.position for head in heads if head.id == chapter), 0)
        mentions = self.bible.mentions(project).get(entry.id, []) if entry else []
        changes = bible_view.changes(entry, position) if entry else ""
        return [
            gr.update(visible=True),
            entry.id if entry else new_id(),
            entry.name if entry else "",
            entry.kind if entry else "character",
            ", ".join(entry.aliases) if entry else "",
            entry.description if entry else "",
            gr.update(value=changes, visible=bool(changes)),
            gr.update(choices=bible_view.since_choices(heads, entry), value=chapter or None),
            bible_view.note_from(entry, chapter),
            gr.update(visible=bool(mentions)),
            gr.update(choices=bible_view.mention_choices(mentions), value=None),
        ]

    def no_card(self) -> list[Any]:
        return [gr.update(visible=False), "", *[gr.skip()] * (len(self.carded) - 2)]

    def undo(self, what: str, text: str) -> list[Any]:
        """For `undone`. `what`: 'entry:ID' or 'name:NAME'; '' for nothing."""
        return [what, gr.update(visible=bool(what)), text]


def wire_notes(desk: Desk, studio: Studio, show: Show, opened: list[Any]) -> None:
    notes, listing = desk.notes, Listing(desk, studio)
    bible, ids = studio.bible, [desk.project, desk.chapter]

    @told
    def other_book(project: str) -> list[Any]:
        note = bible.author_note(project) if project else ""
        return [*listing.list(project, "", ""), *listing.no_card(), *listing.undo("", ""), "", note]

    desk.project.change(
        other_book, desk.project, [*listing.listed, *listing.carded, *listing.undone, notes.filter, notes.author],
        show_progress="hidden",
    )  # fmt: skip

    @told
    def refresh(project: str, wanted: str, entry: str) -> list[Any]:
        return listing.list(project, wanted, entry)

    state = [desk.project, notes.filter, notes.entry]
    notes.tab.select(refresh, state, listing.listed, js=FLUSH_FIRST, show_progress="hidden")
    notes.filter.change(refresh, state, listing.listed, trigger_mode="always_last", show_progress="hidden")

    @told
    def choose(entry: str, project: str, chapter: str) -> list[Any]:
        return [*listing.card(bible.entry(entry), project, chapter), *listing.undo("", "")]

    notes.entries.input(
        choose, [notes.entries, *ids], [*listing.carded, *listing.undone], js=FLUSH_FIRST, show_progress="hidden"
    )  # fmt: skip

    @told
    def begin(project: str, chapter: str) -> list[Any]:
        if not project:
            return [gr.skip()] * (len(listing.carded) + len(listing.undone) + 1)
        return [*listing.card(None, project, chapter), *listing.undo("", ""), None]

    notes.new.click(
        begin, ids, [*listing.carded, *listing.undone, notes.entries], show_progress="hidden"
    ).then(None, js="() => { window.desk.focusField('entry-name') }")  # fmt: skip
    _wire_card(desk, studio, listing)
    _wire_names(desk, studio, listing)

    @told
    def save_note(text: str, project: str) -> None:
        if project and text.strip() != bible.author_note(project):
            bible.set_author_note(project, text)

    notes.author.blur(save_note, [notes.author, desk.project], None, **ON_LEAVING)

    @told
    def go(chapter: str | None, entry: str, project: str) -> list[Any]:
        found = next((each for each in bible.mentions(project).get(entry, []) if each.chapter == chapter), None)
        if found is None:
            gr.Info("It is not mentioned there any more.", duration=4)
            return ["", None, *[gr.skip()] * len(opened)]
        return [bible_view.places(found.chapter, found.spans), None, *show.opened(project, found.chapter)]

    notes.mentions.input(
        go, [notes.mentions, notes.entry, desk.project], [notes.places, notes.mentions, *opened], js=FLUSH_FIRST,
        show_progress="hidden",
    ).then(None, ids, None, js=OPENED).then(None, notes.places, None, js=MENTION)  # fmt: skip


def _wire_card(desk: Desk, studio: Studio, listing: Listing) -> None:
    notes, bible = desk.notes, studio.bible
    fields = [notes.entry, desk.project, notes.name, notes.kind, notes.aliases, notes.description]

    # Another card may stand there by the time this has been saved: it is left as it is.
    @told
    def save(id: str, project: str, name: str, kind: str, aliases: str, text: str, wanted: str) -> list[Any]:
        known = listing.entry(id)
        if not project or (known is None and not name.strip()):
            return [gr.skip()] * len(listing.listed)
        names = bible_view.aliases(aliases)
        if known is None:
            return listing.list(project, wanted, bible.add(project, kind, name, names, text, id).id)
        # A name that was emptied by mistake stays what it was.
        bible.change(id, kind, name if name.strip() else None, names, text)
        entries, *others = listing.list(project, wanted, id)
        return [gr.update(choices=entries["choices"]), *others]

    gr.on(
        [
            *(field.blur for field in (notes.name, notes.aliases, notes.description)), notes.name.submit,
            notes.aliases.submit, notes.kind.input,
        ],
        save, [*fields, notes.filter], listing.listed, **ON_LEAVING,
    )  # fmt: skip

    @told
    def since(chapter: str, id: str) -> str:
        return bible_view.note_from(listing.entry(id), chapter)

    notes.since.input(since, [notes.since, notes.entry], notes.note, show_progress="hidden")

    @told
    def save_since(text: str, chapter: str | None, id: str, project: str, here: str) -> list[Any]:
        known = listing.entry(id)
        if known is None or not chapter or text.strip() == bible_view.note_from(known, chapter):
            return [gr.skip(), gr.skip()]
        entry = bible.set_note(id, chapter, text)
        heads = studio.peek(project)[1]
        position = next((head.position for head in heads if head.id == here), 0)
        changes = bible_view.changes(entry, position)
        return [
            gr.update(value=changes, visible=bool(changes)),
            gr.update(choices=bible_view.since_choices(heads, entry), value=chapter),
        ]

    notes.note.blur(
        save_since, [notes.note, notes.since, notes.entry, desk.project, desk.chapter], [notes.changes, notes.since],
        **ON_LEAVING,
    )  # fmt: skip

    @told
    def delete(id: str, project: str, wanted: str) -> list[Any]:
        known = listing.entry(id)
        undo = listing.undo("", "")
        if known is not None:
            bible.delete(id)
            undo = listing.undo(f"entry:{id}", f"‘{known.name}’ is deleted.")
        return [*listing.no_card(), *listing.list(project, wanted, ""), *undo]

    notes.delete.click(
        delete, [notes.entry, desk.project, notes.filter], [*listing.carded, *listing.listed, *listing.undone],
        show_progress="hidden",
    )  # fmt: skip


def _wire_names(desk: Desk, studio: Studio, listing: Listing) -> None:
    notes, bible = desk.notes, studio.bible
    everything = [*listing.carded, *listing.listed, *listing.undone]

    @told
    def add(name: str | None, project: str, chapter: str, wanted: str) -> list[Any]:
        if not name:
            gr.Info("Choose a name in the list first.", duration=4)
            return [gr.skip()] * len(everything)
        shorter = next((each.aliases for each in bible.suggestions(project) if each.name == name), ())
        entry = bible.add(project, "character", name, shorter)
        card = listing.card(entry, project, chapter)
        return [*card, *listing.list(project, wanted, entry.id), *listing.undo("", "")]

    notes.add.click(
        add, [notes.names, desk.project, desk.chapter, notes.filter], everything, show_progress="hidden"
    )  # fmt: skip

    @told
    def dismiss(name: str | None, project: str, wanted: str, entry: str) -> list[Any]:
        if not name:
            gr.Info("Choose a name in the list first.", duration=4)
            return [gr.skip()] * (len(listing.listed) + len(listing.undone))
        bible.dismiss(project, name)
        undo = listing.undo(f"name:{name}", f"‘{name}’ is not suggested again.")
        return [*listing.list(project, wanted, entry), *undo]

    notes.dismiss.click(
        dismiss, [notes.names, desk.project, notes.filter, notes.entry], [*listing.listed, *listing.undone],
        show_progress="hidden",
    )  # fmt: skip

    @told
    def undo(what: str, project: str, chapter: str, wanted: str, entry: str) -> list[Any]:
        kind, _, value = what.partition(":")
        if kind == "entry":
            restored = bible.restore(value)
            card = listing.card(restored, project, chapter)
            return [*card, *listing.list(project, wanted, restored.id), *listing.undo("", "")]
        bible.bring_back(project, value)
        return [*[gr.skip()] * len(listing.carded), *listing.list(project, wanted, entry), *listing.undo("", "")]

    notes.undo_go.click(
        undo, [notes.undo, desk.project, desk.chapter, notes.filter, notes.entry], everything, show_progress="hidden"
    )  # fmt: skip


def wire_reading(desk: Desk, studio: Studio) -> None:
    dialog = desk.reading
    shown = [dialog.box, dialog.summary, *dialog.sections, dialog.entries, dialog.left_out]

    @told
    def open_dialog(chapter: str, length: float, place: str) -> list[Any]:
        found: dict[str, Any] = json.loads(place) if place else {"problem": "No chapter is open."}
        if found["problem"]:
            raise TemploraError(found["problem"])
        try:
            reading = studio.reading(chapter, found["revision"], found["at"], int(length))
        except Conflict as error:
            raise TemploraError("The chapter has changed meanwhile. Look again.") from error
        sections = bible_view.merged(reading)
        boxes = [
            gr.update(value=text.strip("\n"), label=bible_view.section_label(kind, count), visible=True)
            for kind, text, count in sections
        ]
        empty = [gr.update(value="", visible=False)] * (len(dialog.sections) - len(boxes))
        read = [bible_view.read_entries(reading), bible_view.left_out(reading)]
        return [gr.update(visible=True), bible_view.summary(reading), *boxes, *empty, *read]

    desk.page.reading.click(
        open_dialog, [desk.chapter, desk.takes.length, dialog.place], shown, js=PLACE, show_progress="hidden"
    )  # fmt: skip
    dialog.close.click(lambda: gr.update(visible=False), None, dialog.box, show_progress="hidden")
