"""The step record: what each gate hands back is what the engine adds up in `.grad`, bit for bit."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from tinygrad_edu import Value, walk
from tinygrad_edu.drawing import Step, steps
from tinygrad_edu.testing.graphs import graphs, usable
from tinygrad_edu.testing.programs import RandomProgram

TINY = float(np.finfo(np.float64).tiny)
"""Below it numbers have fewer digits, so that the order of factors shows."""


def mistaken(found: list[Step], root: Value) -> list[str]:
    """Where the record does not say what the engine did."""
    wrong = []
    totals: dict[Value, Any] = {root: np.ones(root.shape)[()]}
    counts: dict[Value, int] = {}
    for step in found:
        counts[step.input] = counts.get(step.input, 0) + 1
        if not np.array_equal(step.upstream, totals.get(step.node)):
            wrong.append("upstream is not all that arrived")
        totals[step.input] = step.total
        if step.arrival != counts[step.input]:
            wrong.append("arrivals are not counted")
        if step.local is not None and not np.allclose(step.local * step.upstream, spread(step), rtol=1e-12, atol=TINY):
            wrong.append("local × upstream is not downstream")
    order = [step.node for k, step in enumerate(found) if k == 0 or found[k - 1].node is not step.node]
    if any(later.serial >= earlier.serial for earlier, later in pairwise(order)):  # the newest gate comes first
        wrong.append("not the engine's order")
    for value, total in totals.items():
        if value is not root and not np.array_equal(np.asarray(total), np.asarray(value.grad)):
            wrong.append("the sum is not .grad")
    return wrong


def spread(step: Step) -> Any:
    """The downstream gradient where it was not summed over a broadcast axis, else local × upstream itself."""
    product = np.shape(step.local * step.upstream)
    return step.downstream if np.shape(step.downstream) == product else step.local * step.upstream


@given(graphs([*usable(), "matmul", "sum", "mean", "transpose", "getitem", "div"]))
def test_the_record_is_the_engines_walk_bit_for_bit(graph: RandomProgram) -> None:
    root = graph(*[Value(x) for x in graph.leaves])
    found = steps(root)
    assert all(value._grad is None for value in walk(root))
    root.backward()
    assert mistaken(found, root) == []


def test_a_wrong_record_would_be_noticed() -> None:
    x = Value(3.0)
    root = x * x * x
    root.backward()
    found = steps(root)
    assert mistaken(found, root) == []
    assert "the sum is not .grad" in mistaken([*found[:-1], replace(found[-1], total=found[-1].total * 1.1)], root)
    assert "arrivals are not counted" in mistaken([replace(found[0], arrival=2), *found[1:]], root)
    assert "not the engine's order" in mistaken([*found[2:], *found[:2]], root)
    assert "upstream is not all that arrived" in mistaken([*found[:2], replace(found[2], upstream=1.0)], root)


def test_paths_that_join_show_the_running_sum() -> None:
    x = Value(3.0)
    assert [(float(s.downstream), float(s.total), s.arrival) for s in steps(x * x + 2 * x) if s.input is x] == [
        (2.0, 2.0, 1),
        (3.0, 5.0, 2),
        (3.0, 8.0, 3),
    ]


def test_a_tensor_root_is_walked_from_ones() -> None:
    x = Value(np.arange(3.0))
    (step,) = steps(np.exp(x))
    assert step.total == pytest.approx(np.exp(x.data))


def test_each_step_has_its_symbol() -> None:
    w, x = Value(2.0, name="w"), Value(-1.0, name="x")
    assert [step.symbol for step in steps(w * x + np.sin(x))] == ["1", "1", "cos(x)", "x", "w"]
