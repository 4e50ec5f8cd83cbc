"""What an optimiser refuses: gradients that are no numbers, settings out of range, what is no parameter."""

import numpy as np
import pytest

from tinygrad_edu import Value, optim
from tinygrad_edu.errors import GraphError
from tinygrad_edu.optim import SGD, Adam

from .test_parameters import with_gradients

# Gradients that are no numbers


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_nonfinite_gradient_is_named_and_nothing_moves(bad: float) -> None:
    a, b = with_gradients([1.0, 2.0], [3.0])
    b.name = "bias"
    b.grad = [bad]
    optimizer = Adam([{"params": [a]}, {"params": [b]}])
    with pytest.raises(GraphError, match=r"bias.*nan or infinite.*nothing was updated"):
        optimizer.step()
    assert (a.data.tolist(), b.data.tolist(), optimizer.steps) == ([1, 2], [3], 0)


def test_a_nonfinite_gradient_can_be_skipped() -> None:
    (w,) = with_gradients([1.0, 1.0])
    optimizer, plain = Adam([w], on_nonfinite="skip"), Value([1.0, 1.0])
    w.grad = [np.nan, 1.0]
    optimizer.step()
    assert (w.data.tolist(), optimizer.skipped, optimizer.steps) == ([1, 1], 1, 0)
    w.grad = plain.grad = [1.0, 1.0]
    optimizer.step()
    Adam([plain]).step()
    assert w.data.tolist() == plain.data.tolist()


def test_large_gradients_whose_squares_overflow_are_not_refused() -> None:
    w = Value(np.ones(3, np.float32))
    w.grad = np.full(3, 1e30, np.float32)
    SGD([w], lr=1e-30).step()
    np.testing.assert_allclose(w.data, 0, atol=1e-6)


# Misuse


def test_misuse_is_named() -> None:
    w = Value([1.0])
    with pytest.raises(ValueError, match="no parameters"):
        SGD([])
    with pytest.raises(TypeError, match=r"one Value; give a list"):
        SGD(w)
    with pytest.raises(TypeError, match="ndarray is no parameter"):
        SGD([np.ones(2)])
    with pytest.raises(GraphError, match="comes from gate mul"):
        SGD([w * w])
    with pytest.raises(ValueError, match=r"lr=-1.* from 0"):
        SGD([w], lr=-1)
    with pytest.raises(ValueError, match=r"betas=\(0.9, 1.0\)"):
        Adam([w], betas=(0.9, 1.0))
    with pytest.raises(ValueError, match=r"unknown setting \['rate'\]"):
        SGD([{"params": [w], "rate": 1}])
    with pytest.raises(ValueError, match="nesterov"):
        SGD([w], nesterov=True)
    with pytest.raises(ValueError, match="on_nonfinite='ignore'"):
        SGD([w], on_nonfinite="ignore")
    with pytest.raises(ValueError, match="form='other'"):
        optim.Momentum([w], form="other")


def test_every_method_prints_its_formula() -> None:
    kinds = [k for k in vars(optim).values() if isinstance(k, type) and issubclass(k, optim.Optimizer)]
    assert len(kinds) == 20
    for kind in kinds:
        if kind is not optim.Optimizer:
            assert "←" in kind.formula, kind
            assert ">>>" not in kind.formula
            assert kind.formula.splitlines()[0] in kind.__doc__
