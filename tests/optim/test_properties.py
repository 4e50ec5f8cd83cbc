"""What holds for all methods, whatever the numbers: blocks, scaling laws, decay."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Value, optim
from tinygrad_edu.optim import SGD, Adam
from tinygrad_edu.optim.flat import BLOCK, Flat

from .test_parameters import METHODS, make, with_gradients

# Many numbers


def test_blocks_do_not_change_the_numbers() -> None:
    rng = np.random.default_rng(0)
    start, g = rng.normal(size=2 * BLOCK + 17), rng.normal(size=2 * BLOCK + 17)
    large, small = Value(start), Value(start[-5:])
    one, two = Adam([large], weight_decay=0.1), Adam([small], weight_decay=0.1)
    for k in range(2):
        large.grad, small.grad = g * (k + 1), g[-5:] * (k + 1)
        one.step()
        two.step()
    np.testing.assert_allclose(large.data[-5:], small.data, rtol=1e-14)


def test_stretches_join_neighbours_with_the_same_clock() -> None:
    params = with_gradients(*[np.ones(2)] * 5)
    flat = Flat(params)
    params[2].grad = None
    flat.gather()
    flat.advance()
    assert flat.stretches() == [(1, 1.0, slice(0, 4)), (1, 1.0, slice(6, 10))]
    params[2].grad = np.ones(2)
    flat.gather()
    flat.advance()
    assert flat.stretches() == [(2, 1.0, slice(0, 4)), (1, 1.0, slice(4, 6)), (2, 1.0, slice(6, 10))]


# Properties


@pytest.mark.parametrize("kind", METHODS)
def test_a_zero_gradient_moves_nothing(kind: str) -> None:
    w = Value([1.0, -2.0])
    w.grad = [0.0, 0.0]
    optimizer = make(kind, [w], **({} if kind == "Rprop" else {"weight_decay": 0.0}))
    for _ in range(3):
        optimizer.step()
    assert w.data.tolist() == [1, -2]


@given(scale=st.floats(1e-3, 1e3), g=hnp.arrays(float, 4, elements=st.floats(0.1, 10) | st.floats(-10, -0.1)))
def test_adam_does_not_see_the_scale_of_gradients(scale: float, g: Any) -> None:
    one, two = Value(np.zeros(4)), Value(np.zeros(4))
    first, second = Adam([one], lr=0.1, eps=1e-14), Adam([two], lr=0.1, eps=1e-14)
    for t in range(4):
        one.grad, two.grad = np.cos(t * g), scale * np.cos(t * g)
        first.step()
        second.step()
    np.testing.assert_allclose(one.data, two.data, rtol=1e-6, atol=1e-9)


@given(scale=st.floats(1e-3, 1e3))
def test_gradient_descent_scales_with_the_gradient(scale: float) -> None:
    one, two = Value(np.ones(3)), Value(np.ones(3))
    first, second = SGD([one], lr=0.1 * scale, momentum=0.9), SGD([two], lr=0.1, momentum=0.9)
    for t in range(4):
        g = np.cos(t + np.arange(3))
        one.grad, two.grad = g, scale * g
        first.step()
        second.step()
    np.testing.assert_allclose(one.data, two.data, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["Adam", "NAdam"])
def test_decoupled_and_l2_decay_differ_under_adam_and_agree_under_gradient_descent(kind: str) -> None:
    start, g = np.array([1.0, 1.0]), np.array([0.1, 10.0])
    coupled, decoupled = Value(start), Value(start)
    one = make(kind, [coupled], weight_decay=0.1, **({"amsgrad": False} if kind == "Adam" else {}))
    two = getattr(optim, kind)([decoupled], lr=0.01, weight_decay=0.1, decoupled_weight_decay=True)
    for _ in range(20):
        coupled.grad = decoupled.grad = g
        one.step()
        two.step()
    # Decoupled decay is the same for both weights; L2 decay is lost where gradients are large.
    assert decoupled.data[0] == pytest.approx(decoupled.data[1], abs=1e-6)
    assert abs(coupled.data[0] - coupled.data[1]) < abs(coupled.data[0] - decoupled.data[0]) * 1.5
    assert not np.allclose(coupled.data, decoupled.data, atol=1e-3)
    plain, decayed = Value(start), Value(start)
    plain.grad = decayed.grad = g
    SGD([plain], lr=0.01, weight_decay=0.1).step()
    np.testing.assert_allclose(plain.data, (1 - 0.01 * 0.1) * start - 0.01 * g)


def test_adams_corrected_averages_of_a_constant_gradient_are_it_and_its_square() -> None:
    w = Value(np.zeros(2))
    optimizer, g = Adam([w]), np.array([3.0, -0.5])
    for t in range(1, 30):
        w.grad = g
        optimizer.step()
        state = optimizer.state_dict()["state"][0]
        np.testing.assert_allclose(state["exp_avg"] / (1 - 0.9**t), g)
        np.testing.assert_allclose(state["exp_avg_sq"] / (1 - 0.999**t), g**2)


def test_adams_first_step_is_the_rate_in_the_direction_of_the_sign() -> None:
    w = Value(np.zeros(3))
    w.grad = [1e-3, -5.0, 700.0]
    Adam([w], lr=0.1, eps=0).step()
    np.testing.assert_allclose(w.data, [-0.1, 0.1, -0.1])
    raw = Value(0.0)
    raw.grad = 1.0
    Adam([raw], lr=0.1, bias_correction=False, eps=0).step()
    assert raw.item() == pytest.approx(-0.1 * 0.1 / np.sqrt(0.001))


def test_adagrads_rate_falls_with_the_root_of_the_steps() -> None:
    w = Value(0.0)
    optimizer = optim.Adagrad([w], lr=0.5, eps=0)
    for _ in range(50):
        w.grad = 3.0
        optimizer.step()
    assert w.item() == pytest.approx(-0.5 * np.sum(1 / np.sqrt(np.arange(1, 51))))


def test_a_rate_makes_no_more_than_a_factor_in_adadelta() -> None:
    moves = []
    for lr in (1.0, 0.5):
        w = Value(0.0)
        w.grad = 2.0
        optim.Adadelta([w], lr=lr).step()
        moves.append(w.item())
    assert moves[0] == pytest.approx(2 * moves[1])
