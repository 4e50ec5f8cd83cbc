"""The pytest plugin: `pytest --grade homework.py --assignment examples/homework/scalar_value/assignment.py`.

It prints a line for each property; `--grade-json FILE` writes the grade. Builds on `homework`.
"""

import sys
from pathlib import Path
from typing import Any

__all__ = ["pytest_addoption", "pytest_cmdline_main"]


def pytest_addoption(parser: Any) -> None:
    """Add the options --grade, --assignment and --grade-json."""
    group = parser.getgroup("tinygrad_edu")
    group.addoption("--grade", metavar="FILE", help="grade this homework and stop")
    group.addoption("--assignment", metavar="FILE", help="the assignment to grade it by")
    group.addoption("--grade-json", metavar="FILE", help="write the grade in Gradescope's format")


def pytest_cmdline_main(config: Any) -> int | None:
    """Grade in place of testing, where --grade is given; exit status 0 for full points, 1 for fewer."""
    submission, assignment = config.getoption("--grade"), config.getoption("--assignment")
    if submission is None:
        return None
    if assignment is None:
        print("--grade needs --assignment FILE", file=sys.stderr)
        return 2
    from .homework import grade

    result = grade(submission, assignment)
    if target := config.getoption("--grade-json"):
        Path(target).write_text(result.json())
    print(result)
    return int(result.score < result.of)
