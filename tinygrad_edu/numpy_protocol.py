"""Plain NumPy calls on Values: which gate, or which composition of gates, each NumPy function runs.

Every entry has NumPy's own signature; an option without a derivative is refused, never ignored. Functions that are
constant for the derivative (comparisons, argmax, shapes) run on the data and return plain arrays. Builds on the gates.
"""

from collections.abc import Callable
from operator import getitem as python_getitem
from typing import Any

import numpy as np

from .engine import Value
from .errors import LostGradientError, UnsupportedError
from .gates import arithmetic, linear, reduction, selection, shaping
from .gates.shaping import PICKED
from .modes import current_mode
from .operators import FUNCTIONS, UFUNCS

__all__ = ["implements"]

_missing: Any = np._NoValue
Function = Callable[..., Any]


def implements(*functions: Function) -> Callable[[Function], Function]:
    """Enter the decorated function as what these NumPy functions do with Values."""

    def enter(way: Function) -> Function:
        for function in functions:
            FUNCTIONS[function] = way
        return way

    return enter


def refuse(name: str, **options: Any) -> None:
    """Raise for any option that was given and has no derivative here."""
    for option, given in options.items():
        if given is not None and given is not _missing:
            raise UnsupportedError(f"np.{name}(…, {option}=…) can't be differentiated here: leave {option} out")


def whole(axis: Any) -> Any:
    """An axis, or a sequence of them, as Python integers."""
    return axis if axis is None or isinstance(axis, int) else tuple(map(int, axis)) if np.ndim(axis) else int(axis)


# Reductions


def _reducer(gate: Any, *, name: str) -> Function:
    def reduce(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = _missing,
        where: Any = _missing,
    ) -> Any:
        refuse(name, dtype=dtype, out=out, initial=initial, where=where)
        return gate(a, axis=whole(axis), keepdims=bool(keepdims) and keepdims is not _missing)

    return reduce


for _function, _gate in [(np.sum, reduction.sum_), (np.mean, reduction.mean), (np.prod, reduction.prod)]:
    implements(_function)(_reducer(_gate, name=_function.__name__))


def _ufunc_reducer(gate: Any, *, name: str, **more: Any) -> Function:
    """A ufunc's `reduce`, which takes axis 0 where the function takes all."""

    def reduce(array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
               initial: Any = _missing, where: Any = True) -> Any:  # fmt: skip
        refuse(name, dtype=dtype, out=out, initial=initial, where=None if where is True else where)
        return gate(array, axis=whole(axis), keepdims=keepdims, **{key: value() for key, value in more.items()})

    return reduce


def ties() -> str:
    """The tie policy in force."""
    return current_mode().ties


implements(np.add.reduce)(_ufunc_reducer(reduction.sum_, name="add.reduce"))
implements(np.multiply.reduce)(_ufunc_reducer(reduction.prod, name="multiply.reduce"))
implements(np.maximum.reduce)(_ufunc_reducer(reduction.max_, name="maximum.reduce", ties=ties))
implements(np.minimum.reduce)(_ufunc_reducer(reduction.min_, name="minimum.reduce", ties=ties))


def _extremum(gate: Any, *, name: str) -> Function:
    def reduce(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = _missing,
               where: Any = _missing) -> Any:  # fmt: skip
        refuse(name, out=out, initial=initial, where=where)
        return gate(a, axis=whole(axis), keepdims=bool(keepdims) and keepdims is not _missing, ties=ties())

    return reduce


implements(np.max)(_extremum(reduction.max_, name="max"))
implements(np.min)(_extremum(reduction.min_, name="min"))


def _moment(gate: Any, *, name: str) -> Function:
    def reduce(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, *,
               where: Any = _missing, mean: Any = _missing, correction: Any = _missing) -> Any:  # fmt: skip
        refuse(name, dtype=dtype, out=out, where=where, mean=mean)
        ddof = ddof if correction is _missing else correction
        return gate(a, axis=whole(axis), ddof=ddof, keepdims=bool(keepdims) and keepdims is not _missing)

    return reduce


implements(np.var)(_moment(reduction.var, name="var"))
implements(np.std)(_moment(reduction.std, name="std"))


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and x.ndim > 1) or (ord == 2 and np.ndim(axis)):
        raise UnsupportedError(
            f"np.linalg.norm(…, ord={ord!r}) has no gate yet: the Euclidean and Frobenius norms have"
        )
    return reduction.norm(x, axis=whole(axis), keepdims=keepdims)


# Two inputs


def _chooser(gate: Any) -> Function:
    return lambda x, y, /, **options: gate(x, y, ties=ties(), **options)


UFUNCS[np.maximum] = _chooser(selection.maximum)
UFUNCS[np.minimum] = _chooser(selection.minimum)
UFUNCS[np.positive] = lambda x, /: x


@implements(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None,
         **options: Any) -> Any:  # fmt: skip
    refuse("clip", out=out, **options)
    low = min if a_min is None or a_min is _missing else a_min
    high = max if a_max is None or a_max is _missing else a_max
    limited = a if low is None or low is _missing else np.maximum(a, low)
    return limited if high is None or high is _missing else np.minimum(limited, high)


