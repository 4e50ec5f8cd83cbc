"""The command line, `tinygrad-edu …`: `draw` a formula with all its values and gradients, `explain` one of its
derivatives, `train` a network, `predict`.

`main`. Each command is one function that adds its arguments and one that runs it (those of `train` and `predict` are in
`training.commands`); a further command adds a pair to `COMMANDS`. Wrong use ends with one line on standard error and
exit status 2. Builds on everything below.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn
from unicodedata import normalize

import numpy as np

from . import errors
from .engine import Value
from .training.commands import add_predict, add_train

__all__ = ["main"]

EXPECTED = (*(getattr(errors, name) for name in errors.__all__), OSError)
"""What a user can cause, and so sees as one line; anything else is our own fault and keeps its traceback."""

Subcommands = Any  # argparse has no public name for what add_subparsers gives


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def add_draw(subcommands: Subcommands) -> None:
    """The arguments of `draw`."""
    command = subcommands.add_parser("draw", help="draw a formula with every value and gradient, and print the table")
    command.epilog = (
        "A formula that begins with a minus sign comes after all options and --, as in: draw -- -x*y x=1 y=2"
    )
    command.add_argument("expression", help='the formula, as in "sigmoid(w*x + b)"')
    command.add_argument("values", nargs="*", metavar="NAME=NUMBER", help="a number for each name in it")
    command.add_argument(
        "-o", "--output", default="circuit.svg", help="where to: .svg, .png, .pdf or .dot (%(default)s)"
    )
    command.add_argument("--style", choices=("circuit", "nodes"), default="circuit", help="(%(default)s)")
    command.add_argument("--open", nargs="*", default=[], metavar="GATE", help="fused gates to open, such as sigmoid")
    command.add_argument("--precision", type=int, choices=range(13), default=2, metavar="DIGITS", help="decimals shown")
    command.set_defaults(run=run_draw)


def run_draw(arguments: argparse.Namespace) -> None:
    """Print the table of every gate and write the picture."""
    from .drawing import draw, table
    from .drawing.text import number
    from .expressions import parse

    formula = parse(arguments.expression)
    with np.errstate(all="ignore"):
        out = formula(numbers(arguments.values))
        if out.gate is None:
            raise errors.ExpressionError(f"{formula.text} has no gate: there is nothing to draw")
        out.backward()
        print(table(out, arguments.precision))
    drawing = draw(out, arguments.style, open=arguments.open or "auto", precision=arguments.precision)
    try:
        path = drawing.save(arguments.output)
    except errors.RenderError as error:
        text = drawing.save(Path(arguments.output).with_suffix(".dot"))
        raise errors.RenderError(f"{error}. The DOT text is in {text}", error.dot) from error
    print(f"\n{formula.text} = {number(out.item(), arguments.precision)}, drawn in {path}")


def add_explain(subcommands: Subcommands) -> None:
    """The arguments of `explain`."""
    command = subcommands.add_parser("explain", help="derive the derivative of a formula step by step")
    command.add_argument("expression", help='the formula, as in "sigmoid(w*x + b)"')
    command.add_argument("values", nargs="*", metavar="NAME=NUMBER", help="a number for each name in it")
    command.add_argument("--wrt", metavar="NAME", help="the name to differentiate by (the only one, if there is one)")
    command.add_argument("--paths", action="store_true", help="also as the sum over all paths")
    command.add_argument("--format", choices=("text", "latex", "mathml", "html", "python"), default="text")
    command.add_argument("--precision", type=int, choices=range(13), default=2, metavar="DIGITS", help="decimals shown")
    command.set_defaults(run=run_explain)


def run_explain(arguments: argparse.Namespace) -> None:
    """Print the derivation."""
    from .drawing import explain
    from .expressions import parse

    formula, leaves = parse(arguments.expression), numbers(arguments.values)
    wrt = arguments.wrt or (formula.names[0] if len(formula.names) == 1 else "")
    if not isinstance(leaf := leaves.get(normalize("NFKC", wrt)), Value):
        raise errors.ExpressionError(f"{formula.text}: give --wrt one of its names, {', '.join(formula.names) or '?'}")
    with np.errstate(all="ignore"):
        explanation = explain(formula(leaves), wrt=leaf, paths=arguments.paths, precision=arguments.precision)
    print(getattr(explanation, arguments.format).rstrip("\n"))


def numbers(assignments: Sequence[str]) -> dict[str, Value | float]:
    """NAME=NUMBER arguments as named leaves."""
    leaves: dict[str, Value | float] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.isidentifier():
            raise errors.ExpressionError(f"{assignment!r}: write NAME=NUMBER, as in x=2")
        name = normalize("NFKC", name)  # as Python reads the names in the formula
        if name in leaves:
            raise errors.ExpressionError(f"{name} is given twice")
        try:
            leaves[name] = Value(float(text), name=name)
        except ValueError:
            raise errors.ExpressionError(f"{assignment!r}: {text!r} is not a number") from None
    return leaves


COMMANDS: tuple[Callable[[Subcommands], None], ...] = (add_draw, add_explain, add_train, add_predict)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    whole = _Parser(prog="tinygrad-edu", description="Backpropagation drawn, explained and trained.")
    subcommands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(subcommands)
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status: 0, or 2 for wrong use, with one line on standard error."""
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except EXPECTED as error:
        print(f"tinygrad-edu: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0
