"""A state machine builds, differentiates, changes and frees graphs; the sixty-line scalar engine says what is right."""

import re
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tinygrad_edu.testing import scalar
from tinygrad_edu.testing.machine import ScalarMachine
from tinygrad_edu.testing.scalar import Scalar, in_order


class Graphs(ScalarMachine):
    """The package's own engine."""


Graphs.TestCase.settings = settings(max_examples=15, stateful_step_count=20)
TestGraphs = Graphs.TestCase


def checked(histories=100, **settings_of_it):
    """Random histories of an engine."""
    machine = type("Checked", (ScalarMachine,), {"within": nullcontext, **settings_of_it})
    run_state_machine_as_test(machine, settings=settings(max_examples=histories, database=None))


class Overwriting(Scalar):
    """An engine that keeps the last gradient where paths meet, instead of their sum."""

    def backward(self):
        self.grad = 1.0
        for s in reversed(in_order(self)):
            for x, local in zip(s.inputs, s.local_gradients, strict=True):
                x.grad = local * s.grad

    def __add__(self, other):
        out = super().__add__(other)
        out.__class__ = Overwriting
        return out

    def __mul__(self, other):
        out = super().__mul__(other)
        out.__class__ = Overwriting
        return out


def test_engines_without_a_fault_pass():
    checked(make=Scalar, stale=None, again=False)
    engine = pytest.importorskip("micrograd.engine")
    checked(make=engine.Value, stale=None, again=False, one=("neg", "relu", "square", "reflected"))


@pytest.mark.parametrize(
    "fault",
    [
        {"make": Overwriting, "stale": None, "again": False},
        {"make": Scalar, "stale": None},  # gradients of a second walk
        {"make": Scalar, "again": False},  # a changed leaf that nobody notices
    ],
    ids=["overwrites", "second walk", "stale"],
)
def test_a_faulty_engine_is_caught(fault):
    with pytest.raises(AssertionError, match=r"expected|did not say so"):
        checked(histories=2000, **fault)


def test_the_tutorial_writes_the_same_engine():
    page = (Path(__file__).parents[2] / "docs/tutorial/build-an-engine.md").read_text()
    lesson = re.search(r"```python\n(import math\n.*?)```", page, re.DOTALL).group(1)
    names = {}
    exec(lesson, names)  # noqa: S102 - our own tutorial
    found = []
    for engine in (names["Scalar"], scalar.Scalar):
        x, y = engine(0.5), engine(-1.5)
        f = 1 / (1 + (-(x * y + x**3 - 2 * y)).exp())
        f.backward()
        found.append((f.data, x.grad, y.grad))
    assert found[0] == found[1]
    assert found[0][0] == pytest.approx(0.9149009549929797)
    assert {*vars(names["Scalar"])} <= {*vars(scalar.Scalar)}
