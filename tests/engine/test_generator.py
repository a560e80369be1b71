from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from templora.adapter import Adapter, copy_cache
from templora.config import Sampling
from templora.engine import Event, TakeDone, Token
from templora.errors import BadInput
from templora.generator import BLOCK_TOKENS, FIRST_BLOCK_TOKENS, FIRST_BLOCKS, READ_AHEAD_S, Generator
from templora.learner import Learner
from templora.streaming import LeadingSpace, Paragraphs
from tests.engine.tiny import base_weights

WHOLE = FIRST_BLOCKS * FIRST_BLOCK_TOKENS + 2 * BLOCK_TOKENS
SAMPLING = Sampling(max_tokens=40, seed=7, top_p=1.0, min_p=0.0, repetition_penalty=1.0)


@pytest.fixture
def generator(adapter: Adapter, tokenizer: PreTrainedTokenizerFast) -> Generator:
    return Generator(adapter, tokenizer)


@pytest.fixture
def prompt(ids: list[int]) -> list[int]:
    """Some whole blocks and part of another."""
    prompt = ([0] + 4 * ids)[: WHOLE + 20]
    assert len(prompt) == WHOLE + 20
    return prompt


def texts(events: list[Event]) -> list[str]:
    """The text of each take."""
    count = 1 + max(event.take for event in events)
    return ["".join(e.text for e in events if isinstance(e, Token) and e.take == take) for take in range(count)]


def test_a_take_is_tokens_and_then_its_end(generator: Generator, prompt: list[int]) -> None:
    events = list(generator.stream(prompt, None, replace(SAMPLING, seed=2)))
    assert events[-1] == TakeDone(0, 40, "length")
    assert all(isinstance(event, Token) and event.text for event in events[:-1])
    assert len(texts(events)[0]) > 20


def test_greedy_writing_is_the_models_own(adapter: Adapter, tokenizer: Any, ids: list[int]) -> None:
    generator = Generator(adapter, tokenizer)
    sampling = replace(SAMPLING, temperature=0, max_tokens=12)
    text = texts(list(generator.stream([0, *ids[:50]], None, sampling)))[0]
    window = torch.tensor([[0, *ids[:50]]], device=adapter.device)
    with torch.no_grad():
        for _ in range(12):
            logits = adapter.forward(window, None, memory=False, keep=1)[0, -1]
            window = torch.cat([window, logits.argmax().view(1, 1)], dim=1)
    drawn = window[0, 51:].tolist()
    assert text == tokenizer.decode(drawn).rstrip("\ufffd").replace("\ufffd", "")


def test_a_take_is_reproducible_by_its_seed_whatever_was_read_before(
    generator: Generator, prompt: list[int], adapter: Adapter, tokenizer: PreTrainedTokenizerFast
) -> None:
    first = list(generator.stream(prompt, None, SAMPLING))
    again = list(generator.stream(prompt, None, SAMPLING))
    other = list(generator.stream(prompt, None, replace(SAMPLING, seed=8)))
    for length in (1, 32, 100, 128, 140, 200, 256, 258, WHOLE - 10, WHOLE + 5):
        list(generator.stream([*prompt[:length], 5, 6, 7], None, SAMPLING))
        list(generator.stream(prompt[: length + 10], None, SAMPLING))
    after_others = list(generator.stream(prompt, None, SAMPLING))
    assert first == again == after_others != other
    assert list(Generator(adapter, tokenizer).stream(prompt, None, SAMPLING)) == first


def test_takes_of_one_batch_are_the_single_takes_of_their_seeds(generator: Generator, prompt: list[int]) -> None:
    batch = texts(list(generator.stream(prompt, None, replace(SAMPLING, takes=3))))
    single = [texts(list(generator.stream(prompt, None, replace(SAMPLING, seed=7 + take))))[0] for take in range(3)]
    # A batch sums in another order than a single row: a drawing on the edge may fall to the other side, later on.
    assert [text[:20] for text in batch] == [text[:20] for text in single]
    assert len(set(batch)) == 3


