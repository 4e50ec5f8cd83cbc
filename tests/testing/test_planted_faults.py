"""Gates with a planted fault: the kit must catch each, and say what is likely wrong."""

from contextlib import contextmanager

import numpy as np
import pytest

from tinygrad_edu import GATES, Value, gate, group, relu
from tinygrad_edu.errors import GradientError
from tinygrad_edu.testing import check_gate, gradcheck
from tinygrad_edu.testing.engines import TinygradEdu

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
SQUARE = np.array([[0.5, -1.0], [2.0, 1.5]])


@contextmanager
def planted(forward, **declared):
    """A gate declared for a moment, under a name of its own."""
    forward.__name__ = "planted"
    try:
        yield gate(**declared)(forward)
    finally:
        GATES.pop("planted", None)


def times(x, y):
    """Product."""
    return x * y


def right_by_x(g, out, x, y):
    return g * y


def right_by_y(g, out, x, y):
    return g * x


def bare(x):
    return x.data if isinstance(x, Value) else x


FAULTS = {
    "sign": (lambda g, out, x, y: -g * y, right_by_y, "the sign is wrong"),
    "factor": (lambda g, out, x, y: 2.5 * g * y, right_by_y, "every element is 2.5 times"),
    "swapped": (right_by_y, right_by_x, "two gradients are swapped"),
    "upstream left out": (lambda g, out, x, y: y + 0 * g, right_by_y, "the upstream gradient is left out"),
    "local left out": (lambda g, out, x, y: g, right_by_y, "only the upstream gradient is passed on"),
    "upstream twice": (lambda g, out, x, y: g * g * y, right_by_y, "multiplied in twice"),
    "rows": (lambda g, out, x, y: g * y * 2, right_by_y, "too large by the number of rows"),
    "columns": (lambda g, out, x, y: g * y / 3, right_by_y, "too small by the number of columns"),
    "off by eps": (lambda g, out, x, y: g * (y + 1e-6), right_by_y, "nearly right"),
    "detached": (lambda g, out, x, y: g * 0, right_by_y, "no gradient reaches this input"),
    "reversed": (lambda g, out, x, y: (g * y)[:, ::-1], right_by_y, "reversed along axis 1"),
    "shuffled": (lambda g, out, x, y: (g * y).reshape(3, 2).T, right_by_y, "the right numbers in the wrong places"),
    "cut": (lambda g, out, x, y: g * y * (x > 0), right_by_y, "right where it is not 0"),
    "shifted": (lambda g, out, x, y: g * y + 1.0, right_by_y, "every element is off by 1"),
    "nan": (lambda g, out, x, y: g * y * (0 * np.where(x > 0, 0, np.inf)), right_by_y, "not a number"),
    "summed": (lambda g, out, x, y: (g * y).sum(axis=0, keepdims=True) + 0 * x, right_by_y, "along axis 0"),
    "second order": (lambda g, out, x, y: g * bare(y), right_by_y, "reads what is not recorded"),
}


@pytest.mark.parametrize(("by_x", "by_y", "words"), FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_planted_fault_is_caught_and_named(by_x, by_y, words):
    with planted(times, x=by_x, y=by_y) as wrong, pytest.raises(GradientError, match=words):
        check_gate(wrong, X, X.T.reshape(2, 3) + 0.1)


def test_the_right_gate_passes():
    with planted(times, x=right_by_x, y=right_by_y) as right:
        assert check_gate(right, X, X + 0.1).ok


def test_a_transposed_gradient_is_named():
    with (
        planted(lambda x: 3 * np.square(x), x=lambda g, out, x: (6 * g * x).T) as wrong,
        pytest.raises(GradientError, match="the gradient is transposed"),
    ):
        check_gate(wrong, SQUARE)


class Careless(TinygradEdu):
    """An engine that makes one mistake, named by `fault`."""

    def __init__(self, fault):
        self.fault = fault
        self.calls = 0

    def pull(self, out, upstream, leaves, again=False):
        found = super().pull(out, upstream, leaves, again)
        self.calls += 1
        if again or self.fault == "none":
            return found
        if self.fault == "random":
            return [g + 1e-9 * self.calls for g in found]
        if self.fault == "double precision":
            return [np.asarray(g, np.float64) for g in found]
        if self.fault == "broadcast":
            return [np.broadcast_to(g, (2, *np.shape(g))) for g in found]
        if self.fault == "not linear":
            return [g + 1e-9 * (np.size(upstream) and np.max(np.abs(upstream)) > 2) for g in found]
        if isinstance(upstream, np.ndarray) and upstream.flags.writeable:
            upstream += 1
        return found


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("random", "determinism"),
        ("double precision", "float32"),
        ("broadcast", "has the shape of its input|sum over the broadcast"),
        ("not linear", "linearity"),
        ("writes", "inputs unchanged"),
    ],
)
def test_an_engine_with_a_fault_is_caught(fault, words):
    with pytest.raises(GradientError, match=words):
        check_gate(GATES["mul"], X, X + 1, engine=Careless(fault), order=1, tolerance=1e-6)


