"""Formulas as Python's syntax trees, written in four ways: text, LaTeX, MathML, Python. Builds on `writers`.

`Formula(tree)` has `.text`, `.latex`, `.mathml`, `.python`. A name in the tree may be any text a user chose; each
writer escapes it. `T(x)` is a transpose (`mT` of a stack of matrices), `outer(x, y)` an outer product, `indicator(c)` 1
where c holds and 0 elsewhere, `partial(f, x)` the derivative ∂f/∂x.
"""

import ast
import keyword
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any
from unicodedata import normalize

import numpy as np

from .writers import Latex, MathML, Text, called

__all__ = ["Formula", "UnknownFormulaError", "call", "identifier", "product", "symbol", "tree"]


def tree(text: str) -> ast.expr:
    """A formula in Python's syntax as its tree."""
    return ast.parse(text, mode="eval").body


def symbol(name: str) -> ast.expr:
    """A name, which may be any text."""
    return ast.Name(name)


def call(name: str, *arguments: ast.expr) -> ast.expr:
    """A function of other formulas."""
    return ast.Call(ast.Name(name), list(arguments), [])


def product(*factors: ast.expr) -> ast.expr:
    """Factors multiplied from the left."""
    whole = factors[0]
    for factor in factors[1:]:
        whole = ast.BinOp(whole, ast.Mult(), factor)
    return whole


def identifier(name: str, taken: Mapping[str, Any] = {}) -> str:
    """A Python name for any text, not one of those taken.

    >>> identifier("w₀"), identifier("new value"), identifier("lambda"), identifier("np", {"np": 1})
    ('w0', 'new_value', 'lambda_', 'np_')
    """
    made = re.sub(r"\W+", "_", normalize("NFKC", name)) or "v"
    made = f"v{made}" if made[0].isdigit() else made
    if not made.isidentifier():
        made = "v"
    while keyword.iskeyword(made) or made in taken:
        made += "_"
    return made


class UnknownFormulaError(ValueError):
    """A formula with a part that has no notation here."""


@dataclass(frozen=True)
class Formula:
    """A formula that writes itself: `.text`, `.latex`, `.mathml` (the inside of a math element), `.python`.

    >>> f = Formula(tree("2 * x / sqrt(1 - y**2)"))
    >>> f.text, f.latex
    ('2·x / √(1 − y²)', '\\\\frac{2 \\\\cdot x}{\\\\sqrt{1 - y^{2}}}')
    """

    tree: ast.expr
    precision: int = 2

    @property
    def text(self) -> str:
        """One line of Unicode."""
        return Text(self.precision).written(self.tree)

    @property
    def latex(self) -> str:
        """LaTeX for mathematics mode, amsmath at hand."""
        return Latex(self.precision).written(self.tree)

    @property
    def mathml(self) -> str:
        """MathML without the math element around it, so that formulas can be joined."""
        return MathML(self.precision).written(self.tree)

    def with_names(self, given: Mapping[str, ast.expr]) -> "Formula":
        """The formula with other formulas in place of some names."""
        return replace(self, tree=_Named(given).visit(deepcopy(self.tree)))

    @property
    def python(self) -> str:
        """NumPy code, once its names are Python's. Raises UnknownFormulaError for a function that NumPy has not."""
        return ast.unparse(_Python().visit(deepcopy(self.tree)))

    def __str__(self) -> str:
        return self.text


class _Named(ast.NodeTransformer):
    """Names replaced, but those of functions."""

    def __init__(self, given: Mapping[str, ast.expr]) -> None:
        self.given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.given.get(node.id, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        return ast.Call(node.func, [self.visit(x) for x in node.args], [])


class _Python(ast.NodeTransformer):
    """The names of formulas as NumPy's."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return tree("np.pi") if node.id == "π" else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = called(node)
        arguments = [self.visit(x) for x in node.args]
        if name in ("T", "mT"):
            return ast.Attribute(arguments[0], name)
        if name == "indicator":
            return arguments[0]
        if name == "σ":
            return ast.BinOp(ast.Constant(1), ast.Div(), ast.BinOp(
                ast.Constant(1), ast.Add(), call_np("exp", ast.UnaryOp(ast.USub(), arguments[0]))))  # fmt: skip
        if not hasattr(np, name := {"ln": "log"}.get(name, name)):
            raise UnknownFormulaError(name)
        return call_np(name, *arguments)


def call_np(name: str, *arguments: ast.expr) -> ast.expr:
    """A call of a function of NumPy."""
    return ast.Call(ast.Attribute(ast.Name("np"), name), list(arguments), [])
