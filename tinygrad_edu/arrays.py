"""Arrays that nobody can write to: what a graph keeps must not change under it. Builds on `errors` and `operators`.

Copying a constant was measured against locking the caller's own array (surprising: the caller can't write to it any
more) and against a checksum at the walk (as dear as the copy): a copy costs about what reading the array once costs.
"""

import sys
from opcode import opmap
from typing import Any

import numpy as np

from .errors import LostGradientError
from .operators import Operators

__all__ = ["frozen", "held", "leaf_array", "locked", "refuse_to_be_stored"]

_STORES = opmap["STORE_SUBSCR"]


def locked(array: Any) -> Any:
    """An array that only we hold, made read-only in place."""
    if type(array) is np.ndarray:
        array.flags.writeable = False
    return array


def frozen(array: Any) -> Any:
    """`array` itself if nobody can write to it (a scalar, a locked owner), else a locked copy."""
    owner = array
    while isinstance(owner, np.ndarray) and not owner.flags.writeable:
        owner = owner.base
    if not isinstance(owner, np.ndarray):
        return array
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


def held(data: Any) -> Any:
    """What a gate computed as a Value holds it: an array, or a NumPy scalar where the shape is ()."""
    fits = data.ndim if type(data) is np.ndarray else isinstance(data, np.generic)
    return data if fits else np.asarray(data)[()]


def leaf_array(data: Any) -> Any:
    """`data` as a Value holds it: floating or complex, of native byte order, locked, a NumPy scalar instead of 0-d."""
    if type(data) is float or type(data) is int:
        return np.float64(data)
    if isinstance(data, Operators):
        raise LostGradientError("Value(v) of a Value would cut its graph: use v itself, or v.detach() for a constant")
    array = np.asarray(data)
    if array.dtype.kind in "biu":
        array = array.astype(np.float64)
    elif array.dtype.kind not in "fc":
        raise TypeError(f"Value: {array.dtype} can't be differentiated; give real or complex numbers")
    elif not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return frozen(array) if array.ndim else array[()]


def refuse_to_be_stored(label: str) -> None:
    """Raise where `float(v)` was asked for by `array[i] = v`, which looks like building a result and loses gradients.

    Python gives a Value no other sign of that than the instruction which its caller is at. NumPy raises a ValueError
    of its own, with this one as its cause.
    """
    caller = sys._getframe(2)
    if caller.f_code.co_code[caller.f_lasti] == _STORES:
        raise LostGradientError(
            f"{label}: array[i] = v would lose its gradient. Collect the values and np.stack([v, w]), or choose with "
            "np.where(mask, v, array); v.item() where no gradient is wanted"
        )
