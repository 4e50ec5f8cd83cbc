"""NumPy functions that can't be differentiated here: each with the reason and what to write instead.

Functions NumPy does not hand to Values are listed by name in `UNREACHED`. Builds on `registry`.
"""

import numpy as np

from .registry import refused

__all__ = ["UNREACHED"]

refused(
    "it writes into an array: build the result instead, np.where(mask, new, v) or np.concatenate",
    *(np.copyto, np.put, np.putmask, np.place, np.put_along_axis, np.fill_diagonal),
)
refused(
    "it works on whole numbers, which have no derivative: use v.data.astype(int)",
    *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.bitwise_count),
    *(np.gcd, np.lcm, np.packbits, np.unpackbits, np.ravel_multi_index, np.unravel_index, np.ix_),
)
refused(
    "counts jump when a point crosses an edge: count v.data, or add up weights with np.bincount(bins, weights=v)",
    *(np.histogram, np.histogram2d, np.histogramdd, np.histogram_bin_edges),
)
refused("it is made of calendar days, not numbers", np.isnat, np.busday_count, np.busday_offset, np.is_busday)
refused("it is made of calendar days, not numbers", np.datetime_as_string)
refused("it steps to a neighbouring number of the computer: call it on v.data", np.nextafter)
refused("complex numbers have no order with a derivative: sort v.real", np.sort_complex)
refused(
    "its order is NumPy's choice: call np.unique(v, …), which is differentiable",
    *(np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values),
)
refused(
    "it mixes the elements of two arrays: join and pick them, np.unique(np.concatenate([v, w])), v[np.isin(v, w)]",
    *(np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d),
)

UNREACHED: dict[str, tuple[str, str]] = {}
"""Functions that NumPy does not hand to Values, by name: "constant" or "refused", and why."""


def _unreached(kind: str, reason: str, names: str) -> None:
    UNREACHED.update(dict.fromkeys(names.split(), (kind, reason)))


_unreached(
    "constant",
    "it makes an array of plain numbers",
    "arange bartlett blackman diag_indices empty eye frombuffer fromfile fromregex fromstring full genfromtxt hamming "
    "hanning identity indices kaiser load loadtxt mask_indices ones tri tril_indices triu_indices zeros "
    "fft.fftfreq fft.rfftfreq",
)
_unreached(
    "constant",
    "it asks about shapes, types or NumPy itself",
    "base_repr binary_repr broadcast_shapes datetime_data format_float_positional format_float_scientific get_include "
    "get_printoptions getbufsize geterr geterrcall info isdtype isscalar issubdtype iterable mintypecode printoptions "
    "promote_types set_printoptions setbufsize seterr seterrcall show_config show_runtime test typename",
)
_unreached(
    "refused",
    "it would make a plain array of a Value: use the Value itself, np.stack([v, w]) for np.array([v, w]), or v.data",
    "array asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray asmatrix bmat from_dlpack fromiter "
    "require isfortran",
)
_unreached("refused", "it loops over elements in Python: use whole arrays, or np.stack", "frompyfunc nested_iters")
_unreached("differentiable", "it calls a function with plain arrays of indices", "fromfunction")
_unreached("differentiable", "an old name of vstack", "row_stack")