UFUNCS[np._core.umath.clip] = clip  # type: ignore[attr-defined]  # the ufunc of array.clip has no public name


@implements(np.where)
def where(condition: Any, x: Any = _missing, y: Any = _missing, /) -> Any:
    mask = condition.data if isinstance(condition, Value) else condition
    if x is _missing or y is _missing:
        return np.where(mask)
    return selection.where(np.asarray(mask, bool), x, y)


@implements(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Any:
    refuse("dot", out=out)
    if not np.ndim(a) or not np.ndim(b):
        return arithmetic.mul(a, b)
    if np.ndim(b) > 2:
        raise UnsupportedError("np.dot with a second input of over two axes has no gate: write a @ b or np.einsum")
    return linear.matmul(a, b)


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    if not np.ndim(a) or not np.ndim(b):
        return arithmetic.mul(a, b)
    return linear.matmul(a, b if np.ndim(b) == 1 else np.swapaxes(b, -1, -2))


@implements(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    refuse("outer", out=out)
    return linear.outer(a, b)


@implements(np.einsum, np.einsum_path)
def einsum(subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False, **options: Any) -> Any:
    refuse("einsum", out=out, **options)
    if not isinstance(subscripts, str):
        raise UnsupportedError(
            "np.einsum with lists of axes has no gate: write the subscripts as a string, 'ij,jk->ik'"
        )
    return linear.einsum(*operands, subscripts=subscripts, optimize=optimize)


# Shapes


@implements(np.reshape)
def reshape(a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None) -> Any:
    refuse("reshape", order=None if order == "C" else order)
    shape = newshape if shape is None else shape
    return shaping.reshape(a, shape=(int(shape),) if np.ndim(shape) == 0 else tuple(map(int, shape)))


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    refuse("ravel", order=None if order == "C" else order)
    return shaping.reshape(a, shape=(-1,) if a.size else (0,))


@implements(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Any:
    return shaping.transpose(a, axes=tuple(range(a.ndim))[::-1] if axes is None else tuple(map(int, axes)))


@implements(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    return shaping.swapaxes(x, axis1=-1, axis2=-2)


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    return shaping.swapaxes(a, axis1=axis1, axis2=axis2)


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    moved = [int(s) % a.ndim for s in np.atleast_1d(source)]
    axes = [axis for axis in range(a.ndim) if axis not in moved]
    for place, axis in sorted(zip([int(d) % a.ndim for d in np.atleast_1d(destination)], moved, strict=True)):
        axes.insert(place, axis)
    return shaping.transpose(a, axes=tuple(axes))


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    return shaping.expand_dims(a, axis=whole(axis))


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    return shaping.squeeze(a, axis=whole(axis))


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return shaping.broadcast_to(array, shape=(int(shape),) if np.ndim(shape) == 0 else tuple(map(int, shape)))


@implements(np.concatenate)
def concatenate(
    arrays: Any, /, axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Any:
    refuse("concatenate", out=out, dtype=dtype, casting=casting)
    if axis is None:
        return shaping.concatenate(*[np.ravel(a) for a in arrays], axis=0)
    return shaping.concatenate(*arrays, axis=axis)


@implements(np.stack)
def stack(arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = None) -> Any:
    refuse("stack", out=out, dtype=dtype, casting=casting)
    return shaping.stack(*arrays, axis=axis)


@implements(python_getitem)
def getitem(x: Value, index: Any) -> Any:
    """`x[index]`: slices and numbers are settings, arrays of indices and masks are data."""
    parts, picks = [], []
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, Value):
            raise LostGradientError(
                "a Value can't be an index, since no gradient flows through one: use v.data.astype(int)"
            )
        if isinstance(part, list | np.ndarray | bool | np.bool_):
            picks.append(np.asarray(part, *([int] if isinstance(part, list) and not part else [])))
            part = PICKED
        parts.append(part)
    return shaping.getitem(x, *picks, index=tuple(parts))


# Constant for the derivative: computed on the data, returned as plain arrays


def _constant(function: Function) -> Function:
    def on_data(*args: Any, **kwargs: Any) -> Any:
        bare = [x.data if isinstance(x, Value) else x for x in args]
        return function(*bare, **{key: x.data if isinstance(x, Value) else x for key, x in kwargs.items()})

    return on_data


for _ufunc in (
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.isnan, np.isfinite, np.isinf, np.signbit, np.sign, np.floor, np.ceil, np.trunc, np.rint),
    *(np.logical_and, np.logical_or, np.logical_not, np.logical_xor),
):
    UFUNCS[_ufunc] = _constant(_ufunc)

for _function in (
    *(np.argmax, np.argmin, np.argsort, np.nonzero, np.count_nonzero, np.all, np.any, np.searchsorted),
    *(np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.full_like, np.empty_like, np.result_type),
    *(np.allclose, np.isclose, np.array_equal, np.array_repr, np.array_str, np.array2string, np.round),
    *(np.iscomplexobj, np.isrealobj, np.can_cast, np.shares_memory, np.may_share_memory),
):
    FUNCTIONS[_function] = _constant(_function)
