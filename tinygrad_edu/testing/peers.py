"""Other engines behind the adapter of `engines`: PyTorch, HIPS autograd, MyGrad, and micrograd-like scalar classes.

`PyTorch` · `Autograd` · `MyGrad` · `Scalars` · `check_engine` (the properties of a gradient on any engine) · `compare`
(one function on all that are installed). A function is written once, in plain NumPy; `on_engine` runs it with the
engine's own module in the place of `np`. Builds on `engines`, `gatecheck` and `gradients`; peers are imported on use.
"""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from types import FunctionType
from typing import Any

import numpy as np

from ..errors import DependencyError, GradientError
from .engines import Engine, TinygradEdu
from .gatecheck import check_gate
from .report import Check, Report, shown
from .scalar import Scalar

__all__ = ["Autograd", "MyGrad", "PyTorch", "Scalars", "check_engine", "compare", "on_engine"]

Array = Any
Function = Callable[..., Any]


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise DependencyError(f"{name} is not installed: pip install {name.split('.')[0]}") from error


class PyTorch(Engine):
    """PyTorch: `np.exp` becomes `torch.exp`."""

    name, order = "torch", 2

    def __init__(self) -> None:
        self.module = _module("torch")

    def leaf(self, array: Array) -> Any:
        """A tensor that requires a gradient."""
        return self.module.tensor(np.asarray(array), requires_grad=True)

    def constant(self, array: Array) -> Any:
        """A tensor without a gradient: PyTorch does not mix tensors and arrays."""
        return self.module.as_tensor(np.array(array))

    def array(self, value: Any) -> Array:
        """The tensor's numbers."""
        return value.detach().numpy()[()] if isinstance(value, self.module.Tensor) else value

    def pull(self, out: Any, upstream: Any, leaves: Sequence[Any], again: bool = False) -> list[Any]:
        """Gradients by `torch.autograd.grad`."""
        if not getattr(out, "requires_grad", False):
            return [None] * len(leaves)
        given = self.module.as_tensor(np.array(upstream, self.array(out).dtype))
        return list(self.module.autograd.grad(out, leaves, given, create_graph=again, allow_unused=True))


class MyGrad(Engine):
    """MyGrad, which hears plain NumPy calls on its tensors; first order only."""

    name = "mygrad"

    def __init__(self) -> None:
        self.tensor = _module("mygrad").tensor

    def leaf(self, array: Array) -> Any:
        """A tensor."""
        return self.tensor(np.array(array))

    def array(self, value: Any) -> Array:
        """The tensor's numbers."""
        return getattr(value, "data", value)[()] if hasattr(value, "backward") else value

    def pull(
        self,
        out: Any,
        upstream: Any,
        leaves: Sequence[Any],
        again: bool = False,  # noqa: ARG002 - first order only
    ) -> list[Any]:
        """Gradients by `backward`."""
        if not hasattr(out, "backward") or getattr(out, "constant", False):
            return [None] * len(leaves)
        out.backward(np.array(upstream))
        return [leaf.grad for leaf in leaves]


class Autograd(Engine):
    """HIPS autograd: `np` becomes `autograd.numpy`. It differentiates functions, so a leaf opens a trace by hand."""

    name = "autograd"

    def __init__(self) -> None:
        self.module = _module("autograd.numpy")
        self.tracer, self.core = _module("autograd.tracer"), _module("autograd.core")
        self.traces = 0

    def leaf(self, array: Array) -> Any:
        """A box at the root of a trace."""
        return self.tracer.new_box(np.asarray(array)[()], 0, self.core.VJPNode.new_root())

    def array(self, value: Any) -> Array:
        """The box's numbers."""
        return self.tracer.getval(value)

    def pull(
        self,
        out: Any,
        upstream: Any,
        leaves: Sequence[Any],
        again: bool = False,  # noqa: ARG002 - first order only
    ) -> list[Any]:
        """Gradients by its backward pass, from the output's node to each leaf's."""
        if not self.tracer.isbox(out):
            return [None] * len(leaves)
        found, core = {out._node: (np.asarray(upstream)[()], False)}, self.core
        for node in self.tracer.toposort(out._node):
            g = found[node]
            for parent, down in zip(node.parents, node.vjp(g[0]), strict=False):
                found[parent] = core.add_outgrads(found.get(parent), down)
        return [found[leaf._node][0] if leaf._node in found else None for leaf in leaves]


class Scalars(Engine):
    """A class of single numbers with `.data`, `.grad`, `.backward()`, as micrograd's: arrays become object arrays."""

    single = False

    def __init__(self, kind: Any = Scalar) -> None:
        self.kind, self.name = kind, kind.__name__

    def leaf(self, array: Array) -> Any:
        """An array of such numbers, or one of them."""
        array = np.asarray(array)
        return (
            np.vectorize(lambda x: self.kind(float(x)), otypes=[object])(array)
            if array.ndim
            else self.kind(float(array))
        )

    def array(self, value: Any) -> Array:
        """The numbers of all of them."""
        value = np.asarray(value, object)
        numbers = np.array([x.data if isinstance(x, self.kind) else x for x in value.ravel()], float)
        return numbers.reshape(value.shape)[()]

    def pull(
        self,
        out: Any,
        upstream: Any,
        leaves: Sequence[Any],
        again: bool = False,  # noqa: ARG002 - first order only
    ) -> list[Any]:
        """Gradients by `backward` of Σ upstream · out."""
        weighed = [x * float(g) for x, g in zip(np.ravel(np.asarray(out, object)), np.ravel(upstream), strict=True)]
        total = sum(weighed[1:], weighed[0]) if weighed else None
        if not isinstance(total, self.kind):
            return [None] * len(leaves)
        total.backward()
        return [np.reshape([x.grad for x in np.ravel(np.asarray(leaf, object))], np.shape(leaf))[()] for leaf in leaves]


