"""What a gate declares once, and everything else reads: its forward, local gradients, symbol and sentence.

`Declaration`, the part of a Gate that knows nothing of Values. Builds on `errors` and `operators`.
"""

from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from typing import Any, cast

import numpy as np

from .errors import DegenerateError, GateError, GraphError, OutOfRangeError, ShapeError
from .operators import GATES, UFUNCS, Operators

__all__ = ["Declaration", "Derivative"]

Derivative = Callable[..., Any]
SERVED: dict[str, "Declaration"] = {}  # which gate an operator of Python's is


class Declaration:
    """A NumPy function with its local gradients, before any call.

    `forward` takes data by position and settings by keyword. `derivatives[k](g, out, *inputs, **settings)` gives the
    downstream gradient of input k from the upstream gradient g; it is written with what arrays and Values share, reads
    nothing else, and so can be differentiated itself. `symbol` and `sentence` (the docstring's first line) are how
    lessons speak of it, `parts` composes a fused gate from smaller ones, `elementwise` says that out[i] depends on the
    inputs at i only, and `idle` gives for an input the mask of elements that `out` does not use. `number` computes the
    same for one float64, where Python's operators take a tenth of the time of a NumPy function. `alike` is set for the
    four gates of arithmetic: of two inputs of one shape and dtype they and their derivatives make more of the same.
    `direct` is the number of inputs, one or two, of a gate that needs nothing else to go back: no settings, no masks.
    """

    # What every call reads lies in slots: in a dict of so many names Python looks it up anew each time.
    __slots__ = ("__dict__", "__weakref__", "alike", "derivatives", "direct", "forward", "idle", "number", "settings",
                 "variadic")  # fmt: skip

    def __init__(
        self,
        forward: Callable[..., Any],
        derivatives: Mapping[str, Derivative],
        *,
        symbol: str | None = None,
        parts: Callable[..., Any] | None = None,
        elementwise: bool = False,
        idle: Mapping[str, Derivative] | None = None,
        number: Callable[[Any], Any] | None = None,
    ) -> None:
        update_wrapper(cast(Any, self), forward)
        code = forward.__code__
        keywords = code.co_argcount + code.co_kwonlyargcount
        self.name = forward.__name__.rstrip("_")
        self.forward = forward
        self.names = code.co_varnames[: code.co_argcount]
        self.settings = frozenset(code.co_varnames[code.co_argcount : keywords])
        self.variadic = code.co_varnames[keywords] if code.co_flags & 4 else None
        self.defaults: dict[str, Any] = forward.__kwdefaults__ or {}
        if unknown := derivatives.keys() - {*self.names, self.variadic}:
            raise GateError(f"gate {self.name}: derivative by {sorted(unknown)}, but its inputs are {self.names}")
        self.derivatives = tuple(derivatives.get(name) or self._missing(name) for name in self.names)
        self._each = derivatives.get(self.variadic or "") or self._missing(self.variadic or "")
        self.symbol = symbol or self.name
        self.sentence = (forward.__doc__ or self.name).strip().splitlines()[0]
        self.parts = parts
        self.elementwise = elementwise
        self.idle = {self.names.index(name): mask for name, mask in (idle or {}).items()}
        if number is not None and len(self.names) != 1:
            raise GateError(f"gate {self.name}: `number` is for gates of one input, and its inputs are {self.names}")
        self.number = number
        self.alike = False
        plain = not (self.settings or self.idle or self.variadic)
        self.direct = len(self.names) if plain and len(self.names) <= 2 else 0

    def __repr__(self) -> str:
        return self.name

    def derivatives_of(self, count: int) -> tuple[Derivative, ...]:
        """The local gradients of a call with `count` inputs, in their order."""
        if self.variadic is None:
            return self.derivatives
        first = len(self.names)
        return (*self.derivatives, *(partial(self._each, position=k) for k in range(first, count)))

    def _missing(self, name: str) -> Derivative:
        def refuse(*_: Any, **__: Any) -> Any:
            raise GraphError(
                f"gate {self.name} has no derivative by its input {name!r}: pass it as a constant array, "
                "or make it Value(…, requires_grad=False)"
            )

        return refuse

    def complete(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a call with the defaults filled in; GateError for one that is unknown or missing."""
        full = {**self.defaults, **settings}
        if full.keys() != self.settings:
            unknown, missing = sorted(full.keys() - self.settings), sorted(self.settings - full.keys())
            wrong = f"unknown {', '.join(unknown)}" if unknown else f"missing {', '.join(missing)}"
            raise GateError(f"gate {self.name}: setting {wrong}; its settings are {sorted(self.settings)}")
        return full

    def plain(self, x: Any) -> Any:
        """`x` as an array of numbers, or an error that says what it is."""
        array = np.asarray(x)
        if array.dtype.kind not in "biufc":
            raise GateError(f"gate {self.name}: {type(x).__name__} {x!r:.40} is neither a Value nor numbers")
        return array

    def explained(self, error: Exception, arrays: Any, inputs: Any, settings: Mapping[str, Any]) -> Exception:
        """NumPy's error with the gate, its inputs' names and shapes, and its settings."""
        names = [*self.names, *[self.variadic] * (len(inputs) - len(self.names))]
        given = [getattr(x, "name", None) or name for x, name in zip(inputs, names, strict=False)]
        got = [f"{name} {np.shape(array)}" for name, array in zip(given, arrays, strict=False)]
        got += [f"{name}={value!r}" for name, value in settings.items()]
        kind: type[Exception] = GateError if isinstance(error, TypeError) else ShapeError
        kind = OutOfRangeError if isinstance(error, IndexError) else kind
        kind = DegenerateError if isinstance(error, np.linalg.LinAlgError) else kind
        return kind(f"gate {self.name}({', '.join(got)}): {error}")

    def register(self, ufunc: np.ufunc | None = None) -> None:
        """Enter `GATES`, and stand for a ufunc; the same file may declare its gate again (a notebook cell).

        Another may take neither the name nor the ufunc of a gate.
        """
        known, standing = GATES.get(self.name), UFUNCS.get(cast(Any, ufunc))
        if known is not None and known.forward.__module__ != self.forward.__module__:
            raise GateError(f"gate {self.name} is taken by {known.forward.__module__}: choose another name")
        if isinstance(standing, Declaration) and standing.forward.__module__ != self.forward.__module__:
            raise GateError(f"{ufunc} is gate {standing.name}'s: call {self.name} by its name")
        GATES[self.name] = self  # type: ignore[assignment]  # only a Gate registers
        if ufunc is not None:
            UFUNCS[ufunc] = cast(Any, self)

    def serve(self, operator: str, pair: Callable[[Any, Any], Any]) -> None:
        """Be Python's operator itself, not looked up by its method at each call; another file's gate keeps its own."""
        if self.direct != 2:
            raise GateError(f"gate {self.name}: an operator's gate has two inputs, no settings and no `idle`")
        known = SERVED.setdefault(operator, self)
        if known.forward.__module__ != self.forward.__module__:
            raise GateError(f"operator {operator} is gate {known.name}'s: call {self.name} by its name")
        setattr(Operators, operator, pair)
