"""Looking up: `embedding` by number, `scaled_dot_product_attention` by similarity. Builds on the gates."""

from math import sqrt
from typing import Any

import numpy as np

from ...engine import Value
from ...errors import GraphError, OutOfRangeError, SettingError, ShapeError
from ...gates.fused import softmax
from ...modes import constant, current_mode
from .regularisation import dropout

__all__ = ["embedding", "scaled_dot_product_attention"]


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
) -> Any:
    """Row `input` of `weight` for each number in it: [...] to [..., embedding_dim]; row `padding_idx` is not learned.

    With `max_norm` the rows looked up are first shortened, in `weight` itself, to a `norm_type`-norm of `max_norm` at
    most; a graph recorded before such a change is stale. `scale_grad_by_freq` divides a row's gradient by how often it
    is looked up. As in PyTorch.

    >>> import numpy as np
    >>> embedding(np.array([1, 0]), np.array([[0.5], [2.0]])).tolist()
    [[2.0], [0.5]]
    """
    numbers = input.data.astype(int) if isinstance(input, Value) else np.asarray(input)
    rows = weight.shape[0]
    if numbers.dtype.kind not in "iu":
        raise ShapeError(f"embedding: input of dtype {numbers.dtype}; give row numbers (integers)")
    numbers = _checked(numbers, rows)
    if max_norm is not None:
        _shorten(weight, numbers, max_norm, norm_type)
    found = weight[numbers]
    if not isinstance(weight, Value):
        return found
    if scale_grad_by_freq:
        still = weight.detach()[numbers]
        found = still + (found - still) / _how_often(numbers, rows, weight.dtype)
    if padding_idx is not None:
        found = np.where((numbers == padding_idx % rows)[..., None], weight.detach()[numbers], found)
    return found


@constant
def _checked(numbers: Any, rows: int) -> Any:
    """Row numbers themselves; OutOfRangeError if one is that of no row."""
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < rows):
        raise OutOfRangeError(
            f"embedding: input runs from {numbers.min()} to {numbers.max()}, rows from 0 to {rows - 1}"
        )
    return numbers


@constant
def _how_often(numbers: Any, rows: int, dtype: Any) -> Any:
    """How often the row that a number looks up is looked up, in the shape of what is found."""
    return np.bincount(numbers.ravel(), minlength=rows)[numbers][..., None].astype(dtype)


def _shorten(weight: Any, numbers: Any, max_norm: float, norm_type: float) -> None:
    """Bring the norms of these rows of a leaf down to `max_norm`."""
    if not isinstance(weight, Value) or weight.gate is not None:
        raise SettingError("embedding: max_norm changes the weight itself, which has to be a parameter")
    if current_mode().everything:
        raise GraphError("embedding: max_norm changes the weight at every call, which a trace can't follow")
    array, rows = weight.numpy(), np.unique(numbers)
    norms = np.linalg.norm(array[rows], norm_type, axis=1, keepdims=True)
    if (norms > max_norm).any():
        # PyTorch's small number, so that the numbers agree.
        array[rows] *= np.where(norms > max_norm, max_norm / (norms + 1e-7), 1)
        weight._assign(array)


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

    >>> scaled_dot_product_attention(np.zeros((1, 2)), np.zeros((2, 2)), np.array([[1.0], [3.0]])).tolist()
    [[2.0]]
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
