"""The pytest plugin: `pytest --thorough`, and `pytest --grade homework.py --assignment assignment.py`.

With `--thorough` every gradient check looks at ten inputs, and Hypothesis draws twenty times as many examples, new ones
each night. Grading prints a line for each property; `--grade-json FILE` writes the grade. Builds on `homework`.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

__all__ = ["pytest_addoption", "pytest_cmdline_main", "pytest_configure", "pytest_load_initial_conftests"]


def pytest_addoption(parser: Any) -> None:
    """Add the options --thorough, --grade, --assignment and --grade-json."""
    group = parser.getgroup("tinygrad_edu")
    group.addoption("--thorough", action="store_true", help="check gradients at more inputs, for the night")
    group.addoption("--grade", metavar="FILE", help="grade this homework and stop")
    group.addoption("--assignment", metavar="FILE", help="the assignment to grade it by")
    group.addoption("--grade-json", metavar="FILE", help="write the grade in Gradescope's format")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: Any) -> None:
    """Grading runs no conftest.py: one may have been handed in beside the homework."""
    options = early_config.known_args_namespace
    options.noconftest = options.noconftest or options.grade is not None


def pytest_configure(config: Any) -> None:
    """Look longer, where --thorough is given."""
    if not config.getoption("--thorough"):
        return
    from .thorough import thorough

    looking = thorough()
    looking.__enter__()
    config.add_cleanup(lambda: looking.__exit__(None, None, None))
    if find_spec("hypothesis"):
        from hypothesis import HealthCheck, settings

        settings.register_profile("thorough", max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
        settings.load_profile("thorough")


def pytest_cmdline_main(config: Any) -> int | None:
    """Grade in place of testing, where --grade is given; exit status 0 for full points, 1 for fewer."""
    submission, assignment = config.getoption("--grade"), config.getoption("--assignment")
    if submission is None:
        return None
    if assignment is None:
        print("--grade needs --assignment FILE", file=sys.stderr)
        return 2
    from ..errors import SettingError
    from .homework import grade

    try:
        result = grade(submission, assignment)
    except (OSError, SettingError) as error:
        print(error, file=sys.stderr)
        return 2
    if target := config.getoption("--grade-json"):
        Path(target).write_text(result.json(), encoding="utf-8")
    print(result)
    return int(result.score < result.of)
