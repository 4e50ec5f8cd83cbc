"""A trace: a function run once on stand-ins for its inputs, while everything that is computed from them is recorded.

`Trace` records in the engine's place (`modes.tracing`) · `Traced`, the Values that it makes. Of what is recorded shape
and dtype are found, while the numbers wait for the program: they are promised, and a number that Python reads would be
frozen into the program, so it is refused. Builds on the engine, `kinds`, `program` and `random`.
"""

import gc
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any, NoReturn

import numpy as np

from ..downstream import conjugate, given_gradient
from ..engine import Gate, Value, _new, _node, serials, walk
from ..errors import GraphError
from ..modes import current_mode
from ..node import NO_SETTINGS
from ..numpy_protocol.registry import called
from ..operators import GATES
from ..random import generator
from .kinds import Promise, hollow, numbers_of, promised
from .program import Function

__all__ = ["Trace", "Traced", "collector_resting"]

DETACH = Function("detach", lambda x: x)
ZERO = np.float64(0)
_serial = attrgetter("serial")
SHAPED_BY_DATA = frozenset({np.nonzero, np.flatnonzero, np.argwhere, np.unique})


@contextmanager
def collector_resting() -> Iterator[None]:
    """No garbage is looked for: all that tracing makes lives to its end, and looking through it takes a third more."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Traced(Value):
    """A Value made while tracing, also of whole numbers or truth values: questions about data are asked at each run.

    What would turn one into a Python number or an array raises GraphError.
    """

    __slots__ = ()

    @property  # type: ignore[misc]  # what is traced is not assigned to
    def data(self) -> "Traced":
        """The same numbers as a constant: no gradient flows through it."""
        trace = current_mode().trace
        return self._data if trace is None else trace.constant(self)

    def detach(self) -> "Traced":
        """The same numbers as a constant: no gradient flows through it."""
        return self.data

    def backward(self, gradient: Any = None, *, create_graph: bool = False, leaves_only: bool = False) -> None:
        """Record the gradients of all leaves, which the program leaves in their `.grad`."""
        del create_graph  # they are recorded anyway
        given = None if gradient is None else conjugate(given_gradient(gradient, self))
        trace = current_mode().trace
        for value, g in walk(self, given, create_graph=True).items():
            if value.gate is None:
                trace.gather(value, conjugate(g))
            elif not leaves_only:
                value._grad = conjugate(g)

    def _refuse(self, what: str) -> NoReturn:
        raise refusal(self, what)

    def __bool__(self) -> bool:  # noqa: PLE0304 - it never returns
        self._refuse("the truth value (if, while, and, or)")

    def __float__(self) -> float:
        self._refuse("float()")

    def __int__(self) -> int:
        self._refuse("int()")

    def __index__(self) -> int:  # noqa: PLE0305 - it never returns
        self._refuse("an index")

    def __complex__(self) -> complex:
        self._refuse("complex()")

    def item(self) -> Any:
        """Refused: see `Traced`."""
        self._refuse("item()")

    def tolist(self) -> Any:
        """Refused: see `Traced`."""
        self._refuse("tolist()")

    def numpy(self) -> Any:
        """Refused: see `Traced`."""
        self._refuse("numpy()")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        self._refuse("turning into a plain array")

    # What arrays of truth values and whole numbers can do, and Values otherwise never need
    def __and__(self, other: Any) -> Any:
        return asked(np.bitwise_and, self, other)

    def __rand__(self, other: Any) -> Any:
        return asked(np.bitwise_and, other, self)

    def __or__(self, other: Any) -> Any:
        return asked(np.bitwise_or, self, other)

    def __ror__(self, other: Any) -> Any:
        return asked(np.bitwise_or, other, self)

    def __xor__(self, other: Any) -> Any:
        return asked(np.bitwise_xor, self, other)

    def __rxor__(self, other: Any) -> Any:
        return asked(np.bitwise_xor, other, self)

    def __invert__(self) -> Any:
        return asked(np.invert, self)

    def any(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        """Whether any element is true."""
        return asked(np.any, self, axis, keepdims=keepdims)

    def all(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        """Whether all elements are true."""
        return asked(np.all, self, axis, keepdims=keepdims)

    def round(self, decimals: int = 0) -> Any:
        """Each element to the nearest number with so many decimals."""
        return asked(np.round, self, decimals)

    def astype(self, dtype: Any) -> Any:
        """The same numbers in another dtype, also whole numbers and truth values here."""
        if np.dtype(dtype).kind in "fc":
            return super().astype(dtype)
        return asked(np.asarray, self, np.dtype(dtype))

    def copy(self) -> "Traced":
        """The same Value: nobody can write to it."""
        return self


def refusal(x: Value, what: str) -> GraphError:
    """Why Python may not have the numbers of x."""
    return GraphError(
        f"{what} of {x.label} while it is compiled: the program would keep this one run's answer for all later "
        "ones. Choose with np.where(condition, a, b) instead of `if`, return numbers as arrays and look at them "
        "outside; what never changes can be computed before, outside the compiled function"
    )


def asked(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Record a call of a NumPy function that is constant for the derivative."""
    return current_mode().trace.call(function, *args, **kwargs)


