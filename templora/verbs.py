"""What can be done to a passage: the verbs of a rewrite, and how each is asked for. Pure.

A model that has been taught to answer is told the `wish`. One that only writes on is shown an `example` of the same
kind before the passage: it goes on with the pattern.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """`result` ends "Here is the passage, …"; `growth` is how much longer than the passage the answer may be; `kept`:
    it has as many paragraphs as the passage."""

    wish: str
    result: str
    example: tuple[str, str]
    growth: float = 1.5
    kept: bool = False


_PLAIN = "The door is open. She walks in and sits down by the fire, and nobody looks up."

VERBS = {
    "rewrite": Verb(
        "Rewrite this passage so that it reads better; keep its meaning.",
        "rewritten",
        (
            "He was very tired and he went up the stairs slowly, one after the other, because he was tired.",
            "He climbed the stairs one at a time, as if each had been put there to spite him.",
        ),
    ),
    "expand": Verb(
        "Expand this passage to about twice its length. Stay with the same moment; add what is seen, heard and felt, "
        "and let nothing new happen.",
        "expanded",
        (
            "The rain came in from the sea. She closed the shutters.",
            "The rain came in from the sea, first as a smell, then as a greyness that took the headland and the boats "
            "one by one. She stood at the window until the first drops struck her wrists. Then she closed them, "
            "and set the bar across them, and listened to it arrive.",
        ),
        3.0,
    ),
    "shorten": Verb(
        "Shorten this passage to about half its length. Keep what happens, and the voice.",
        "shortened",
        (
            "He looked for the key in the drawer, and then in the other drawer, and on the shelf where the key usually "
            "was, but he could not find the key anywhere, and in the end he gave up and sat down.",
            "He looked for the key in both drawers and on its shelf. In the end he sat down.",
        ),
        1.0,
        kept=True,
    ),
    "describe": Verb(
        "Rewrite this passage with more description: what can be seen, heard, smelt and touched. Let nothing new "
        "happen.",
        "with more description",
        (
            "They went into the kitchen. There was food on the table.",
            "They went into the kitchen, where the heat of the stove lay against their faces and the lamp had drawn a "
            "ring of moths. There was bread on the table, its crust still ticking, and a blue dish of plums.",
        ),
        3.0,
    ),
    "past": Verb(
        "Put this passage into the past tense. Change nothing else.",
        "in the past tense",
        (_PLAIN, "The door was open. She walked in and sat down by the fire, and nobody looked up."),
        kept=True,
    ),
    "present": Verb(
        "Put this passage into the present tense. Change nothing else.",
        "in the present tense",
        ("The door was open. She walked in and sat down by the fire, and nobody looked up.", _PLAIN),
        kept=True,
    ),
    "first": Verb(
        "Tell this passage in the first person, with 'I' for the character that it follows. Change nothing else.",
        "in the first person",
        (_PLAIN, "The door is open. I walk in and sit down by the fire, and nobody looks up."),
        kept=True,
    ),
    "third": Verb(
        "Tell this passage in the third person, with 'she', 'he' or a name for whoever says 'I'. Change nothing else.",
        "in the third person",
        ("The door is open. I walk in and sit down by the fire, and nobody looks up.", _PLAIN),
        kept=True,
    ),
}


def tokens_for(verb: str, characters: int) -> int:
    """Room for the answer to a passage of so many characters, in tokens of about three; never cramped."""
    growth = VERBS[verb].growth if verb in VERBS else 1.5
    return min(2048, max(64, round(growth * characters / 3)))
