"""Normalisation: n = (x - μ)/√(σ² + ε) over some axes, then n·γ + β. The methods differ only in the axes.

`batch_norm`, `layer_norm`, `group_norm`, `instance_norm`, `rms_norm`, `local_response_norm`, `normalize`, `normal_pdf`.
Composed of gates: nothing here has a backward of its own. Builds on the gates.
"""

from collections.abc import Sequence
from math import pi, sqrt
from typing import Any

import numpy as np

from ...engine import Value
from ...errors import ShapeError
from ...gates import fused

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "normal_pdf",
    "normalize",
    "rms_norm",
    "standardise",
]


def standardise(input: Any, axis: int | tuple[int, ...], eps: float = 1e-5) -> Any:
    """(x - μ)/√(σ² + ε), mean and (biased) variance being taken over `axis`.

    >>> import numpy as np
    >>> standardise(np.array([1.0, 3.0]), 0, eps=0.0).tolist()
    [-1.0, 1.0]
    """
    return fused.standardise(input, axis=axis, eps=eps)


def _affine(n: Any, weight: Any, bias: Any, shape: tuple[int, ...]) -> Any:
    """n·γ + β, either of which may be missing, brought to `shape` first."""
    n = n if weight is None else n * _shaped(weight, shape)
    return n if bias is None else n + _shaped(bias, shape)


def _shaped(vector: Any, shape: tuple[int, ...]) -> Any:
    return vector if vector.shape == shape else vector.reshape(shape)


def _per_channel(what: str, input: Any, **vectors: Any) -> tuple[int, ...]:
    """The shape in which a vector of channels (axis 1) broadcasts over the input; ShapeError if one does not fit."""
    if input.ndim < 2:
        raise ShapeError(f"{what}: input {input.shape} must be [N, C, …]")
    channels = input.shape[1]
    wrong = {name: x.shape for name, x in vectors.items() if x is not None and x.shape != (channels,)}
    if wrong:
        raise ShapeError(f"{what}: input {input.shape} has {channels} channels on axis 1, but {wrong}")
    return (channels,) + (1,) * (input.ndim - 2)


