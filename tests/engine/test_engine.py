"""The engine: Value, gate, the walk back, and what is recorded when."""

import copy
import gc
import pickle
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import GATES, Value, declaration, gate, group, no_grad, tie_policy, tracing, walk
from tinygrad_edu.engine import Gate
from tinygrad_edu.errors import GateError, GraphError
from tinygrad_edu.operators import Operators


def test_the_sigmoid_neuron_of_the_course() -> None:
    w0, x0, w1, x1, w2 = (Value(number) for number in (2, -1, -3, -2, -3))
    f = 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2)))
    f.backward()
    assert round(f.item(), 2) == 0.73
    assert [round(float(v.grad), 2) for v in (w0, x0, w1, x1, w2)] == [-0.2, 0.39, -0.39, -0.59, 0.2]


def test_every_value_walked_gets_its_gradient() -> None:
    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    q = x + y
    f = q * z
    f.backward()
    assert (f.grad, q.grad, x.grad, y.grad, z.grad) == (1, -4, -4, -4, 3)


def test_gradients_add_over_walks_in_leaves_and_start_anew_elsewhere() -> None:
    x = Value(3.0)
    y = x * x
    z = y * 2
    z.backward()
    z.backward()
    assert (x.grad, y.grad) == (24, 2)
    x.zero_grad()
    z.backward()
    assert x.grad == 12


def test_a_value_used_in_two_graphs_collects_both_gradients() -> None:
    x = Value([1.0, 2.0])
    (x * 3).sum().backward()
    (x * x).sum().backward()
    assert x.grad.tolist() == [5, 7]


def test_leaves_only_lets_intermediate_gradients_go() -> None:
    x = Value([1.0])
    y = x * 2
    y.sum().backward(leaves_only=True)
    assert x.grad is not None
    assert y.grad is None


def test_a_chain_of_a_million_gates_is_built_differentiated_and_freed() -> None:
    v = x = Value(1.0)
    for _ in range(1_000_000):
        v = v + 1e-6
    middle = weakref.ref(v.inputs[0])
    v.backward(leaves_only=True)
    assert x.grad == 1
    assert middle() is not None
    gc.disable()
    try:
        del v
        assert middle() is None, "memory must go back without the cycle collector"
    finally:
        gc.enable()


def test_the_walk_visits_every_gate_once_and_newest_first() -> None:
    x = Value(2.0)
    y = x * x + np.exp(x) * x
    order = list(walk(y))
    assert len(order) == len(set(map(id, order))) == 5
    seen = []
    walk(y, watch=lambda node, position, up, down: seen.append(node.serial))
    assert seen == sorted(seen, reverse=True)


def test_watch_sees_each_gradient_a_gate_passes_down() -> None:
    x = Value(3.0)
    steps: list[tuple[str, int, float, float]] = []
    walk(x * x, watch=lambda node, position, up, down: steps.append((str(node.gate), position, float(up), float(down))))
    assert steps == [("mul", 0, 1, 3), ("mul", 1, 1, 3)]


def test_create_graph_gives_gradients_that_can_be_differentiated() -> None:
    x = Value(2.0)
    (x**4).backward(create_graph=True)
    third = x.grad
    x.zero_grad()
    third.backward(create_graph=True)
    fourth = x.grad
    x.zero_grad()
    fourth.backward()
    assert (third.item(), fourth.item(), x.grad) == (32, 48, 48)


def test_a_first_order_walk_records_nothing() -> None:
    x = Value(2.0)
    y = np.exp(x)
    y.backward()
    assert isinstance(x.grad, np.float64)


def test_no_grad_records_nothing_and_memory_does_not_grow() -> None:
    x = Value([1.0])
    with no_grad():
        y = x * 2 + 1
    assert (y.requires_grad, y.inputs, y.gate) == (False, (), None)


def test_constants_stay_out_of_the_walk() -> None:
    x, c = Value(2.0), Value(3.0, requires_grad=False)
    (x * c).backward()
    assert (x.grad, c._grad) == (3, None)
    assert not (c * c).requires_grad
    assert (c * c).inputs == ()


