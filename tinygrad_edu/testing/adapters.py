"""Other engines behind the adapter of `engines`, each of some twenty lines: they are imported when one is made.

`PyTorch` · `Jax` · `Autograd` (HIPS) · `MyGrad` · `Tensors` (a class of arrays) · `Scalars` (a class of numbers) ·
`PEERS` (by name). Builds on `engines`.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import DependencyError
from .engines import Engine, Function
from .scalar import Scalar

__all__ = ["PEERS", "Autograd", "Jax", "MyGrad", "PyTorch", "Scalars", "Tensors"]

Array = Any


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        package = name.split(".")[0]
        raise DependencyError(
            f"{package} is not installed: pip install {package}, or tinygrad_edu[peers] for all to compare with"
        ) from error


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


class Jax(Engine):
    """JAX: `np` becomes `jax.numpy`, and functions are differentiated, not values. Switches JAX to double precision."""

    name, order = "jax", 2

    def __init__(self) -> None:
        self.jax, self.module = _module("jax"), _module("jax.numpy")
        self.jax.config.update("jax_enable_x64", True)

    def leaf(self, array: Array) -> Any:
        """A JAX array."""
        return self.module.asarray(array)

    def constant(self, array: Array) -> Any:
        """Numbers as a JAX array; indices and masks as they are."""
        return self.leaf(array) if np.asarray(array).dtype.kind in "fc" else array

    def array(self, value: Any) -> Array:
        """The numbers of an array."""
        return np.asarray(value)[()]

    def gradients(self, f: Function, inputs: Sequence[Any], wrt: Sequence[int], upstream: Any) -> list[Any]:
        """Gradients by `jax.vjp` of the function of the inputs at `wrt`."""
        given = self.leaves(inputs, wrt)

        def of_wanted(*wanted: Any) -> Any:
            placed = dict(zip(wrt, wanted, strict=True))
            return f(*[placed.get(k, x) for k, x in enumerate(given)])

        out, back = self.jax.vjp(of_wanted, *[given[k] for k in wrt])
        return list(back(self.module.asarray(upstream, out.dtype)))

    def second(
        self, f: Function, inputs: Sequence[Any], wrt: Sequence[int], upstream: Any, weights: Sequence[Any]
    ) -> list[Any]:
        """Gradients of the weighed gradients, by `jax.vjp` within `jax.vjp`."""

        def weighed(*again: Any) -> Any:
            found = self.gradients(f, again, wrt, upstream)
            return sum((g * w).sum() for g, w in zip(found, weights, strict=True))

        return self.gradients(weighed, inputs, wrt, np.float64(1))


class Tensors(Engine):
    """A class of arrays with `.data`, `.grad` and `.backward()`, such as a homework's or DeZero's: the kind is enough.

    `read` and `grad` say how its numbers and its gradient are reached; `backward` starts from Σ upstream · out, so the
    class needs `*` and `.sum()`. With `module` the functions `np.…` come from elsewhere.
    """

    def __init__(
        self,
        kind: Any,
        *,
        read: Callable[[Any], Any] = lambda value: value.data,
        grad: Callable[[Any], Any] = lambda leaf: leaf.grad,
        module: Any = np,
        single: bool = False,
    ) -> None:
        self.kind, self.name, self.module, self.single = kind, kind.__name__, module, single
        self.read, self.grad = read, grad

    def leaf(self, array: Array) -> Any:
        """One of the class."""
        return self.kind(np.array(array))

    def constant(self, array: Array) -> Any:
        """A float or an array of them as one of the class too, whose gradient nobody asks for."""
        return self.leaf(array) if np.asarray(array).dtype.kind == "f" else array

    def array(self, value: Any) -> Array:
        """Its numbers."""
        return np.asarray(self.read(value) if isinstance(value, self.kind) else value)[()]

    def pull(
        self,
        out: Any,
        upstream: Any,
        leaves: Sequence[Any],
        again: bool = False,  # noqa: ARG002 - first order only
    ) -> list[Any]:
        """Gradients by `backward` of Σ upstream · out."""
        if not isinstance(out, self.kind):
            return [None] * len(leaves)
        (out * self.leaf(upstream)).sum().backward()
        return [self.grad(leaf) for leaf in leaves]


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


PEERS: dict[str, type[Engine]] = {"torch": PyTorch, "jax": Jax, "autograd": Autograd, "mygrad": MyGrad}
