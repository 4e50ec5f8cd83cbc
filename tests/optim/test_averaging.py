"""Averages and snapshots of weights, and what they are good for."""

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, nn
from tinygrad_edu.errors import GraphError
from tinygrad_edu.optim import SGD, Averaged, Snapshots, exponential_average, snapshot_cycles

PATH = np.random.default_rng(0).normal(size=(12, 3))


def averaged(decay: float | None, **settings: int) -> Averaged:
    w, b = Value(np.zeros(2)), Value(0.0)
    average = Averaged([w, b], decay, **settings)
    for row in PATH:
        w.data, b.data = row[:2], row[2]
        average.update()
    return average


def test_the_plain_average_is_the_mean() -> None:
    np.testing.assert_allclose(averaged(None).theta, PATH.mean(axis=0), atol=1e-14)


def test_the_mean_of_noisy_descent_comes_nearer_with_the_steps_and_its_last_point_does_not() -> None:
    ends = []
    for steps in (200, 1600):
        noise, w = np.random.default_rng(0).normal(size=(steps, 400)), Value(np.zeros(400))  # 400 runs side by side
        optimizer = SGD([w], lr=0.2)
        average = Averaged([w], start=20)
        for eta in noise:
            w.grad = w.numpy() + eta
            optimizer.step()
            average.update()
        ends.append((np.mean(w.data**2), np.mean(average.theta**2)))
    (last, mean), (last_later, mean_later) = ends
    assert mean / mean_later == pytest.approx(8, rel=0.3)
    assert last / last_later == pytest.approx(1, rel=0.3)


def test_swa_averages_every_kth_state_from_a_start() -> None:
    np.testing.assert_allclose(averaged(None, start=3, every=4).theta, PATH[[3, 7, 11]].mean(axis=0), atol=1e-14)


@pytest.mark.parametrize("decay", [None, 0.9])
def test_averages_are_pytorchs(decay: float | None) -> None:
    torch = pytest.importorskip("torch")
    utils = torch.optim.swa_utils
    model = torch.nn.Linear(2, 1, dtype=torch.float64)
    peer = utils.AveragedModel(model, multi_avg_fn=decay and utils.get_ema_multi_avg_fn(decay))
    for row in PATH:
        with torch.no_grad():
            model.weight.copy_(torch.tensor(row[None, :2]))
            model.bias.copy_(torch.tensor(row[2:]))
        peer.update_parameters(model)
    theirs = torch.cat([p.detach().ravel() for p in peer.module.parameters()]).numpy()
    np.testing.assert_allclose(averaged(decay).theta, theirs, atol=1e-12)


def test_the_exponential_average_is_a_recursion_from_the_first_state() -> None:
    expected = PATH[0]
    for row in PATH[1:]:
        expected = 0.9 * expected + 0.1 * row
    np.testing.assert_allclose(averaged(0.9).theta, expected, atol=1e-14)


def test_parameters_are_the_average_for_a_while_and_come_back_bit_for_bit() -> None:
    average = averaged(None)
    w, b = average.params
    optimizer = SGD([w, b], lr=0.1)
    w.grad, b.grad = np.ones(2), 1.0
    optimizer.step()
    before = (w.numpy().tolist(), b.item())
    with average.applied():
        np.testing.assert_allclose([*w.data, b.item()], PATH.mean(axis=0))
    assert (w.numpy().tolist(), b.item()) == before
    optimizer.step()
    np.testing.assert_allclose(w.data, PATH[-1, :2] - 0.2)
    average.load()
    np.testing.assert_allclose(b.item(), PATH.mean(axis=0)[2])


def test_mixed_dtypes_come_back_in_their_own() -> None:
    a, b = Value(np.float32([1.0])), Value([2.0])
    average = Averaged([a, b])
    average.update()
    average.load()
    assert (a.dtype, b.dtype) == (np.float32, np.float64)


def test_an_average_goes_on_from_its_state() -> None:
    one, two = averaged(0.9), averaged(0.9)
    fresh = Averaged(one.params, 0.9)
    fresh.load_state_dict(one.state_dict())
    fresh.update()
    one.update()
    assert fresh.theta.tolist() == one.theta.tolist() != two.theta.tolist()


def test_averaging_takes_the_noise_out_of_stochastic_descent() -> None:
    rng, w = np.random.default_rng(1), Value(np.full(200, 3.0))
    optimizer, average = SGD([w], lr=0.2), Averaged([w], start=50)
    for _ in range(450):
        w.grad = w.numpy() + rng.normal(size=200)
        optimizer.step()
        average.update()
    assert np.mean(average.theta**2) < np.mean(w.data**2) / 10


def test_the_variance_of_an_exponential_average_is_known() -> None:
    noise = np.random.default_rng(0).normal(size=40000)
    assert np.var(exponential_average(noise, 0.9)[200:]) == pytest.approx((1 - 0.9) / (1 + 0.9), rel=0.05)


def test_half_the_weight_of_an_exponential_average_lies_in_the_last_steps() -> None:
    numbers = [0.0] * 50 + [1.0] * 7
    assert exponential_average(numbers, 0.9)[-2] < 0.5 < exponential_average(numbers, 0.9)[-1]


def test_an_exponential_average_is_as_noisy_as_a_window_of_nearly_twice_its_length() -> None:
    noise = np.random.default_rng(0).normal(size=200_000)
    ours = np.var(exponential_average(noise, 0.9)[1000:])
    window = np.var(np.convolve(noise, np.full(19, 1 / 19), "valid"))  # (1 + 0.9) / (1 − 0.9) numbers
    assert ours == pytest.approx(window, rel=0.05)


def test_snapshots_visit_each_state_and_come_back() -> None:
    w = Value([0.0, 0.0])
    snapshots = Snapshots([w], every=3)
    for k in range(7):
        w.data = [float(k), -float(k)]
        snapshots.update()
    assert [w.numpy().tolist() for _ in snapshots] == [[2, -2], [5, -5]]
    assert w.data.tolist() == [6, -6]
    for _ in snapshots:
        break
    assert w.data.tolist() == [6, -6]
    snapshots.load(0)
    assert (len(snapshots), w.data.tolist()) == (2, [2, -2])


def test_snapshots_are_taken_where_the_rate_of_their_cycle_is_lowest() -> None:
    cycles, steps, w = 4, 48, Value(0.0)
    rate, length = snapshot_cycles(0.2, steps, cycles), steps // cycles
    optimizer, snapshots = SGD([w], lr=rate), Snapshots([w], every=length)
    rates: list[float] = []
    for t in range(steps):
        w.grad = 2 * (w.item() - t // length)  # each cycle has a minimum of its own
        rates.append(rate(optimizer.steps))
        optimizer.step()
        before = len(snapshots)
        snapshots.update()
        if len(snapshots) > before:
            assert rates[-1] == min(rates[-length:]) < 0.02 * max(rates)
    wells = [w.item() for _ in snapshots]
    np.testing.assert_allclose(wells, range(cycles), atol=0.1)


def test_misuse_is_named() -> None:
    with pytest.raises(ValueError, match="decay=1"):
        Averaged([Value(1.0)], decay=1.0)
    with pytest.raises(GraphError, match="nothing was averaged yet"):
        Averaged([Value(1.0)]).load()


@pytest.mark.parametrize("kind", [Averaged, Snapshots])
def test_what_is_no_parameter_is_refused_at_once(kind: type[Any]) -> None:
    with pytest.raises(TypeError, match=f"{kind.__name__}: Linear is no parameter; pass Values, e.g. net.parameters()"):
        kind(nn.Sequential(nn.Linear(2, 3)))
