"""Neurons and feed-forward networks (courses 001, 002 and 004): each row works as a part or is shown as an
observation.
"""

from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.nn.training import descend
from tinygrad_edu import Value, manual_seed, nn, optim
from tinygrad_edu import testing as check
from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn import init

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
XOR = np.array([0, 1, 1, 0])


def step(z: Any) -> Any:
    return (z.data >= 0).astype(int)


@pytest.mark.parametrize(
    ("weights", "bias", "truth"),
    [([1, 1], -1.5, [0, 0, 0, 1]), ([1, 1], -0.5, [0, 1, 1, 1]), ([-1, 0], 0.5, [1, 1, 0, 0])],
)
def test_one_step_neuron_computes_and_or_not(weights: list[float], bias: float, truth: list[int]) -> None:
    neuron = nn.Neuron(2, step)
    neuron.load_state_dict({"weight": np.array([weights]), "bias": np.array([bias])})
    assert neuron(INPUTS).tolist() == truth


def test_no_single_neuron_computes_xor() -> None:
    grid = np.linspace(-2, 2, 9)
    assert not any(np.array_equal((INPUTS @ [a, b] + c >= 0).astype(int), XOR) for a, b, c in product(grid, grid, grid))
    assert any(
        np.array_equal((INPUTS @ [a, b] + c >= 0).astype(int), [0, 0, 0, 1]) for a, b, c in product(grid, grid, grid)
    )


def test_a_biological_neuron_fires_at_the_sigmoid_of_its_weighted_inputs() -> None:
    neuron, x = nn.Neuron(3), np.array([0.2, -1.0, 0.5])
    rate = 1 / (1 + np.exp(-(np.sum(x * neuron.weight.data) + neuron.bias.data[0])))
    assert neuron(x).item() == pytest.approx(rate, abs=1e-15)


def separable(seed: int = 0, n: int = 60) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    X += 0.4 * np.sign(X @ [1.0, -2.0])[:, None] * np.array([1, -2]) / np.sqrt(5)
    return X, np.sign(X @ [1.0, -2.0])


def test_the_perceptron_rule_makes_no_more_mistakes_than_novikoffs_bound() -> None:
    X, y = separable()
    model = nn.Perceptron(2)
    mistakes = model.fit(X, y)
    assert mistakes[-1] == 0
    np.testing.assert_array_equal(model(X), y)
    radius, margin = np.max(np.linalg.norm(np.c_[X, np.ones(len(X))], axis=1)), np.min(y * (X @ [1, -2]) / np.sqrt(5))
    assert sum(mistakes) <= (radius / margin) ** 2


def test_the_perceptron_equals_scikit_learns() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = separable(1)
    theirs = linear_model.Perceptron(eta0=1.0, shuffle=False, tol=None, max_iter=5).fit(X, y)
    mine = nn.Perceptron(2)
    mine.fit(X, y, max_iter=5)
    np.testing.assert_allclose(mine.weight.data, theirs.coef_[0])
    np.testing.assert_allclose(mine.bias.data, theirs.intercept_)


def test_a_network_without_hidden_layer_decides_like_a_perceptron() -> None:
    manual_seed(0)
    X, y = separable()
    net = nn.Sequential(nn.Linear(2, 1), nn.Tanh())
    descend(net, lambda: F.mse_loss(net(X)[:, 0], y), 200, 0.5)
    perceptron = nn.Perceptron(2)
    perceptron.fit(X, y)
    np.testing.assert_array_equal(np.sign(net(X).data[:, 0]), perceptron(X))


