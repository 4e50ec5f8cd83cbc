"""What the courses say of graphs, of patterns in their backward flow and of vectorised calculus, on the engine."""

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest

from tests.test_examples import EXAMPLES, load
from tinygrad_edu import (
    GATES,
    Value,
    compile,
    draw,
    drawing,
    gate,
    grad,
    jacobian,
    no_grad,
    optim,
    relu,
    sigmoid,
    tie_policy,
    vjp,
    walk,
)
from tinygrad_edu.engine import Gate
from tinygrad_edu.errors import GraphError

SIGMA = 1 / (1 + math.exp(-1))


def example(name: str) -> Any:
    return load(next(path for path in EXAMPLES if path.stem == name))


def xyz() -> tuple[Value, Value, Value, Value, Value]:
    """(x + y)z of the course, walked back."""
    x, y, z = (Value(number, name=name) for name, number in (("x", -2.0), ("y", 5.0), ("z", -4.0)))
    q = x + y
    f = q * z
    f.backward()
    return x, y, z, q, f


def circuit() -> dict[str, Value]:
    """The sigmoid neuron in the course's small gates, walked back: every wire by name."""
    w0, x0, w1, x1, w2 = (Value(number) for number in (2.0, -1.0, -3.0, -2.0, -3.0))
    wires = {"dot": w0 * x0 + w1 * x1 + w2}
    wires["negated"] = wires["dot"] * -1.0
    wires["exp"] = np.exp(wires["negated"])
    wires["plus one"] = wires["exp"] + 1.0
    wires["f"] = 1 / wires["plus one"]
    wires["f"].backward()
    return wires


def test_a_graph_keeps_values_and_gradients_on_its_wires() -> None:
    values = xyz()
    assert [v.item() for v in values] == [-2, 5, -4, 3, -12]
    assert [float(v.grad) for v in values] == [-4, -4, 3, -4, 1]
    assert sum(len(v.inputs) for v in values) == 4


def test_downstream_is_local_times_upstream_at_every_gate() -> None:
    f = circuit()["f"]
    for step in drawing.steps(f):
        assert math.isclose(step.downstream, step.local * step.upstream, rel_tol=1e-12)


def test_the_reciprocal_of_the_course() -> None:
    wires = circuit()
    assert math.isclose(wires["plus one"].grad, -1 / wires["plus one"].item() ** 2)
    assert round(float(wires["plus one"].grad), 2) == -0.53
    assert math.isclose(wires["plus one"].grad, -0.5344466454, rel_tol=1e-9)


def test_the_other_small_gates_of_the_course() -> None:
    wires = circuit()
    assert wires["exp"].grad == wires["plus one"].grad  # a constant added changes nothing
    assert math.isclose(wires["negated"].grad, wires["exp"].grad * math.exp(-1))
    assert round(float(wires["negated"].grad), 4) == -0.1966
    assert math.isclose(wires["dot"].grad, 0.1966119332, rel_tol=1e-9)


def test_a_gate_of_the_users_knows_only_its_neighbours() -> None:
    @gate(x=lambda g, out, x: g * 3 * np.square(x))
    def cubed_by_the_course(x: Any) -> Any:
        """Cube."""
        return x * x * x

    x = Value(0.5)
    for _ in range(3):
        y = cubed_by_the_course(np.sin(x)) + x
    y.backward()
    assert math.isclose(x.grad, 3 * math.sin(0.5) ** 2 * math.cos(0.5) + 1)


def test_a_diamond_is_walked_once_and_after_all_its_users() -> None:
    x = Value(0.3)
    square, growth = x * x, np.exp(x)
    y = square + growth * x
    order: list[Value] = []
    walk(y, watch=lambda node, *_: order.append(node))
    visited = list(dict.fromkeys(order))
    serials = [node.serial for node in visited]
    assert serials == sorted(serials, reverse=True)
    y.backward()
    assert math.isclose(x.grad, 2 * 0.3 + math.exp(0.3) * 1.3)


def test_gradients_add_at_branches_and_over_calls() -> None:
    x = Value(1.0)
    y = x + x + x
    y.backward()
    assert x.grad == 3
    y.backward()
    assert x.grad == 6
    x.zero_grad()
    assert x.grad == 0


