"""What each line of a program costs: the source run with a look at the clock after every line.

`profiled` · `Profile` (lines and seconds, printed as a table). Builds on `saving`.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from .program import Program
from .saving import copied

__all__ = ["Profile", "profiled"]


@dataclass(frozen=True)
class Profile:
    """The lines of a program in their order, each with the seconds of its quickest run."""

    rows: tuple[tuple[str, float], ...]

    @property
    def total(self) -> float:
        """Seconds of all lines together."""
        return sum(seconds for _, seconds in self.rows)

    def __str__(self) -> str:
        """Microseconds, share and text of the lines that take a hundredth of the time at least, in their order."""
        whole = max(self.total, 1e-12)
        shown = [(line, t) for line, t in self.rows if t >= whole / 100]
        table = [f"{t * 1e6:>12,.1f} µs {t / whole:>6.1%}  {line}" for line, t in shown]
        rest = whole - sum(t for _, t in shown)
        few = f"{rest * 1e6:>12,.1f} µs {rest / whole:>6.1%}  {len(self.rows) - len(shown)} other lines"
        return "\n".join([*table, few, f"{whole * 1e6:>12,.1f} µs 100.0%  {len(self.rows)} lines"])


def profiled(source: str, program: Program, given: Sequence[Any], runs: int) -> Profile:
    """Run a program's source on copies of its inputs, `runs` times, and take each line's quickest."""
    tree = ast.parse(source)
    function = next(f for f in tree.body if isinstance(f, ast.FunctionDef) and f.name == program.name)
    lines = [line for line in function.body if _works(line)]
    watched = ast.parse("_ticks.append(_now())").body
    function.body = [*watched, *(part for line in lines for part in (line, *watched))]
    ticks: list[float] = []
    scope: dict[str, Any] = {"_ticks": ticks, "_now": perf_counter}
    exec(compile(ast.fix_missing_locations(tree), f"<profiled {program.name}>", "exec"), scope)  # noqa: S102 - ours
    made, _ = copied(dict(zip([str(x.var) for x in program.inputs], given, strict=True)))
    taken = []
    for _ in range(runs + 1):  # the first one fills caches
        ticks.clear()
        scope[program.name](*made.values())
        taken.append(np.diff(ticks))
    quickest = np.min(taken[1:], 0).tolist()
    return Profile(tuple(zip(map(ast.unparse, lines), quickest, strict=False)))


def _works(line: ast.stmt) -> bool:
    """Whether a statement is neither the docstring nor the return."""
    docstring = isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
    return not (docstring or isinstance(line, ast.Return))
