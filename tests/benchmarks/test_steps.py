"""The ways that the benchmark compares take the same steps; what they cost is not asserted."""

from dataclasses import replace

import numpy as np
import pytest

from . import steps
from .by_hand import plain, planned
from .contestants import ours
from .workloads import WORKLOADS, tiny

BY_HAND = {"by hand, plain": plain.make, "by hand, planned": planned.make, "ours, eager": ours.eager}


@pytest.mark.parametrize("name", WORKLOADS)
def test_by_hand_and_ours_take_the_same_steps(name: str) -> None:
    steps.check(tiny(WORKLOADS[name]), BY_HAND)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKLOADS)
def test_everyone_takes_the_same_steps(name: str) -> None:
    steps.check(tiny(WORKLOADS[name]), steps.contestants()[0])


@pytest.mark.parametrize("parameter", ["0.weight", "0.bias", "2.weight"])
def test_a_way_that_starts_elsewhere_is_noticed(parameter: str) -> None:
    def other(workload, weights):
        return plain.make(workload, weights | {parameter: weights[parameter] * 1.5})

    with pytest.raises(AssertionError, match="losses of wrong"):
        steps.check(tiny(WORKLOADS["MLP 64-32-10, batch 32, Adam"]), BY_HAND | {"wrong": other})


def test_forgotten_running_statistics_are_noticed() -> None:
    def other(workload, weights):
        way = plain.make(workload, weights)
        first = [a.copy() for a in way.running()]
        return replace(way, running=lambda: first)

    with pytest.raises(AssertionError, match="running statistics of wrong"):
        steps.check(tiny(WORKLOADS["CNN 32×32×3, batch 64, Adam"]), {"by hand, plain": plain.make, "wrong": other})


def test_it_is_timed_and_missing_ones_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(steps.CONTESTANTS, "nobody", ("no_such_module", "nowhere:make"))
    makers, missing = steps.contestants()
    assert "nobody" in missing
    assert "nobody" not in makers
    times = steps.compete(tiny(WORKLOADS["MLP 64-32-10, batch 32, Adam"]), BY_HAND, rounds=1, seconds=0)
    assert times.keys() == BY_HAND.keys()
    assert np.all(np.array(list(times.values())) > 0)
