"""Regularisation (courses 001, 002 and 004): penalties, dropout in its forms, noise that inference averages out."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.nn.training import descend
from tinygrad_edu import Value, manual_seed, nn, optim, tracing
from tinygrad_edu.errors import GraphError, ShapeError
from tinygrad_edu.nn import functional as F

X = np.random.default_rng(0).normal(size=(6, 4))


@pytest.fixture(autouse=True)
def _seed() -> None:
    manual_seed(0)


def powers(x: Any) -> Any:
    """x to x¹⁰, the highest first."""
    return np.vander(x, 11)[:, :-1]


def fitted_polynomial(x: Any, y: Any, decay: float) -> nn.Linear:
    """The polynomial with the least squared error and penalty, found to the end."""
    net, penalty = nn.Linear(10, 1, weight_init=0, bias_init=0), nn.penalties.L2(decay)
    tight = {"tolerance_grad": 1e-10, "tolerance_change": 1e-14, "line_search_fn": "strong_wolfe"}

    def closure() -> Value:
        net.zero_grad()
        (loss := F.mse_loss(net(powers(x))[:, 0], y) + penalty(net)).backward()
        return loss

    optim.LBFGS(net.parameters(), max_iter=1500, max_eval=3000, **tight).step(closure)
    return net


def test_a_penalty_narrows_the_gap_between_training_and_test() -> None:
    """Twelve noisy points of a sine: from every draw the same picture."""
    t = np.linspace(-0.95, 0.95, 100)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = rng.uniform(-1, 1, 12)
        y, unseen = (np.sin(3 * at) + 0.3 * rng.normal(size=at.shape) for at in (x, t))
        nets = [fitted_polynomial(x, y, decay) for decay in (0.0, 1e-3, 1e-1)]
        train, test = (
            [F.mse_loss(net(powers(at))[:, 0], of).item() for net in nets] for at, of in ((x, y), (t, unseen))
        )
        assert train == sorted(train)
        gaps = np.subtract(test, train)
        assert max(gaps[1:]) < gaps[0] / 10


def test_penalties_have_their_values_and_gradients_and_count_weights_only() -> None:
    w = Value([[3.0, -4.0]])
    assert nn.penalties.L2(0.1)([w]).item() == pytest.approx(2.5)
    assert nn.penalties.L2(0.1, half=True)([w]).item() == pytest.approx(1.25)
    assert nn.penalties.L1(0.1)([w]).item() == pytest.approx(0.7)
    assert nn.penalties.ElasticNet(0.1, beta=2.0)([w]).item() == pytest.approx(0.1 * (2 * 25 + 7))
    nn.penalties.L2(0.1, half=True)([w]).backward()
    np.testing.assert_allclose(w.grad, 0.1 * w.data)
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.PReLU())
    assert nn.penalties.weights(net) == [net[0].weight]


def test_l1_ends_at_the_soft_threshold_of_an_orthogonal_design() -> None:
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.normal(size=(20, 4)))[0]
    y = Q @ np.array([2.0, -1.0, 0.2, 0.05])
    net = nn.Linear(4, 1, bias=False, weight_init=0.1)
    rate, lam = 0.01, 0.5
    penalty = nn.penalties.L1(lam)
    descend(net, lambda: F.mse_loss(net(Q)[:, 0], y, reduction="half_sum") + penalty(net), 3000, rate)
    b = Q.T @ y
    np.testing.assert_allclose(net.weight.data[0], np.sign(b) * np.maximum(np.abs(b) - lam, 0), atol=2 * rate * lam)


def test_weight_decay_equals_the_l2_penalty_for_descent_and_not_for_adam() -> None:
    def after(make: Any, penalised: bool) -> Any:
        w = nn.Parameter([1.0, -2.0])
        optimiser = make([w])
        for _ in range(3):
            w.zero_grad()
            loss = np.sum(w * [0.3, 0.1])
            (loss + nn.penalties.L2(0.5, half=True)([w]) if penalised else loss).backward()
            optimiser.step()
        return w.numpy()

    sgd = [after(lambda p: optim.SGD(p, lr=0.1), True), after(lambda p: optim.SGD(p, lr=0.1, weight_decay=0.5), False)]
    np.testing.assert_allclose(sgd[0], sgd[1])
    w = np.array([1.0, -2.0])
    for _ in range(3):
        w = (1 - 0.1 * 0.5) * w - 0.1 * np.array([0.3, 0.1])
    np.testing.assert_allclose(sgd[1], w)
    adam = [
        after(lambda p: optim.Adam(p, lr=0.1), True),
        after(lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.5), False),
    ]
    assert np.abs(adam[0] - adam[1]).max() > 0.01


def test_gamma_and_beta_are_learned_by_every_optimiser() -> None:
    y = np.arange(6) % 2
    for make in (optim.SGD, optim.Adam, optim.RMSprop, lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9)):
        manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
        optimiser, losses = make(net.parameters(), lr=0.02), []
        for _ in range(40):
            net.zero_grad()
            loss = F.cross_entropy(net(X), y)
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        assert losses[-1] < losses[0]
        assert not np.array_equal(net[1].weight.data, np.ones(8))
        assert not np.array_equal(net[1].bias.data, np.zeros(8))


def test_an_l2_term_shortens_the_weights_of_an_overfitting_model() -> None:
    rng = np.random.default_rng(0)
    data, y = rng.normal(size=(20, 15)), rng.normal(size=20)
    norms = []
    for lam in (0.0, 0.1):
        net = nn.Linear(15, 1, weight_init=0)
        descend(net, lambda lam=lam, net=net: F.mse_loss(net(data)[:, 0], y) + nn.penalties.L2(lam)(net), 300, 0.05)
        norms.append(np.linalg.norm(net.weight.data))
    assert norms[1] < norms[0]


def test_max_norm_limits_each_units_weights_and_nothing_else() -> None:
    layer = nn.Linear(4, 3)
    layer.weight.data = np.array([[3.0, 0, 0, 4.0], [0.1, 0, 0, 0], [0, 0, 0, 0]])
    bias = layer.bias.numpy()
    nn.penalties.MaxNorm(1.0)(layer)
    np.testing.assert_allclose(layer.weight.data, [[0.6, 0, 0, 0.8], [0.1, 0, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(layer.bias.data, bias)


@pytest.mark.parametrize("keep", [0.5, 0.8])
def test_vanilla_dropout_keeps_a_share_unscaled_and_scales_inference(keep: float) -> None:
    layer, x = nn.Dropout(keep_prob=keep, inverted=False), np.full(100_000, 2.0)
    out = layer(x)
    assert set(out) == {0.0, 2.0}
    assert np.mean(out != 0) == pytest.approx(keep, abs=4 * np.sqrt(keep * (1 - keep) / x.size))
    np.testing.assert_allclose(layer.eval()(x), keep * x)


def test_inverted_dropout_keeps_mean_and_has_the_variance_of_its_formula() -> None:
    p, x = 0.25, np.full(100_000, 2.0)
    out = nn.Dropout(p)(x)
    variance = 4 * p / (1 - p)
    assert out.mean() == pytest.approx(2, abs=4 * np.sqrt(variance / x.size))
    assert out.var() == pytest.approx(variance, rel=0.02)
    np.testing.assert_array_equal(nn.Dropout(p).eval()(x), x)


def test_scaling_in_inference_is_the_exact_mean_over_all_masks_of_a_linear_unit() -> None:
    w, x, keep = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.7, -1.0]), 0.7
    mean = sum(
        np.prod([keep if m else 1 - keep for m in mask]) * (w * mask) @ x
        for mask in map(np.array, product((0, 1), repeat=3))
    )
    assert mean == pytest.approx(w @ nn.Dropout(keep_prob=keep, inverted=False).eval()(x))


def test_the_normalised_geometric_mean_over_all_masks_is_the_scaled_softmax_net() -> None:
    W, x = np.random.default_rng(0).normal(size=(3, 4)), np.array([0.5, -1.0, 2.0, 0.3])
    logs = np.mean([F.log_softmax(W @ (np.array(mask) * x)) for mask in product((0, 1), repeat=4)], axis=0)
    np.testing.assert_allclose(F.softmax(logs), F.softmax(W @ (0.5 * x)))


def test_gradients_pass_where_elements_were_kept_and_dtype_stays() -> None:
    x = Value(np.ones((50, 4), np.float32))
    out = nn.Dropout(0.5)(x)
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, out.data)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(nn.Dropout(1.0)(np.ones(3)), 0)


def test_probabilities_outside_0_to_1_are_refused() -> None:
    for make in (lambda: nn.Dropout(1.5), lambda: nn.DropConnectLinear(2, 2, -0.1), lambda: F.dropout(np.ones(2), 2.0)):
        with pytest.raises(ValueError, match="no probability"):
            make()


def test_an_mlp_drops_where_the_course_says() -> None:
    net = nn.MLP([4, 8, 8, 2], dropout=0.5, input_dropout=0.2)
    assert [type(layer).__name__ for layer in net] == [
        "Dropout",
        "Linear",
        "ReLU",
        "Dropout",
        "Linear",
        "ReLU",
        "Dropout",
        "Linear",
    ]
    assert [layer.p for layer in net if isinstance(layer, nn.Dropout)] == [0.2, 0.5, 0.5]


def harm_of_losing_one_unit(dropout: float, seed: int) -> float:
    """How many times the loss is, at worst, when one hidden unit is cut off."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=(60, 3))
    y = (data[:, 0] > 0).astype(int)
    manual_seed(seed)
    net = nn.MLP([3, 10, 2], "tanh", dropout=dropout)
    descend(net, lambda: F.cross_entropy(net(data), y), 200, 0.5)
    last, whole = list(net)[-1], F.cross_entropy(net.eval()(data), y).item()
    weight, worst = last.weight.numpy(), 0.0
    for unit in range(10):
        last.weight.data = np.where(np.arange(10) == unit, 0, weight)
        worst = max(worst, F.cross_entropy(net(data), y).item() / whole)
    return worst


