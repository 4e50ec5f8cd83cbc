"""Curvature learned from gradients, and directions that do not undo one another; all on the vectors θ and g.

`LBFGS` · `BFGS` · `ConjugateGradient`. Builds on `whole` and `line_search`.
"""

from typing import Any, Literal

import numpy as np

from ..errors import SettingError
from .flat import Array, as_number
from .line_search import Point
from .optimizer import Parameters
from .whole import Closure, WholeOptimizer

__all__ = ["BFGS", "LBFGS", "ConjugateGradient"]

Search = Literal["strong_wolfe"] | None


def two_loops(g: Array, steps: list[Array], changes: list[Array], scale: float) -> Array:
    """H⁻¹ g from the last steps s and gradient changes y, without H (Nocedal and Wright 2006, algorithm 7.4).

    >>> two_loops(np.array([2.0]), [np.array([1.0])], [np.array([4.0])], 0.25).tolist()
    [0.5]
    """
    pairs = list(zip(steps, changes, strict=True))
    q, shares = g.copy(), []
    for s, y in reversed(pairs):
        shares.append((s @ q) / (y @ s))
        q -= shares[-1] * y
    q *= scale
    for (s, y), share in zip(pairs, reversed(shares), strict=True):
        q += (share - (y @ q) / (y @ s)) * s
    return q


