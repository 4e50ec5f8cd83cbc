"""The ways that the benchmark compares take the same steps; what they cost is not asserted."""

import numpy as np
import pytest

from . import optimiser_step


def test_every_way_takes_the_same_steps() -> None:
    pytest.importorskip("torch")
    assert len(optimiser_step.ways(optimiser_step.SHAPES["network 64-32-10"])) == 4


def test_a_way_that_steps_elsewhere_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(optimiser_step, "pytorch", lambda shapes, **_: (lambda: None, lambda: np.zeros(2410)))
    with pytest.raises(AssertionError, match="Not equal"):
        optimiser_step.ways(optimiser_step.SHAPES["network 64-32-10"])
