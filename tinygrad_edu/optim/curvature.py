"""Second derivatives by the parameters that a loss was made from, on vectors laid end to end.

`Slope` (the gradient as a graph, products with the Hessian, the Hessian) · `jacobian_rows` · `solve_cg` (linear
conjugate gradient). Builds on the engine's `walk`. `calculus` has the same for functions of arrays.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Value, walk
from ..errors import GraphError
from .flat import Array

__all__ = ["Slope", "jacobian_rows", "solve_cg"]


def _laid_out(gradients: dict[Value, Any], params: Sequence[Value]) -> Array:
    """Gradients by `params` end to end; 0 where there is none."""
    parts = [gradients.get(p, np.zeros(p.shape, p.dtype)) for p in params]
    return np.concatenate([np.ravel(g._data if isinstance(g, Value) else g) for g in parts])


class Slope:
    """∇J at the parameters, recorded, so that it can be differentiated once more.

    >>> w = Value([1.0, 2.0])
    >>> slope = Slope((w * w * w).sum(), [w])
    >>> slope.gradient.tolist(), slope.hvp(np.array([1.0, 0.0])).tolist(), slope.hessian().tolist()
    ([3.0, 12.0], [6.0, 0.0], [[6.0, 0.0], [0.0, 12.0]])
    """

    def __init__(self, loss: Value, params: Sequence[Value]) -> None:
        if not isinstance(loss, Value):
            raise GraphError(f"a second derivative needs the loss as a Value with its graph, not {type(loss).__name__}")
        self.params = list(params)
        self.parts = walk(loss, create_graph=True)
        self.gradient = _laid_out(self.parts, self.params)

    def hvp(self, v: Array) -> Array:
        """H v, the Hessian times a vector, without H: the gradient of ∇J · v."""
        products, start = [], 0
        for p in self.params:
            part = self.parts.get(p)
            if isinstance(part, Value) and part.requires_grad:
                products.append((part * v[start : start + p.size].reshape(p.shape)).sum())
            start += p.size
        if not products:
            return np.zeros_like(self.gradient)
        total = products[0]
        for product in products[1:]:
            total = total + product
        return _laid_out(walk(total), self.params)

    def hessian(self) -> Array:
        """H, a product with each unit vector, made exactly symmetric."""
        units = np.eye(self.gradient.size, dtype=self.gradient.dtype)
        H = np.stack([self.hvp(unit) for unit in units]) if units.size else units
        return (H + H.T) / 2


def jacobian_rows(residuals: Value, params: Sequence[Value]) -> Array:
    """∂rᵢ/∂θⱼ: a walk back for each residual.

    >>> w = Value([1.0, 2.0])
    >>> jacobian_rows(w * w, [w]).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    units = np.eye(residuals.size, dtype=residuals.dtype).reshape(-1, *residuals.shape)
    return np.stack([_laid_out(walk(residuals, unit[()], leaves_only=True), params) for unit in units])


def solve_cg(
    product: Callable[[Array], Array], b: Array, *, most: int | None = None, tolerance: float = 1e-10
) -> Array:
    """x with A x = b from products A v alone, for a positive definite A (Hestenes and Stiefel 1952).

    At most n rounds, until ‖b − A x‖ ≤ tolerance ‖b‖. In a direction of negative curvature it stops with what it has
    (b itself at the start), so that in a Newton step the direction still leads down.

    >>> A = np.array([[4.0, 1.0], [1.0, 3.0]])
    >>> solve_cg(lambda v: A @ v, np.array([1.0, 2.0])).round(6).tolist()
    [0.090909, 0.636364]
    """
    x = np.zeros_like(b)
    r, d = b.copy(), b.copy()
    square = r @ r
    enough = tolerance * tolerance * square
    for _ in range(b.size if most is None else most):
        if square <= enough:
            break
        q = product(d)
        curvature = d @ q
        if curvature <= 0:
            return x if x.any() else b.copy()
        step = square / curvature
        x += step * d
        r -= step * q
        square, before = r @ r, square
        d = r + (square / before) * d
    return x
