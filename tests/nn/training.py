"""Plain gradient descent, so that tests of networks do not depend on optimisers."""

from collections.abc import Callable
from typing import Any

from tinygrad_edu import nn


def descend(model: nn.Module, loss: Callable[[], Any], steps: int, rate: float) -> list[float]:
    """The losses of `steps` steps, each before its update."""
    losses = []
    for _ in range(steps):
        model.zero_grad()
        cost = loss()
        cost.backward(leaves_only=True)
        for parameter in model.parameters():
            if parameter.requires_grad and parameter._grad is not None:
                parameter.data = parameter.data - rate * parameter.grad
        losses.append(float(cost))
    return losses