def test_with_dropout_no_hidden_unit_is_as_badly_missed_as_without() -> None:
    for seed in range(3):
        assert harm_of_losing_one_unit(0.5, seed) < harm_of_losing_one_unit(0.0, seed)


@pytest.mark.parametrize(("kind", "axes"), [("Dropout1d", 1), ("Dropout2d", 2), ("Dropout3d", 3)])
def test_channel_dropout_drops_whole_channels(kind: str, axes: int) -> None:
    layer = getattr(nn, kind)(0.5)
    out = layer(np.ones((40, 5) + (2,) * axes)).reshape(40, 5, -1)
    assert np.all(out.max(-1) == out.min(-1))
    assert set(np.unique(out)) == {0.0, 2.0}
    with pytest.raises(ShapeError, match=kind.lower()):
        layer(np.ones(3))


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).normal(size=200_000)
    out = nn.AlphaDropout(0.3)(x)
    assert out.mean() == pytest.approx(0, abs=0.02)
    assert out.var() == pytest.approx(1, abs=0.02)


def test_sampling_at_test_time_approaches_the_scaled_net_and_leaves_normalisation_alone() -> None:
    net = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.3), nn.Linear(4, 2))
    net(X)
    before = net.state_dict()
    mean, std = nn.utils.mc_predict(net, X, n=4000)
    np.testing.assert_allclose(mean, net.eval()(X).data, atol=5 * std.max() / np.sqrt(4000) + 1e-3)
    assert std.min() > 0
    assert all(np.array_equal(before[key], array) for key, array in net.state_dict().items())


