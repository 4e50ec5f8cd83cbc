"""Random networks and training problems, as plain data that any library with PyTorch's names builds.

`Network` (`build(nn)` makes the modules) · `TrainingProblem` (`losses(nn, optim, …)` trains) · `random_network` ·
`random_problem`. They are given the rooms with the constructors, so that checks need no network and one description
serves this package and PyTorch. Needs no Hypothesis; `strategies` makes strategies of them. Builds on NumPy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from random import Random
from typing import Any

import numpy as np

__all__ = ["Network", "TrainingProblem", "random_network", "random_problem"]

Layer = tuple[str, tuple[Any, ...], Mapping[str, Any]]
Shape = tuple[int, ...]
ACTIVATIONS = ("Tanh", "Sigmoid", "ReLU", "LeakyReLU", "ELU", "SiLU", "Softplus", "Hardtanh", "Softsign", "SELU")
OPTIMISERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("SGD", {"lr": 0.05}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("Adam", {"lr": 0.02}),
    ("Adam", {"lr": 0.02, "betas": (0.8, 0.9), "amsgrad": True}),
    ("AdamW", {"lr": 0.02, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.05}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.5}),
    ("Adamax", {"lr": 0.02}),
)


@dataclass(frozen=True)
class Network:
    """Layers by name with their arguments, the shape of the input, a seed for all numbers.

    >>> network = Network((("Linear", (3, 2), {}), ("Tanh", (), {})), (4, 3))
    >>> print(network)
    Sequential(Linear(3, 2), Tanh()) on 4×3
    """

    layers: tuple[Layer, ...]
    shape: Shape
    seed: int = 0

    def build(self, nn: Any) -> Any:
        """The modules, made with the constructors of `nn`; their initial numbers are the library's own."""
        return nn.Sequential(*[getattr(nn, name)(*given, **more) for name, given, more in self.layers])

    def numbers(self, shapes: Mapping[str, Shape]) -> dict[str, Any]:
        """The same parameters for any library, by the keys of its state."""
        generator = np.random.default_rng(self.seed)
        return {name: generator.uniform(-0.8, 0.8, shape) for name, shape in sorted(shapes.items())}

    def inputs(self) -> Any:
        """The input."""
        return np.random.default_rng(self.seed + 1).uniform(-1.5, 1.5, self.shape)

    def __str__(self) -> str:
        layers = []
        for name, given, more in self.layers:
            arguments = [*map(repr, given), *(f"{key}={value!r}" for key, value in more.items())]
            layers.append(f"{name}({', '.join(arguments)})")
        return f"Sequential({', '.join(layers)}) on {'×'.join(map(str, self.shape))}"


@dataclass(frozen=True)
class TrainingProblem:
    """A network, targets, a loss and an optimiser by name with its settings, and how many steps to take."""

    network: Network
    targets: Any
    loss: str
    optimiser: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 4

    def losses(self, nn: Any, optim: Any, model: Any, *, constant: Callable[[Any], Any] = lambda x: x) -> list[float]:
        """Train the model; the loss before each step. `constant` makes the library's input of an array."""
        criterion = getattr(nn, self.loss)()
        optimiser = getattr(optim, self.optimiser)(model.parameters(), **self.settings)
        x, targets, found = constant(self.network.inputs()), constant(self.targets), []
        for _ in range(self.steps):
            optimiser.zero_grad()
            loss = criterion(model(x), targets)
            loss.backward()
            optimiser.step()
            found.append(float(loss.item()))
        return found

    def __str__(self) -> str:
        return f"{self.network}, {self.loss}, {self.optimiser}({dict(self.settings)}), {self.steps} steps"


class _Stack:
    """Layers one after the other, with the shape that comes out."""

    def __init__(self, random: Random, shape: Shape) -> None:
        self.random, self.shape = random, shape
        self.layers: list[Layer] = []

    def add(self, name: str, *given: Any, out: Shape | None = None, **more: Any) -> None:
        self.layers.append((name, given, more))
        self.shape = self.shape if out is None else out

    def activation(self) -> None:
        self.add(self.random.choice(ACTIVATIONS))

    def linear(self, features: int) -> None:
        bias = {} if self.random.randint(0, 3) else {"bias": False}
        self.add("Linear", self.shape[-1], features, out=(*self.shape[:-1], features), **bias)

    def table(self) -> None:
        """One layer for a table of samples."""
        features = self.shape[-1]
        match self.random.randint(0, 4):
            case 0 | 1:
                self.linear(self.random.randint(1, 4))
            case 2:
                self.activation()
            case 3:
                self.add("BatchNorm1d" if len(self.shape) == 2 else "LayerNorm", features)
            case _:
                self.add("LayerNorm", features) if features > 1 else self.activation()

    def image(self) -> None:
        """One layer for images."""
        channels, sides = self.shape[1], self.shape[2:]
        match self.random.randint(0, 4):
            case 0 | 1:
                self.convolution(channels, sides)
            case 2 if min(sides) >= 2:
                name = self.random.choice(("MaxPool2d", "AvgPool2d"))
                self.add(name, 2, out=(*self.shape[:2], *(n // 2 for n in sides)))
            case 3:
                self.add("BatchNorm2d", channels)
            case _:
                self.activation()

    def convolution(self, channels: int, sides: Shape) -> None:
        """A convolution that fits."""
        kernel, filters = self.random.randint(1, min(3, *sides)), self.random.randint(1, 3)
        stride, padding = self.random.randint(1, 2), self.random.randint(0, kernel // 2)
        out = tuple((n + 2 * padding - kernel) // stride + 1 for n in sides)
        self.add("Conv2d", channels, filters, kernel, stride, padding, out=(self.shape[0], filters, *out))

    def flatten(self) -> None:
        self.add("Flatten", out=(self.shape[0], prod(self.shape[1:])))


def random_network(random: Random, most: int = 5, outputs: int | None = None) -> Network:
    """Up to `most` layers over a table, a stack of tables or images; with `outputs`, a table of so many columns."""
    shape = random.choice([(4, 3), (3, 1), (5, 2), (2, 3, 2), (2, 1, 5, 5), (2, 2, 4, 4), (3, 1, 4, 6)])
    stack = _Stack(random, shape)
    for _ in range(random.randint(1, most)):
        if len(stack.shape) < 4:
            stack.table()
        elif random.randint(0, 4):
            stack.image()
        else:
            stack.flatten()
    if outputs is not None:
        if len(stack.shape) > 2:
            stack.flatten()
        stack.linear(outputs)
    return Network(tuple(stack.layers), shape, random.randint(0, 2**16))


def random_problem(random: Random) -> TrainingProblem:
    """A regression or a classification, a network for it, and one of PyTorch's optimisers with settings."""
    outputs = random.randint(1, 3)
    network = random_network(random, 3, outputs)
    generator, rows = np.random.default_rng(network.seed + 2), network.shape[0]
    loss = random.choice(("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "CrossEntropyLoss"))
    numbers = generator.normal(size=(rows, outputs))
    targets = generator.integers(0, outputs, rows) if loss == "CrossEntropyLoss" else numbers
    optimiser, settings = random.choice(OPTIMISERS)
    return TrainingProblem(network, targets, loss, optimiser, settings, random.randint(1, 5))
