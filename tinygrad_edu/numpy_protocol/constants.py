"""Constant for the derivative: computed on the data, returned as plain arrays. Builds on `registry`."""

import numpy as np

from .registry import constant, static

__all__: list[str] = []  # entered in the registry, called by NumPy's own names

# Steps: their derivative is 0 wherever they have one.
constant(np.floor, np.ceil, np.trunc, np.rint, np.fix, np.round, np.around, np.floor_divide, np.spacing)

# Questions about elements
constant(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
constant(np.isnan, np.isfinite, np.isinf, np.isposinf, np.isneginf, np.signbit, np.iscomplex, np.isreal)
constant(np.logical_and, np.logical_or, np.logical_not, np.logical_xor, np.isclose, np.isin)
constant(np.all, np.any, np.allclose, np.array_equal, np.array_equiv, np.count_nonzero)

# Positions
constant(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort)
constant(np.nonzero, np.flatnonzero, np.argwhere, np.searchsorted, np.digitize)
constant(np.diag_indices_from, np.tril_indices_from, np.triu_indices_from)

# Shape, type and memory
static(np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type, np.min_scalar_type)
static(np.iscomplexobj, np.isrealobj, np.shares_memory, np.may_share_memory, np.einsum_path)

# New arrays in the shape of a Value
constant(np.zeros_like, np.ones_like, np.empty_like)

# Text and files
constant(np.array_repr, np.array_str, np.array2string, np.save, np.savetxt, np.savez, np.savez_compressed)
