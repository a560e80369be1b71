"""The temporary LoRA on a base model: attach, run with or without, state out, state in, reset, one optimizer step.

The base weights are frozen and never merged with: `forward(memory=0)` is the base model, bit for bit.
"""

from __future__ import annotations

import copy
import json
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn
from transformers import DynamicCache
from transformers.cache_utils import (
    Cache,
    DynamicLayer,
    DynamicSlidingWindowLayer,
    LinearAttentionCacheLayerMixin,
)
from transformers.pytorch_utils import Conv1D

from templora import datastore
from templora.config import Recipe
from templora.datastore import Datastore, DatastoreState
from templora.errors import ModelError, SnapshotDamaged
from templora.states import States

FORMAT = "templora-adapter-2"
UNSAID_CONTEXT = 2048
"""Tokens; for the few architectures whose configuration names no length."""
_UNFIT = "This memory file does not fit the model that is loaded; it will be relearnt."


@dataclass(frozen=True)
class AdapterState:
    """Everything that learning changes, as CPU tensors of its own. The dicts of the LoRA have the same keys and shapes,
    fp32.

    `weights` are named as PEFT names them in a saved adapter; `exp_avg` and `exp_avg_sq` are AdamW's moments, `step`
    its step count; `n_chunks` how many chunks were learnt. `datastore`: what followed in which state, of types of its
    own.
    """

    weights: dict[str, Tensor]
    exp_avg: dict[str, Tensor]
    exp_avg_sq: dict[str, Tensor]
    step: int
    n_chunks: int
    datastore: DatastoreState = field(default_factory=datastore.fresh)


