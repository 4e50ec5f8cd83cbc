"""What an optimiser's step costs: Adam on 100 arrays with 1,000,000 numbers in all, and on a 64-32-10 network, float32.

Ways: tinygrad_edu, and PyTorch's default, foreach and fused implementations where it is installed. All first take the
same steps from the same numbers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu import Value, optim

from .timing import in_turns, table

SHAPES = {
    "100 arrays, 1,000,000 numbers": [(100, 100)] * 100,
    "network 64-32-10": [(32, 64), (32,), (10, 32), (10,)],
}
STEPS = 3
Step = Callable[[], object]


def numbers(shapes: list[tuple[int, ...]]) -> tuple[list[Any], list[Any]]:
    """Parameters and gradients."""
    rng = np.random.default_rng(0)
    start, gradients = ([rng.normal(size=shape).astype(np.float32) for shape in shapes] for _ in range(2))
    return start, gradients


def ours(shapes: list[tuple[int, ...]]) -> tuple[Step, Callable[[], Any]]:
    """A step here, and how to look at the parameters."""
    start, gradients = numbers(shapes)
    params = [Value(array) for array in start]
    optimiser = optim.Adam(params)
    sum(
        ((p * g).sum() for p, g in zip(params, gradients, strict=True)), Value(0.0)
    ).backward()  # the gradients are these
    return optimiser.step, lambda: np.concatenate([p.numpy().ravel() for p in params])


def pytorch(shapes: list[tuple[int, ...]], **settings: bool) -> tuple[Step, Callable[[], Any]]:
    """A step in PyTorch."""
    import torch

    start, gradients = numbers(shapes)
    params = [torch.nn.Parameter(torch.tensor(array)) for array in start]
    for p, g in zip(params, gradients, strict=True):
        p.grad = torch.tensor(g)
    step = torch.optim.Adam(params, **settings).step
    return step, lambda: np.concatenate([p.detach().numpy().ravel() for p in params])


def ways(shapes: list[tuple[int, ...]]) -> dict[str, Step]:
    """Every way that is installed, checked against ours."""
    found: dict[str, Step] = {}
    found["tinygrad_edu"], look = ours(shapes)
    kinds = {"PyTorch": {}, "PyTorch foreach": {"foreach": True}, "PyTorch fused": {"fused": True}}
    try:
        peers = {name: pytorch(shapes, **settings) for name, settings in kinds.items()}
    except ImportError:
        return found
    for _ in range(STEPS):
        for step in (found["tinygrad_edu"], *[step for step, _ in peers.values()]):
            step()
    for _, theirs in peers.values():
        np.testing.assert_allclose(theirs(), look(), rtol=1e-4, atol=1e-6)
    return found | {name: step for name, (step, _) in peers.items()}


def main() -> None:
    """Time the steps in turns and print them."""
    for title, shapes in SHAPES.items():
        print(title)
        print(table(in_turns(ways(shapes)), base="tinygrad_edu"))
