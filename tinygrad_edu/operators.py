"""How Python and NumPy reach the gates: every operator and method of a Value names its gate in a registry.

`GATES` (name → gate) · `UFUNCS`, `FUNCTIONS` (NumPy function → what runs on Values) · `Operators`, the base of Value.
The registries are filled by `gates/` and `numpy_protocol/`; a Value knows names only. Builds on `errors`.
"""

from collections.abc import Callable, Iterator
from operator import getitem
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import LostGradientError, UnsupportedError

if TYPE_CHECKING:
    from .engine import Gate, Value

__all__ = ["FUNCTIONS", "GATES", "UFUNCS", "Operators"]

Function = Callable[..., Any]
Axis = int | tuple[int, ...] | None

GATES: "dict[str, Gate]" = {}
UFUNCS: dict[np.ufunc, Function] = {}
FUNCTIONS: dict[Function, Function] = {}


def unsupported(name: str, why: str = "has no gate yet") -> UnsupportedError:
    """The error for a NumPy function that can't be differentiated here."""
    return UnsupportedError(
        f"{name} {why}: compose it from functions that have one, declare a gate with @gate, "
        "or call it on v.data if it is constant for the derivative"
    )


class Operators:
    """Operators, NumPy protocols and ndarray methods of a Value. Comparisons give plain, constant arrays."""

    __slots__ = ()
    __hash__ = object.__hash__

    # Arithmetic
    def __add__(self, other: Any) -> "Value":
        return GATES["add"].pair(self, other)

    def __radd__(self, other: Any) -> "Value":
        return GATES["add"].pair(other, self)

    def __sub__(self, other: Any) -> "Value":
        return GATES["sub"].pair(self, other)

    def __rsub__(self, other: Any) -> "Value":
        return GATES["sub"].pair(other, self)

    def __mul__(self, other: Any) -> "Value":
        return GATES["mul"].pair(self, other)

    def __rmul__(self, other: Any) -> "Value":
        return GATES["mul"].pair(other, self)

    def __truediv__(self, other: Any) -> "Value":
        return GATES["div"].pair(self, other)

    def __rtruediv__(self, other: Any) -> "Value":
        return GATES["div"].pair(other, self)

    def __pow__(self, other: Any) -> "Value":
        return GATES["power"].pair(self, other)

    def __rpow__(self, other: Any) -> "Value":
        return GATES["power"].pair(other, self)

    def __mod__(self, other: Any) -> "Value":
        return np.remainder(self, other)

    def __rmod__(self, other: Any) -> "Value":
        return np.remainder(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return np.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return np.floor_divide(other, self)

    def __divmod__(self, other: Any) -> Any:
        return np.divmod(self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return np.divmod(other, self)

    def __matmul__(self, other: Any) -> "Value":
        return GATES["matmul"].pair(self, other)

    def __rmatmul__(self, other: Any) -> "Value":
        return GATES["matmul"].pair(other, self)

    def __neg__(self) -> "Value":
        return GATES["neg"](self)

    def __pos__(self) -> "Value":
        return self  # type: ignore[return-value]  # Operators is only ever the base of Value

    def __abs__(self) -> "Value":
        return GATES["abs"](self)

    # Comparisons
    def __eq__(self, other: object) -> Any:
        return np.equal(self, other)

    def __ne__(self, other: object) -> Any:
        return np.not_equal(self, other)

    def __lt__(self, other: Any) -> Any:
        return np.less(self, other)

    def __le__(self, other: Any) -> Any:
        return np.less_equal(self, other)

    def __gt__(self, other: Any) -> Any:
        return np.greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return np.greater_equal(self, other)

    # Indexing
    def __getitem__(self, index: Any) -> "Value":
        return FUNCTIONS[getitem](self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise LostGradientError(
            f"v[{index!r}] = … would overwrite a recorded value: build the result instead, "
            "np.where(mask, new, v) or np.concatenate([v[:i], new, v[i + 1:]])"
        )

    def __iter__(self) -> "Iterator[Value]":
        if not self.shape:
            raise TypeError("a scalar Value can't be iterated over")
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a scalar Value has no len()")
        return self.shape[0]

    # What NumPy asks
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            raise LostGradientError(
                f"np.{ufunc.__name__}(…, out=…) or an in-place operator on an array would lose the gradient of a "
                f"Value: write result = np.{ufunc.__name__}(…)"
            )
        if ufunc not in UFUNCS:
            raise unsupported(f"np.{ufunc.__name__}")
        if method != "__call__":
            return self._ufunc_method(ufunc, method, *inputs, **kwargs)
        if kwargs and ufunc.signature is None and (options := kwargs.keys() - {"out"}):
            raise unsupported(f"np.{ufunc.__name__}(…, {', '.join(sorted(options))}=…)", "has no derivative here")
        return UFUNCS[ufunc](*inputs, **kwargs)

    @staticmethod
    def _ufunc_method(ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        way = FUNCTIONS.get(getattr(ufunc, method))
        if way is None:
            raise unsupported(f"np.{ufunc.__name__}.{method}")
        kwargs.pop("out", None)
        return way(*inputs, **kwargs)

    def __array_function__(self, function: Function, types: Any, args: Any, kwargs: Any) -> Any:
        way = FUNCTIONS.get(function)
        if way is None:
            raise unsupported(f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1))
        return way(*args, **kwargs)

    if TYPE_CHECKING:  # what a Value holds
        _data: Any
        _numbers: Any
        gate: Gate | None
        name: str | None
        requires_grad: bool
        serial: int

        @property
        def data(self) -> Any: ...

    @property
    def label(self) -> str:
        """The name, or the gate and shape: how messages speak of this value."""
        what = f"'{self.name}'" if self.name else f"of gate {self.gate}" if self.gate else "leaf"
        return f"Value {what} {self.shape}"

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes; () for a scalar."""
        return self._data.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's dtype of the data."""
        return self._data.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._data.size  # type: ignore[no-any-return]

    def item(self) -> Any:
        """The number as Python's own."""
        return self._numbers().item()

    def numpy(self) -> Any:
        """A copy of the data, free to be written to."""
        return np.array(self._numbers())[()]

    # Conversions
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.requires_grad:
            raise LostGradientError(
                f"{self.label}: turning it into an array would lose its gradient. Write array @ v for array.dot(v), "
                "np.stack([v, w]) for np.array([v, w]); v.data or v.item() where no gradient is wanted"
            )
        return np.asarray(self.data, dtype)

    def __float__(self) -> float:  # leaves the graph, as `item()`: docs/explanation/architecture.md says what else does
        if self.requires_grad:
            from .arrays import refuse_to_be_stored

            refuse_to_be_stored(self.label)
        return float(self._numbers())

    def __int__(self) -> int:
        return int(self._numbers())

    def __bool__(self) -> bool:
        return bool(self._numbers())

    def __format__(self, spec: str) -> str:
        return format(self.item() if spec and not self.shape else str(self), spec)

    # Elementary methods, as micrograd and the courses call them
    def exp(self) -> "Value":
        """e to the power of each element."""
        return GATES["exp"](self)

    def log(self) -> "Value":
        """Natural logarithm of each element."""
        return GATES["log"](self)

    def sqrt(self) -> "Value":
        """Square root of each element."""
        return GATES["sqrt"](self)

    def tanh(self) -> "Value":
        """Hyperbolic tangent of each element."""
        return GATES["tanh"](self)

    def sigmoid(self) -> "Value":
        """1 / (1 + exp(-x)) of each element."""
        return GATES["sigmoid"](self)

    def relu(self) -> "Value":
        """max(x, 0) of each element."""
        return GATES["relu"](self)

    # ndarray methods, with NumPy's signatures
    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> "Value":
        """Sum over `axis`."""
        return FUNCTIONS[np.sum](self, axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> "Value":
        """Mean over `axis`."""
        return FUNCTIONS[np.mean](self, axis, keepdims=keepdims)

    def prod(self, axis: Axis = None, *, keepdims: bool = False) -> "Value":
        """Product over `axis`."""
        return FUNCTIONS[np.prod](self, axis, keepdims=keepdims)

    def max(self, axis: Axis = None, *, keepdims: bool = False) -> "Value":
        """Maximum over `axis`; ties share the gradient as `tie_policy` says."""
        return FUNCTIONS[np.max](self, axis, keepdims=keepdims)

    def min(self, axis: Axis = None, *, keepdims: bool = False) -> "Value":
        """Minimum over `axis`; ties share the gradient as `tie_policy` says."""
        return FUNCTIONS[np.min](self, axis, keepdims=keepdims)

    def var(self, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> "Value":
        """Variance over `axis`, divided by n - ddof."""
        return FUNCTIONS[np.var](self, axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> "Value":
        """Standard deviation over `axis`, divided by n - ddof; its gradient is 0 where it is 0."""
        return FUNCTIONS[np.std](self, axis, ddof=ddof, keepdims=keepdims)

    def clip(self, min: Any = None, max: Any = None) -> "Value":
        """Each element limited to [min, max]."""
        return FUNCTIONS[np.clip](self, min, max)

    def dot(self, other: Any) -> "Value":
        """Dot product as `np.dot` defines it."""
        return FUNCTIONS[np.dot](self, other)

    def reshape(self, *shape: Any) -> "Value":
        """The same elements in another shape; one length may be -1."""
        return FUNCTIONS[np.reshape](self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> "Value":
        """Axes in another order, by default reversed."""
        return FUNCTIONS[np.transpose](self, axes[0] if len(axes) == 1 else axes or None)

    @property
    def T(self) -> "Value":
        """Axes reversed."""
        return GATES["transpose"](self, axes=tuple(range(self.ndim))[::-1])

    @property
    def mT(self) -> "Value":
        """The last two axes swapped."""
        return FUNCTIONS[np.swapaxes](self, -1, -2)

    def swapaxes(self, axis1: int, axis2: int) -> "Value":
        """Two axes exchanged."""
        return FUNCTIONS[np.swapaxes](self, axis1, axis2)

    @property
    def real(self) -> "Value":
        """Real part of each element."""
        return FUNCTIONS[np.real](self)

    @property
    def imag(self) -> "Value":
        """Imaginary part of each element."""
        return FUNCTIONS[np.imag](self)

    def conj(self) -> "Value":
        """Complex conjugate of each element."""
        return GATES["conjugate"](self)

    def squeeze(self, axis: Axis = None) -> "Value":
        """Axes of length one removed."""
        return FUNCTIONS[np.squeeze](self, axis)

    def ravel(self) -> "Value":
        """All elements along one axis."""
        return FUNCTIONS[np.ravel](self)

    def flatten(self) -> "Value":
        """All elements along one axis."""
        return FUNCTIONS[np.ravel](self)

    def astype(self, dtype: Any) -> "Value":
        """The same numbers in another floating dtype; the gradient comes back in the first."""
        return GATES["astype"](self, dtype=np.dtype(dtype))

    def cumsum(self, axis: int | None = None) -> "Value":
        """Running sum along `axis`, by default over all elements."""
        return FUNCTIONS[np.cumsum](self, axis)

    def cumprod(self, axis: int | None = None) -> "Value":
        """Running product along `axis`, by default over all elements."""
        return FUNCTIONS[np.cumprod](self, axis)

    def take(self, indices: Any, axis: int | None = None) -> "Value":
        """The elements at these places along `axis`."""
        return FUNCTIONS[np.take](self, indices, axis)

    def repeat(self, repeats: Any, axis: int | None = None) -> "Value":
        """Each element several times along `axis`."""
        return FUNCTIONS[np.repeat](self, repeats, axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> "Value":
        """The elements whose two indices differ by `offset`."""
        return FUNCTIONS[np.diagonal](self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> "Value":
        """Sum of a diagonal."""
        return FUNCTIONS[np.trace](self, offset, axis1, axis2)

    # Constant for the derivative: plain arrays
    def argsort(self, axis: int | None = -1) -> Any:
        """The order that would sort: a plain array of integers."""
        return FUNCTIONS[np.argsort](self, axis)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Any:
        """Where the maximum is: a plain array of integers."""
        return FUNCTIONS[np.argmax](self, axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Any:
        """Where the minimum is: a plain array of integers."""
        return FUNCTIONS[np.argmin](self, axis, keepdims=keepdims)
