"""Gradients compared with numbers: `gradcheck(f, *inputs)`, for functions of this engine or any other.

`Problem` (a function at a point, with an upstream gradient) · `gradcheck`. Builds on `numeric`, `report`, `engines`,
`diagnosis` and `shrinking`.

The function is made a scalar with a random upstream gradient, L = Σ u · f(x), and its gradient by every element is
compared with an estimate. Where f has a kink, the gradient must lie between the slopes on both sides, along each axis
and along joint directions (for a convex or concave f: it is a subgradient). The second order compares the derivative
of Σ v · ∂L/∂x the same way, for f + f²/2 in the place of f; at a kink there is none.
"""

import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..errors import GradientError
from . import numeric
from .diagnosis import likely_mistake
from .engines import Engine, TinygradEdu
from .report import Check, Finding, Report
from .shrinking import shrunk
from .thorough import moved, rounds

__all__ = ["Problem", "gradcheck"]

Array = Any
MOST_ELEMENTS = 200
UNRECORDED = "the first derivative reads what is not recorded: v.data, or an array kept aside"


def widened(x: Any) -> Any:
    """Floating inputs as float64 (complex128), others as they are: numbers are compared in double precision."""
    array = np.asarray(x)
    kind = {"f": np.float64, "c": np.complex128}.get(array.dtype.kind)
    return x if kind is None else np.array(array, kind)[()]


class Problem:
    """A function at a point: `value()`, `pulled(upstream)` and the scalar L = Σ u · f(x) whose gradients are compared.

    `wrt` are the positions of the inputs differentiated: by default all floating ones.
    """

    copies = True

    def __init__(
        self,
        f: Callable[..., Any],
        inputs: Sequence[Any],
        *,
        wrt: Sequence[int] | None = None,
        engine: Engine | None = None,
        seed: int = 0,
    ) -> None:
        self.f, self.engine = f, engine or TinygradEdu()
        self.inputs = [x if isinstance(x, np.ndarray | np.generic) else np.asarray(x)[()] for x in inputs]
        floating = [k for k, x in enumerate(self.inputs) if x.dtype.kind in "fc"]
        self.wrt = list(floating if wrt is None else wrt)
        self.random = np.random.default_rng(seed)
        self.out = np.asarray(self.value(*self.inputs))
        self.upstream = self.like(self.out)
        self.kinks: dict[int, Any] = {}

    def like(self, array: Array) -> Array:
        """Random numbers in the shape and dtype of `array`, none near 0."""
        numbers = self.random.uniform(0.5, 1.5, np.shape(array)) * self.random.choice([-1, 1], np.shape(array))
        if array.dtype.kind == "c":
            numbers = numbers + 1j * self.random.uniform(0.5, 1.5, np.shape(array))
        return np.asarray(numbers, array.dtype)[()]

    def given(self, arrays: Sequence[Any]) -> list[Any]:
        """Copies of the inputs: a fault may write to them."""
        return [np.array(x)[()] if self.copies else x for x in arrays]

    def value(self, *arrays: Any) -> Array:
        """f as numbers."""
        return self.engine.array(self.f(*self.engine.leaves(self.given(arrays), self.wrt)))

    def weighed(self, upstream: Any) -> "Problem":
        """The same problem with another upstream gradient."""
        other = copy(self)
        other.upstream, other.kinks = upstream, {}
        return other

    def bent(self, *inputs: Any) -> Any:
        """f + f²/2, whose upstream gradient at f depends on the inputs too: a second derivative must follow it."""
        out = self.f(*inputs)
        return out + out * out * 0.5

    def scalar(self, *arrays: Any) -> Any:
        """L = Re Σ u · f(x); complex inputs of a real function give the complex continuation."""
        total = np.sum(self.upstream * self.value(*arrays))
        return total.real if self.complex else total

    def alternatives(self, position: int) -> dict[str, Any]:
        """Gradients that a mistake would give in place of the one by `position`, each with the sentence for it."""

        def with_upstream(upstream: Any) -> Any:
            return numeric.gradient(self.weighed(upstream).scalar, *self.inputs, position=position).value

        g = self.upstream
        found: dict[str, Any] = {
            "only the upstream gradient is passed on: multiply it by the local gradient": g,
            "the upstream gradient is left out: multiply the local gradient by it": with_upstream(np.ones_like(g)),
            "the upstream gradient is multiplied in twice": with_upstream(g * g),
        }
        for other in self.wrt:
            if other != position and np.shape(self.inputs[other]) == np.shape(self.inputs[position]):
                swapped = numeric.gradient(self.scalar, *self.inputs, position=other).value
                found[f"the gradient of input {other}: two gradients are swapped"] = swapped
        return found

    @property
    def complex(self) -> bool:
        """Whether complex numbers are among the inputs or outputs."""
        return any(np.asarray(x).dtype.kind == "c" for x in [self.out, *self.inputs])

    def pulled(self, *arrays: Any, upstream: Any = None) -> list[Any]:
        """The engine's gradients of L by the inputs `wrt`; 0 where the engine says that there is none."""
        upstream = np.array(self.upstream)[()] if upstream is None else upstream
        return self._numbers(arrays, self.engine.gradients(self.f, self.given(arrays), self.wrt, upstream))

    def pulled_twice(self, weights: Sequence[Any], *arrays: Any) -> list[Any]:
        """The engine's gradients of Σ v · ∂L/∂x by the inputs `wrt`."""
        given = self.given(arrays)
        return self._numbers(arrays, self.engine.second(self.f, given, self.wrt, self.upstream, weights))

    def _numbers(self, arrays: Sequence[Any], found: Sequence[Any]) -> list[Any]:
        return [
            np.zeros_like(arrays[k]) if g is None else self.engine.array(g)
            for k, g in zip(self.wrt, found, strict=True)
        ]


