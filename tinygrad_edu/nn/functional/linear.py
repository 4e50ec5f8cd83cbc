"""Affine maps: `linear`, `bilinear`, `dropconnect`, and the cosine of two vectors. Builds on the gates and `random`."""

from typing import Any

import numpy as np

from ...engine import Value
from ...errors import ShapeError
from ...gates.linear import matmul
from ...random import drawn

__all__ = ["bilinear", "cosine_similarity", "dropconnect", "linear"]


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b over the last axis, W being [out, in] as PyTorch stores it.

    >>> import numpy as np
    >>> linear(np.array([1.0, 2.0]), np.array([[1.0, 1.0], [0.0, 3.0]]), np.array([0.5, 0.0])).tolist()
    [3.5, 6.0]
    """
    shape = input.shape if isinstance(input, Value) else np.shape(input)
    if not shape or shape[-1] != weight.shape[1]:
        raise ShapeError(
            f"linear: input {shape} must end in {weight.shape[1]}, since weight [out, in] is {weight.shape}"
        )
    out = matmul.pair(input, weight.T)  # as `@` does, which would first ask NumPy where the input is an array
    return out if bias is None else out + bias


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """x₁ᵀ W_k x₂ + b_k for each output k, over the last axes; W is [out, in1, in2].

    >>> bilinear(np.ones((5, 2)), np.ones((5, 3)), np.ones((4, 2, 3))).shape
    (5, 4)
    """
    if input1.shape[:-1] != input2.shape[:-1] or (input1.shape[-1], input2.shape[-1]) != weight.shape[1:]:
        raise ShapeError(
            f"bilinear: inputs {input1.shape} and {input2.shape} must agree up to the last axis and end in "
            f"{weight.shape[1]} and {weight.shape[2]}, since weight [out, in1, in2] is {weight.shape}"
        )
    out = np.einsum("...i,kij,...j->...k", input1, weight, input2)
    return out if bias is None else out + bias


def dropconnect(input: Any, weight: Any, bias: Any = None, p: float = 0.5, training: bool = True) -> Any:
    """A linear layer each of whose weights is 0 with probability p in training (Wan et al. 2013; row `dropconnect`).

    Not rescaled: the mean over masks is (1 - p)·Wx, and that is what inference computes.

    >>> dropconnect(np.ones((1, 2)), np.ones((1, 2)), p=0.5, training=False).tolist()
    [[1.0]]
    """
    if not training:
        return linear(input, weight * (1 - p), bias)
    kept = (drawn("random", weight.shape) >= p).astype(weight.dtype)
    return linear(input, weight * kept, bias)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """x₁·x₂ / (‖x₁‖‖x₂‖) along `dim`, each norm held at eps or above: the cosine of the angle.

    >>> import numpy as np
    >>> float(cosine_similarity(np.array([3.0, 0.0]), np.array([1.0, 0.0]), dim=0))
    1.0
    """
    lengths = [np.maximum(np.sqrt(np.sum(np.square(x), axis=dim)), eps) for x in (x1, x2)]
    return np.sum(x1 * x2, axis=dim) / (lengths[0] * lengths[1])