def test_all_four_paths_of_batch_normalisation_count() -> None:
    x = Value(np.array([0.3, -1.2, 2.0, 0.7]))
    mean = np.mean(x)
    n = (x - mean) / np.sqrt(np.mean(np.square(x - mean)) + 1e-5)
    weights = np.array([1.0, -2.0, 0.5, 3.0])
    np.sum(n * weights).backward()

    def numbers(at: Any) -> float:
        centred = at - at.mean()
        return float((centred / np.sqrt(np.mean(centred**2) + 1e-5)) @ weights)

    numeric = [(numbers(x.data + d) - numbers(x.data - d)) / 2e-6 for d in np.eye(4) * 1e-6]
    np.testing.assert_allclose(x.grad, numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("at", [-1000.0, -3.0, 0.0, 1.0, 1000.0])
def test_one_composite_gate_or_four_small_ones(at: float) -> None:
    x, y = Value(at), Value(at)
    one = sigmoid(x)
    one.backward()
    assert np.isfinite([one.item(), x.grad]).all()
    with np.errstate(over="ignore"):
        four = 1 / (1 + np.exp(-y))
        assert math.isclose(one.item(), four.item(), rel_tol=1e-12)
        if abs(at) < 700:
            four.backward()
            assert math.isclose(x.grad, y.grad, rel_tol=1e-12)


def test_operators_record_gates_of_at_most_two_inputs() -> None:
    a, b, c, d = (Value(number) for number in (1.0, 2.0, 3.0, 4.0))
    root = (a + b + c + d) * (a - b) / (c * d * a) - sum([a, b, c, d])
    pending, seen = [root], set()
    while pending:
        v = pending.pop()
        seen.add(v)
        assert len(v.inputs) <= 2
        pending += [x for x in v.inputs if isinstance(x, Value)]
    assert len(seen) > 12


def test_no_cycle_can_be_made() -> None:
    x = Value(1.0)
    y = x * 2
    z = y + 1
    for wrong in (y, z):
        with pytest.raises(GraphError, match="no cycles"):
            y.inputs = (wrong, x)
    with pytest.raises(GraphError, match="leaf"):
        y.data = 3.0
    z.backward()
    assert x.grad == 2


def test_a_drawing_has_every_gate_value_and_gradient() -> None:
    text = draw(xyz()[-1]).dot
    assert all(number in text for number in ("−2.00", "5.00", "−4.00", "3.00", "−12.00", "1.00"))
    assert "+" in text
    assert "×" in text


def test_nothing_is_recorded_without_gradients() -> None:
    w = Value(np.ones(3))
    with no_grad():
        out = np.sum(w * 2)
    assert out.gate is None
    assert (w * 2).detach().gate is None


def test_a_net_of_gate_objects_gives_the_engines_gradients() -> None:
    modular = example("modular_api")
    graph = modular.neuron()
    inputs = {"w": 2.0, "x": -1.0, "b": 3.0}
    values, gradients = graph.forward(inputs), graph.backward()
    w, x, b = leaves = [Value(number, name=name) for name, number in inputs.items()]
    f = sigmoid(w * x + b)
    f.backward()
    assert values["f"] == f.item()
    assert [gradients[v.name or ""] for v in leaves] == [v.grad for v in leaves]


def test_a_layer_passes_top_gradient_times_its_slope() -> None:
    node = example("modular_api").Node(GATES["sigmoid"], ("x",), "f")
    out = node.forward(1.0)
    assert node.backward(2.0) == [2 * out * (1 - out)]


def test_a_declared_program_runs_on_what_it_is_fed() -> None:
    cost = compile(lambda w, x: x[0] * w**2 + x[1] * w + x[2])
    assert cost(3.0, np.array([1.0, -10.0, 25.0])) == 4
    assert cost(3.0, np.array([1.0, -20.0, 100.0])) == 49
    assert len(cost._variants) == 1
    with pytest.raises(TypeError):
        cost(3.0)


@pytest.mark.parametrize(("coefficients", "minimum"), [([1.0, -10.0, 25.0], 5.0), ([1.0, -20.0, 100.0], 10.0)])
def test_a_cost_alone_is_minimised(coefficients: list[float], minimum: float) -> None:
    first, last = example("minimise").descend(coefficients, 1000)
    assert math.isclose(first, 0.02 * minimum)
    assert math.isclose(last, minimum * (1 - 0.98**1000))


def test_updates_over_dictionaries_follow_the_optimiser() -> None:
    w = Value(np.array([[1.0, -2.0]]))
    optimiser = optim.SGD([w], lr=0.1)
    parameters = {"W1": w.data.copy(), "b1": np.zeros((1, 1))}
    for _ in range(3):
        optimiser.zero_grad()
        np.sum(w * w * w).backward()
        gradients = {"dW1": 3 * parameters["W1"] ** 2, "db1": np.zeros((1, 1))}
        optimiser.step()
        parameters = optim.update_parameters_with_gd(parameters, gradients, 0.1)
    np.testing.assert_allclose(parameters["W1"], w.data, rtol=1e-14)


@pytest.mark.parametrize("numbers", [(3.0, -4.0), (0.0, 1e9)])
def test_add_distributes(numbers: tuple[float, float]) -> None:
    x, y = map(Value, numbers)
    (x + y).backward(7.0)
    assert (x.grad, y.grad) == (7, 7)


def test_max_routes_and_a_tie_follows_the_policy() -> None:
    x, y = Value(3.0), Value(-4.0)
    np.maximum(x, y).backward(2.0)
    assert (x.grad, y.grad) == (2, 0)
    for policy, shares in (("split", (1, 1)), ("first", (2, 0)), ("both", (2, 2))):
        x, y = Value(1.0), Value(1.0)
        with tie_policy(policy):
            np.maximum(x, y).backward(2.0)
        assert (x.grad, y.grad) == shares


def test_mul_switches_and_scales() -> None:
    x, y = Value(3.0), Value(-4.0)
    (x * y).backward(2.0)
    assert (x.grad, y.grad) == (-8, 6)
    x = Value(5.0)
    (x * x).backward()
    assert x.grad == 10


def test_a_constant_factor_or_term_gets_no_gradient() -> None:
    x = Value(2.0)
    scaled, moved = 3 * x, 3 + x
    assert not any(isinstance(v, Value) and v.requires_grad and v is not x for v in (*scaled.inputs, *moved.inputs))
    assert (grad(lambda x: 3 * x)(2.0), grad(lambda x: 3 + x)(2.0)) == (3, 1)


def test_subtraction_and_negation() -> None:
    x, y = Value(3.0), Value(4.0)
    (x - y).backward(2.0)
    assert (x.grad, y.grad) == (2, -2)
    assert grad(lambda x: -x)(1.0) == -1


def test_logarithm_powers_and_root() -> None:
    assert grad(np.log)(4.0) == 0.25
    assert grad(lambda x: x**3)(2.0) == 12
    assert grad(np.sqrt)(4.0) == 0.25


def test_the_sigmoids_slope_from_its_output() -> None:
    assert math.isclose(grad(sigmoid)(1.0), SIGMA * (1 - SIGMA))
    assert round((1 - 0.73) * 0.73, 1) == round(float(grad(sigmoid)(1.0)), 1) == 0.2


def test_a_mean_gives_each_one_mth() -> None:
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(grad(np.mean)(x), np.full((2, 3), 1 / 6))
    np.testing.assert_array_equal(grad(lambda x: np.sum(np.mean(x, axis=0)))(x), np.full((2, 3), 1 / 2))
    np.testing.assert_array_equal(grad(np.sum)(x), np.ones((2, 3)))


def test_a_copy_adds_what_comes_back() -> None:
    x = Value(1.0)
    (x * 2 + x * 5).backward()
    assert x.grad == 7


def test_inputs_times_100_give_gradients_times_100() -> None:
    x, residual = np.array([1.0, -2.0, 0.5]), 0.3

    def slope(x: Any) -> Any:
        target = x @ np.ones(3) - residual
        return grad(lambda w: np.square(x @ w - target))(np.ones(3))

    np.testing.assert_allclose(slope(100 * x), 100 * slope(x), rtol=1e-9)

    def error_after(scale: float, rate: float) -> float:
        points = scale * np.array([[1.0, 0.2], [0.3, -1.0], [-0.5, 0.8]])
        cost, w = grad(lambda w: np.mean(np.square(points @ w - points @ np.ones(2)))), np.zeros(2)
        for _ in range(100):
            w = w - rate * cost(w)
        return float(np.abs(w - 1).max())

    assert error_after(1, 0.5) < 1e-3
    with np.errstate(over="ignore", invalid="ignore"):
        assert not error_after(100, 0.5) < 1e3
    assert error_after(100, 0.5e-4) < 1e-3


def test_distributor_router_and_switcher_on_one_graph() -> None:
    x, y, z, w = (Value(number) for number in (3.0, -4.0, 2.0, -1.0))
    f = (x * y + np.maximum(z, w)) * 2
    f.backward()
    assert [float(v.grad) for v in (x, y, z, w)] == [-8, 6, 2, 0]
    torch = pytest.importorskip("torch")
    tensors = [torch.tensor(float(v.item()), requires_grad=True) for v in (x, y, z, w)]
    a, b, c, d = tensors
    ((a * b + torch.maximum(c, d)) * 2).backward()
    assert [t.grad.item() for t in tensors] == [float(v.grad) for v in (x, y, z, w)]


def test_rows_of_a_jacobian_are_outputs() -> None:
    w = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]])
    np.testing.assert_array_equal(jacobian(lambda x: w @ x)(np.ones(3)), w)

    def net(x: Any) -> Any:
        return np.tanh(w.T @ np.tanh(w @ np.tanh(x)))

    x = np.array([0.1, -0.4, 0.8])
    columns = [(net(x + d) - net(x - d)) / 2e-6 for d in np.eye(3) * 1e-6]
    np.testing.assert_allclose(jacobian(net)(x), np.transpose(columns), rtol=1e-6, atol=1e-9)


