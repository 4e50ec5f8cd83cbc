"""Other engines behind the adapter: what is right passes, and faults known elsewhere are found again."""

import warnings

import numpy as np
import pytest

from tinygrad_edu.errors import DependencyError
from tinygrad_edu.testing import TinygradEdu
from tinygrad_edu.testing.peers import PEERS, Autograd, MyGrad, PyTorch, Scalars, check_engine, compare
from tinygrad_edu.testing.scalar import Scalar


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
    assert failures(report) == set()
    assert len(unknown(report)) <= 2


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


def test_a_class_that_overwrites_gradients_is_caught():
    assert "a value used twice" in failures(check_engine(Scalars(Overwriting), ["add", "a value used twice"]))


def test_mygrad_gives_nothing_to_either_side_of_a_tie():
    pytest.importorskip("mygrad")
    assert "maximum at a tie" in failures(check_engine(MyGrad(), ["multiply", "maximum at a tie"]))


def test_autograd_gives_nan_for_a_product_with_a_zero():
    pytest.importorskip("autograd")
    report = check_engine(Autograd(), ["multiply", "prod with a zero"])
    (failure,) = report.failures
    assert failure.name == "prod with a zero"
    assert np.isnan(failure.finding.actual).any()


def test_compare_prints_a_row_for_each_engine():
    pytest.importorskip("torch")
    table = compare(lambda x, y: np.exp(x) * y, [[0.0, 1.0], 2.0], peers=["torch"])
    ours, theirs = table.splitlines()[1:]
    assert ours.split("|")[1:] == theirs.split("|")[1:]
    assert "torch" in theirs


def test_a_missing_peer_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mygrad", None)
    with warnings.catch_warnings(), pytest.raises(DependencyError, match="pip install mygrad"):
        PEERS["mygrad"]()
