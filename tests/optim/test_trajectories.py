"""Every method walks as PyTorch does, and as its formula does number by number."""

import json
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, optim

from .cases import OURS, TORCH, Case
from .make_trajectories import FILE, KEPT, by_torch, flattened
from .problems import STEPS, Gradient, problems

STORED = json.loads(FILE.read_text())
PROBLEMS = problems()
ELEMENTWISE = {
    name
    for name in optim.__all__
    if isinstance(kind := getattr(optim, name), type)
    and issubclass(kind, optim.Optimizer)
    and kind.rule is not optim.Optimizer.rule
}


def walked(case: Case, start: list[Any], gradient: Gradient) -> dict[str, list[float]]:
    params = [Value(a) for a in start]
    optimizer = case.make(params)
    path = {}
    for step in range(STEPS):
        for p, g in zip(params, gradient([p.numpy() for p in params], step), strict=True):
            p.grad = g
        optimizer.step()
        path[str(step + 1)] = flattened([p.data for p in params])
    return {step: path[step] for step in map(str, KEPT)}


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("case", TORCH + OURS, ids=lambda case: case.name)
def test_a_method_walks_as_stored(case: Case, problem: str) -> None:
    path, stored = walked(case, *PROBLEMS[problem]), STORED[case.name][problem]
    for step in path:
        np.testing.assert_allclose(path[step], stored[step], rtol=1e-10, atol=1e-10, err_msg=f"step {step}")


@pytest.mark.parametrize("case", TORCH, ids=lambda case: case.name)
def test_a_method_walks_as_in_pytorch(case: Case) -> None:
    pytest.importorskip("torch")
    for start, gradient in PROBLEMS.values():
        ours, theirs = walked(case, start, gradient), by_torch(case, start, gradient)
        for step in ours:
            np.testing.assert_allclose(ours[step], theirs[step], rtol=1e-10, atol=1e-10)


def test_every_method_has_a_trajectory() -> None:
    tested = {case.name.split()[0] for case in TORCH + OURS}
    assert ELEMENTWISE - tested == {"NAG"}  # which needs the gradient ahead: test_momentum


def test_a_wrong_epsilon_would_be_noticed() -> None:
    case = Case("Adam inside", lambda params: optim.Adam(params, lr=0.05, eps=0.1))
    path, stored = walked(case, *PROBLEMS["quadratic"]), STORED["Adam inside"]["quadratic"]
    assert not np.allclose(path["50"], stored["50"], rtol=1e-4)
