"""Adam: a step scaled by running averages of the gradient and of its square. Builds on `optimizer`.

`Adam` · `AdamW` (the weights decay by themselves). The relatives are in `adam_family`.
"""

from functools import lru_cache
from math import sqrt
from typing import Any, Unpack

import numpy as np

from .flat import Array, scalars
from .optimizer import Optimizer, Parameters, Rate, Settings, Shared, Update

__all__ = ["Adam", "AdamW", "Betas"]

Betas = tuple[float, float]


@lru_cache
def shares(beta1: float, beta2: float, dtype: Any) -> list[Array]:
    """What m keeps and takes of g, and what v keeps and takes of ((1 − β₁) g)²."""
    return scalars(dtype, (beta1, 1 - beta1, beta2, (1 - beta2) / (1 - beta1) ** 2))


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1; courses 000, 003, 004, row `adam`).

        m ← β₁ m + (1 − β₁) g              v ← β₂ v + (1 − β₂) g²
        m̂ = m / (1 − β₁ᵗ)                  v̂ = v / (1 − β₂ᵗ)
        θ ← θ − η m̂ / (√v̂ + ε)             θ ← θ − η m̂ / √(v̂ + ε) with eps_inside_sqrt=True

    `lr` is η, `betas` are β₁ and β₂ (course 004 has β₂ = 0.99). `weight_decay` λ adds λ θ to g first, or multiplies θ
    by 1 − η λ with `decoupled_weight_decay` (as AdamW does). `amsgrad` divides by the largest v so far (Reddi et al.
    2018). `bias_correction=False` leaves m and v as they are. ε outside the root is the paper's and PyTorch's; the text
    of course 003 and course 004 have it inside. ValueError for settings out of range.

    >>> from tinygrad_edu import Value
    >>> w = Value([1.0, -20.0])
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(6).tolist()
    [0.9, -19.9]
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Rate = 0,
        amsgrad: bool = False,
        *,
        eps_inside_sqrt: bool = False,
        bias_correction: bool = True,
        decoupled_weight_decay: bool = False,
        **shared: Unpack[Shared],
    ) -> None:
        common = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        own = {"eps_inside_sqrt": eps_inside_sqrt, "bias_correction": bias_correction}
        super().__init__(params, common | own | {"decoupled_weight_decay": decoupled_weight_decay}, **shared)

    @staticmethod
    def memory(settings: Settings) -> dict[str, float]:
        """m, v and with `amsgrad` the largest v, under PyTorch's names."""
        moments = {"exp_avg": 0.0, "exp_avg_sq": 0.0}
        return {**moments, "max_exp_avg_sq": 0.0} if settings["amsgrad"] else moments

    @staticmethod
    def rule(
        t: int, *, lr: float, betas: Betas, eps: float, eps_inside_sqrt: bool, bias_correction: bool, **_: Any
    ) -> Update:
        """The formula, with η m̂/(√v̂ + ε) = η √c₂/c₁ · m/(√v + ε √c₂); all in place, and in one more vector w."""
        beta1, beta2 = betas
        c1, c2 = (1 - beta1**t, 1 - beta2**t) if bias_correction else (1.0, 1.0)
        inside, outside = (eps * c2, 0.0) if eps_inside_sqrt else (0.0, eps * sqrt(c2))
        rate = lr * sqrt(c2) / c1

        def update(theta: Array, g: Array, m: Array, v: Array, *largest: Array) -> None:
            keep1, take1, keep2, take2 = shares(beta1, beta2, theta.dtype)
            w = g * take1
            m *= keep1
            m += w
            w *= w
            w *= take2  # (1 − β₁)² is in it already
            v *= keep2
            v += w
            for peak in largest:
                v = np.maximum(peak, v, out=peak)
            np.sqrt(v + inside if inside else v, w)
            w += outside
            np.divide(m, w, w)
            w *= rate
            theta -= w

        return update


class AdamW(Adam):
    """Adam whose weights decay by themselves, not through the averages (Loshchilov and Hutter 2019).

        θ ← (1 − η λ) θ
        then Adam's step, with g without the decay

    `lr` is η, `weight_decay` is λ; the rest is Adam's. L2 decay under Adam (`Adam(weight_decay=λ)`) is divided by √v̂
    with the gradient, so that weights with large gradients hardly decay; here all decay alike.

    >>> from tinygrad_edu import Value
    >>> w = Value([1.0, -20.0])
    >>> w.grad = [0.0, 0.0]
    >>> AdamW([w], lr=0.1, weight_decay=0.5).step()
    >>> w.data.tolist()
    [0.95, -19.0]
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Rate = 1e-2,
        amsgrad: bool = False,
        *,
        eps_inside_sqrt: bool = False,
        bias_correction: bool = True,
        **shared: Unpack[Shared],
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            eps_inside_sqrt=eps_inside_sqrt,
            bias_correction=bias_correction,
            decoupled_weight_decay=True,
            **shared,
        )
