"""The ways that the benchmark compares compute the same thing; what they cost is not asserted."""

import numpy as np
import pytest

from . import training_step


def test_every_way_has_the_same_losses() -> None:
    pytest.importorskip("sklearn")
    training_step.check(training_step.data())


def test_a_way_that_computes_something_else_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setattr(training_step, "ways", lambda: {"wrong": lambda start: lambda X, y: float(np.mean(y))})
    with pytest.raises(AssertionError, match="wrong"):
        training_step.check(training_step.data())