def test_tracing_keeps_all_inputs_of_gates_with_settings() -> None:
    x = Value([1.0, 2.0], requires_grad=False)
    with tracing():
        values = [np.minimum(x, 1.5), np.concatenate([x, x]), np.sum(x, axis=0), x * x, np.exp(x)]
    assert [len(v.inputs) for v in values] == [2, 2, 1, 2, 1]
    assert not any(v.requires_grad for v in values)


def test_tracing_records_what_needs_no_gradient() -> None:
    c = Value([1.0], requires_grad=False)
    with tracing():
        y = c * 2
    assert y.inputs[0] is c
    assert not y.requires_grad


def test_detach_shares_the_numbers_but_no_gradient() -> None:
    x = Value([2.0])
    y = (x * 3).detach() * x
    y.sum().backward()
    assert x.grad.tolist() == [6]


def test_a_group_decorates_a_function_and_closes_when_it_fails() -> None:
    @group("squared")
    def square(x: Value, depth: int) -> Value:
        if depth < 0:
            raise ValueError("negative depth")
        return x * x if depth == 0 else square(x, depth - 1)

    inner = square(Value(1.0), 1).group
    assert inner is not None
    assert inner.parent is not None
    assert (inner.name, inner.parent.name, inner.parent.parent) == ("squared", "squared", None)
    with pytest.raises(ValueError, match="negative depth"):
        square(Value(1.0), -1)
    assert Value(1.0).group is None


def test_groups_nest_and_are_recorded() -> None:
    x = Value(1.0)
    with group("outer"), group("inner"):
        y = x * 2
    assert y.group is not None
    assert y.group.parent is not None
    assert (y.group.name, y.group.parent.name) == ("inner", "outer")
    assert (x * 2).group is None


def test_a_name_keeps_the_group_and_the_group_the_name() -> None:
    x = Value(1.0)
    with group("box") as box:
        y, z, w = x * 2, x * 3, Value(1.0, name="w")
    y.name = "y"
    assert (y.name, y.group, z.name, z.group, w.name, w.group) == ("y", box, None, box, "w", box)
    y.group = None
    assert (y.name, y.group, z.group) == ("y", None, box)


def test_a_leaf_has_no_inputs_and_is_given_none() -> None:
    x = Value(1.0)
    assert (x.inputs, dict(x.settings)) == ((), {})
    with pytest.raises(GraphError, match="a leaf has no inputs"):
        x.inputs = (Value(2.0),)
    assert x.inputs == ()


@pytest.mark.parametrize("other", [2, 2.0, True, 2j, np.float64(2), np.float32(2), np.bool_(True), np.int64(2)])
def test_an_operator_with_a_number_is_the_gate_called_by_its_name(other: Any) -> None:
    for x in (Value(3.0), Value(np.float32(3)), Value([3.0, 4.0]), Value(np.float32([3, 4]))):
        for ours, named in [(x * other, GATES["mul"](x, other)), (other - x, GATES["sub"](other, x))]:
            np.testing.assert_array_equal(ours.data, named.data)
            assert (ours.dtype, ours.inputs, ours.gate, ours.group) == (named.dtype, named.inputs, named.gate, None)
            assert (ours.requires_grad, dict(ours.settings)) == (True, {})
    with no_grad():
        assert not (x * other).requires_grad
    assert not (x.detach() * other).requires_grad


def test_one_number_may_have_a_way_of_its_own() -> None:
    ways: list[str] = []

    def by_number(x: Any) -> Any:
        ways.append("number")
        return x * 2

    @gate(x=lambda g, out, x: g * 2, number=by_number)
    def twofold(x: Any) -> Any:
        ways.append("array")
        return x * 2

    x = Value(3.0)
    twofold(x).backward()
    assert (x.grad, twofold(np.float64(3)), ways) == (2, 6, ["number", "number"])
    ways.clear()
    for other in (Value([3.0]), Value(np.float32(3)), 3.0, [3.0]):
        twofold(other)
    assert ways == ["array"] * 4
    with pytest.raises(GateError, match="`number` is for gates of one input"):

        @gate(number=lambda x, y: x)
        def both(x: Any, y: Any) -> Any:
            return x + y


