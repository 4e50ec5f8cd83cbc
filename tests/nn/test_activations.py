"""Activations and their effects (courses 001 and 004): values, saturation, vanishing and exploding gradients, dead
units.
"""

import warnings
from typing import Any

import numpy as np
import pytest

from tests.nn.training import descend
from tinygrad_edu import Value, manual_seed, nn, optim
from tinygrad_edu import testing as check
from tinygrad_edu.nn import functional as F

ELEMENTWISE = [F.sigmoid, F.tanh, F.relu, F.leaky_relu, F.elu, F.selu, F.celu, F.silu, F.softplus, F.softsign]
ELEMENTWISE += [F.logsigmoid, F.hardtanh, F.relu6]


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: getattr(f, "__name__", str(f)))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_are_finite_at_extremes_and_keep_the_dtype(function: Any, dtype: Any) -> None:
    x = np.array([-1000, -30, -1, 0, 1, 30, 1000], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        leaf = Value(x)
        out = function(leaf)
        out.sum().backward()
    assert out.dtype == leaf.grad.dtype == dtype
    assert np.isfinite(out.data).all()
    assert np.isfinite(leaf.grad).all()
    np.testing.assert_array_equal(function(x), out.data)


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: getattr(f, "__name__", str(f)))
def test_gradients_hold_to_second_order_away_from_kinks(function: Any) -> None:
    assert check.gradcheck(function, np.array([-2.3, -0.4, 0.3, 0.7, 2.1])).ok


def test_identities_of_the_courses() -> None:
    z = np.linspace(-4, 4, 17)
    np.testing.assert_allclose(F.tanh(z), 2 * F.sigmoid(2 * z) - 1)
    leaf = Value(z)
    s = F.sigmoid(leaf)
    s.sum().backward()
    np.testing.assert_allclose(leaf.grad, s.data * (1 - s.data))
    assert Value(0.0).relu().item() == 0
    zero = Value([0.0])
    F.relu(zero).backward()
    assert zero.grad.tolist() == [0.0]


def test_prelu_learns_its_slope_from_the_negative_side_only() -> None:
    layer, x = nn.PReLU(), np.array([-2.0, -1.0, 3.0])
    upstream = np.array([1.0, 10.0, 100.0])
    (layer(x) * upstream).sum().backward()
    assert layer.weight.grad.tolist() == [(-2.0) * 1 + (-1.0) * 10]
    assert [group["weight_decay"] for group in optim.decay_matrices(layer.parameters(), 0.1)] == [0.0]


@pytest.mark.parametrize(
    ("function", "sides"),
    [
        (F.sigmoid, "both"),
        (F.tanh, "both"),
        (F.softsign, "both"),
        (F.relu, "left"),
        (F.elu, "left"),
        (F.leaky_relu, "none"),
    ],
)
def test_saturation_is_told_by_side(function: Any, sides: str) -> None:
    assert nn.saturation(function) == sides
    assert nn.saturation(lambda x: function(-x)) == {"left": "right"}.get(sides, sides)


def norms(activation: str, init: str, depth: int = 10, width: int = 100, **options: Any) -> list[float]:
    manual_seed(0)
    net = nn.MLP([width] * (depth + 1), activation, weight_init=init, bias_init=0, **options)
    x = np.random.default_rng(0).normal(size=(64, width))
    return list(nn.gradient_norms(net, x, lambda out: np.mean(np.square(out))).values())


def test_gradients_vanish_through_sigmoids_and_not_through_relu_with_he() -> None:
    sigmoid, relu = norms("sigmoid", "xavier_normal"), norms("relu", "he_normal")
    assert sigmoid[0] < 1e-4 * sigmoid[-1]
    assert 0.1 < relu[0] / relu[-1] < 10


@pytest.mark.parametrize("c", [0.5, 1.0, 2.0])
def test_gradients_explode_or_vanish_as_c_to_the_depth_in_a_linear_net(c: float) -> None:
    layers = [nn.Linear(3, 3, bias=False) for _ in range(6)]
    for layer in layers:
        layer.weight.data = c * np.eye(3)
    x, upstream = Value(np.ones(3)), np.array([1.0, -2.0, 0.5])
    nn.Sequential(*layers)(x).backward(upstream)
    np.testing.assert_allclose(x.grad, c**6 * upstream)


def test_positive_inputs_force_one_sign_on_a_neurons_weight_gradients() -> None:
    rng = np.random.default_rng(0)
    positive, centred = F.sigmoid(rng.normal(size=8)), F.tanh(rng.normal(size=8))
    for x, one_sign in ((positive, True), (centred, False)):
        neuron = nn.Neuron(8)
        (neuron(x) * -3).backward()
        signs = set(np.sign(neuron.weight.grad[0]))
        assert (len(signs) == 1) == one_sign


def test_not_zero_centred_inputs_take_the_longer_path() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = X @ [1.0, -1.0]
    steps = []
    for shift in (0.0, 3.0):
        net = nn.Linear(2, 1, weight_init=0, bias_init=0)
        rate = 1 / np.linalg.eigvalsh(np.cov((X + shift).T, bias=True) + shift**2 + 1).max() / 2
        losses = descend(net, lambda net=net, s=shift: F.mse_loss(net(X + s)[:, 0], y), 400, rate)
        steps.append(next((k for k, loss in enumerate(losses) if loss < 0.01), 400))
    assert steps[1] > 2 * steps[0]