def test_the_same_engine_without_the_fault_passes():
    assert check_gate(GATES["mul"], X, X + 1, engine=Careless("none")).ok


def test_shares_at_a_tie_that_add_up_to_two_are_caught():
    with pytest.raises(GradientError, match="joint directions"):
        check_gate(GATES["maximum"], X, X, settings={"ties": "both"})


@pytest.mark.parametrize("slope", [-0.1, 1.1])
def test_a_subgradient_outside_the_slopes_of_a_kink_is_caught(slope):
    def by_x(g, out, x):
        return g * np.where(bare(x) == 0, slope, bare(x) > 0)

    with (
        planted(lambda x: np.maximum(x, 0), x=by_x) as wrong,
        pytest.raises(GradientError, match="gradient by input 0"),
    ):
        check_gate(wrong, np.array([0.0, 1.0, -1.0]))


@pytest.mark.parametrize(
    ("number", "right"),
    [
        (lambda x: np.float64(0) if x <= 0 else x, True),
        (lambda x: x if x > 0 else np.float64(0), False),  # nan
        (lambda x: np.float64(0) if x < 0 else x, False),  # -0.0
        (lambda x: np.float32(0) if x <= 0 else x, False),
        (lambda x: x, False),
    ],
)
def test_another_way_for_one_number_is_caught(number, right):
    derivative = {"x": lambda g, out, x: g * (x > 0)}
    with planted(lambda x: np.maximum(x, 0), number=number, elementwise=True, **derivative) as way:
        if right:
            assert "one number" in {check.name for check in check_gate(way, X).checks}
        else:
            with pytest.raises(GradientError, match="one number"):
                check_gate(way, X)


def test_a_failure_is_shown_at_the_smallest_inputs_that_fail():
    with (
        planted(times, x=lambda g, out, x, y: g * y * (1 + (x > 1)), y=right_by_y) as wrong,
        pytest.raises(GradientError) as caught,
    ):
        check_gate(wrong, X, X + 3)
    (failure,) = caught.value.report.failures
    assert [x.shape for x in failure.finding.inputs] == [(1, 1), (1, 1)]
    assert failure.finding.inputs[0] == 2


def test_gradcheck_catches_a_wrong_gate_inside_a_function():
    with (
        planted(lambda x: np.exp(x), x=lambda g, out, x: g * out * 2.5) as wrong,
        pytest.raises(GradientError, match=r"2\.5 times"),
    ):
        gradcheck(lambda x: wrong(x).sum(), X)


def test_gradcheck_accepts_what_is_right():
    def network(x, w, b):
        with group("layer"):
            return relu(x @ w + b).mean()

    assert gradcheck(network, X, np.ones((3, 2)), np.array([0.5, -9.0])).ok


def test_nothing_to_differentiate_is_an_error():
    with pytest.raises(GradientError, match="nothing can be checked"):
        gradcheck(lambda x: x, np.array([1, 2]))


def test_a_mean_over_the_broadcast_axis_is_named_with_the_rows_of_the_inputs_shown():
    def plus(x, row):
        """A row added to each row."""
        return x + row

    with planted(plus, x=lambda g, out, x, row: g, row=lambda g, out, x, row: g.mean(axis=0)) as mean_for_sum:
        with pytest.raises(GradientError) as caught:
            check_gate(mean_for_sum, np.arange(12.0).reshape(4, 3), X[0])
        finding = caught.value.report.failures[0].finding
    rows = finding.inputs[0].shape[0]
    assert rows < 4
    assert f"too small by the number of rows of the output ({rows})" in finding.mistake


def test_a_function_that_works_element_by_element_is_checked_on_other_shapes():
    def only_of_equal_shapes(x, y):
        if np.shape(x) != np.shape(y):
            return x * (y.data if isinstance(y, Value) else y)  # detached
        return x * y

    assert check_gate(only_of_equal_shapes, X, X).ok
    with pytest.raises(GradientError, match="broadcasting"):
        check_gate(only_of_equal_shapes, X, X, elementwise=True)
    names = {check.name for check in check_gate(lambda x, y: x * y, X, X, elementwise=True).checks}
    assert {"0-d inputs", "empty inputs"} <= names