def test_modes_belong_to_their_thread() -> None:
    recorded = []
    x = Value(1.0)
    with no_grad():
        thread = threading.Thread(target=lambda: recorded.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert recorded == [True]


def test_argument_order_and_double_edges_are_kept() -> None:
    a, b = Value(1.0), Value(2.0)
    assert (a - b).inputs == (a, b)
    assert (a * a).inputs == (a, a)
    assert (3 - a).inputs == (3, a)


@pytest.mark.parametrize(
    ("given", "dtype"),
    [(3, "f8"), (True, "f8"), ([1, 2], "f8"), (np.int8(3), "f8"), (np.float32(3), "f4"), (np.ones(2, "f4"), "f4")],
)
def test_integers_become_float64_and_floats_keep_their_dtype(given: object, dtype: str) -> None:
    assert Value(given).dtype == dtype


def test_float32_stays_float32_beside_python_numbers() -> None:
    x = Value(np.ones(2, np.float32))
    y = (x * 2.0 + 1) ** 2
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)


def test_a_gradient_has_the_dtype_of_its_value() -> None:
    x, y = Value(np.ones(2, np.float32)), Value(np.ones(2))
    (x * y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)


def test_scalars_stay_scalars() -> None:
    x = Value(np.array(2.0))
    for v in (x, x * 2, Value([1.0, 2.0]).sum(), Value([1.0])[0], Value([2.0]).reshape(())):
        assert isinstance(v.data, np.float64)


def test_numbers_a_gate_handed_to_two_inputs_can_be_changed_one_by_one() -> None:
    x, y = Value([1.0, 2.0]), Value([3.0, 4.0])
    (x + y).sum().backward()
    x.grad *= 10
    assert y.grad.tolist() == [1, 1]
    assert x.grad.tolist() == [10, 10]


def test_data_is_read_only_and_numpy_gives_a_copy() -> None:
    x = Value([1.0])
    for v in (x, x * 2):
        with pytest.raises(ValueError, match="read-only"):
            v.data[0] = 5
        v.numpy()[0] = 5
        assert v.data[0] != 5


def test_values_are_hashable_and_compare_as_arrays_do() -> None:
    x, y = Value([1.0, 2.0]), Value([1.0, 3.0])
    assert len({x, y, x}) == 2
    assert (x == y).tolist() == [True, False]
    assert (x < y).tolist() == [False, True]
    assert (2 > x).tolist() == [True, False]  # noqa: SIM300 - the reflected order is what is tested


def test_iteration_length_and_formatting() -> None:
    x = Value([1.0, 2.0], name="x")
    assert [v.item() for v in x] == [1, 2]
    assert len(x) == 2
    assert f"{Value(1.0):.2f}" == "1.00"
    assert repr(x) == "Value(data=[1., 2.], shape=(2,), name='x')"
    assert repr(Value(2.0)) == "Value(data=2.0, grad=0.0)"
    assert (float(Value(2.5)), int(Value(2.5)), bool(Value(0.0))) == (2.5, 2, False)
    with pytest.raises(TypeError, match="scalar"):
        iter(Value(1.0))


