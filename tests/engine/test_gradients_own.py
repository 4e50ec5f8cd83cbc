"""Whose memory gradients lie in: nobody's array is written to or held on to, and few are copied."""

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value

N = 5


def passed_on(x: Value) -> Value:
    """A graph that hands the upstream gradient on as it is."""
    return x + Value(np.zeros(N))


def viewed(x: Value) -> Value:
    return x.reshape(1, N).reshape(N)


def itself(x: Value) -> Value:
    return x


@pytest.mark.parametrize("graph", [passed_on, viewed, itself])
def test_the_gradient_that_was_given_stays_the_callers(graph: Any) -> None:
    x, given = Value(np.ones(N)), np.arange(float(N))
    graph(x).backward(given)
    assert given.flags.writeable
    given[:] = -1
    np.testing.assert_array_equal(x.grad, np.arange(N))
    x.grad[:] = 7
    np.testing.assert_array_equal(given, np.full(N, -1.0))


def test_gradients_between_do_not_follow_what_was_given() -> None:
    x, given = Value(np.ones(N)), np.arange(float(N))
    y = x + 1
    (y + 1).backward(given)
    given[:] = -1
    np.testing.assert_array_equal(y.grad, np.arange(N))


def test_two_leaves_of_one_gate_do_not_share_their_gradient() -> None:
    x, y = Value(np.ones(N)), Value(np.ones(N))
    (x + y).backward(np.ones(N))
    x.grad[:] = 5
    np.testing.assert_array_equal(y.grad, np.ones(N))


def test_a_sum_is_read_without_a_copy_and_not_written_to_later() -> None:
    w = Value(np.full(N, 2.0))
    ((w * w) * w).sum().backward()
    first = w.grad
    assert w.grad is first
    assert first.flags.writeable
    kept = first.copy()
    ((w * w) * w).sum().backward()
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(w.grad, 2 * kept)


def test_sums_over_walks_are_read_without_a_copy() -> None:
    w = Value(np.full(N, 2.0))
    for _ in range(2):
        w.sum().backward()
    assert w.grad is w.grad
    np.testing.assert_array_equal(w.grad, np.full(N, 2.0))


def test_a_gradient_of_another_dtype_or_a_list_may_be_given() -> None:
    x = Value(np.ones(3, np.float32))
    (x * 2).backward([1, 2, 3])
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, [2, 4, 6])
