"""find_nan names the gate where finite numbers stopped to be finite, forward or backward, and says why."""

import numpy as np
import pytest

from tinygrad_edu import Value, draw, find_nan, gate, group, relu, softmax
from tinygrad_edu.errors import GraphError

inf, nan = np.inf, np.nan


def built(f, *inputs):
    with np.errstate(all="ignore"):
        return f(*map(Value, inputs))


FORWARD = [
    ("log of 0", lambda x: np.sum(np.log(x) * [0.0, 1.0]), [[0.0, 1.0]], "log", (0,), "log of 0", "np.where"),
    ("log of a negative number", lambda x: np.log(x - 2), [1.0], "log", (), "negative", "softplus"),
    ("log1p", lambda x: np.log1p(x).sum(), [[-2.0, -1.0]], "log1p", (0,), "negative", "above -1"),
    ("exp", lambda x: 1 - np.exp(x) / np.exp(x), [800.0], "exp", (), "larger than the largest", "logsumexp"),
    ("exp in single", lambda x: np.exp(x) * 2, [np.float32(90)], "exp", (), "larger than", "softmax"),
    ("sqrt", lambda x: np.sqrt(x).sum(), [[1.0, -1.0]], "sqrt", (1,), "root of a negative", "np.maximum"),
    ("0/0", lambda x, y: x / y, [[1.0, 0.0], [1.0, 0.0]], "div", (1,), "0 / 0", "np.where(y != 0"),
    ("1/0", lambda x: 1 / x, [[[1.0, 0.0]]], "div", (0, 1), "division by 0", "1e-12"),
    ("power", lambda x: x**-2, [0.0], "power", (), "power of 0", "np.where(x > 0"),
    ("fractional power", lambda x: x**0.5, [-1.0], "power", (), "fractional power", "np.abs"),
    ("arccos", np.arccos, [[0.0, 1.5]], "arccos", (1,), "between -1 and 1", "np.clip"),
    ("product too large", lambda x: x * x, [1e200], "mul", (), "largest number of its dtype", "scale"),
    ("a masked row", lambda x: softmax(np.where([[True, False], [False, False]], x, -inf)), [np.ones((2, 2))],
     "softmax", (1, 0), "all masked", "unmasked"),
    ("a sum of opposite infinities", lambda x: np.sum(x * [inf, -inf]), [[1.0, 1.0]], "sum", (), "inf - inf",
     "np.isfinite"),
    ("a constant nan", lambda x: np.sum(x * [1.0, nan]), [[1.0, 1.0]], "mul", (1,), "input 1, a constant array",
     "np.argwhere"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "inputs", "name", "index", "reason", "advice"), [row[1:] for row in FORWARD],
                         ids=[row[0] for row in FORWARD])  # fmt: skip
def test_the_first_gate_forward_is_named(f, inputs, name, index, reason, advice):
    report = find_nan(built(f, *inputs))
    assert report
    assert report.direction == "forward"
    assert report.value.gate.name == name
    assert report.index == index
    assert reason in report.reason
    assert advice in report.advice
    assert name in str(report)
    assert reason in str(report)


BACKWARD = [
    ("sqrt at 0", lambda x: np.sum(np.sqrt(np.sum(x * x, 1))), [[[3.0, 4.0], [0.0, 0.0]]], "sqrt", 0, (1,),
     "infinite slope at 0", "np.linalg.norm"),
    ("power at 0", lambda x: np.sum(x**0.5), [[1.0, 0.0]], "power", 0, (1,), "infinite slope", "np.where"),
    ("a branch switched off by a factor", lambda x: np.sum(np.sqrt(x) * [1.0, 0.0]), [[1.0, 0.0]], "sqrt", 0, (1,),
     "0 · inf", "np.where(mask"),
    ("arcsin at 1", lambda x: np.sum(np.arcsin(x)), [[0.0, 1.0]], "arcsin", 0, (1,), "infinite at ±1", "np.clip"),
    ("too steep", lambda x: (x * 1e200) * 1e200, [1e-300], "mul", 0, (), "beyond the largest number", "clip"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "inputs", "name", "position", "index", "reason", "advice"),
                         [row[1:] for row in BACKWARD], ids=[row[0] for row in BACKWARD])  # fmt: skip
