"""What followed in places like this one: a memory's second half, after kNN-LM (Khandelwal et al., arXiv 1911.00172).

One pass of small steps teaches an adapter how a book is written; a name or a fact that stood there once, it blurs. So
the memory also keeps, of each token that it has learnt, the state that the model was in before it. Where it is in a
similar state again, the tokens that followed then become more probable: by a softmax, over all of them, of the cosine
of the two states. Unlike kNN-LM it is the whole book that is attended to, not the nearest neighbours; and how much the
datastore is believed is learnt as it goes, like everything else here: scored first, then learnt.

The states are those of the memory as it was when it read the passage: they cost no reading of their own.
"""

# torch ships partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from templora import int8

KEY_WIDTH = 128
"""Random signs project a state onto so many numbers, which keeps its angles (Johnson and Lindenstrauss, in the form of
Achlioptas 2003): a fifth of the bytes of the starter model's, for a tenth of a point of perplexity."""
SHARPNESS = 18.0
"""What a cosine is multiplied with before the softmax."""
CONFIDENT = (0.1, 0.2, 0.3, 0.45, 0.6, 0.8)
"""Borders between the cells of the gate, by the probability of what the datastore finds most probable …"""
NEAR = (0.4, 0.5, 0.6, 0.7)
"""… and by the cosine of the nearest state."""
CELLS = (len(CONFIDENT) + 1) * (len(NEAR) + 1)
PRIOR_TOKENS, PRIOR_WEIGHT = 32.0, 0.06
"""What the gate believes before it has seen anything: a weight, and how many tokens' evidence that is worth."""
ROWS, ROOM = 64, 2**21
"""States that are compared at a time, and cosines: so that the room this takes does not grow with the book."""
LEAST = 1e-38
"""A probability whose logarithm is still a number."""
FEW = 16
"""With fewer queries torch's product with eight bits is the quicker one; from here on it pays to unpack the keys."""
ALIKE = 4096
"""Keys are compared in blocks of a multiple of so many, the last ones beside zeros (queries of `FEW`): for each new
shape of a product in bfloat16 oneDNN makes code that it keeps, 1.3 MB, and a book that grows has no end of shapes."""

DatastoreState = dict[str, Tensor]
"""`keys` int8 (tokens, KEY_WIDTH) and `scales` bf16 (tokens): unit vectors; `tokens` int32 (tokens): what followed.
`centre` float32 (KEY_WIDTH): what is subtracted from a projected state. `taken`, `seen` float32 (CELLS): the gate."""


@dataclass(frozen=True)
class Found:
    """What a datastore says of n tokens: how probable it finds each, and the gate's cell and weight there."""

    probabilities: Tensor
    cells: Tensor
    weights: Tensor

    def losses(self, own: Tensor) -> Tensor:
        """Cross entropy (nats, n) with it, from that without."""
        own = own.detach()
        mixed = -torch.log((1 - self.weights) * torch.exp(-own) + self.weights * self.probabilities)
        return torch.where(self.weights > 0, mixed, own)

    def share(self, own: Tensor) -> Tensor:
        """Of what came true (n, 0 to 1), beside a model that had the losses `own`."""
        said = self.weights * self.probabilities
        return said / (said + (1 - self.weights) * torch.exp(-own.detach()))


