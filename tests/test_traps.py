"""Traps in which libraries are silently wrong: here each ends in the right gradient or in a named error.

A row of `TRAPS` is a name, a function, its inputs and the right gradients. Add a row for each trap you meet.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import (
    Value,
    logsumexp,
    no_grad,
    relu,
    sigmoid,
    softmax,
    softmax_cross_entropy,
    softplus,
    tie_policy,
)
from tinygrad_edu.errors import GateError, GraphError, LostGradientError, ShapeError, StaleGraphError, UnsupportedError

inf = np.inf
Trap = tuple[str, Callable[..., Any], list[Any], list[Any]]

TRAPS: list[Trap] = [
    # Zeros and powers
    ("prod with one zero", np.prod, [[0.0, 2, 3]], [[6, 0, 0]]),
    ("prod with two zeros", np.prod, [[0.0, 0, 3]], [[0, 0, 0]]),
    ("prod of one element", np.prod, [[5.0]], [[1]]),
    ("prod over an axis with zeros", lambda x: np.prod(x, axis=1), [[[0.0, 2], [3, 4]]], [[[2, 0], [4, 3]]]),
    ("x**0 at 0", lambda x: x**0, [[0.0, 2.0]], [[0, 0]]),
    ("x**0 at 0, the exponent an array", lambda x: x ** np.zeros(2), [[0.0, 2.0]], [[0, 0]]),
    ("x**1 at 0", lambda x: x**1, [[0.0]], [[1]]),
    ("x**2 at 0", lambda x: x**2, [[0.0]], [[0]]),
    ("0**y by the exponent", lambda y: 0.0**y, [[2.0]], [[0]]),
    ("0**y by the exponent at 0, as in PyTorch", lambda y: 0.0**y, [[0.0, 1.0]], [[0, 0]]),
    ("x**y of values at 0 and 0", lambda x, y: x**y, [[0.0], [0.0]], [[0], [0]]),
    ("0**y of a scalar", lambda x, y: x**y, [0.0, 0.0], [0, 0]),
    ("x**y of values at 0", lambda x, y: x**y, [[0.0], [2.0]], [[0], [0]]),
    ("negative base with a whole exponent", lambda x: x**3, [[-2.0]], [[12]]),
    ("0 / x is 0 with slope 0", lambda x: 0 / x, [[2.0]], [[0]]),
    # Kinks
    ("relu at 0", relu, [[-1.0, 0, 1]], [[0, 0, 1]]),
    ("abs at 0", np.abs, [[-1.0, 0, 1]], [[-1, 0, 1]]),
    ("norm at 0", np.linalg.norm, [[0.0, 0.0]], [[0, 0]]),
    ("norm of one row at 0", lambda x: np.linalg.norm(x, axis=1), [[[0.0, 0], [3, 4]]], [[[0, 0], [0.6, 0.8]]]),
    ("std of a constant", np.std, [[2.0, 2.0]], [[0, 0]]),
    ("max with a tie", np.max, [[1.0, 1, 0]], [[0.5, 0.5, 0]]),
    ("min with a tie over all axes", np.min, [[[1.0, 1], [1, 1]]], [[[0.25, 0.25], [0.25, 0.25]]]),
    ("maximum with a tie", np.maximum, [[1.0], [1.0]], [[0.5], [0.5]]),
    ("maximum of a value with itself", lambda x: np.maximum(x, x), [[3.0]], [[1]]),
    ("minimum with a broadcast tie", np.minimum, [[1.0, 2.0], 1.0], [[0.5, 0], 1.5]),
    ("clip inside and outside", lambda x: np.clip(x, -1, 1), [[-2.0, 0.5, 3]], [[0, 1, 0]]),
    # Branches that are not taken
    ("where over sqrt", lambda x: np.where(x >= 0, x, np.sqrt(-x)), [[4.0, 0.0]], [[1, 1]]),
    ("where over log", lambda x: np.where(x > 0, np.log(x), 0), [[2.0, 0.0]], [[0.5, 0]]),
    ("where over a quotient", lambda x: np.where(x != 0, np.sin(x) / x, 1), [[0.0]], [[0]]),
    ("where over a chain", lambda x: np.where(x > 0, np.exp(np.sqrt(np.log(x) * 2)), x), [[0.0, -1.0]], [[1, 1]]),
    ("where over a scalar", lambda x: np.where(x > 0, np.log(x), x * 3), [0.0], [3]),
    # Reuse
    ("a * a", lambda a: a * a, [3.0], [6]),
    ("a - a", lambda a: a - a, [3.0], [0]),
    ("a / a", lambda a: a / a, [3.0], [0]),
    ("a @ a of a matrix", lambda a: a @ a, [[[1.0, 2], [3, 4]]], [[[7, 11], [9, 13]]]),
    ("concatenate a value with itself", lambda a: np.concatenate([a, a]), [[1.0, 2]], [[2, 2]]),
    ("an index that repeats", lambda a: a[[0, 0, 1]], [[5.0, 6]], [[2, 1]]),
    ("an index array that repeats on two axes", lambda a: a[[0, 0], [1, 1]], [[[1.0, 2], [3, 4]]], [[[0, 2], [0, 0]]]),
    ("einsum of a value with itself", lambda a: np.einsum("i,i->", a, a), [[1.0, 2]], [[2, 4]]),
    ("einsum of a diagonal", lambda a: np.einsum("ii->i", a), [[[1.0, 2], [3, 4]]], [[[1, 0], [0, 1]]]),
    ("einsum of a trace", lambda a: np.einsum("ii", a), [[[1.0, 2], [3, 4]]], [[[1, 0], [0, 1]]]),
    ("einsum with an axis of one input only", lambda a, b: np.einsum("ij,k->k", a, b), [[[1.0, 2]], [3.0]],
     [[[3, 3]], [3]]),
    # Broadcasting
    ("a scalar against a matrix", lambda a, b: a * b, [2.0, [[1.0, 2], [3, 4]]], [10, [[2, 2], [2, 2]]]),
    ("a row against a column", lambda a, b: a + b, [[[1.0, 2]], [[1.0], [2], [3]]], [[[3, 3]], [[2], [2], [2]]]),
    ("(n,) - (n, 1) becomes a square", lambda a, b: a - b, [[1.0, 2], [[1.0], [2]]], [[2, 2], [[-2], [-2]]]),
    ("mean of a broadcast", lambda a: np.mean(a + np.zeros((4, 2))), [[1.0, 2]], [[0.5, 0.5]]),
    ("a vector times a stack of matrices", lambda a, b: a @ b, [[1.0, 2], [[[1.0], [2]], [[3], [4]]]],
     [[4, 6], [[[1], [2]], [[1], [2]]]]),
    # Emptiness
    ("sum of nothing", np.sum, [np.zeros(0)], [np.zeros(0)]),
    ("prod of nothing", np.prod, [np.zeros(0)], [np.zeros(0)]),
    ("a slice of nothing", lambda a: a[:0], [[1.0, 2]], [[0, 0]]),
    # Far out
    ("sigmoid far out", sigmoid, [[-1000.0, 1000.0]], [[0, 0]]),
    ("softplus far out", softplus, [[-1000.0, 1000.0]], [[0, 1]]),
    ("logsumexp far out", logsumexp, [[1000.0, 1000.0]], [[0.5, 0.5]]),
    ("logsumexp with -inf", logsumexp, [[-inf, 0.0]], [[0, 1]]),
    ("tanh far out", np.tanh, [[-1000.0, 1000.0]], [[0, 0]]),
    ("cross-entropy far out", lambda z: softmax_cross_entropy(z, [1]), [[[1e4, 0.0]]], [[[1, -1]]]),
    ("softmax of one class", softmax, [[3.0]], [[0]]),
    # NumPy's functions
    ("cumprod through zeros", np.cumprod, [[0.0, 2.0, 0.0, 3.0]], [[3, 0, 0, 0]]),
    ("sinc at 0", np.sinc, [[0.0, 1e-5]], [[0, -np.pi**2 / 3 * 1e-5]]),
    ("logaddexp of minus infinity twice", np.logaddexp, [[-inf], [-inf]], [[0], [0]]),
    ("arctan far out", np.arctan, [[1e200]], [[0]]),
    ("hypot at the origin", np.hypot, [[0.0], [0.0]], [[0], [0]]),
    ("remainder by the divisor", np.remainder, [[-5.0], [3.0]], [[1], [2]]),
    ("nanmean", np.nanmean, [[1.0, np.nan, 3.0]], [[0.5, 0, 0.5]]),
    ("nanstd of a constant", np.nanstd, [[2.0, np.nan, 2.0]], [[0, 0, 0]]),
    ("fmax beside a nan", np.fmax, [[np.nan], [2.0]], [[0], [1]]),
    ("median of an even number", np.median, [[4.0, 1, 2, 3]], [[0, 0, 0.5, 0.5]]),
    ("take the same twice", lambda x: np.take(x, [0, 0, -1]), [[1.0, 2, 3]], [[2, 0, 1]]),
    ("insert", lambda x, y: np.insert(x, [0, 1], y), [[1.0, 2], [3.0, 4]], [[1, 1], [1, 1]]),
    ("steps of a gradient over whole numbers", lambda h: np.gradient([1, 2, 4], h)[0], [0.5], [-4]),
    ("piecewise over log", lambda x: np.piecewise(x, [x > 0], [np.log, 0.0]), [[-1.0, 2]], [[0, 0.5]]),
    ("a masked mean", lambda x: np.mean(x, where=[True, False]), [[1.0, np.nan]], [[1, 0]]),
    # NumPy on the left
    ("array @ value", lambda v: np.ones((2, 2)) @ v, [[1.0, 2]], [[2, 2]]),
    ("np.float32(2) * value", lambda v: np.float32(2) * v, [[1.0]], [[2]]),
    ("np.float64(2) ** value", lambda v: np.float64(2) ** v, [[0.0]], [[np.log(2)]]),
    ("array - value", lambda v: np.ones(2) - v, [[1.0, 2]], [[-1, -1]]),
    ("np.dot(array, value)", lambda v: np.dot(np.ones(2), v), [[1.0, 2]], [[1, 1]]),
    ("integer leaves", lambda v: v * v / 2, [[1, 2]], [[1, 2]]),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize(("name", "function", "inputs", "gradients"), TRAPS, ids=[trap[0] for trap in TRAPS])
def test_the_gradient_is_right(
    name: str, function: Callable[..., Any], inputs: list[Any], gradients: list[Any]
) -> None:
    values = [Value(np.asarray(x)[()]) for x in inputs]
    out = function(*values)
    out.backward(np.ones(out.shape))
    for value, right in zip(values, gradients, strict=True):
        np.testing.assert_allclose(value.grad, right, rtol=1e-12, atol=1e-12, strict=False)
        assert np.shape(value.grad) == value.shape


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
def test_the_table_would_notice_a_wrong_gradient() -> None:
    with pytest.raises(AssertionError):
        test_the_gradient_is_right("planted", np.prod, [[0.0, 2, 3]], [[np.nan, 0, 0]])


def changed_constant() -> None:
    x, c = Value([1.0]), np.array([2.0])
    y = x * c
    c[0] = 100
    y.sum().backward()
    assert x.grad.tolist() == [2], "the gradient at the values the graph was built with"


def test_a_constant_array_changed_after_use() -> None:
    changed_constant()


def test_an_array_given_to_a_value_and_changed_later() -> None:
    data = np.array([1.0])
    x = Value(data)
    y = x * x
    data[0] = 100
    y.sum().backward()
    assert x.grad.tolist() == [2]


def test_a_view_of_a_constant_changed_after_use() -> None:
    base = np.zeros(3)
    fixed = np.broadcast_to(base[:1], (2,))
    x = Value([1.0, 1.0])
    y = x * fixed
    base[0] = 7
    y.sum().backward()
    assert x.grad.tolist() == [0, 0]


def test_a_parameter_changed_between_forward_and_backward() -> None:
    w, x = Value([2.0]), Value([3.0])
    y = (w * x).sum()
    w.data = [5.0]
    with pytest.raises(StaleGraphError, match="was changed after gate mul recorded it"):
        y.backward()


def test_a_constant_leaf_changed_between_forward_and_backward() -> None:
    w, c = Value([2.0]), Value([3.0], requires_grad=False)
    y = (w * c).sum()
    c.data = [5.0]
    with pytest.raises(StaleGraphError):
        y.backward()


def test_a_parameter_seen_through_a_view_changed_between_forward_and_backward() -> None:
    w = Value([1.0, 2.0])
    y = (w.reshape(2, 1) * 3).sum()
    w.data = [0.0, 0.0]
    with pytest.raises(StaleGraphError):
        y.backward()


def test_backward_twice_doubles_leaves() -> None:
    x = Value([3.0])
    y = (x * x).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [12]


@pytest.mark.parametrize(("policy", "shares"), [("split", [0.5, 0.5, 0]), ("first", [1, 0, 0]), ("both", [1, 1, 0])])
@pytest.mark.parametrize("function", [np.max, lambda x: -np.min(-x), lambda x: np.max(x.reshape(1, 3), axis=1).sum()])
def test_tie_policies_of_max_and_min(policy: Any, shares: list[float], function: Any) -> None:
    x = Value([1.0, 1.0, 0.0])
    with tie_policy(policy):
        function(x).backward()
    assert x.grad.tolist() == shares


@pytest.mark.parametrize(("policy", "shares"), [("split", (0.5, 0.5)), ("first", (1, 0)), ("both", (1, 1))])
@pytest.mark.parametrize("function", [np.maximum, np.minimum])
def test_tie_policies_of_maximum_and_minimum(policy: Any, shares: Any, function: Any) -> None:
    x, y = Value(2.0), Value(2.0)
    with tie_policy(policy):
        function(x, y).backward()
    assert (x.grad, y.grad) == shares


def store(array: Any, place: Any, value: Any) -> None:
    array[place] = value


ERRORS: list[tuple[str, Callable[[Value], Any], type[Exception], str]] = [
    ("array.dot(v)", lambda v: np.ones(2).dot(v), LostGradientError, "array @ v"),
    ("np.array([v, v])", lambda v: np.array([v, v]), LostGradientError, r"np\.stack"),
    ("np.asarray(v)", np.asarray, LostGradientError, "lose its gradient"),
    ("np.float64 of several", np.float64, LostGradientError, "v.item"),
    ("np.float32 of one", lambda v: np.float32(v[0]), LostGradientError, "v.item"),
    ("array[1:] = v", lambda v: store(np.ones(3), slice(1, None), v), LostGradientError, "lose its gradient"),
    ("array[:] = v[0]", lambda v: store(np.ones(3), slice(None), v[0]), LostGradientError, "lose its gradient"),
    ("np.full(2, v)", lambda v: np.full(2, v), LostGradientError, "lose its gradient"),
    ("math.exp of several", math.exp, TypeError, "only .* can be converted"),
    ("v.astype(int)", lambda v: v.astype(int), GateError, r"v\.data\.astype"),
    ("np.sum(v, dtype=int)", lambda v: np.sum(v, dtype=int), GateError, r"v\.data\.astype"),
    ("np.take by a Value", lambda v: np.take([1.0, 2.0], v), LostGradientError, "lose its gradient"),
    ("np.quantile at a Value", lambda v: np.quantile([1.0, 2.0], v), TypeError, "lose its gradient"),
    ("np.exp(v, where=…)", lambda v: np.exp(v, where=[True]), UnsupportedError, "where"),
    ("np.histogram(v)", np.histogram, UnsupportedError, "bincount"),
    ("np.put(v, …)", lambda v: np.put(v, [0], [0]), UnsupportedError, r"np\.where"),
    ("Value(v)", Value, LostGradientError, "detach"),
    ("v[0] = 1", lambda v: v.__setitem__(0, 1), LostGradientError, r"np\.where"),
    ("array += v", lambda v: np.ones(2).__iadd__(v), LostGradientError, "in-place"),
    ("np.exp(v, out=…)", lambda v: np.exp(v, out=np.ones(2)), LostGradientError, "out="),
    ("index by a Value", lambda v: np.ones(2)[v], LostGradientError, "lose its gradient"),
    ("v[w]", lambda v: v[v], LostGradientError, "can't be an index"),
    ("a function without a derivative", np.packbits, UnsupportedError, "packbits"),
    ("backward of an array", lambda v: (v * v).backward(), GraphError, r"backward\(gradient\)"),
    ("backward without a graph", lambda v: v.detach().backward(), GraphError, "none of the leaves"),
    ("gradient of the wrong shape", lambda v: (v * v).backward(np.ones(3)), ShapeError, r"\(3,\) does not fit"),
    ("shapes that do not broadcast", lambda v: v + np.ones(3), ShapeError, r"gate add\(v \(2,\), y \(3,\)\)"),
    ("matmul of wrong shapes", lambda v: np.ones((2, 3)) @ v, ShapeError, r"gate matmul\(x \(2, 3\), v \(2,\)\)"),
    ("index out of range", lambda v: v[5], IndexError, r"gate getitem\(v \(2,\)"),
    ("text", lambda v: v * "a", GateError, "neither a Value nor numbers"),
    ("data of an intermediate value", lambda v: setattr(v * 2, "data", 1), GraphError, "only a leaf"),
    ("labels as a Value of floats", lambda v: softmax_cross_entropy(v.reshape(1, 2), Value([1])), ShapeError,
     "give class numbers"),
    ("labels out of range", lambda v: softmax_cross_entropy(v.reshape(1, 2), [2]), ShapeError, "classes 0 to 1"),
    ("a boolean label", lambda v: softmax_cross_entropy(v.reshape(1, 2), [True]), ShapeError, "dtype bool"),
    ("a policy that is none", lambda v: tie_policy("last").__enter__(), ValueError, "'split', 'first' or 'both'"),
    ("text in a Value", lambda v: Value("a"), TypeError, "can't be differentiated"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "use", "error", "message"), ERRORS, ids=[row[0] for row in ERRORS])
def test_misuse_ends_in_a_named_error(name: str, use: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use(Value([1.0, 2.0], name="v"))


def test_a_gradient_by_an_input_without_derivative_is_refused() -> None:
    from tinygrad_edu.gates.shaping import PICKED, getitem

    x, index = Value([1.0, 2.0]), Value([0.0])
    with pytest.raises((GraphError, IndexError)):
        getitem(x, index, index=(PICKED,)).backward()


# What a training loop prints its loss with: refusing it would be right in one case of a hundred. The page on the
# architecture says so too, under "Ways out of the graph".
NUMBERS: dict[str, Callable[[Value], Any]] = {
    "float": float,
    "item": lambda v: v.item(),
    "math.sqrt": lambda v: math.sqrt(v) ** 2,
    "np.float64": np.float64,
    "np.fromiter": lambda v: np.fromiter([v], float)[0],
    "an f-string": lambda v: float(f"{v:.1f}"),
    "int": int,
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_a_python_number_is_a_way_out_of_the_graph(number: Callable[[Value], Any]) -> None:
    v, w = Value(4.0), Value(3.0)
    (w * number(v)).backward()
    assert (v.grad, w.grad) == (0, 4)


@pytest.mark.parametrize("place", [0, -1, (0,), np.int64(1)])
def test_a_value_is_not_stored_in_an_array(place: Any) -> None:
    with pytest.raises(ValueError, match="setting an array element") as caught:  # NumPy's words, with ours as the cause
        store(np.ones(2), place, Value(4.0))
    assert isinstance(caught.value.__cause__, LostGradientError)
    assert "np.stack([v, w])" in str(caught.value.__cause__)


def test_numbers_without_a_gradient_are_stored_in_arrays_and_any_value_in_a_list() -> None:
    v, array, listed = Value(4.0), np.zeros(2), [0, 0]
    store(array, 0, v.detach())
    store(array, 1, v.item())
    store(listed, 0, v)
    assert array.tolist() == [4, 4]
    assert listed[0] is v


def test_nothing_is_recorded_of_a_failed_gate() -> None:
    x = Value([1.0, 2.0])
    with no_grad(), pytest.raises(ShapeError):
        x + np.ones(3)
