"""Initialisation (courses 000, 001 and 004): distributions, scales, and what they do to signals in deep nets."""

from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.nn.make_reference import INITIALISERS, QUANTILES, SHAPE, torchs_quantiles
from tests.nn.training import descend
from tinygrad_edu import Value, manual_seed, nn
from tinygrad_edu.errors import SettingError, ShapeError
from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn import init


def blank(*shape: int) -> Any:
    return nn.Parameter(np.zeros(shape))


@pytest.fixture(autouse=True)
def _seed() -> None:
    manual_seed(0)


VARIANCES = [
    (lambda w: init.normal_(w, 0.5, 2.0), 4.0, None),
    (lambda w: init.uniform_(w, -1.0, 3.0), 16 / 12, 3.0),
    (lambda w: init.uniform_fixed_variance_(w, 0.25), 0.25, sqrt(0.75)),
    (init.xavier_normal_, 2 / 700, None),
    (init.xavier_uniform_, 2 / 700, sqrt(6 / 700)),
    (lambda w: init.xavier_uniform_(w, 2.0), 8 / 700, 2 * sqrt(6 / 700)),
    (init.kaiming_normal_, 2 / 300, None),
    (init.kaiming_uniform_, 2 / 300, sqrt(6 / 300)),
    (lambda w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"), 2 / 400, None),
    (lambda w: init.kaiming_uniform_(w, a=sqrt(5)), 1 / 900, sqrt(1 / 300)),
    (init.lecun_normal_, 1 / 300, None),
    (lambda w: init.variance_scaling_(w, 3.0, "fan_avg", "uniform"), 3 / 350, None),
]


@pytest.mark.parametrize(("fill", "variance", "bound"), VARIANCES)
def test_draws_follow_their_formula(fill: Any, variance: float, bound: float | None) -> None:
    w = fill(blank(400, 300)).data
    assert w.var() == pytest.approx(variance, rel=4 * sqrt(3 / w.size))
    if bound:
        assert abs(w).max() <= bound
        assert abs(w).max() > 0.99 * bound


STORED = np.load(Path(__file__).parent / "initialisers.npz")


def check_quantiles(name: str, theirs: Any) -> None:
    mine = np.quantile(getattr(init, name)(blank(*SHAPE)).data, QUANTILES)
    np.testing.assert_allclose(mine, theirs, atol=0.05 * np.ptp(theirs) / 4 + 1e-12)


@pytest.mark.parametrize("name", INITIALISERS)
def test_initialisers_draw_from_pytorchs_distribution(name: str) -> None:
    pytest.importorskip("torch")
    check_quantiles(name, torchs_quantiles(name))


@pytest.mark.parametrize("name", INITIALISERS)
def test_initialisers_draw_from_the_distribution_stored_from_pytorch(name: str) -> None:
    check_quantiles(name, STORED[name])


def test_another_distribution_would_be_noticed() -> None:
    with pytest.raises(AssertionError):
        check_quantiles("xavier_uniform_", STORED["kaiming_uniform_"])


@pytest.mark.parametrize("groups", [1, 2])
def test_dirac_sparse_and_gains_equal_pytorchs(groups: int) -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.nn.init.dirac_(torch.empty(4, 2, 3, 3), groups).numpy()
    np.testing.assert_array_equal(init.dirac_(blank(4, 2, 3, 3), groups).data, theirs)
    assert (init.sparse_(blank(10, 6), 0.35).data == 0).sum(0).tolist() == [4] * 6
    for name in ("linear", "conv2d", "sigmoid", "tanh", "relu", "selu"):
        assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    assert init.calculate_gain("leaky_relu", 0.2) == pytest.approx(torch.nn.init.calculate_gain("leaky_relu", 0.2))


def test_default_layers_draw_as_pytorchs() -> None:
    w = nn.Linear(400, 300)
    assert abs(w.weight.data).max() == pytest.approx(1 / 20, rel=1e-3)
    assert w.weight.data.var() == pytest.approx(1 / 1200, rel=0.02)
    assert abs(w.bias.data).max() <= 1 / 20


def test_initialisers_are_chosen_by_name_number_or_function() -> None:
    assert nn.Linear(2, 2, weight_init=0.5, bias_init="ones").weight.data.tolist() == [[0.5, 0.5]] * 2
    assert nn.Linear(2, 2, weight_init=init.eye_).weight.data.tolist() == [[1, 0], [0, 1]]
    assert nn.Linear(100, 300, weight_init="he_normal").weight.data.std() == pytest.approx(sqrt(0.02), rel=0.05)
    assert nn.Linear(100, 300, weight_init="glorot_uniform").weight.data.std() == pytest.approx(sqrt(1 / 200), rel=0.05)
    with pytest.raises(ValueError, match="xavier_normal"):
        nn.Linear(2, 2, weight_init="he_abnormal")
    with pytest.raises(ShapeError, match="two axes"):
        init.xavier_normal_(blank(3))


def test_truncated_normal_stays_within_its_limits() -> None:
    w = init.trunc_normal_(blank(1000), std=2.0, a=-1.0, b=0.5).data
    assert -1 <= w.min() < w.max() <= 0.5
    for a, b in ((50.0, 51.0), (1.0, -1.0)):
        with pytest.raises(SettingError, match="holds"):
            init.trunc_normal_(blank(2), a=a, b=b)


def test_fans_of_a_filter_bank() -> None:
    assert init.calculate_fans((12, 3, 5, 5)) == (75, 300)


def test_zero_weights_keep_hidden_units_equal_for_ever() -> None:
    X, y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2
    net = nn.MLP([3, 4, 2], "tanh", weight_init=0, bias_init=0)
    F.cross_entropy(net(X), y).backward()
    assert np.all(net[0].weight.grad == 0)
    same = nn.MLP([3, 4, 2], "sigmoid", weight_init=0.3, bias_init=0)
    descend(same, lambda: F.cross_entropy(same(X), y), 30, 0.5)
    assert np.ptp(same[0].weight.data, axis=0).max() == 0


def deep(activation: str, weight_init: Any, depth: int, width: int, n: int = 200) -> tuple[Any, Any]:
    """Activations of each layer, and gradients arriving at each layer's output for a normal upstream gradient."""
    net = nn.MLP([width] * (depth + 1), activation, weight_init=weight_init, bias_init=0)
    net = nn.Sequential(*net, type(net[1])()) if depth > 1 else net
    rng, outputs = np.random.default_rng(0), []
    for layer in net:
        if not isinstance(layer, nn.Linear):
            layer.register_forward_hook(lambda module, inputs, out: outputs.append(out))
    out = net(rng.normal(size=(n, width)))
    out.backward(rng.normal(size=out.shape))
    return [h.data for h in outputs], [h.grad for h in outputs]


def test_unit_variance_saturates_a_sigmoid_net() -> None:
    activations, _ = deep("sigmoid", "normal", 6, 100)
    assert all(np.mean((h < 0.05) | (h > 0.95)) > 0.6 for h in activations)


def test_too_small_weights_kill_signals_layer_by_layer() -> None:
    activations, gradients = deep("tanh", lambda w: init.normal_(w, 0, 0.01), 10, 500, 50)
    assert activations[-1].std() < 1e-6
    assert gradients[0].std() < 1e-5


def test_too_large_weights_saturate_while_the_gradient_grows() -> None:
    activations, gradients = deep("tanh", "normal", 10, 500, 50)
    last = activations[-1]
    assert np.mean(np.abs(last) > 0.95) > 0.9
    assert np.median(1 - last**2) < 0.01
    assert gradients[0].std() > 1e3 * gradients[-1].std()


def test_xavier_keeps_activations_and_gradients_in_a_tanh_net() -> None:
    activations, gradients = deep("tanh", "xavier_normal", 10, 500, 100)
    assert 0.2 < activations[-1].std() / activations[0].std() < 1
    assert 0.15 < gradients[0].std() / gradients[-1].std() < 3


def test_he_keeps_the_second_moment_through_thirty_relu_layers_and_xavier_halves_it() -> None:
    he, _ = deep("relu", "he_normal", 30, 500, 20)
    xavier, _ = deep("relu", "xavier_normal", 30, 500, 20)
    moments = [np.mean(h**2) for h in he]
    assert 0.4 < moments[-1] / moments[0] < 2.5
    assert np.mean(xavier[-1] ** 2) / np.mean(xavier[0] ** 2) == pytest.approx(2.0**-29, rel=3)


def test_sixteen_times_xaviers_variance_lets_gradients_through_sigmoids() -> None:
    gain = init.calculate_gain("sigmoid", convention="nndl")
    assert gain == 4
    assert init.calculate_gain("tanh", convention="nndl") == 1
    ratios = []
    for g in (1.0, gain):
        net = nn.MLP([100] * 11, "sigmoid", weight_init=lambda w, g=g: init.xavier_normal_(w, g), bias_init=0)
        X = np.random.default_rng(0).normal(size=(64, 100))
        norms = list(nn.gradient_norms(net, X, lambda out: np.mean(np.square(out))).values())
        ratios.append(norms[0] / norms[-1])
    assert ratios[0] < 1e-4
    assert ratios[1] > 1e-3


def test_variance_of_a_linear_neuron_is_n_times_the_products() -> None:
    rng = np.random.default_rng(0)
    w, x = rng.normal(0, 0.5, (40000, 20)), rng.uniform(-1, 1, (40000, 20))
    assert (w * x).sum(1).var() == pytest.approx(20 * 0.25 / 3, rel=0.03)


@pytest.mark.parametrize("method", ["qr", "svd"])
@pytest.mark.parametrize("shape", [(5, 5), (6, 3), (3, 6), (4, 2, 3, 1)])
def test_orthogonal_rows_or_columns(method: Any, shape: tuple[int, ...]) -> None:
    w = init.orthogonal_(blank(*shape), 2.0, method=method).data.reshape(shape[0], -1)
    gram = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-12)


