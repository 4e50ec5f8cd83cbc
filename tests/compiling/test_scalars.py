"""Graphs of single numbers: what looks alike runs as vectors, and gives what the eager graph gives."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import Value, optim
from tinygrad_edu.compiling import alike, lanes
from tinygrad_edu.compiling import scalars as python
from tinygrad_edu.errors import GraphError

UNARY: dict[str, Callable[[Any], Any]] = {"relu": tg.relu, "sigmoid": tg.sigmoid} | {
    name: getattr(np, name)
    for name in ("tanh", "exp", "sin", "cos", "square", "sqrt", "log", "absolute", "arctan", "negative", "reciprocal")
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (y * y + 1),
    "power": lambda x, y: (x * x + 1) ** y,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "with a constant": lambda x, y: 2 * x - 0.5 * y + 1,
}
NAMES = [*UNARY, *BINARY]


def one(name: str, x: Any, y: Any) -> Any:
    """A gate of one or two numbers, where it is defined."""
    if name in BINARY:
        return BINARY[name](x, y)
    return UNARY[name](x * x + 0.5 if name in ("sqrt", "log", "reciprocal") else x)


def step_of(leaves: list[Value], program: list[tuple[str, int, int]], columns: int) -> Callable[[], Value]:
    """A loss that takes the same program to each of several columns of leaves, and adds up what comes out."""

    def step() -> Value:
        for leaf in leaves:
            leaf.zero_grad()
        total: Any = 0.0
        for column in range(columns):
            found: list[Any] = leaves[column::columns]
            for name, i, j in program:
                found = [*found, one(name, found[i % len(found)], found[j % len(found)])]
            total = total + np.tanh(found[-1]) + np.tanh(found[-2])
        total.backward(leaves_only=True)
        return total

    return step


def results(step: Callable[[], Any], leaves: list[Value]) -> list[float]:
    """The loss, and the gradient of every leaf."""
    loss = step()
    return [float(loss.item()), *[float(leaf.grad) for leaf in leaves]]


def scalars(*numbers: float) -> list[Value]:
    return [Value(x) for x in numbers]


def compiled(step: Callable[[], Any]) -> Any:
    made = tg.compile(step)
    made.trace()
    return made


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12),
    st.integers(8, 12),
    st.randoms(use_true_random=False),
)
def test_random_programs_equal_the_eager_ones(program: Any, columns: int, random: Any) -> None:
    leaves = scalars(*[random.uniform(-1.5, 1.5) for _ in range(2 * columns)])
    step = step_of(leaves, program, columns)
    wanted = results(step, leaves)
    np.testing.assert_allclose(results(tg.compile(step), leaves), wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_every_gate_becomes_lanes(name: str) -> None:
    leaves = scalars(*np.linspace(-1.4, 1.6, 60))
    step = step_of(leaves, [(name, 0, 1), (name, 2, 0), (name, 3, 2)], 30)
    wanted, made = results(step, leaves), compiled(step)
    np.testing.assert_allclose(results(made, leaves), wanted, rtol=1e-9, atol=1e-12)
    vectors = [line for line in made.program if line.shape == (30,)]
    numbers = [line for line in made.program if line.shape == () and line.gate.name != "getitem"]
    assert len(vectors) > 4
    assert len(numbers) < 12


def test_moved_leaves_are_read_anew() -> None:
    leaves = scalars(*np.linspace(-1, 1, 80))
    step = step_of(leaves, [("mul", 0, 1), ("tanh", 2, 2), ("add", 3, 0)], 40)
    made = tg.compile(step)
    results(made, leaves)
    for leaf in leaves:
        leaf.data = leaf.data * 0.5 + 0.1
    assert results(made, leaves) == pytest.approx(results(step, leaves), rel=1e-12)


def test_what_is_used_in_many_places_is_computed_once() -> None:
    leaves = scalars(*np.linspace(0.1, 1, 40))

    def step() -> Value:
        for leaf in leaves:
            leaf.zero_grad()
        total = sum((np.exp(a * a) * np.exp(a * a) for a in leaves), 0.0)
        total.backward(leaves_only=True)
        return total

    wanted, made = results(step, leaves), compiled(step)
    np.testing.assert_allclose(results(made, leaves), wanted, rtol=1e-12)
    assert sum(line.gate.name.endswith("exp") for line in made.program) == 1


def test_terms_that_are_equal_all_count() -> None:
    leaves = scalars(*np.linspace(0.1, 1, 40))

    def step() -> Value:
        for leaf in leaves:
            leaf.zero_grad()
        total = sum((a + a + a + a * a + 1.0 + 2.0 for a in leaves), leaves[0] + leaves[0] + leaves[0])
        total.backward(leaves_only=True)
        return total

    np.testing.assert_allclose(results(tg.compile(step), leaves), results(step, leaves), rtol=1e-12)


def of_own_numbers(x: Value) -> Value:
    return sum(((Value(float(i)) + Value(2.0) + Value(1.0)) * x for i in range(100)), start=Value(0.0))


def of_one_own_sum(x: Value) -> Value:
    return x * sum((Value(float(i)) for i in range(100)), start=Value(0.5))


def of_one_of_many(x: Value) -> Value:
    sums = [Value(float(i)) + Value(2.0) + Value(0.5) for i in range(100)]
    return np.exp(x) * sum(sums, start=Value(0.0)) + sums[3] * x


@pytest.mark.parametrize("f", [of_own_numbers, of_one_own_sum, of_one_of_many])
def test_numbers_of_the_functions_own_add_up(f: Callable[[Value], Value]) -> None:
    eager = tg.value_and_grad(f)
    compiled = tg.compile(eager)
    for x in (1.5, -0.25):
        np.testing.assert_allclose(np.asarray(compiled(x)), np.asarray(eager(x)), rtol=1e-12)


def test_truths_do_not_add_up_to_numbers() -> None:
    def f(x: Value) -> Any:
        total: Any = 0.0
        for i in range(60):
            some = (x[i] > 0) + (x[i + 1] > 0) + (x[i + 2] > 0)
            total = total + some * x[i] + ((x[i] > 0) + (x[i + 1] > 0) + x[i])
        return total

    x = np.random.default_rng(0).standard_normal(62)
    np.testing.assert_allclose(float(tg.compile(f)(Value(x))), float(f(Value(x))), rtol=1e-12)


def test_only_its_own_line_says_what_a_sum_stands_for() -> None:
    numbers = [Value(0.1 * i) for i in range(100)]

    def f(x: Value) -> Value:
        products = [p * x for p in numbers]
        return products[7] * sum(products, start=Value(0.0)) * sum((Value(2.0) for _ in range(70)), start=Value(0.0))

    compiled = tg.compile(f)
    np.testing.assert_allclose(float(compiled(Value(0.5))), float(f(Value(0.5))), rtol=1e-12)
    assert compiled.source.count("100 at once") == 1


def test_constants_that_are_equal_in_python_but_not_the_same_are_kept_apart() -> None:
    assert len({alike.number_key(x) for x in (0.0, -0.0, 0, False, np.float64(0.0))}) == 5


def test_arrays_beside_scalars_stay_as_they_are() -> None:
    leaves, w = scalars(*np.linspace(-1, 2, 50)), Value([1.0, 2.0])

    def step() -> Value:
        for leaf in (*leaves, w):
            leaf.zero_grad()
        s = sum((a * a * 0.5 + np.tanh(a) for a in leaves), 0.0)
        size = (w * s).sum()
        total = sum((a * size for a in leaves), 0.0) * 0.1
        total.backward(leaves_only=True)
        return total

    wanted, slope = results(step, leaves), w.grad.copy()
    made = tg.compile(step)
    np.testing.assert_allclose(results(made, leaves), wanted, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(w.grad, slope, rtol=1e-10)
    assert len(made.program) < 200


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.01)])
def test_points_in_an_array_and_an_optimiser(make: Callable[[Any], Any]) -> None:
    points = np.random.default_rng(0).normal(size=(30, 3))

    def trained(way: Callable[[Any], Any]) -> tuple[list[float], list[float], Any]:
        leaves = scalars(*np.linspace(-1, 1, 12))
        optimiser = make(leaves)

        def step(x: Any) -> Any:
            loss: Any = 0.0
            for row in range(30):
                z = sum((leaves[i] * x[row, i] for i in range(3)), leaves[3])
                for i in range(4, 12, 2):
                    z = np.tanh(z * leaves[i] + leaves[i + 1]) - x[-row - 1, -1]
                loss = loss + z * z
            optimiser.zero_grad()
            loss.backward(leaves_only=True)
            optimiser.step()
            return loss

        run = way(step)
        return [run(points + k).item() for k in range(4)], [leaf.item() for leaf in leaves], run

    losses, moved, made = trained(tg.compile)
    wanted, ends, _ = trained(lambda step: step)
    np.testing.assert_allclose(losses, wanted, rtol=1e-9)
    np.testing.assert_allclose(moved, ends, rtol=1e-7)
    assert len(made.program) < 200


def test_a_chain_has_nothing_to_group() -> None:
    x = Value(1.0)

    def step() -> Any:
        out: Any = x
        for _ in range(200):
            out = np.sin(out) * 1.01
        return out

    made = tg.compile(step)
    assert made().item() == step().item()
    assert not any(line.shape for line in made.program)


def test_a_branch_on_a_number_is_refused() -> None:
    leaves = scalars(*np.linspace(-1, 1, 80))

    def step() -> Any:
        return sum((a * a if a > 0 else -a for a in leaves), 0.0)

    with pytest.raises(GraphError, match="truth value"):
        tg.compile(step)()


def test_only_lines_that_stay_are_named() -> None:
    leaves = [Value(x, name=f"w{k}") for k, x in enumerate(np.linspace(-1, 1, 80))]
    made = compiled(step_of(leaves, [("mul", 0, 1), ("tanh", 2, 2)], 40))
    loss, *gradients = made.program.results
    assert set(gradients) == {f"d_w{k}" for k in range(80)}
    assert "_1" in loss
    counts = dict(made.program.report)
    assert counts["recorded"] > 400
    assert counts["lanes"] < 120


def test_a_sum_of_another_kind_keeps_its_terms_apart() -> None:
    leaves, w = scalars(*np.linspace(0.1, 1, 80)), Value(np.float32(0.5))

    def total() -> Any:
        return sum(((a + a * a) + w for a in leaves), 0.0)

    made = tg.compile(total)
    np.testing.assert_allclose(made().item(), total().item(), rtol=1e-12)


def test_passed_on_numbers_are_lanes_of_what_they_come_from() -> None:
    leaves = scalars(*np.linspace(0.1, 1, 80))

    def total() -> Any:
        return sum((np.exp(a.detach() + 1) * tg.grad(np.tanh)(a + b) for a, b in pairwise(leaves)), 0.0)

    made = tg.compile(total)
    np.testing.assert_allclose(made().item(), total().item(), rtol=1e-12)
    assert len(made.program) < 30


def test_it_can_be_switched_off() -> None:
    leaves = scalars(*np.linspace(-1, 1, 80))
    step = step_of(leaves, [("mul", 0, 1)], 40)
    made = tg.compile(step, without=["lanes"])
    assert results(made, leaves) == pytest.approx(results(step, leaves), rel=1e-12)
    assert not any(line.shape for line in made.program)


def test_a_planted_fault_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    leaves = scalars(*np.linspace(-1, 1, 80))
    step = step_of(leaves, [("mul", 0, 1), ("tanh", 2, 2)], 40)
    monkeypatch.setattr(lanes, "REDUCE", lanes.Function("np.maximum.reduce", np.maximum.reduce))
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(results(tg.compile(step), leaves), results(step, leaves), rtol=1e-6)


# Straight-line Python


def both(x: Any, y: Any) -> Any:
    z = np.sin(x) * y + np.exp(x * y)
    return np.log(z * z + 1) / (1 + y**2) + tg.relu(x - y) + np.maximum(x, 0.5) * np.tanh(z)


@pytest.mark.parametrize(("x", "y"), [(0.3, 0.7), (2.0, -1.0), (0.5, 0.5), (-3.0, 0.0)])
def test_a_function_of_numbers_is_written_in_python(x: float, y: float) -> None:
    slope = tg.value_and_grad(both, argnums=(0, 1))
    made = tg.compile(slope)
    (value, (by_x, by_y)), (v, (a, b)) = made(np.float64(x), np.float64(y)), slope(np.float64(x), np.float64(y))
    np.testing.assert_allclose([value, by_x, by_y], [v, a, b], rtol=1e-14, atol=1e-300)
    assert all(type(number) is np.float64 for number in (value, by_x, by_y))
    assert "math.sin(x)" in made.source
    assert "numpy" not in made.source


def test_the_written_python_runs_alone() -> None:
    made = tg.compile(both)
    value = made(np.float64(0.3), np.float64(0.7))
    scope: dict[str, Any] = {}
    exec(made.source, scope)  # noqa: S102 - our own source
    assert scope["both"](0.3, 0.7) == (value,)


@pytest.mark.parametrize("name", NAMES)
def test_every_gate_is_written_in_python(name: str) -> None:
    def f(x: Any, y: Any) -> Any:
        return one(name, x, y) * 1.5

    slope = tg.value_and_grad(f, argnums=(0, 1)) if name in BINARY else tg.value_and_grad(f)
    made = tg.compile(slope)
    for x, y in ((0.3, 0.7), (-1.2, 0.4), (0.9, -2.0)):
        given = np.float64(x), np.float64(y)
        np.testing.assert_allclose(np.hstack(made(*given)), np.hstack(slope(*given)), rtol=1e-13, err_msg=f"{x}, {y}")
    assert "numpy" not in made.source


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: 1.0 / x, 0.0),
        (lambda x: np.log(x), 0.0),
        (lambda x: np.log(x), -1.0),
        (lambda x: np.exp(x), 1000.0),
        (lambda x: x**0.5, -2.0),
        (lambda x: np.sin(x), np.inf),
        (lambda x: tg.relu(x) + np.maximum(x, 1.0), np.nan),
        (lambda x: np.minimum(1.0, x) * np.inf, np.nan),
    ],
)
def test_infinities_and_nan_are_numpys(f: Any, x: float) -> None:
    made = tg.compile(f)
    made(np.float64(0.5))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(made(np.float64(x)), f(np.float64(x)))
    assert "numpy" not in made.source


def test_numpys_warnings_stay() -> None:
    made = tg.compile(lambda x: 1.0 / x)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        made(np.float64(0.0))


def test_python_can_be_switched_off() -> None:
    made = tg.compile(both, without=["python"])
    made(np.float64(0.3), np.float64(0.7))
    assert "import numpy" in made.source


def test_arrays_are_not_written_in_python() -> None:
    made = tg.compile(both)
    made(np.array([0.3, 0.4]), np.float64(0.7))
    assert "import numpy" in made.source


def test_a_wrong_expression_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(python.TEXT, "sin", "math.cos({0})")
    with pytest.raises(AssertionError):
        test_every_gate_is_written_in_python("sin")