def test_takes_end_one_by_one_and_the_others_go_on(generator: Generator, prompt: list[int]) -> None:
    sampling = replace(SAMPLING, takes=3, temperature=1.5, max_tokens=120)
    ends = frozenset(range(0, 320, 40))  # more tokens that end a text, so that takes end at different lengths
    generator._ends = ends  # pyright: ignore[reportPrivateUsage]
    events = list(generator.stream(prompt, None, sampling))
    done = [event for event in events if isinstance(event, TakeDone)]
    assert sorted(event.take for event in done) == [0, 1, 2]
    assert len({event.tokens for event in done}) == 3
    for take in range(3):
        alone = list(generator.stream(prompt, None, replace(sampling, takes=1, seed=7 + take)))
        assert texts(alone)[0][:10] == texts(events)[take][:10]


def test_an_end_of_text_token_ends_the_take_and_is_not_shown(
    generator: Generator, prompt: list[int], adapter: Adapter
) -> None:
    with torch.no_grad():
        hidden = adapter.base.model(torch.tensor([prompt], device=adapter.device)).last_hidden_state[0, -1]
        adapter.base.get_output_embeddings().weight[1] = 50 * hidden.sign()  # </s> is certain after this prompt
    assert list(generator.stream(prompt, None, SAMPLING)) == [TakeDone(0, 0, "stop")]


def test_cancelling_stops_at_the_next_token(generator: Generator, prompt: list[int]) -> None:
    seen: list[Event] = []
    for event in generator.stream(
        prompt, None, replace(SAMPLING, takes=2, max_tokens=200), cancelled=lambda: len(seen) >= 6
    ):
        seen.append(event)
    done = [event for event in seen if isinstance(event, TakeDone)]
    assert [event.finish_reason for event in done] == ["cancelled", "cancelled"]
    assert len(seen) <= 6 + 2 + 2
    assert all(event.tokens < 10 for event in done)


def test_cancelled_while_reading_the_prompt_nothing_is_written(generator: Generator, prompt: list[int]) -> None:
    events = list(generator.stream(prompt, None, replace(SAMPLING, takes=2), cancelled=lambda: True))
    assert events == [TakeDone(0, 0, "cancelled"), TakeDone(1, 0, "cancelled")]


def test_filters_shape_and_end_a_take(generator: Generator, tokenizer: PreTrainedTokenizerFast, ids: list[int]) -> None:
    paragraphs = list(generator.stream([0, *ids], None, SAMPLING, lambda: [Paragraphs()]))
    plain = list(generator.stream([0, *ids], None, SAMPLING))
    assert texts(plain)[0].startswith(texts(paragraphs)[0].rstrip())
    spaced = list(generator.stream([0, *ids], None, SAMPLING, lambda: [LeadingSpace()]))
    assert texts(spaced)[0] == texts(plain)[0].lstrip(" ")


def test_the_memory_reads_the_last_token_of_the_prompt(adapter: Adapter, tokenizer: Any, ids: list[int]) -> None:
    """Even a take of one token is drawn by the memory, on a prompt that the base model has encoded."""
    learner = Learner(adapter, 0)
    for _ in range(12):
        learner.learn([], ids[:32], "00")
    generator = Generator(adapter, tokenizer)
    greedy = replace(SAMPLING, temperature=0, max_tokens=1)
    prompt = [0, *ids[:20]]
    memory = texts(list(generator.stream(prompt, "aa", greedy)))[0]
    base = texts(list(generator.stream(prompt, None, greedy)))[0]
    assert memory == tokenizer.decode(ids[20:21])
    assert memory != base


def counting(adapter: Adapter) -> list[int]:
    """How many tokens each call of its `encode` from now on reads."""
    read: list[int] = []
    encode = adapter.encode

    def counted(ids: list[int], cache: Any, *, memory: float) -> None:
        read.append(len(ids))
        encode(ids, cache, memory=memory)

    adapter.encode = counted  # type: ignore[method-assign]
    return read


