"""What a layer learns: `Parameter`, and the dtype in which layers make theirs. Builds on the engine."""

from typing import Any

import numpy as np

from ..engine import Value

__all__ = ["Parameter", "default_dtype", "set_default_dtype"]

_default = np.dtype(np.float64)


class Parameter(Value):
    """A leaf that a module learns: assigning it to a module's attribute makes it one of `module.parameters()`.

    >>> Parameter([1.0, 2.0], name="w").requires_grad
    True
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, *, name: str | None = None) -> None:
        super().__init__(data, name=name, requires_grad=requires_grad)


def default_dtype() -> np.dtype[Any]:
    """The dtype of new layers' parameters: float64, NumPy's own (PyTorch's is float32), unless set otherwise.

    >>> default_dtype()
    dtype('float64')
    """
    return _default


def set_default_dtype(dtype: Any) -> None:
    """Make layers in this floating dtype from now on: np.float32 halves the memory and about doubles the speed.

    >>> import numpy as np
    >>> set_default_dtype(np.float32)
    >>> default_dtype()
    dtype('float32')
    >>> set_default_dtype(np.float64)
    """
    global _default
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        raise TypeError(f"set_default_dtype: {dtype} is no floating dtype; choose np.float32 or np.float64")
    _default = dtype


def empty(*shape: int, dtype: Any = None) -> Parameter:
    """A parameter of zeros, for an initialiser to fill."""
    return Parameter(np.zeros(shape, dtype or _default))
