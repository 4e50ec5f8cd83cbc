"""The engine, to be read first: a `Value` is what a gate produced, a `Gate` a NumPy function with its local gradients,
and `walk` goes back over the recorded gates and multiplies: downstream = local gradient × upstream.

`Value` · `Gate` · `gate`. Builds on `declaration` (what a gate states), `walking` (the walk back),
`modes` (what is recorded) and `operators` (how calls find gates). Drawing and compiling only read the record.
"""

import operator as python
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import numpy as np

from .arrays import frozen, held, leaf_array, locked
from .declaration import Declaration, Derivative
from .downstream import apart, conjugate, given_gradient, placed
from .errors import GraphError, ShapeError
from .modes import Label, current_mode
from .node import NO_SETTINGS, Node, Settings
from .walking import walk

__all__ = ["Gate", "Value", "gate", "walk"]

Array = Any  # an ndarray, or a NumPy scalar where the shape is ()

serials = count(1)
_new, _scalar, _array = object.__new__, np.float64, np.ndarray
_NUMBERS = frozenset({float, int, bool, complex, np.float64, np.float32, np.bool_, np.int64})


class Value(Node):
    """A node of the graph: a leaf made by hand, or what a gate produced from its `inputs`.

    `data` is a locked array (or a NumPy scalar where the shape is ()); integers become float64. `grad` is the gradient
    of the last walk, summed over walks in leaves as in PyTorch and micrograd. A graph gives the gradient at the values
    it was built with: a leaf that changed since makes `backward` raise `StaleGraphError`.

    >>> x, y = Value(-2.0, name="x"), Value(5.0, name="y")
    >>> f = (x + y) * -4
    >>> f.backward()
    >>> f.item(), float(x.grad)
    (-12.0, -4.0)
    """

    __slots__ = ()

    def __init__(self, data: Any, *, name: str | None = None, requires_grad: bool = True) -> None:
        self._data = leaf_array(data)
        self._grad = self._x = self._y = self.gate = None
        self.settings = NO_SETTINGS
        label = current_mode().label
        self._label = label if name is None else (name, label[1])
        self.requires_grad = requires_grad
        self.serial = next(serials)

    @property
    def data(self) -> Array:
        """The number or array, read-only. Assigning to a leaf replaces it, and graphs recorded before become stale."""
        if current_mode().trace is not None:
            return current_mode().trace.data_of(self)
        if type(self._data) is np.ndarray:
            self._data.flags.writeable = False
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        if self.gate is not None:
            raise GraphError(f"{self.label}: only a leaf can be given new data; this value comes from gate {self.gate}")
        self._data = leaf_array(data)
        self.touch()

    def _numbers(self) -> Array:
        """The data as Python may look at them, which it may not while a program is traced that would keep them."""
        trace = current_mode().trace
        return self._data if trace is None else trace.looked_at(self)

    def _assign(self, array: Array) -> None:
        """Write numbers into this leaf in its own shape and dtype: the one door for initialisers and checkpoints."""
        array = np.asarray(array)
        if array.shape != self.shape:
            raise ShapeError(f"{self.label}: data of shape {array.shape} do not fit")
        self.data = array.astype(self.dtype)

    def touch(self) -> None:
        """Mark this leaf as changed now: a graph recorded earlier will refuse to walk back through it."""
        self.serial = next(serials)

    @property
    def grad(self) -> Any:
        """∂(the value walked back from)/∂(this), or None before any walk (0.0 for a scalar, as in micrograd)."""
        gradient = self._grad
        if gradient is None and not self.shape:
            return np.float64(0)
        if type(gradient) is np.ndarray and (self.gate or gradient.base is not None or not gradient.flags.writeable):
            # Gates hand one array to several inputs, and rooms are filled anew: who reads gets a copy to keep.
            self._grad = gradient = gradient.copy()
        return gradient

    @grad.setter
    def grad(self, gradient: Any) -> None:
        self._grad = None if gradient is None else given_gradient(gradient, self)

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self._grad = None

    def detach(self) -> "Value":
        """The same data as a constant: no gradient flows through it."""
        return data if isinstance((data := self.data), Value) else constant(data)

    def backward(self, gradient: Any = None, *, create_graph: bool = False, leaves_only: bool = False) -> None:
        """Set `.grad` of every value this one was made from to ∂(self)/∂(value), by reverse-mode differentiation.

        `gradient` is the upstream gradient of `self` (1 for a scalar). With `create_graph` the gradients are Values
        themselves, so that they can be differentiated again. With `leaves_only` intermediate gradients are let go.
        Raises `GraphError` without a graph or, for an array, without `gradient`.

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> float(x.grad)
        6.0
        """
        given = None if gradient is None else conjugate(given_gradient(gradient, self, copy=False))
        own: set[Value] = set()
        for value, g in walk(self, given, create_graph=create_graph, leaves_only=leaves_only, sums=own).items():
            g = g if type(g) is _scalar else apart(conjugate(g), given)
            if value.gate is None:
                new = value._grad is None
                value._grad = placed(value, g if new else value._grad + g, value in own or not new)
            else:
                value._grad = g

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        if self.shape:
            text = np.array2string(self._data, separator=", ", prefix="Value(data=", threshold=20, precision=4)
            return f"Value(data={text}, shape={self.shape}{name})"
        return f"Value(data={self.item()!r}, grad={getattr(self.grad, 'item', lambda: self.grad)()!r}{name})"


def constant(data: Array) -> Value:
    """A Value that needs no gradient, holding what a gate computed."""
    if type(data) is np.ndarray:
        data = frozen(locked(data))
    return _node(data, None, None, None, NO_SETTINGS, False)


