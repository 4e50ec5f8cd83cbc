"""Looking up: `embedding` by number, `scaled_dot_product_attention` by similarity. Builds on the gates."""

from math import sqrt
from typing import Any

import numpy as np

from ...engine import Value
from ...errors import OutOfRangeError, ShapeError
from ...gates.fused import softmax
from .regularisation import dropout

__all__ = ["embedding", "scaled_dot_product_attention"]


def embedding(input: Any, weight: Any, padding_idx: int | None = None) -> Any:
    """Row `input` of `weight` for each number in it: [...] to [..., embedding_dim]; row `padding_idx` is not learned.

    >>> import numpy as np
    >>> embedding(np.array([1, 0]), np.array([[0.5], [2.0]])).tolist()
    [[2.0], [0.5]]
    """
    numbers = np.asarray(input.data.astype(int) if isinstance(input, Value) else input)
    rows = weight.shape[0]
    if numbers.dtype.kind not in "iu":
        raise ShapeError(f"embedding: input of dtype {numbers.dtype}; give row numbers (integers)")
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < rows):
        raise OutOfRangeError(
            f"embedding: input runs from {numbers.min()} to {numbers.max()}, rows from 0 to {rows - 1}"
        )
    if padding_idx is None or not isinstance(weight, Value):
        return weight[numbers]
    return np.where((numbers == padding_idx % rows)[..., None], weight.detach()[numbers], weight[numbers])


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    need_weights: bool = False,
) -> Any:
    """softmax(Q Kᵀ/√d + mask) V over the last two axes [..., L, d], [..., S, d], [..., S, e] (Vaswani et al. 2017).

    A boolean mask lets attention pass where it is True (PyTorch's meaning here), another is added to the scores;
    `is_causal` lets position i see positions up to i. With `need_weights` gives (output, weights before dropout).
    """
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ShapeError(
            f"scaled_dot_product_attention: query {query.shape} and key {key.shape} must agree on the last axis, "
            f"key and value {value.shape} on the one before"
        )
    scores = query @ key.swapaxes(-1, -2) * (1 / sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    if attn_mask is not None:
        mask = attn_mask if isinstance(attn_mask, Value) else np.asarray(attn_mask)
        boolean = mask.dtype.kind == "b"
        scores = np.where(np.broadcast_to(mask, scores.shape), scores, -np.inf) if boolean else scores + mask
    weights = softmax(scores, axis=-1)
    out = dropout(weights, dropout_p) @ value if dropout_p else weights @ value
    return (out, weights) if need_weights else out
