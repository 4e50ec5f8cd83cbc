"""Each pass by itself: what it takes away or makes, that it keeps the numbers, and that it can be switched off."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, compile, grad, relu, softmax, softmax_cross_entropy
from tinygrad_edu.compiling import Program
from tinygrad_edu.compiling.passes import PASSES, PLANNING
from tinygrad_edu.compiling.passes.basic import common_subexpressions, constant_folding, dead_code
from tinygrad_edu.compiling.passes.memory import bound_scalars, in_place
from tinygrad_edu.compiling.passes.opening import open_gates
from tinygrad_edu.compiling.passes.products import masks, means, products, sums_as_products
from tinygrad_edu.compiling.passes.sharing import own_results
from tinygrad_edu.random import drawn

X = np.arange(1.0, 13.0).reshape(3, 4) / 10
ALL = tuple(PASSES)


def recorded(f: Callable[..., Any], *args: Any, without: Any = ALL) -> Program:
    """The program as it was recorded, or after the passes that are left."""
    return compile(f, plan=False, without=without).trace(*args).program


def names(program: Program) -> list[str]:
    return [line.gate.name.removeprefix("np.") for line in program]


def same(before: Program, after: Program, *given: Any, exact: bool = True) -> None:
    for a, b in zip(before.run(*given), after.run(*given), strict=True):
        (np.testing.assert_array_equal if exact else np.testing.assert_allclose)(a, b)


def test_dead_code_goes_and_draws_stay() -> None:
    program = recorded(lambda x: (np.exp(x), np.sin(x) + 1)[0], X)
    assert (names(program), names(dead_code(program))) == (["exp", "sin", "add"], ["exp"])
    same(program, dead_code(program), X)
    random = recorded(lambda x: (x * 2, drawn("random", (2,)))[0], X)
    assert names(dead_code(random)) == ["mul", "random.Generator.random"]


def test_the_same_expression_is_computed_once() -> None:
    program = recorded(lambda x: np.exp(x) * 2 + np.exp(x) * 2.0, X)
    assert names(common_subexpressions(program)) == ["exp", "mul", "mul", "add"]  # 2 and 2.0 are not one constant
    same(program, common_subexpressions(program), X)


def test_constants_are_computed_now() -> None:
    program = recorded(lambda x: x * np.sum(np.exp(Value(np.ones(3)))), X)
    assert names(constant_folding(program)) == ["mul"]
    same(program, constant_folding(program), X)


@pytest.mark.parametrize(
    ("f", "left"),
    [
        (lambda x: x * 1, []),
        (lambda x: 1 * x * np.ones((3, 4)), []),
        (lambda x: x * np.ones((2, 3, 4)), ["mul"]),  # it stretches x
        (lambda x: x + 0, []),
        (lambda x: 0 - x, ["sub"]),
        (lambda x: x - 0, []),
        (lambda x: x / 1, []),
        (lambda x: np.negative(-x), []),
        (lambda x: x.T.T, []),
        (lambda x: np.swapaxes(x.T, 0, 1), []),
        (lambda x: x.reshape(12).reshape(3, 4), []),
        (lambda x: x.reshape(12).reshape(2, 6), ["reshape"]),
        (lambda x: np.expand_dims(x, 0)[0].reshape(12), ["reshape", "getitem", "reshape"]),
        (lambda x: x.astype(np.float64), []),
        (lambda x: x + np.broadcast_to(x[0], (3, 4)), ["getitem", "add"]),
    ],
)
def test_algebra(f: Callable[..., Any], left: list[str]) -> None:
    program = recorded(lambda x: np.sin(f(np.exp(x))), X)
    after = recorded(lambda x: np.sin(f(np.exp(x))), X, without=())
    assert names(after) == ["exp", *left, "sin"]
    same(program, after, X)


def test_gates_open_to_numpy_calls() -> None:
    labels = np.array([0, 3, 1])
    program = recorded(lambda x, y: softmax_cross_entropy(x, y) + softmax(x).sum() + x.mean() + x.var(), X, labels)
    opened = open_gates(program)
    assert not {"softmax", "mean", "var", "softmax_cross_entropy"} & set(names(opened))
    same(program, opened, X, labels, exact=False)


def test_matrices_are_multiplied_by_dot_and_turned_before() -> None:
    program = recorded(lambda x: (x.T @ x[:, :2]).T, X)
    after = products(program)
    assert [n for n in names(dead_code(after)) if n == "dot"] == ["dot"]
    assert names(dead_code(after))[-1] == "dot"
    same(program, after, X)


def test_sums_of_enough_numbers_are_products_with_ones() -> None:
    tall = np.arange(40.0).reshape(20, 2)
    program = open_gates(recorded(lambda x: x.sum(0) + x.sum(1).sum(), tall))
    assert names(sums_as_products(program)) == ["dot", "add.reduce", "dot", "add"]  # rows of two stay sums
    long = open_gates(recorded(lambda x: x.sum(), np.ones(10_000)))
    assert "dot" not in names(sums_as_products(long))  # NumPy's own sum is more exact there
    same(program, sums_as_products(program), tall, exact=False)


def test_a_mask_is_asked_of_what_is_kept_anyway() -> None:
    program = open_gates(recorded(grad(lambda x: np.sum(np.square(relu(x)))), X - 0.6))
    (before,) = (line for line in program if line.gate.name == "np.greater")
    (after,) = (line for line in masks(program) if line.gate.name == "np.greater")
    assert before.inputs[0] != after.inputs[0]
    same(program, masks(program), X - 0.6)


def test_numbers_get_the_dtype_of_their_arrays() -> None:
    x = X.astype(np.float32)
    program = open_gates(recorded(lambda x: np.maximum(x * 2, 0.5), x))
    bound = [operand for line in bound_scalars(program) for operand in line.inputs if isinstance(operand, np.ndarray)]
    assert [array.dtype for array in bound] == [np.float32, np.float32]
    same(program, bound_scalars(program), x)


def test_results_are_written_in_place() -> None:
    def f(x: Any) -> Any:
        for _ in range(5):
            x = np.exp(x * 0.1) + 1
        return x.sum()

    program = open_gates(recorded(f, X))
    planned = in_place(program)
    assert len(planned.setup) == 1  # fifteen arrays in one place
    same(program, planned, X)


def test_what_is_still_needed_is_not_overwritten() -> None:
    program = open_gates(recorded(lambda x: (np.exp(x) * np.sin(x) + np.exp(x)).T.reshape(12) + np.exp(x).ravel(), X))
    same(program, in_place(program), X)
    shared = open_gates(recorded(lambda x: np.real(np.exp(x)) + np.exp(np.real(np.exp(x))), X))
    same(shared, in_place(shared), X)


def test_results_are_no_inputs() -> None:
    program = recorded(lambda x: (x, x.T, np.exp(x)), X)
    assert not any(np.shares_memory(X, each) for each in program.run(X))
    assert names(program) == ["array", "transpose", "array", "exp"]
    assert own_results(program) is program


@pytest.mark.parametrize("name", [*PASSES, *PLANNING])
def test_every_pass_can_be_switched_off(name: str) -> None:
    def f(x: Any) -> Any:
        return np.sum(relu(x @ x.T * 1 - 0.3) * (1 + 1)) + np.mean(np.exp(-x), axis=0).sum() + 0 * np.log(x).sum()

    both, made = grad(f), compile(grad(f), without=[name])
    np.testing.assert_allclose(made(X), both(X), rtol=1e-12)
    assert name not in dict(made.program.report)
    assert name in dict(compile(grad(f)).trace(X).program.report)


def cross_entropy_gradient(x: Any, labels: Any) -> Any:
    """The gradient of cross-entropy by the logits x."""
    return grad(lambda x: softmax_cross_entropy(x, labels))(x)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.uint64])
@pytest.mark.parametrize("shape", [(5, 3), (3, 3), (1, 4), (3, 1)])
def test_labels_take_one_from_their_places_alone(shape: tuple[int, int], dtype: Any) -> None:
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal(shape), rng.integers(0, shape[1], shape[0]).astype(dtype)
    program = compile(cross_entropy_gradient)
    np.testing.assert_allclose(program(x, labels), cross_entropy_gradient(x, labels), rtol=1e-12, atol=1e-15)
    assert {"less_one", "places_of"} <= {line.gate.name for line in program.program}
    assert "one_hot" not in {line.gate.name for line in program.program}


@pytest.mark.parametrize("wrong", [-1, 3, 10**9])
def test_a_label_that_is_no_class_is_refused(wrong: int) -> None:
    x, program = np.zeros((4, 3)), compile(cross_entropy_gradient)
    program(x, np.array([0, 1, 2, 0]))
    with pytest.raises(ValueError, match="none of the classes"):
        program(x, np.array([0, 1, wrong, 0]))


def test_classes_on_the_first_axis_keep_their_ones() -> None:
    """In a square of logits, labels of both axes have places; each gradient must take its own."""
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((4, 4)), np.array([1, 1, 0, 3])

    def both(x: Any) -> Any:
        return softmax_cross_entropy(x, labels) + softmax_cross_entropy(x, labels, axis=0)

    np.testing.assert_allclose(compile(grad(both))(x), grad(both)(x), rtol=1e-12)


def test_probabilities_that_are_read_again_are_not_overwritten() -> None:
    x, labels = np.random.default_rng(0).standard_normal((4, 3)), np.array([0, 2, 1, 1])

    def both(x: Any) -> Any:
        return grad(lambda x: softmax_cross_entropy(x, labels))(x), softmax(x), softmax(x) * 2

    for found, wanted in zip(compile(both)(x), both(x), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def with_means(f: Callable[..., Any], x: Any) -> list[str]:
    """The lines after the pass `means`, whose results are those before bit for bit."""
    program = sums_as_products(common_subexpressions(open_gates(recorded(f, x))))
    made = means(program)
    for a, b in zip(program.run(x), made.run(x), strict=True):
        np.testing.assert_array_equal(a, b, strict=True)
    return names(made)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_sum_that_is_only_halved_is_a_product_with_shares(dtype: Any) -> None:
    x = np.random.default_rng(0).standard_normal((32, 9)).astype(dtype)
    lines = with_means(lambda x: (np.sum(x, 0) / 32, np.sum(x, 0).reshape(9, 1) / 32 * 2), x)
    assert (lines.count("dot"), lines.count("divide")) == (1, 0)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.sum(x, 0) / 33,  # no power of two
        lambda x: np.sum(x, 0) / -32,
        lambda x: np.sum(x, 0) / np.full(9, 32.0),
        lambda x: 32 / np.sum(x, 0),
        lambda x: (np.sum(x, 0) / 32, np.sum(x, 0) / 16),  # two numbers
        lambda x: (np.sum(x, 0) / 32, np.sum(x, 0)),  # the sum itself
        lambda x: (np.sum(x, 0) / 32, np.exp(np.sum(x, 0).reshape(9, 1))),
    ],
)
def test_other_sums_stay_sums(function: Any) -> None:
    x = np.random.default_rng(0).standard_normal((32, 9))
    assert "divide" in with_means(function, x)
