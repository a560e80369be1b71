"""The models that there are, as words and numbers. Pure, as `ui.view` is."""

from __future__ import annotations

from collections.abc import Sequence

from templora.engine import ModelStatus
from templora.shelf import Fetch, Machine, Offer
from ui import view


def billions(parameters: int) -> str:
    return f"{parameters / 1e9:.1f} B" if parameters >= 950_000_000 else f"{parameters / 1e6:.0f} M"


def gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def present_line(offer: Offer, status: ModelStatus) -> str:
    """The model in use, and where it runs."""
    size = f" · {billions(offer.parameters)} parameters" if offer.parameters else ""
    where = "" if status.state in ("fetching", "loading", "failed") else f" · {_where(status.device)}"
    line = {"fetching": status.message, "loading": status.message, "failed": status.message}.get(status.state, "")
    return f"In use: {view.short(offer.id)}{size}{where}" + (f"\n{line}" if line else "")


def _where(device: str) -> str:
    return "on this computer’s processor" if device in ("", "cpu") else f"on {device}"


def offer_choices(offers: Sequence[Offer], present: str) -> list[tuple[str, str]]:
    """(name and what is known of it, id)."""
    return [(f"{view.short(offer.id)}\t{_facts(offer, present)}", offer.id) for offer in offers]


def _facts(offer: Offer, present: str) -> str:
    size = billions(offer.parameters) if offer.parameters else "size not known"
    if offer.id == present:
        return f"{size} · in use"
    place = "here" if offer.here else "to fetch"
    return f"{size} · {place} · {_fit(offer)}"


def _fit(offer: Offer) -> str:
    match offer.fit:
        case "card":
            return "fits the graphics card"
        case "processor":
            slow = offer.parameters is not None and offer.parameters > 1_000_000_000
            return "fits, slowly" if slow else "fits"
        case "no":
            return "too big"
        case None:
            return "looked at when fetched"


def about(offer: Offer, present: Offer, machine: Machine, chunks: int, seconds: float) -> str:
    """What choosing a model means. `seconds`: what learning the book's `chunks` passages takes with the present one."""
    if offer.id == present.id:
        return "This is the model in use."
    lines: list[str] = []
    if offer.needs is not None:
        cards = f" and {gigabytes(machine.cards)} on the graphics card" if machine.cards else ""
        free = f"{gigabytes(machine.free)} of {gigabytes(machine.memory)} are free{cards}"
        lines.append(f"It needs about {gigabytes(offer.needs)} of memory, with room for learning; {free}.")
    if not offer.here and offer.parameters is not None:
        lines.append(f"About {gigabytes(2 * offer.parameters)} are fetched, once; a download can be interrupted.")
    if chunks:
        factor = offer.parameters / present.parameters if offer.parameters and present.parameters else None
        cost = f": {view.duration(seconds * factor)} here, by the pace so far" if factor else ""
        books = view.count(chunks, "passage")
        lines.append(
            f"A memory belongs to one model: with this one the book’s {books} are learnt anew{cost}. The memory as it "
            "is now is kept on the disk while there is room, should you come back. Your text does not change."
        )
    return "\n".join(lines)


def fetch_line(fetch: Fetch) -> str:
    done = f" · {100 * fetch.progress:.0f} %" if fetch.state == "fetching" and fetch.progress is not None else ""
    return f"{view.short(fetch.id)}: {fetch.message}{done}" if fetch.state != "none" else ""


def fetch_bar(fetch: Fetch) -> str:
    return f"<div class='bar'><i style='width:{100 * (fetch.progress or 0):.0f}%'></i></div>"
