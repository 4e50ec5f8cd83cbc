"""Adam: a step scaled by running averages of the gradient and of its square. Builds on `optimizer`.

`Adam`.
"""

from math import sqrt
from typing import Any

import numpy as np

from .flat import Array
from .optimizer import OnNonfinite, Optimizer, Parameters, Rate, Update

__all__ = ["Adam"]


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
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Rate = 0,
        amsgrad: bool = False,
        *,
        eps_inside_sqrt: bool = False,
        bias_correction: bool = True,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
        on_nonfinite: OnNonfinite = "raise",
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "eps_inside_sqrt": eps_inside_sqrt,
            "bias_correction": bias_correction,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults, maximize=maximize, on_nonfinite=on_nonfinite)

    def memory(self, *, amsgrad: bool, **_: Any) -> dict[str, float]:
        """m, v and with `amsgrad` the largest v, under PyTorch's names."""
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0} | ({"max_exp_avg_sq": 0.0} if amsgrad else {})

    def rule(
        self,
        t: int,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        eps_inside_sqrt: bool,
        bias_correction: bool,
        **_: Any,
    ) -> Update:
        """The formula, with the corrections drawn into two numbers: η m̂/(√v̂ + ε) = η √c₂/c₁ · m/(√v + ε √c₂)."""
        beta1, beta2 = betas
        c1, c2 = (1 - beta1**t, 1 - beta2**t) if bias_correction else (1.0, 1.0)
        rate = lr * sqrt(c2) / c1
        inside, outside = (eps * c2, 0.0) if eps_inside_sqrt else (0.0, eps * sqrt(c2))

        def update(theta: Array, g: Array, m: Array, v: Array, *largest: Array) -> None:
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g * g
            for peak in largest:
                v = np.maximum(peak, v, out=peak)
            root = np.sqrt(v + inside if inside else v)
            root += outside
            step = np.divide(m, root, out=root)
            step *= rate
            theta -= step

        return update
