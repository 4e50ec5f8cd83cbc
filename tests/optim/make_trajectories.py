"""Writes trajectories.json: where PyTorch (or, where it lacks the method, the oracle) is after 1, 10 and 50 steps.

`python -m tests.optim.make_trajectories`, with PyTorch installed. The tests compare with PyTorch live where they can.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from .cases import OURS, TORCH, Case
from .problems import FULL, STEPS, Gradient, problems

FILE = Path(__file__).with_name("trajectories.json")
KEPT = (1, 10, STEPS)


def flattened(arrays: list[Any]) -> list[float]:
    return np.concatenate([np.ravel(a) for a in arrays]).tolist()


def by_torch(case: Case, start: list[Any], gradient: Gradient) -> dict[str, list[float]]:
    import torch

    assert case.peer is not None
    kind, settings = case.peer
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # which decides the precision of NAdam's running product
    try:
        return walked_by_torch(getattr(torch.optim, kind), settings, start, gradient)
    finally:
        torch.set_default_dtype(default)


def walked_by_torch(kind: Any, settings: Any, start: list[Any], gradient: Gradient) -> dict[str, list[float]]:
    import torch

    params = [torch.nn.Parameter(torch.tensor(a, dtype=torch.float64)) for a in start]
    optimizer = kind(params, **settings)
    path = {}
    for step in range(STEPS):
        for p, g in zip(params, gradient([p.detach().numpy() for p in params], step), strict=True):
            p.grad = torch.tensor(g, dtype=torch.float64)
        optimizer.step()
        path[str(step + 1)] = flattened([p.detach().numpy() for p in params])
    return {step: path[step] for step in map(str, KEPT)}


def by_oracle(case: Case, start: list[Any], gradient: Gradient) -> dict[str, list[float]]:
    assert case.oracle is not None
    theta = [a.copy() for a in start]
    movers: list[list[Any]] = [[case.oracle() for _ in range(a.size)] for a in theta]
    for row in movers:
        for mover in row:
            next(mover)
    path = {}
    for step in range(STEPS):
        for a, g, row in zip(theta, gradient(theta, step), movers, strict=True):
            a += np.reshape([mover.send(float(x)) for mover, x in zip(row, np.ravel(g), strict=True)], a.shape)
        path[str(step + 1)] = flattened(theta)
    return {step: path[step] for step in map(str, KEPT)}


# One move a step: a quasi-Newton method doubles its rounding errors every few moves while it is far from the bottom,
# so that two correct programs part after a hundred.
SEARCHES: dict[str, dict[str, Any]] = {
    "LBFGS wolfe": {"line_search_fn": "strong_wolfe", "max_iter": 1, "max_eval": 50, "history_size": 8},
    "LBFGS plain": {"lr": 0.2, "max_iter": 1, "history_size": 6},
}


def lbfgs_by_torch(settings: dict[str, Any], start: list[Any], full: Any) -> dict[str, list[float]]:
    import torch

    params = [torch.nn.Parameter(torch.tensor(a, dtype=torch.float64)) for a in start]
    optimizer = torch.optim.LBFGS(params, **settings)

    def closure() -> float:
        loss, gradient = full([p.detach().numpy() for p in params])
        for p, g in zip(params, gradient, strict=True):
            p.grad = torch.tensor(g, dtype=torch.float64)
        return loss

    path = {}
    for step in range(STEPS):
        optimizer.step(closure)
        path[str(step + 1)] = flattened([p.detach().numpy() for p in params])
    return {step: path[step] for step in map(str, KEPT)}


def main() -> None:
    stored = {}
    for case in TORCH + OURS:
        by = by_torch if case.peer else by_oracle
        stored[case.name] = {name: by(case, start, gradient) for name, (start, gradient) in problems().items()}
    for name, settings in SEARCHES.items():
        stored[name] = {
            problem: lbfgs_by_torch(settings, start, FULL[problem]) for problem, (start, _) in problems().items()
        }
    FILE.write_text(json.dumps(stored, separators=(",", ":"), ensure_ascii=False).replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main()
