"""Derivatives of whole vectors: `jacobian`, `hessian`, and `hvp`, a Hessian times a vector. Builds on `gradients`."""

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from .gradients import grad, linearized, tangents_of
from .recording import Recording
from .trees import rebuilt

__all__ = ["hessian", "hvp", "jacobian"]

Function = Callable[..., Any]


class _Space:
    """The arrays of one side laid end to end: where each lies, and the unit vectors of all."""

    def __init__(self, arrays: Sequence[Any]) -> None:
        self.shapes = [np.shape(x) for x in arrays]
        self.dtypes = [getattr(x, "dtype", np.dtype(float)) for x in arrays]
        self.ends = list(accumulate((int(np.prod(shape, dtype=int)) for shape in self.shapes), initial=0))

    def units(self) -> Iterator[list[Any]]:
        """For every element in turn: zeros in all arrays, with a one there."""
        for k, (start, end) in enumerate(pairwise(self.ends)):
            for i in range(end - start):
                unit = [np.zeros(s, d) for s, d in zip(self.shapes, self.dtypes, strict=True)]
                unit[k].reshape(-1)[i] = 1
                yield [array[()] for array in unit]

    def stacked(self, vectors: list[list[Any]], position: int, other: "_Space", axis: int) -> list[Any]:
        """Array `position` of all vectors on a new axis, cut into one block for each array of this side."""
        shape = other.shapes[position]
        empty = np.zeros((0, *shape) if axis == 0 else (*shape, 0), other.dtypes[position])
        whole = np.stack([vector[position] for vector in vectors], axis) if vectors else empty
        cuts = [slice(start, end) for start, end in pairwise(self.ends)]
        return [whole[cut] if axis == 0 else whole[..., cut] for cut in cuts]


def _blocks(run: Recording) -> list[list[Any]]:
    """∂out/∂variable for each output and variable: by rows (backward) or by columns, whichever are fewer."""
    outs, ins = _Space(run.outs), _Space(run.variables)
    if outs.ends[-1] > ins.ends[-1] or any(dtype.kind == "c" for dtype in outs.dtypes):
        columns = list(map(linearized(run), ins.units()))
        blocks = [ins.stacked(columns, i, outs, -1) for i in range(len(outs.shapes))]
    else:
        rows = list(map(run.pulled, outs.units()))
        blocks = list(map(list, zip(*(outs.stacked(rows, j, ins, 0) for j in range(len(ins.shapes))), strict=True)))
    return [
        [block.reshape(shape + tail) for block, tail in zip(row, ins.shapes, strict=True)]
        for row, shape in zip(blocks, outs.shapes, strict=True)
    ]


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """A function that gives the Jacobian ∂f/∂x, of shape f(x).shape + x.shape, by the arguments `argnums`.

    For trees, the tree of the output holds trees like the argument. Each row takes one pass back, or each column one
    pass, whichever are fewer. Raises UnsupportedError where argument and output are both complex.

    >>> import numpy as np
    >>> jacobian(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0])).tolist()
    [[3.0, 0.0, 1.0], [0.0, 3.0, 2.0]]
    """

    @wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        run = Recording("jacobian", f, args, kwargs, argnums)
        if any(map(np.iscomplexobj, run.outs)) and any(map(np.iscomplexobj, run.variables)):
            raise UnsupportedError(
                f"{run.name}: argument and output are complex: take the Jacobians of np.real(f(z)) and np.imag(f(z))"
            )
        return rebuilt(run.out, map(run.shaped, _blocks(run)))

    return matrix


def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """A function that gives the Hessian ∂²f/∂x∂x of a scalar f, of shape x.shape + x.shape: the Jacobian of grad(f).

    Raises as `grad` does.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0])).tolist()
    [[4.0, 2.0], [2.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """A function (x, v) ↦ Hv, the Hessian of the scalar f at x times v, without forming it.

    The arguments of f come first, v (shaped like the arguments `argnums`) last. H is symmetric, so the gradient pulled
    back by v is Hv: about twice the cost of a gradient (Pearlmutter, Fast exact multiplication by the Hessian, 1994).

    >>> import numpy as np
    >>> hvp(lambda x: np.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 10.0])).tolist()
    [6.0, 120.0]
    """

    @wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        *rest, v = args
        run = Recording("hvp", grad(f, argnums), rest, kwargs, argnums)
        return run.shaped(run.pulled(tangents_of(run, v)))

    return product
