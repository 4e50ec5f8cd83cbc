"""What goes on inside a model on a batch: `diagnose` (a table and a plot, layer by layer), and the questions of the
courses about activations: `saturation` (which sides), `activation_pattern` (which ReLUs are on), `gradient_norms`.

Builds on `module`, `activation` and the engine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..engine import Value
from ..errors import DependencyError
from .activation import Activation, ReLU, ReLU6
from .module import Module

__all__ = ["Diagnosis", "LayerDiagnosis", "activation_pattern", "diagnose", "gradient_norms", "saturation"]


@dataclass(frozen=True, slots=True)
class LayerDiagnosis:
    """One layer on one batch: its output's mean and standard deviation, shares, and the norm of its gradient.

    `saturated`: share of elements whose local derivative is under a fifth of the activation's largest (for sigmoid:
    output outside about (0.05, 0.95)). `dead`: share of units that are 0, with derivative 0, for every example. Both
    None unless the layer is an activation. `gradient`: ‖∂loss/∂parameters‖, or ‖∂loss/∂output‖ for a layer without
    any (`learns` says which); None without a loss.
    """

    path: str
    kind: str
    mean: float
    std: float
    saturated: float | None
    dead: float | None
    gradient: float | None
    values: Any
    learns: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Layers in the order they were called; `str` is the table, `plot()` the histograms and gradient norms."""

    layers: tuple[LayerDiagnosis, ...]
    loss: float | None = None

    def __str__(self) -> str:
        path = max([len(one.path) for one in self.layers] + [5]) + 2
        kind = max([len(one.kind) for one in self.layers] + [4]) + 2
        lines = [
            f"{'layer':<{path}}{'kind':<{kind}}{'mean':>10}{'std':>10}{'saturated':>11}{'dead':>8}{'gradient':>11}"
        ]
        for one in self.layers:
            saturated, dead = ("–" if x is None else f"{x:.0%}" for x in (one.saturated, one.dead))
            gradient = "–" if one.gradient is None else f"{one.gradient:.3g}"
            lines.append(
                f"{one.path:<{path}}{one.kind:<{kind}}{one.mean:>10.3g}{one.std:>10.3g}"
                f"{saturated:>11}{dead:>8}{gradient:>11}"
            )
        return "\n".join(lines)

    def plot(self) -> Any:
        """A figure: each layer's values as a histogram, and below the gradient norms, on a logarithmic scale.

        Needs the extra `lessons`; save it by `savefig`.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise DependencyError('a plot needs pip install "tinygrad_edu[lessons]"') from error
        rows, columns = -(-len(self.layers) // ACROSS), max(1, min(len(self.layers), ACROSS))
        graded = any(one.gradient for one in self.layers)
        heights = [1.8] * rows + [2.2] * graded
        figure = Figure(figsize=(max(1.8 * columns, 4.5), sum(heights)), layout="constrained")
        grid = figure.add_gridspec(len(heights), columns, height_ratios=heights)
        for k, one in enumerate(self.layers):
            _histogram(figure.add_subplot(grid[divmod(k, ACROSS)]), one)
        if graded:
            _gradients(figure.add_subplot(grid[rows, :]), self.layers)
        return figure


ACROSS = 8  # histograms in a row of the plot


def _histogram(axes: Any, one: LayerDiagnosis) -> None:
    shares = [(one.saturated, "saturated"), (one.dead, "dead")]
    mean = one.mean if abs(one.mean) > 1e-9 * one.std else 0.0
    told = ", ".join(f"{share:.0%} {word}" for share, word in shares if share)
    bins = int(np.clip(np.sqrt(np.size(one.values)), 8, 40))
    axes.hist(np.ravel(one.values), bins=bins, color="tab:blue" if one.saturated is None else "tab:green")
    axes.set_title(f"{one.path} {one.kind}\n{mean:.2g} ± {one.std:.2g}\n{told}".rstrip(), fontsize=7)
    axes.set_yticks([])
    axes.tick_params(labelsize=6)
    axes.spines[["left", "right", "top"]].set_visible(False)


def _gradients(axes: Any, layers: tuple[LayerDiagnosis, ...]) -> None:
    """Points, not bars: a logarithmic scale has no zero for a bar to stand on."""
    for learns, word, marker in ((True, "of the parameters", "o"), (False, "of the output, without parameters", "x")):
        chosen = [k for k, one in enumerate(layers) if one.learns == learns and one.gradient]
        axes.plot(chosen, [layers[k].gradient for k in chosen], marker, label=word)
    axes.set_yscale("log")
    axes.set_xticks(range(len(layers)), [f"{one.path} {one.kind}" for one in layers], rotation=30, ha="right")
    axes.set(xlim=(-0.5, len(layers) - 0.5), ylabel="gradient norm")
    axes.grid(alpha=0.3)
    axes.tick_params(which="both", labelsize=7)
    axes.legend(fontsize=7)


def diagnose(model: Module, batch: Any, loss: Callable[[Any], Any] | None = None) -> Diagnosis:
    """Run `model` on `batch` as it stands (training or inference) and look at every layer without children.

    `loss` makes a scalar of the output, say `lambda out: F.cross_entropy(out, labels)`; with it gradients are told
    too. The parameters' own gradients are left as they were.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> net = nn.MLP([3, 5, 2], activation="sigmoid", weight_init=0, bias_init=0)
    >>> report = nn.diagnose(net, np.ones((4, 3)))
    >>> report.layers[1].mean, report.layers[1].saturated
    (0.5, 0.0)
    """
    seen: list[tuple[str, Module, Any, Any]] = []
    handles = [
        module.register_forward_hook(lambda m, inputs, out, path=path: seen.append((path, m, inputs[0], _first(out))))
        for path, module in model.named_modules()
        if not any(True for _ in module.children())
    ]
    try:
        out = model(batch)
    finally:
        for handle in handles:
            handle.remove()
    before = [(value, None if value._grad is None else value.grad) for value in model.parameters()]
    cost = None if loss is None else loss(out)
    if cost is not None:
        for parameter, _ in before:
            parameter.zero_grad()
        cost.backward()
    found = tuple(_diagnosed(path or type(m).__name__, m, x, y, cost is not None) for path, m, x, y in seen)
    for parameter, gradient in before:
        parameter._grad = gradient
    return Diagnosis(found, None if cost is None else float(cost))


def _first(out: Any) -> Any:
    return out[0] if isinstance(out, tuple) else out


def _diagnosed(path: str, module: Module, x: Any, y: Any, graded: bool) -> LayerDiagnosis:
    values = np.asarray(y.data if isinstance(y, Value) else y)
    saturated = dead = gradient = None
    if isinstance(module, Activation):
        slope = _slope(module, x.data if isinstance(x, Value) else x)
        saturated = float(np.mean(np.abs(slope) < 0.2 * _steepest(module)))
        dead = float(np.mean(np.all((slope == 0) & (values == 0), axis=0)))
    own = [p.grad for p in module.parameters() if p._grad is not None] if graded else []
    learns = bool(own)
    if graded:
        own = own or [getattr(y, "grad", None)]
        gradient = float(np.sqrt(sum(float(np.sum(np.square(g))) for g in own if g is not None)))
    mean, std, kind = float(values.mean()), float(values.std()), type(module).__name__
    return LayerDiagnosis(path, kind, mean, std, saturated, dead, gradient, values, learns)


def _slope(function: Callable[[Any], Any], x: Any) -> Any:
    """The derivative of an elementwise function at each element."""
    leaf = Value(x)
    out = function(leaf)
    out.backward(np.ones(out.shape))
    return leaf.grad


def _steepest(function: Callable[[Any], Any]) -> float:
    return float(np.max(np.abs(_slope(function, np.linspace(-5, 5, 1001)))))


def saturation(function: Callable[[Any], Any], far: float = 1e6) -> Literal["left", "right", "both", "none"]:
    """On which sides an activation saturates: a'(z) → 0 for z → -∞ (left), +∞ (right) (course 004, row `saturation`).

    >>> from tinygrad_edu import nn
    >>> [saturation(f) for f in (nn.functional.sigmoid, nn.functional.relu, nn.functional.leaky_relu)]
    ['both', 'left', 'none']
    """
    flat = np.abs(_slope(function, np.array([-far, far]))) < 1e-6
    return "both" if flat.all() else "left" if flat[0] else "right" if flat[1] else "none"


def activation_pattern(model: Module, batch: Any) -> Any:
    """Which ReLU units are on, [N, all units] booleans: one row a linear region (course 001, row `relu-hyperplane`).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> net = nn.Sequential(nn.Linear(1, 2, weight_init=1, bias_init=0), nn.ReLU())
    >>> nn.activation_pattern(net, np.array([[-1.0], [1.0]])).tolist()
    [[False, False], [True, True]]
    """
    on: list[Any] = []
    handles = [
        module.register_forward_hook(lambda m, inputs, out: on.append((out > 0).reshape((len(out), -1))))
        for module in model.modules()
        if isinstance(module, ReLU | ReLU6)
    ]
    try:
        model(batch)
    finally:
        for handle in handles:
            handle.remove()
    return np.concatenate(on, axis=1)


def gradient_norms(model: Module, batch: Any, loss: Callable[[Any], Any]) -> dict[str, float]:
    """‖∂loss/∂parameters‖ of each layer that learns: vanishing and exploding gradients show here (row
    `vanishing-gradient`).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> norms = nn.gradient_norms(nn.MLP([2, 3, 1]), np.ones((4, 2)), lambda out: np.mean(out))
    >>> list(norms)
    ['0', '2']
    """
    learning = {path for path, module in model.named_modules() if any(True for _ in module.parameters(recurse=False))}
    return {one.path: one.gradient or 0.0 for one in diagnose(model, batch, loss).layers if one.path in learning}