def test_orthogonal_layers_preserve_the_norm_and_normal_ones_of_small_width_do_not() -> None:
    def final(width: int, fill: Any) -> float:
        delta = np.eye(width)[0]
        for _ in range(20):
            delta = fill(blank(width, width)).data @ delta
        return float(np.linalg.norm(delta))

    assert final(8, init.orthogonal_) == pytest.approx(1, abs=1e-12)
    typical = {m: np.median([final(m, init.lecun_normal_) for _ in range(20)]) for m in (4, 200)}
    assert typical[4] < 0.4
    assert typical[200] == pytest.approx(1, abs=0.3)


def test_pretrained_weights_give_the_same_outputs_and_learn_sooner() -> None:
    X = np.random.default_rng(0).normal(size=(60, 2))
    y, related = (X[:, 0] > 0).astype(int), (X[:, 0] > 0.2).astype(int)
    first = nn.MLP([2, 8, 2])
    descend(first, lambda: F.cross_entropy(first(X), y), 200, 0.5)
    tuned, fresh = nn.MLP([2, 8, 2]), nn.MLP([2, 8, 2])
    tuned.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(tuned(X).data, first(X).data)
    sooner = descend(tuned, lambda: F.cross_entropy(tuned(X), related), 30, 0.5)
    later = descend(fresh, lambda: F.cross_entropy(fresh(X), related), 30, 0.5)
    assert sooner[5] < later[29]


