"""Compiling: a function traced once, its forward and backward as one program, simplified and printed as NumPy source.

`compile` · `Compiled` · `Program`, `Instruction`, `Input`, `Var`, `Function` (what passes work on). Builds on the
engine.
"""

from .compiled import Compiled, compile
from .program import Function, Input, Instruction, Program, Var

__all__ = ["Compiled", "Function", "Input", "Instruction", "Program", "Var", "compile"]
