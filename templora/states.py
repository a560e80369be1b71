"""The states that a model goes through: which of its layers are the decoder's, and what the last of them was in."""

# torch and transformers ship partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class States:
    """What the last layer's MLP of a model read at its last pass, which tells places apart best (Khandelwal et al.,
    arXiv 1911.00172); what the output head read, where the architecture has no such module.
    """

    def __init__(self) -> None:
        self.last: Tensor = torch.zeros(0)
        """(rows, positions, width), detached; of all positions, or of those only whose logits were asked for."""

    def forget(self) -> None:
        self.last = torch.zeros(0)

    def watch(self, model: Any) -> None:
        layers = decoder_layers(model)
        module: nn.Module = (getattr(layers[-1], "mlp", None) if layers else None) or model.get_output_embeddings()
        module.register_forward_pre_hook(self._see, with_kwargs=True)

    def _see(self, _module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.last = (args[0] if args else next(iter(kwargs.values()))).detach()


def decoder_layers(model: Any) -> list[nn.Module]:
    """In order; empty where the architecture keeps them in another way."""
    count = model.config.get_text_config(decoder=True).num_hidden_layers
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return list(module)
    return []