def fits(actual: Array, estimate: numeric.Estimate, tolerance: float) -> Array:
    """Where a gradient agrees with an estimate, or lies between its slopes at a kink; untrusted elements pass."""
    with np.errstate(invalid="ignore"):
        size = np.max(np.abs(estimate.value[np.isfinite(estimate.value)]), initial=0) if np.ndim(estimate.value) else 0
        slack = tolerance * (np.abs(estimate.value) + size + 1) + 20 * estimate.error
        low = np.minimum(estimate.left.real, estimate.right.real) - slack
        high = np.maximum(estimate.left.real, estimate.right.real) + slack
        between = (low <= actual.real) & (actual.real <= high)
        if np.iscomplexobj(estimate.value):
            between = between & (np.abs(actual.imag - estimate.value.imag) <= slack)
    return between | ~estimate.trusted


def _compared(
    problem: Problem, actual: list[Any], scalar: Callable[..., Any], name: str, tolerance: float
) -> list[Check]:
    """One check an input: the shape, then every element."""
    checks = []
    for g, position in zip(actual, problem.wrt, strict=True):
        x, where = problem.inputs[position], f"{name} by input {position}"
        estimate = numeric.gradient(scalar, *problem.inputs, position=position)
        kinks = problem.kinks.setdefault(position, estimate.kink)  # of the first order: no second derivative there
        overlooked = kinks if name != "gradient" else False
        if np.shape(g) == np.shape(x) and np.all(fits(np.asarray(g), estimate, tolerance) | overlooked):
            trusted = np.asarray(estimate.trusted)
            ok = None if trusted.size and not trusted.any() else True
            detail = f"{x.size} elements by {estimate.method}" if ok else "no estimate to be trusted here"
            checks.append(Check(where, ok, detail))
            continue
        first = name == "gradient"
        known = first or not np.all(np.isfinite(g))
        alternatives = problem.alternatives(position) if first else None
        mistake = likely_mistake(estimate.value, g, alternatives, problem.out.shape)
        mistake = mistake if known else UNRECORDED
        finding = Finding(where, estimate.value, g, tuple(problem.inputs), {}, mistake, estimate.method)
        checks.append(Check(where, False, "", finding))
    return checks


def _jointly(problem: Problem, actual: list[Any], scalar: Callable[..., Any], name: str, tolerance: float) -> Check:
    """The gradient along directions that move all inputs at once: shares at ties must add up, large inputs be right."""
    where = f"{name} along joint directions"
    kinds = [lambda x: np.ones(x.shape, x.dtype), problem.like, problem.like]
    for make in kinds:
        direction = [make(x) if k in problem.wrt else None for k, x in enumerate(problem.inputs)]
        moved = [d for d in direction if d is not None]
        slope = np.sum([np.sum(g * d).real for g, d in zip(actual, moved, strict=True)])
        estimate = numeric.directional(scalar, problem.inputs, direction)
        if not fits(np.asarray(slope), estimate, tolerance):
            tied = any(np.any(kinks) for kinks in problem.kinks.values()) and not np.any(estimate.kink)
            mistake = "at a tie the shares of the inputs do not add up to one" if tied else ""
            finding = Finding(where, estimate.value, slope, tuple(problem.inputs), {}, mistake, estimate.method)
            return Check(where, False, "", finding)
    return Check(where, True, f"{len(kinds)} directions")


def _order(problem: Problem, actual: list[Any], scalar: Callable[..., Any], name: str, tolerance: float) -> list[Check]:
    small = sum(problem.inputs[k].size for k in problem.wrt) <= MOST_ELEMENTS
    checks = _compared(problem, actual, scalar, name, tolerance) if small else []
    shapes = all(np.shape(g) == np.shape(problem.inputs[k]) for g, k in zip(actual, problem.wrt, strict=True))
    kinked = name != "gradient" and any(np.any(kinks) for kinks in problem.kinks.values())
    if shapes and problem.wrt and not kinked and all(check.ok is not False for check in checks):
        checks.append(_jointly(problem, actual, scalar, name, tolerance))
    return checks


