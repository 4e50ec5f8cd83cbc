"""tinygrad_edu, eager and compiled."""

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_edu
from tinygrad_edu import Value, nn, optim

from ..workloads import BETAS, EPSILON, MOMENTUM, Contestant, Workload
from .pytorch import layers_of

__all__ = ["compiled", "eager"]


def parts(workload: Workload, weights: dict[str, Any]) -> tuple[nn.Module, Callable[[Any, Any], Any]]:
    """The network, and a training step that gives the loss before the update."""
    model = nn.Sequential(*layers_of(workload, nn))
    model.to(np.float32).load_state_dict(weights, strict=False)
    if workload.optimiser == "adam":
        optimiser: Any = optim.Adam(model.parameters(), lr=workload.rate, betas=BETAS, eps=EPSILON)
    else:
        optimiser = optim.SGD(model.parameters(), lr=workload.rate, momentum=MOMENTUM)
    loss_of = nn.CrossEntropyLoss()

    def step(X: Any, y: Any) -> Any:
        loss = loss_of(model(X), y)
        optimiser.zero_grad()
        loss.backward(leaves_only=True)
        optimiser.step()
        return loss

    return model, step


def contestant(model: nn.Module, step: Callable[[Any, Any], Any]) -> Contestant:
    """A step that gives its loss as a number."""

    def number(X: Any, y: Any) -> float:
        loss = step(X, y)
        return float(loss.item() if isinstance(loss, Value) else loss)

    def running() -> list[Any]:
        return [np.asarray(b) for name, b in model.named_buffers() if "running" in name]

    return Contestant(lambda X, y: (X, y), number, running)


def eager(workload: Workload, weights: dict[str, Any]) -> Contestant:
    """Recorded anew at each step."""
    return contestant(*parts(workload, weights))


def compiled(workload: Workload, weights: dict[str, Any]) -> Contestant:
    """The whole step as one program."""
    model, step = parts(workload, weights)
    return contestant(model, tinygrad_edu.compile(step))
