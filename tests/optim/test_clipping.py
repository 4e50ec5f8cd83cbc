"""Clipping gives the norm before, keeps directions, and agrees with PyTorch."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Value
from tinygrad_edu.errors import GraphError
from tinygrad_edu.optim import AdaptiveNormClipper, clip_grad_norm_, clip_grad_value_, grad_norm

GRADIENTS = [np.array([[3.0, -1.0], [0.5, 2.0]]), np.array([4.0, 0.0, -2.5]), np.array(1.5)]


def params() -> list[Value]:
    made = [Value(np.zeros(g.shape)) for g in GRADIENTS]
    for p, g in zip(made, GRADIENTS, strict=True):
        p.grad = g
    return [*made, Value([1.0])]


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, np.inf])
@pytest.mark.parametrize("max_norm", [0.7, 100.0])
def test_clipping_by_norm_is_pytorchs(norm_type: float, max_norm: float) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = params(), [torch.nn.Parameter(torch.tensor(g)) for g in GRADIENTS]
    for p, g in zip(theirs, GRADIENTS, strict=True):
        p.grad = torch.tensor(g)
    before = clip_grad_norm_(ours, max_norm, norm_type)
    assert before == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)), rel=1e-12)
    for one, other in zip(ours, theirs, strict=False):
        np.testing.assert_allclose(one.grad, other.grad.numpy(), rtol=1e-12)


@given(
    g=hnp.arrays(float, st.integers(1, 6), elements=st.floats(-1e3, 1e3)), bound=st.floats(1e-3, 1e3)
)  # fmt: skip
def test_the_direction_stays_and_the_norm_is_the_bound_at_most(g: Any, bound: float) -> None:
    w = Value(np.zeros(g.shape))
    w.grad = g
    before = clip_grad_norm_(w, bound, eps=0.0)
    assert before == pytest.approx(np.linalg.norm(g))
    assert grad_norm(w) == pytest.approx(min(before, bound))
    np.testing.assert_allclose(w.grad * max(before, bound), g * bound if before > bound else w.grad * bound, atol=1e-6)


def test_each_parameter_can_be_clipped_by_its_own_norm() -> None:
    ours = params()
    clip_grad_norm_(ours, 2.0, per_parameter=True, eps=0.0)
    norms = [grad_norm(p) for p in ours[:3]]
    assert norms == pytest.approx([2.0, 2.0, 1.5])


def test_clipping_by_value_takes_an_interval() -> None:
    ours = params()
    before = clip_grad_value_(ours, (-1.0, 2.0))
    assert before == pytest.approx(np.sqrt(sum(np.sum(g * g) for g in GRADIENTS)))
    assert ours[1].grad.tolist() == [2.0, 0.0, -1.0]
    assert float(ours[2].grad) == 1.5
    with pytest.raises(ValueError, match=r"\[1, -1\] is empty"):
        clip_grad_value_(ours, (1, -1))


def test_a_gradient_shared_by_two_parameters_is_clipped_once_for_each() -> None:
    a, b = Value([1.0, 2.0]), Value([3.0, 4.0])
    upstream = np.array([30.0, 40.0])
    (a + b).backward(upstream)
    clip_grad_norm_([a, b], 1.0, eps=0.0)
    np.testing.assert_allclose(a.grad, np.array([0.6, 0.8]) / np.sqrt(2))
    np.testing.assert_allclose(b.grad, a.grad)
    assert upstream.tolist() == [30, 40]


def test_float32_stays_and_its_squares_do_not_overflow() -> None:
    w = Value(np.zeros(2, np.float32))
    w.grad = np.float32([3e30, 4e30])
    assert clip_grad_norm_(w, 1.0) == pytest.approx(5e30)
    assert w.grad.dtype == np.float32
    np.testing.assert_allclose(w.grad, [0.6, 0.8], rtol=1e-6)


def test_a_nonfinite_norm_is_named_if_wished() -> None:
    w = Value([1.0], name="w")
    w.grad = [np.inf]
    with pytest.raises(GraphError, match=r"the gradient of .*w.* has norm inf"):
        clip_grad_norm_([w], 1.0, error_if_nonfinite=True)


def test_nothing_to_clip_has_norm_zero() -> None:
    assert clip_grad_norm_([Value([1.0])], 1.0) == 0
    assert clip_grad_norm_([], 1.0) == 0


def test_an_adaptive_threshold_follows_the_norms_and_not_the_spike() -> None:
    w, clip = Value(0.0), AdaptiveNormClipper(factor=3.0, window=10)
    for _ in range(20):
        w.grad = 2.0
        clip([w])
    w.grad = 200.0
    assert clip([w]) == 200
    assert float(w.grad) == pytest.approx(6)
    assert clip.threshold == pytest.approx(3 * (2 + 4 / 10))
    other = AdaptiveNormClipper(factor=3.0, window=10)
    other.load_state_dict(clip.state_dict())
    assert other.threshold == clip.threshold


def test_clipping_keeps_an_exploding_recurrence_in_bounds() -> None:
    def trained(clipped: bool) -> float:
        w = Value(1.5)
        for _ in range(30):
            h = Value(0.1, requires_grad=False) * w
            for _ in range(29):
                h = h * w
            w.zero_grad()
            (h * h).backward()
            if clipped:
                clip_grad_norm_([w], 1.0)
            with np.errstate(over="ignore"):
                w.data = w.item() - 0.05 * float(w.grad)
            if abs(w.item()) > 1e6:
                break
        return abs(w.item())

    assert trained(True) < 1.6
    assert trained(False) > 1e6