class Trace:
    """What was recorded, in order, and what the function did besides returning.

    `stand_ins` are the arguments and what else was read (`reads`), `gradients` what `backward` leaves in `.grad` of
    leaves, `writes` the attributes it set, `updates` the steps of optimisers, `flags` the attributes that it depended
    on and the program does not.
    """

    def __init__(self, graded: frozenset[Value] = frozenset()) -> None:
        self.nodes: list[Traced] = []
        self.reports: list[tuple[int, Value, int, Any]] = []  # of walks: nodes so far, a gate, an input, its gradient
        self.reads: dict[tuple[int, str], tuple[Any, str, Traced]] = {}
        self.writes: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self.gradients: dict[Value, Any] = {}
        self.zeroed: set[Value] = set()
        self.updates: list[Any] = []
        self.flags: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self.arguments: set[int] = set()
        self.rng: Traced | None = None
        self._rng_state: Any = None
        self._graded = graded  # leaves that had a gradient when the trace began
        self._before: dict[Value, Any] = {}
        self._copies: dict[int, Any] = {}  # of arrays from outside, by identity
        self.start = self.stand_in(0.0).serial  # what is newer was made by the function

    # Recording

    def stand_in(self, array: Any, name: str | None = None) -> Traced:
        """A leaf for an array that is given anew at each run."""
        made = _node(array, None, None, None, NO_SETTINGS, False)
        made.__class__ = Traced
        made.name = name
        return made  # type: ignore[return-value]

    def argument(self, x: Any) -> Traced:
        """A stand-in for an argument: an array, or a Value, which needs a gradient if that does."""
        made = self.stand_in(x._data if isinstance(x, Value) else x, getattr(x, "name", None))
        made.requires_grad = isinstance(x, Value) and x.requires_grad
        self.arguments.add(id(made))
        return made

    def made(self, gate: Any, inputs: tuple[Any, ...], settings: Any, out: Any, needed: bool) -> Traced:
        """A node, noted as the next one."""
        mode = current_mode()
        node = _new(Traced)  # as the engine's _node does
        node._data, node.gate, node._y, node.settings = out, gate, inputs, settings
        node._x = node._grad = None
        node.requires_grad, node._label = needed and mode.recording, mode.label
        node.serial = next(serials)
        self.nodes.append(node)
        return node

    def record(self, gate: Gate, inputs: tuple[Any, ...], settings: Any) -> Traced:
        """The node for a call of a gate."""
        if gate.name in ("getitem", "scatter") and any(isinstance(x, Value) and x.dtype == bool for x in inputs[1:]):
            raise GraphError(
                f"gate {gate.name} by a mask while it is compiled: how many elements there are would depend on the "
                "data, and a program is made for fixed shapes. Multiply by the mask, or use np.where(mask, v, 0)"
            )
        needed = writable = False
        for x in inputs:
            if isinstance(x, Value):
                needed = needed or x.requires_grad
            elif type(x) is not float:
                writable = True
        kept = tuple(map(self.kept, inputs)) if writable else inputs
        return self.made(gate, kept, settings, promised(gate, kept, settings), needed)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """The node for a call of a function that is constant for the derivative."""
        name = called(function)
        if function in SHAPED_BY_DATA:
            raise GraphError(
                f"{name} while it is compiled: the shape of its result depends on the data, and a program is made for "
                "fixed shapes. Work with the mask itself: multiply by it, or use np.where(mask, a, b)"
            )
        out = self.fixed(function, *args, **kwargs)
        if not isinstance(out, np.ndarray | np.generic | bool):
            raise GraphError(f"{name} of Values can't be compiled: it gives a {type(out).__name__}, not an array")
        kept = tuple(map(self.kept, args))
        promise = Promise(function, kept, kwargs, (np.shape(out), np.asarray(out).dtype))
        return self.made(Function(name, function), kept, kwargs, promise, False)

    def fixed(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """The answer of a function that looks at shapes and dtypes alone, or such an answer's."""
        try:
            with np.errstate(all="ignore"):
                return function(*map(hollow, args), **{k: hollow(x) for k, x in kwargs.items()})
        except (ValueError, ArithmeticError):  # some numbers have no answer: these may
            return function(*map(numbers_of, args), **{k: numbers_of(x) for k, x in kwargs.items()})

    def constant(self, x: Value) -> Value:
        """The numbers of a Value without its gradient."""
        if isinstance(x, Traced) and not x.requires_grad:
            return x
        return self.made(DETACH, (x,), {}, x._data, False)

    def data_of(self, x: Value) -> Any:
        """The data of a Value: a constant for the derivative, read anew at each run if it was made outside."""
        return x._data if x.serial > self.start else self.constant(x)

    def looked_at(self, x: Value) -> Any:
        """The numbers of a Value for Python, unless it was made outside and may change."""
        if x.serial <= self.start:
            raise refusal(x, "the numbers")
        return x._data

    def draw(self, method: str, *args: Any) -> Traced:
        """The node for numbers that the package's generator draws, anew at each run."""
        if self.rng is None:
            self._rng_state = generator().bit_generator.state
            self.rng = self.stand_in(0.0, "rng")
        drawn = getattr(np.random.Generator, method)
        function, some = Function(f"np.random.Generator.{method}", drawn, pure=False), drawn(generator(), *args)
        promise = Promise(partial(drawn, np.random.default_rng()), args, {}, (np.shape(some), np.asarray(some).dtype))
        return self.made(function, (self.rng, *args), {}, promise, False)

    def kept(self, x: Any) -> Any:
        """An input as the trace keeps it: what could still be written to is copied, once if it stays the same."""
        if type(x) in (tuple, list):
            return tuple(map(self.kept, x))
        if not isinstance(x, np.ndarray) or not x.ndim:
            return x[()] if isinstance(x, np.ndarray) else x
        copy = self._copies.get(id(x))
        if copy is None or copy.shape != x.shape or copy.dtype != x.dtype or not np.array_equal(copy, x):
            copy = self._copies[id(x)] = x.copy()
            self._copies[id(copy)] = copy
        return copy

    # What walks report

    def watch(self, node: Value, position: int, g: Any, down: Any) -> None:  # noqa: ARG002 - a watcher's signature
        """Note the gradient of a gate by one of its inputs, which was recorded since the last report."""
        self.reports.append((len(self.nodes), node, position, down))

    def described(self, node: Value) -> tuple[str, Value | None]:
        """Where a node comes from, if a walk has made it: a comment on its line, and whose gradient it is."""
        at = bisect_left(self.nodes, node.serial, key=_serial)
        after = bisect_right(self.reports, at, key=itemgetter(0))
        if after and node.gate is GATES["add"]:
            mark, upper, position, down = self.reports[after - 1]
            if mark == at and node.inputs[-1] is down:
                x = upper.inputs[position]
                return f"sum of the gradients by {_word(x)}", x
        upper = self.reports[after][1] if after < len(self.reports) else node
        if node.serial <= upper.serial:
            return "", None
        own = self.reports[after : after + len(upper.inputs)]
        targets = (upper.inputs[position] for _, above, position, down in own if above is upper and down is node)
        return f"gradient of {upper.gate}", next(targets, None)

    def step(self, optimizer: Any) -> None:
        """Note the step of an optimiser, with the gradient of each of its parameters, or None."""
        if any(optimizer is before for before, _, _ in self.updates):
            raise GraphError(f"{optimizer} steps twice in one compiled function: compile one step, and call it twice")
        self.flag(optimizer, "on_nonfinite")
        flats = [(group, flat, [self.gradient(p) for p in flat.parameters]) for group, flat in optimizer._flats]
        self.updates.append((optimizer, flats, len(self.nodes)))

    def gradient(self, leaf: Value) -> Any:
        """The gradient of a leaf, recorded here (perhaps as numbers that never change) or left by an earlier run."""
        if not isinstance(leaf._grad, np.ndarray | np.generic) or leaf._grad is self.gradients.get(leaf):
            return leaf._grad
        return self.read(leaf, "_grad")

    def forget(self, leaves: Any) -> None:
        """Note that these leaves' gradients are forgotten first."""
        for leaf in leaves:
            self._before.setdefault(leaf, leaf._grad)
            leaf._grad = None
        self.zeroed.update(leaves)

    def gather(self, leaf: Value, g: Value) -> None:
        """Leave a gradient in a leaf, beside what is there."""
        before = leaf._grad
        if leaf not in self._before:
            self._before[leaf] = before
            if before is None and leaf in self._graded:
                self.zeroed.add(leaf)
        before = self.gradient(leaf)
        self.place(leaf, g if before is None else before + g)

    def place(self, leaf: Value, g: Value) -> None:
        """Leave a gradient in a leaf, instead of what is there."""
        self._before.setdefault(leaf, leaf._grad)
        self.gradients[leaf] = leaf._grad = g

    # State

    def read(self, owner: Any, name: str) -> Any:
        """An attribute that may change from run to run, as a stand-in."""
        key = (id(owner), name)
        if key in self.writes:
            return self.writes[key][2]
        if key not in self.reads:
            called = f"{owner.name or 'leaf'}_grad" if isinstance(owner, Value) else name
            self.reads[key] = (owner, name, self.stand_in(getattr(owner, name), called))
            self.reads[key][2].group = current_mode().label[1]
        return self.reads[key][2]

    def write(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute when the program has run."""
        self.writes[id(owner), name] = (owner, name, value)

    def flag(self, owner: Any, name: str) -> None:
        """Note an attribute on which it depends what is recorded: the program holds as long as it stays the same."""
        self.flags[id(owner), name] = (owner, name, getattr(owner, name))

    def restore(self) -> None:
        """Undo what tracing has changed: gradients of leaves, the random generator."""
        for leaf, before in self._before.items():
            leaf._grad = before
        if self._rng_state is not None:
            generator().bit_generator.state = self._rng_state


def _word(x: Value) -> str:
    return x.name or str(x.gate or "a leaf")
