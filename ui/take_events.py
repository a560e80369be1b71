"""The wiring of takes: the editor does it all; buttons call what the keys call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from templora.studio import Studio
from ui.show import told

if TYPE_CHECKING:
    from ui.desk import Desk


def wire_writing(desk: Desk) -> None:
    """The buttons below the text."""
    page = desk.page
    for button, verb in (
        (page.go, "continue"),
        (page.fill, "fill"),
        (page.stop, "dismiss"),
        (page.accept, "accept"),
        (page.word, "acceptWord"),
        (page.sentence, "acceptSentence"),
        (page.previous, "previousTake"),
        (page.following, "nextTake"),
        (page.another, "another"),
        (page.dismiss, "dismiss"),
    ):
        button.click(None, js=f"() => {{ window.desk.do('{verb}') }}")
    for button, taken in ((page.take_change, "true"), (page.leave_change, "false")):
        button.click(None, js=f"() => {{ window.templora.decide({taken}) }}")
    for button, verb in ((page.rewrite, "rewrite"), (page.expand, "expand"), (page.shorten, "shorten")):
        button.click(None, js=f"() => {{ window.desk.rewrite('', '{verb}') }}")
    page.otherwise.click(None, js="() => { window.desk.askRewrite() }")


def wire_takes(desk: Desk, studio: Studio) -> None:
    """The Takes tab."""
    takes, asking = desk.takes, desk.takes.asking
    gr.on(
        [asking.beat.submit, asking.write.click], None, asking.beat, None,
        js="(words) => { window.desk.beat(words) }",
    )  # fmt: skip
    for slot, (show, use) in enumerate(zip(asking.show, asking.use, strict=True)):
        show.click(None, js=f"() => {{ window.desk.showCard({slot}) }}")
        use.click(None, js=f"() => {{ window.desk.useCard({slot}) }}")
    for verb, button in asking.verbs.items():
        button.click(None, js=f"() => {{ window.desk.rewrite('', '{verb}') }}")
    gr.on(
        [asking.rewrite.click, asking.instruction.submit], None, asking.instruction, None,
        js="(wish) => { window.desk.rewrite(wish) }",
    )  # fmt: skip
    for control in takes.sampling:
        control.change(None, takes.sampling, None, js="(...values) => { window.desk.sampling(values) }")
    takes.show.click(None, takes.earlier, None, js="(id) => { window.desk.showTake(id) }")
    takes.insert.click(None, takes.earlier, None, js="(id) => { window.desk.insertTake(id) }")
    desk.footer.model.change(None, js="() => { window.desk.abilities() }")

    @told
    def forget(id: str | None) -> str:
        if not id:
            gr.Info("Choose a take in the list first.")
        else:
            studio.delete_take(id)
        return ""  # what was seen is out of date: the next tick shows all

    takes.forget.click(forget, takes.earlier, desk.seen, show_progress="hidden")
