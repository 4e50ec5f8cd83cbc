"""Shared by all tests: Hypothesis settings, and a seal that a test leaves the recording mode as it found it."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

from tinygrad_edu.modes import Mode, current_mode

# One thread for matrix products: workers of a parallel run that fight for the cores wait for each other's threads.
ONE_THREAD = threadpool_limits(1)

QUIET = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}
# The same examples in each run, so that a red run means a change; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("repeatable", derandomize=True, **QUIET)
settings.register_profile("search", **QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_configure(config: pytest.Config) -> None:
    """`--thorough` runs the slow tests too."""
    if config.getoption("--thorough", default=False):
        config.option.markexpr = "not browser"


@pytest.fixture(autouse=True)
def recording_mode_is_restored() -> Iterator[None]:
    yield
    assert current_mode() == Mode()
