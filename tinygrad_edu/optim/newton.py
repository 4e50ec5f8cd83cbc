"""Second-order methods: the loss as a parabola, or its residuals as straight lines. Builds on `curvature` and `whole`.

`Newton` (with the Hessian, or with products only) · `GaussNewton` · `LevenbergMarquardt`. Their closure gives the loss,
or the residuals, as a Value with its graph; it need not walk back.
"""

from typing import Any, Literal

import numpy as np

from ..engine import Value
from ..errors import GraphError, SettingError
from .curvature import Slope, jacobian_rows, solve_cg
from .flat import Array
from .line_search import Line, Point, strong_wolfe
from .optimizer import Parameters
from .quasi_newton import Search
from .whole import Closure, WholeOptimizer

__all__ = ["GaussNewton", "LevenbergMarquardt", "Newton"]


class _Recorded(WholeOptimizer):
    """A method that differentiates what the closure recorded."""

    def recorded(self, closure: Closure | None) -> Value:
        """What the closure gives at θ: a Value with a graph."""
        if closure is None:
            raise SettingError(f"{self}: step(closure) needs the closure that computes and gives the loss")
        self.flat.attach()
        out = closure()
        if not isinstance(out, Value):
            raise GraphError(f"{self}: the closure must give a Value with its graph, not {type(out).__name__}")
        return out

    def finite(self, *arrays: Array) -> bool:
        """Whether a step can be taken; GraphError for nan or infinite numbers unless such steps are to be skipped."""
        if all(np.isfinite(array).all() for array in arrays):
            self.steps += 1
            return True
        if self.on_nonfinite == "raise":
            raise GraphError(f"{self}: nan or infinite numbers among the derivatives; nothing was updated")
        self.skipped += 1
        return False


class Newton(_Recorded):
    """Newton's method (course 001, row `newton`): to the bottom of the parabola that touches the loss at θ.

        θ ← θ − η (H + δ I)⁻¹ g            η = 1: no learning rate

    H is the Hessian, n products with it (n² numbers, n³ operations), for few parameters; `solver="cg"` needs the
    products only (Newton-CG, at most `max_cg` of them). `damping` is δ. Where H is not positive definite the step can
    lead up, to a saddle: `line_search_fn="strong_wolfe"` goes down always, along −g if need be. A singular H is solved
    in the sense of least squares.

    >>> w = Value([3.0, -2.0])
    >>> optimizer = Newton([w])
    >>> loss = optimizer.step(lambda: ([1.0, 10.0] * w * w).sum())
    >>> w.data.tolist()
    [0.0, 0.0]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1,
        damping: float = 0.0,
        *,
        solver: Literal["exact", "cg"] = "exact",
        max_cg: int | None = None,
        line_search_fn: Search = None,
        on_nonfinite: Literal["raise", "skip"] = "raise",
    ) -> None:
        if solver not in ("exact", "cg") or line_search_fn not in (None, "strong_wolfe"):
            raise SettingError(f"Newton: solver={solver!r}, line_search_fn={line_search_fn!r}: 'exact' or 'cg'; "
                             "None or 'strong_wolfe'")  # fmt: skip
        own = {"solver": solver, "max_cg": max_cg, "line_search_fn": line_search_fn}
        super().__init__(params, {"lr": lr, "damping": damping, **own}, on_nonfinite=on_nonfinite)

    def step(self, closure: Closure | None = None) -> Any:
        """One Newton step; gives the loss before it."""
        loss = self.recorded(closure)
        settings = self.settings(self.param_groups[0])
        slope = Slope(loss, self.flat.parameters)
        direction = self._direction(slope, settings)
        if closure is None or not self.finite(slope.gradient, direction):
            return loss
        t = settings["lr"]
        if settings["line_search_fn"]:
            if slope.gradient @ direction >= 0:
                direction = -slope.gradient
            t = self._length(closure, float(loss.data), slope.gradient, direction, t)
        else:
            self.place(self.flat.theta + t * direction)
        return loss

    @staticmethod
    def _direction(slope: Slope, settings: dict[str, Any]) -> Array:
        g, damping = slope.gradient, settings["damping"]
        if settings["solver"] == "cg":
            return solve_cg(lambda v: slope.hvp(v) + damping * v, -g, most=settings["max_cg"])
        H = slope.hessian()
        if not np.isfinite(H).all():
            return np.full_like(g, np.nan)
        H.flat[:: g.size + 1] += damping
        return -np.linalg.lstsq(H, g, rcond=None)[0]

    def _length(self, closure: Closure, loss: float, g: Array, direction: Array, t: float) -> float:
        """Go where the strong Wolfe conditions hold."""
        x = self.flat.theta.copy()

        def evaluate(theta: Array) -> tuple[float, Array]:
            self.place(theta)
            out = closure()
            return float(out.data), Slope(out, self.flat.parameters).gradient

        start = Point(0.0, loss, g, float(g @ direction))
        length = strong_wolfe(Line(evaluate, x, direction), start, t).t if g.any() else 0.0
        self.place(x + length * direction)
        return length


class GaussNewton(_Recorded):
    """Gauss–Newton for least squares J = ½ ‖r(θ)‖²: the residuals as straight lines.

        θ ← θ − η (JᵀJ + δ I)⁻¹ Jᵀ r       J = ∂r/∂θ

    The closure gives the residuals r, any shape, as a Value. `damping` is δ; with δ = 0 a least-squares solution is
    taken where JᵀJ is singular. No second derivatives: exact in one step for linear residuals.

    >>> slope = Value([0.0])
    >>> optimizer = GaussNewton([slope])
    >>> residuals = optimizer.step(lambda: slope * np.array([1.0, 2.0]) - np.array([3.0, 6.0]))
    >>> slope.data.round(12).tolist()
    [3.0]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1,
        damping: float = 0.0,
        *,
        on_nonfinite: Literal["raise", "skip"] = "raise",
    ) -> None:
        super().__init__(params, {"lr": lr, "damping": damping}, on_nonfinite=on_nonfinite)

    def step(self, closure: Closure | None = None) -> Any:
        """One step; gives the residuals before it."""
        residuals = self.recorded(closure)
        J = jacobian_rows(residuals, self.flat.parameters)
        if self.finite(J, residuals.data):
            settings = self.settings(self.param_groups[0])
            penalty = np.full(J.shape[1], settings["damping"])
            self.place(self.flat.theta - settings["lr"] * damped_solution(J, np.ravel(residuals.data), penalty))
        return residuals