PEERS: dict[str, type[Engine]] = {"torch": PyTorch, "autograd": Autograd, "mygrad": MyGrad}


def on_engine(f: Function, engine: Engine) -> Function:
    """`f` with the engine's own module wherever it says `np`."""
    if engine.module is np or not isinstance(f, FunctionType):
        return f
    names = {name: engine.module if value is np else value for name, value in f.__globals__.items()}
    return FunctionType(f.__code__, names, f.__name__, f.__defaults__, f.__closure__)


_X = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.25]])
PROPERTIES: dict[str, tuple[Function, tuple[Any, ...]]] = {
    "add": (lambda x, y: x + y, (_X, _X[::-1] + 1)),
    "multiply": (lambda x, y: x * y, (_X, _X[::-1] + 1)),
    "divide": (lambda x, y: x / y, (_X, np.abs(_X) + 1)),
    "power": (lambda x: x**3, (_X,)),
    "a value used twice": (lambda x: x * x + x, (_X,)),
    "broadcasting": (lambda x, y: x * y, (_X, _X[:, :1])),
    "broadcasting a scalar": (lambda x, y: x * y, (_X, np.float64(2.0))),
    "numbers": (lambda x: 1 - 2 * x / 4, (_X,)),
    "exp": (lambda x: np.exp(x), (_X,)),
    "tanh": (lambda x: np.tanh(x), (_X,)),
    "log": (lambda x: np.log(x), (np.abs(_X),)),
    "sum": (lambda x: np.sum(x, 0), (_X,)),
    "mean": (lambda x: np.mean(x, 1), (_X,)),
    "matmul": (lambda x, y: np.matmul(x, y), (_X, _X.T.copy())),
    "matrix and vector": (lambda x, y: np.matmul(x, y), (_X, _X[0])),
    "index": (lambda x: x[0] * x[1], (_X,)),
    "repeated index": (lambda x: x[[0, 0, 1]], (_X,)),
    "reshape": (lambda x: x.reshape((3, 2)), (_X,)),
    "prod with a zero": (lambda x: np.prod(x, 0), (np.array([0.0, 2.0, 3.0]),)),
    "maximum": (lambda x, y: np.maximum(x, y), (_X, _X[::-1] + 1)),
    "maximum at a tie": (lambda x, y: np.maximum(x, y), (_X, _X)),
    "max at a tie": (lambda x: np.amax(x, 0), (np.array([1.0, 1.0, 0.0]),)),
    "norm": (lambda x: np.sqrt(np.sum(x * x)), (_X,)),
}
"""What `check_engine` asks: functions in plain NumPy, each with its inputs."""


def check_engine(engine: Engine, only: Iterable[str] | None = None, order: int = 1) -> Report:
    """The gradients of an engine on a table of functions; a report, never an error: engines differ in what they have.

    A function that the engine has no way to run is marked – (not checked).

    >>> report = check_engine(Scalars(), ["add", "multiply", "a value used twice", "exp"])
    >>> print(report)
    Scalar: right (4 checks)
      ✓ add
      ✓ multiply
      ✓ a value used twice
      ✓ exp
    """
    report = Report(engine.name)
    for name in PROPERTIES if only is None else only:
        f, inputs = PROPERTIES[name]
        report.checks.append(_checked(name, on_engine(f, engine), inputs, engine, order))
    return report


def _checked(name: str, f: Function, inputs: tuple[Any, ...], engine: Engine, order: int) -> Check:
    try:
        with np.errstate(all="ignore"):
            check_gate(f, *inputs, engine=engine, order=order)
    except GradientError as error:
        failure = error.report.failures[0]  # type: ignore[attr-defined]  # a Report
        return Check(name, False, failure.name, failure.finding)
    except Exception as error:  # noqa: BLE001 - an engine may fail in any way at what it does not know
        return Check(name, None, f"not available ({type(error).__name__})")
    return Check(name, True)


def compare(f: Function, inputs: Sequence[Any], peers: Iterable[str] | None = None) -> str:
    """A table of the value and gradients of Σ f(*inputs) on this engine and on `peers` (by default all installed).

    >>> print(compare(lambda x, y: x * y, [2.0, 3.0], peers=[]))
    engine       | value | gradient 0 | gradient 1
    tinygrad_edu | 6.    | 3.         | 2.
    """
    names = [name for name in PEERS if find_spec(name)] if peers is None else list(peers)
    rows = [["engine", "value", *(f"gradient {k}" for k in range(len(inputs)))]]
    for engine in [TinygradEdu(), *(PEERS[name]() for name in names)]:
        leaves = [engine.leaf(np.asarray(x, float)[()]) for x in inputs]
        try:
            out = on_engine(f, engine)(*leaves)
            value = engine.array(out)
            found = engine.pull(out, np.ones_like(value), leaves)
        except Exception as error:  # noqa: BLE001 - what a peer can't do is part of the comparison
            rows.append([engine.name, f"{type(error).__name__}", *[""] * len(inputs)])
            continue
        rows.append([engine.name, shown(value), *("none" if g is None else shown(engine.array(g)) for g in found)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(" | ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip() for row in rows)
