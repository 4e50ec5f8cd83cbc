"""Shared by all tests: Hypothesis settings, and a seal that a test leaves the recording mode as it found it."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tinygrad_edu.modes import Mode, current_mode

settings.register_profile("default", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


@pytest.fixture(autouse=True)
def recording_mode_is_restored() -> Iterator[None]:
    yield
    assert current_mode() == Mode()
