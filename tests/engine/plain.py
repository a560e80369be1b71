"""The samplers once more, plain and slow: token by token over lists, each as its paper or its first author says it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from templora.config import Sampling

Begins = Callable[[int | None, int], bool]


def softmax(scores: Sequence[float]) -> list[float]:
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    return [power / sum(powers) for power in powers]


def dry(
    ids: Sequence[int],
    scores: Sequence[float],
    breakers: set[int],
    begins: Begins,
    multiplier: float,
    base: float,
    allowed: int,
) -> list[float]:
    """p-e-w's, in words: for each token that begins one, the longest sequence before the end that it followed before.

    `begins`: after the first token (None: nothing), does the second begin a word?
    """
    row: list[int | None] = [None, *ids]
    out = list(scores)
    for token in range(len(scores)):
        if token in breakers or not begins(row[-1], token):
            continue
        longest = 0
        for place in range(len(ids)):
            if ids[place] != token:
                continue
            length = words = 0
            while (
                place - 1 - length >= 0
                and ids[place - 1 - length] == ids[len(ids) - 1 - length]
                and ids[place - 1 - length] not in breakers
            ):
                words += begins(row[len(ids) - 1 - length], ids[len(ids) - 1 - length])
                length += 1
            longest = max(longest, words)
        if longest >= allowed and longest:
            out[token] -= multiplier * base ** (longest - allowed)
    return out


def repetition(ids: Sequence[int], scores: Sequence[float], penalty: float) -> list[float]:
    return [
        score if token not in ids else score * penalty if score < 0 else score / penalty
        for token, score in enumerate(scores)
    ]


def left(scores: Sequence[float], keep: set[int]) -> list[float]:
    return [score if token in keep else -math.inf for token, score in enumerate(scores)]


def by_likelihood(scores: Sequence[float]) -> list[int]:
    return sorted(range(len(scores)), key=lambda token: -scores[token])


def top_k(scores: Sequence[float], k: int) -> list[float]:
    return left(scores, set(by_likelihood(scores)[:k])) if k else list(scores)


def top_p(scores: Sequence[float], p: float) -> list[float]:
    """The likeliest tokens until they make up p."""
    if p == 1:
        return list(scores)
    probabilities, keep, mass = softmax(scores), set[int](), 0.0
    for token in by_likelihood(scores):
        keep.add(token)
        mass += probabilities[token]
        if mass >= p:
            break
    return left(scores, keep)


def typical(scores: Sequence[float], p: float) -> list[float]:
    """The tokens whose surprise is nearest to the entropy, until they make up p."""
    if p == 1:
        return list(scores)
    probabilities, keep, mass = softmax(scores), set[int](), 0.0
    entropy = -sum(each * math.log(each) for each in probabilities if each)
    near = [abs(-math.log(each) - entropy) if each else math.inf for each in probabilities]
    for token in sorted(range(len(scores)), key=lambda token: near[token]):
        keep.add(token)
        mass += probabilities[token]
        if mass >= p:
            break
    return left(scores, keep)


def min_p(scores: Sequence[float], p: float) -> list[float]:
    probabilities = softmax(scores)
    return left(scores, {token for token, each in enumerate(probabilities) if each >= p * max(probabilities)})


def xtc(scores: Sequence[float], threshold: float, spared: set[int]) -> list[float]:
    """With the lot drawn: all top choices but the least likely go."""
    probabilities = softmax(scores)
    top = [token for token, each in enumerate(probabilities) if each >= threshold]
    if len(top) < 2 or spared & set(top):
        return list(scores)
    least = min(top, key=lambda token: probabilities[token])
    return left(scores, set(range(len(scores))) - set(top) | {least})


def distribution(
    ids: Sequence[int], scores: Sequence[float], sampling: Sampling, breakers: set[int], begins: Begins
) -> list[float]:
    """The probabilities that a token is drawn with, in the documented order; XTC's lot is taken to be drawn."""
    scores = repetition(ids, scores, sampling.repetition_penalty)
    if sampling.dry_multiplier:
        rules = (sampling.dry_multiplier, sampling.dry_base, sampling.dry_allowed_length)
        scores = dry(ids, scores, breakers, begins, *rules)
    scores = min_p(top_p(typical(top_k(scores, sampling.top_k), sampling.typical_p), sampling.top_p), sampling.min_p)
    if sampling.xtc_probability:
        scores = xtc(scores, sampling.xtc_threshold, breakers)
    return softmax([score / sampling.temperature for score in scores])
