"""Gradient clipping, between `backward` and `step`: each function gives the norm as it was before.

`clip_grad_value_` (every element into an interval) · `clip_grad_norm_` (the norm of all, or of each parameter) ·
`AdaptiveNormClipper` (the threshold follows the norms of late) · `grad_norm`. Builds on the engine's `Value`.
"""

from collections.abc import Iterable
from math import inf
from typing import Any

import numpy as np

from ..downstream import placed
from ..engine import Value
from ..errors import GraphError, SettingError
from ..modes import current_mode

__all__ = ["AdaptiveNormClipper", "clip_grad_norm_", "clip_grad_value_", "grad_norm"]

Params = Value | Iterable[Value]


def _with_gradients(params: Params) -> list[Value]:
    leaves = [params] if isinstance(params, Value) else dict.fromkeys(params)
    return [p for p in leaves if p._grad is not None]


def _array(p: Value) -> Any:
    """The gradient's numbers, or while a step is compiled the Value that stands for them."""
    if (trace := current_mode().trace) is not None:
        return trace.gradient(p)
    return p._grad._data if isinstance(p._grad, Value) else p._grad


def _place(p: Value, gradient: Any) -> None:
    if isinstance(gradient, Value):
        current_mode().trace.place(p, gradient)
    else:
        p._grad = placed(p, gradient)


def _norm(array: Any, order: float) -> Any:
    flat = np.ravel(array)
    if isinstance(flat, Value) and order == 2:
        return np.sqrt(np.sum(np.square(np.abs(flat).astype(np.float64))))
    if isinstance(flat, Value):
        return np.linalg.norm(flat, order).astype(np.float64)
    if order == 2:
        # In double precision, which float32 squares do not overflow.
        return float(np.sqrt(np.sum(np.square(np.abs(flat), dtype=np.float64))))
    return float(np.linalg.norm(flat, order)) if flat.size else 0.0


def _total(norms: Iterable[Any], order: float) -> Any:
    norms = list(norms)
    return _norm(np.stack(norms) if any(isinstance(norm, Value) for norm in norms) else np.array(norms, float), order)


def grad_norm(params: Params, norm_type: float = 2.0) -> float:
    """The norm of all gradients together, as one vector: ‖g‖. Parameters without a gradient count nothing.

    >>> w = Value([3.0, 4.0])
    >>> (w * w).sum().backward()
    >>> grad_norm(w)
    10.0
    """
    return _total((_norm(_array(p), norm_type) for p in _with_gradients(params)), norm_type)


def _shorten(p: Value, norm: Any, most: float) -> None:
    if isinstance(norm, Value):
        if most < inf:  # the factor is 1 where the norm is small enough: a program has no branch
            _place(p, _array(p) * (most / np.maximum(norm, most)).astype(p.dtype))
    elif not norm <= most:
        # A new array: gates hand one gradient to several parameters.
        _place(p, _array(p) * p.dtype.type(most / norm))


def clip_grad_norm_(
    parameters: Params,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    *,
    per_parameter: bool = False,
    eps: float = 1e-6,
) -> float:
    """Shorten the gradients so that their norm is at most `max_norm`; the direction stays. Gives ‖g‖ before.

    g ← g · min(1, b / (‖g‖ + ε)) with b = `max_norm`, for all parameters as one vector (course 004, rows
    `clip-by-norm`, `clip-by-global-norm`), or with `per_parameter` for each by itself (Keras's clipnorm; call it with
    one layer's parameters for the norm of a layer). As PyTorch, whose ε of 1e-6 keeps the norm a little under b;
    `eps=0` gives b itself. `norm_type` may be inf. GraphError for a nan or infinite norm with `error_if_nonfinite`.

    >>> w = Value([3.0, 4.0])
    >>> (w * w).sum().backward()
    >>> clip_grad_norm_([w], 1.0)
    10.0
    >>> w.grad.round(6).tolist()
    [0.6, 0.8]
    """
    chosen = _with_gradients(parameters)
    norms = [_norm(_array(p), norm_type) for p in chosen]
    total = _total(norms, norm_type)
    if error_if_nonfinite and not np.isfinite(total):
        bad = next(p for p, norm in zip(chosen, norms, strict=True) if not np.isfinite(norm))
        raise GraphError(f"clip_grad_norm_: the gradient of {bad.label}, shape {bad.shape}, has norm {total}")
    for p, norm in zip(chosen, norms if per_parameter else [total] * len(norms), strict=True):
        _shorten(p, norm + eps, max_norm)
    return total


def clip_grad_value_(parameters: Params, clip_value: float | tuple[float, float]) -> float:
    """Bring every element of the gradients into [−c, c], or [a, b] for a pair. Gives ‖g‖ before.

    g ← max(min(g, b), a) (course 004, row `clip-by-value`); PyTorch has the symmetric one. ValueError if a > b.

    >>> w = Value([3.0, -0.5])
    >>> (w * w).sum().backward()
    >>> norm = clip_grad_value_([w], 2.0)
    >>> w.grad.tolist()
    [2.0, -1.0]
    """
    low, high = clip_value if isinstance(clip_value, tuple) else (-clip_value, clip_value)
    if low > high:
        raise SettingError(f"clip_grad_value_: the interval [{low}, {high}] is empty; give a number above 0 or (a, b)")
    before = grad_norm(parameters)
    for p in _with_gradients(parameters):
        _place(p, np.clip(_array(p), low, high))
    return before


class AdaptiveNormClipper:
    """Clips by global norm at `factor` times the running average of the norms so far.

    Course 004, row `clip-threshold-from-average`. The average forgets at the rate 1/`window`: n ← n + (‖g‖ − n) /
    min(steps, window), of norms after clipping, so that one explosion does not open the gate for the next. The first
    gradient passes. Call it with the parameters between backward and step; it gives ‖g‖ before.

    >>> clip = AdaptiveNormClipper(factor=2.0)
    >>> w = Value(0.0)
    >>> for slope in (1.0, 1.0, 100.0):
    ...     w.grad = slope
    ...     norm = clip([w])
    >>> norm, round(float(w.grad), 6)
    (100.0, 2.0)
    """

    def __init__(self, factor: float = 2.0, window: int = 100) -> None:
        if factor <= 0 or window < 1:
            raise SettingError(f"AdaptiveNormClipper: factor={factor} must be above 0, window={window} at least 1")
        self.factor, self.window = factor, window
        self.average, self.steps = 0.0, 0

    @property
    def threshold(self) -> float:
        """What the next norm is cut to."""
        return self.factor * self.average if self.steps else inf

    def __call__(self, params: Params) -> float:
        """Clip the gradients of `params` and note their norm."""
        chosen, threshold = _with_gradients(params), self.threshold
        norm = clip_grad_norm_(chosen, threshold, eps=0.0)
        if np.isfinite(norm):
            self.steps += 1
            self.average += (min(norm, threshold) - self.average) / min(self.steps, self.window)
        return norm

    def state_dict(self) -> dict[str, float]:
        """The average and the count, for a later run."""
        return {"average": self.average, "steps": self.steps}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Go on from a `state_dict`."""
        self.average, self.steps = state["average"], int(state["steps"])