def test_a_gate_declared_by_a_user_works_at_any_order_and_on_arrays() -> None:
    @gate(x=lambda g, out, x: g * out * (1 - out))
    def my_logistic(x):
        """Logistic function: the upstream gradient times out·(1 - out)."""
        return 1 / (1 + np.exp(-x))

    x = Value([0.0, 1.0])
    my_logistic(x).sum().backward(create_graph=True)
    second = x.grad.sum()
    x.zero_grad()
    second.backward()
    s = my_logistic(np.array([0.0, 1.0]))
    assert isinstance(s, np.ndarray)
    np.testing.assert_allclose(x.grad, s * (1 - s) * (1 - 2 * s))
    assert isinstance(GATES.pop("my_logistic"), Gate)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_the_order_of_visits_is_right_on_random_graphs(choices: list[int]) -> None:
    values = [Value(1.0), Value(2.0)]
    for k, choice in enumerate(choices):
        values.append(values[choice % len(values)] + values[(choice * k) % len(values)])
    gradients = walk(values[-1])
    expected = {values[-1]: 1.0}
    for v in sorted(gradients, key=lambda v: -v.serial):
        for x in v.inputs:
            expected[x] = expected.get(x, 0.0) + expected[v]
    assert {id(v): float(g) for v, g in gradients.items()} == {id(v): g for v, g in expected.items()}


def test_the_tie_policy_is_the_one_at_recording() -> None:
    x, y = Value(1.0), Value(1.0)
    with tie_policy("first"):
        z = np.maximum(x, y)
    z.backward()
    assert (x.grad, y.grad) == (1, 0)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])  # noqa: S301 - our own bytes
def test_a_copied_leaf_is_a_leaf_of_its_own(duplicate: Callable[[Value], Value]) -> None:
    x = Value([1.0, 2.0], name="x")
    y = duplicate(x)
    assert (y.name, y.data.tolist()) == ("x", [1, 2])
    (x * 2 + y * 3).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([2, 2], [3, 3])


def test_a_recorded_value_is_not_copied_without_its_graph() -> None:
    with pytest.raises(GraphError, match="detach"):
        copy.deepcopy(Value(1.0) * 2)


def tangled(seed: int, squashed: float) -> tuple[Value, list[Value]]:
    """A graph of numbers, vectors and matrices in two precisions, whose ways part and meet; its end and its leaves."""
    random = np.random.default_rng(seed)
    shapes: list[tuple[int, ...]] = [(), (), (3,), (1,), (2, 3)]
    kinds = random.choice([np.float64, np.float32], len(shapes))
    leaves = [Value(random.uniform(0.5, 1.5, shape).astype(kind)) for shape, kind in zip(shapes, kinds, strict=True)]
    made: list[Value] = [*leaves]
    steps: list[Callable[[Value, Value], Value]] = [
        lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / (1 + y * y), lambda x, y: 2.0 * x,
        lambda x, y: np.tanh(x), lambda x, y: np.where(x.data > 1, np.log(x * x + 0.1), y), lambda x, y: 1 - x * x,
    ]  # fmt: skip
    for _ in range(30):
        x, y = (made[-1 - int(random.integers(min(12, len(made))))] for _ in range(2))
        out = steps[int(random.integers(len(steps)))](x, y)
        made.append(np.tanh(out) if random.random() < squashed else out)
    total: Value = sum((v.sum() for v in made[-12:]), start=Value(0.0))
    return total, leaves


@pytest.mark.parametrize("squashed", [1.0, 0.3])
@pytest.mark.parametrize("seed", range(40))
def test_the_short_way_back_is_the_long_one(seed: int, squashed: float) -> None:
    root, leaves = tangled(seed, squashed)
    long = walk(root, watch=lambda *_: None)
    short = walk(root)
    assert [id(v) for v in short] == [id(v) for v in long]
    for v, g in short.items():
        assert (np.shape(g), g.dtype) == (v.shape, v.dtype)
        np.testing.assert_array_equal(g, long[v])
    let_go = walk(root, leaves_only=True)
    assert set(let_go) == {v for v in long if v.gate is None}
    assert all(np.array_equal(g, long[v]) for v, g in let_go.items())
    ended = walk(root, leaves_only=True, wrt=frozenset(leaves[2:]))
    assert all(np.array_equal(ended[v], short[v]) for v in leaves[2:] if v in short)
    assert leaves[0] not in ended  # older than all that was asked for


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("shape", [(), (3,), (0, 2)])
def test_gates_that_say_so_make_of_two_alike_more_of_the_same(dtype: str, shape: tuple[int, ...]) -> None:
    says = [g for g in GATES.values() if g.alike]
    assert [g.name for g in says] == ["add", "sub", "mul", "div"]
    one = Value(np.ones(shape, dtype))._data
    for made in says:
        out = made.forward(one, one)
        for found in [out, *(by(out, out, one, one) for by in made.derivatives)]:
            assert (type(found), found.shape) == (type(one), one.shape)
            assert found.dtype is one.dtype