def _node(
    data: Array, gate: Any, x: Any, y: Any, settings: Settings, needed: bool, label: Label = (None, None)
) -> Value:
    value = _new(Value)
    value._data = data if type(data) is _scalar or (type(data) is _array and data.ndim) else held(data)
    value._x, value._y, value.gate = x, y, gate
    value._label, value.requires_grad = label, needed
    value._grad, value.settings = None, settings
    value.serial = next(serials)
    return value


def _pairing(gate: "Gate", operator: str | None) -> Callable[[Any, Any], Any]:
    """`gate(x, y)` for an operator: spelled out for what most gates of a graph of single numbers are called on."""
    compute = getattr(python, operator) if operator else gate.forward

    def pair(x: Any, y: Any) -> Any:
        mode = current_mode()
        if mode.trace is not None:
            return mode.trace.record(gate, (x, y), NO_SETTINGS)
        if not (
            isinstance(x, Value) and isinstance(y, Value) and x.requires_grad and y.requires_grad and mode.recording
        ):
            return with_number(x, y, mode.label) if mode.recording else gate(x, y)
        try:
            out = compute(x._data, y._data)
        except (ValueError, IndexError, TypeError) as error:
            raise gate.explained(error, (x._data, y._data), (x, y), NO_SETTINGS) from error
        value = _new(Value)  # as _node does
        value._data = out if operator else held(out)  # of what Values hold, operators make what Values can hold
        value._x, value._y, value.gate = x, y, gate
        value._label, value.requires_grad = mode.label, True
        value._grad, value.settings = None, NO_SETTINGS
        value.serial = next(serials)
        return value

    def with_number(x: Any, y: Any, label: Label) -> Any:
        if type(y) in _NUMBERS and isinstance(x, Value) and x.requires_grad:
            a, b = x._data, y
        elif type(x) in _NUMBERS and isinstance(y, Value) and y.requires_grad:
            a, b = x, y._data
        else:
            return gate(x, y)
        try:
            out = compute(a, b)
        except (ValueError, IndexError, TypeError) as error:
            raise gate.explained(error, (a, b), (x, y), NO_SETTINGS) from error
        return _node(out, gate, None, (x, y), NO_SETTINGS, True, label)

    return pair if gate.direct == 2 else gate  # the walk takes it that a pair has no settings and leaves nothing idle


class Gate(Declaration):
    """A declaration that can be called: on arrays it just computes, on Values it records what it did."""

    def __init__(self, *stated: Any, operator: str | None = None, **facts: Any) -> None:
        super().__init__(*stated, **facts)
        self.pair = _pairing(self, operator)

    def __call__(self, *inputs: Any, **settings: Any) -> Any:
        mode = current_mode()
        if mode.trace is not None and any(isinstance(x, Value) for x in inputs):
            return mode.trace.record(self, inputs, self.complete(settings) if self.settings or settings else settings)
        arrays, values, needed, fixed = [], 0, 0, 0
        for x in inputs:
            if isinstance(x, Value):
                arrays.append(x._data)
                values += 1
                needed += x.requires_grad
            elif type(x) in _NUMBERS:
                arrays.append(x)
                fixed += 1
            else:
                arrays.append(x if type(x) is _array else self.plain(x))
        if settings or self.settings:
            settings = self.complete(settings)
        forward = self.forward if self.number is None or type(arrays[0]) is not _scalar else self.number
        try:
            out = forward(*arrays, **settings) if settings else forward(*arrays)
        except (ValueError, IndexError, TypeError) as error:
            raise self.explained(error, arrays, inputs, settings) from error
        if not values or not (mode.recording and (needed or mode.everything)):
            return constant(out) if values else out
        if needed == self.direct > 0:
            return _node(out, self, inputs[0], inputs[1] if needed == 2 else None, NO_SETTINGS, True, mode.label)
        if needed + fixed < len(inputs):
            inputs = tuple(map(_kept, inputs, arrays))
        return _node(out, self, None, inputs, settings or NO_SETTINGS, needed > 0, mode.label)


def gate(
    *,
    symbol: str | None = None,
    parts: Derivative | None = None,
    elementwise: bool = False,
    idle: Mapping[str, Derivative] | None = None,
    number: Callable[[Any], Any] | None = None,
    numpy: np.ufunc | None = None,
    operator: str | None = None,
    **derivatives: Derivative,
) -> Callable[[Callable[..., Any]], Gate]:
    """Declare a gate: the decorated NumPy function computes it, each keyword is the derivative by the input it names.

    A derivative is called as `derivative(g, out, *inputs, **settings)` with arrays, or with Values when the gradient
    itself is to be differentiated. `numpy` is the ufunc that the gate stands for, `operator` the operator of Python's
    that does to arrays what the gate does, as "__add__"; those of another gate are refused. `number` is a quicker way
    for one float64. See `Gate` for the rest.

    >>> @gate(x=lambda g, out, x: 3 * g * np.square(x))
    ... def cube(x):
    ...     return x * x * x
    >>> x = Value(2.0)
    >>> cube(x).backward()
    >>> float(x.grad)
    12.0
    """

    def declare(forward: Callable[..., Any]) -> Gate:
        stated = {"symbol": symbol, "parts": parts, "elementwise": elementwise, "idle": idle, "number": number}
        made = Gate(forward, derivatives, operator=operator, **stated)
        if operator is not None:
            made.serve(operator, made.pair)
        made.register(numpy)
        return made

    return declare


def _kept(x: Any, array: Array) -> Any:
    """An input as the graph keeps it: what could still be written to is copied."""
    if not isinstance(x, Value):
        return frozen(array)
    return x if x.requires_grad or x.gate is not None or frozen(array) is array else constant(array)
