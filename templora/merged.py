"""A second set of weights to write with: `W0 + BA`, merged, in eight bits on a processor. The live base stays as it is.

Reading a weight takes longer than multiplying with it when one token is drawn at a time, and every LoRA layer adds two
small products to each large one. So takes are drawn from a copy that has the memory merged into it and a quarter of the
bytes; learning and scoring go on with the weights of `templora.adapter`, and so does the first token of a take, which
need not wait until the copy has caught up with what was learnt last.
"""

# torch, transformers and peft ship partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import copy
import math
from typing import Any

import psutil
import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn
from transformers import DynamicCache
from transformers.cache_utils import Cache, DynamicLayer
from transformers.pytorch_utils import Conv1D

from templora import int8
from templora.adapter import Adapter
from templora.states import States

ROOM_TOKENS = 256
"""How many tokens more a cache gets room for at a time."""
FREE_SHARE = 0.5
"""How much of the memory that is free the copy may take."""
TOGETHER = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))
"""Layers, by their names in most families, that read the same input: one product for all costs less."""


REPLACED = (BaseTunerLayer, nn.Linear, Conv1D, nn.Embedding)


class Merged:
    """The copy. `become` brings it up to date; `forward` then writes with it. For one thread."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._dtype = torch.bfloat16 if adapter.device.type == "cpu" else adapter.base.dtype
        self._layers: list[_Product] = []
        self._is: tuple[str | None, float] = (None, 0.0)
        self.states = States()
        """What the copy's model was in at its last pass."""
        self._model: Any = self._copy()

    @staticmethod
    def fits(adapter: Adapter) -> bool:
        """Whether there is room for it beside the model."""
        if adapter.device.type not in ("cpu", "cuda"):
            return False
        each = 1 if adapter.device.type == "cpu" else adapter.base.dtype.itemsize
        wanted = each * sum(parameter.numel() for parameter in adapter.base.parameters())
        if adapter.device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(adapter.device)
        else:
            free = psutil.virtual_memory().available
        return wanted <= FREE_SHARE * free

    @torch.no_grad()
    def become(self, memory: str | None, strength: float) -> None:
        """Merge the memory that the adapter holds, at `strength`, unless that was done. `memory`: its chain, if any."""
        if self._is != (memory, strength):
            self._is = (memory, math.nan)  # an error half-way leaves something that equals nothing
            for layer in self._layers:
                layer.fill(strength)
            self._is = (memory, strength)

    @property
    def nbytes(self) -> int:
        """Bytes of weights that are read for each token."""
        return sum(layer.nbytes for layer in self._layers)

    @property
    def memory(self) -> str | None:
        """The chain of the memory that is merged in."""
        return self._is[0]

    def forget(self) -> None:
        """Hold no memory any more: the weights are the base model's."""
        self.become(None, 0.0)
        self.states.forget()

    def cache(self, read: Cache, rows: int) -> Cache:
        """A copy of what was read (one row), for `rows` rows."""
        cache = DynamicCache()
        layers: list[Any] = [_Roomy(layer, rows, self._dtype) for layer in read.layers]
        cache.layers = layers
        return cache

    @torch.inference_mode()
    def forward(self, rows: Tensor, cache: Cache) -> Tensor:
        """Logits (rows, vocabulary, float32) after the last of `rows` (batch × tokens, ids); `cache` grows by them."""
        out = self._model(input_ids=rows.to(self._adapter.device), cache=cache, use_cache=True, logits_to_keep=1)
        return out.logits[:, -1].float()

    def _copy(self) -> Any:
        """The model's tree with layers of our own. Large tensors are not copied along with it."""
        base = self._adapter.base
        large = [module for module in base.modules() if isinstance(module, nn.Linear | Conv1D | nn.Embedding)]
        shared = {id(module.weight): module.weight for module in large}
        # What watches the live model's states comes along as what watches the copy's.
        model = copy.deepcopy(base, {**shared, id(self._adapter.states): self.states})
        ours = [name for name, module in base.named_modules() if isinstance(module, REPLACED)]
        for name in ours:
            parent, _, child = name.rpartition(".")
            if any(name.startswith(f"{other}.") for other in ours):
                continue  # part of a layer with a LoRA
            room, live = model.get_submodule(parent), base.get_submodule(name)
            if isinstance(live, nn.Embedding):
                setattr(room, child, _Lookup(live, self._dtype))
            elif not isinstance(getattr(room, child), _Part):
                self._replace(room, base.get_submodule(parent), child)
        for parameter in model.parameters():
            parameter.requires_grad_(False)
            assert id(parameter) not in shared, "a weight of the live model would be changed"
            parameter.data = parameter.data.to(self._dtype)
        return model.eval()

    def _replace(self, room: nn.Module, live: nn.Module, child: str) -> None:
        """Put our own layer in the place of `room.child`, together with those that read what it reads."""
        names = next((names for names in TOGETHER if names[0] == child), (child,))
        layers: list[Any] = [getattr(live, name, None) for name in names]
        if not all(isinstance(layer, REPLACED) for layer in layers):
            names, layers = (child,), [getattr(live, child)]
        product = _Product(layers, self._dtype)
        self._layers.append(product)
        for index, name in enumerate(names):
            setattr(room, name, _Part(product, index))


