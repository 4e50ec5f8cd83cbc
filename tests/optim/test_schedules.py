"""Schedules are what their formulas say, stay in their bounds, join without a jump, and agree with PyTorch's."""

import warnings
from collections.abc import Callable
from math import cos, pi
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value, optim
from tinygrad_edu.optim import (
    Plateau,
    cosine,
    every,
    exponential,
    linear,
    natural_exponential,
    one_cycle,
    piecewise,
    polynomial,
    snapshot_cycles,
    step_decay,
    triangular,
    warm_restarts,
    warmup,
)

SCHEDULES: dict[str, tuple[Callable[[float], float], Callable[[Any, Any], Any]]] = {
    "step": (step_decay(0.1, 7, 0.3), lambda o, s: s.StepLR(o, 7, 0.3)),
    "milestones": (
        piecewise(0.1, [5, 9], [0.5, 0.5], cumulative=True),
        lambda o, s: s.MultiStepLR(o, [5, 9], 0.5),
    ),
    "exponential": (exponential(0.1, 0.9), lambda o, s: s.ExponentialLR(o, 0.9)),
    "polynomial": (polynomial(0.1, 20, 1.7), lambda o, s: s.PolynomialLR(o, 20, 1.7)),
    "linear": (linear(0.02, 0.1, 10), lambda o, s: s.LinearLR(o, 0.2, 1.0, 10)),
    "cosine": (cosine(0.1, 40, last=0.01), lambda o, s: s.CosineAnnealingLR(o, 40, 0.01)),
    "restarts": (
        warm_restarts(0.1, 5, 2, low=0.01),
        lambda o, s: s.CosineAnnealingWarmRestarts(o, 5, 2, 0.01),
    ),
    "triangular": (triangular(0.01, 0.1, 6), lambda o, s: s.CyclicLR(o, 0.01, 0.1, 6, cycle_momentum=False)),
    "triangular2": (
        triangular(0.01, 0.1, 6, shrink=0.5),
        lambda o, s: s.CyclicLR(o, 0.01, 0.1, 6, mode="triangular2", cycle_momentum=False),
    ),
    "one cycle": (one_cycle(0.1, 41), lambda o, s: s.OneCycleLR(o, 0.1, 41, cycle_momentum=False)),
    "one cycle, straight": (
        one_cycle(0.1, 41, rising=0.4, first_divisor=10, last_divisor=100, straight=True),
        lambda o, s: s.OneCycleLR(
            o, 0.1, 41, pct_start=0.4, anneal_strategy="linear", div_factor=10, final_div_factor=100,
            cycle_momentum=False,
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_goes_as_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    ours, make = SCHEDULES[name]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # schedulers warn when no step was taken
        scheduler = make(optimizer, torch.optim.lr_scheduler)
        for t in range(40):
            assert ours(t) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-10, abs=1e-15), t
            scheduler.step()


@pytest.mark.parametrize("mode", ["min", "max"])
def test_plateau_goes_as_pytorchs(mode: str) -> None:
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    settings: dict[str, Any] = {"factor": 0.3, "patience": 2, "threshold": 0.05, "cooldown": 1}
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode, min_lr=1e-3, **settings)
    ours = Plateau(0.1, least=1e-3, mode=mode, **settings)
    metrics = 1 + np.random.default_rng(2).uniform(0, 0.5, 60) + np.exp(-np.arange(60) / 6)
    rates = set()
    for metric in metrics:
        ours.report(metric)
        peer.step(metric)
        assert ours(0) == pytest.approx(optimizer.param_groups[0]["lr"])
        rates.add(round(ours(0), 9))
    assert len(rates) > 3
    other = Plateau(0.1, least=1e-3, mode=mode, **settings)
    other.load_state_dict(ours.state_dict())
    assert other(0) == ours(0)


def test_plateau_sees_progress_below_zero() -> None:
    rate = Plateau(1.0, patience=0, threshold=0.01)
    for metric in (-1.0, -1.1, -1.2):
        rate.report(Value(metric))
    assert rate(0) == 1
    rate.report(-1.2)
    assert rate(0) == 0.1


# Formulas of the courses


def test_piecewise_factors_are_of_the_initial_rate_or_cumulative() -> None:
    of_first, running = (piecewise(1.0, [2, 4], [0.5, 0.1], cumulative=c) for c in (False, True))
    assert [of_first(t) for t in range(6)] == [1, 1, 0.5, 0.5, 0.1, 0.1]
    assert [running(t) for t in range(6)] == pytest.approx([1, 1, 0.5, 0.5, 0.05, 0.05])


@given(t=st.floats(0, 40))
def test_falling_rates_are_their_formulas(t: float) -> None:
    assert optim.inverse_time(0.1, 0.3)(t) == pytest.approx(0.1 / (1 + 0.3 * t))
    assert exponential(0.1, 0.8)(t) == pytest.approx(0.1 * 0.8**t)
    assert natural_exponential(0.1, 0.2)(t) == pytest.approx(0.1 * np.exp(-0.2 * t))
    assert cosine(0.1, 40)(t) == pytest.approx(0.05 * (1 + cos(pi * t / 40)))


def test_exponential_and_natural_exponential_are_one_family() -> None:
    assert [natural_exponential(0.1, 0.2)(t) for t in range(9)] == pytest.approx(
        [exponential(0.1, np.exp(-0.2))(t) for t in range(9)]
    )


@given(t=st.floats(0, 200), low=st.floats(0, 0.1), height=st.floats(0.01, 1), half=st.integers(1, 20))
def test_triangular_is_the_formula_of_the_course(t: float, low: float, height: float, half: int) -> None:
    m = np.floor(1 + t / (2 * half))
    b = abs(t / half - 2 * m + 1)
    top, bottom = (low + height) * 0.9 ** (m - 1), low * 0.9 ** (m - 1)
    rate = triangular(low, low + height, half, shrink=0.9, shrink_low=0.9)(t)
    assert rate == pytest.approx(bottom + (top - bottom) * max(0, 1 - b), abs=1e-12)


def test_warm_restarts_take_fractions_of_a_period() -> None:
    rate = warm_restarts(0.1, 4, 2, low=0.02)
    assert rate(2.5) == pytest.approx(0.02 + 0.04 * (1 + cos(pi * 2.5 / 4)))
    falling = warm_restarts(0.1, 4, 2, low=0.02, shrink=0.5)
    assert [falling(t) for t in (0, 4, 12)] == pytest.approx([0.1, 0.06, 0.04])


def test_snapshot_cycles_are_the_papers() -> None:
    rate = snapshot_cycles(0.2, 50, 4)
    for t in range(1, 51):  # the paper's count
        assert rate(t - 1) == pytest.approx(0.1 * (cos(pi * ((t - 1) % 13) / 13) + 1))


# Properties


@given(steps=st.integers(1, 50), t=st.floats(0, 100))
def test_rates_stay_within_their_bounds(steps: int, t: float) -> None:
    for schedule in (
        cosine(0.1, steps, last=0.01),
        polynomial(0.1, steps, 2, last=0.01),
        linear(0.1, 0.01, steps),
        triangular(0.01, 0.1, steps),
        warm_restarts(0.1, steps, 1.5, low=0.01),
        exponential(0.1, 0.999),
    ):
        assert 0.01 - 1e-12 <= schedule(t) <= 0.1 + 1e-12


@given(t=st.floats(0, 50))
def test_a_triangle_repeats(t: float) -> None:
    rate = triangular(0.01, 0.1, 5)
    assert rate(t) == pytest.approx(rate(t + 10), abs=1e-9)


@pytest.mark.parametrize(
    ("schedule", "joint"),
    [
        (warmup(5, then=cosine(0.1, 20)), 5),
        (warmup(5, then=0.1), 5),
        (warmup(5, then=warmup(3, then=0.1)), 8),
        (cosine(0.1, 20), 20),
        (linear(0.1, 0.0, 20), 20),
        (polynomial(0.1, 20, 2), 20),
        (triangular(0.01, 0.1, 5), 5),
        (triangular(0.01, 0.1, 5), 10),
        (one_cycle(0.1, 41), 0.3 * 41 - 1),
        (one_cycle(0.1, 41), 40),
    ],
)
def test_pieces_join_without_a_jump(schedule: Callable[[float], float], joint: float) -> None:
    assert schedule(joint - 1e-9) == pytest.approx(schedule(joint), abs=1e-8)
    assert schedule(joint + 1e-9) == pytest.approx(schedule(joint), abs=1e-8)


def test_warmup_is_a_line_and_then_what_follows() -> None:
    rate = warmup(4, then=cosine(0.1, 10))
    assert [rate(t) for t in range(5)] == pytest.approx([0, 0.025, 0.05, 0.075, 0.1])
    assert [rate(4 + t) for t in range(12)] == [cosine(0.1, 10)(t) for t in range(12)]


def test_every_holds_the_rate() -> None:
    rate = every(3, exponential(1.0, 0.5))
    assert [rate(t) for t in range(7)] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_an_optimiser_asks_its_schedules_at_each_step() -> None:
    w = Value(0.0)
    optimizer = optim.SGD([w], lr=lambda t: 10.0**-t, momentum=lambda t: 0.5 * (t > 0))
    for _ in range(3):
        w.grad = 1.0
        optimizer.step()
    # v = 1, then 0.5 · 0 + 1 (there was no velocity at momentum 0), then 1.5
    assert w.item() == pytest.approx(-(1 + 0.1 + 0.015))


def test_adam_with_a_rate_that_falls_with_the_root_of_t() -> None:
    one, two = Value(1.0), Value(1.0)
    scheduled, by_hand = optim.Adam([one], lr=lambda t: optim.inverse_sqrt(0.1)(t + 1)), optim.Adam([two])
    for t in range(1, 8):
        one.grad, two.grad = np.sin(t), np.sin(t)
        by_hand.param_groups[0]["lr"] = 0.1 / np.sqrt(t)
        scheduled.step()
        by_hand.step()
    assert one.item() == two.item()


def test_misuse_is_named() -> None:
    with pytest.raises(ValueError, match="rising milestones"):
        piecewise(0.1, [2, 1], [0.5, 0.1])
    with pytest.raises(ValueError, match=r"growth=0\.5"):
        warm_restarts(0.1, 4, 0.5)
    with pytest.raises(ValueError, match="mode='least'"):
        Plateau(0.1, mode="least")