def test_the_first_gate_backward_is_named(f, inputs, name, position, index, reason, advice):
    report = find_nan(built(f, *inputs))
    assert report.direction == "backward"
    assert report.value.gate.name == name
    assert (report.position, report.index) == (position, index)
    assert reason in report.reason
    assert advice in report.advice
    assert "upstream" in dict(report.numbers)
    assert "backward" in str(report)


@pytest.mark.parametrize("f", [
    lambda x: np.sum(np.where(x > 0, np.log(x), 0)),
    lambda x: np.sum(softmax(np.where(x > 0, x, -inf)) ** 2),
    lambda x: np.linalg.norm(x * 0),
    lambda x: np.sum(relu(x)),
])  # fmt: skip
def test_nothing_is_reported_where_all_that_counts_is_finite(f):
    report = find_nan(built(f, [0.0, 2.0]))
    assert not report
    assert str(report) == "no nan and no infinity, forward or backward"


def test_a_leaf_with_nan_is_named_itself():
    x = Value([1.0, nan, nan], name="temperature")
    report = find_nan(np.sum(x * 2))
    assert report.value is x
    assert report.count == 2
    assert "'temperature'" in str(report)
    assert "this leaf holds nan" in str(report)


def test_the_spread_is_all_that_is_not_finite():
    x = Value([0.0, 1.0])
    with np.errstate(all="ignore"):
        fine, bad = x * 2, np.log(x)
        out = np.sum(bad * [0.0, 1.0]) + np.sum(fine)
    report = find_nan(out)
    assert report.value is bad
    assert bad in report.spread
    assert out in report.spread
    assert fine not in report.spread


def marked(drawing):
    nodes = {node.text or node.data: node.mark for node in drawing.picture.nodes if node.mark is not None}
    return nodes, [wire.mark for wire in drawing.picture.wires if wire.mark]


def test_the_drawing_shows_the_gate_and_all_that_its_nan_reached():
    x = Value([0.0, 1.0], name="x")
    with np.errstate(all="ignore"):
        out = np.sum(np.log(x) * 0.0) + np.sum(x * 2)
    report = find_nan(out)
    nodes, wires = marked(draw(out, marks=report.marks))
    assert nodes["log"] == report.reason
    assert {"log", "Σ", "+", "×0"} <= nodes.keys()
    assert "x" not in nodes
    assert "×2" not in nodes
    assert wires == []


def test_the_drawing_shows_the_wire_along_which_a_gradient_went_wrong():
    x = Value([0.0, 4.0], name="x")
    out = np.sum(np.sqrt(x))
    report = find_nan(out)
    nodes, wires = marked(draw(out, marks=report.marks))
    assert wires == [report.reason]
    assert "√" in nodes
    assert find_nan(Value(1.0) * 2).marks == {}


def test_the_group_is_told():
    with group("entropy"):
        out = built(np.log, 0.0)
    assert "in group entropy" in str(find_nan(out))


def test_an_upstream_gradient_may_be_given_and_grad_is_not_touched():
    x = Value([1.0, 4.0])
    assert not find_nan(np.sqrt(x))
    assert find_nan(np.sqrt(x), [1.0, inf]).direction is None  # what the caller gives is not a gate's fault
    assert x.grad is None


def test_gates_of_ones_own_are_told_of_in_general():
    @gate(x=lambda g, out, x: g / np.zeros_like(x), elementwise=True)
    def steep(x):
        return x * 1

    report = find_nan(built(steep, [1.0]))
    assert report.value.gate.name == "steep"
    assert "infinite here" in report.reason


def test_arrays_have_no_record():
    with pytest.raises(GraphError, match="ndarray is no Value"):
        find_nan(np.ones(2))
