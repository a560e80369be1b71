"""Other families of models load from a folder, learn, write and rewrite through the same code as the starter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    MistralConfig,
    Phi3Config,
    Qwen3Config,
)

from templora.config import Sampling
from templora.embedded import EmbeddedEngine
from templora.engine import Continue, Event, Open, Rewrite, TakeDone
from templora.phrases import WORD, Phrases
from tests.engine.asking import chain, learn, score, text_of
from tests.engine.test_architectures import SIZES
from tests.engine.test_prompts import TEMPLATE
from tests.engine.tiny import QUICK, tiny_tokenizer, wait_until

GPT2: dict[str, Any] = {"vocab_size": 320, "n_embd": 64, "n_layer": 3, "n_head": 4, "n_positions": 256}
FAMILIES: dict[str, Callable[[], Any]] = {
    # What the config calls BOS, Qwen's tokenizers do not have; they share the weights of input and output.
    "Qwen3": lambda: Qwen3Config(**SIZES, tie_word_embeddings=True),
    "Gemma 3": lambda: Gemma3TextConfig(
        **SIZES, sliding_window=16, layer_types=["sliding_attention", "full_attention"] * 2, tie_word_embeddings=True
    ),
    "Mistral": lambda: MistralConfig(**SIZES, sliding_window=16),
    "GPT-2": lambda: GPT2Config(**GPT2, bos_token_id=1, eos_token_id=1),
    "Phi-3": lambda: Phi3Config(**{name: size for name, size in SIZES.items() if name != "head_dim"}),
}
WITHOUT_BOS = {"Qwen3", "GPT-2"}
CHATTING = {"Qwen3", "Gemma 3", "Phi-3"}


@pytest.fixture(params=FAMILIES, scope="module")
def family(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def engine(family: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    """The family's smallest model with random weights, loaded from files as any other."""
    folder: Path = tmp_path_factory.mktemp("family")
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_config(FAMILIES[family]())
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.15)
    model.save_pretrained(folder / "model")
    tokenizer = tiny_tokenizer()
    if family in WITHOUT_BOS:
        tokenizer.bos_token = None
    if family in CHATTING:
        tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder / "model")
    engine = EmbeddedEngine(str(folder / "model"), folder / "models", QUICK)
    wait_until(lambda: engine.status().state in ("ready", "failed"))
    assert engine.status().state == "ready", engine.status().message
    yield engine
    engine.close()


def written(engine: EmbeddedEngine, request: Any) -> list[Event]:
    events = list(engine.stream(request))
    assert {event.take for event in events if isinstance(event, TakeDone)} == set(range(request.sampling["takes"]))
    return events


def test_what_is_known_of_it(engine: EmbeddedEngine, family: str) -> None:
    info = engine.status().info
    assert info is not None
    assert (info.bos_id is None) == (family in WITHOUT_BOS)
    assert info.context_tokens == (256 if family == "GPT-2" else 512)
    assert engine.status().answers == (family in CHATTING)


def test_it_learns_what_it_is_taught(engine: EmbeddedEngine, ids: list[int]) -> None:
    engine.call(Open(chain(0)))
    lesson = learn(engine, ids, 0)
    first = len(lesson.base_losses) // 4  # of a first step's tokens: nothing was learnt before them
    assert lesson.memory_losses[:first] == pytest.approx(lesson.base_losses[:first], abs=1e-3)
    before = score(engine, ids, None)
    for index in range(1, 4):
        learn(engine, ids, index)
    after = score(engine, ids, chain(4))
    assert sum(after) < sum(before) - 1
    assert score(engine, ids, None) == pytest.approx(before, abs=1e-4)


def test_it_writes_with_the_memory_and_without(engine: EmbeddedEngine, ids: list[int]) -> None:
    engine.call(Open(chain(0)))
    learn(engine, ids, 0)
    sampling = asdict(Sampling(max_tokens=16, seed=2, takes=2))
    plain = written(engine, Continue(None, ids[:90], sampling))
    assert text_of(plain)
    assert written(engine, Continue(None, ids[:90], sampling)) == plain
    assert written(engine, Continue(chain(1), ids[:90], sampling)) != plain


def test_it_goes_back_where_a_phrase_is_banned(engine: EmbeddedEngine, ids: list[int]) -> None:
    greedy = Sampling(max_tokens=30, seed=1, temperature=0, repetition_penalty=1.0, dry_multiplier=0.0)
    words = [word[0] for word in WORD.finditer(text_of(written(engine, Continue(None, ids[:90], asdict(greedy)))))]
    banned = tuple(words[1:4])
    sampling = asdict(Sampling(max_tokens=30, seed=1, temperature=0, repetition_penalty=1.0, banned=banned))
    text = text_of(written(engine, Continue(None, ids[:90], sampling)))
    assert Phrases(banned).look("x" + text, 1, 1, final=True)[0] is None


def test_it_rewrites_a_passage(engine: EmbeddedEngine) -> None:
    request = Rewrite(None, "It was late.", "She closed the door.", "It froze.", "", asdict(Sampling(max_tokens=12)))
    assert isinstance(written(engine, request)[-1], TakeDone)


def test_a_take_never_outgrows_the_context(engine: EmbeddedEngine, ids: list[int]) -> None:
    info = engine.status().info
    assert info is not None
    long = (ids * 9)[: info.context_tokens + 40]
    done = written(engine, Continue(None, long, asdict(Sampling(max_tokens=info.context_tokens, seed=1))))[-1]
    assert isinstance(done, TakeDone) and done.tokens <= info.context_tokens // 2
