"""PyTorch's twins of gates and functions, by name: those among the samples, and here those the samples lack."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from tinygrad_edu.gates.shaping import PICKED
from tinygrad_edu.testing.recipes import FUNCTIONS

from .gates.samples import SAMPLES, every

__all__ = ["TWINS", "table"]

Tensor = Any


def taken(x: Tensor, find: Callable[[np.ndarray], np.ndarray]) -> Tensor:
    """The elements of x that `find` takes from an array of x's shape, by their numbers in line."""
    places = find(np.arange(int(np.prod(x.shape))).reshape(tuple(x.shape)))
    return x.reshape(-1)[torch.as_tensor(np.array(places))]


def put(x: Tensor, places: np.ndarray, shape: tuple[int, ...]) -> Tensor:
    """Zeros of a shape, with the elements of x added at places in line."""
    zeros = torch.zeros(int(np.prod(shape)), dtype=x.dtype)
    return zeros.index_add(0, torch.as_tensor(np.array(places)).reshape(-1), x.reshape(-1)).reshape(shape)


def in_line(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(int(np.prod(shape))).reshape(shape)


def whole(index: tuple[Any, ...], picks: tuple[Tensor, ...]) -> tuple[Any, ...]:
    arrays = iter(picks)
    return tuple(next(arrays).numpy() if part is PICKED else part for part in index)


def rows(axis: int, ndim: int, index: Tensor) -> tuple[Any, ...]:
    return (slice(None),) * (axis % ndim) + (index.numpy(),)


def added_rows(x: Tensor, index: Tensor, *, axes: tuple[int], lengths: tuple[int]) -> Tensor:
    shape = list(x.shape)
    shape[axes[0]] = lengths[0]
    return put(x, in_line(tuple(shape))[rows(axes[0], x.ndim, index)], tuple(shape))


def added_along(x: Tensor, index: Tensor, *, axis: int, length: int) -> Tensor:
    shape = list(x.shape)
    shape[axis] = length
    return put(x, np.take_along_axis(in_line(tuple(shape)), index.numpy(), axis), tuple(shape))


def dims(x: Tensor, axis: Any) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def extreme(name: str, x: Tensor, *, axis: Any, keepdims: bool, ties: str) -> Tensor:
    return getattr(torch, name)(x, dims(x, axis), keepdims) if x.ndim else x * 1


def standardised(x: Tensor, *, axis: Any, eps: float) -> Tensor:
    if not x.ndim:
        return x * 0
    centred = x - x.mean(dims(x, axis), keepdim=True)
    return centred / torch.sqrt((centred**2).mean(dims(x, axis), keepdim=True) + eps)


def p_norm(x: Tensor, *, p: float, axis: Any, keepdims: bool) -> Tensor:
    return torch.sum(x.abs() ** p, dims(x, axis), keepdims) ** (1 / p) if x.ndim else x.abs()


def norm(x: Tensor, *, axis: Any, keepdims: bool) -> Tensor:
    return torch.linalg.vector_norm(x, 2, dims(x, axis), keepdims) if x.ndim else x.abs()


def std(x: Tensor, *, axis: Any, keepdims: bool, ddof: int) -> Tensor:
    return torch.std(x, dims(x, axis), correction=ddof, keepdim=keepdims) if x.ndim else x * 0


def padded(x: Tensor, *, widths: tuple[tuple[int, int], ...], value: float) -> Tensor:
    return torch.nn.functional.pad(x, [n for pair in reversed(widths) for n in pair], value=value)


def convolved(x: Tensor, y: Tensor) -> Tensor:
    full = torch.nn.functional.conv1d(x[None, None], y.flip(0)[None, None], padding=y.numel() - 1)
    return full[0, 0]


def folded(x: Tensor, *, size: tuple[int, int], window: tuple[int, int], **settings: Any) -> Tensor:
    columns = x.reshape((x.shape[0], x.shape[1] * window[0] * window[1], -1))
    return torch.nn.functional.fold(columns, size, window, **settings)


def squeezed(x: Tensor, *, axis: tuple[int, ...]) -> Tensor:
    return x.reshape([n for k, n in enumerate(x.shape) if k not in axis])


def fourier(name: str, x: Tensor, *, axis: int, norm: str, n: int | None = None) -> Tensor:
    return getattr(torch.fft, name)(x, n, axis, norm)


def stepped(x: Tensor, y: Tensor) -> Tensor:
    return torch.where(x == 0, y, (x > 0) + torch.zeros_like(y))


def cofactor(x: Tensor) -> Tensor:
    return torch.linalg.det(x)[..., None, None] * torch.linalg.inv(x).mT


def product(x: Tensor, y: Tensor) -> Tensor:
    """PyTorch's matmul does not mix real and complex numbers."""
    kind = torch.promote_types(x.dtype, y.dtype)
    return torch.matmul(x.to(kind), y.to(kind))


def solved(a: Tensor, b: Tensor) -> Tensor:
    """A matrix b belongs to every matrix of a stack; PyTorch may take its rows for a stack of vectors."""
    return torch.linalg.solve(a, b.expand((*a.shape[:-2], *b.shape[-2:])))


MORE: dict[str, Callable[..., Tensor]] = {
    "add_along_axis": added_along,
    "add_picked": added_rows,
    "angle": torch.angle,
    "astype": lambda x, dtype: x.double(),
    "cbrt": lambda x: x ** (1 / 3),
    "cholesky": torch.linalg.cholesky,
    "cofactor": cofactor,
    "conjugate": torch.conj_physical,
    "convolve": convolved,
    "det": torch.linalg.det,
    "det_phase": lambda x: torch.linalg.slogdet(x)[0],
    "expand_dims": torch.unsqueeze,
    "fft": partial(fourier, "fft"),
    "fold": folded,
    "getitem": lambda x, *picks, index: taken(x, lambda lined: lined[whole(index, picks)]),
    "heaviside": stepped,
    "ifft": partial(fourier, "ifft"),
    "imag": lambda x: x.imag if x.is_complex() else x.abs() * 0,
    "inv": torch.linalg.inv,
    "irfft": partial(fourier, "irfft"),
    "ldexp": lambda x, y: x * 2.0**y,  # the derivative of torch.ldexp rounds 2**y to whole numbers
    "logabsdet": lambda x: torch.linalg.slogdet(x)[1],
    "matmul": product,
    "max": partial(extreme, "amax"),
    "min": partial(extreme, "amin"),
    "norm": norm,
    "p_norm": p_norm,
    "pad_constant": padded,
    "pick": lambda x, index, axes: taken(x, lambda lined: lined[rows(axes[0], x.ndim, index)]),
    "pinv": lambda x, rcond: torch.linalg.pinv(x),
    "real": lambda x: x.real if x.is_complex() else x * 1,
    "rfft": partial(fourier, "rfft"),
    "scatter": lambda x, *picks, index, shape: put(x, in_line(shape)[whole(index, picks)], shape),
    "solve": solved,
    "squeeze": squeezed,
    "standardise": standardised,
    "std": std,
    "take_along_axis": lambda x, index, axis: taken(x, lambda lined: np.take_along_axis(lined, index.numpy(), axis)),
}
SAME_NAME = ["tril", "triu", "trace", "diag", "flip", "rot90", "kron", "diff", "clip", "nan_to_num", "tile", "i0"]
SAME_NAME += [
    "matrix_power",
    "trapezoid",
    "cov",
    "symmetric exponential",
    "singular tanh",
    "orthonormal times triangle",
]


def _sampled(name: str) -> Callable[..., Tensor]:
    return lambda *inputs, **settings: SAMPLES[name].torch(torch, *inputs, **settings)


every()  # enters all samples
TWINS: dict[str, Callable[..., Tensor]] = {name: _sampled(name) for name in SAMPLES if SAMPLES[name].torch}
TWINS |= MORE | {name: partial(FUNCTIONS[name], torch) for name in SAME_NAME}
TWINS["sorted eigenvalues"] = lambda x: torch.sort(torch.linalg.eigvals(x).real)[0]
TWINS["quantile"] = lambda x: torch.quantile(x, 0.3, 1)
TWINS["nanmedian"] = lambda x: torch.quantile(x, 0.5, 0)
TWINS["vander"] = lambda x: torch.stack([x[0] ** k for k in reversed(range(x.shape[1]))], -1)
TWINS["tensordot"] = lambda x: torch.tensordot(x, x, 2)


def table(name: str) -> Callable[..., Tensor]:
    """The twin of an operation."""
    return TWINS[name]