def test_the_jacobian_of_an_elementwise_gate_is_diagonal() -> None:
    x = np.array([-1.0, 2.0, 0.0, 3.0])
    np.testing.assert_array_equal(jacobian(relu)(x), np.diag([0.0, 1.0, 0.0, 1.0]))


def test_backward_of_an_elementwise_gate_needs_memory_of_its_size() -> None:
    x = Value(np.ones(1_000_000))
    tracemalloc.start()
    np.sum(relu(x)).backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * x.data.nbytes


def test_one_walk_is_a_vector_times_the_jacobian() -> None:
    x, v = np.array([0.2, -0.7]), np.array([1.0, 2.0, -3.0])

    def f(x: Any) -> Any:
        return np.stack([x[0] * x[1], np.sin(x[0]), np.exp(x[1])])

    out, pull = vjp(f, x)
    np.testing.assert_allclose(np.ravel(pull(v)), v @ jacobian(f)(x), rtol=1e-12)
    np.testing.assert_allclose(out, f(x))


def test_the_vector_example_of_the_course() -> None:
    w, x = Value(np.array([[0.1, 0.5], [-0.3, 0.8]])), Value(np.array([0.2, 0.4]))
    q = w @ x
    f = np.sum(np.square(q))
    f.backward()
    np.testing.assert_allclose(q.data, [0.22, 0.26])
    assert math.isclose(f.item(), 0.116)
    np.testing.assert_allclose(q.grad, 2 * q.data)
    np.testing.assert_allclose(w.grad, 2 * np.outer(q.data, x.data))
    np.testing.assert_allclose(x.grad, 2 * w.data.T @ q.data)


