"""The ways that the benchmark of gates compares find the same gradients; what they cost is not asserted."""

import pytest

from tinygrad_edu import Value, relu

from . import gates


@pytest.mark.parametrize(("size", "count"), [(1, 20), (32, 20)])
def test_every_way_through_a_chain_finds_the_same_gradient(size: int, count: int) -> None:
    ways = gates.chain_ways(size, count)
    assert {"NumPy by hand", "tinygrad_edu"} <= ways.keys()
    gates.check(ways)


def test_the_demo_has_micrograds_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "POINTS", 4)
    ways = gates.demo_ways()
    gates.check(ways)
    if "micrograd" in ways:
        leaky = {**ways, "leaky": lambda: gates.demo(Value, lambda v: relu(v) - 0.01 * relu(-v))}
        with pytest.raises(AssertionError, match="leaky"):
            gates.check(leaky)


def test_a_way_that_computes_something_else_is_noticed() -> None:
    with pytest.raises(AssertionError, match="wrong"):
        gates.check({"right": lambda: [1.0, 2.0], "wrong": lambda: [1.0, 2.1]})
