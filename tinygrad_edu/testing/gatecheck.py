"""A gate checked in every way it may be used: `check_gate(gate, *inputs, **settings)`. Builds on `gradients`, `report`.

Beyond the gradients of `gradcheck`: the value on Values and on arrays, determinism, linearity in the upstream
gradient, inputs left unchanged, read-only and non-contiguous inputs, inputs given as constants, one input used twice,
and for elementwise gates broadcasting, 0-d and empty inputs; the dtype in single precision; and that the way for one
number, where a gate declares one, gives the same.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from .engines import Engine, TinygradEdu
from .gradients import Problem, examined, orders, report_of, widened
from .report import Check, Finding, Report

__all__ = ["check_gate"]

Array = Any
SINGLE = 1e-4


def check_gate(
    gate: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    wrt: Sequence[int] | None = None,
    engine: Engine | None = None,
    tolerance: float = 1e-8,
    seed: int = 0,
    settings: dict[str, Any] | None = None,
    shrink: int = 100,
    elementwise: bool | None = None,
) -> Report:
    """Check a gate, or any function of Values, at `inputs` with `settings`; the report, or `GradientError` with it.

    Without inputs, a gate gets small arrays of numbers between 0.5 and 1.5 in the number its signature asks for. What
    works element by element is checked on broadcast, 0-d and empty inputs too; a gate declares it, of a function
    `elementwise` says it.

    >>> from tinygrad_edu import GATES
    >>> check_gate(GATES["mul"], [[1.0, -2.0]], [[3.0], [0.0]]).ok
    True
    """
    name = getattr(gate, "name", None) or getattr(gate, "__name__", None) or repr(gate)
    if not inputs:
        inputs = _example(gate, seed)
    wide = [widened(x) for x in inputs]
    call = partial(gate, **(settings or {}))
    alone = getattr(gate, "elementwise", False) if elementwise is None else elementwise

    def examine(arrays: Sequence[Any]) -> list[Check]:
        problem = Problem(call, arrays, wrt=wrt, engine=engine, seed=seed)
        checks = orders(problem, order, tolerance)
        if any(check.ok is False for check in checks):
            return checks
        checks += [check for prove in _PROPERTIES for check in prove(problem)]
        checks += _number(gate, arrays)
        return checks + (_shapes(problem, order, tolerance) if alone else [])

    subject = f"{name}({', '.join(str(np.shape(x)) for x in wide)}{_spelled(settings)})"
    return report_of(subject, examined(examine, wide, wrt, shrink), call, engine).raise_if_failed()


def _spelled(settings: dict[str, Any] | None) -> str:
    return "".join(f", {key}={value!r}" for key, value in (settings or {}).items())


def _example(gate: Any, seed: int) -> tuple[Any, ...]:
    """Inputs for a gate that came without: one small matrix for each name in its signature."""
    names = getattr(gate, "names", None) or gate.__code__.co_varnames[: gate.__code__.co_argcount]
    random = np.random.default_rng(seed)
    return tuple(random.uniform(0.5, 1.5, (2, 3)) for _ in names)


def _same(a: Any, b: Any, tolerance: float = 1e-12) -> bool:
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)


def _verdict(name: str, wrong: Iterator[Finding]) -> list[Check]:
    """A check that fails with the first finding, or holds where there is none."""
    finding = next(wrong, None)
    return [Check(name, finding is None, "", finding)]


def _differences(
    problem: Problem, expected: Sequence[Any], actual: Sequence[Any], mistake: str = "", tolerance: float = 1e-12
) -> Iterator[Finding]:
    for position, want, got in zip(problem.wrt, expected, actual, strict=True):
        if not _same(want, got, tolerance):
            yield Finding(f"gradient by input {position}", want, got, tuple(problem.inputs), {}, mistake)


def _value(problem: Problem) -> list[Check]:
    """The same numbers, shape and dtype on Values as on bare arrays."""
    plain = np.asarray(problem.f(*problem.inputs)) if isinstance(problem.engine, TinygradEdu) else problem.out
    same = _same(plain, problem.out) and plain.dtype == problem.out.dtype
    finding = None if same else Finding("value", plain, problem.out, tuple(problem.inputs), {}, "")
    return [Check("value", same, "", finding)]


def _number(gate: Any, inputs: Sequence[Any]) -> list[Check]:
    """The declared way for one number gives what the forward gives, also at zeros, infinities and nan."""
    number = getattr(gate, "number", None)
    if number is None:
        return []
    for x in map(np.float64, [*np.ravel(np.real(inputs[0])), 0.0, -0.0, np.inf, -np.inf, np.nan]):
        with np.errstate(all="ignore"):
            want, got = np.asarray(gate.forward(x)), np.asarray(number(x))
        same = want.dtype == got.dtype and np.signbit(want) == np.signbit(got) and _same(want, got)
        if not same:
            return [Check("one number", False, "", Finding("value", want, got, (x,), {}, "`number` differs"))]
    return [Check("one number", True)]


def _determinism(problem: Problem) -> list[Check]:
    """Two runs give the same bits; another engine may add up in an order that changes, as micrograd does."""
    first, second = problem.pulled(*problem.inputs), problem.pulled(*problem.inputs)
    mistake = "the gate is random, or keeps something from one call to the next"
    tolerance = 0.0 if isinstance(problem.engine, TinygradEdu) else 1e-12
    return _verdict("determinism", _differences(problem, first, second, mistake, tolerance))


def _linearity(problem: Problem) -> list[Check]:
    """The gradient of 2u - w/2 is 2 times that of u less half that of w."""
    other = problem.like(problem.out)
    mixed = problem.pulled(*problem.inputs, upstream=2 * problem.upstream - other / 2)
    u, w = problem.pulled(*problem.inputs), problem.pulled(*problem.inputs, upstream=other)
    expected = [2 * a - b / 2 for a, b in zip(u, w, strict=True)]
    mistake = "a gradient is linear in the upstream gradient: multiply by g, once"
    return _verdict("linearity in the upstream gradient", _differences(problem, expected, mixed, mistake, 1e-9))


def _unchanged(problem: Problem) -> list[Check]:
    """Neither inputs nor the upstream gradient are written to."""
    copies, upstream = [np.array(x) for x in problem.inputs], np.array(problem.upstream)
    arrays, given = [np.array(x) for x in problem.inputs], np.array(problem.upstream)
    problem.copies = False
    problem.pulled(*arrays, upstream=given)
    problem.copies = True
    for k, (before, after) in enumerate(zip([*copies, upstream], [*arrays, given], strict=True)):
        if not np.array_equal(before, after, equal_nan=before.dtype.kind in "fc"):
            where = f"input {k}" if k < len(copies) else "upstream gradient"
            finding = Finding(where, before, after, tuple(copies), {}, "an in-place operation (+=, out=) on an input")
            return [Check("inputs unchanged", False, "", finding)]
    return [Check("inputs unchanged", True)]


def _strided(x: Array) -> Array:
    """The same numbers with other strides: reversed axes in memory, every second element."""
    x = np.asarray(x)
    if not x.ndim:
        return x[()]
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype).copy("F")
    wide[..., ::2] = x
    return wide[..., ::2]


def _read_only(x: Array) -> Array:
    copy = np.array(x)
    copy.flags.writeable = False
    return copy[()] if not copy.ndim else copy


def _layouts(problem: Problem) -> list[Check]:
    """Non-contiguous and read-only inputs give the same gradients."""
    expected, checks = problem.pulled(*problem.inputs), []
    problem.copies = False
    for name, change in [("non-contiguous inputs", _strided), ("read-only inputs", _read_only)]:
        actual = problem.pulled(*map(change, problem.inputs), upstream=change(problem.upstream))
        mistake = "the code depends on how the array lies in memory"
        checks += _verdict(name, _differences(problem, expected, actual, mistake, 1e-10))
    problem.copies = True
    return checks


def _constants(problem: Problem) -> list[Check]:
    """With all other inputs constant, each input gets the gradient it gets with all of them."""
    if len(problem.wrt) < 2:
        return []
    expected = problem.pulled(*problem.inputs)
    for k, want in zip(problem.wrt, expected, strict=True):
        alone = Problem(problem.f, problem.inputs, wrt=[k], engine=problem.engine)
        (got,) = alone.pulled(*problem.inputs, upstream=problem.upstream)
        if not _same(want, got):
            finding = Finding(f"gradient by input {k} alone", want, got, tuple(problem.inputs))
            return [Check("other inputs constant", False, "", finding)]
    return [Check("other inputs constant", True)]


def _reuse(problem: Problem) -> list[Check]:
    """f(x, x) gets the sum of both gradients; f(x) + f(x) gets it twice."""
    expected = problem.pulled(*problem.inputs)

    def doubled(*leaves: Any) -> Any:
        return problem.f(*leaves) + problem.f(*leaves)

    twice = Problem(doubled, problem.inputs, wrt=problem.wrt, engine=problem.engine)
    actual = twice.pulled(*problem.inputs, upstream=problem.upstream)
    mistake = "the second gradient replaces the first: add it (+= in place of =)"
    checks = _verdict("gate used twice", _differences(problem, [2 * g for g in expected], actual, mistake, 1e-10))
    for a, b in pairwise(problem.wrt):
        if np.shape(problem.inputs[a]) == np.shape(problem.inputs[b]):
            return checks + _same_input(problem, a, b, mistake)
    return checks


def _same_input(problem: Problem, a: int, b: int, mistake: str) -> list[Check]:
    inputs = list(problem.inputs)
    inputs[b] = inputs[a]

    def merged(leaf: Any) -> Any:
        given: list[Any] = list(inputs)
        given[a] = given[b] = leaf
        return problem.f(*given)

    with np.errstate(all="ignore"):  # (x, x) may lie at the edge of the domain, which is not at issue here
        apart = Problem(problem.f, inputs, wrt=[a, b], engine=problem.engine)
        first, second = apart.pulled(*inputs, upstream=problem.upstream)
        joint = Problem(merged, [inputs[a]], engine=problem.engine)
        actual = joint.pulled(inputs[a], upstream=problem.upstream)
        return _verdict("one input in two places", _differences(joint, [first + second], actual, mistake, 1e-10))


def _single(problem: Problem) -> list[Check]:
    """In single precision the value and every gradient are single, and near the double ones."""
    if problem.complex or not problem.engine.single:
        return []
    inputs = [x.astype(np.float32) if k in problem.wrt else x for k, x in enumerate(problem.inputs)]
    wide = [x.astype(np.float64) if k in problem.wrt else x for k, x in enumerate(inputs)]
    upstream = problem.upstream.astype(np.float32)
    expected = problem.pulled(*wide, upstream=upstream.astype(np.float64))
    actual = problem.pulled(*inputs, upstream=upstream)
    for k, want, got in zip(problem.wrt, expected, actual, strict=True):
        finite = np.isfinite(want)  # at the edge of a domain there is nothing to compare
        size = 1 + np.max(np.abs(want), initial=0, where=finite)
        if np.asarray(got).dtype != np.float32 or not np.all((np.abs(want - got) <= SINGLE * size) | ~finite):
            where = f"gradient by input {k} ({np.asarray(got).dtype})"
            finding = Finding(where, want, got, tuple(inputs), {}, "a constant or setting in double precision")
            return [Check("float32", False, "", finding)]
    return [Check("float32", True)]


def _shapes(problem: Problem, order: int, tolerance: float) -> list[Check]:
    """An elementwise gate on broadcast, 0-d and empty inputs."""
    flat = [np.ravel(x) for x in problem.inputs]
    if not all(x.size for x in flat):
        return []
    cases = {"0-d inputs": [x[0] for x in flat], "empty inputs": [np.resize(x, (0, 2)) for x in flat]}
    if len(flat) > 1:
        cycle = [(2, 3), (3,), (2, 1), (1, 1, 3), ()]
        for shift in range(len(flat)):
            shapes = [cycle[(k + shift) % len(cycle)] for k in range(len(flat))]
            cases[f"broadcasting {shapes}"] = [np.resize(x, s)[()] for x, s in zip(flat, shapes, strict=True)]
    checks = []
    for name, inputs in cases.items():
        found = orders(Problem(problem.f, inputs, wrt=problem.wrt, engine=problem.engine), order, tolerance)
        wrong = next((check for check in found if check.ok is False), None)
        checks.append(Check(name, wrong is None, wrong.name if wrong else "", wrong.finding if wrong else None))
    return checks


_PROPERTIES = [_value, _determinism, _linearity, _unchanged, _layouts, _constants, _reuse, _single]