class Adapter:
    """A causal LM with one LoRA on all its linear layers, the output head among them where the recipe says so.

    `model` is changed in place (its linear layers are wrapped); its weights are frozen and stay as they are. Raises
    `ModelError` for an architecture that takes no LoRA.
    """

    def __init__(self, model: Any, recipe: Recipe) -> None:
        self.recipe = recipe
        self.base: Any = model
        self.device: torch.device = model.device
        self.context_tokens: int = getattr(model.config.get_text_config(), "max_position_embeddings", UNSAID_CONTEXT)
        """How long a window the model reads."""
        self._croppable_cache = _attends_everywhere(model.config)
        config = LoraConfig(
            task_type="CAUSAL_LM",
            target_modules=_linear_layers(model, recipe.head),
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            lora_dropout=recipe.dropout,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what PEFT corrects by itself, and its use of a renamed property
            try:
                self._model: Any = get_peft_model(model, config).eval()
            except ValueError as error:
                raise ModelError(
                    f"A model of this kind ({model.config.model_type}) cannot learn here. Choose another with --model: "
                    "Llama, Mistral, Qwen and Gemma models can."
                ) from error
        self._layers = [module for module in self._model.modules() if isinstance(module, BaseTunerLayer)]
        self._scalings: list[float] = [layer.scaling["default"] for layer in self._layers]  # type: ignore[attr-defined]
        self._dropouts: list[nn.Module] = [layer.lora_dropout for layer in self._layers]  # type: ignore[attr-defined]
        self._parameters: dict[str, nn.Parameter] = {
            name.replace(".default.", "."): parameter
            for name, parameter in self._model.named_parameters()
            if parameter.requires_grad
        }
        self._optimizer: Any = torch.optim.AdamW(
            self._parameters.values(),
            lr=recipe.learning_rate,
            betas=(recipe.beta1, recipe.beta2),
            eps=recipe.eps,
            weight_decay=recipe.weight_decay,
            fused=self.device.type == "cpu",  # 420 small tensors: a third of the time of a loop over them
        )
        self._strength = 1.0
        self._on = True
        self.n_chunks = 0
        head = model.get_output_embeddings().weight
        self.datastore = Datastore(head.shape[1], head.shape[0], recipe.seed, self.device)
        self.states = States()
        self.states.watch(model)
        self.reset()

    # --- running the model ---

    def new_cache(self) -> Cache:
        """An empty KV cache. Layers with a sliding window keep everything, so that it can be cropped anywhere."""
        return DynamicCache() if self._croppable_cache else DynamicCache(config=self.base.config)

    @property
    def peft_model(self) -> Any:
        """The model as PEFT sees it, adapter on or off as it was used last."""
        self._switch(1.0)
        return self._model

    @property
    def croppable(self) -> bool:
        """Whether a cache of this model can be cut back to any length (recurrent layers cannot)."""
        return self._croppable_cache

    def forward(
        self,
        rows: Tensor,
        cache: Cache | None,
        *,
        memory: float,
        keep: int,
        dropout: bool = False,
    ) -> Tensor:
        """Logits (rows, keep, vocabulary) at the last `keep` positions of `rows` (batch × tokens, ids).

        `cache` holds what stands before them and grows by them; None: nothing stands before, nothing is kept.
        `memory` is how strongly the memory speaks: 0 (False) runs the base model, 1 (True) the memory as it was learnt,
        what is between or above scales what it adds at every layer. Gradients flow unless switched off around the call.
        """
        self._switch(memory)
        for module in self._dropouts:
            module.train(dropout)
        rows = rows.to(self.device)
        return self._model(input_ids=rows, cache=cache, use_cache=cache is not None, logits_to_keep=keep).logits

    @torch.no_grad()
    def encode(self, ids: Sequence[int], cache: Cache, *, memory: float) -> None:
        """Grow `cache` by `ids`, without gradients. `memory` as in `forward`."""
        if ids:
            self.forward(torch.tensor([list(ids)]), cache, memory=memory, keep=1)

    def _switch(self, strength: float) -> None:
        """Every pass says what it wants, so none can be read at a strength that another one left behind."""
        # PEFT's own context manager walks the whole model twice on each use: too slow between two tokens.
        on = strength > 0
        if self._on != on:
            for layer in self._layers:
                layer.enable_adapters(on)
            self._on = on
        if on and self._strength != strength:
            for layer, scaling in zip(self._layers, self._scalings, strict=True):
                layer.scaling["default"] = scaling * strength  # type: ignore[attr-defined]
            self._strength = strength

    # --- learning ---

    def clear_gradients(self) -> None:
        self._optimizer.zero_grad(set_to_none=True)

    def step(self, learning_rate: float) -> None:
        """Clip the gradients that `backward` left, take one optimizer step, and drop them.

        A gradient that is not finite (a half-precision overflow) would poison the memory for good: it is not applied.
        """
        parameters = list(self._parameters.values())
        norm = nn.utils.clip_grad_norm_(parameters, self.recipe.clip or math.inf)
        if bool(torch.isfinite(norm)):
            for group in self._optimizer.param_groups:
                group["lr"] = learning_rate
            self._optimizer.step()
        self.clear_gradients()

    # --- state ---

    def fresh(self) -> AdapterState:
        """The state of a memory that has learnt nothing: seeded by the recipe, the same on every device."""
        generator = torch.Generator().manual_seed(self.recipe.seed)
        weights: dict[str, Tensor] = {}
        for name, parameter in self._parameters.items():
            weights[name] = torch.zeros(parameter.shape, dtype=torch.float32)
            if ".lora_A." in name:
                nn.init.kaiming_uniform_(weights[name], a=math.sqrt(5), generator=generator)
        zeros = {name: torch.zeros_like(weight) for name, weight in weights.items()}
        return AdapterState(weights, zeros, {name: zero.clone() for name, zero in zeros.items()}, 0, 0)

    def reset(self) -> None:
        """Put the fresh state into the model: nothing of what it held stays."""
        self.load(self.fresh())

    def state(self) -> AdapterState:
        """What the model holds now, cloned."""
        moments = self._optimizer.state
        first = next(iter(self._parameters.values()))
        return AdapterState(
            {name: _own(parameter) for name, parameter in self._parameters.items()},
            {name: _own(moments[parameter]["exp_avg"]) for name, parameter in self._parameters.items()},
            {name: _own(moments[parameter]["exp_avg_sq"]) for name, parameter in self._parameters.items()},
            int(moments[first]["step"].item()),
            self.n_chunks,
            self.datastore.state(),
        )

    @torch.no_grad()
    def load(self, state: AdapterState) -> None:
        """Put a state into the model, in place. Raises `SnapshotDamaged` where it does not fit this adapter."""
        self.check(state)
        self.clear_gradients()
        for name, parameter in self._parameters.items():
            parameter.copy_(state.weights[name])
            self._optimizer.state[parameter] = {
                "step": torch.tensor(float(state.step)),
                "exp_avg": state.exp_avg[name].to(parameter.device, copy=True),
                "exp_avg_sq": state.exp_avg_sq[name].to(parameter.device, copy=True),
            }
        self.n_chunks = state.n_chunks
        self.datastore.load(state.datastore)

    def check(self, state: AdapterState) -> None:
        """Raise `SnapshotDamaged` unless the state has exactly this adapter's tensors, by name, shape and type."""
        expected = {name: parameter.shape for name, parameter in self._parameters.items()}
        for tensors in (state.weights, state.exp_avg, state.exp_avg_sq):
            found = {name: tensor.shape for name, tensor in tensors.items()}
            if found != expected or any(tensor.dtype != torch.float32 for tensor in tensors.values()):
                raise SnapshotDamaged(_UNFIT)
        if not datastore.fits(state.datastore):
            raise SnapshotDamaged(_UNFIT)


def _linear_layers(model: Any, head: bool) -> list[str]:
    """The names of a model's linear layers, with its output head or without."""
    output = model.get_output_embeddings()
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and (head or module is not output)
    ]