def damped_solution(J: Array, r: Array, penalty: Array) -> Array:
    """(JᵀJ + diag(penalty))⁻¹ Jᵀ r as a least-squares problem, which does not square the condition of J."""
    below = np.sqrt(penalty)
    if not below.any():
        return np.linalg.lstsq(J, r, rcond=None)[0]
    return np.linalg.lstsq(np.vstack([J, np.diag(below)]), np.concatenate([r, np.zeros(below.size)]), rcond=None)[0]


class LevenbergMarquardt(_Recorded):
    """Levenberg–Marquardt: Gauss–Newton, damped as far as the loss demands (Marquardt 1963).

        δθ = (JᵀJ + λ diag(JᵀJ))⁻¹ Jᵀ r
        θ ← θ − δθ, λ ← λ / factor         if ½ ‖r‖² falls
        λ ← λ · factor, and again          if not, up to `max_tries` times

    The closure gives the residuals r as a Value. `damping` is the first λ, the present one is in `kept["damping"]`.
    A step never makes the loss larger.

    >>> w = Value([-1.2, 1.0])
    >>> optimizer = LevenbergMarquardt([w])
    >>> for _ in range(60):
    ...     r = optimizer.step(lambda: np.stack([10 * (w[1] - w[0] ** 2), 1 - w[0]]))
    >>> w.data.round(8).tolist()
    [1.0, 1.0]
    """

    def __init__(
        self,
        params: Parameters,
        damping: float = 1e-3,
        factor: float = 10.0,
        max_tries: int = 20,
        *,
        on_nonfinite: Literal["raise", "skip"] = "raise",
    ) -> None:
        if factor <= 1:
            raise SettingError(f"LevenbergMarquardt: factor={factor} must be above 1")
        super().__init__(
            params, {"damping": damping, "factor": factor, "max_tries": max_tries}, on_nonfinite=on_nonfinite
        )

    def step(self, closure: Closure | None = None) -> Any:
        """One accepted step, or none if no damping lets the loss fall; gives the residuals before it."""
        residuals = self.recorded(closure)
        J, r = jacobian_rows(residuals, self.flat.parameters), np.ravel(residuals.data)
        if closure is None or not self.finite(J, r):
            return residuals
        settings, theta, loss = self.settings(self.param_groups[0]), self.flat.theta.copy(), r @ r
        damping = self.kept.get("damping", settings["damping"])
        scale = np.sum(J * J, axis=0)
        for _ in range(settings["max_tries"]):
            self.place(theta - damped_solution(J, r, damping * scale))
            tried = np.ravel(closure().data)
            if tried @ tried < loss:
                self.kept["damping"] = damping / settings["factor"]
                return residuals
            damping *= settings["factor"]
        self.place(theta)
        return residuals
