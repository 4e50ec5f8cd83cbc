"""Random convolutional networks: planned programs equal eager ones, with any one of the passes left out too."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Value, compile, value_and_grad
from tinygrad_edu.compiling.passes import PLANNING
from tinygrad_edu.gates.convolution import conv, conv_transpose
from tinygrad_edu.gates.elementary import relu
from tinygrad_edu.gates.fused import standardise
from tinygrad_edu.gates.pooling import avg_pool, max_pool

from .texts import text_is_what_runs

KINDS = ("conv", "transpose", "norm", "layer", "relu", "tanh", "max", "average", "bias", "skip", "mean", "swap")
OPTIONAL = sorted({*PLANNING} - {"in_place", "bound_scalars"})


def layer(kind: str, x: Any, w: Any, b: Any, k: int) -> Any:
    """One layer, its settings taken from k."""
    wide, column = 2 + k % 2, b.reshape(1, -1, *[1] * (x.ndim - 2))
    geometry = {"stride": 1 + k % 2, "padding": k % 3, "dilation": 1 + k // 2 % 2}
    fits = min(x.shape[2:]) > 4
    if kind == "conv":
        return conv(x, w, b, **geometry) if fits else conv(x, w, padding="same")
    if kind == "transpose":
        return conv_transpose(x, w, b, size=tuple(n + 1 for n in x.shape[2:]))
    if kind == "norm":
        return standardise(x, axis=(0, *range(2, x.ndim)), eps=1e-2) * column
    if kind == "layer":
        return standardise(x, axis=tuple(range(1, x.ndim)), eps=1e-2) + column
    if kind in ("max", "average"):
        pool = max_pool if kind == "max" else avg_pool
        return pool(x, window=wide, stride=1 + k // 2, ceil_mode=k % 2 == 0, padding=k // 3) if fits else x
    if kind == "skip":
        return x + np.tanh(x) * column
    if kind == "mean":
        return x - np.mean(x, tuple(range(2, x.ndim)), keepdims=True)
    if kind == "swap":
        return np.swapaxes(x, -1, 2)
    return {"relu": relu, "tanh": np.tanh}.get(kind, lambda x: x + column)(x)


def network(kinds: list[tuple[str, int]]) -> Any:
    """A network's mean, with the gradients of all it is given."""

    def loss(x: Any, w: Any, b: Any, head: Any) -> Any:
        for kind, k in kinds:
            x = layer(kind, x, w, b, k)
        return np.mean(np.sin(x.reshape(len(x), -1) * np.sum(head) + np.sum(x, tuple(range(1, x.ndim))).reshape(-1, 1)))

    return value_and_grad(loss, argnums=(0, 1, 2, 3))


def numbers(found: Any) -> list[Any]:
    return [np.asarray(x.data if isinstance(x, Value) else x) for x in (found[0], *found[1])]


@settings(max_examples=40)
@given(
    kinds=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 3)), min_size=1, max_size=6),
    dims=st.integers(1, 3),
    batch=st.sampled_from([1, 2, 17]),
    without=st.sampled_from(["", *OPTIONAL]),
)
def test_planned_networks_equal_eager_ones(kinds: Any, dims: int, batch: int, without: str) -> None:
    random, side = np.random.default_rng(0), {1: 40, 2: 12, 3: 7}[dims]
    x, w = random.standard_normal((batch, 3, *[side] * dims)), random.standard_normal((3, 3, *[2] * dims)) / 4
    b, head = random.standard_normal(3), random.standard_normal(2)
    f = network(kinds)
    program = compile(f, without=[without] if without else ())
    for _ in range(2):
        x = x + 0.01
        for wanted, found in zip(numbers(f(x, w, b, head)), numbers(program(x, w, b, head)), strict=True):
            assert wanted.dtype == found.dtype
            np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-9 * max(1, np.abs(wanted).max()))
    text_is_what_runs(program, x, w, b, head)
