"""Shapes and dtypes of what gates and NumPy functions will give, found with next to no work on numbers.

`stand_in` · `kind_of` (for a NumPy function) · `kind_by` and `simple_kind` (for a gate) · `Promise` (what stands for a
result while it is only known by its kind). Builds on NumPy and the engine.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..engine import Gate, Value

__all__ = ["Promise", "hollow", "kind_by", "kind_of", "numbers_of", "promised", "simple_kind", "stand_in"]

ARRAYS = (np.ndarray, np.generic)
NUMBERS = (Value, *ARRAYS, bool, int, float, complex)
TYPED_BY_DATA = frozenset({"eig"})  # complex where its numbers are
Array = Any
Kind = tuple[tuple[int, ...], Any]

# Gates that work sample by sample, with the inputs that have a batch: run on none of it, they do no work.
BATCHED = {
    "conv": (0,),
    "conv_transpose": (0,),
    "conv_weight": (0, 1),
    "max_pool": (0,),
    "route_to_winners": (0, 1, 2),
    "sum_windows": (0,),
    "spread_windows": (0,),
}


@lru_cache(4096)
def stand_in(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array that takes no memory: of ones, or of zeros where they may be places along an axis."""
    number = np.zeros((), dtype) if np.dtype(dtype).kind in "iu" else np.ones((), dtype)
    return np.broadcast_to(number, shape) if shape else number[()]


def kind_of(function: Callable[..., Any], inputs: Sequence[Any], settings: Mapping[str, Any]) -> Kind:
    """The shape and dtype of function(*inputs, **settings), where arrays are given as stand-ins."""
    if isinstance(function, np.ufunc) and function.signature is None and function.nout == 1 and not settings:
        types = [x.dtype if isinstance(x, np.ndarray | np.generic) else type(x) for x in inputs]
        if all(isinstance(t, np.dtype) or t in (int, float, complex) for t in types):
            return np.broadcast_shapes(*map(np.shape, inputs)), function.resolve_dtypes((*types, None))[-1]
    with np.errstate(all="ignore"):
        out = function(*inputs, **settings)
    return np.shape(out), out.dtype


def kind_by(gate: Gate, inputs: Sequence[Array], settings: Mapping[str, Any]) -> Kind:
    """The shape and dtype of what a gate gives for such inputs; what the gate raises, if they don't fit."""
    with np.errstate(all="ignore"):
        return _found(gate, inputs, settings)


def _found(gate: Gate, inputs: Sequence[Array], settings: Mapping[str, Any]) -> Kind:
    shapes = [np.shape(x) for x in inputs]
    if gate.elementwise and any(shapes):
        shape = np.broadcast_shapes(*shapes)
        return shape, gate.forward(*[_first(x) for x in inputs], **settings).dtype
    if gate.name == "matmul" and all(shapes) and shapes[0][-1] == shapes[1][-2:][0] > 0:
        inputs = [inputs[0][..., :0], inputs[1][..., :0, :] if len(shapes[1]) > 1 else inputs[1][:0]]
    if (batched := BATCHED.get(gate.name)) and len(batch := {shapes[k][0] for k in batched if shapes[k]}) == 1:
        empty = [x[:0] if k in batched else x for k, x in enumerate(inputs)]
        shape, dtype = _kind(gate.forward(*empty, **settings))
        return shape if gate.name == "conv_weight" else (*batch, *shape[1:]), dtype
    return _kind(gate.forward(*inputs, **settings))


@lru_cache(4096)
def simple_kind(gate: Gate, tokens: Sequence[Any]) -> Kind:
    """The same for a gate that works by element and has no settings, found once for all inputs of such `tokens`."""

    def sample(token: Any) -> Any:
        if token is float:
            return 1.0
        return stand_in(*token) if isinstance(token[0], tuple) else token[1]

    return kind_by(gate, list(map(sample, tokens)), {})


