"""The pass `batch_last` and its kernels: the same numbers as before, at many sizes, strides, paddings and dilations."""

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, compile, value_and_grad
from tinygrad_edu.compiling.kernels.sliding import first_wins, largest_along, routed_along, routed_to_winner
from tinygrad_edu.compiling.passes import lowering
from tinygrad_edu.compiling.passes.layout import batch_last
from tinygrad_edu.compiling.program import Program
from tinygrad_edu.gates.convolution import conv, conv_transpose
from tinygrad_edu.gates.pooling import avg_pool, max_pool
from tinygrad_edu.operators import GATES

SPACES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((9,), (3,)), ((7, 8), (3, 2)), ((5, 6, 4), (2, 3, 2))]
CONVOLUTIONS: list[dict[str, Any]] = [
    {},
    {"stride": 2},
    {"padding": 1},
    {"padding": 2, "stride": 3},
    {"dilation": 2},
    {"groups": 2},
    {"groups": 2, "padding": 1, "dilation": 2, "stride": 2},
    {"padding": "same"},
]
POOLINGS: list[dict[str, Any]] = [
    {"window": 2},
    {"window": 3},
    {"window": 2, "stride": 1},
    {"window": 3, "stride": 2, "padding": 1},
    {"window": 2, "ceil_mode": True},
    {"window": 3, "stride": 2, "padding": 1, "ceil_mode": True},
    {"window": (2,), "dilation": 2, "stride": 1},
]


def before_and_after(function: Any, *arrays: Any) -> tuple[list[Any], list[Any], Program]:
    """The results of a program as recorded, and after the pass."""
    program = compile(function, plan=False).trace(*arrays).program
    made = batch_last(program)
    return program.run(*arrays), made.run(*arrays), made


def agree(function: Any, *arrays: Any) -> Program:
    """The results agree, in shape and dtype too; the program after the pass."""
    wanted, found, made = before_and_after(function, *arrays)
    tolerance = 2e-5 if arrays[0].dtype == np.float32 else 1e-12
    for a, b in zip(wanted, found, strict=True):
        assert np.shape(a) == np.shape(b)
        assert a.dtype == b.dtype
        np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance * max(1, np.abs(a).max()))
    kinds, known = made.kinds(), dict(zip((x.var for x in made.inputs), arrays, strict=True))
    for line in made:
        known[line.target] = line.run(known)
        assert (np.shape(known[line.target]), known[line.target].dtype) == kinds[line.target], line.gate.name
    return made


def gates(program: Program) -> set[str]:
    return {line.gate.name for line in program}


def gradients(function: Any, count: int) -> Any:
    """A function's result and all its gradients."""
    return value_and_grad(lambda *arrays: np.sum(np.sin(function(*arrays))), argnums=tuple(range(count)))