def orders(problem: Problem, order: int = 2, tolerance: float = 1e-8) -> list[Check]:
    """First- and second-order checks of a problem whose inputs are double precision."""
    checks = _order(problem, problem.pulled(*problem.inputs), problem.scalar, "gradient", tolerance)
    if any(np.any(kinks) for kinks in problem.kinks.values()) and any(check.ok is False for check in checks):
        # Kinks that bend up and down may cancel in a sum, and then no choice of subgradients fits its slopes.
        problem = problem.weighed(np.abs(problem.upstream))
        checks = _order(problem, problem.pulled(*problem.inputs), problem.scalar, "gradient", tolerance)
    if order < 2 or problem.engine.order < 2 or any(check.ok is False for check in checks):
        return checks
    curved = Problem(problem.bent, problem.inputs, wrt=problem.wrt, engine=problem.engine)
    curved.kinks = problem.kinks
    weights = [curved.like(problem.inputs[k]) for k in problem.wrt]

    def slope(*arrays: Any) -> Any:
        total = np.asarray(sum(np.sum(v * g) for v, g in zip(weights, curved.pulled(*arrays), strict=True)))
        return total[()].real if curved.complex else total[()]

    second = curved.pulled_twice(weights, *problem.inputs)
    return checks + _order(curved, second, slope, "second derivative", tolerance)


def examined(
    examine: Callable[[Sequence[Any]], list[Check]], inputs: Sequence[Any], wrt: Sequence[int] | None, tries: int
) -> list[Check]:
    """The checks at `inputs`, and within `thorough` at inputs close by, as far as the function exists there."""
    checks = smallest(examine, inputs, tries)
    for number in range(1, rounds()):
        if any(check.ok is False for check in checks):
            break
        try:
            with np.errstate(all="ignore"):
                checks = smallest(examine, moved([np.asarray(x) for x in inputs], wrt, number), tries)
        except (ArithmeticError, ValueError):  # outside the domain, or where a matrix is degenerate
            continue
    return checks


def smallest(examine: Callable[[Sequence[Any]], list[Check]], inputs: Sequence[Any], tries: int) -> list[Check]:
    """The checks at `inputs`; where one fails, its finding at the smallest inputs at which it still does."""

    def failed(arrays: Sequence[Any]) -> Check | None:
        return next((check for check in examine([x[()] for x in arrays]) if check.ok is False), None)

    checks = examine(inputs)
    wrong = next((check for check in checks if check.ok is False), None)
    if wrong is None:
        return checks
    small = shrunk(lambda arrays: (again := failed(arrays)) is not None and again.name == wrong.name, inputs, tries)
    shown = failed(small) or wrong
    if shown.finding and wrong.finding and not _same_words(shown.finding.mistake, wrong.finding.mistake):
        # The larger inputs show more of a mistake, the smaller ones are easier to follow.
        shown = replace(shown, finding=replace(shown.finding, mistake=wrong.finding.mistake))
    return [*(check for check in checks if check.ok is not False), shown]


def _same_words(mistake: str, other: str) -> bool:
    """Whether two sentences differ in their numbers only."""
    return re.sub(r"[\d.]+", "", mistake) == re.sub(r"[\d.]+", "", other)


def report_of(name: str, checks: list[Check], f: Callable[..., Any], engine: Engine | None) -> Report:
    """The report of checks of `f`, which looks for the wrong gate where one failed on this package's engine."""
    failure = next((check for check in checks if check.ok is False), None)
    if failure is None or not isinstance(engine or TinygradEdu(), TinygradEdu):
        return Report(name, checks)
    from .blame import looked_at

    return Report(name, checks, partial(looked_at, f, failure))


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    wrt: Sequence[int] | None = None,
    engine: Engine | None = None,
    tolerance: float = 1e-8,
    seed: int = 0,
    shrink: int = 100,
) -> Report:
    """Compare the gradients of `f` at `inputs`, to second order, with numeric ones; the report, or `GradientError`.

    `f` takes Values (or the values of another `engine`) and gives one; it may give an array of any shape. `wrt` are the
    positions differentiated, by default all floating inputs. Agreement is |actual - expected| ≤ `tolerance` · size
    plus 20 times the estimated error of the estimate. A failure is shown at the smallest inputs that `shrink` attempts
    find.

    >>> import numpy as np
    >>> print(gradcheck(lambda x, y: np.exp(x) * y, [0.0, 1.0], 3.0, order=1))
    <lambda>: right (3 checks)
      ✓ gradient by input 0: 2 elements by complex step
      ✓ gradient by input 1: 1 elements by complex step
      ✓ gradient along joint directions: 3 directions
    """
    name = getattr(f, "__name__", None) or repr(f)

    def examine(arrays: Sequence[Any]) -> list[Check]:
        return orders(Problem(f, arrays, wrt=wrt, engine=engine, seed=seed), order, tolerance)

    wide = [widened(x) for x in inputs]
    if not Problem(f, wide, wrt=wrt, engine=engine).wrt:
        raise GradientError(f"gradcheck({name}): none of the {len(inputs)} inputs is floating: nothing can be checked")
    return report_of(name, examined(examine, wide, wrt, shrink), f, engine).raise_if_failed()
