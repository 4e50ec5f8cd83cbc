"""The pass `hoisting`: work that is the same at each run is done once, before the first.

What depends on constants alone and is small has been folded into a number; what is large stands above the function.
Builds on `sharing`.
"""

from ..program import Function, Program, Var, variables
from .sharing import Families

__all__ = ["hoisting"]


def hoisting(program: Program) -> Program:
    """Move lines that read nothing but constants to the setup, unless somebody may write to what they make."""
    families = Families(program)
    given_away = {families.eldest(x) for x in variables(program.results)}
    given_away |= {families.eldest(x) for line in program for x in line.writes}
    once: dict[Var, object] = {}
    rest = []
    for line in program:
        room = isinstance(line.gate, Function) and not line.inputs
        own = families.eldest(line.target) not in given_away and not room
        if line.pure and line.dtype is not None and own and all(x in once for x in line.reads):
            once[line.target] = line
        else:
            rest.append(line)
    setup = tuple(line for line in program if line.target in once)
    return program.having(rest, setup=(*program.setup, *setup)) if setup else program