def _own(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True)


def _attends_everywhere(config: Any) -> bool:
    layers = DynamicCache(config=config).layers
    return all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in layers)


def copy_cache(cache: Cache) -> Cache:
    """A cache that can grow, or be cut back, without touching the one it was copied from."""
    copied = copy.copy(cache)
    # The usual layer never writes into its tensors, it makes new ones: they can be shared. Others write in place.
    copied.layers = [
        copy.copy(layer) if type(layer) is DynamicLayer else copy.deepcopy(layer) for layer in cache.layers
    ]
    return copied


def copy_for_one_pass(cache: Cache) -> Cache:
    """A copy for one forward pass with gradients, of no use after it.

    Recurrent layers write their new state over the old one, which the way back needs: here they leave it alone.
    """
    copied = copy_cache(cache)
    for layer in copied.layers:
        if isinstance(layer, LinearAttentionCacheLayerMixin):
            layer.record_past = True  # convolutions then assign their state instead of writing over it
            layer.update_recurrent_state = lambda states, *_, **__: states  # type: ignore[method-assign]
    return copied


def detached(cache: Cache) -> Cache:
    """What a pass with gradients made of a cache, without them. Of no use for recurrent layers."""
    after = copy_cache(cache)
    layers: list[Any] = after.layers
    for layer in layers:
        if isinstance(layer, DynamicLayer) and layer.is_initialized:
            layer.keys, layer.values = layer.keys.detach(), layer.values.detach()  # type: ignore[union-attr]
    return after


# --- states as bytes -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """What a snapshot says it is: the chain it ends in, under which recipe and base model (fingerprints)."""

    chain: str
    n_chunks: int
    recipe: str
    base: str


def to_bytes(state: AdapterState, claim: Claim) -> bytes:
    """A state and its claim as one safetensors file. Equal states make equal bytes."""
    tensors = {
        f"{part}/{name}": tensor
        for part, named in (
            ("weight", state.weights),
            ("exp_avg", state.exp_avg),
            ("exp_avg_sq", state.exp_avg_sq),
            ("datastore", state.datastore),
        )
        for name, tensor in named.items()
    }
    # One metadata entry: safetensors writes several in an order that differs from run to run.
    about = {"format": FORMAT, "step": state.step, **vars(claim)}
    return save_safetensors(tensors, {"templora": json.dumps(about, sort_keys=True)})


def from_bytes(data: bytes, claim: Claim) -> AdapterState:
    """The inverse of `to_bytes`. Raises `SnapshotDamaged` where the bytes do not parse or claim something else."""
    try:
        length = int.from_bytes(data[:8], "little")
        about = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["templora"])
        tensors = load_safetensors(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise SnapshotDamaged(f"A memory file cannot be read ({error}); what it held will be relearnt.") from error
    if {key: about.get(key) for key in ("format", *vars(claim))} != {"format": FORMAT, **vars(claim)}:
        raise SnapshotDamaged("A memory file belongs to another text, recipe or model; it will be relearnt.")
    parts: dict[str, dict[str, Tensor]] = {"weight": {}, "exp_avg": {}, "exp_avg_sq": {}, "datastore": {}}
    for key, tensor in tensors.items():
        part, _, name = key.partition("/")
        if part not in parts:
            raise SnapshotDamaged("A memory file holds something that is not a memory; it will be relearnt.")
        parts[part][name] = tensor
    named = parts["weight"], parts["exp_avg"], parts["exp_avg_sq"]
    return AdapterState(*named, int(about["step"]), claim.n_chunks, parts["datastore"])
