"""Recall of planted facts: eight invented people, each named three times early in a book, asked for much later.

Planted as paragraphs of their own between one eighth and five eighths of the text, asked for at its end in a sentence
that was never planted: of 32,768 tokens, neither a 512-token nor an 8,192-token window holds them then. A fact counts
as recalled where the right name is the most probable of the eight (chance: one). Invented: no model has read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from templora import chunks as chunking
from templora.bench.passages import BASE, MEMORY
from templora.bench.runs import Laboratory
from templora.chunks import Chunk
from templora.config import DEFAULT, Recipe
from templora.learner import Learner

FROM, TO = 1 / 8, 5 / 8


@dataclass(frozen=True)
class Fact:
    name: str
    statements: tuple[str, str, str]
    question: str


FACTS = tuple(
    Fact(name, (first, second, third), question)
    for name, first, second, third, question in (
        (
            "Orsolya Tambrink",
            "The ferry across the Lessing was in those days kept by Orsolya Tambrink.",
            "Whoever would cross the river had to wake Orsolya Tambrink, who kept the ferry.",
            "“The ferry?” said the boy. “You must ask Orsolya Tambrink, it is hers.”",
            "The name of her who kept the ferry was",
        ),
        (
            "Caspar Welt",
            "The clock in the tower had been built by Caspar Welt, and nobody else could mend it.",
            "When the clock stopped they sent for Caspar Welt, as they had always done.",
            "Old Caspar Welt the clockmaker had gone deaf from the bells.",
            "The clock was mended in the end by",
        ),
        (
            "Ines Quillfeather",
            "The school by the chapel was kept by Ines Quillfeather.",
            "All the children of the parish had learnt their letters from Ines Quillfeather.",
            "The schoolmistress, Ines Quillfeather, never raised her voice.",
            "The schoolmistress was called",
        ),
        (
            "Bartold Nye",
            "The mill on the hill belonged to Bartold Nye, who ground for three villages.",
            "The flour was brought down by Bartold Nye the miller himself.",
            "“Nobody grinds finer than Bartold Nye,” said the baker.",
            "The miller of the three villages was",
        ),
        (
            "Sephira Lowe",
            "It was Sephira Lowe who physicked the sick of the valley.",
            "They sent a horse through the snow for the doctor, Sephira Lowe.",
            "The fever broke on the third night, as Sephira Lowe had said it would.",
            "The doctor for whom they sent was",
        ),
        (
            "Jory Pennant",
            "The lighthouse on the point was tended by Jory Pennant.",
            "From the shore one saw the lamp of Jory Pennant, the keeper of the light.",
            "In forty years Jory Pennant had not once let the lighthouse go dark.",
            "The man who kept the lighthouse was named",
        ),
        (
            "Magda Stour",
            "The inn at the crossing belonged to the widow Magda Stour.",
            "Travellers who came late were let in at the inn by Magda Stour.",
            "“A room,” said Magda Stour the innkeeper, “and no dogs.”",
            "The inn was kept by the widow",
        ),
        (
            "Tobit Harrowgate",
            "The letters were carried over the pass by Tobit Harrowgate.",
            "When the post was late it was never the fault of Tobit Harrowgate.",
            "Tobit Harrowgate the postman knew every dog by its name.",
            "The postman who crossed the pass was",
        ),
    )
)


def planted(text: str) -> str:
    """`text` with every statement as a paragraph of its own, spread evenly; the three of a fact far from each other."""
    statements = [fact.statements[turn] for turn in range(3) for fact in FACTS]
    parts: list[str] = []
    done = 0
    for number, statement in enumerate(statements):
        goal = round((FROM + (TO - FROM) * number / len(statements)) * len(text))
        cut = text.find("\n\n", max(goal, done))
        if cut < 0:
            break
        parts.append(text[done:cut] + "\n\n" + statement)
        done = cut
    return "".join(parts) + text[done:]


def recall(
    lab: Laboratory, recipe: Recipe, parts: list[Chunk], facts: tuple[Fact, ...] = FACTS
) -> Iterator[dict[str, Any]]:
    """Learn the book with the facts in it, then ask. Yields progress ({"learnt": n, "of": m}), at last the result.

    The result has, for each reader, the mean loss (nats a token) of the right names, that of the `others` after the
    same questions, and how many were `recalled`. Each name is right once and among the others for every other question:
    by how much the first loss is below the second is what is known of the facts, beside the names.
    """
    adapter = lab.adapter(recipe)
    learner = Learner(adapter, lab.info.bos_id)
    chain = chunking.origin(lab.info.fingerprint, recipe)
    for index, part in enumerate(parts):
        learner.learn(chunking.prefix(parts, index, recipe.prefix_tokens), part.ids, chain)
        chain = chunking.link(chain, part.text)
        yield {"learnt": index + 1, "of": len(parts)}
    read = [id for part in parts for id in part.ids]
    names = [lab.tokenizer.encode(f" {fact.name}") for fact in facts]
    losses: dict[str, list[float]] = {BASE: [], MEMORY: [], "base 8192": []}
    others: dict[str, list[float]] = {BASE: [], MEMORY: []}
    recalled = {BASE: 0, MEMORY: 0}
    for number, fact in enumerate(facts):
        asked = [*read, *lab.tokenizer.encode(f"\n\n{fact.question}")]
        answers = [learner.compare(asked[-DEFAULT.prefix_tokens :], name) for name in names]
        for side, reader in enumerate((BASE, MEMORY)):
            means = [sum(answer[side]) / len(answer[side]) for answer in answers]
            losses[reader].append(means[number])
            others[reader] += means[:number] + means[number + 1 :]
            recalled[reader] += means[number] == min(means)
        far = learner.score(asked[-8192:], names[number], memory=False)
        losses["base 8192"].append(sum(far) / len(far))
    yield {
        "loss": {reader: fmean(found) for reader, found in losses.items()},
        "others": {reader: fmean(found) for reader, found in others.items()},
        "recalled": recalled,
        "facts": len(facts),
    }