NOISY = [
    lambda: nn.Dropout(),
    lambda: nn.BatchNorm1d(4),
    lambda: nn.DropConnectLinear(4, 4),
    lambda: nn.StochasticDepth(nn.Linear(4, 4)),
    lambda: nn.GaussianNoise(),
    lambda: nn.Sequential(nn.Linear(4, 25), nn.Unflatten(1, (1, 5, 5)), nn.FractionalMaxPool2d(2, 3, average=3)),
]


@pytest.mark.parametrize("make", NOISY)
def test_all_are_random_or_batch_bound_in_training_and_calm_in_inference(make: Any) -> None:
    manual_seed(0)
    layer = make()
    of_first = lambda rows: np.asarray(getattr(out := layer(X[rows]), "data", out))[0].tolist()
    batches = [[0, 1, 2], [0, 3, 4], [0, 2, 5], [0, 1, 5]] * 3
    assert len({str(of_first(rows)) for rows in batches}) > 1
    layer.eval()
    assert len({str(np.round(of_first(rows), 12)) for rows in batches}) == 1


def test_dropconnect_has_the_mean_and_variance_of_its_masks() -> None:
    layer, x = nn.DropConnectLinear(4, 1, p=0.3), X[0]
    w = layer.weight.data[0]
    outs = np.array([layer(x).item() for _ in range(20_000)]) - layer.bias.item()
    variance = 0.3 * 0.7 * np.sum(w**2 * x**2)
    assert outs.mean() == pytest.approx(0.7 * w @ x, abs=4 * np.sqrt(variance / 20_000))
    assert outs.var() == pytest.approx(variance, rel=0.05)
    assert layer.eval()(x).item() == pytest.approx(0.7 * w @ x + layer.bias.item())
    plain = nn.DropConnectLinear(4, 1, p=0.0)
    assert plain(x).item() == pytest.approx(plain.eval()(x).item())


