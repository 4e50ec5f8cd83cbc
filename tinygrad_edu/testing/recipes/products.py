"""Recipes of products, matrices, Fourier transforms and windows. Builds on `parts`."""

from typing import Any

import numpy as np

from ...gates.windows import Windows
from ...operators import GATES
from ..programs import Builder
from .parts import one_axis, recipe, resized, square

__all__: list[str] = []  # entered in the table


@recipe("matmul")
def matmul(b: Builder, name: str) -> int:
    x = b.pick(lambda x: x.ndim, complex=True)
    inner, stack = b.shape(x)[-1], b.shape(x)[:-2]
    fits = [k for k, y in enumerate(b.known) if 0 < np.ndim(y) <= 2 and y.shape[-2:][0] == inner]
    if not fits:
        shapes = [(inner,), (inner, 2), (*stack[-1:], inner, 1)]
        fits = [resized(b, b.pick(), b.random.choice(shapes))]
    return b.add(name, x, b.random.choice(fits))


@recipe("outer", "convolve")
def pairs(b: Builder, name: str) -> int:
    x, y = b.pick(lambda x: 0 < x.size < 9), b.pick(lambda x: 0 < x.size < 9)
    if name == "convolve":
        x, y = b.add("reshape", x, shape=(-1,)), b.add("reshape", y, shape=(-1,))
    return b.add(name, x, y)


@recipe("einsum")
def einsum(b: Builder, name: str) -> int:
    lengths = {label: b.random.randint(1, 3) for label in "abc"}
    terms = ["".join(b.random.choice("abc") for _ in range(b.random.randint(0, 3))) for _ in range(2)]
    used = sorted(set("".join(terms)))
    result = [label for label in used if b.random.randint(0, 1)]
    b.random.shuffle(result)
    operands = [resized(b, b.pick(), tuple(lengths[label] for label in term)) for term in terms]
    return b.add(name, *operands, subscripts=",".join(terms) + "->" + "".join(result), optimize=False)


@recipe("inv", "det", "logabsdet", "cofactor", "det_phase", "pinv", "symmetric exponential", "singular tanh", "qr",
        "cholesky", "sorted eigenvalues")  # fmt: skip
def matrix(b: Builder, name: str) -> int:
    name = "orthonormal times triangle" if name == "qr" else name
    x = square(b, 4.0 if name in ("sorted eigenvalues", "singular tanh", "symmetric exponential") else 0.0)
    if name == "cholesky":
        x = b.add("matmul", x, b.add("swapaxes", x, axis1=-1, axis2=-2))
    return b.add(name, x, **({"rcond": 1e-12} if name == "pinv" else {}))


@recipe("solve")
def solve(b: Builder, name: str) -> int:
    x = square(b)
    return b.add(name, x, resized(b, b.pick(), (b.shape(x)[-1], b.random.randint(1, 2))))


@recipe("fft", "ifft", "rfft")
def fourier(b: Builder, name: str) -> int:
    x = b.pick(lambda x: x.ndim and x.size, complex=name != "rfft")
    return b.add(name, x, axis=one_axis(b, x), norm=b.random.choice(("backward", "ortho", "forward")))


@recipe("irfft")
def back(b: Builder, name: str) -> int:
    x = b.pick(lambda x: x.ndim and x.size, complex=True)
    axis = one_axis(b, x)
    length = max(1, 2 * b.shape(x)[axis] - b.random.randint(1, 2))
    return b.add(name, x, n=length, axis=axis, norm=b.random.choice(("backward", "ortho", "forward")))


def geometry(b: Builder, dims: int) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    """Lengths, a window that fits, and how it slides."""
    window = tuple(b.random.randint(1, 2) for _ in range(dims))
    stride, dilation = (tuple(b.random.randint(1, 2) for _ in range(dims)) for _ in range(2))
    padding = tuple(b.random.randint(0, k // 2) for k in window)
    size = tuple(d * (k - 1) + 1 + b.random.randint(0, 2) for k, d in zip(window, dilation, strict=True))
    return size, window, {"stride": stride, "padding": padding, "dilation": dilation}


@recipe("conv", "conv_transpose", "conv_weight", "unfold", "fold")
def convolution(b: Builder, name: str) -> int:
    dims = b.random.randint(1, 2) if "fold" not in name else 2
    size, window, settings = geometry(b, dims)
    positions = Windows.over(size, window, **settings).positions
    image, filters, out = (1, 2, *size), (2, 2, *window), (1, 2, *positions)
    if name == "unfold":
        return b.add(name, resized(b, b.pick(), image), window=window, **settings)
    if name == "fold":
        return b.add(name, resized(b, b.pick(), (1, 2, *window, *positions)), size=size, window=window, **settings)
    shapes = {"conv": (image, filters), "conv_transpose": (out, filters), "conv_weight": (image, out)}[name]
    more = {"conv": {}, "conv_transpose": {"size": size}, "conv_weight": {"window": window}}[name]
    inputs = [resized(b, b.pick(), shape) for shape in shapes]
    if name != "conv_weight" and b.random.randint(0, 1):
        inputs.append(resized(b, b.pick(), (2,)))
    return b.add(name, *inputs, **settings, **more)


@recipe("max_pool", "sum_windows", "spread_windows", "route_to_winners", "pick_winners")
def pooling(b: Builder, name: str) -> int:
    size, window, settings = geometry(b, 2)
    kept = {key: value for key, value in settings.items() if key != "dilation"}
    if name in ("sum_windows", "spread_windows"):
        settings = kept
    x = resized(b, b.pick(), (1, 2, *size))
    if name in ("max_pool", "sum_windows"):
        return b.add(name, x, window=window, **settings, ceil_mode=False)
    shape = (1, 2, *Windows.over(size, window, **settings).positions)
    if name == "spread_windows":
        return b.add(name, resized(b, x, shape), size=size, window=window, **settings, ceil_mode=False)
    levels = np.arange(2.0 * np.prod(size)).reshape(1, 2, *size) * 7 % 3  # ties in every window
    given = resized(b, x, shape) if name == "route_to_winners" else x
    largest = GATES["max_pool"](levels, window=window, **settings, ceil_mode=False)
    return b.add(name, given, levels, largest, window=window, **settings, ceil_mode=False)
