"""What any engine is asked: functions in plain NumPy with inputs at which engines have gone wrong. Builds on NumPy.

`PROPERTIES`: a name, the function, its inputs. `np` in them becomes the engine's own module. Ties, zeros, repeated
indices and masked branches are among the inputs, since that is where gradients are wrong that look right.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["PROPERTIES"]

_X = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.25]])
_Y = _X[::-1] + 1
_ZERO = np.array([0.0, 2.0, 3.0])
_TIED = np.array([1.0, 1.0, 0.0])
PROPERTIES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "add": (lambda x, y: x + y, (_X, _Y)),
    "multiply": (lambda x, y: x * y, (_X, _Y)),
    "divide": (lambda x, y: x / y, (_X, np.abs(_X) + 1)),
    "power": (lambda x: x**3, (_X,)),
    "power of a variable": (lambda x, y: x**y, (np.abs(_X), _X)),
    "square of zero": (lambda x: x**2, (_ZERO,)),
    "first power of zero": (lambda x: x**1, (_ZERO,)),
    "zeroth power of zero": (lambda x: x**0, (_ZERO,)),
    "a value used twice": (lambda x: x * x + x, (_X,)),
    "a value used on two paths": (lambda x: (lambda y: (y * 2 + 1) * y)(x * x), (_X,)),
    "broadcasting": (lambda x, y: x * y, (_X, _X[:, :1])),
    "broadcasting a scalar": (lambda x, y: x * y, (_X, np.float64(2.0))),
    "broadcasting both": (lambda x, y: x + y, (_X[:1], _X[:, :1])),
    "numbers": (lambda x: 1 - 2 * x / 4, (_X,)),
    "number over value": (lambda x: 2 / x, (_X,)),
    "exp": (lambda x: np.exp(x), (_X,)),
    "tanh": (lambda x: np.tanh(x), (_X,)),
    "log": (lambda x: np.log(x), (np.abs(_X),)),
    "abs at zero": (lambda x: np.abs(x), (_ZERO,)),
    "sinc at zero": (lambda x: np.sinc(x), (_ZERO,)),
    "logaddexp": (lambda x, y: np.logaddexp(x, y), (_X, _Y)),
    "logaddexp of far numbers": (lambda x, y: np.logaddexp(x, y), (_X * 1000, _Y)),
    "arctan2": (lambda x, y: np.arctan2(x, y), (_X, _Y)),
    "clip": (lambda x: np.clip(x, -1, 1), (_X,)),
    "where": (lambda x, y: np.where(x > 0, x, y), (_X, _Y)),
    "a branch not taken": (lambda x: np.where(x > 1, np.log(x), x * 0), (_ZERO,)),
    "sum": (lambda x: np.sum(x, 0), (_X,)),
    "sum with kept axes": (lambda x: np.sum(x, 1, keepdims=True) * x, (_X,)),
    "mean": (lambda x: np.mean(x, 1), (_X,)),
    "variance": (lambda x: np.var(x, 1), (_X,)),
    "standard deviation": (lambda x: np.std(x, 1), (_X,)),
    "standard deviation of equal numbers": (lambda x: np.std(x), (np.ones(3),)),
    "norm at zero": (lambda x: np.linalg.norm(x), (np.zeros(3),)),
    "norm": (lambda x: np.sqrt(np.sum(x * x)), (_X,)),
    "prod": (lambda x: np.prod(x, 0), (_X,)),
    "prod with a zero": (lambda x: np.prod(x, 0), (_ZERO,)),
    "prod with two zeros": (lambda x: np.prod(x, 0), (np.array([0.0, 2.0, 0.0]),)),
    "cumsum": (lambda x: np.cumsum(x, 1), (_X,)),
    "cumprod with a zero": (lambda x: np.cumprod(x, 0), (_ZERO,)),
    "maximum": (lambda x, y: np.maximum(x, y), (_X, _Y)),
    "maximum at a tie": (lambda x, y: np.maximum(x, y), (_X, _X)),
    "minimum at a tie": (lambda x, y: np.minimum(x, y), (_X, _X)),
    "max at a tie": (lambda x: np.amax(x, 0), (_TIED,)),
    "min at a tie": (lambda x: np.amin(x, 0), (-_TIED,)),
    "sort": (lambda x: np.sort(x, 1), (_X,)),
    "matmul": (lambda x, y: np.matmul(x, y), (_X, _X.T.copy())),
    "matrix and vector": (lambda x, y: np.matmul(x, y), (_X, _X[0])),
    "vector and matrix": (lambda x, y: np.matmul(x, y), (_X[:, 0], _X)),
    "dot of vectors": (lambda x, y: np.dot(x, y), (_X[0], _X[1])),
    "matmul of a stack": (lambda x, y: np.matmul(x, y), (np.stack([_X, _Y]), _X.T.copy())),
    "einsum": (lambda x, y: np.einsum("ij,kj->ik", x, y), (_X, _Y)),
    "einsum of a diagonal": (lambda x: np.einsum("ii->i", x), (_X[:, :2],)),
    "index": (lambda x: x[0] * x[1], (_X,)),
    "slice": (lambda x: x[:, ::-2], (_X,)),
    "repeated index": (lambda x: x[[0, 0, 1]], (_X,)),
    "mask": (lambda x: x[_X > 0], (_X,)),
    "reshape": (lambda x: x.reshape((3, 2)), (_X,)),
    "transpose": (lambda x: x.T * 2, (_X,)),
    "concatenate": (lambda x, y: np.concatenate([x, y, x], 1), (_X, _Y)),
    "stack": (lambda x, y: np.stack([x, y]), (_X, _Y)),
    "repeat": (lambda x: np.repeat(x, 2, 1), (_X,)),
    "tile": (lambda x: np.tile(x, (2, 1)), (_X,)),
    "roll": (lambda x: np.roll(x, 1, 1), (_X,)),
}
