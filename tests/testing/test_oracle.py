"""A state machine builds, differentiates, changes and frees graphs; the sixty-line scalar engine says what is right."""

import re
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tinygrad_edu import Value, group
from tinygrad_edu.errors import StaleGraphError
from tinygrad_edu.testing import scalar
from tinygrad_edu.testing.scalar import Scalar, in_order

NUMBERS = st.integers(-8, 8).map(lambda k: k / 4)
TWO = {"+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / (y * y + 1)}
ONE = {
    "neg": lambda x: -x,
    "tanh": lambda x: x.tanh(),
    "relu": lambda x: x.relu(),
    "exp": lambda x: x.tanh().exp(),
    "square": lambda x: x**2,
    "reflected": lambda x: 1 - 2 / (x * x + 1),
}


class Twins:
    """One number in both engines."""

    def __init__(self, ours, oracle):
        self.ours, self.oracle = ours, oracle


class Graphs(RuleBasedStateMachine):
    """Grows a graph on both engines; every backward must give the oracle's gradients or say that the graph is stale."""

    values = Bundle("values")

    def __init__(self):
        super().__init__()
        self.expected = {}  # gradients summed over walks, by leaf of ours
        self.leaves = {}
        self.clock = 0
        self.born, self.changed = {}, {}  # when a value was made, and when a leaf was last changed

    def twins(self, ours, oracle):
        self.clock += 1
        for s in in_order(oracle):
            self.born.setdefault(s, self.clock)
        return Twins(ours, oracle)

    def stale(self, s):
        return any(self.changed.get(x, 0) > self.born[s] for x in s.inputs)

    @rule(target=values, number=NUMBERS)
    def leaf(self, number):
        twins = self.twins(Value(number), Scalar(number))
        self.leaves[twins.oracle] = twins.ours
        return twins

    @rule(target=values, name=st.sampled_from(sorted(TWO)), x=values, y=values)
    def combine(self, name, x, y):
        return self.twins(TWO[name](x.ours, y.ours), TWO[name](x.oracle, y.oracle))

    @rule(target=values, name=st.sampled_from(sorted(ONE)), x=values)
    def apply(self, name, x):
        with group(name):
            return self.twins(ONE[name](x.ours), ONE[name](x.oracle))

    @rule(target=values, x=values, number=NUMBERS)
    def with_a_constant(self, x, number):
        return self.twins(number * x.ours + number, number * x.oracle + number)

    @rule(x=values)
    def differentiate(self, x):
        below = in_order(x.oracle)
        if any(map(self.stale, below)):
            with pytest.raises(StaleGraphError):
                x.ours.backward()
            return
        for s in below:
            s.grad = 0.0
        x.ours.backward()
        x.oracle.backward()
        for s in below:
            if s in self.leaves:
                self.expected[s] = self.expected.get(s, 0.0) + s.grad

    @rule(x=values, number=NUMBERS)
    def change(self, x, number):
        if x.ours.gate is None:
            x.ours.data = number
            x.oracle.data = number
            self.clock += 1
            self.changed[x.oracle] = self.clock

    @rule(x=consumes(values))
    def free(self, x):
        x.ours = x.oracle = None

    @invariant()
    def gradients_are_the_oracle_s(self):
        for s, expected in self.expected.items():
            assert float(self.leaves[s].grad) == pytest.approx(expected, rel=1e-9, abs=1e-9)


Graphs.TestCase.settings = settings(max_examples=15, stateful_step_count=20)
TestGraphs = Graphs.TestCase


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
