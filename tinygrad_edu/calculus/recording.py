"""A function run once on variables of its own, to be differentiated by them: what all of calculus is made of.

`Recording` (the run, with `pulled`) · `variable` (the gate that sets a variable apart) · `transposed` (products with a
transposed Jacobian) · `outside`. Builds on the engine and `trees`.

A variable is new, so everything that depends on it is newer still: a walk that stops at the variables sees neither the
graph they came from nor what the function reads from outside. That is why derivatives nest: a variable made from a
Value stays connected with it by the gate `variable`, through which the derivative around this one goes on.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..downstream import conjugate, given_gradient
from ..engine import Value, gate, walk
from ..errors import GraphError, ShapeError
from ..modes import current_mode, recording
from .trees import leaves, mapped, rebuilt, same_structure

__all__ = ["Recording", "outside", "transposed", "variable"]


@gate(x=lambda g, out, x: g, symbol="=", elementwise=True)
def variable(x: Any) -> Any:
    """The same number as a variable of its own: the upstream gradient unchanged."""
    return x


def fresh(x: Any) -> Value:
    """A variable with the number of x (integers as float64), connected with x if x is recorded."""
    made: Value = variable(x) if isinstance(x, Value) else Value(x)
    made.requires_grad = True
    return made


def is_recorded(x: Any) -> bool:
    """Whether x is a Value that needs a gradient."""
    return isinstance(x, Value) and x.requires_grad


def outside(outs: Iterable[Any], variables: Sequence[Value]) -> list[Value]:
    """The Values older than the variables that need a gradient and have a part in the outputs, each once."""
    oldest = min((v.serial for v in variables), default=0)
    found, seen, waiting = [], set(variables), list(filter(is_recorded, outs))
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        if value.serial < oldest:
            found.append(value)
        else:
            waiting.extend(filter(is_recorded, value.inputs))
    return found


def transposed(
    outs: Sequence[Any], weights: Sequence[Any], variables: Sequence[Value], *, keep: bool = False
) -> list[Any]:
    """Σ weight · ∂out/∂variable for each variable, Values if `keep`; zeros where nothing depends on it."""
    pairs = [(out, weight) for out, weight in zip(outs, weights, strict=True) if is_recorded(out)]
    if len(pairs) > 1:
        with recording():
            total = sum(np.sum(out * weight) for out, weight in pairs)
            pairs = [(np.real(total) if np.iscomplexobj(total) else total, None)]
    found: dict[Value, Any] = {}
    for root, weight in pairs:
        found = walk(root, weight, create_graph=keep, leaves_only=not keep, wrt=frozenset(variables))
    return [found[v] if v in found else np.zeros(v.shape, v.dtype)[()] for v in variables]


class Recording:
    """`function(*args, **kwargs)` run with variables in place of the arguments `argnums`.

    `name` is the transformation that asked, for its messages. `inputs` is the tuple of those arguments as trees of
    variables, `out` what the function returned. `keep` says that derivatives must be Values, because a derivative
    around this one, or `backward`, may go on through them.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any] | None = None,
        argnums: int | Sequence[int] | None = None,
        has_aux: bool = False,
    ) -> None:
        self.name = f"{name}({getattr(function, '__name__', type(function).__name__)})"
        self.single = isinstance(argnums, int)
        mode = current_mode()
        numbers = self._positions(args, argnums)
        given = list(args)
        for n in numbers:
            given[n] = mapped(fresh, given[n])
        self.inputs = tuple(given[n] for n in numbers)
        with recording():
            self.out = function(*given, **(kwargs or {}))
        self.aux = None
        if has_aux:
            self.out, self.aux = self._with_aux()
        self.outs, self.variables = leaves(self.out), leaves(self.inputs)
        connected = any(v.gate is not None for v in self.variables) or bool(outside(self.outs, self.variables))
        self.keep = mode.everything or (mode.recording and connected)

    def _positions(self, args: Sequence[Any], argnums: int | Sequence[int] | None) -> list[int]:
        wanted = range(len(args)) if argnums is None else (argnums,) if isinstance(argnums, int) else argnums
        if wrong := [n for n in wanted if not isinstance(n, int | np.integer)]:
            raise TypeError(f"{self.name}: argnums={wrong[0]!r}, but arguments are counted, the first is 0")
        if wrong := [n for n in wanted if not -len(args) <= n < len(args)]:
            raise IndexError(f"{self.name}: argnums={wrong[0]}, but the function got {len(args)} positional arguments")
        return [n % len(args) for n in wanted]

    def _with_aux(self) -> tuple[Any, Any]:
        if not (isinstance(self.out, tuple) and len(self.out) == 2):
            raise TypeError(f"{self.name}: with has_aux=True the function must return (output, aux)")
        return self.out

    def scalar(self) -> Any:
        """The output, if it is one real number; else an error that says what to use."""
        if isinstance(self.out, list | tuple | dict | None) or np.shape(self.out) != ():
            got = f"shape {np.shape(self.out)}" if hasattr(self.out, "shape") else f"a {type(self.out).__name__}"
            raise ShapeError(
                f"{self.name}: the function returned {got}, not a scalar: return its sum or mean, take "
                "jacobian(f) or elementwise_grad(f), or has_aux=True for (scalar, more)"
            )
        self.real()
        return self.out

    def real(self) -> None:
        """Raise if an output is complex: it has no gradient, only its real and imaginary parts have."""
        if any(map(np.iscomplexobj, self.outs)):
            raise GraphError(
                f"{self.name}: the output is complex, and only a real one has a gradient: differentiate "
                "np.real(f(x)), np.imag(f(x)) or np.abs(f(x)); vjp and jvp take complex outputs"
            )

    def weights(self, gradient: Any) -> list[Any]:
        """A tree of upstream gradients as a list, one for each output; an error where it does not fit."""
        if not same_structure(gradient, self.out):
            raise ShapeError(f"{self.name}: the gradient must be a tree like the output, {mapped(np.shape, self.out)}")
        return [
            given_gradient(g, out) if isinstance(out, Value) else g
            for g, out in zip(leaves(gradient), self.outs, strict=True)
        ]

    def pulled(self, weights: Sequence[Any]) -> list[Any]:
        """The gradients by the variables of Σ weight · output: arrays of their own, or Values if kept."""
        keep = self.keep or (current_mode().recording and any(map(is_recorded, weights)))
        found = transposed(self.outs, list(map(conjugate, weights)), self.variables, keep=keep)
        return [self.given(conjugate(g), keep) for g in found]

    def shaped(self, gradients: Iterable[Any]) -> Any:
        """Gradients by the variables in the structure of the arguments they stand for."""
        trees = rebuilt(self.inputs, gradients)
        return trees[0] if self.single else trees

    def given(self, x: Any, keep: bool | None = None) -> Any:
        """What the caller gets for x: Values where derivatives are kept, else arrays that nobody else holds."""
        if self.keep if keep is None else keep:
            return x
        x = x.data if isinstance(x, Value) else x
        return np.array(x)[()] if isinstance(x, np.ndarray) else x

    @property
    def result(self) -> Any:
        """The output as the caller gets it."""
        return mapped(self.given, self.out)
