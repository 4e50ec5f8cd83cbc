"""A state machine that grows graphs of single numbers on two engines at once. Needs the extra `test`.

`ScalarMachine` builds, differentiates, changes and frees; the sixty-line engine of `scalar` says what is right.
Builds on `scalar` and Hypothesis.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from math import isclose
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from ..engine import Value
from ..errors import StaleGraphError
from ..modes import group
from .scalar import Scalar, in_order

__all__ = ["ScalarMachine"]

NUMBERS = st.integers(-8, 8).map(lambda k: k / 4)
TWO: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (y * y + 1),
}
ONE: dict[str, Callable[[Any], Any]] = {
    "neg": lambda x: -x,
    "tanh": lambda x: x.tanh(),
    "relu": lambda x: x.relu(),
    "exp": lambda x: x.tanh().exp(),
    "square": lambda x: x**2,
    "reflected": lambda x: 1 - 2 / (x * x + 1),
}


class Twins:
    """One number in both engines, and how many walks there were when it was made."""

    def __init__(self, checked: Any, oracle: Any, walked: int) -> None:
        self.checked, self.oracle, self.walked = checked, oracle, walked


class ScalarMachine(RuleBasedStateMachine):
    """Random histories of a scalar engine: a walk gives the oracle's gradients, or says that the graph is stale.

    Subclass it to check an engine of your own: `make` turns a number into its value, which has `data`, `grad`,
    `backward()` and the operators; `one` lists the functions of one value that it has (neg, tanh, relu, exp, square,
    reflected), `within` gives the context that a function is applied in. An engine that notices a leaf changed after
    it was used sets `stale` to the error it raises; with None no leaf is changed. One whose gradients must be cleared
    by hand between walks, as micrograd's, sets `again` to False: what was walked is then made anew. `TestCase` of the
    subclass is what pytest runs.
    Raises AssertionError, with the shortest history that Hypothesis finds.

    >>> from contextlib import nullcontext
    >>> class Checked(ScalarMachine):
    ...     make, within, stale, again = Scalar, nullcontext, None, False
    >>> from hypothesis import settings
    >>> from hypothesis.stateful import run_state_machine_as_test
    >>> run_state_machine_as_test(Checked, settings=settings(max_examples=5, database=None))
    """

    make: ClassVar[Callable[[float], Any]] = Value
    one: ClassVar[tuple[str, ...]] = tuple(ONE)
    stale: ClassVar[type[Exception] | None] = StaleGraphError
    again: ClassVar[bool] = True
    within: ClassVar[Callable[[str], AbstractContextManager[Any]]] = group

    values: Any = Bundle("values")
    made: Any = Bundle("made")  # by hand: what can be changed

    def __init__(self) -> None:
        super().__init__()
        self.expected: dict[Scalar, float] = {}  # gradients summed over walks, by leaf of the oracle
        self.leaves: dict[Scalar, Any] = {}
        self.clock, self.walked = 0, 0
        self.born: dict[Scalar, int] = {}
        self.changed: dict[Scalar, int] = {}

    def twins(self, checked: Any, oracle: Scalar) -> Twins:
        """Both results, and when they were made."""
        self.clock += 1
        for s in in_order(oracle):
            self.born.setdefault(s, self.clock)
        return Twins(checked, oracle, self.walked)

    def now(self, x: Twins) -> Twins:
        """`x`, or a new leaf with its number where a walk has been over it that may not be repeated."""
        return x if self.again or x.walked == self.walked else self._leaf(x.oracle.data)

    def _leaf(self, number: float) -> Twins:
        twins = self.twins(type(self).make(number), Scalar(number))
        self.leaves[twins.oracle] = twins.checked
        return twins

    def outdated(self, s: Scalar) -> bool:
        """Whether a leaf that s was made of has changed since."""
        return any(self.changed.get(x, 0) > self.born[s] for x in s.inputs)

    @rule(targets=(values, made), number=NUMBERS)
    def leaf(self, number: float) -> Twins:
        """A value made by hand."""
        return self._leaf(number)

    @rule(target=values, name=st.sampled_from(sorted(TWO)), x=values, y=values)
    def combine(self, name: str, x: Twins, y: Twins) -> Twins:
        """A gate of two values, which may be the same."""
        x, y = (self.now(x),) * 2 if x is y else (self.now(x), self.now(y))
        return self.twins(TWO[name](x.checked, y.checked), TWO[name](x.oracle, y.oracle))

    @rule(target=values, choice=st.integers(0, 99), x=values)
    def apply(self, choice: int, x: Twins) -> Twins:
        """A function of one value, in a group of its own."""
        x, name = self.now(x), self.one[choice % len(self.one)]
        with type(self).within(name):
            return self.twins(ONE[name](x.checked), ONE[name](x.oracle))

    @rule(target=values, x=values, number=NUMBERS)
    def with_a_constant(self, x: Twins, number: float) -> Twins:
        """Python numbers beside values."""
        x = self.now(x)
        return self.twins(number * x.checked + number, number * x.oracle + number)

    @rule(x=values)
    def differentiate(self, x: Twins) -> None:
        """Walk back; gradients of leaves add up over walks."""
        x = self.now(x)
        below = in_order(x.oracle)
        if any(map(self.outdated, below)):
            self._refused(x)
            return
        for s in below:
            s.grad = 0.0
        self.walked += 1
        x.checked.backward()
        x.oracle.backward()
        for s in below:
            if s in self.leaves:
                self.expected[s] = self.expected.get(s, 0.0) + s.grad

    def _refused(self, x: Twins) -> None:
        try:
            x.checked.backward()
        except self.stale:  # type: ignore[misc]  # nothing is outdated without such an error
            return
        raise AssertionError("a leaf changed after it was used, and backward did not say so")

    @rule(x=made, number=NUMBERS)
    def change(self, x: Twins, number: float) -> None:
        """Give a leaf new data."""
        if self.stale is not None and x.oracle is not None and x is self.now(x):
            x.checked.data = number
            x.oracle.data = number
            self.clock += 1
            self.changed[x.oracle] = self.clock

    @rule(x=consumes(values))
    def free(self, x: Twins) -> None:
        """Forget a value."""
        x.checked = x.oracle = None

    @invariant()
    def gradients_are_the_oracles(self) -> None:
        """After every rule the gradients of all leaves are right."""
        for s, expected in self.expected.items():
            found = float(self.leaves[s].grad)
            if not isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9):
                raise AssertionError(f"gradient {found}, expected {expected}")
