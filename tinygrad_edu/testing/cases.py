"""What homework is graded by: `Case`, a property worth points, and `cases_of` an assignment's text. Builds on NumPy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import SettingError

__all__ = ["Case", "cases_of"]


@dataclass(frozen=True)
class Case:
    """A property: `run(names)` computes numbers with the submission's names, `expected` are the right ones."""

    points: float
    run: Callable[[dict[str, Any]], Sequence[Any]]
    expected: Sequence[Any]
    hint: str = ""


def cases_of(text: str, seed: int) -> tuple[dict[str, Case], dict[str, Any]]:
    """The cases of an assignment, and all its names.

    Besides `CASES` an assignment may have `drawn(random)`, which gives further cases from a NumPy generator: with
    other numbers at each grading, so that numbers written down are of no use.

    >>> text = "from tinygrad_edu.testing.homework import Case\\nCASES = {'one': Case(1, lambda names: [1], [1])}"
    >>> cases, names = cases_of(text, 0)
    >>> cases["one"].expected
    [1]
    """
    names: dict[str, Any] = {"__name__": "assignment"}
    exec(compile(text, "<assignment>", "exec"), names)  # noqa: S102 - the teacher's own program
    cases = dict(names.get("CASES", {}))
    if "drawn" in names:
        cases |= names["drawn"](np.random.default_rng(seed))
    if not cases:
        raise SettingError("grade: an assignment is a Python file with CASES, a dictionary from names to Case")
    return cases, names
