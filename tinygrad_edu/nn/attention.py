"""Layers that look up: `Embedding` by number, `MultiheadAttention` by similarity. Builds on `functional` and
`module`.
"""

from typing import Any

import numpy as np

from ..engine import Value
from ..errors import ShapeError
from . import functional as F
from . import init
from .linear import Linear
from .module import Module
from .parameter import empty

__all__ = ["Embedding", "MultiheadAttention"]


class Embedding(Module):
    """A learned vector for each of `num_embeddings` numbers; vectors start normal, that of `padding_idx` 0 and
    unlearned.

    `max_norm` shortens the vectors that are looked up, in the weight itself; `scale_grad_by_freq` divides a vector's
    gradient by how often the batch has it. Gradients are never sparse here. `Embedding.from_pretrained` takes vectors
    that are there already.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.Embedding(10, 3)(np.array([[1, 2], [3, 4]])).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        *,
        dtype: Any = None,
    ) -> None:
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ShapeError(f"Embedding: padding_idx={padding_idx} is none of the {num_embeddings} rows")
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self.weight = init.normal_(empty(num_embeddings, embedding_dim, dtype=dtype))
        if padding_idx is not None:
            rows = self.weight.numpy()
            rows[padding_idx] = 0
            self.weight._assign(rows)

    def forward(self, input: Any) -> Any:
        """Integers [...] to [..., embedding_dim]."""
        settings = (self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq)
        return F.embedding(input, self.weight, *settings)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
    ) -> "Embedding":
        """An embedding with these vectors [num_embeddings, embedding_dim], learned further only if not `freeze`."""
        vectors = embeddings.data if isinstance(embeddings, Value) else np.asarray(embeddings)
        if vectors.ndim != 2:
            raise ShapeError(f"Embedding.from_pretrained: embeddings {vectors.shape} must be [numbers, features]")
        numbers, features = vectors.shape
        made = cls(numbers, features, padding_idx, max_norm, norm_type, scale_grad_by_freq, dtype=vectors.dtype)
        made.weight._assign(vectors)
        made.weight.requires_grad = not freeze
        return made


class MultiheadAttention(Module):
    """Several attentions side by side, each on its share of `embed_dim` (Vaswani et al. 2017).

    Inputs are [L, N, E] (time first, as in PyTorch), [N, L, E] with `batch_first`, or [L, E]. `key_padding_mask` [N,
    S] is True at keys to leave out; `attn_mask` [L, S] or [N·heads, L, S] too (PyTorch's meaning here), or is added
    to the scores. Gives (output, weights averaged over heads, or None without `need_weights`).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> x = np.zeros((5, 2, 8))
    >>> out, weights = nn.MultiheadAttention(8, 2)(x, x, x)
    >>> out.shape, weights.shape
    ((5, 2, 8), (2, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        *,
        dtype: Any = None,
    ) -> None:
        if embed_dim % num_heads:
            raise ShapeError(f"MultiheadAttention: embed_dim {embed_dim} can't be shared by {num_heads} heads")
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim, self.vdim, self.add_zero_attn = kdim or embed_dim, vdim or embed_dim, add_zero_attn
        self.in_proj_weight = self.q_proj_weight = self.k_proj_weight = self.v_proj_weight = None
        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = init.xavier_uniform_(empty(3 * embed_dim, embed_dim, dtype=dtype))
        else:
            self.q_proj_weight = init.xavier_uniform_(empty(embed_dim, embed_dim, dtype=dtype))
            self.k_proj_weight = init.xavier_uniform_(empty(embed_dim, self.kdim, dtype=dtype))
            self.v_proj_weight = init.xavier_uniform_(empty(embed_dim, self.vdim, dtype=dtype))
        self.in_proj_bias = empty(3 * embed_dim, dtype=dtype) if bias else None
        self.bias_k: Any
        self.bias_v: Any
        self.bias_k, self.bias_v = (
            init.xavier_normal_(empty(1, 1, embed_dim, dtype=dtype)) if add_bias_kv else None for _ in range(2)
        )
        self.out_proj = Linear(embed_dim, embed_dim, bias, dtype=dtype, bias_init=0)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """Output shaped as the query, and weights [N, L, S] ([N, heads, L, S] if not averaged)."""
        single = np.ndim(query) == 2
        inputs = [self._batch_first(x, single) for x in (query, key, value)]
        q, k, v = self._projected(*inputs)
        mask = self._mask(q, k, key_padding_mask, attn_mask, is_causal)
        p = self.dropout if self.training else 0.0
        out, weights = F.scaled_dot_product_attention(q, k, v, mask, p, need_weights=True)
        out = self.out_proj(out.swapaxes(1, 2).reshape((out.shape[0], out.shape[2], self.embed_dim)))
        weights = (np.mean(weights, axis=1) if average_attn_weights else weights) if need_weights else None
        if single:
            return out[0], None if weights is None else weights[0]
        return out if self.batch_first else out.swapaxes(0, 1), weights

    def _batch_first(self, x: Any, single: bool) -> Any:
        if np.ndim(x) != 3 - single:
            raise ShapeError(
                f"{self.label}: query, key and value must all have two axes or all three; one is {np.shape(x)}"
            )
        return np.expand_dims(x, 0) if single else x if self.batch_first else x.swapaxes(0, 1)

    def _projected(self, query: Any, key: Any, value: Any) -> list[Any]:
        """Query, key and value as [N, heads, length, share]."""
        e = self.embed_dim
        parts = [slice(0, e), slice(e, 2 * e), slice(2 * e, None)]
        own = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        weights = own if self.in_proj_weight is None else [self.in_proj_weight[part] for part in parts]
        biases = [None if self.in_proj_bias is None else self.in_proj_bias[part] for part in parts]
        q, k, v = map(F.linear, (query, key, value), weights, biases)
        if self.bias_k is not None:
            k, v = (np.concatenate([x, np.broadcast_to(b, (len(x), 1, e))], axis=1)
                    for x, b in ((k, self.bias_k), (v, self.bias_v)))  # fmt: skip
        heads = [x.reshape((*x.shape[:2], self.num_heads, -1)).swapaxes(1, 2) for x in (q, k, v)]
        if self.add_zero_attn:
            zero = np.zeros((len(q), self.num_heads, 1, e // self.num_heads), q.dtype)
            heads[1:] = [np.concatenate([x, zero], axis=2) for x in heads[1:]]
        return heads

    def _mask(self, q: Any, k: Any, padding: Any, attn_mask: Any, is_causal: bool) -> Any:
        """All masks as one to add to the scores [N, heads, L, S]; what was added to the keys stays visible."""
        (n, heads, length, _), seen = q.shape, k.shape[2]
        total: Any = np.zeros((1, 1, length, seen), q.dtype)
        if is_causal and attn_mask is None:
            attn_mask = ~np.tril(np.ones((length, seen), bool))
        for mask, per_key in ((attn_mask, False), (padding, True)):
            if mask is None:
                continue
            mask = np.atleast_2d(mask.data if isinstance(mask, Value) else np.asarray(mask))
            if mask.dtype.kind == "b":
                mask = np.where(mask, -np.inf, 0).astype(q.dtype)
            mask = np.pad(mask, [(0, 0)] * (mask.ndim - 1) + [(0, seen - mask.shape[-1])])
            if per_key:
                mask = mask[:, None, None, :]
            elif mask.ndim == 3:
                mask = mask.reshape((n, heads, length, seen))
            total = total + mask
        return total