class _Lookup(nn.Module):
    """An embedding of the live model, read there and given in the copy's precision."""

    def __init__(self, live: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self._live = [live]  # in a list: not a submodule, whose weights would count as ours
        self._dtype = dtype

    def forward(self, ids: Tensor) -> Tensor:
        return self._live[0](ids).to(self._dtype)


class _Product(nn.Module):
    """Linear layers with one input, their weights filled from live ones: int8, a scale for each row, on a processor."""

    def __init__(self, lives: list[Any], dtype: torch.dtype) -> None:
        super().__init__()
        self._lives = [_Live(live) for live in lives]
        self._rows = [live.shape[0] for live in self._lives]
        biases = [live.bias for live in self._lives]
        self.bias = None
        if any(bias is not None for bias in biases):
            each = [torch.zeros(rows) if bias is None else bias for bias, rows in zip(biases, self._rows, strict=True)]
            self.bias = nn.Parameter(torch.cat([bias.detach().to(self._lives[0].device) for bias in each]))
        self._scale: Tensor | None = None
        shape = (sum(self._rows), self._lives[0].shape[1])
        device = self._lives[0].device
        self._weight = torch.empty(shape, dtype=torch.int8 if device.type == "cpu" else dtype, device=device)
        if device.type == "cpu":
            self._scale = torch.empty(shape[0], dtype=dtype)
        self._input: Tensor | None = None
        self._parts: tuple[Tensor, ...] = ()
        self.fill(0.0)

    @property
    def nbytes(self) -> int:
        return self._weight.nbytes + (0 if self._scale is None else self._scale.nbytes)

    @torch.no_grad()
    def fill(self, strength: float) -> None:
        """Take the weights of the live layers, their memory at `strength` merged into them."""
        scales = [None] * len(self._rows) if self._scale is None else self._scale.split(self._rows)
        for live, weight, scale in zip(self._lives, self._weight.split(self._rows), scales, strict=True):
            wanted = live.merged(strength)
            if scale is None:
                weight.copy_(wanted)
                continue
            int8.quantise(wanted, weight, scale)

    def part(self, x: Tensor, index: int) -> Tensor:
        """What the layer number `index` makes of `x`. The layers are asked one after the other for the same `x`."""
        if self._input is not x:
            self._input, self._parts = x, self._product(x).split(self._rows, dim=-1)
        part = self._parts[index]
        if index == len(self._rows) - 1:
            self._input, self._parts = None, ()
        return part

    def _product(self, x: Tensor) -> Tensor:
        if self._scale is None:
            return nn.functional.linear(x, self._weight, self.bias)
        product: Tensor = int8.PRODUCT(x.reshape(-1, x.shape[-1]), self._weight, self._scale)
        product = product.view(*x.shape[:-1], -1)
        return product if self.bias is None else product + self.bias


class _Part(nn.Module):
    """One of the layers of a product, as the model calls it."""

    def __init__(self, product: _Product, index: int) -> None:
        super().__init__()
        self.product = product
        self._index = index

    def forward(self, x: Tensor) -> Tensor:
        return self.product.part(x, self._index)


class _Live:
    """A linear layer of the live model, with a LoRA or without; its weights as out × in, however it keeps them."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._inner: Any = layer.get_base_layer() if isinstance(layer, BaseTunerLayer) else layer
        self._turned = isinstance(self._inner, Conv1D)
        self.bias: Tensor | None = getattr(self._inner, "bias", None)
        self.device: torch.device = self._inner.weight.device

    @property
    def shape(self) -> tuple[int, int]:
        out, width = self._weight.shape
        return out, width

    @property
    def _weight(self) -> Tensor:
        weight: Tensor = self._inner.weight.detach()
        return weight.T if self._turned else weight

    def merged(self, strength: float) -> Tensor:
        """`W0 + strength · scaling · BA` in float32, the caller's own."""
        weight = self._weight.float()
        if self._layer is self._inner or not strength:
            return weight.clone(memory_format=torch.contiguous_format)
        layer = self._layer
        scaling = strength * layer.lora_alpha["default"] / layer.r["default"]
        return torch.addmm(weight, layer.lora_B["default"].weight, layer.lora_A["default"].weight, alpha=scaling)


class _Roomy(DynamicLayer):
    """Keys and values with room to grow: a new token is written behind the others, which are not copied for it."""

    def __init__(self, read: Any, rows: int, dtype: torch.dtype) -> None:
        super().__init__()
        if read.is_initialized:
            self.dtype, self.device, self.is_initialized = dtype, read.keys.device, True
            self.keys, self.values = self._roomy(read.keys, rows), self._roomy(read.values, rows)

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.keys, self.values = key_states[..., :0, :], value_states[..., :0, :]
        held: Any = (self.keys, self.values)
        self.keys, self.values = grown = self._grown(held[0], key_states), self._grown(held[1], value_states)
        return grown

    def reorder_cache(self, beam_idx: Tensor) -> None:
        if self.is_initialized:
            held: Any = (self.keys, self.values)
            self.keys, self.values = (self._roomy(states[beam_idx], len(beam_idx)) for states in held)

    def _roomy(self, states: Tensor, rows: int, room: int = ROOM_TOKENS) -> Tensor:
        """The states (of one row, or of `rows`), with room for more tokens behind them in the same storage."""
        _, heads, length, width = states.shape
        storage = torch.empty((rows, heads, length + room, width), dtype=self.dtype, device=states.device)
        storage[..., :length, :] = states
        return storage[..., :length, :]

    def _grown(self, states: Tensor, new: Tensor) -> Tensor:
        length = states.shape[-2]
        end = length + new.shape[-2]
        if states.stride(1) < end * states.shape[-1]:
            states = self._roomy(states, states.shape[0], max(ROOM_TOKENS, new.shape[-2]))
        whole = states.as_strided((*states.shape[:2], end, states.shape[-1]), states.stride(), states.storage_offset())
        whole[..., length:end, :] = new
        return whole
