"""Wiring of the voice check and the echo check. The editor runs the voice check; the lists are shown from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from templora.checking import Echo
from templora.studio import Studio
from ui import check_view
from ui.show import FLUSH_FIRST, Show, told

if TYPE_CHECKING:
    from ui.desk import Desk

IF_ANOTHER = "(book, chapter) => { if (window.templora.state().chapter !== chapter) window.desk.opened(book, chapter) }"
NONE = gr.update(choices=[], value=None)


def wire_checks(desk: Desk, studio: Studio, show: Show, opened: list[Any]) -> None:
    _wire_voice(desk, studio)
    _wire_echoes(desk, studio, show, opened)


def _wire_voice(desk: Desk, studio: Studio) -> None:
    panel = desk.memory.checks
    panel.voice.input(None, panel.voice, None, js="(on) => { window.desk.voice(on) }")
    panel.again.click(None, js="() => { window.desk.voice(true) }")
    panel.cancel.click(None, js="() => { window.desk.cancelVoice() }")

    @told
    def found(chapter: str, heard: str) -> list[Any]:
        """`heard` is what the editor told last: it knows whether the text has changed meanwhile."""
        state, _, message = heard.partition(":")
        if not chapter or state != "done":
            return [message, NONE]
        report = studio.checks.voice(chapter)
        choices = check_view.voice_choices(report, studio.chapter(chapter).text)
        return [check_view.voice_line(report), gr.update(choices=choices, value=None)]

    panel.refresh.click(
        found, [desk.chapter, panel.line], [panel.line, panel.sentences],
        js="(chapter) => [chapter, window.desk.heard()]", show_progress="hidden", trigger_mode="always_last",
    )  # fmt: skip
    # The list forgets which was chosen, so that the same one can be gone to again.
    panel.sentences.input(
        lambda _: None, panel.sentences, panel.sentences, show_progress="hidden",
        js="(key) => { window.desk.showVoice(key); return key }",
    )  # fmt: skip


def _wire_echoes(desk: Desk, studio: Studio, show: Show, opened: list[Any]) -> None:
    panel, ids = desk.memory.checks, [desk.project, desk.chapter]

    @told
    def look(project: str) -> list[Any]:
        found = studio.checks.echoes(project) if project else []
        return [
            gr.update(value=check_view.echo_line(found), visible=True),
            gr.update(choices=check_view.echo_choices(found), value=None),
            NONE,
        ]

    panel.look.click(
        look, desk.project, [panel.echo_line, panel.echoes, panel.places], js=FLUSH_FIRST, show_progress="hidden"
    )  # fmt: skip

    @told
    def places(project: str, number: str | None) -> Any:
        found: list[Echo] = studio.checks.echoes(project)
        if number is None or int(number) >= len(found):
            return NONE
        heads = studio.peek(project)[1]
        texts = {head.id: studio.chapter(head.id).text for head in heads}
        return gr.update(choices=check_view.place_choices(found[int(number)], heads, texts), value=None)

    panel.echoes.input(places, [desk.project, panel.echoes], panel.places, js=FLUSH_FIRST, show_progress="hidden")

    @told
    def go(project: str, other: str, place: str | None) -> list[Any]:
        """`other`: the chapter to go to, '' where it is open already."""
        return show.opened(project, other) if other else [gr.skip()] * len(opened)

    panel.places.input(
        go, [*ids, panel.places], opened, show_progress="hidden",
        js="async (project, chapter, place) => [project, await window.desk.toChapter(place), place]",
    ).then(None, ids, None, js=IF_ANOTHER).then(
        lambda _: None, panel.places, panel.places, show_progress="hidden",
        js="(place) => { window.desk.goTo(place); return place }",
    )  # fmt: skip