def token_of(x: Any) -> Any:
    """What of an input decides on the kind of the result: its own kind, or of a whole or complex number itself."""
    if isinstance(x, Value):
        x = x._data
        if type(x) is Promise:
            return x.kind
    if type(x) is float:
        return float
    if isinstance(x, ARRAYS):
        return x.shape, x.dtype
    if isinstance(x, int | complex):
        return type(x), x
    raise TypeError(f"{type(x).__name__} is no number")


def _kind(out: Array) -> Kind:
    return np.shape(out), out.dtype


def _first(x: Array) -> Array:
    """The first element of an array, with as many axes."""
    return x[(slice(1),) * x.ndim] if isinstance(x, np.ndarray) else x


class Promise(NDArrayOperatorsMixin):
    """The shape and dtype of forward(*inputs, **settings), computed only if somebody asks for more.

    Nearly nobody does: what decides by numbers could not be compiled. But a derivative may look whether it exists.
    """

    __slots__ = ("dtype", "forward", "inputs", "kind", "settings", "shape")

    def __init__(self, forward: Callable[..., Any], inputs: Any, settings: Mapping[str, Any], kind: Kind) -> None:
        self.forward, self.inputs, self.settings, self.kind = forward, inputs, settings, kind
        self.shape, self.dtype = kind

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape))

    def numbers(self) -> Array:
        """The numbers, computed with those of everything they are made of."""
        known: dict[int, Any] = {}
        waiting = [self]
        while waiting:
            promise = waiting[-1]
            missing = [p for p in _promises((promise.inputs, *promise.settings.values())) if id(p) not in known]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            settings = {name: numbers_of(x, known) for name, x in promise.settings.items()}
            with np.errstate(all="ignore"):
                known[id(promise)] = promise.forward(*[numbers_of(x, known) for x in promise.inputs], **settings)
        return known[id(self)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.numbers(), dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*map(numbers_of, inputs), **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.numbers(), name)

    def __getitem__(self, index: Any) -> Any:
        return self.numbers()[index]

    def __len__(self) -> int:
        return len(np.empty(self.shape, "V0"))

    def __float__(self) -> float:
        return float(self.numbers())

    def __bool__(self) -> bool:
        return bool(self.numbers())


def _promises(tree: Any) -> Iterator[Promise]:
    """The promises in what a gate was given."""
    if type(tree) in (tuple, list):
        for branch in tree:
            yield from _promises(branch)
    elif isinstance(tree, Value) and type(tree._data) is Promise:
        yield tree._data
    elif type(tree) is Promise:
        yield tree


def numbers_of(x: Any, known: Mapping[int, Any] | None = None) -> Any:
    """The numbers behind Values and promises, in tuples and lists too; `known` holds those of some promises."""
    if type(x) in (tuple, list):
        return type(x)(numbers_of(part, known) for part in x)
    x = x._data if isinstance(x, Value) else x
    if type(x) is not Promise:
        return x
    return x.numbers() if known is None else known[id(x)]


def promised(gate: Gate, inputs: Sequence[Any], settings: Any) -> Promise:
    """What a gate will give; its error, explained, where the inputs don't fit."""
    if gate.elementwise and not settings:
        try:
            return Promise(gate.forward, inputs, settings, simple_kind(gate, tuple(map(token_of, inputs))))
        except (ValueError, IndexError, TypeError):  # which the general way explains
            pass
    known = numbers_of if gate.name in TYPED_BY_DATA else hollow
    arrays = [known(x) if isinstance(x, NUMBERS) else gate.plain(x) for x in inputs]
    try:
        kind = kind_by(gate, arrays, settings)
    except (ValueError, IndexError, TypeError):
        try:  # with the numbers themselves, that the error be a true one
            out = gate.forward(*map(numbers_of, inputs), **settings)
        except (ValueError, IndexError, TypeError) as error:
            raise gate.explained(error, arrays, inputs, settings) from error
        kind = out.shape, out.dtype
    return Promise(gate.forward, inputs, settings, kind)


def hollow(x: Any) -> Any:
    """What has the shape and dtype of an input, and its numbers if they are there."""
    if type(x) in (tuple, list):
        return type(x)(map(hollow, x))
    x = x._data if isinstance(x, Value) else x
    return stand_in(x.shape, x.dtype) if type(x) is Promise else x
