"""Passes: functions from Program to Program, in the order they are run. Each may be switched off by name.

`PASSES` · `optimised`. Builds on `program`.
"""

from collections.abc import Callable, Mapping

from ..program import Program

__all__ = ["PASSES", "optimised"]

Pass = Callable[[Program], Program]
PASSES: Mapping[str, Pass] = {}


def optimised(program: Program, plan: bool, without: frozenset[str]) -> Program:
    """The program after all passes that are not switched off."""
    return program
