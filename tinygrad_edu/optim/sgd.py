"""Gradient descent and its momenta: the four conventions of the courses, and Nesterov's look-ahead.

`SGD` (PyTorch's, with momentum outside the rate) · `Momentum` (the convention by name) · `NAG` (the gradient is taken
ahead). Builds on `optimizer`.
"""

from collections.abc import Callable
from typing import Any, Literal, Unpack

from ..errors import SettingError
from .flat import Array
from .optimizer import Optimizer, Parameters, Rate, Settings, Shared, Update

__all__ = ["NAG", "SGD", "Momentum"]

Form = Literal["torch", "classic", "subtracted", "ema"]


class SGD(Optimizer):
    """Gradient descent, with momentum outside the rate as in PyTorch.

        v ← μ v + (1 − dampening) g        at the first step v = g
        θ ← θ − η v                        without momentum θ ← θ − η g
        θ ← θ − η (g + μ v)                with nesterov=True

    `lr` is η, `momentum` is μ; `weight_decay` λ adds λ θ to g first. The rate stands outside v, as in the lecture
    behind course 001 (row `momentum-torch-form`); `Momentum` has the other conventions. With `nesterov` θ is the
    look-ahead point of Nesterov's method (Sutskever et al. 2013). ValueError for settings out of range.

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
        **shared: Unpack[Shared],
    ) -> None:
        if nesterov and (not momentum or dampening):
            raise SettingError("SGD: nesterov=True needs a momentum above 0 and no dampening")
        own = {"dampening": dampening, "nesterov": nesterov}
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, **own}, **shared)

    @staticmethod
    def memory(settings: Settings) -> dict[str, float]:
        """The velocity, if there is momentum."""
        return {"momentum_buffer": 0.0} if settings["momentum"] else {}

    @staticmethod
    def rule(t: int, *, lr: float, momentum: float, dampening: float, nesterov: bool, **_: Any) -> Update:
        """Down the gradient, or down the velocity."""
        share = 1.0 if t == 1 else 1 - dampening

        def descend(theta: Array, g: Array) -> None:
            theta -= lr * g

        def roll(theta: Array, g: Array, v: Array) -> None:
            v *= momentum
            v += share * g
            theta -= lr * (g + momentum * v if nesterov else v)

        return roll if momentum else descend


class Momentum(Optimizer):
    """Momentum in the convention called `form`: they differ when the rate changes, and `ema` in the size of its steps.

        torch        v ← ρ v + g              θ ← θ − η v     course 001 and PyTorch
        classic      v ← ρ v − η g            θ ← θ + v       course 004 and Keras
        subtracted   v ← ρ v + η g            θ ← θ − v       course 000
        ema          v ← ρ v + (1 − ρ) g      θ ← θ − η v     course 003, no bias correction

    `lr` is η, `momentum` is ρ; rows `momentum-classic`, `momentum-torch-form`, `momentum-ema`. With a constant rate the
    first three are the same, and `ema` is them with η (1 − ρ).

    >>> from tinygrad_edu import Value
    >>> w = Value(1.0)
    >>> optimizer = Momentum([w], lr=0.1, form="ema")
    >>> (10 * w).backward()
    >>> optimizer.step()
    >>> round(w.item(), 12)
    0.9
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 1e-3,
        momentum: Rate = 0.9,
        weight_decay: Rate = 0,
        *,
        form: Form = "torch",
        **shared: Unpack[Shared],
    ) -> None:
        if form not in ("torch", "classic", "subtracted", "ema"):
            raise SettingError(f"Momentum: form={form!r} is not one of 'torch', 'classic', 'subtracted', 'ema'")
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "form": form}
        super().__init__(params, defaults, **shared)

    @staticmethod
    def memory(settings: Settings) -> dict[str, float]:  # noqa: ARG004 - none matters
        """The velocity."""
        return {"momentum_buffer": 0.0}

    @staticmethod
    def rule(t: int, *, lr: float, momentum: float, form: Form, **_: Any) -> Update:  # noqa: ARG004 - no clock in it
        """What of g enters the velocity, and what of the velocity leaves θ: the conventions differ in nothing else."""
        enters, leaves = {
            "torch": (1.0, lr),
            "classic": (-lr, -1.0),
            "subtracted": (lr, 1.0),
            "ema": (1 - momentum, lr),
        }[form]

        def update(theta: Array, g: Array, v: Array) -> None:
            v *= momentum
            v += enters * g
            theta -= leaves * v

        return update


class NAG(Momentum):
    """Nesterov's accelerated gradient as the lecture has it: the gradient is taken where the velocity will lead.

        g ← ∇J(θ − α v)
        v ← α v + η g
        θ ← θ − v

    `lr` is η, `momentum` is α. `step(closure)` needs the closure, which clears the gradients, computes the loss at the
    point ahead and walks back; ValueError without it. The same iterates as the two-step form of course 004 (rows `nag`,
    `nag-two-step`); `SGD(nesterov=True)` keeps the point ahead instead and needs no closure (row `nag-torch-form`).

    >>> from tinygrad_edu import Value
    >>> w = Value(1.0)
    >>> optimizer = NAG([w], lr=0.1)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = w * w
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(2):
    ...     loss = optimizer.step(closure)
    >>> round(w.item(), 12)
    0.496
    """

    def __init__(
        self,
        params: Parameters,
        lr: Rate = 1e-3,
        momentum: Rate = 0.9,
        weight_decay: Rate = 0,
        **shared: Unpack[Shared],
    ) -> None:
        super().__init__(params, lr, momentum, weight_decay, form="subtracted", **shared)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Look ahead, come back, and move by the velocity that the gradient ahead gives."""
        if closure is None:
            raise SettingError("NAG: step(closure) needs the closure that computes the loss and its gradients")
        here = []
        for group, flat in self._flats:
            flat.attach()
            here.append(flat.theta.copy())
            if flat.memory:
                flat.theta -= self.settings(group)["momentum"] * flat.memory["momentum_buffer"]
            flat.release()
        try:
            loss = closure()
        finally:
            for (_, flat), theta in zip(self._flats, here, strict=True):
                flat.theta[...] = theta
                flat.release()
        super().step()
        return loss
