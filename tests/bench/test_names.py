"""Which words count as names that come back, and how far back."""

from __future__ import annotations

from pathlib import Path

from templora.bench.names import mentions, names
from templora.bench.passages import passages
from templora.chunks import FileTokenizer
from templora.engine import ModelInfo

STORY = (
    "In the evening Margriet came. Then Margriet spoke, and old Margriet laughed. The rose is red; so Rose and Rose "
    "and Rose agreed. Suddenly it was dark. We met Anton once, near Utrecht."
)


def test_a_name_stands_inside_sentences_several_times_and_never_in_lower_case() -> None:
    assert names(STORY) == {"Margriet"}


def test_a_mention_knows_its_tokens_and_how_long_ago_the_last_one_was(starter: ModelInfo) -> None:
    tokenizer = FileTokenizer(starter.tokenizer)
    text = STORY + "\n\n" + " ".join(["It rained."] * 200) + "\n\nWhere was Margriet’s brother?"
    parts = passages("a", text, tokenizer, 4096)
    found = mentions(parts, tokenizer)
    assert len(parts) == 2 and [each.passage for each in found] == [0, 0, 0]
    assert found[0].gap is None and found[1].gap is not None and 0 < found[1].gap < 8
    for each in found:
        ids = parts[0].ids[each.first : each.last]
        spans = tokenizer.offsets(parts[0].text)[each.first : each.last]
        assert parts[0].text[spans[0][0] : spans[-1][1]].strip() == "Margriet" and len(ids) == len(spans)


def test_the_gap_counts_tokens_across_passages(starter: ModelInfo) -> None:
    tokenizer = FileTokenizer(starter.tokenizer)
    text = STORY + "\n\n" + " ".join(["It rained."] * 200) + "\n\nIn the rain Margriet waited."
    parts = passages("a", text, tokenizer, 4096)
    third, last = mentions(parts, tokenizer)[2:]
    between = len(parts[0].ids) - third.last + sum(len(part.ids) for part in parts[1 : last.passage]) + last.first
    assert last.passage > 0 and last.gap == between > 500


def test_a_real_text_is_read_as_it_is_split(starter: ModelInfo, tmp_path: Path) -> None:
    tokenizer = FileTokenizer(starter.tokenizer)
    parts = passages("a", STORY, tokenizer, 4096)
    assert "".join(part.text for part in parts).strip() == STORY
