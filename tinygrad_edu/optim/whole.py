"""Methods that look at θ as a whole and ask for the loss at several points in a step.

`WholeOptimizer`, the base of L-BFGS, BFGS, conjugate gradient and Newton's method. Builds on `optimizer`.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import GraphError, SettingError
from .flat import Array, Flat, as_number
from .line_search import Line, Point, strong_wolfe
from .optimizer import Optimizer

__all__ = ["Closure", "WholeOptimizer"]

Closure = Callable[[], Any]


class WholeOptimizer(Optimizer):
    """Base of the methods that need a closure, on one group of real parameters of one dtype.

    `kept` is what the method remembers from step to step; `state_dict` carries it.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        self.kept: dict[str, Any] = {}
        super().__init__(*args, **settings)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """As in `Optimizer`, but there can be one group only."""
        super().add_param_group(group)
        if len(self._flats) != 1 or self.flat.pairs != 1:
            raise SettingError(f"{self}: works on one group of real parameters of one dtype")

    @property
    def flat(self) -> Flat:
        """The parameters' one vector."""
        return self._flats[0][1]

    def evaluated(self, closure: Closure) -> tuple[float, Array]:
        """The loss at θ as it is, and a copy of its gradient."""
        loss = closure()
        self.flat.gather()
        self.flat.attach()
        return as_number(loss), self.flat.gradient.copy()

    def place(self, theta: Array) -> None:
        """Move all parameters to θ = `theta`."""
        self.flat.theta[...] = theta
        self.flat.release()

    def began(self, closure: Closure | None) -> tuple[Any, Array] | None:
        """What the closure gives and the gradient at θ; None if nan or infinite gradients are to be skipped."""
        if closure is None:
            raise SettingError(f"{self}: step(closure) needs the closure that computes the loss and its gradients")
        self.flat.attach()
        loss = closure()
        if not self.gathered():
            return None
        self.flat.attach()
        self.steps += 1
        return loss, self.flat.gradient.copy()

    def searched(self, closure: Closure, start: Point, direction: Array, t: float, **search: Any) -> tuple[Point, int]:
        """Go along `direction` to where the strong Wolfe conditions hold; also the number of evaluations."""
        x = self.flat.theta.copy()

        def evaluate(theta: Array) -> tuple[float, Array]:
            self.place(theta)
            return self.evaluated(closure)

        line = Line(evaluate, x, direction)
        point = strong_wolfe(line, start, t, **search)
        self.place(x + point.t * direction)
        return point, line.evaluations

    def state_dict(self) -> dict[str, Any]:
        """The settings and what the method remembers, copied."""
        state = {"state": {0: copy.deepcopy(self.kept)} if self.kept else {}}
        return {**super().state_dict(), **state}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a `state_dict` of this class."""
        kept = state_dict["state"].get(0, {})
        sizes = {np.size(x) for x in kept.values() if isinstance(x, np.ndarray) and x.ndim == 1}
        if sizes - {self.flat.theta.size}:
            raise GraphError(f"{self}: the state is of {sizes} numbers, the parameters have {self.flat.theta.size}")
        super().load_state_dict({**state_dict, "state": {}})
        self.kept = copy.deepcopy(dict(kept))
