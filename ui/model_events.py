"""Wiring of the Model dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from templora.errors import BadInput, TemploraError
from templora.shelf import Offer, Shelf
from templora.studio import Studio
from ui import model_view
from ui.show import told

if TYPE_CHECKING:
    from ui.desk import Desk


def wire_model(desk: Desk, studio: Studio) -> None:
    dialog = desk.model
    fetching = [dialog.bar, dialog.progress, dialog.cancel, dialog.timer]
    chosen = [dialog.about, dialog.fetch, dialog.use]

    def shelf() -> Shelf:
        if studio.shelf is None:
            raise BadInput("This desk cannot change its model while it runs. Start it with --model.")
        return studio.shelf

    def choice(project: str, offer: Offer | None) -> list[Any]:
        if offer is None:
            return ["", gr.update(visible=False), gr.update(visible=False)]
        present = shelf().present()
        report = studio.memory(project) if project else None
        seconds = studio.relearn_seconds(project) if project else 0.0
        chunks = len(report.chunks) if report else 0
        words = model_view.about(offer, present, shelf().machine(), chunks, seconds)
        other, possible = offer.id != present.id, offer.fit != "no"
        return [
            words,
            gr.update(visible=other and not offer.here and possible),
            gr.update(visible=other and offer.here and possible),
        ]

    def progress() -> list[Any]:
        fetch = shelf().fetch()
        busy = fetch.state == "fetching"
        return [
            gr.update(value=model_view.fetch_bar(fetch), visible=busy),
            gr.update(value=model_view.fetch_line(fetch), visible=fetch.state != "none"),
            gr.update(visible=busy),
            gr.Timer(active=busy),
        ]

    def listed(id: str = "") -> list[Any]:
        present = shelf().present()
        choices = model_view.offer_choices(shelf().offers(), present.id)
        ids = [each for _, each in choices]
        return [
            model_view.present_line(present, studio.model()),
            gr.update(choices=choices, value=id if id in ids else present.id),
        ]

    @told
    def open_dialog(project: str) -> list[Any]:
        fetch = shelf().fetch()
        offer = shelf().look(fetch.id) if fetch.state in ("fetching", "ready") else None
        return [gr.update(visible=True), *listed(fetch.id if offer else ""), *choice(project, offer), *progress()]

    shown = [dialog.present, dialog.offers]
    desk.footer.change.click(
        open_dialog, desk.project, [dialog.box, *shown, *chosen, *fetching], show_progress="hidden"
    )
    dialog.close.click(lambda: gr.update(visible=False), None, dialog.box, show_progress="hidden")

    @told
    def choose(project: str, id: str) -> list[Any]:
        return [*choice(project, shelf().look(id)), ""]

    dialog.offers.input(choose, [desk.project, dialog.offers], [*chosen, dialog.name], show_progress="hidden")

    @told
    def look(project: str, name: str) -> list[Any]:
        return [*choice(project, shelf().look(name)), gr.update(value=None)]

    gr.on(
        [dialog.look.click, dialog.name.submit], look, [desk.project, dialog.name], [*chosen, dialog.offers],
        show_progress="hidden",
    )  # fmt: skip

    @told
    def fetch(offered: str | None, name: str) -> list[Any]:
        shelf().start_fetch(offered or name)
        return [*progress(), gr.update(visible=False)]

    dialog.fetch.click(fetch, [dialog.offers, dialog.name], [*fetching, dialog.fetch], show_progress="hidden")

    def follow(project: str, seen: str | None, name: str) -> list[Any]:
        """A model that has come is chosen, ready to be used, unless another one is looked at meanwhile."""
        try:
            now = shelf().fetch()
            if now.state == "fetching":
                return [*progress(), *[gr.skip()] * 5]
            if (seen or name) != now.id:
                return [*progress(), *listed(seen or ""), *[gr.skip()] * 3]
            return [*progress(), *listed(now.id), *choice(project, shelf().look(now.id))]
        except TemploraError:
            return [*progress(), *[gr.skip()] * 5]

    dialog.timer.tick(
        follow, [desk.project, dialog.offers, dialog.name], [*fetching, *shown, *chosen], queue=False,
        show_progress="hidden",
    )  # fmt: skip

    @told
    def cancel(project: str, offered: str | None, name: str) -> list[Any]:
        shelf().cancel_fetch()
        return [*progress(), *choice(project, shelf().look(offered or name) if offered or name else None)]

    dialog.cancel.click(
        cancel, [desk.project, dialog.offers, dialog.name], [*fetching, *chosen], show_progress="hidden"
    )  # fmt: skip

    @told
    def use(offered: str | None, name: str) -> list[Any]:
        shelf().use(offered or name)
        return [gr.update(visible=False), ""]

    dialog.use.click(use, [dialog.offers, dialog.name], [dialog.box, desk.seen], show_progress="hidden")
