"""Adam's relatives. Builds on `optimizer`.

`NAdam` (with Nesterov's look ahead) · `Adamax` (the largest gradient instead of the mean square) · `RAdam` (no scaling
while the mean square is uncertain).
"""

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any, Unpack

import numpy as np

from .adam import Betas
from .flat import Array
from .optimizer import Optimizer, Parameters, Rate, Settings, Shared, Update

__all__ = ["Adamax", "NAdam", "RAdam"]


class _TwoMoments(Optimizer):
    """m and v as in Adam."""

    @staticmethod
    def memory(settings: Settings) -> dict[str, float]:  # noqa: ARG004 - none matters
        """m and v, under PyTorch's names."""
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}


def follow(average: Array, number: Array, share: float) -> None:
    """average ← (1 − share) average + share · number, in place."""
    average += share * (number - average)


class NAdam(_TwoMoments):
    """Adam with Nesterov momentum (Dozat 2016; course 004 names it, row `nadam`).

        m ← β₁ m + (1 − β₁) g              v ← β₂ v + (1 − β₂) g²
        μₜ = β₁ (1 − ½ · 0.96^(ψ t))       Πₜ = μ₁ μ₂ … μₜ
        m̄ = μₜ₊₁ m / (1 − Πₜ₊₁) + (1 − μₜ) g / (1 − Πₜ)
        θ ← θ − η m̄ / (√v̂ + ε)             v̂ = v / (1 − β₂ᵗ)

    `lr` is η, `momentum_decay` is ψ: 0.004 in the paper and PyTorch, 1 in Keras. Π is carried on for each parameter, so
    that β₁ and ψ may change on the way, and in float64 whatever the parameters' dtype.

    >>> from tinygrad_edu import Value
    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> NAdam([w], lr=0.1).step()
    >>> round(w.item(), 6)
    0.894355
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 2e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Rate = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        **shared: Unpack[Shared],
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        own = {"momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, defaults | own, **shared)

    def factor(self, settings: Mapping[str, Any]) -> Callable[[int], float]:
        """μₜ."""
        return lambda t: nadam_momentum(t, settings["betas"][0], settings["momentum_decay"])

    @staticmethod
    def rule(t: int, *, product: float, lr: float, betas: Betas, eps: float, momentum_decay: float, **_: Any) -> Update:
        """The formula; `product` is Πₜ."""
        beta1, beta2 = betas
        now, after = nadam_momentum(t, beta1, momentum_decay), nadam_momentum(t + 1, beta1, momentum_decay)
        of_g, of_m = lr * (1 - now) / (1 - product), lr * after / (1 - product * after)
        root = sqrt(1 - beta2**t)

        def update(theta: Array, g: Array, m: Array, v: Array) -> None:
            follow(m, g, 1 - beta1)
            follow(v, g * g, 1 - beta2)
            theta -= (of_g * g + of_m * m) / (np.sqrt(v) / root + eps)

        return update


def nadam_momentum(t: int, beta1: float, decay: float) -> float:
    """μₜ, NAdam's momentum at step t."""
    return beta1 * (1 - 0.5 * 0.96 ** (t * decay))


class Adamax(Optimizer):
    """Adam with the largest recent gradient in the place of the mean square (Kingma and Ba 2015, algorithm 2).

        m ← β₁ m + (1 − β₁) g
        u ← max(β₂ u, |g| + ε)
        θ ← θ − η / (1 − β₁ᵗ) · m / u

    `lr` is η. ε, which the paper does not have, keeps u from 0, as in PyTorch.

    >>> from tinygrad_edu import Value
    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> Adamax([w], lr=0.1).step()
    >>> round(w.item(), 6)
    0.9
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 2e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Rate = 0,
        **shared: Unpack[Shared],
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}, **shared)

    @staticmethod
    def memory(settings: Settings) -> dict[str, float]:  # noqa: ARG004 - none matters
        """m and u, under PyTorch's names."""
        return {"exp_avg": 0.0, "exp_inf": 0.0}

    @staticmethod
    def rule(t: int, *, lr: float, betas: Betas, eps: float, **_: Any) -> Update:
        """The formula."""
        beta1, beta2 = betas
        rate = lr / (1 - beta1**t)

        def update(theta: Array, g: Array, m: Array, u: Array) -> None:
            follow(m, g, 1 - beta1)
            u *= beta2
            np.maximum(u, np.abs(g) + eps, out=u)
            theta -= rate * m / u

        return update


class RAdam(_TwoMoments):
    """Rectified Adam (Liu et al. 2020): plain momentum until the variance of v is known well enough.

        m, v, m̂, v̂ as in Adam
        ρ∞ = 2 / (1 − β₂) − 1              ρₜ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
        θ ← θ − η m̂                        while ρₜ ≤ 5
        θ ← θ − η m̂ rₜ / (√v̂ + ε)          then, rₜ² = (ρₜ − 4)(ρₜ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρₜ)

    `lr` is η. ε is added to √v, before the correction, as in PyTorch.

    >>> from tinygrad_edu import Value
    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> RAdam([w], lr=0.1).step()
    >>> round(w.item(), 6)
    0.8
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Rate = 0,
        decoupled_weight_decay: bool = False,
        **shared: Unpack[Shared],
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults | {"decoupled_weight_decay": decoupled_weight_decay}, **shared)

    @staticmethod
    def rule(t: int, *, lr: float, betas: Betas, eps: float, **_: Any) -> Update:
        """The formula."""
        beta1, beta2 = betas
        c1, c2 = 1 - beta1**t, 1 - beta2**t
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * t * beta2**t / c2
        scale = lr / c1
        if length > 5:
            share = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            scale *= sqrt(share * c2)

        def update(theta: Array, g: Array, m: Array, v: Array) -> None:
            follow(m, g, 1 - beta1)
            follow(v, g * g, 1 - beta2)
            theta -= scale * m / (np.sqrt(v) + eps) if length > 5 else scale * m

        return update
