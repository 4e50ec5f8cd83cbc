"""First derivatives of functions: `grad`, `value_and_grad`, `elementwise_grad`, `vjp`, `jvp`. Builds on `recording`.

What all share: arguments and outputs may be nested tuples, lists and dicts of arrays or Values. Arrays give arrays and
Values give Values, whose derivative can be taken again; so do functions that read a Value from outside which needs a
gradient, unless `no_grad()` is in force. Integers become float64. No `.grad` is touched.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import ShapeError
from ..modes import current_mode, recording
from .recording import Recording, fresh, is_recorded, transposed
from .trees import leaves, mapped, rebuilt

__all__ = ["elementwise_grad", "grad", "jvp", "value_and_grad", "vjp"]

Function = Callable[..., Any]


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """A function that gives (f(x), ∇f(x)), the value and its gradient by the arguments `argnums`.

    With `has_aux`, f returns (scalar, aux) and the result is ((scalar, aux), gradient). Raises ShapeError where f does
    not return a scalar, GraphError where it returns a complex one.

    >>> import numpy as np
    >>> value, gradient = value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, -2.0]))
    >>> float(value), gradient.tolist()
    (5.0, [2.0, -4.0])
    """

    @wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        run = Recording("grad", f, args, kwargs, argnums, has_aux)
        run.scalar()
        gradient = run.shaped(run.pulled([None]))
        return ((run.result, mapped(run.given, run.aux)) if has_aux else run.result), gradient

    return differentiated


def grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """A function that gives ∇f, the gradient of the scalar f by the arguments `argnums` (a tuple of them for a tuple).

    With `has_aux`, f returns (scalar, aux) and the result is (gradient, aux). Raises as `value_and_grad` does. By a
    complex argument x + iy the gradient is ∂f/∂x + i ∂f/∂y, the direction of steepest ascent, as in PyTorch.

    >>> import numpy as np
    >>> float(grad(grad(np.sin))(0.5)) == -float(np.sin(0.5))
    True
    >>> grad(lambda p, x: np.sum(p["w"] * x + p["b"]))({"w": np.ones(2), "b": 0.0}, np.array([3.0, 4.0]))
    {'w': array([3., 4.]), 'b': np.float64(2.0)}
    """
    both = value_and_grad(f, argnums, has_aux)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def elementwise_grad(f: Function, argnums: int = 0) -> Function:
    """A function that gives f'(x) element by element, for an f whose output at i depends on the input at i only.

    Raises ShapeError where f changes the shape; GraphError where its output is complex.

    >>> import numpy as np
    >>> elementwise_grad(np.tanh)(np.array([0.0, 20.0])).round(6).tolist()
    [1.0, 0.0]
    """

    @wraps(f)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        run = Recording("elementwise_grad", f, args, kwargs, argnums)
        shapes = mapped(np.shape, run.out), mapped(np.shape, run.inputs[0])
        if shapes[0] != shapes[1]:
            raise ShapeError(f"{run.name}: shape {shapes[1]} became {shapes[0]}, not element by element: use jacobian")
        run.real()
        return run.shaped(run.pulled([np.ones(np.shape(out))[()] for out in run.outs]))

    return derivative


def vjp(f: Function, *x: Any, has_aux: bool = False) -> Any:
    """(f(*x), pull): pull(g) is the tuple of gradients of g · f by each argument, a product gᵀJ without forming J.

    g has the structure and shapes of the output. With `has_aux`, f returns (output, aux) and the result is (output,
    pull, aux). By complex arguments pull gives Jᴴg, as in PyTorch.

    >>> import numpy as np
    >>> out, pull = vjp(np.multiply, np.array([1.0, 2.0]), 3.0)
    >>> pull(np.array([1.0, 10.0]))
    (array([ 3., 30.]), np.float64(21.0))
    """
    run = Recording("vjp", f, x, has_aux=has_aux)

    def pull(gradient: Any) -> Any:
        return run.shaped(run.pulled(run.weights(gradient)))

    return (run.result, pull, mapped(run.given, run.aux)) if has_aux else (run.result, pull)


def linearized(run: Recording) -> Callable[[Sequence[Any]], list[Any]]:
    """The product v ↦ Jv with the Jacobian of a run, exact.

    uᵀJ is linear in u, so the gradient of (uᵀJ)v by u is Jv: two passes back make one forward (J. Townsend, A new
    trick for calculating Jacobian vector products, 2017).
    """
    u = [fresh(np.ones(np.shape(out), getattr(out, "dtype", float))[()]) for out in run.outs]
    with recording():
        pulled = transposed(run.outs, u, run.variables, keep=True)

    def push(tangents: Sequence[Any]) -> list[Any]:
        keep = run.keep or (current_mode().recording and any(map(is_recorded, tangents)))
        return [run.given(t, keep) for t in transposed(pulled, tangents, u, keep=keep)]

    return push


def tangents_of(run: Recording, tangents: Any) -> list[Any]:
    """Tangents as a list, one for each variable; an error where one does not fit."""
    rest = leaves(tangents)
    if len(rest) != len(run.variables) or any(np.shape(t) != v.shape for t, v in zip(rest, run.variables, strict=True)):
        shapes = mapped(np.shape, tangents), mapped(np.shape, run.inputs)
        raise ShapeError(f"{run.name}: tangents of shapes {shapes[0]} do not fit arguments of shapes {shapes[1]}")
    return [t if isinstance(t, Value) else np.asarray(t, v.dtype)[()] for t, v in zip(rest, run.variables, strict=True)]


def jvp(f: Function, x: Sequence[Any], v: Sequence[Any], has_aux: bool = False) -> Any:
    """(f(*x), Jv): the value, and the derivative of f at the arguments x along the directions v.

    x and v are tuples (or lists) of as many arguments, of the same shapes. Exact, at about three times the cost of f.
    With `has_aux`, f returns (output, aux) and the result is (output, Jv, aux).

    >>> import numpy as np
    >>> out, tangent = jvp(np.multiply, (3.0, 4.0), (1.0, 0.0))
    >>> float(out), float(tangent)
    (12.0, 4.0)
    """
    if not (isinstance(x, list | tuple) and isinstance(v, list | tuple)):
        raise TypeError("jvp(f, x, v): x and v are tuples of arguments, jvp(f, (x,), (v,)) for a function of one")
    run = Recording("jvp", f, x, has_aux=has_aux)
    tangent = rebuilt(run.out, linearized(run)(tangents_of(run, v)))
    return (run.result, tangent, mapped(run.given, run.aux)) if has_aux else (run.result, tangent)