def batch_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    *,
    eps: float = 1e-5,
) -> Any:
    """Standardise each channel (axis 1) by the batch in training, by the running statistics otherwise (row
    `bn-forward`).

    The running statistics are the layer's to update. In training more than one value a channel is needed.

    >>> batch_norm(np.array([[1.0], [3.0]]), training=True).round(4).tolist()
    [[-1.0], [1.0]]
    """
    shape = _per_channel(
        "batch_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    axes = (0, *range(2, input.ndim))
    if not training and running_mean is not None and running_var is not None:
        n = (input - running_mean.reshape(shape)) / np.sqrt(running_var.reshape(shape) + eps)
        return _affine(n, weight, bias, shape)
    if input.size <= input.shape[1]:
        raise ShapeError(
            f"batch_norm: input {input.shape} has one value a channel, whose variance is 0: take more examples"
        )
    return _affine(standardise(input, axes, eps), weight, bias, shape)


def layer_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Standardise each example over its last axes, whose lengths are `normalized_shape` (Ba et al. 2016; row
    `layer-norm`).

    >>> layer_norm(np.array([[1.0, 3.0]]), (2,)).round(4).tolist()
    [[-1.0, 1.0]]
    """
    shape = tuple(normalized_shape)
    _last_axes("layer_norm", input, shape)
    return _affine(standardise(input, tuple(range(-len(shape), 0)), eps), weight, bias, shape)


def rms_norm(input: Any, normalized_shape: Sequence[int], weight: Any = None, eps: float | None = None) -> Any:
    """x/√(mean(x²) + ε) over the last axes, ε being the dtype's own by default (Zhang & Sennrich 2019).

    >>> rms_norm(np.array([[3.0, 4.0]]), (2,)).round(4).tolist()
    [[0.8485, 1.1314]]
    """
    shape = tuple(normalized_shape)
    _last_axes("rms_norm", input, shape)
    eps = float(np.finfo(input.dtype).eps) if eps is None else eps
    square = np.mean(np.square(input), axis=tuple(range(-len(shape), 0)), keepdims=True)
    return _affine(input / np.sqrt(square + eps), weight, None, shape)


def _last_axes(what: str, input: Any, shape: tuple[int, ...]) -> None:
    if not shape or input.shape[-len(shape) :] != shape:
        raise ShapeError(f"{what}: input {input.shape} must end in {shape}")


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Standardise each example's groups of neighbouring channels, all positions included (Wu & He 2018).

    >>> group_norm(np.array([[1.0, 3.0, 5.0, 9.0]]), 2).round(3).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    shape = _per_channel("group_norm", input, weight=weight, bias=bias)
    if input.shape[1] % num_groups:
        raise ShapeError(
            f"group_norm: the {input.shape[1]} channels of input {input.shape} don't make {num_groups} groups"
        )
    grouped = input.reshape((input.shape[0], num_groups, -1))
    return _affine(standardise(grouped, 2, eps).reshape(input.shape), weight, bias, shape)


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    *,
    eps: float = 1e-5,
) -> Any:
    """Standardise each channel of each example over its positions, or by the running statistics (Ulyanov et al.
    2016).

    >>> instance_norm(np.array([[[1.0, 3.0]], [[5.0, 9.0]]])).round(3).tolist()
    [[[-1.0, 1.0]], [[-1.0, 1.0]]]
    """
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, eps=eps)
    shape = _per_channel("instance_norm", input, weight=weight, bias=bias)
    if input.size <= input.shape[0] * input.shape[1]:
        raise ShapeError(f"instance_norm: input {input.shape} has one position a channel, whose variance is 0")
    return _affine(standardise(input, tuple(range(2, input.ndim)), eps), weight, bias, shape)


def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0, *, divide_by_size: bool = True
) -> Any:
    """x/(k + α/n·Σx²)^β, the sum over n = size neighbouring channels: lateral inhibition (Krizhevsky et al. 2012).

    `divide_by_size=False` takes α itself, as the paper, whose constants are k=2, n=5, α=1e-4, β=0.75
    (course 004, row `local-response-norm`); PyTorch divides.

    >>> local_response_norm(np.ones((1, 3, 1)), 3, alpha=3.0)[0, :, 0].round(4).tolist()
    [0.4387, 0.3536, 0.4387]
    """
    if input.ndim < 2:
        raise ShapeError(f"local_response_norm: input {input.shape} must be [N, C, …]")
    channels, half = input.shape[1], size // 2
    distance = np.arange(channels)[:, None] - np.arange(channels)
    near = ((distance <= half) & (distance > half - size)).astype(input.dtype)
    flat = np.square(input).reshape((input.shape[0], channels, -1))
    total = (near @ flat).reshape(input.shape)
    return input / (k + total * (alpha / size if divide_by_size else alpha)) ** beta


def normalize(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """x over its p-norm along `dim`, the norm being held at eps or above.

    >>> normalize(np.array([[3.0, 4.0]])).tolist()
    [[0.6, 0.8]]
    """
    if p == 2:
        length = np.linalg.norm(input, axis=dim, keepdims=True)
    else:
        length = np.sum(np.abs(input) ** p, axis=dim, keepdims=True) ** (1 / p)
    return input / np.maximum(length, eps)


def normal_pdf(x: Any, mean: Any = 0.0, std: Any = 1.0) -> Any:
    """Density of the normal distribution, exp(-(x - μ)²/(2σ²))/(σ√(2π)) (course 000, row `gaussian-pdf`).

    >>> round(float(normal_pdf(0.0)), 4)
    0.3989
    """
    x = x if isinstance(x, Value) else np.asarray(x, float)
    return np.exp(-np.square((x - mean) / std) / 2) / (std * sqrt(2 * pi))
