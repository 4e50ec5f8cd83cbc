"""The passes `pool_first`, `linear_forms`, `flat_sums`, `short_rows`: the same numbers up to rounding, in less time."""

from math import prod
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import compile, value_and_grad
from tinygrad_edu.compiling.passes import tidied
from tinygrad_edu.compiling.passes.linear import linear_forms
from tinygrad_edu.compiling.passes.opening import open_gates
from tinygrad_edu.compiling.passes.pooling import pool_first
from tinygrad_edu.compiling.passes.reductions import flat_sums, short_rows
from tinygrad_edu.compiling.program import Program
from tinygrad_edu.gates.elementary import relu
from tinygrad_edu.gates.fused import softmax_cross_entropy, standardise
from tinygrad_edu.gates.pooling import max_pool

random = np.random.default_rng(0)
PASSES = [pool_first, linear_forms, flat_sums, short_rows]


def opened(function: Any, *arrays: Any) -> Program:
    """A program as its NumPy calls."""
    return tidied(open_gates(compile(function, plan=False).trace(*arrays).program))


def agree(program: Program, made: Program, arrays: Any) -> None:
    """Both give the same, and each line what it says."""
    tolerance = 1e-4 if arrays[0].dtype == np.float32 else 1e-11
    for a, b in zip(program.run(*arrays), made.run(*arrays), strict=True):
        assert (np.shape(a), np.asarray(a).dtype) == (np.shape(b), np.asarray(b).dtype)
        np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance * np.abs(a).max())
    kinds, known = made.kinds(), dict(zip((x.var for x in made.inputs), arrays, strict=True))
    for line in made:
        known[line.target] = line.run(known)
        assert (np.shape(known[line.target]), known[line.target].dtype) == kinds[line.target], line.gate.name


def long(program: Program, size: int, *names: str) -> int:
    """How many lines make arrays of so many elements, of all kinds or of some."""
    lines = [line for line in program if prod(line.shape) >= size]
    return sum(not names or any(name in line.gate.name for name in names) for line in lines)


def gradients(function: Any, count: int) -> Any:
    return value_and_grad(lambda *arrays: np.sum(np.sin(function(*arrays))), argnums=tuple(range(count)))


def block(x: Any, gamma: Any, beta: Any) -> Any:
    """BatchNorm, ReLU, pooling."""
    n = standardise(x, axis=(0, 2, 3), eps=1e-5)
    return max_pool(relu(n * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1)), window=2)


def rectified(x: Any) -> Any:
    return max_pool(relu(x), window=3, stride=2)


def shared(x: Any) -> Any:
    y = relu(x)
    return np.sum(max_pool(y, window=2), (2, 3)) + np.sum(y, (2, 3))


def normal(x: Any, gamma: Any, beta: Any) -> Any:
    """LayerNorm."""
    return standardise(x, axis=(1, 2, 3), eps=1e-5) * np.mean(gamma) - beta.reshape(1, -1, 1, 1) / np.sum(gamma)


def chain(x: Any, gamma: Any, beta: Any) -> Any:
    a, b = gamma.reshape(1, -1, 1, 1), np.exp(beta).reshape(1, -1, 1, 1)
    y = -(x * a) / b * 2.0
    total = np.sum(y * y * 0.5, (0, 2, 3)) + np.sum(a * y, (0, 3))[:, 0]
    return total / x.size + np.mean(y / b - x * b - 1.0, (0, 2, 3))


FUNCTIONS = {block: 3, rectified: 1, shared: 1, normal: 3, chain: 3}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("each", PASSES, ids=lambda f: f.__name__)
def test_the_numbers_stay(each: Any, function: Any, dtype: Any) -> None:
    arrays = [random.standard_normal(s).astype(dtype) for s in [(16, 4, 12, 10), (4,), (4,)]][: FUNCTIONS[function]]
    program = opened(gradients(function, len(arrays)), *arrays)
    agree(program, each(program), arrays)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_the_numbers_stay_after_all_three(function: Any) -> None:
    arrays = [random.standard_normal(s) for s in [(16, 4, 12, 10), (4,), (4,)]][: FUNCTIONS[function]]
    program = opened(gradients(function, len(arrays)), *arrays)
    made = program
    for each in PASSES:
        made = tidied(each(made))
    agree(program, made, arrays)
    assert len(made) > 0


def test_what_is_rectified_has_been_pooled() -> None:
    x = random.standard_normal((16, 4, 12, 10))
    program = opened(gradients(rectified, 1), x)
    assert long(program, x.size, "maximum", "greater", "multiply") == 3
    assert long(tidied(pool_first(program)), x.size, "maximum", "greater", "multiply") == 0


def test_what_is_needed_elsewhere_stays() -> None:
    x = random.standard_normal((16, 4, 12, 10))
    program = opened(gradients(shared, 1), x)
    made = tidied(pool_first(program))
    assert long(made, x.size, "maximum") == 1