@pytest.mark.parametrize("most", [2**21, 1], ids=["at once", "block by block"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("settings", CONVOLUTIONS, ids=str)
@pytest.mark.parametrize(("space", "window"), SPACES, ids=str)
def test_convolution(
    space: Any, window: Any, settings: Any, dtype: Any, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lowering, "BLOCK", most)
    random, groups = np.random.default_rng(0), settings.get("groups", 1)
    x = random.standard_normal((3, 4, *space)).astype(dtype)
    w, b = random.standard_normal((6, 4 // groups, *window)).astype(dtype), random.standard_normal(6).astype(dtype)
    made = agree(gradients(lambda x, w, b: conv(x, w, b, **settings), 3), x, w, b)
    assert gates(made).isdisjoint({"conv", "conv_weight", "conv_transpose"})
    kernels = gates(made) & {"convolved", "correlated", "spread", "mirrored"}
    assert kernels in ([{"convolved", "correlated", way} for way in ("spread", "mirrored")] if most == 1 else [set()])


@pytest.mark.parametrize(
    ("filters", "settings", "way"),
    [
        (6, {"padding": 1}, "mirrored"),
        (6, {"padding": "same", "dilation": 2, "groups": 2}, "mirrored"),
        (6, {"padding": 1, "stride": 2}, "spread"),
        (6, {}, "spread"),  # a third of the positions
        (64, {"padding": 1}, "spread"),  # of many filters
    ],
)
def test_the_way_back_gathers_where_that_takes_less(
    filters: int, settings: Any, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lowering, "BLOCK", 1)
    random = np.random.default_rng(0)
    x = random.standard_normal((2, 4, 5, 5))
    w = random.standard_normal((filters, 4 // settings.get("groups", 1), 3, 3))
    assert way in gates(agree(gradients(lambda x, w: conv(x, w, **settings), 2), x, w))


@pytest.mark.parametrize("settings", [{}, {"stride": 2}, {"padding": 1, "groups": 2}, {"dilation": 2}], ids=str)
def test_transposed_convolution(settings: Any) -> None:
    random, groups = np.random.default_rng(0), settings.get("groups", 1)
    y, w = random.standard_normal((3, 4, 9, 8)), random.standard_normal((4, 2, 3, 2))
    positions = conv(y[:, : 2 * groups], w, **settings).shape[2:]
    y = random.standard_normal((3, 4, *positions))
    made = agree(gradients(lambda y, w: conv_transpose(y, w, size=(9, 8), **settings), 2), y, w)
    assert "conv_transpose" not in gates(made)


@pytest.mark.parametrize("padding", [0, 2, ((1, -1), (0, 3))], ids=str)
def test_a_window_of_one_needs_no_patches(padding: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowering, "BLOCK", 1)
    random = np.random.default_rng(0)
    x, w = random.standard_normal((3, 4, 5, 6)), random.standard_normal((2, 4, 1, 1))
    made = agree(gradients(lambda x, w: conv(x, w, padding=padding), 2), x, w)
    assert gates(made).isdisjoint({"patches_of", "convolved", "correlated"})


def test_an_input_is_padded_once_for_both_products() -> None:
    random = np.random.default_rng(0)
    x, w = random.standard_normal((3, 4, 5, 6)), random.standard_normal((2, 4, 3, 3))
    step = compile(gradients(lambda x, w: conv(x, w, padding=1), 2))
    step(x, w)
    assert step.source.count("padded(") == 2  # where it is defined, and where it is called


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("settings", POOLINGS, ids=str)
@pytest.mark.parametrize("pool", [max_pool, avg_pool], ids=["max", "average"])
@pytest.mark.parametrize("space", [(8,), (8, 6), (7, 9), (4, 6, 5)], ids=str)
def test_pooling(space: Any, pool: Any, settings: Any, dtype: Any) -> None:
    settings = {k: v * len(space) if isinstance(v, tuple) else v for k, v in settings.items()}
    if pool is avg_pool and "dilation" in settings:
        pytest.skip("no dilation in average pooling")
    x = np.random.default_rng(0).standard_normal((3, 2, *space)).astype(dtype)
    made = agree(gradients(lambda x: pool(x, **settings), 1), x)
    assert gates(made).isdisjoint({"max_pool", "route_to_winners", "sum_windows", "spread_windows"})


@pytest.mark.parametrize("settings", POOLINGS[:4], ids=str)
def test_the_first_of_equals_gets_the_gradient(settings: Any) -> None:
    x = np.random.default_rng(0).integers(0, 2, (3, 2, 8, 6)).astype(float)
    agree(gradients(lambda x: max_pool(x, **settings), 1), x)


def test_the_last_of_equals_would_be_noticed() -> None:
    g, x = np.ones((1, 1, 1)), np.ones((1, 2, 1))
    settings: Any = {"axis": 1, "window": 2, "stride": 2, "padding": 0, "dilation": 1, "ceil": False}
    assert routed_along(g, x, g, **settings).ravel().tolist() == [1.0, 0.0]


@pytest.mark.parametrize("axis", [1, 2])
def test_of_two_neighbours_the_way_back_needs_only_which_is_larger(axis: int) -> None:
    random = np.random.default_rng(0)
    x = random.integers(0, 3, (2, 6, 4, 5)).astype(float)
    settings: Any = {"axis": axis, "window": 2, "stride": 2, "padding": 0, "dilation": 1, "ceil": False}
    largest = largest_along(x, **settings)
    g = random.standard_normal(largest.shape)
    found = routed_to_winner(g, first_wins(x, largest, axis=axis), axis=axis)
    np.testing.assert_array_equal(found, routed_along(g, x, largest, **settings))


def test_what_was_pooled_is_forgotten_before_the_way_back() -> None:
    x = np.random.default_rng(0).standard_normal((16, 8, 32, 32))
    program = compile(gradients(lambda x: max_pool(np.exp(x), window=2), 1)).trace(x).program
    names = [line.gate.name for line in program]
    assert names.count("first_wins") == names.count("routed_to_winner") == 2
    assert max(k for k, name in enumerate(names) if name == "first_wins") < names.index("np.sin")


def network(x: Any, w: Any, b: Any, gamma: Any, head: Any) -> Any:
    """A convolution, standardised, scaled by channel, rectified, pooled, and logits."""
    y = conv(x, w, b, padding=1)
    y = (y - np.mean(y, (0, 2, 3), keepdims=True)) / np.sqrt(np.var(y, (0, 2, 3), keepdims=True) + 1e-3)
    y = GATES["relu"](y * gamma.reshape(1, -1, 1, 1) + np.mean(y, (1, 2, 3), keepdims=True))
    return max_pool(y, window=2).reshape(len(x), -1) @ head + np.sum(y, (2, 3)) @ head[: y.shape[1]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_lies_between_windows_moves_too(dtype: Any) -> None:
    random = np.random.default_rng(0)
    shapes = [(5, 3, 6, 8), (4, 3, 3, 3), (4,), (4,), (48, 7)]
    arrays = [random.standard_normal(shape).astype(dtype) for shape in shapes]
    agree(gradients(network, 5), *arrays)


def test_a_batch_of_one() -> None:
    random = np.random.default_rng(0)
    arrays = [random.standard_normal(shape) for shape in [(1, 3, 6, 8), (4, 3, 3, 3), (4,), (4,), (48, 7)]]
    agree(gradients(network, 5), *arrays)


def test_it_leaves_other_programs_alone() -> None:
    made = compile(lambda x: np.sum(x @ x), plan=False).trace(np.ones((3, 3))).program
    assert batch_last(made) is made


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("without", [(), ("batch_last",), ("in_place",)], ids=str)
def test_planned_programs_equal_eager(without: Any, dtype: Any) -> None:
    random = np.random.default_rng(0)
    shapes = [(5, 3, 6, 8), (4, 3, 3, 3), (4,), (4,), (48, 7)]
    arrays = [random.standard_normal(shape).astype(dtype) for shape in shapes]
    slope = gradients(network, 5)
    program = compile(slope, without=without)
    for _ in range(3):  # buffers are used again
        arrays = [a + np.float32(0.01) for a in arrays]
        wanted, found = slope(*map(Value, arrays)), program(*arrays)
        for a, b in zip([wanted[0], *wanted[1]], [found[0], *found[1]], strict=True):
            a = a.data if isinstance(a, Value) else a
            tolerance = 1e-4 if dtype == np.float32 else 1e-10
            np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance * max(1, np.abs(a).max()))
