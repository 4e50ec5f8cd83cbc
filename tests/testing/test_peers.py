"""Other engines behind the adapter: what is right passes, and faults known elsewhere are found again."""

import warnings

import numpy as np
import pytest

from tinygrad_edu.errors import DependencyError
from tinygrad_edu.testing import TinygradEdu
from tinygrad_edu.testing.peers import PEERS, Autograd, Jax, MyGrad, PyTorch, Scalars, Tensors, check_engine, compare
from tinygrad_edu.testing.scalar import Scalar, in_order

from .define_by_run import FAULTS, Variable, fault, functions


def failures(report):
    return {check.name for check in report.failures}


def unknown(report):
    return {check.name for check in report.checks if check.ok is None}


def test_our_engine_is_right_and_knows_every_function():
    report = check_engine(TinygradEdu(), order=2)
    assert report.ok
    assert unknown(report) == set()


def test_pytorch_is_right():
    pytest.importorskip("torch")
    report = check_engine(PyTorch())
    assert failures(report) == {"a branch not taken"}  # nan, as its documentation says
    assert len(unknown(report)) <= 3


def test_a_scalar_class_is_checked_on_arrays_of_scalars():
    report = check_engine(Scalars())
    assert failures(report) == set()
    assert "matmul" not in unknown(report)


class Overwriting(Scalar):
    """A homework classic: = in place of +=."""

    def __add__(self, other):
        out = super().__add__(other)
        return Overwriting(out.data, out.inputs, out.local_gradients)

    def __mul__(self, other):
        out = super().__mul__(other)
        return Overwriting(out.data, out.inputs, out.local_gradients)

    def backward(self, upstream=1.0):
        self.grad = upstream
        for x, local in zip(self.inputs, self.local_gradients, strict=True):
            Overwriting.backward(x, local * upstream)


class Restless(Scalar):
    """Right but for the last bit, which depends on how often it was asked: what the order of a set does elsewhere."""

    calls = 0

    def backward(self):
        super().backward()
        Restless.calls += 1
        for leaf in in_order(self):
            leaf.grad *= 1 + 2.0**-52 * (Restless.calls % 2)


def test_rounding_that_changes_from_run_to_run_is_no_fault_of_another_engine():
    assert failures(check_engine(Scalars(Restless), ["multiply", "a value used twice"])) == set()


def test_micrograd_is_right_where_it_has_a_way():
    engine = pytest.importorskip("micrograd.engine")
    report = check_engine(Scalars(engine.Value))
    assert failures(report) == set()
    assert {"add", "multiply", "matmul", "a value used on two paths"}.isdisjoint(unknown(report))


def test_a_class_that_overwrites_gradients_is_caught():
    assert "a value used twice" in failures(check_engine(Scalars(Overwriting), ["add", "a value used twice"]))


STEPS = ["add", "multiply", "divide", "power", "numbers", "number over value", "a value used twice",
         "a value used on two paths", "broadcasting", "exp", "tanh", "sum", "mean", "matmul", "transpose", "reshape",
         "repeated index", "maximum at a tie", "max at a tie"]  # fmt: skip


def define_by_run():
    return Tensors(Variable, module=functions)


def test_an_engine_written_step_by_step_is_right_when_it_is_done():
    report = check_engine(define_by_run())
    assert failures(report) == set()
    assert unknown(report).isdisjoint(STEPS)


@pytest.mark.parametrize(("name", "property"), FAULTS.items(), ids=FAULTS)
def test_a_fault_of_one_step_is_caught_by_its_property(name, property):
    with fault(name):
        report = check_engine(define_by_run(), ["exp", property])
    assert property in failures(report)
    assert report.failures[-1].finding


def test_mygrad_gives_nothing_to_either_side_of_a_tie():
    pytest.importorskip("mygrad")
    found = failures(check_engine(MyGrad(), ["multiply", "max at a tie", "maximum at a tie", "minimum at a tie"]))
    assert found == {"maximum at a tie", "minimum at a tie"}
    report = check_engine(MyGrad(), ["maximum at a tie"])
    assert report.failures[0].finding.mistake == "at a tie the shares of the inputs do not add up to one"


def test_autograd_gives_nan_for_a_product_with_a_zero():
    pytest.importorskip("autograd")
    report = check_engine(Autograd(), ["multiply", "prod with a zero", "sinc at zero"])
    assert failures(report) == {"prod with a zero", "sinc at zero"}
    assert all(np.isnan(failure.finding.actual).any() for failure in report.failures)
    assert "not a number" in report.failures[0].finding.mistake


def test_jax_is_asked_by_functions():
    pytest.importorskip("jax")
    report = check_engine(Jax(), ["multiply", "a branch not taken"], order=2)
    assert failures(report) == {"a branch not taken"}


@pytest.mark.slow
def test_jax_is_right_to_second_order_but_for_norms_and_branches():
    pytest.importorskip("jax")
    report = check_engine(Jax(), order=2)
    assert failures(report) <= {"norm at zero", "standard deviation of equal numbers", "a branch not taken"}
    assert len(unknown(report)) <= 3


def test_compare_prints_a_row_for_each_engine():
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    table = compare(lambda x, y: np.exp(x) * y, [[0.0, 1.0], 2.0], peers=["torch", "jax"])
    ours, *theirs = table.splitlines()[1:]
    assert [row.split("|")[1:] for row in theirs] == [ours.split("|")[1:]] * 2
    assert [row.split()[0] for row in theirs] == ["torch", "jax"]


def test_compare_says_what_an_engine_can_not_do():
    pytest.importorskip("autograd")
    table = compare(lambda x: np.cumprod(x), [[0.5, 1.0]], peers=["autograd"])
    assert "NotImplementedError" in table.splitlines()[-1]


def test_a_missing_peer_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mygrad", None)
    with warnings.catch_warnings(), pytest.raises(DependencyError, match="pip install mygrad"):
        PEERS["mygrad"]()