def test_a_foreign_byte_order_becomes_the_machines_own() -> None:
    x = Value(np.array([1.0, 2.0], ">f8"))
    (x * x).sum().backward()
    assert (x.dtype, x.grad.dtype, x.grad.tolist()) == (np.float64, np.float64, [2, 4])
    assert x.dtype.isnative


def test_operators_are_the_gates_own_and_compute_what_they_do() -> None:
    x, y = Value([1.0, -2.0]), Value([4.0, 0.5])
    for name, method in {"add": "__add__", "sub": "__sub__", "mul": "__mul__", "div": "__truediv__"}.items():
        assert getattr(Value, method) is GATES[name].pair
        out = getattr(x, method)(y)
        assert out.gate is GATES[name]
        np.testing.assert_array_equal(out.data, GATES[name](x, y).data)


def test_an_operator_of_another_gate_is_refused() -> None:
    v, w = Value(2.0), Value(3.0)
    with pytest.raises(GateError, match=r"operator __mul__ is gate mul's: call blend by its name"):

        @gate(x=lambda g, out, x, y: g, y=lambda g, out, x, y: g, operator="__mul__")
        def blend(x, y):
            return x * y

    assert "blend" not in GATES
    assert (v * w).gate is GATES["mul"]


def test_a_ufunc_of_another_gate_is_refused_and_a_free_one_taken() -> None:
    with pytest.raises(GateError, match=r"<ufunc 'exp'> is gate exp's: call steeper by its name"):

        @gate(x=lambda g, out, x: g * 2 * out, numpy=np.exp)
        def steeper(x: Any) -> Any:
            return np.exp(2 * x)

    assert ("steeper" in GATES, np.exp(Value(1.0)).gate) == (False, GATES["exp"])
    tripled = np.frompyfunc(lambda x: 3 * x, 1, 1)
    for factor in (3.0, 4.0):  # a notebook's cell, run again

        @gate(x=lambda g, out, x, f=factor: g * f, numpy=tripled)
        def triple(x: Any) -> Any:
            return np.float64(3) * x

        x = Value(2.0)
        y = tripled(x)
        y.backward()
        assert (y.gate, y.item(), x.grad) == (triple, 6.0, factor)


def test_an_operator_needs_a_gate_of_two_inputs_alone() -> None:
    with pytest.raises(GateError, match="gate scaled: an operator's gate has two inputs, no settings"):

        @gate(x=lambda g, out, x, y, *, scale: g, operator="__lshift__")
        def scaled(x: Any, y: Any, *, scale: float = 2.0) -> Any:
            return x + y * scale

    with pytest.raises(GateError, match="gate lonely: an operator's gate has two inputs"):

        @gate(x=lambda g, out, x: g, operator="__neg__")
        def lonely(x: Any) -> Any:
            return x

    assert not {"scaled", "lonely"} & set(GATES)
    assert not hasattr(Value, "__lshift__")


def test_a_free_operator_becomes_the_gate_and_may_be_declared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Operators, "__mod__", Operators.__mod__)  # given back in the end
    monkeypatch.setattr(declaration, "SERVED", {})
    for factor in (2.0, 3.0):

        @gate(x=lambda g, out, x, y, f=factor: g * f, y=lambda g, out, x, y: g, operator="__mod__")
        def blend(x, y):
            return x % y

        v, w = Value(7.0), Value(4.0)
        out = v % w
        out.backward()
        assert (out.gate, out.item(), v.grad) == (blend, 3.0, factor)
    del GATES["blend"]
