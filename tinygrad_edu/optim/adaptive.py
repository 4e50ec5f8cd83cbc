"""Methods that divide by the size of past gradients, element by element. Builds on `optimizer`.

`Adagrad` (their sum) · `RMSprop` (a running average) · `Adadelta` (a running average, and steps in θ's own units).
"""

from typing import Any, Unpack

import numpy as np

from .flat import Array
from .optimizer import Optimizer, Parameters, Rate, Settings, Shared, Update

__all__ = ["Adadelta", "Adagrad", "RMSprop", "root_of"]


def root_of(square: Array, eps: float, inside: bool) -> Array:
    """√(r + ε) or √r + ε, a new array."""
    root = np.sqrt(square + eps if inside else square)
    if not inside:
        root += eps
    return root


class Adagrad(Optimizer):
    """AdaGrad (Duchi et al. 2011): the rate of an element falls with the gradients it has seen.

        r ← r + g²
        θ ← θ − η g / (√r + ε)             θ ← θ − η g / √(r + ε) with eps_inside_sqrt=True

    `lr` is η, divided by 1 + (t − 1) `lr_decay`; r starts at `initial_accumulator_value`. PyTorch's defaults; course
    000 has ε = 1e-6 outside, course 004 inside (rows `adagrad-eps-outside`, `adagrad-eps-inside`).

    >>> from tinygrad_edu import Value
    >>> w = Value([1.0, 1.0])
    >>> optimizer = Adagrad([w], lr=0.1)
    >>> (w * [1.0, 100.0]).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(9).tolist()
    [0.9, 0.9]
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 1e-2,
        lr_decay: float = 0,
        weight_decay: Rate = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        eps_inside_sqrt: bool = False,
        **shared: Unpack[Shared],
    ) -> None:
        own = {"lr_decay": lr_decay, "initial_accumulator_value": initial_accumulator_value}
        common = {"lr": lr, "weight_decay": weight_decay, "eps": eps, "eps_inside_sqrt": eps_inside_sqrt}
        super().__init__(params, common | own, **shared)

    @staticmethod
    def memory(settings: Settings) -> dict[str, float]:
        """The sum of squares r."""
        return {"sum": settings["initial_accumulator_value"]}

    @staticmethod
    def rule(t: int, *, lr: float, lr_decay: float, eps: float, eps_inside_sqrt: bool, **_: Any) -> Update:
        """The formula."""
        rate = lr / (1 + (t - 1) * lr_decay)

        def update(theta: Array, g: Array, r: Array) -> None:
            r += g * g
            theta -= rate * g / root_of(r, eps, eps_inside_sqrt)

        return update


class RMSprop(Optimizer):
    """RMSProp (Tieleman and Hinton 2012): AdaGrad that forgets.

        r ← α r + (1 − α) g²
        r̃ = r                              centered=True: ḡ ← α ḡ + (1 − α) g,  r̃ = r − ḡ²
        θ ← θ − η g / (√r̃ + ε)             θ ← θ − η g / √(r̃ + ε) with eps_inside_sqrt=True
        θ ← θ − η v                        with momentum: v ← μ v + g / (√r̃ + ε)

    `lr` is η, `alpha` is α, `momentum` is μ. PyTorch's defaults; courses 000 and 004 have ε inside, α = 0.9 and
    η = 0.001 (row `rmsprop-eps-inside`), course 003 has it outside (row `rmsprop-eps-outside`).

    >>> from tinygrad_edu import Value
    >>> w = Value([1.0, 1.0])
    >>> optimizer = RMSprop([w], lr=0.1, alpha=0.75)
    >>> (w * [1.0, 100.0]).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(6).tolist()
    [0.8, 0.8]
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: Rate = 0,
        momentum: Rate = 0,
        centered: bool = False,
        *,
        eps_inside_sqrt: bool = False,
        **shared: Unpack[Shared],
    ) -> None:
        own = {"alpha": alpha, "momentum": momentum, "centered": centered}
        common = {"lr": lr, "weight_decay": weight_decay, "eps": eps, "eps_inside_sqrt": eps_inside_sqrt}
        super().__init__(params, common | own, **shared)

    @staticmethod
    def memory(settings: Settings) -> dict[str, float]:
        """The mean square, the velocity if there is momentum, the mean gradient if centred."""
        names = {"square_avg": True, "momentum_buffer": settings["momentum"], "grad_avg": settings["centered"]}
        return {name: 0.0 for name, wanted in names.items() if wanted}

    @staticmethod
    def rule(
        t: int,  # noqa: ARG004 - no clock in it
        *,
        lr: float,
        alpha: float,
        eps: float,
        momentum: float,
        centered: bool,
        eps_inside_sqrt: bool,
        **_: Any,
    ) -> Update:
        """The formula."""

        def update(theta: Array, g: Array, r: Array, *others: Array) -> None:
            r *= alpha
            r += (1 - alpha) * g * g
            spread = r
            if centered:
                mean = others[-1]
                mean += (1 - alpha) * (g - mean)
                spread = r - mean * mean
            step = g / root_of(spread, eps, eps_inside_sqrt)
            if momentum:
                v = others[0]
                v *= momentum
                step = np.add(v, step, out=v)
            theta -= lr * step

        return update


class Adadelta(Optimizer):
    """AdaDelta (Zeiler 2012): the size of past steps takes the place of the rate.

        r ← ρ r + (1 − ρ) g²
        Δ = g √(s + ε) / √(r + ε)
        s ← ρ′ s + (1 − ρ′) Δ²
        θ ← θ − η Δ

    The paper and course 000 (row `adadelta`) have no rate: `lr` = 1, the default. `rho` is ρ, `rho_update` is ρ′, by
    default the same; course 004 gives it a value of its own (row `adadelta-two-rates`). ε stands inside both roots
    everywhere; course 000 has ε = 1e-5.

    >>> from tinygrad_edu import Value
    >>> w = Value(1.0)
    >>> optimizer = Adadelta([w])
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.996838
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: Rate = 0,
        *,
        rho_update: float | None = None,
        **shared: Unpack[Shared],
    ) -> None:
        defaults = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "rho_update": rho_update}
        super().__init__(params, defaults, **shared)

    @staticmethod
    def memory(settings: Settings) -> dict[str, float]:  # noqa: ARG004 - none matters
        """The mean squares of gradients and of steps."""
        return {"square_avg": 0.0, "acc_delta": 0.0}

    @staticmethod
    def rule(
        t: int,  # noqa: ARG004 - no clock in it
        *,
        lr: float,
        rho: float,
        eps: float,
        rho_update: float | None,
        **_: Any,
    ) -> Update:
        """The formula."""
        keep = rho if rho_update is None else rho_update

        def update(theta: Array, g: Array, r: Array, s: Array) -> None:
            r *= rho
            r += (1 - rho) * g * g
            delta = np.sqrt((s + eps) / (r + eps)) * g
            s *= keep
            s += (1 - keep) * delta * delta
            theta -= lr * delta

        return update