def test_starts_differ_in_speed() -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    steps = []
    for seed in range(20):
        manual_seed(seed)
        net = nn.MLP([2, 6, 2])
        losses = descend(net, lambda net=net: F.cross_entropy(net(X), y), 60, 0.5)
        steps.append(next((k for k, loss in enumerate(losses) if loss < 0.6), len(losses)))
    low, median, high = np.quantile(steps, [0.1, 0.5, 0.9])
    assert low < median < high
    assert np.std(steps) / np.mean(steps) > 0.2


def test_a_bias_of_a_hundredth_switches_more_relus_on_than_zero() -> None:
    x = np.random.default_rng(0).normal(0, 0.1, size=(500, 20))
    layer = nn.Linear(20, 50, weight_init="he_normal", bias_init=0.01)
    more = (layer(x).data > 0).mean()
    init.constant_(layer.bias, 0.0)
    none = (layer(x).data > 0).mean()
    assert more > none
    assert none == pytest.approx(0.5, abs=0.05)


def test_lsuv_gives_each_layer_unit_variance_on_the_batch() -> None:
    X = np.random.default_rng(0).normal(3, 2, size=(100, 8))
    net = init.lsuv_(nn.MLP([8, 30, 30, 4], "tanh"), X)
    for one in nn.diagnose(net, X).layers:
        if one.kind == "Linear":
            assert one.std == pytest.approx(1, abs=0.06)


def test_initialisers_keep_the_dtype() -> None:
    w = nn.Parameter(np.zeros((3, 3), np.float32))
    for fill in (init.normal_, init.orthogonal_, init.eye_, init.xavier_uniform_):
        assert fill(w).dtype == np.float32
    assert isinstance(w, Value)
