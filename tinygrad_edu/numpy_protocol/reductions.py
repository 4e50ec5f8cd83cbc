"""Reductions: sum, mean, prod, max, min, var, std and the `reduce` of their ufuncs. Builds on `registry`."""

from typing import Any

import numpy as np

from ..gates import reduction
from .registry import Function, implements, missing, refuse, ties, whole

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


def _reducer(gate: Any, *, name: str) -> Function:
    def reduce(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = missing,
        where: Any = missing,
    ) -> Any:
        refuse(name, dtype=dtype, out=out, initial=initial, where=where)
        return gate(a, axis=whole(axis), keepdims=bool(keepdims) and keepdims is not missing)

    return reduce


for _function, _gate in [(np.sum, reduction.sum_), (np.mean, reduction.mean), (np.prod, reduction.prod)]:
    implements(_function)(_reducer(_gate, name=_function.__name__))


def _ufunc_reducer(gate: Any, *, name: str, **more: Any) -> Function:
    """A ufunc's `reduce`, which takes axis 0 where the function takes all."""

    def reduce(array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
               initial: Any = missing, where: Any = True) -> Any:  # fmt: skip
        refuse(name, dtype=dtype, out=out, initial=initial, where=None if where is True else where)
        return gate(array, axis=whole(axis), keepdims=keepdims, **{key: value() for key, value in more.items()})

    return reduce


implements(np.add.reduce)(_ufunc_reducer(reduction.sum_, name="add.reduce"))
implements(np.multiply.reduce)(_ufunc_reducer(reduction.prod, name="multiply.reduce"))
implements(np.maximum.reduce)(_ufunc_reducer(reduction.max_, name="maximum.reduce", ties=ties))
implements(np.minimum.reduce)(_ufunc_reducer(reduction.min_, name="minimum.reduce", ties=ties))


def _extremum(gate: Any, *, name: str) -> Function:
    def reduce(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = missing,
               where: Any = missing) -> Any:  # fmt: skip
        refuse(name, out=out, initial=initial, where=where)
        return gate(a, axis=whole(axis), keepdims=bool(keepdims) and keepdims is not missing, ties=ties())

    return reduce


implements(np.max)(_extremum(reduction.max_, name="max"))
implements(np.min)(_extremum(reduction.min_, name="min"))


def _moment(gate: Any, *, name: str) -> Function:
    def reduce(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, *,
               where: Any = missing, mean: Any = missing, correction: Any = missing) -> Any:  # fmt: skip
        refuse(name, dtype=dtype, out=out, where=where, mean=mean)
        ddof = ddof if correction is missing else correction
        return gate(a, axis=whole(axis), ddof=ddof, keepdims=bool(keepdims) and keepdims is not missing)

    return reduce


implements(np.var)(_moment(reduction.var, name="var"))
implements(np.std)(_moment(reduction.std, name="std"))