def test_backward_of_a_matrix_product() -> None:
    random = np.random.default_rng(0)
    x, w, g = (random.standard_normal(shape) for shape in ((5, 3), (3, 2), (5, 2)))
    left, right = Value(x), Value(w)
    (left @ right).backward(g)
    np.testing.assert_allclose(left.grad, g @ w.T, rtol=1e-13)
    np.testing.assert_allclose(right.grad, x.T @ g, rtol=1e-13)


def test_a_gradient_has_the_shape_of_its_variable() -> None:
    for shape in ((), (1,), (0, 3), (2, 1, 3)):
        x = Value(np.ones(shape))
        np.sum(np.exp(x) * np.ones((2, 1, 3) if shape == (2, 1, 3) else shape)).backward()
        assert np.shape(x.grad) == shape


def test_what_was_broadcast_is_summed() -> None:
    delta, gamma = Value(np.arange(640.0).reshape(64, 10)), Value(np.ones((1, 10)))
    (delta * gamma).backward(np.ones((64, 10)))
    assert np.shape(gamma.grad) == (1, 10)
    np.testing.assert_array_equal(gamma.grad, delta.data.sum(axis=0, keepdims=True))


def test_star_multiplies_elements_and_at_multiplies_matrices() -> None:
    a, b = Value(np.ones((3, 3)) * 2), Value(np.eye(3))
    np.testing.assert_array_equal((a * b).data, 2 * np.eye(3))
    np.testing.assert_array_equal((a @ b).data, a.data)
    assert isinstance(GATES["mul"], Gate)
