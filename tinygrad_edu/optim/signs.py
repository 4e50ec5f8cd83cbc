"""Methods that read only the sign of a gradient. Builds on `optimizer`.

`Lion` (the sign of an average) · `Rprop` (a step size for each element, for full batches).
"""

from typing import Any, Unpack

import numpy as np

from ..errors import SettingError
from .adam import Betas
from .adam_family import follow
from .flat import Array
from .optimizer import Optimizer, Parameters, Rate, Settings, Shared, Update

__all__ = ["Lion", "Rprop"]


class Lion(Optimizer):
    """Lion (Chen et al. 2023): every element moves by the rate, in the direction of an average.

        θ ← (1 − η λ) θ
        θ ← θ − η sign(β₁ m + (1 − β₁) g)
        m ← β₂ m + (1 − β₂) g

    `lr` is η, `weight_decay` is λ, always decoupled. PyTorch has no Lion; the paper's algorithm 2 and defaults.

    >>> from tinygrad_edu import Value
    >>> w = Value([1.0, -20.0])
    >>> (w * w).sum().backward()
    >>> Lion([w], lr=0.1).step()
    >>> w.data.tolist()
    [0.9, -19.9]
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 1e-4,
        betas: Betas = (0.9, 0.99),
        weight_decay: Rate = 0,
        **shared: Unpack[Shared],
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "weight_decay": weight_decay, "decoupled_weight_decay": True}
        super().__init__(params, defaults, **shared)

    @staticmethod
    def memory(settings: Settings) -> dict[str, float]:  # noqa: ARG004 - none matters
        """The average m."""
        return {"exp_avg": 0.0}

    @staticmethod
    def rule(t: int, *, lr: float, betas: Betas, **_: Any) -> Update:  # noqa: ARG004 - no clock in it
        """The formula."""
        beta1, beta2 = betas

        def update(theta: Array, g: Array, m: Array) -> None:
            theta -= lr * np.sign(beta1 * m + (1 - beta1) * g)
            follow(m, g, 1 - beta2)

        return update


class Rprop(Optimizer):
    """Resilient backpropagation (Riedmiller and Braun 1993): a step size for each element, from signs alone.

        s ← η⁺ s where g and the last g agree in sign, η⁻ s where they differ, within step_sizes
        g ← 0 where they differ
        θ ← θ − s sign(g)

    `lr` is the first step size, `etas` are η⁻ and η⁺. For full batches: noise turns signs. As in PyTorch.

    >>> from tinygrad_edu import Value
    >>> w = Value([1.0, -20.0])
    >>> (w * w).sum().backward()
    >>> Rprop([w], lr=0.1).step()
    >>> w.data.tolist()
    [0.9, -19.9]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        **shared: Unpack[Shared],
    ) -> None:
        if not 0 < etas[0] < 1 < etas[1]:
            raise SettingError(f"Rprop: etas={etas!r} must lie on both sides of 1, e.g. (0.5, 1.2)")
        super().__init__(params, {"lr": lr, "etas": etas, "step_sizes": step_sizes}, **shared)

    @staticmethod
    def memory(settings: Settings) -> dict[str, float]:
        """The last gradient and the step sizes."""
        return {"prev": 0.0, "step_size": settings["lr"]}

    @staticmethod
    def rule(
        t: int,  # noqa: ARG004 - no clock in it
        *,
        etas: tuple[float, float],
        step_sizes: tuple[float, float],
        **_: Any,
    ) -> Update:
        """The formula."""
        factors = np.array([etas[0], 1.0, etas[1]])

        def update(theta: Array, g: Array, previous: Array, size: Array) -> None:
            agreement = np.sign(g) * np.sign(previous)
            size *= factors[agreement.astype(int) + 1].astype(size.dtype)
            np.clip(size, *step_sizes, out=size)
            previous[...] = np.where(agreement < 0, 0, g)
            theta -= size * np.sign(previous)

        return update
