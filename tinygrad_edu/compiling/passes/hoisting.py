"""The passes `hoisting` and `views_once`: what is the same at each run is done once, before the first.

What depends on constants alone and is small has been folded into a number; what is large stands above the function, and
so do the views of buffers, which stay where they are. Builds on `sharing`.
"""

from ..program import Function, Instruction, Program, Var, variables
from .blocks import EMPTY
from .sharing import Families
from .substitution import op

__all__ = ["hoisting", "views_once"]

LOOKS = frozenset({"reshape", "swapaxes", "transpose"})


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


def views_once(program: Program) -> Program:
    """Move transposes and reshapes of planned buffers to the setup: they look at the same memory at each run."""
    straight: set[Var] = set()  # buffers in C order, of which a reshape is a view
    for line in program.setup:
        part = op(line) in ("reshape", "getitem") and isinstance(line.inputs[0], Var) and line.inputs[0] in straight
        if part or line.gate is EMPTY:
            straight.add(line.target)
    fixed, moved = set(straight), []
    for line in program:
        if _is_view(line, fixed, straight):
            fixed.add(line.target)
            moved.append(line)
    rest = [line for line in program if line.target not in fixed]
    return program.having(rest, setup=(*program.setup, *moved)) if moved else program


def _is_view(line: Instruction, fixed: set[Var], straight: set[Var]) -> bool:
    """Whether a line only looks at memory that does not move; a reshape of a transpose would be a copy."""
    if op(line) not in LOOKS or line.out is not None or tuple(line.reads) != line.inputs:
        return False
    return line.inputs[0] in (straight if op(line) == "reshape" else fixed)
