"""What the courses say of batches, rates, plateaus and saddles, shown on small problems with fixed seeds."""

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, nn, optim
from tinygrad_edu.data import DataLoader
from tinygrad_edu.optim.curvature import Slope

rng = np.random.default_rng(5)
X = rng.normal(size=(256, 4))
W = np.array([1.0, -2.0, 0.5, 3.0])
Y = X @ W + 0.5 * rng.normal(size=256)


def squared_error(w: Value, x: Any = X, y: Any = Y) -> Value:
    return ((x @ w - y) ** 2).mean()


def gradient(w: Value, x: Any = X, y: Any = Y) -> Any:
    w.zero_grad()
    squared_error(w, x, y).backward()
    return w.grad.copy()


def fitted(batch: int, lr: Any, *, epochs: int = 1, seed: int = 0) -> list[float]:
    """The loss on all data after every step of descent with mini-batches."""
    w = Value(np.zeros(4))
    optimizer, losses = optim.SGD([w], lr=lr), []
    loader = DataLoader((X, Y), batch_size=batch, rng=seed)
    for _ in range(epochs):
        for x, y in loader:
            gradient(w, x, y)
            optimizer.step()
            losses.append(squared_error(w).item())
    return losses


# Batches


def test_full_batch_descent_falls_at_every_step_below_the_critical_rate() -> None:
    largest = np.linalg.eigvalsh(2 * X.T @ X / len(X)).max()
    assert np.all(np.diff(fitted(256, 1.9 / largest, epochs=40)) <= 1e-12)
    assert fitted(256, 2.2 / largest, epochs=40)[-1] > fitted(256, 2.2 / largest, epochs=1)[-1]


def test_a_mean_of_shard_gradients_is_the_gradient() -> None:
    w = Value(rng.normal(size=4))
    shards = [gradient(w, X[k::4], Y[k::4]) for k in range(4)]
    np.testing.assert_allclose(np.mean(shards, axis=0), gradient(w), atol=1e-12)


def test_batch_size_changes_the_variance_of_a_gradient_and_not_its_mean() -> None:
    w = Value(np.zeros(4))
    each = np.array([gradient(w, X[i : i + 1], Y[i : i + 1])[0] for i in range(256)])
    draws = np.random.default_rng(0)
    for n in (4, 16, 64):
        with_return = each[draws.integers(0, 256, (20000, n))].mean(axis=1)
        without = np.array([each[draws.permutation(256)[:n]].mean() for _ in range(5000)])
        assert with_return.mean() == pytest.approx(each.mean(), abs=5 * each.std() / np.sqrt(20000 * n))
        assert with_return.var() == pytest.approx(each.var() / n, rel=0.05)
        assert without.var() == pytest.approx(each.var() / n * (256 - n) / 255, rel=0.08)


