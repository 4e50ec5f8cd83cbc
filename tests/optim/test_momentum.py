"""Momentum and Nesterov's look-ahead: how the conventions hang together."""

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, optim
from tinygrad_edu.optim import NAG, SGD, Momentum

START = np.array([-7.0, 2.0])


def bowl_gradient(w: Any) -> Any:
    return np.array([0.2, 2.0]) * w


def walk(make: Any, steps: int = 30, form: Any = bowl_gradient) -> list[Any]:
    w = Value(START)
    optimizer = make([w])
    way = []

    def closure() -> float:
        w.grad = form(w.data)
        return 0.0

    for _ in range(steps):
        optimizer.step(closure)
        way.append(w.numpy())
    return way


def look_ahead(rate: Any, alpha: float, steps: int = 30) -> tuple[list[Any], list[Any]]:
    """The lecture's formula, a line each: the iterates θ and the points ahead."""
    theta, v = START.copy(), np.zeros(2)
    way, ahead = [], []
    for t in range(steps):
        v = alpha * v + rate(t) * bowl_gradient(theta - alpha * v)
        theta = theta - v
        way.append(theta)
        ahead.append(theta - alpha * v)
    return way, ahead


def test_nag_walks_as_its_formula() -> None:
    ours = walk(lambda p: NAG(p, lr=0.1, momentum=0.8))
    np.testing.assert_allclose(ours, look_ahead(lambda t: 0.1, 0.8)[0], rtol=1e-12, atol=1e-12)


def test_nag_takes_a_schedule() -> None:
    schedule = optim.exponential(0.2, 0.9)
    np.testing.assert_allclose(
        walk(lambda p: NAG(p, lr=schedule, momentum=0.8)), look_ahead(schedule, 0.8)[0], rtol=1e-12, atol=1e-12
    )


def test_pytorchs_nesterov_keeps_the_point_ahead() -> None:
    ours = walk(lambda p: SGD(p, lr=0.1, momentum=0.8, nesterov=True))
    np.testing.assert_allclose(ours, look_ahead(lambda t: 0.1, 0.8)[1], rtol=1e-12, atol=1e-12)


def test_nag_comes_back_when_the_closure_fails() -> None:
    w = Value(START)
    optimizer = NAG([w], lr=0.1)

    def closure() -> float:
        w.grad = bowl_gradient(w.data)
        return 0.0

    optimizer.step(closure)
    here = w.numpy()
    with pytest.raises(ZeroDivisionError):
        optimizer.step(lambda: 1 / 0)
    assert w.data.tolist() == here.tolist()
    with pytest.raises(ValueError, match="needs the closure"):
        optimizer.step()


def test_three_conventions_agree_at_a_constant_rate_and_ema_at_a_smaller_one() -> None:
    ways = [walk(lambda p, f=f: Momentum(p, lr=0.1, momentum=0.8, form=f)) for f in ("torch", "classic", "subtracted")]
    ways.append(walk(lambda p: Momentum(p, lr=0.5, momentum=0.8, form="ema")))
    ways.append(walk(lambda p: SGD(p, lr=0.1, momentum=0.8)))
    for way in ways[1:]:
        np.testing.assert_allclose(way, ways[0], rtol=1e-11, atol=1e-11)


def test_conventions_part_when_the_rate_changes() -> None:
    schedule = optim.exponential(0.1, 0.8)
    torch, classic = (walk(lambda p, f=f: Momentum(p, lr=schedule, form=f)) for f in ("torch", "classic"))
    assert not np.allclose(torch[-1], classic[-1], rtol=1e-2)


@pytest.mark.parametrize(("sign", "limit"), [(1, 1 / (1 - 0.9)), (-1, 1 / (1 + 0.9))])
def test_agreeing_gradients_add_up_and_opposing_ones_cancel(sign: int, limit: float) -> None:
    w = Value(0.0)
    optimizer = Momentum([w], lr=0.5)
    for t in range(400):
        before = w.item()
        w.grad = float(sign) ** t
        optimizer.step()
    assert abs(w.item() - before) == pytest.approx(0.5 * limit, abs=1e-9)


def test_gradient_descent_on_a_ravine_contracts_as_its_condition_number_says() -> None:
    x, y = Value(1.0), Value(1.0)
    optimizer = SGD([x, y], lr=2 / 51)
    for _ in range(10):
        optimizer.zero_grad()
        optim.ravine(x, y).backward()
        optimizer.step()
    np.testing.assert_allclose(np.abs([x.item(), y.item()]), (49 / 51) ** 10)


def test_gradient_descent_diverges_on_the_bowl_beyond_rate_one() -> None:
    for lr, grows in ((0.99, False), (1.01, True)):
        way = walk(lambda p, lr=lr: SGD(p, lr=lr), steps=20)
        assert bool(abs(way[-1][1]) > 2) is grows


def test_momentum_leaves_a_local_minimum_that_stops_gradient_descent() -> None:
    def slope(x: float) -> float:  # of x⁴/4 − x²/2 + 0.1 x: a shallow well near 1, a deep one near −1
        return x**3 - x + 0.1

    ends = []
    for momentum in (0.0, 0.9):
        w = Value(2.0)
        optimizer = SGD([w], lr=0.05, momentum=momentum)
        for _ in range(300):
            w.grad = slope(w.item())
            optimizer.step()
        ends.append(w.item())
    assert ends[0] > 0.9
    assert ends[1] < -0.9


def steps_on_a_saddle(beside: float, momentum: float = 0.0, most: int = 300) -> int:
    """Steps until |y| ≥ 1 on x² − y² from y = `beside`."""
    x, y = Value(1.0), Value(beside)
    optimizer, steps = SGD([x, y], lr=0.1, momentum=momentum), 0
    while abs(y.item()) < 1 and steps < most:
        optimizer.zero_grad()
        optim.saddle(x, y).backward()
        optimizer.step()
        steps += 1
    return steps


def test_gradient_descent_leaves_a_saddle_after_the_known_number_of_steps() -> None:
    known = int(np.ceil(np.log(1e6) / np.log(1.2)))
    assert steps_on_a_saddle(1e-6) == known
    assert steps_on_a_saddle(1e-6, momentum=0.9) < known / 2
    assert steps_on_a_saddle(0.0) == steps_on_a_saddle(0.0, momentum=0.9) == 300  # on the ridge itself never


def test_the_noise_of_a_stochastic_gradient_leaves_the_known_spread() -> None:
    curvature, rate, rng = 2.0, 0.1, np.random.default_rng(0)
    w = Value(np.zeros(4000))
    optimizer = SGD([w], lr=rate)
    for _ in range(60):
        w.grad = curvature * w.data + rng.normal(size=4000)
        optimizer.step()
    assert np.var(w.data) == pytest.approx(rate / (2 * curvature - rate * curvature**2), rel=0.05)