class Datastore:
    """The datastore of the memory that is in the model. `width`: of its states; `vocabulary`: of its logits."""

    def __init__(self, width: int, vocabulary: int, seed: int, device: torch.device) -> None:
        generator = torch.Generator().manual_seed(seed)
        signs = torch.randint(0, 2, (width, KEY_WIDTH), generator=generator).float() * 2 - 1
        self._projection = signs.to(device)
        self._vocabulary = vocabulary
        self._device = device
        self.load(fresh())

    def __len__(self) -> int:
        return len(self._state["tokens"])

    # --- state ---

    def state(self) -> DatastoreState:
        """CPU tensors of its own."""
        return {name: tensor.to("cpu", copy=True) for name, tensor in self._state.items()}

    def load(self, state: DatastoreState) -> None:
        self._state = {name: tensor.to(self._device, copy=True) for name, tensor in state.items()}

    # --- looking up ---

    @torch.no_grad()
    def mix(self, logits: Tensor, states: Tensor, strength: float = 1.0) -> Tensor:
        """Logits (n, vocabulary, float32) with what the datastore says, from those without and the states (n, width).

        `strength`: how strongly the memory speaks; below 1 the datastore's weight shrinks with it, above it does not
        grow.
        """
        if not len(self) or not strength:
            return logits
        found, sums, cells = self._found(states)
        weights = (self._weights()[cells] * min(1.0, strength))[:, None]
        mixed = torch.softmax(logits, -1).mul_(1 - weights).addcmul_(found, weights / sums)
        return mixed.clamp_min_(LEAST).log_()

    @torch.no_grad()
    def look_up(self, states: Tensor, ids: Tensor) -> Found:
        """What it says of `ids` (n), from the states before them (n, width)."""
        if not len(self):
            nothing = torch.zeros(len(ids), device=self._device)
            return Found(nothing, nothing.long(), nothing)
        parts: list[tuple[Tensor, Tensor]] = []
        for start in range(0, len(ids), ROWS):
            some = slice(start, start + ROWS)
            found, sums, cells = self._found(states[some])
            parts.append(((found.gather(1, ids[some, None].to(self._device)) / sums)[:, 0], cells))
        cells = torch.cat([cells for _, cells in parts])
        return Found(torch.cat([found for found, _ in parts]), cells, self._weights()[cells])

    @torch.no_grad()
    def learn(self, own: Tensor, states: Tensor, ids: Tensor, found: Found) -> None:
        """Take in what was looked up: how much that helped, then the states and what followed."""
        if not len(ids):
            return
        state = self._state
        if len(self):
            # A step of expectation maximisation: the share that the datastore had in what came true.
            state["taken"].index_add_(0, found.cells, found.share(own))
            state["seen"].index_add_(0, found.cells, torch.ones_like(found.weights))
        else:
            state["centre"] = self._projected(states).mean(0)
        wanted = self._keys(states)
        keys, scales = torch.empty_like(wanted, dtype=torch.int8), torch.empty_like(wanted[:, 0], dtype=torch.bfloat16)
        int8.quantise(wanted, keys, scales)
        for name, new in (("keys", keys), ("scales", scales), ("tokens", ids.to(self._device, torch.int32))):
            state[name] = torch.cat([state[name], new])

    def _found(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """After each of `states`: what speaks for what (n, vocabulary), its sums (n, 1), the gate's cells (n)."""
        queries, state = self._keys(states), self._state
        found = torch.zeros(len(queries), self._vocabulary, device=self._device)
        sums, nearest = torch.zeros_like(found[:, :1]), torch.full_like(found[:, 0], -1.0)
        size = ROOM // len(queries) // ALIKE * ALIKE
        for start in range(0, len(self), size):
            some = slice(start, start + size)
            cosines = _cosines(queries, state["keys"][some], state["scales"][some])
            nearest = torch.maximum(nearest, cosines.amax(1))
            said = cosines.mul_(SHARPNESS).exp_()
            sums += said.sum(1, keepdim=True)
            # With int32 indices torch takes ten to twenty times as long.
            found.index_add_(1, state["tokens"][some].long(), said)
        confident = torch.bucketize(found.amax(1) / sums[:, 0], torch.tensor(CONFIDENT, device=self._device))
        return (
            found,
            sums,
            confident * (len(NEAR) + 1) + torch.bucketize(nearest, torch.tensor(NEAR, device=self._device)),
        )

    def _weights(self) -> Tensor:
        return self._state["taken"] / self._state["seen"]

    def _projected(self, states: Tensor) -> Tensor:
        return states.detach().float() @ self._projection

    def _keys(self, states: Tensor) -> Tensor:
        """Unit vectors (n, KEY_WIDTH)."""
        return functional.normalize(self._projected(states) - self._state["centre"], dim=1)


def _cosines(queries: Tensor, keys: Tensor, scales: Tensor) -> Tensor:
    """Cosines (n, keys, float32)."""
    if queries.device.type == "cpu" and len(queries) < FEW:
        product: Tensor = int8.PRODUCT(queries.bfloat16(), keys, scales)
        return product.float()
    if not _multiplies_bfloat16(queries.device.type):
        return (queries @ keys.float().T).mul_(scales.float())
    product = _filled(queries, FEW).bfloat16() @ _filled(keys, ALIKE).bfloat16().T
    return product[: len(queries), : len(keys)].float().mul_(scales.float())


def _filled(rows: Tensor, to: int) -> Tensor:
    """With rows of zeros behind them up to a multiple of `to`."""
    short = -len(rows) % to
    return functional.pad(rows, (0, 0, 0, short)) if short else rows


@cache
def _multiplies_bfloat16(device: str) -> bool:
    """Whether it has instructions for that; a processor without is slower with it than with float32."""
    features = torch.cpu.get_capabilities()
    return device == "cpu" and any(features.get(name) for name in ("amx_bf16", "avx512_bf16"))


def fresh() -> DatastoreState:
    """Of a memory that has learnt nothing."""
    return {
        "keys": torch.zeros(0, KEY_WIDTH, dtype=torch.int8),
        "scales": torch.zeros(0, dtype=torch.bfloat16),
        "tokens": torch.zeros(0, dtype=torch.int32),
        "centre": torch.zeros(KEY_WIDTH),
        "taken": torch.full((CELLS,), PRIOR_TOKENS * PRIOR_WEIGHT),
        "seen": torch.full((CELLS,), PRIOR_TOKENS),
    }


def fits(state: DatastoreState) -> bool:
    """Whether these are a datastore's tensors: by name, shape and type."""
    wanted = fresh()
    if state.keys() != wanted.keys() or any(state[name].dtype != wanted[name].dtype for name in wanted):
        return False
    count = len(state["tokens"]) if state["tokens"].dim() == 1 else -1
    grown = {name: (count, *wanted[name].shape[1:]) for name in ("keys", "scales", "tokens")}
    return all(state[name].shape == grown.get(name, wanted[name].shape) for name in wanted)