def test_larger_batches_go_smoother_a_step_and_smaller_ones_further_an_epoch() -> None:
    small, large = ([fitted(n, 0.05, epochs=n, seed=s) for s in range(5)] for n in (4, 64))  # 256 steps each
    rough = [np.median([np.diff(run[150:]).std() for run in runs]) for runs in (small, large)]
    assert rough[0] > 5 * rough[1]
    assert np.median([run[60] for run in small]) > np.median([run[60] for run in large])
    after_one_epoch = [np.median([run[256 // n - 1] for run in runs]) for runs, n in ((small, 4), (large, 64))]
    assert after_one_epoch[0] < after_one_epoch[1] / 5


def test_a_batch_k_times_as_large_with_k_times_the_rate_goes_the_same_way() -> None:
    base = 0.002
    small = np.mean([fitted(8, base, epochs=4, seed=s) for s in range(5)], axis=0)
    large = np.mean([fitted(32, optim.linear_scaling(base, 8, 32), epochs=4, seed=s) for s in range(5)], axis=0)
    np.testing.assert_allclose(large, small[3::4], rtol=0.05)


# Rates


def test_a_rate_that_is_small_crawls() -> None:
    assert fitted(256, 0.001, epochs=50)[-1] > 10 * fitted(256, 0.1, epochs=50)[-1]


def test_warmup_spares_the_first_steps_of_a_large_rate() -> None:
    """The highest loss in twenty steps at eight times the rate that does no harm: medians of seven starts."""

    def highest(rate: Any, seed: int) -> float:
        draws = np.random.default_rng(seed)
        inputs = draws.normal(size=(64, 5))
        labels = (inputs @ draws.normal(size=5) > 0).astype(int)
        nn.manual_seed(seed)
        net, losses = nn.MLP([5, 16, 16, 2]), []
        optimizer = optim.SGD(net.parameters(), lr=rate, momentum=0.9)
        for _ in range(20):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(inputs), labels)
            loss.backward(leaves_only=True)
            losses.append(loss.item())
            optimizer.step()
        return max(losses)

    at_once, warmed, small = (
        np.median([highest(rate, seed) for seed in range(7)]) for rate in (2.0, optim.warmup(20, then=2.0), 0.25)
    )
    assert small < 0.8
    assert at_once > 1.5 * warmed


def test_a_lower_rate_ends_the_plateau_of_a_noisy_descent() -> None:
    constant, dropped = fitted(4, 0.08, epochs=8), fitted(4, optim.step_decay(0.08, 256), epochs=8)
    assert np.mean(dropped[-100:]) < np.mean(constant[-100:]) - 0.005


CURVE = np.linspace(0, 1, 50)[:, None]
HEIGHTS = 0.4 * CURVE**2 + 0.3 * CURVE * np.sin(8 * CURVE)
HEIGHTS = (HEIGHTS - HEIGHTS.mean()) / HEIGHTS.std()


def steps_to_learn(make: Any, seed: int, most: int = 2000) -> tuple[int, float]:
    """Steps until a small network follows the curve to 3 % of its variance, and the share of steps that went up."""
    nn.manual_seed(seed)
    net = nn.MLP([1, 8, 1], "tanh", weight_init="xavier_normal", bias_init=0)
    optimizer, losses = make(net.parameters()), [np.inf]

    def closure() -> Value:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(CURVE), HEIGHTS)
        loss.backward(leaves_only=True)
        losses.append(loss.item())
        return loss

    while losses[-1] > 0.03 and len(losses) <= most:
        optimizer.step(closure)
    return len(losses) - 1, float(np.mean(np.diff(losses) > 0))


def test_methods_learn_a_curve_in_the_order_of_the_course_but_for_one_pair() -> None:
    """Course 000 shows momentum at 2,000 epochs and NAG at 1,400. Here neither is always first: NAG took 1185, 1391,
    2092 and 2276 steps from four starts where momentum took 1489, 1332, 1706 and 1229.
    """
    makers: dict[str, Any] = {
        "SGD 0.1": lambda p: optim.SGD(p, lr=0.1),
        "SGD 0.3": lambda p: optim.SGD(p, lr=0.3),
        "Momentum": lambda p: optim.Momentum(p, lr=0.03),
        "NAG": lambda p: optim.NAG(p, lr=0.03),
        "Adagrad 0.5": lambda p: optim.Adagrad(p, lr=0.5),
        "Adadelta": lambda p: optim.Adadelta(p, rho=0.9, eps=1e-5),
        "RMSprop 0.1": lambda p: optim.RMSprop(p, lr=0.1, alpha=0.9),
        "RMSprop 0.01": lambda p: optim.RMSprop(p, lr=0.01, alpha=0.9),
        "RMSprop 0.005": lambda p: optim.RMSprop(p, lr=0.005, alpha=0.9),
        "Adam": lambda p: optim.Adam(p, lr=0.01),
    }
    found = {name: np.median([steps_to_learn(make, s) for s in range(3)], axis=0) for name, make in makers.items()}
    steps, rising = ({name: both[k] for name, both in found.items()} for k in (0, 1))
    assert steps.pop("SGD 0.1") == 2000  # not there, as in the course; three times the rate is
    assert max(steps.values()) < 2000
    assert steps["Adam"] < min(steps[name] for name in ("SGD 0.3", "Momentum", "NAG", "Adadelta", "RMSprop 0.01"))
    assert rising["RMSprop 0.1"] > 0.3 > 10 * rising["RMSprop 0.01"] >= 10 * rising["RMSprop 0.005"]
    assert rising["Adam"] < 0.02


# What methods do


def test_adagrad_takes_larger_steps_for_rare_features() -> None:
    w = Value(np.zeros(2))
    optimizer = optim.Adagrad([w], lr=0.1)
    for t in range(10000):
        w.grad = [1.0, float(t % 100 == 0)]
        optimizer.step()
    often, rare = 1 / np.sqrt(optimizer.state_dict()["state"][0]["sum"])
    assert rare / often == pytest.approx(10)


def test_adadelta_steps_in_the_units_of_the_parameter() -> None:
    ends = []
    for scale in (1.0, 1000.0):
        w = Value(5.0)
        optimizer = optim.Adadelta([w], eps=1e-10)
        for _ in range(100):
            w.grad = scale * 2 * w.item()
            optimizer.step()
        ends.append(w.item())
    assert ends[0] == pytest.approx(ends[1], rel=1e-6)


def test_rmsprop_forgets_with_the_weights_of_a_running_average() -> None:
    w, gradients = Value(0.0), rng.normal(size=30)
    optimizer = optim.RMSprop([w], alpha=0.8)
    for g in gradients:
        w.grad = g
        optimizer.step()
    weights = 0.2 * 0.8 ** np.arange(30)[::-1]
    assert float(optimizer.state_dict()["state"][0]["square_avg"]) == pytest.approx(np.sum(weights * gradients**2))


def test_rmsprop_recovers_its_rate_after_large_gradients_and_adagrad_does_not() -> None:
    def moves(optimizer: optim.Optimizer, w: Value) -> Any:
        points = []
        for g in [100.0] * 20 + [1.0] * 60:
            w.grad = g
            optimizer.step()
            points.append(w.item())
        return -np.diff(points[20:])

    w, v = Value(0.0), Value(0.0)
    forgetful, mindful = moves(optim.RMSprop([w], lr=0.1, alpha=0.8), w), moves(optim.Adagrad([v], lr=0.1), v)
    assert forgetful[0] < 0.01
    assert forgetful[-1] == pytest.approx(0.1, rel=0.02)  # 60 steps are twelve times 1 / (1 − α)
    assert mindful[-1] < 0.001


def test_a_plateau_slows_descent_and_not_adam() -> None:
    def steps(make: Any, slope: float) -> int:
        w, count = Value(0.0), 0
        optimizer = make([w])
        while w.item() > -1 + 1e-9:
            w.grad = slope
            optimizer.step()
            count += 1
        return count

    ratio = steps(lambda p: optim.SGD(p, lr=1.0), 1e-3) / steps(lambda p: optim.SGD(p, lr=1.0), 1e-1)
    assert ratio == pytest.approx(100, rel=0.01)
    assert steps(lambda p: optim.Adam(p, lr=0.01), 1e-3) == steps(lambda p: optim.Adam(p, lr=0.01), 1e-1)


def test_saddles_outnumber_minima_the_more_directions_there_are() -> None:
    shares = []
    for n in (1, 2, 3):
        a = rng.normal(size=(40000, n, n))
        # Off the diagonal half the variance: the symmetric ensemble, whose shares are known.
        shares.append(np.mean(np.linalg.eigvalsh((a + a.swapaxes(1, 2)) / 2).min(axis=1) > 0))
    np.testing.assert_allclose(shares, [0.5, 0.146, 0.0249], atol=0.01)


def test_a_line_is_wrong_by_the_square_of_a_step_and_a_parabola_by_its_cube() -> None:
    w = Value([0.3, -0.7])
    direction = np.array([0.6, 0.8])

    def loss(x: Value) -> Value:
        return np.exp(x[0]) * np.sin(x[1]) + x[0] ** 3

    slope, here = Slope(loss(w), [w]), loss(w).item()
    errors = []
    for h in (1e-2, 1e-3):
        step = h * direction
        truth = loss(Value(w.data + step)).item() - here
        first = slope.gradient @ step
        errors.append((abs(truth - first), abs(truth - first - step @ slope.hvp(step) / 2)))
    assert np.log10(errors[0][0] / errors[1][0]) == pytest.approx(2, abs=0.1)
    assert np.log10(errors[0][1] / errors[1][1]) == pytest.approx(3, abs=0.1)


def test_lbfgs_needs_fewer_gradients_on_full_batches_and_adam_ends_lower_on_small_ones() -> None:
    def evaluations(kind: str) -> int:
        w, count = Value(np.zeros(4)), [0]
        full = {"line_search_fn": "strong_wolfe", "max_iter": 1, "max_eval": 20}
        optimizer = optim.LBFGS([w], **full) if kind == "LBFGS" else optim.Adam([w], lr=0.1)

        def closure() -> Value:
            count[0] += 1
            gradient(w)
            return squared_error(w)

        best = np.linalg.lstsq(X, Y, rcond=None)[0]
        while np.abs(w.data - best).max() > 1e-4:
            optimizer.step(closure)
        return count[0]

    assert evaluations("LBFGS") < evaluations("Adam") / 3
    ends = {}
    for kind in ("LBFGS", "Adam"):
        w = Value(np.zeros(4))
        optimizer = optim.LBFGS([w], lr=1, max_iter=4) if kind == "LBFGS" else optim.Adam([w], lr=0.05)
        for t in range(200):
            rows = np.random.default_rng(t).integers(0, 256, 3)

            def closure(w: Value = w, rows: Any = rows) -> Value:
                gradient(w, X[rows], Y[rows])
                return squared_error(w, X[rows], Y[rows])

            optimizer.step(closure)
        ends[kind] = squared_error(w).item()
    assert ends["Adam"] < ends["LBFGS"]


def test_an_averaged_network_needs_its_running_statistics_anew() -> None:
    nn.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3, momentum=None))
    average = optim.Averaged(net.parameters())
    for _ in range(3):
        for p in net.parameters():
            p._assign(rng.normal(size=p.shape))
        net(X)
        average.update()
    average.load()
    norm = net[1]
    spread = (X @ net[0].weight.data.T).var(axis=0, ddof=1)
    assert not np.allclose(norm.running_var, spread, rtol=0.1)
    fresh = nn.BatchNorm1d(3, momentum=None)
    fresh(net[0](X))
    np.testing.assert_allclose(fresh.running_var, spread, rtol=1e-6)
