"""Hard-wrapped lines are joined; lines that are meant are not."""

import textwrap

import pytest

from storage.formats.wraps import join_hard_wraps

PROSE = [
    "The lamp had burned low by the time the ferryman came up the path, and the old woman did not rise to let him in; "
    "she had heard his step on the gravel and knew well enough, from the weight of it, what he had come to tell her.",
    "“You will have had no supper,” she said at last. He shook his head, and the rain ran from the brim of his hat on "
    "to the boards. He had been nine hours on the water, and there was nobody with him.",
    "She waited.",
    "It was some time before he spoke. When he did it was of other things, the height of the river and the price of "
    "rope, and the new well-house at Orrin that had cost so much and given, so far, nothing but brown water.",
    "“And Tom?” she asked.",
    "He turned the hat round in his hands, once, twice, as though there might be something written on the lining that "
    "he could read out to her instead. The clock went on. Outside a dog was barking at nothing, and the reeds hissed "
    "as they always did when the wind went round to the north.",
]
VERSE = "The heron stands in the shallow reach\n  And will not turn its head,\nFor it has heard the curlew's speech"


@pytest.mark.parametrize("width", [45, 60, 65, 72, 80, 100])
def test_wrapped_paragraphs_are_joined(width: int):
    wrapped = "\n\n".join(textwrap.fill(part, width) for part in PROSE)
    assert join_hard_wraps(wrapped) == "\n\n".join(PROSE)


@pytest.mark.parametrize("indent", ["   ", "\t"])
def test_indented_paragraphs_without_blank_lines_are_told_apart(indent: str):
    wrapped = "\n".join(textwrap.fill(indent + part, 66) for part in PROSE)
    assert join_hard_wraps(wrapped) == "\n\n".join(PROSE)


def test_short_last_lines_end_paragraphs_where_nothing_else_does():
    first, second = PROSE[0], PROSE[3]
    wrapped = textwrap.fill(first, 60) + "\n" + textwrap.fill(second, 60)
    assert len(textwrap.wrap(first, 60)[-1]) < 45  # else this says nothing
    assert join_hard_wraps(wrapped) == f"{first}\n\n{second}"


def test_one_paragraph_a_line_stays_so():
    assert join_hard_wraps("\n".join(PROSE)) == "\n\n".join(PROSE)
    assert join_hard_wraps("\n\n".join(PROSE)) == "\n\n".join(PROSE)


def test_talk_a_line_each_is_paragraphs():
    talk = ["“Is he come?”", "“Not yet.”", "“Then bar the door.”", "She barred it."]
    assert join_hard_wraps("\n".join([*talk, PROSE[0]])) == "\n\n".join([*talk, PROSE[0]])


def test_verse_among_wrapped_prose_keeps_its_lines():
    wrapped = "\n\n".join([textwrap.fill(PROSE[0], 72), VERSE, textwrap.fill(PROSE[3], 72)])
    verse = "\n".join(line.strip() for line in VERSE.split("\n"))
    assert join_hard_wraps(wrapped) == "\n\n".join([PROSE[0], verse, PROSE[3]])


def test_verse_alone_keeps_its_lines():
    poem = "so much\ndepends upon\nthe ferry's\nbroken rope\n\nand the cold\nbefore morning"
    assert join_hard_wraps(poem) == poem


def test_long_lines_of_verse_keep_their_lines():
    lines = [
        "Down to the harbour they came in the grey of a morning in autumn,",
        "Silent the men, and the women behind them with lanterns and bundles;",
        "Nobody spoke of the winter, and nobody looked at the headland,",
        "Only the children were singing, as children will sing at a parting,",
        "Songs that the sailors had taught them, and none of them knew what they meant.",
    ]
    prose = [textwrap.fill(part, 72) for part in PROSE]
    assert join_hard_wraps("\n\n".join([*prose, "\n".join(lines)])) == "\n\n".join([*PROSE, "\n".join(lines)])


def test_an_inset_couplet_of_long_lines_keeps_its_lines():
    lines = [
        "Nobody spoke of the winter, and nobody looked at the headland,",
        "Only the children were singing, as ever.",
    ]
    wrapped = "\n\n".join(textwrap.fill(part, 66) for part in PROSE) + "\n\n" + "\n".join(f"    {x}" for x in lines)
    assert join_hard_wraps(wrapped) == "\n\n".join([*PROSE, "\n".join(lines)])


def test_a_line_that_breaks_off_early_in_a_sentence_is_joined():
    lines = textwrap.wrap(PROSE[5], 72)
    lines[1] = " ".join(lines[1].split()[:-3])
    lines[2] = "I " + lines[2]
    assert 45 < len(lines[1]) < 60  # else this says nothing
    assert join_hard_wraps("\n".join(lines)) == " ".join(lines)


def test_without_any_blank_lines_nearly_full_last_lines_end_paragraphs_too():
    part = "The rain had come again, and there was nobody on the road to "
    part += "town but the carrier with his boy. They went slowly."
    assert len(textwrap.wrap(part, 60)[-1]) + len(" The") in range(53, 61)  # else this says nothing
    text = "\n".join([textwrap.fill(part, 60)] * 20)
    assert join_hard_wraps(text) == "\n\n".join([part] * 20)


def test_a_letter_keeps_its_greeting_and_signature():
    body = textwrap.fill(PROSE[3], 70)
    letter = f"{textwrap.fill(PROSE[0], 70)}\n\nDear Mother,\n{body}\nYour loving son,\nTom"
    assert join_hard_wraps(letter).split("\n\n")[1:] == [f"Dear Mother,\n{PROSE[3]}", "Your loving son,\nTom"]


def test_words_broken_at_a_dash_or_hyphen_are_not_parted():
    text = (
        "He had seen it from the hill that very morning, he said--a well-\n"
        "house of new brick, with a tin roof, and beside it the wreck--\n"
        "or what the flood had left of it. There were two- and three-\n"
        "pound weights hung from the beam, and a bell, and a pre-\n"
        "or postscript nailed to the door by somebody who had gone."
    )
    joined = join_hard_wraps(text)
    assert "a well-house of" in joined
    assert "the wreck--or what" in joined
    assert "three-pound" in joined
    assert "a pre- or postscript" in joined


def test_marked_line_breaks_are_believed():
    lines = [part[:70] for part in PROSE if len(part) > 70]
    text = "  \n".join(lines)
    assert join_hard_wraps(text) == "\n".join(line.strip() for line in lines)


def test_nothing_but_white_space_changes():
    text = "\n\n".join([textwrap.fill(PROSE[5], 50), VERSE, "Fin", "a\n\tb\n   c\n----\n  d"])
    assert "".join(join_hard_wraps(text).split()) == "".join(text.split())


def test_empty_text_is_empty():
    assert join_hard_wraps(" \n\n\t\n") == ""