def test_what_was_read_is_kept_by_who_read_it(adapter: Adapter, tokenizer: Any, prompt: list[int]) -> None:
    generator = Generator(adapter, tokenizer)
    read = counting(adapter)

    def tokens_read(ids: list[int], memory: str | None) -> int:
        read.clear()
        list(generator.stream(ids, memory, replace(SAMPLING, max_tokens=1)))
        return sum(read)

    # The end of a prompt, less than a block, is read each time together with its last token: it is not counted here.
    assert tokens_read(prompt, None) == WHOLE
    assert tokens_read(prompt, None) == 0
    assert tokens_read(prompt, "aa") == WHOLE
    assert tokens_read(prompt, "aa") == 0
    assert generator.readers() == {"aa"}
    assert tokens_read([*prompt, 9, 9], None) == 0
    assert tokens_read([*prompt, *prompt[: 2 * BLOCK_TOKENS]], None) == 2 * BLOCK_TOKENS
    assert tokens_read([*prompt[: WHOLE - 10], 9, 9, *prompt[WHOLE - 8 :]], None) == BLOCK_TOKENS
    generator.forget()
    assert tokens_read(prompt, None) == WHOLE
    assert generator.readers() == set()


def test_what_was_asked_for_last_is_read_ahead_when_the_memory_has_learnt(
    adapter: Adapter, tokenizer: Any, prompt: list[int], ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    generator, learner = Generator(adapter, tokenizer), Learner(adapter, 0)
    one = replace(SAMPLING, max_tokens=1)
    read = counting(adapter)
    generator.read_ahead("aa", lambda: False)
    assert read == [], "nobody has asked for anything"
    list(generator.stream(prompt, "aa", one))
    learner.learn([], ids[:32], "aa")
    generator.became("aa", "bb")
    read.clear()
    generator.read_ahead("cc", lambda: False)
    assert read == [], "another book's memory is in the model"
    asked = 0

    def second() -> bool:
        nonlocal asked
        asked += 1
        return asked == 2

    generator.read_ahead("bb", second)
    assert 0 < sum(read) < WHOLE
    generator.read_ahead("bb", lambda: False)
    assert sum(read) == WHOLE, "it goes on where it was called away"
    events = list(generator.stream(prompt, "bb", one))
    assert sum(read) == WHOLE
    assert events == list(Generator(adapter, tokenizer).stream(prompt, "bb", one))
    generator.became("bb", "cc")
    later = time.monotonic() + READ_AHEAD_S
    monkeypatch.setattr(time, "monotonic", lambda: later)
    read.clear()
    generator.read_ahead("cc", lambda: False)
    assert read == [], "it was asked for long ago"
    generator.forget()
    monkeypatch.undo()
    generator.read_ahead("cc", lambda: False)
    assert read == []


def test_a_prompt_longer_than_the_context_loses_its_beginning(
    generator: Generator, adapter: Adapter, ids: list[int]
) -> None:
    adapter.context_tokens = 64
    sampling = replace(SAMPLING, max_tokens=24)
    events = list(generator.stream([0, *ids, *ids], None, sampling))
    assert isinstance(events[-1], TakeDone)
    fitted = [0, *[*ids, *ids][-39:]]
    assert list(generator.stream(fitted, None, sampling)) == events


def test_a_take_never_outgrows_the_context(generator: Generator, adapter: Adapter, ids: list[int]) -> None:
    adapter.context_tokens = 64
    events = list(generator.stream([0, *ids], None, replace(SAMPLING, max_tokens=500)))
    assert isinstance(events[-1], TakeDone)
    assert events[-1].tokens <= 32


def test_nothing_to_go_on_from_is_said_clearly(generator: Generator) -> None:
    with pytest.raises(BadInput, match="Write a few words"):
        list(generator.stream([], None, SAMPLING))


@pytest.mark.parametrize(
    ("setting", "allowed"),
    [({"top_k": 1}, 1), ({"min_p": 0.999}, 1), ({"top_p": 0.000001}, 1), ({"temperature": 0}, 1), ({}, 300)],
)
def test_samplers_narrow_what_is_drawn(
    generator: Generator, prompt: list[int], setting: dict[str, Any], allowed: int
) -> None:
    takes = {
        texts(list(generator.stream(prompt, None, replace(SAMPLING, max_tokens=3, seed=seed, **setting))))[0]
        for seed in range(6)
    }
    assert (len(takes) == 1) == (allowed == 1)


def test_the_repetition_penalty_counts_prompt_and_take(generator: Generator, prompt: list[int]) -> None:
    greedy = replace(SAMPLING, temperature=0, max_tokens=60)
    plain = texts(list(generator.stream(prompt, None, greedy)))[0]
    varied = texts(list(generator.stream(prompt, None, replace(greedy, repetition_penalty=2.5))))[0]
    assert plain != varied


def test_base_weights_are_bit_identical_after_writing(
    generator: Generator, adapter: Adapter, prompt: list[int]
) -> None:
    before = base_weights(adapter)
    list(generator.stream(prompt, "aa", replace(SAMPLING, takes=2)))
    assert base_weights(adapter) == before


def test_banned_phrases_are_in_no_take_of_a_batch_and_the_others_are_as_they_were(
    generator: Generator, prompt: list[int]
) -> None:
    plain = texts(list(generator.stream(prompt, None, replace(SAMPLING, takes=3))))
    (word,) = re.findall(r"(?<!\w)\w(?!\w)", plain[1])[:1]
    sampling = replace(SAMPLING, takes=3, banned=(word,), banned_any_case=False)
    events = list(generator.stream(prompt, None, sampling))
    assert not any(re.search(rf"(?<![^\W_]){word}(?![^\W_])", text) for text in texts(events))
    assert {event.take for event in events if isinstance(event, TakeDone)} == {0, 1, 2}
    for text, before in zip(texts(events), plain, strict=True):
        assert text[:20] == before[:20] or re.search(rf"(?<![^\W_]){word}(?![^\W_])", before)


def test_a_take_that_went_back_goes_on_as_if_it_had_come_there_at_once(
    generator: Generator, adapter: Adapter, tokenizer: Any, prompt: list[int]
) -> None:
    """Greedy: what comes after the way back is what the model says after the text as it stands."""
    greedy = replace(SAMPLING, temperature=0, max_tokens=24)
    prompt = prompt[:84]
    plain = texts(list(generator.stream(prompt, None, greedy)))[0]
    phrase = re.findall(r"\w+\W+\w+", plain)[1]
    for croppable in (True, False):
        adapter._croppable_cache = croppable  # pyright: ignore[reportPrivateUsage]
        take = texts(list(generator.stream(prompt, None, replace(greedy, banned=(phrase,)))))[0]
        assert phrase not in take
        ids = tokenizer.encode(take, add_special_tokens=False)
        assert len(ids) > 12
    assert take == texts(list(generator.stream(prompt, None, replace(greedy, banned=(phrase,)))))[0]


def test_the_first_token_waits_for_no_copy_of_the_weights(
    generator: Generator, prompt: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making the copy, and bringing it up to date, is done while the first token is already on the page."""

    def refused(self: object) -> None:
        raise AssertionError("asked for the copy")

    sampling = replace(SAMPLING, temperature=0, max_tokens=6)
    (first, *rest) = list(generator.stream(prompt[:84], None, sampling))
    assert isinstance(first, Token) and rest
    monkeypatch.setattr(Generator, "_copy", refused)
    events = iter(generator.stream(prompt[:84], None, sampling))
    assert next(events) == first
    with pytest.raises(AssertionError, match="asked for the copy"):
        list(events)


def test_a_copied_cache_and_its_original_grow_apart(adapter: Adapter, ids: list[int]) -> None:
    cache = adapter.new_cache()
    adapter.encode(ids[:30], cache, memory=0)
    layers: Any = cache.layers
    before = [layer.keys.clone() for layer in layers]
    copied = copy_cache(cache)
    adapter.encode(ids[30:40], copied, memory=0)
    other = copy_cache(cache)
    other.crop(-10)
    adapter.encode(ids[50:70], other, memory=0)
    assert (cache.get_seq_length(), copied.get_seq_length(), other.get_seq_length()) == (30, 40, 40)
    assert all(torch.equal(layer.keys, kept) for layer, kept in zip(layers, before, strict=True))


def test_forgetting_leaves_no_state_of_what_was_read(adapter: Adapter, tokenizer: Any, prompt: list[int]) -> None:
    generator = Generator(adapter, tokenizer)
    list(generator.stream(prompt, "aa", SAMPLING))
    merged = generator._merged  # pyright: ignore[reportPrivateUsage]
    assert merged is not None and merged.states.last.numel() and adapter.states.last.numel()
    generator.forget()
    assert not merged.states.last.numel() and not adapter.states.last.numel()
