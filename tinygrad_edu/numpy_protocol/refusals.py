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
    "roots can meet, where they have no derivative: np.linalg.eigvals of the companion matrix where they do not",
    np.roots,
)

UNREACHED: dict[str, str] = {}
"""Functions that make arrays or ask about NumPy itself, and never see a Value: why each is constant or refused."""
