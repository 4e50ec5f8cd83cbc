"""What works on a whole model: `functional_call`, `update_bn`, `mc_predict`, parameters as one vector; and weight
normalisation: `weight_norm`, `remove_weight_norm`.

Builds on `module`, `normalisation` and `regularisation`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import ShapeError, StateError
from ..gates.reduction import norm
from ..modes import no_grad
from .module import Module
from .normalisation import _BatchNorm
from .parameter import Parameter
from .regularisation import Noise

__all__ = [
    "WeightNorm",
    "functional_call",
    "mc_predict",
    "parameters_to_vector",
    "remove_weight_norm",
    "update_bn",
    "vector_to_parameters",
    "weight_norm",
]


def functional_call(module: Module, parameters: Mapping[str, Any], *inputs: Any, **options: Any) -> Any:
    """Call a module with other parameters, by path: the network as a function of θ (course 001, row `function-family`).

    Values given for parameters get gradients; the module is as before afterwards.

    >>> from tinygrad_edu import Value, nn
    >>> w = Value([[2.0]])
    >>> out = nn.utils.functional_call(nn.Linear(1, 1, bias=False), {"weight": w}, Value([3.0]))
    >>> out.backward()
    >>> out.item(), w.grad.item()
    (6.0, 3.0)
    """
    with _swapped(module, parameters):
        return module(*inputs, **options)


@contextmanager
def _swapped(module: Module, parameters: Mapping[str, Any]) -> Iterator[None]:
    places = {key: (holder, name) for key, holder, name in module._places()}
    if unknown := parameters.keys() - places.keys():
        raise StateError(f"{module.label}: no parameter or buffer {sorted(unknown)}; it has {list(places)}")
    before = [(holder, name, vars(holder)[name]) for holder, name in places.values()]
    try:
        for key, value in parameters.items():
            holder, name = places[key]
            if np.shape(value) != np.shape(vars(holder)[name]):
                raise ShapeError(f"{key}: {np.shape(value)} given, {np.shape(vars(holder)[name])} wanted")
            vars(holder)[name] = value
        yield
    finally:
        for holder, name, held in before:
            vars(holder)[name] = held


def parameters_to_vector(parameters: Iterable[Any]) -> Any:
    """All parameters end to end, as one differentiable vector θ.

    >>> from tinygrad_edu import nn
    >>> parameters_to_vector(nn.Linear(2, 1).parameters()).shape
    (3,)
    """
    return np.concatenate([np.ravel(parameter) for parameter in parameters])


def vector_to_parameters(vector: Any, parameters: Iterable[Value]) -> None:
    """Write a vector θ into the parameters.

    >>> from tinygrad_edu import nn
    >>> layer = nn.Linear(2, 1)
    >>> vector_to_parameters([1.0, 2.0, 3.0], layer.parameters())
    >>> layer.weight.data.tolist(), layer.bias.data.tolist()
    ([[1.0, 2.0]], [3.0])
    """
    listed = list(parameters)
    sizes = [parameter.size for parameter in listed]
    vector = np.asarray(vector.data if isinstance(vector, Value) else vector)
    if vector.shape != (sum(sizes),):
        raise ShapeError(f"vector_to_parameters: a vector of shape {vector.shape}, but {sum(sizes)} parameters")
    for parameter, part in zip(listed, np.split(vector, np.cumsum(sizes)[:-1]), strict=True):
        parameter._assign(part.reshape(parameter.shape))


def update_bn(loader: Iterable[Any], model: Module) -> None:
    """Set all running statistics to their means over a pass through `loader` (batches, or tuples that start with
    one).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> net = nn.Sequential(nn.BatchNorm1d(1))
    >>> update_bn([np.array([[1.0], [3.0]]), np.array([[5.0], [7.0]])], net)
    >>> net[0].running_mean.tolist()
    [4.0]
    """
    layers = [
        module for module in model.modules() if isinstance(module, _BatchNorm) and module.running_mean is not None
    ]
    momenta, was = [layer.momentum for layer in layers], [(module, module.training) for module in model.modules()]
    for layer in layers:
        layer.running_mean, layer.running_var = np.zeros_like(layer.running_mean), np.ones_like(layer.running_var)
        layer.num_batches_tracked, layer.momentum = np.int64(0), None
    try:
        model.train()
        with no_grad():
            for batch in loader:
                model(batch[0] if isinstance(batch, tuple | list) else batch)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        for module, training in was:
            module.training = training


def mc_predict(model: Module, x: Any, n: int = 32) -> tuple[Any, Any]:
    """Mean and standard deviation of n outputs with the noise layers left on (row `monte-carlo-test`; Gal &
    Ghahramani 2016).

    Everything else, batch normalisation too, behaves as in inference.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> mean, std = mc_predict(nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 1)), np.ones((3, 2)), n=8)
    >>> mean.shape, std.shape
    ((3, 1), (3, 1))
    """
    was = [(module, module.training) for module in model.modules()]
    try:
        for module, _ in was:
            module.training = isinstance(module, Noise)
        with no_grad():
            outputs = np.stack([model(x).data for _ in range(n)])
    finally:
        for module, training in was:
            module.training = training
    return outputs.mean(axis=0), outputs.std(axis=0)


class WeightNorm(Module):
    """w = g·v/‖v‖, g being `original0` and v `original1`, PyTorch's keys; the norm is over all axes but `dim`."""

    old_keys = {"g": "original0", "v": "original1"}  # noqa: RUF012 - never written to

    def __init__(self, weight: Parameter, dim: int | None = 0) -> None:
        self.axes = tuple(k for k in range(weight.ndim) if dim is None or k != dim % weight.ndim)
        length = norm(weight.data, axis=self.axes, keepdims=True)
        self.original0 = Parameter(length if dim is not None else length.reshape(()))
        self.original1 = Parameter(weight.data)

    def forward(self) -> Any:
        """The weight."""
        return self.original1 * (self.original0 / norm(self.original1, axis=self.axes, keepdims=True))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn a weight as length times direction, w = g·v/‖v‖ (Salimans & Kingma 2016; row `weight-norm`).

    `dim=0` gives each output unit a length (a column in the course, whose W is transposed); None the whole weight one.
    Checkpoints have PyTorch's keys `parametrizations.weight.original0` (g) and `original1` (v); the older `weight_g`,
    `weight_v` are read too.

    >>> from tinygrad_edu import nn
    >>> sorted(nn.utils.weight_norm(nn.Linear(3, 2)).state_dict())
    ['bias', 'parametrizations.weight.original0', 'parametrizations.weight.original1']
    """
    weight = vars(module).get(name)
    if not isinstance(weight, Parameter):
        raise AttributeError(f"weight_norm: {module.label} has no parameter {name!r}")
    delattr(module, name)
    holder = vars(module).get("parametrizations")
    if holder is None:
        module.parametrizations = holder = Module()
    setattr(holder, name, WeightNorm(weight, dim))
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight a parameter of its own again, with the value it has.

    >>> from tinygrad_edu import nn
    >>> sorted(remove_weight_norm(weight_norm(nn.Linear(3, 2))).state_dict())
    ['bias', 'weight']
    """
    holder = vars(module).get("parametrizations")
    if holder is None or name not in vars(holder):
        raise AttributeError(f"remove_weight_norm: {name!r} of {module.label} is not normalised")
    weight = getattr(module, name).data
    delattr(holder, name)
    if not any(True for _ in holder.children()):
        del module.parametrizations
    setattr(module, name, Parameter(weight))
    return module
