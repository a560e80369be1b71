"""Matrices in eight bits: symmetric, a scale for each row, in the form that torch's own product reads."""

# torch ships partial types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

PRODUCT: Any = torch.ops.aten._weight_int8pack_mm.default
"""bf16 (rows × in), int8 (out × in), a bf16 scale for each row of that → bf16 (rows × out); on a processor."""


def quantise(wanted: Tensor, weight: Tensor, scale: Tensor) -> None:
    """Write `wanted` (out × in, float32, changed on the way) into `weight` (int8) and `scale` (out)."""
    # The scale is stored with fewer bits than it is computed with: a little more than the largest weight needs, so that
    # none falls out.
    least, most = wanted.aminmax(dim=1)
    scale.copy_(torch.maximum(most, -least).clamp_min_(1e-12).div_(126.7))
    weight.copy_(wanted.mul_(scale.float().reciprocal_()[:, None]).round_())
