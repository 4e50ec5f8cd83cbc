"""Passes: functions from Program to Program, in the order they are run. Each may be switched off by name.

`PASSES` (those that make a program shorter and keep its numbers bit for
bit), `PLANNING` (those that make it fast) · `optimised`. Builds on `program`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ...errors import SettingError
from ..program import Program
from .algebra import algebra
from .basic import common_subexpressions, constant_folding, dead_code
from .hoisting import hoisting, views_once
from .layout import batch_last
from .linear import linear_forms
from .memory import bound_scalars, in_place
from .opening import open_gates
from .order import sooner
from .pooling import pool_first
from .products import masks, means, products, sums_as_products
from .reductions import flat_sums, short_rows
from .sharing import own_results

__all__ = ["PASSES", "PLANNING", "optimised"]

Pass = Callable[[Program], Program]
PASSES: Mapping[str, Pass] = {
    "constant_folding": constant_folding,
    "algebra": algebra,
    "common_subexpressions": common_subexpressions,
    "dead_code": dead_code,
}
PLANNING: Mapping[str, Pass] = {
    "open_gates": open_gates,
    "tidy_opened": lambda program: tidied(program),
    "pool_first": pool_first,
    "linear_forms": linear_forms,
    "batch_last": batch_last,
    "flat_sums": flat_sums,
    "tidy_moved": lambda program: tidied(program),
    "masks": masks,
    "products": products,
    "sums_as_products": sums_as_products,
    "short_rows": short_rows,
    "means": means,
    "tidy": lambda program: tidied(program),
    "sooner": sooner,
    "hoisting": hoisting,
    "bound_scalars": bound_scalars,
    "in_place": in_place,
    "views_once": views_once,
}


def optimised(program: Program, plan: bool, without: frozenset[str]) -> Program:
    """The program after all passes that are not switched off; SettingError for a name that is none."""
    known = ("lanes", *PASSES, *PLANNING, "python")  # the first is heeded when the program is built, the last after
    if unknown := without.difference(known):
        raise SettingError(f"compile: there is no pass {sorted(unknown)}; the passes are {', '.join(known)}")
    short = {name: each for name, each in PASSES.items() if name not in without}
    program = replace(program, report=program.report or (("recorded", len(program)),))
    before = 0
    while before != len(program):
        before = len(program)
        for name, each in short.items():
            program = reported(name, each, program)
    program = own_results(program)
    for name, each in PLANNING.items() if plan else ():
        if name not in without:
            program = reported(name, each, program)
    return program


def tidied(program: Program) -> Program:
    """The shortening passes once more, over what planning has made."""
    for each in (constant_folding, algebra, common_subexpressions, dead_code):
        program = each(program)
    return own_results(program)


def reported(name: str, each: Pass, program: Program) -> Program:
    """The program after a pass, which is noted with the number of lines that it leaves."""
    made = each(program)
    return replace(made, report=(*program.report, (name, len(made))))
