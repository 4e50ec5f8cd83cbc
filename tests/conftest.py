"""Shared by all tests: Hypothesis settings, and a seal that a test leaves the recording mode as it found it."""

import os
from collections.abc import Iterator

# One thread for matrix products: the workers of a parallel run would fight for the cores. Must precede NumPy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck, settings

from tinygrad_edu.modes import Mode, current_mode

QUIET = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}
# The same examples in each run, so that a red run means a change; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("repeatable", derandomize=True, **QUIET)
settings.register_profile("search", **QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(autouse=True)
def recording_mode_is_restored() -> Iterator[None]:
    yield
    assert current_mode() == Mode()
