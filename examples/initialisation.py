"""What initialisation does to signals in a deep net: deviations, saturation and gradients by layer."""

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.errors import DependencyError

SMALL = {"width": 50, "depth": 3}  # what the tests run
CHOICES = {
    "tanh, σ = 0.01": ("tanh", lambda w: nn.init.normal_(w, std=0.01)),
    "tanh, σ = 1": ("tanh", nn.init.normal_),
    "tanh, Xavier": ("tanh", nn.init.xavier_normal_),
    "sigmoid, Xavier": ("sigmoid", nn.init.xavier_normal_),
    "ReLU, Xavier": ("relu", nn.init.xavier_normal_),
    "ReLU, He": ("relu", nn.init.kaiming_normal_),
}


def examined(activation, weight_init, width, depth):
    """The diagnosis of a net on normal inputs, with the mean square of its outputs as the loss."""
    nn.manual_seed(0)
    net = nn.MLP([width] * depth + [10], activation, weight_init=weight_init, bias_init=0)
    return nn.diagnose(net, np.random.default_rng(0).normal(size=(200, width)), lambda out: np.mean(out * out))


def main(width=500, depth=10):
    """Print deviations, saturation and gradients by layer; save the histograms of the last choice."""
    last = f"… of layer {depth - 1}"
    print(f"{'':<18}{'deviation of layer 1':>22}{last:>14}{'saturated':>11}{'gradient 1st : last':>21}")
    for name, (activation, weight_init) in CHOICES.items():
        report = examined(activation, weight_init, width, depth)
        after = [layer for layer in report.layers if layer.saturated is not None]
        norms = [layer.gradient for layer in report.layers if layer.learns]
        print(
            f"{name:<18}{after[0].std:>22.2g}{after[-1].std:>14.2g}{after[-1].saturated:>11.0%}"
            f"{norms[0] / norms[-1]:>21.2g}"
        )
    print()
    print(report)
    try:
        report.plot().savefig("layers.png")
        print("saved layers.png")
    except DependencyError as error:
        print("no picture:", error)


if __name__ == "__main__":
    main()