def test_relu_learns_faster_than_sigmoid() -> None:
    """Steps to a loss of 0.4, the median of five starts; the course expects the order ReLU, tanh, sigmoid."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    steps = {}
    for name in ("relu", "tanh", "sigmoid"):
        ends = []
        for seed in range(5):
            manual_seed(seed)
            net = nn.MLP([2, 16, 16, 2], name)
            losses = descend(net, lambda net=net: F.cross_entropy(net(X), y), 200, 0.5)
            ends.append(next((k for k, loss in enumerate(losses) if loss < 0.4), len(losses)))
        steps[name] = np.median(ends)
    assert steps["relu"] < 100
    assert steps["relu"] < steps["sigmoid"] > steps["tanh"]


def test_a_dead_relu_never_learns_and_a_leaky_one_recovers() -> None:
    X = np.random.default_rng(0).normal(size=(50, 2))
    for activation, moved in ((nn.ReLU(), False), (nn.LeakyReLU(0.1), True)):
        manual_seed(0)
        net = nn.Sequential(nn.Linear(2, 1, bias_init=-100), activation)
        before = net[0].weight.numpy()
        descend(net, lambda net=net: F.mse_loss(net(X), np.ones((50, 1))), 100, 0.1)
        assert (not np.array_equal(before, net[0].weight.data)) == moved
        assert nn.diagnose(net, X).layers[1].dead == (not moved)


def test_a_step_too_large_kills_units() -> None:
    manual_seed(0)
    X = np.random.default_rng(0).normal(2, 0.5, size=(100, 3))
    net = nn.MLP([3, 50, 1], bias_init=3.0)
    before = nn.diagnose(net, X).layers[1].dead
    descend(net, lambda: F.mse_loss(net(X)[:, 0], X[:, 0]), 1, 5.0)
    assert before == 0
    assert nn.diagnose(net, X).layers[1].dead > 0.2


def test_a_relu_layer_cuts_a_line_into_at_most_one_more_region_than_units() -> None:
    manual_seed(0)
    net = nn.MLP([1, 7, 1])
    net[0].bias.data = np.linspace(-1, 1, 7)
    pattern = nn.activation_pattern(net, np.linspace(-30, 30, 60001)[:, None])
    regions = 1 + int(np.any(pattern[1:] != pattern[:-1], axis=1).sum())
    assert pattern.shape == (60001, 7)
    assert 4 < regions <= 8


def test_sigmoid_and_tanh_are_linear_near_zero() -> None:
    z = np.linspace(-0.5, 0.5, 1001)
    assert np.max(np.abs(F.sigmoid(z) - (0.25 * z + 0.5))) == pytest.approx(0.0025407, abs=1e-6)
    assert np.max(np.abs(F.tanh(z) - z)) == pytest.approx(0.0378828, abs=1e-6)


def test_diagnosis_leaves_the_gradients_that_an_optimiser_waits_for() -> None:
    net, X = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), np.random.default_rng(0).normal(size=(5, 3))
    twin = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    twin.load_state_dict(net.state_dict())
    optimisers = [optim.SGD(model.parameters(), lr=0.5) for model in (net, twin)]
    for model in (net, twin):
        F.cross_entropy(model(X), np.zeros(5, int)).backward()
    report = nn.diagnose(net, X, lambda out: F.cross_entropy(out, np.ones(5, int)))
    assert [one.learns for one in report.layers] == [True, False, True]
    for optimiser in optimisers:
        optimiser.step()
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, twin.state_dict()[name])


def test_diagnosis_tells_layers_apart_and_leaves_gradients_alone() -> None:
    manual_seed(0)
    net = nn.MLP([4, 6, 6, 2], "sigmoid", weight_init="normal")
    X, y = np.random.default_rng(0).normal(size=(20, 4)), np.arange(20) % 2
    F.cross_entropy(net(X), y).backward()
    before = [p.grad.copy() for p in net.parameters()]
    report = nn.diagnose(net, X, lambda out: F.cross_entropy(out, y))
    assert [one.kind for one in report.layers] == ["Linear", "Sigmoid", "Linear", "Sigmoid", "Linear"]
    for parameter, gradient in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(parameter.grad, gradient)
    both = np.sqrt(np.sum(before[0] ** 2) + np.sum(before[1] ** 2))
    assert report.layers[0].gradient == pytest.approx(both)
    assert report.layers[1].gradient > 0
    assert report.layers[0].saturated is None
    assert report.layers[1].saturated > 0.05
    assert report.loss == pytest.approx(F.cross_entropy(net(X), y).item())
    assert len(str(report).splitlines()) == 6


def test_diagnosis_draws_a_figure() -> None:
    pytest.importorskip("matplotlib")
    net = nn.MLP([2, 3, 1])
    figure = nn.diagnose(net, np.ones((4, 2)), np.sum).plot()
    assert len(figure.axes) == 4
    assert len(nn.diagnose(net, np.ones((4, 2))).plot().axes) == 3  # no gradients to show
    deep = nn.Sequential(*[nn.Linear(2, 2) for _ in range(10)])
    assert nn.diagnose(deep, np.ones((4, 2))).plot().get_size_inches()[0] < 15
