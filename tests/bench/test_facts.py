"""Planting facts, and asking for them: on a model that is taught them, and one that is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from templora.bench import facts
from templora.bench.facts import FACTS, planted, recall
from templora.bench.passages import BASE, MEMORY, passages
from templora.bench.runs import Laboratory
from templora.config import DEFAULT
from templora.engine import ModelInfo

PARAGRAPHS = [f"Paragraph {number} says nothing of note. It rained, and then it rained again." for number in range(120)]


def test_every_statement_is_a_paragraph_and_the_text_is_otherwise_as_it_was() -> None:
    text = "\n\n".join(PARAGRAPHS)
    told = planted(text).split("\n\n")
    statements = {statement for fact in FACTS for statement in fact.statements}
    assert len(statements) == 3 * len(FACTS)
    assert sorted(part for part in told if part in statements) == sorted(statements)
    assert [part for part in told if part not in statements] == PARAGRAPHS


def test_nobody_is_named_in_the_question() -> None:
    for fact in FACTS:
        assert all(fact.name in statement for statement in fact.statements)
        assert not any(part in fact.question for other in FACTS for part in other.name.split())


def test_what_was_planted_and_learnt_is_recalled_better_than_by_the_base_model(
    starter: ModelInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Learnt eagerly, so that one passage is enough to see the benchmark tell a memory that knows from none."""
    monkeypatch.setattr(facts, "DEFAULT", replace(DEFAULT, prefix_tokens=64))
    lab = Laboratory(starter)
    some = FACTS[:2]
    statements = "\n\n".join(statement for fact in some for statement in fact.statements)
    after = "\n\n".join(PARAGRAPHS[:6])  # more than the prefix holds
    parts = passages("told", f"{statements}\n\n{statements}\n\n{after}", lab.tokenizer, 4096)
    assert len(lab.tokenizer.encode(after)) > 64
    *_, result = recall(lab, replace(DEFAULT, epochs=3), parts, some)
    assert result["facts"] == 2 and set(result["loss"]) == {BASE, MEMORY, "base 8192"}
    assert result["loss"][MEMORY] < result["loss"][BASE] - 0.5
    assert result["others"][MEMORY] - result["loss"][MEMORY] > result["others"][BASE] - result["loss"][BASE]
    assert result["recalled"][MEMORY] >= result["recalled"][BASE]