@pytest.mark.parametrize("mode", ["test_scale", "train_scale"])
def test_stochastic_depth_skips_whole_blocks_and_keeps_the_mean(mode: str) -> None:
    block = nn.Linear(4, 4, weight_init=0, bias_init=1.0)
    layer = nn.StochasticDepth(block, 0.8, mode)
    outs = np.array([float(np.asarray(getattr(out := layer(X), "data", out))[0, 0] - X[0, 0]) for _ in range(3000)])
    on = 1.0 if mode == "test_scale" else 1.25
    assert set(outs.round(9)) == {0.0, on}
    assert np.mean(outs > 0) == pytest.approx(0.8, abs=0.03)
    np.testing.assert_allclose(layer.eval()(X).data - X, 0.8 if mode == "test_scale" else 1.0)
    with pytest.raises(ShapeError, match="keep the shape"):
        nn.StochasticDepth(nn.Linear(4, 3), 1.0)(X)
    with pytest.raises(ValueError, match="train_scale"):
        nn.StochasticDepth(block, 0.5, "none")


def test_survival_falls_linearly_with_depth() -> None:
    np.testing.assert_allclose(nn.survival_probabilities(5, 0.5), [0.9, 0.8, 0.7, 0.6, 0.5])


def test_functional_stochastic_depth_drops_batches_or_rows() -> None:
    rows = F.stochastic_depth(np.ones((1000, 2)), 0.25, "row")
    assert np.all(rows[:, 0] == rows[:, 1])
    assert rows.mean() == pytest.approx(1, abs=0.1)
    assert set(np.unique(F.stochastic_depth(np.ones((5, 2)), 0.5, "batch"))) <= {0.0, 2.0}
    with pytest.raises(ValueError, match="'batch' or 'row'"):
        F.stochastic_depth(X, 0.5, "column")


def test_a_residual_block_of_nothing_is_relu_and_passes_the_gradient_on() -> None:
    block = nn.Residual(nn.Linear(4, 4, weight_init=0, bias_init=0))
    x = Value(np.abs(X))
    out = block(x)
    out.backward(np.ones(X.shape))
    np.testing.assert_array_equal(out.data, np.abs(X))
    np.testing.assert_array_equal(x.grad, 1)
    with pytest.raises(ShapeError, match="shortcut"):
        nn.Residual(nn.Linear(4, 3))(X)
    assert nn.Residual(nn.Linear(4, 3), nn.Linear(4, 3), activation=None)(X).shape == (6, 3)


def test_batch_normalisation_and_dropout_can_stand_alone_or_together() -> None:
    y = np.arange(6) % 2
    for extra in ([], [nn.BatchNorm1d(8)], [nn.Dropout()], [nn.BatchNorm1d(8), nn.Dropout()]):
        net = nn.Sequential(nn.Linear(4, 8), *extra, nn.ReLU(), nn.Linear(8, 2))
        losses = descend(net, lambda net=net: F.cross_entropy(net(X), y), 80, 0.3)
        assert np.mean(losses[-10:]) < losses[0]


@pytest.mark.parametrize("make", NOISY)
def test_what_happens_anew_at_each_call_is_not_frozen_by_a_trace(make: Any) -> None:
    with tracing(), pytest.raises(GraphError, match=r"model\.eval\(\)"):
        make()(Value(X))
    with tracing():
        make().eval()(Value(X))
