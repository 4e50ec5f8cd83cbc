"""Modules made of modules: `Sequential`, `ModuleList`, `ModuleDict`, `MLP`, `Residual`; and those that only reshape or
pass on: `Identity`, `Flatten`, `Unflatten`. Builds on `activation`, `linear` and `module`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, overload

import numpy as np

from ..errors import ShapeError
from .activation import named_activation
from .linear import Linear
from .module import Module
from .regularisation import Dropout

__all__ = ["MLP", "Flatten", "Identity", "Lambda", "ModuleDict", "ModuleList", "Residual", "Sequential", "Unflatten"]


class ModuleList(Module):
    """Modules in a list that parameters are found in; it can't be called itself.

    >>> from tinygrad_edu import nn
    >>> layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
    >>> len(layers), layers[-1]
    (3, Linear(in_features=2, out_features=2))
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.extend(modules)

    def append(self, module: Module) -> "ModuleList":
        """Add a module at the end."""
        if not isinstance(module, Module):
            raise TypeError(f"{self.label}: {module!r:.60} is no module; wrap a function in nn.Lambda")
        setattr(self, str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> "ModuleList":
        """Add modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> "ModuleList": ...
    def __getitem__(self, index: int | slice) -> Module:
        chosen = list(self.children())[index]
        return chosen if isinstance(chosen, Module) else self._of(chosen)

    def _of(self, modules: list[Module]) -> "ModuleList":
        return type(self)(modules)


class Sequential(ModuleList):
    """Modules one after the other: f⁽ˢ⁾(… f⁽²⁾(f⁽¹⁾(x)) …) (course 004, row `multi-layer-feedforward`).

    Given one mapping, its keys name the layers. Slices are Sequentials that share the layers.

    >>> from tinygrad_edu import nn
    >>> nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    Sequential(
      (0): Linear(in_features=2, out_features=3)
      (1): ReLU()
    )
    """

    def __init__(self, *modules: Any) -> None:
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                setattr(self, name, module)
        else:
            self.extend(modules)

    @property
    def num_layers(self) -> int:
        """Layers with weights of their own; the input is not counted (course 001, row `layer-count-convention`)."""
        return sum(any(p.ndim > 1 for p in module.parameters(recurse=False)) for module in self.modules())

    def _of(self, modules: list[Module]) -> "Sequential":
        return Sequential(*modules)

    def forward(self, input: Any) -> Any:
        """What the last layer makes of what the layers before made of the input."""
        for module in self.children():
            input = module(input)
        return input


class ModuleDict(Module):
    """Modules by name; it can't be called itself.

    >>> from tinygrad_edu import nn
    >>> heads = nn.ModuleDict({"age": nn.Linear(4, 1), "kind": nn.Linear(4, 3)})
    >>> list(heads), heads["kind"]
    (['age', 'kind'], Linear(in_features=4, out_features=3))
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        for name, module in (modules or {}).items():
            self[name] = module

    def __setitem__(self, name: str, module: Module) -> None:
        setattr(self, name, module)

    def __getitem__(self, name: str) -> Module:
        return dict(self.named_children())[name]

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.named_children())


class Lambda(Module):
    """A function of Values as a layer.

    >>> from tinygrad_edu import nn
    >>> nn.Lambda(lambda x: 2 * x)(3.0)
    6.0
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def forward(self, *inputs: Any) -> Any:
        """function(*inputs)."""
        return self.function(*inputs)


class Identity(Module):
    """The input itself: the output layer of a regression (course 004, row `identity-output`).

    >>> from tinygrad_edu import nn
    >>> nn.Identity()(3.0)
    3.0
    """

    def forward(self, input: Any) -> Any:
        """The input."""
        return input


class Flatten(Module):
    """Axes start_dim to end_dim as one: [N, C, H, W] to [N, C·H·W].

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.Flatten()(np.zeros((2, 3, 4, 5))).shape
    (2, 60)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Any) -> Any:
        """The input with those axes joined."""
        start, end = (dim % max(input.ndim, 1) for dim in (self.start_dim, self.end_dim))
        if start > end or start >= max(input.ndim, 1):
            raise ShapeError(f"{self.label}: axes {self.start_dim} to {self.end_dim} of an input {input.shape}")
        middle = int(np.prod(input.shape[start : end + 1]))
        return input.reshape((*input.shape[:start], middle, *input.shape[end + 1 :]))


class Unflatten(Module):
    """One axis as several: [N, 12] to [N, 3, 4] with dim=1, unflattened_size=(3, 4); one length may be -1.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.Unflatten(1, (3, -1))(np.zeros((2, 12))).shape
    (2, 3, 4)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, input: Any) -> Any:
        """The input with that axis split."""
        dim = self.dim % input.ndim
        return input.reshape((*input.shape[:dim], *self.unflattened_size, *input.shape[dim + 1 :]))


class MLP(Sequential):
    """Linear layers with an activation after each but the last: MLP([d, h1, h2, c]) (row `three-layer-net`).

    `activation` is a name ("relu", "tanh" …) or makes a layer. `dropout` follows hidden activations and `input_dropout`
    the input, both dropping with that probability; course 004 recommends 0.5 and 0.2 (row `dropout-rates`).

    >>> from tinygrad_edu import nn
    >>> net = nn.MLP([2, 4, 1], activation="tanh")
    >>> net.num_layers, net.num_parameters()
    (2, 17)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Callable[[], Module] = "relu",
        *,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        bias: bool = True,
        weight_init: Any = None,
        bias_init: Any = None,
        dtype: Any = None,
    ) -> None:
        if len(sizes) < 2:
            raise ShapeError(f"MLP: sizes {list(sizes)} need an input and an output at least")
        make = named_activation(activation) if isinstance(activation, str) else activation
        layers: list[Module] = [Dropout(input_dropout)] if input_dropout else []
        for k, (n, m) in enumerate(pairwise(sizes)):
            if k:
                layers += [make()] + ([Dropout(dropout)] if dropout else [])
            layers.append(Linear(n, m, bias, dtype=dtype, weight_init=weight_init, bias_init=bias_init))
        super().__init__(*layers)


class Residual(Module):
    """activation(block(x) + shortcut(x)), by default ReLU(f(x) + x) (He et al. 2016; course 001, row `residual-block`).

    `shortcut` fits the input where the block changes its shape; `activation=None` leaves the sum as it is.

    >>> from tinygrad_edu import Value, nn
    >>> block = nn.Residual(nn.Linear(2, 2, weight_init=0, bias_init=0))
    >>> block(Value([[1.0, -2.0]])).data.tolist()
    [[1.0, 0.0]]
    """

    def __init__(
        self, block: Module, shortcut: Module | None = None, activation: str | Callable[[], Module] | None = "relu"
    ) -> None:
        self.block = block
        self.shortcut = shortcut
        make = named_activation(activation) if isinstance(activation, str) else activation
        self.activation = make() if make else None

    def forward(self, input: Any) -> Any:
        """The sum of both ways, activated."""
        branch = self.block(input)
        straight = self.shortcut(input) if self.shortcut else input
        if branch.shape != straight.shape:
            raise ShapeError(
                f"{self.label}: the block makes {branch.shape} of {input.shape}, beside {straight.shape}: "
                "give a shortcut that makes the same shape"
            )
        return self.activation(branch + straight) if self.activation else branch + straight