class LBFGS(WholeOptimizer):
    """L-BFGS (Liu and Nocedal 1989; course 001, row `l-bfgs`): Newton's step with H⁻¹ built from recent gradients.

        s = θₖ − θₖ₋₁,  y = gₖ − gₖ₋₁      the last `history_size` of them
        d = −H⁻¹ g                         two loops over s and y, from H⁻¹ = (s·y / y·y) I
        θ ← θ + t d                        t = η, or by a line search with the strong Wolfe conditions

    One `step(closure)` takes up to `max_iter` of these and gives the loss at its start; the closure clears the
    gradients, computes the loss and walks back, always on the same data. PyTorch's arguments, defaults and steps:
    `line_search_fn="strong_wolfe"` is what you want nearly always. `max_eval` limits a step's evaluations, by default
    to 1.25 `max_iter`, within a line search too.

    >>> from tinygrad_edu import Value
    >>> w = Value([3.0, -2.0])
    >>> optimizer = LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ([1.0, 10.0] * w * w).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).item()
    49.0
    >>> closure().item() < 1e-6
    True
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: Search = None,
        *,
        on_nonfinite: Literal["raise", "skip"] = "raise",
    ) -> None:
        if line_search_fn not in (None, "strong_wolfe"):
            raise SettingError(f"LBFGS: line_search_fn={line_search_fn!r} is not known; 'strong_wolfe' or None")
        limits = {"max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval}
        tolerances = {"tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change}
        own = {"lr": lr, "history_size": history_size, "line_search_fn": line_search_fn}
        super().__init__(params, own | limits | tolerances, on_nonfinite=on_nonfinite)

    def step(self, closure: Closure | None = None) -> Any:
        """Up to `max_iter` moves; gives what the closure gave first."""
        begun = self.began(closure)
        if begun is None or closure is None:
            return None
        group = self.settings(self.param_groups[0])
        loss, g = begun
        here, evaluations = Point(0.0, as_number(loss), g, 0.0), 1
        for i in range(group["max_iter"]):
            if np.abs(here.gradient).max(initial=0.0) <= group["tolerance_grad"]:
                break
            left = group["max_eval"] - evaluations
            moved = self._moved(closure, here, group, left, last=i == group["max_iter"] - 1)
            if moved is None:
                break
            before, (here, spent, length) = here, moved
            evaluations += spent
            change, tolerance = abs(here.loss - before.loss), group["tolerance_change"]
            if evaluations >= group["max_eval"] or length <= tolerance or change < tolerance:
                break
        return loss

    def _moved(
        self, closure: Closure, here: Point, group: dict[str, Any], left: int, last: bool
    ) -> tuple[Point, int, float] | None:
        """One move along the new direction: where it led, evaluations and length; None if there is no way down."""
        g = here.gradient
        direction = self._direction(g, group["history_size"])
        slope = float(g @ direction)
        if slope > -group["tolerance_change"]:
            return None
        first = self.kept["moves"] == 1
        t = min(1.0, 1 / np.abs(g).sum()) * group["lr"] if first else group["lr"]
        start = Point(0.0, here.loss, g, slope)
        if group["line_search_fn"]:
            point, spent = self.searched(closure, start, direction, t, most=left)
        else:
            self.place(self.flat.theta + t * direction)
            point, spent = Point(t, here.loss, g, slope), 0
            if not last:
                loss, gradient = self.evaluated(closure)
                point, spent = Point(t, loss, gradient, 0.0), 1
        self.kept["s"] = point.t * direction
        return point, spent, float(np.abs(self.kept["s"]).max())

    def _direction(self, g: Array, most: int) -> Array:
        kept = self.kept
        if not kept:
            kept.update(moves=0, steps=[], changes=[], scale=1.0)
        else:
            s, y = kept["s"], g - kept["g"]
            if y @ s > 1e-10:
                kept["steps"], kept["changes"] = [*kept["steps"], s][-most:], [*kept["changes"], y][-most:]
                kept["scale"] = float((y @ s) / (y @ y))
        kept["moves"] += 1
        kept["g"] = g.copy()
        return -two_loops(g, kept["steps"], kept["changes"], kept["scale"])


class _OneMove(WholeOptimizer):
    """A method that goes once along its own direction in a step, to where the strong Wolfe conditions hold."""

    def step(self, closure: Closure | None = None) -> Any:
        """One direction, one line search; gives what the closure gave at the start."""
        begun = self.began(closure)
        if begun is None or closure is None:
            return None
        loss, g = begun
        if not g.any():
            return loss
        settings = self.settings(self.param_groups[0])
        direction = self.direction(g, settings)
        if g @ direction >= 0:
            self.kept.clear()
            direction = self.direction(g, settings)
        start = Point(0.0, as_number(loss), g, float(g @ direction))
        t = self.first_length(start) * settings["lr"]
        point, _ = self.searched(closure, start, direction, t, c2=settings["c2"])
        self.kept.update(g=g, d=direction, s=point.t * direction, slope=start.slope)
        return loss

    def direction(self, g: Array, settings: dict[str, Any]) -> Array:
        """Where to go, from the gradient and what is kept."""
        raise NotImplementedError

    def first_length(self, start: Point) -> float:
        """The step length to try first."""
        return 1.0 if "s" in self.kept else min(1.0, 1 / float(np.abs(start.gradient).sum()))


class BFGS(_OneMove):
    """BFGS (Nocedal and Wright 2006, algorithm 6.1; course 001, row `bfgs`): the inverse Hessian, learned.

        d = −H g,  θ ← θ + t d             t by a line search with the strong Wolfe conditions
        s = θₖ − θₖ₋₁,  y = gₖ − gₖ₋₁,  ρ = 1 / (y·s)
        H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ

    H is a matrix of n × n numbers: for few parameters. One `step(closure)` is one move; `inverse_hessian` is H. After
    an update H y = s. `lr` scales the length tried first, `c2` is the curvature condition of the search.

    >>> from tinygrad_edu import Value
    >>> x = Value(3.0)
    >>> optimizer = BFGS([x])
    >>> def parabola():
    ...     x.zero_grad()
    ...     (height := 5 * x * x).backward()
    ...     return height
    >>> heights = [optimizer.step(parabola).item() for _ in range(3)]
    >>> round(float(optimizer.inverse_hessian[0, 0]), 6)
    0.1
    """

    def __init__(
        self, params: Parameters, lr: float = 1, *, c2: float = 0.9, on_nonfinite: Literal["raise", "skip"] = "raise"
    ) -> None:
        super().__init__(params, {"lr": lr, "c2": c2}, on_nonfinite=on_nonfinite)

    @property
    def inverse_hessian(self) -> Array:
        """H, after two steps or more; the unit matrix before."""
        return self.kept.get("H", np.eye(self.flat.theta.size)).copy()

    def direction(self, g: Array, settings: dict[str, Any]) -> Array:  # noqa: ARG002 - the base's signature
        """−H g, with H brought up to date by the last step."""
        if "s" not in self.kept:
            return -g
        s, y = self.kept["s"], g - self.kept["g"]
        curvature = y @ s
        unit = np.eye(g.size, dtype=g.dtype)
        H = self.kept.get("H")
        if curvature > 1e-10:
            if H is None:
                H = unit * (curvature / (y @ y))
            left = unit - np.outer(s, y) / curvature
            self.kept["H"] = H = left @ H @ left.T + np.outer(s, s) / curvature
        return -g if H is None else -H @ g


class ConjugateGradient(_OneMove):
    """Nonlinear conjugate gradient: each direction keeps what the last line search has won.

        d = −g + β d                       first d = −g
        β = max(0, g·(g − g′) / g′·g′)     "PR+" (Polak and Ribière), g′ the gradient before
        β = g·g / g′·g′                    "FR" (Fletcher and Reeves)
        θ ← θ + t d                        t by a line search with the strong Wolfe conditions

    Needs two vectors and no matrix. One `step(closure)` is one move; a direction that leads up is replaced by −g
    (Nocedal and Wright 2006, section 5.2). `c2` is the curvature condition of the search, closer to 0 is more exact.

    >>> from tinygrad_edu import Value
    >>> x, y = Value(3.0), Value(-2.0)
    >>> optimizer = ConjugateGradient([x, y])
    >>> def bowl():
    ...     optimizer.zero_grad()
    ...     (height := x * x + 10 * y * y).backward()
    ...     return height
    >>> heights = [optimizer.step(bowl).item() for _ in range(9)]
    >>> heights[0], heights[-1] < 1e-6
    (49.0, True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1,
        *,
        beta: Literal["PR+", "FR"] = "PR+",
        c2: float = 0.1,
        on_nonfinite: Literal["raise", "skip"] = "raise",
    ) -> None:
        if beta not in ("PR+", "FR"):
            raise SettingError(f"ConjugateGradient: beta={beta!r} is not known; choose 'PR+' or 'FR'")
        super().__init__(params, {"lr": lr, "beta": beta, "c2": c2}, on_nonfinite=on_nonfinite)

    def direction(self, g: Array, settings: dict[str, Any]) -> Array:
        """−g and a share of the last direction."""
        if "g" not in self.kept:
            return -g
        before = self.kept["g"]
        gain = g @ (g - before) if settings["beta"] == "PR+" else g @ g
        return -g + max(0.0, gain / (before @ before)) * self.kept["d"]

    def first_length(self, start: Point) -> float:
        """As far as would have the last step's first-order effect."""
        if "s" not in self.kept:
            return super().first_length(start)
        last = float(np.linalg.norm(self.kept["s"]) / np.linalg.norm(self.kept["d"]))
        return last * self.kept["slope"] / start.slope if last else 1.0
