"""Gradient descent and its momenta, all of PyTorch's SGD. Builds on `optimizer`.

`SGD`.
"""

from typing import Any

from .flat import Array
from .optimizer import OnNonfinite, Optimizer, Parameters, Rate, Update

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent, with momentum outside the rate as in PyTorch.

        v ← μ v + (1 − dampening) g        at the first step v = g
        θ ← θ − η v                        without momentum θ ← θ − η g
        θ ← θ − η (g + μ v)                with nesterov=True

    `lr` is η, `momentum` is μ; `weight_decay` λ adds λ θ to g first. The rate stands outside v, as in the lecture
    behind course 001 (row `momentum-torch-form`); courses 000, 003 and 004 have other conventions. With `nesterov` θ is
    the look-ahead point of Nesterov's method (Sutskever et al. 2013). ValueError for settings out of range.

    >>> from tinygrad_edu import Value
    >>> w = Value([1.0, 2.0])
    >>> optimizer = SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.tolist()
    [0.8, 1.6]
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 1e-3,
        momentum: Rate = 0,
        dampening: float = 0,
        weight_decay: Rate = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        on_nonfinite: OnNonfinite = "raise",
    ) -> None:
        if nesterov and (not momentum or dampening):
            raise ValueError("SGD: nesterov=True needs a momentum above 0 and no dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
        }
        super().__init__(params, defaults, maximize=maximize, on_nonfinite=on_nonfinite)

    def memory(self, *, momentum: float, **_: Any) -> dict[str, float]:
        """The velocity, if there is momentum."""
        return {"momentum_buffer": 0.0} if momentum else {}

    def rule(self, t: int, *, lr: float, momentum: float, dampening: float, nesterov: bool, **_: Any) -> Update:
        """Down the gradient, or down the velocity."""
        share = 1.0 if t == 1 else 1 - dampening

        def descend(theta: Array, g: Array) -> None:
            theta -= lr * g

        def roll(theta: Array, g: Array, v: Array) -> None:
            v *= momentum
            v += share * g
            theta -= lr * (g + momentum * v if nesterov else v)

        return roll if momentum else descend