def test_batch_normalisation_walks_back_in_four_long_lines() -> None:
    x, gamma, beta = random.standard_normal((16, 4, 12, 10)), np.ones(4), np.ones(4)

    def norm(x: Any, gamma: Any, beta: Any) -> Any:
        n = standardise(x, axis=(0, 2, 3), eps=1e-5)
        return n * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1)

    program = opened(gradients(norm, 3), x, gamma, beta)
    made = tidied(flat_sums(linear_forms(program)))
    before, after = (long(p, x.size, "multiply", "add", "subtract", "divide") for p in (program, made))
    assert after <= before - 3


def test_sums_that_keep_axes_are_computed_once() -> None:
    def both(x: Any) -> Any:
        return np.sum(x, (1, 2), keepdims=True) * np.sum(x, (1, 2)).reshape(-1, 1, 1)

    x = random.standard_normal((5, 6, 7))
    program = opened(both, x)
    made = tidied(flat_sums(program))
    sums = [line for line in made if "reduce" in line.gate.name]
    assert len(sums) == 1
    assert made.kinds()[sums[0].inputs[0]][0] == (5, 42)
    agree(program, made, [x])


def test_the_sum_of_a_product_is_a_dot_product_of_rows() -> None:
    x, y = random.standard_normal((2, 5, 40, 30))
    program = opened(lambda x, y: np.sum(x * y, (1, 2)), x, y)
    made = tidied(flat_sums(program))
    assert long(made, x.size, "multiply") == 0
    assert "np.vecdot" in {line.gate.name for line in made}
    agree(program, made, [x, y])


def test_a_product_that_only_sums_over_the_same_axes_read_is_not_computed() -> None:
    x = random.standard_normal((5, 40, 30))

    def twice(x: Any) -> Any:
        square = x * x
        return np.sum(square, (1, 2), keepdims=True) * np.sum(square, (1, 2)).reshape(-1, 1, 1)

    made = tidied(flat_sums(program := opened(twice, x)))
    assert long(made, x.size, "multiply") == 0
    assert [line.gate.name for line in made].count("np.vecdot") == 1
    agree(program, made, [x])


def test_a_product_that_anything_else_reads_is_computed() -> None:
    x = random.standard_normal((5, 40, 30))
    for rest in (lambda y: np.sum(y, 0), lambda y: np.exp(y), lambda y: y):
        program = opened(lambda x, rest=rest: (np.sum(y := x * x, (1, 2)), rest(y)), x)
        made = tidied(flat_sums(program))
        assert "np.vecdot" not in {line.gate.name for line in made}
        agree(program, made, [x])


def test_a_difference_from_the_mean_is_not_taken_apart() -> None:
    """x·s − mean·s would lose the digits that x − mean keeps."""
    x = (1e4 + random.standard_normal((64, 100))).astype(np.float32)
    program = opened(lambda x: (x - np.mean(x, 0)) * (1 / np.std(x, 0)), x)
    agree(program, linear_forms(program), [x])


@pytest.mark.parametrize("highest", [np.max, np.min])
@pytest.mark.parametrize("keepdims", [False, True])
def test_extremes_of_many_short_rows_are_those_of_columns_of_a_copy(highest: Any, keepdims: bool) -> None:
    def f(x: Any) -> Any:
        return highest(x * 2, axis=1, keepdims=keepdims)

    for shape, moved in [((64, 10), True), ((96, 32), True), ((95, 32), False), ((31, 3), False), ((500, 33), False)]:
        x = random.normal(size=shape)
        x[3, 1], x[4] = np.nan, 0.0
        program = opened(f, x)
        made = short_rows(program)
        assert ("copied" in [line.gate.name for line in made]) == moved
        np.testing.assert_array_equal(made.run(x)[0], f(x))
        np.testing.assert_array_equal(compile(f)(x), f(x))


@pytest.mark.parametrize("axis", [0, 1, -1, (1,), (0, 1), None])
def test_extremes_along_any_axis_stay_right(axis: Any) -> None:
    x = random.normal(size=(64, 10))
    made = short_rows(opened(lambda x: np.max(np.sin(x), axis=axis), x))
    assert ("copied" in [line.gate.name for line in made]) == (axis in (1, -1, (1,)))
    np.testing.assert_array_equal(made.run(x)[0], np.max(np.sin(x), axis=axis))


def test_columns_are_not_copied_where_the_rows_lie_that_way() -> None:
    x, w = random.normal(size=(8, 64)), random.normal(size=(8, 10))
    program = opened(lambda x, w: np.max((w.T @ x).T, axis=1), x, w)
    assert "copied" not in [line.gate.name for line in short_rows(program)]


def test_a_softmax_of_short_rows_is_computed_in_place() -> None:
    x, y = random.normal(size=(64, 10)), random.integers(0, 10, 64)
    source = compile(lambda x, y: np.sum(softmax_cross_entropy(np.sin(x), y))).trace(x, y).source
    assert ".T" in source
    assert source.count("np.empty((64, 10)") == 1
