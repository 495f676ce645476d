"""Attention through ``scaled_dot_product_attention``, in place of mmseg's own."""

from typing import Any

import torch
import torch.nn.functional as F
from mmseg.models.backbones.beit import BEiTAttention
from mmseg.models.backbones.swin import WindowMSA
from torch import Tensor, nn

#: Largest number of heads times windows that PyTorch's memory-efficient kernel takes at once: the
#: limit of one side of CUDA's grid.
MOST_HEADS = 65535


class FusedMultiheadAttention(nn.MultiheadAttention):
    """``nn.MultiheadAttention`` that never returns its attention matrix.

    mmcv and mmseg call the attention with the default ``need_weights=True`` and discard the
    weights, for which PyTorch builds the matrix of all queries by all keys.
    """

    def forward(self, *args: Any, **kwargs: Any) -> tuple[Tensor, None]:
        """Attend as the parent does.

        Args:
            *args: Query, key and value.
            **kwargs: Further arguments of the parent; ``need_weights`` is overridden.

        Returns:
            The output and ``None`` in place of the weights.
        """
        return super().forward(*args, **{**kwargs, 'need_weights': False})[0], None


class FusedBEiTAttention(BEiTAttention):
    """mmseg's global attention with relative positions, of BEiT and MAE."""

    def forward(self, x: Tensor) -> Tensor:
        """Attend among all tokens.

        Args:
            x: ``(N, L, C)``.

        Returns:
            ``(N, L, C)``.
        """
        qkv_bias = self.qkv.bias
        if self.bias == 'qv_bias':
            qkv_bias = F.pad(self.q_bias, (0, 2 * self.embed_dims))
            qkv_bias = qkv_bias + F.pad(self.v_bias, (2 * self.embed_dims, 0))
        qkv = F.linear(x, self.qkv.weight, qkv_bias)
        bias = None
        if self.relative_position_bias_table is not None:
            bias = _relative_bias(self)[None]
        return self.proj_drop(self.proj(_attend(self, qkv, bias)))


class FusedWindowMSA(WindowMSA):
    """mmseg's attention within windows, of Swin."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend within each window.

        Args:
            x: ``(N * windows, L, C)``, the windows of an image side by side.
            mask: ``(windows, L, L)``, added to the attention of each window, or ``None``.

        Returns:
            ``(N * windows, L, C)``.
        """
        bias = _relative_bias(self)[None]
        if mask is not None:
            bias = bias + mask[:, None]
        return self.proj_drop(self.proj(_attend(self, self.qkv(x), bias)))


def _relative_bias(attention: WindowMSA | BEiTAttention) -> Tensor:
    """Look up what is added for the relative position of two tokens, (heads, L, L)."""
    index = attention.relative_position_index
    bias = attention.relative_position_bias_table[index.flatten()]
    return bias.view(*index.shape, -1).permute(2, 0, 1).contiguous()


def _attend(attention: WindowMSA | BEiTAttention, qkv: Tensor, bias: Tensor | None) -> Tensor:
    """Attend with queries, keys and values that lie side by side.

    Args:
        attention: Gives number of heads, scale and dropout.
        qkv: ``(N * windows, L, 3 * C)``.
        bias: ``(1 or windows, heads, L, L)`` or ``None``.

    Returns:
        ``(N * windows, L, C)``.
    """
    batch, length, _ = qkv.shape
    heads = attention.num_heads
    query, key, value = qkv.view(batch, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
    if bias is not None and bias.shape[0] > 1:
        # the windows become heads, so that one bias serves all images
        windows = bias.shape[0] * heads
        query, key, value = (
            each.reshape(-1, windows, length, each.shape[-1]) for each in (query, key, value)
        )
        bias = bias.reshape(1, windows, length, length)
    if bias is None or query.shape[1] <= MOST_HEADS:
        result = _attend_at_once(attention, query, key, value, bias)
    else:
        parts = (each.split(MOST_HEADS, dim=1) for each in (query, key, value, bias))
        results = [_attend_at_once(attention, *part) for part in zip(*parts, strict=True)]
        result = torch.cat(results, dim=1)
    result = result.reshape(batch, heads, length, -1)
    return result.transpose(1, 2).reshape(batch, length, -1)


def _attend_at_once(
    attention: WindowMSA | BEiTAttention,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Tensor | None,
) -> Tensor:
    """Attend with a bias that all images share, (1, heads, L, L), or None."""
    return F.scaled_dot_product_attention(
        query,
        key,
        value,
        bias if bias is None else bias.to(query.dtype),
        attention.attn_drop.p if attention.training else 0.0,
        scale=attention.scale,
    )