@pytest.mark.parametrize("sizes", [[3, 4, 2], [3, 5, 4, 3, 3, 2]])
def test_a_network_is_the_composition_of_its_layers(sizes: list[int]) -> None:
    net, x = nn.MLP(sizes, activation="tanh"), np.random.default_rng(0).normal(size=(5, sizes[0]))
    h = x
    linears = [layer for layer in net if isinstance(layer, nn.Linear)]
    for k, layer in enumerate(linears):
        W, b = layer.weight.data.T, layer.bias.data
        h = h @ W + b if k == len(linears) - 1 else np.tanh(h @ W + b)
    np.testing.assert_allclose(net(x).data, h, rtol=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_gradients_of_all_weights_hold_at_every_depth(depth: int) -> None:
    manual_seed(depth)
    net, x = nn.MLP([2] + [3] * depth + [1]), np.random.default_rng(0).normal(size=(4, 2))
    state = net.state_dict()

    def loss(*theta: Any) -> Any:
        return np.sum(np.square(nn.utils.functional_call(net, dict(zip(state, theta, strict=True)), x)))

    assert check.gradcheck(loss, *state.values()).ok


def test_rows_of_a_linear_classifier_become_templates_of_their_classes() -> None:
    manual_seed(0)
    rng = np.random.default_rng(0)
    prototypes = rng.normal(size=(3, 16))
    y = np.arange(150) % 3
    X = prototypes[y] + 0.5 * rng.normal(size=(150, 16))
    net = nn.Linear(16, 3, weight_init=0)
    descend(net, lambda: F.cross_entropy(net(X), y), 50, 0.5)
    centred = prototypes - prototypes.mean(0)
    for row, wanted in zip(net.weight.data, centred, strict=True):
        assert np.corrcoef(row, wanted)[0, 1] > 0.8


def test_two_layers_solve_xor() -> None:
    manual_seed(1)
    net = nn.MLP([2, 8, 2])
    losses = descend(net, lambda: F.cross_entropy(net(INPUTS), XOR), 300, 0.5)
    assert losses[-1] < 0.05
    np.testing.assert_array_equal(net(INPUTS).argmax(1), XOR)


def test_twenty_lines_of_numpy_take_the_same_steps() -> None:
    rng = np.random.default_rng(0)
    x, y, w1, w2 = rng.normal(size=(16, 8)), rng.normal(size=(16, 3)), rng.normal(size=(8, 5)), rng.normal(size=(5, 3))
    net = nn.Sequential(nn.Linear(8, 5, bias=False), nn.Sigmoid(), nn.Linear(5, 3, bias=False))
    net.load_state_dict({"0.weight": w1.T, "2.weight": w2.T})
    losses = descend(net, lambda: np.sum(np.square(net(x) - y)), 100, 1e-2)
    for loss in losses:
        h = 1 / (1 + np.exp(-x @ w1))
        predicted = h @ w2
        assert np.sum((predicted - y) ** 2) == pytest.approx(loss, rel=1e-10)
        upstream = 2 * (predicted - y)
        w1, w2 = w1 - 1e-2 * x.T @ (upstream @ w2.T * h * (1 - h)), w2 - 1e-2 * h.T @ upstream


def test_parameters_are_counted_and_the_input_is_no_layer() -> None:
    assert nn.MLP([2, 4, 1]).num_layers == 2
    assert nn.MLP([3, 4, 2]).num_parameters() == 26
    assert nn.MLP([3, 4, 4, 1]).num_parameters() == 41


def test_a_layer_as_matrix_product_equals_its_neurons_one_by_one() -> None:
    layer, x = nn.Linear(3, 4), np.array([0.5, -1.0, 2.0])
    units = [sum(w * xi for w, xi in zip(row, x, strict=True)) + b
             for row, b in zip(layer.weight.data, layer.bias.data, strict=True)]  # fmt: skip
    np.testing.assert_allclose(layer(x).data, units)


def test_one_hidden_layer_approximates_a_sine_the_better_the_wider() -> None:
    """The layer's weights are drawn and the output fitted: medians over five draws of the largest error on [0, 1]."""
    x = np.linspace(0, 1, 200)[:, None]
    y, medians = np.sin(2 * np.pi * x), []
    for width in (2, 4, 8, 16, 32):
        worst = []
        for seed in range(5):
            rng, net = np.random.default_rng(seed), nn.MLP([1, width, 1], "tanh")
            init.normal_(net[0].weight, 0, 10, generator=rng)
            init.uniform_(net[0].bias, -10, 10, generator=rng)
            hidden = np.c_[net[:2](x).data, np.ones(200)]
            output = np.linalg.lstsq(hidden, y, rcond=None)[0]
            net[2].load_state_dict({"weight": output[:-1].T, "bias": output[-1]})
            worst.append(np.max(np.abs(net(x).data - y)))
        medians.append(np.median(worst))
    assert medians[0] > 0.5
    assert np.all(np.array(medians) < [1.3, 1.0, 0.2, 5e-3, 1e-4])
    assert medians == sorted(medians, reverse=True)


def test_a_trained_hidden_layer_approximates_a_sine_too() -> None:
    x, worst = np.linspace(0, 1, 100)[:, None], []
    y = np.sin(2 * np.pi * x)
    for seed in range(3):
        manual_seed(seed)
        net = nn.MLP([1, 8, 1], "tanh")
        optimizer = optim.LBFGS(net.parameters(), max_iter=150, line_search_fn="strong_wolfe")

        def closure(net: Any = net) -> Any:
            net.zero_grad()
            (loss := F.mse_loss(net(x), y)).backward()
            return loss

        optimizer.step(closure)
        worst.append(np.max(np.abs(net(x).data - y)))
    assert np.median(worst) < 0.05


def test_the_batch_gradient_is_the_mean_of_single_ones_and_contradictory_samples_cancel() -> None:
    net, X = nn.Linear(2, 1), np.random.default_rng(0).normal(size=(5, 2))

    def gradient(rows: Any, y: float) -> Any:
        net.zero_grad()
        F.mse_loss(net(rows), np.full((len(rows), 1), y)).backward()
        return net.weight.grad

    singles = np.mean([gradient(X[k : k + 1], 1.0) for k in range(5)], axis=0)
    np.testing.assert_allclose(gradient(X, 1.0), singles)
    out = net(X[:1]).item()
    up, down = gradient(X[:1], out + 1), gradient(X[:1], out - 1)
    np.testing.assert_allclose(up + down, 0, atol=1e-12)


def rings() -> tuple[Any, Any]:
    angle = np.arange(40) * 2 * np.pi / 20
    radius = np.repeat([1.0, 2.5], 20)
    return np.c_[radius * np.cos(angle), radius * np.sin(angle)], np.repeat([-1.0, 1.0], 20)


def test_a_kernel_machine_has_one_optimum_a_network_many() -> None:
    X, y = rings()
    K = np.exp(-((X[:, None] - X) ** 2).sum(2))
    rng, convex, network = np.random.default_rng(0), [], []
    for seed in range(5):
        a = rng.normal(size=40)
        for _ in range(3000):
            a -= 0.05 * (K @ a - y + 0.1 * a)
        convex.append(0.5 * np.sum((K @ a - y) ** 2) + 0.05 * a @ K @ a)
        manual_seed(seed)
        net = nn.MLP([2, 6, 1], activation="tanh")
        network.append(descend(net, lambda net=net: F.mse_loss(net(X)[:, 0], y), 150, 0.2)[-1])
    assert np.ptp(convex) < 1e-6
    assert np.ptp(network) > 1e-3
    assert np.all(np.sign(K @ a) == y)


def test_permuting_and_flipping_hidden_units_leaves_the_output() -> None:
    net, x = nn.MLP([3, 5, 2], activation="tanh"), np.random.default_rng(0).normal(size=(4, 3))
    before, state = net(x).data, net.state_dict()
    order, sign = np.array([3, 1, 0, 4, 2]), np.array([1, -1, -1, 1, -1.0])
    state["0.weight"] = sign[:, None] * state["0.weight"][order]
    state["0.bias"] = sign * state["0.bias"][order]
    state["2.weight"] = state["2.weight"][:, order] * sign
    net.load_state_dict(state)
    np.testing.assert_allclose(net(x).data, before, atol=1e-12)


def test_logistic_regression_is_the_two_class_softmax_and_agrees_with_scikit_learn() -> None:
    z = np.linspace(-5, 5, 11)
    np.testing.assert_allclose(F.softmax(np.c_[z, 0 * z], 1)[:, 0], F.sigmoid(z))
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = (X @ [1.0, -1.0] + 0.8 * rng.normal(size=100) > 0).astype(float)
    net = nn.Linear(2, 1, weight_init=0, bias_init=0)
    loss = lambda: F.binary_cross_entropy_with_logits(net(X)[:, 0], y) + nn.penalties.L2(0.01, half=True)(net)
    descend(net, loss, 600, 1.0)
    theirs = linear_model.LogisticRegression(C=1 / (0.01 * 100), tol=1e-10).fit(X, y)
    np.testing.assert_allclose(net.weight.data, theirs.coef_, atol=1e-4)


def test_softmax_regression_is_convex_with_linear_boundaries() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = rng.normal(size=(90, 2)) + 2 * np.array([[0, 1], [1, -1], [-1, -1]])[y]
    finals, net = [], nn.Linear(2, 3)
    for start in (-1.0, 2.0):
        net.load_state_dict({"weight": start * rng.normal(size=(3, 2)), "bias": np.zeros(3)})
        finals.append(descend(net, lambda: F.cross_entropy(net(X), y) + nn.penalties.L2(0.05)(net), 1500, 0.5)[-1])
    assert finals[0] == pytest.approx(finals[1], abs=1e-8)
    a, b = net.weight.data[0] - net.weight.data[1], net.bias.data[0] - net.bias.data[1]
    on_boundary = -b * a / (a @ a) + np.array([-a[1], a[0]])
    scores = net(on_boundary).data
    assert scores[0] == pytest.approx(scores[1])


def test_linear_regression_ends_at_the_least_squares_solution() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    net = nn.Sequential(nn.Linear(2, 1), nn.Identity())
    descend(net, lambda: F.mse_loss(net(X)[:, 0], y), 500, 0.2)
    wanted = np.linalg.lstsq(np.c_[X, np.ones(30)], y, rcond=None)[0]
    np.testing.assert_allclose([*net[0].weight.data[0], net[0].bias.data[0]], wanted, atol=1e-8)


def test_maxout_holds_relu_and_leaky_relu_and_routes_to_the_winner() -> None:
    unit, x = nn.Maxout(1, 1), np.linspace(-2, 2, 9)[:, None]
    for second, wanted in ((0.0, F.relu(x)), (0.01, F.leaky_relu(x))):
        unit.load_state_dict({"weight": np.array([[1.0], [second]]), "bias": np.zeros(2)})
        np.testing.assert_allclose(unit(x).data, wanted)
    leaf = Value([[2.0]])
    unit.zero_grad()
    unit(leaf).backward()
    np.testing.assert_array_equal(unit.weight.grad, [[2.0], [0.0]])
