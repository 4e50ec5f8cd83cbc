"""Several optimisers in one compiled step: each sees its own gradients, and an error of one stops those after it."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, compile, optim
from tinygrad_edu.errors import GraphError

NAN = math.nan


def three(policies: tuple[Any, Any, Any]) -> tuple[list[Value], list[optim.Optimizer], Any]:
    """Three leaves with an optimiser each, the second without a gradient."""
    leaves = [Value(np.full(2, k), name=f"v{k}") for k in (1.0, 2.0, 3.0)]
    steppers = [optim.Adam([v], lr=0.1, on_nonfinite=policy) for v, policy in zip(leaves, policies, strict=True)]

    def step(x: Any, y: Any) -> Any:
        for each in steppers:
            each.zero_grad()
        loss = np.sum(leaves[0] * leaves[0] * x) + np.sum(leaves[2] * leaves[2] * y)
        loss.backward()
        for each in steppers:
            each.step()
        return loss

    return leaves, steppers, step


def lived(policies: tuple[Any, Any, Any], compiled: bool, plan: bool = True) -> tuple[Any, ...]:
    """What four steps leave behind, of which two meet a nan."""
    leaves, steppers, step = three(policies)
    run = compile(step, plan=plan) if compiled else step
    errors = []
    for x, y in ((1.0, 1.0), (1.0, NAN), (NAN, 1.0), (1.0, 1.0)):
        try:
            run(np.float64(x), np.float64(y))
        except GraphError as error:
            errors.append(str(error))
    counts = [(each.steps, each.skipped) for each in steppers]
    return errors, counts, [v.data.round(12).tolist() for v in leaves]


@pytest.mark.parametrize("plan", [True, False])
@pytest.mark.parametrize("policies", [*product(["raise", "skip"], repeat=3)], ids="-".join)
def test_policies_hold_for_each_as_they_do_eagerly(policies: tuple[Any, Any, Any], plan: bool) -> None:
    assert lived(policies, compiled=True, plan=plan) == lived(policies, compiled=False)


def test_another_policy_is_another_program() -> None:
    _, steppers, step = three(("raise", "raise", "raise"))
    run = compile(step)
    with pytest.raises(GraphError, match="nan"):
        run(np.float64(NAN), np.float64(1))
    steppers[0].on_nonfinite = "skip"
    run(np.float64(NAN), np.float64(1))
    assert [each.skipped for each in steppers] == [1, 0, 0]
    assert [each.steps for each in steppers] == [0, 1, 1]


def test_an_optimiser_that_steps_twice_is_refused() -> None:
    v = Value(np.ones(2))
    optimiser = optim.SGD([v], lr=0.1)

    def step() -> None:
        np.sum(v * v).backward()
        optimiser.step()
        optimiser.step()

    with pytest.raises(GraphError, match="steps twice"):
        compile(step)()
