"""np.pad on Values: surround with a constant or with elements from elsewhere. Builds on `registry` and `picking`."""

from typing import Any

import numpy as np

from ..gates import picking
from .registry import front, implements, refuse

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    """Modes constant, edge, reflect, symmetric and wrap."""
    if isinstance(pad_width, dict):
        named = {front(axis, array.ndim): width for axis, width in pad_width.items()}
        pad_width = [np.broadcast_to(named.get(axis, 0), 2).tolist() for axis in range(array.ndim)]
    fill = options.pop("constant_values", 0)
    refuse("pad", reflect_type=None if options.pop("reflect_type", "even") == "even" else "odd", **options)
    return picking.pad(array, pad_width, mode=mode, constant_values=fill)
