"""The command line, `tinygrad-edu …`: `draw` a formula with all its values and gradients, `explain` one of its
derivatives, play it as a `lesson`, ask about it in an `exercise`, `train` a network, `predict`.

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
        "-o",
        "--output",
        "--out",
        default="circuit.svg",
        help="where to: .svg, .png, .tex, .txt, .pdf or .dot (%(default)s)",
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


def add_lesson(subcommands: Subcommands) -> None:
    """The arguments of `lesson`."""
    command = subcommands.add_parser("lesson", help="write a page that plays a formula gate by gate")
    _about_a_page(command, "lesson.html")
    command.add_argument("--open", nargs="*", default=[], metavar="GATE", help="fused gates to open, such as sigmoid")
    command.set_defaults(run=run_lesson)


def add_exercise(subcommands: Subcommands) -> None:
    """The arguments of `exercise`."""
    command = subcommands.add_parser("exercise", help="write a page that asks for some of a formula's numbers")
    _about_a_page(command, "exercise.html")
    command.add_argument("--blanks", type=int, default=5, metavar="COUNT", help="how many to ask for (%(default)s)")
    command.add_argument("--seed", type=int, default=0, help="which ones (%(default)s)")
    command.add_argument("--key", metavar="FILE", help="where to write the answers; without it they are printed")
    command.set_defaults(run=run_exercise)


def _about_a_page(command: argparse.ArgumentParser, page: str) -> None:
    command.add_argument("expression", help='the formula, as in "sigmoid(w*x + b)"')
    command.add_argument("values", nargs="*", metavar="NAME=NUMBER", help="a number for each name in it")
    command.add_argument("-o", "--out", "--output", default=page, help="where to (%(default)s)")
    command.add_argument("--title", default="", help="what stands above (the formula)")
    command.add_argument("--precision", type=int, choices=range(13), default=2, metavar="DIGITS", help="decimals shown")


def run_lesson(arguments: argparse.Namespace) -> None:
    """Write the page."""
    from .drawing import lesson
    from .expressions import parse

    formula = parse(arguments.expression)
    with np.errstate(all="ignore"):
        made = lesson(
            formula(numbers(arguments.values)),
            title=arguments.title or formula.text,
            open=arguments.open,
            precision=arguments.precision,
        )
    print(f"{formula.text} is played in {made.save(arguments.out)}: open it in a browser")


def run_exercise(arguments: argparse.Namespace) -> None:
    """Write the learner's page and the key."""
    from .drawing import exercise
    from .expressions import parse

    formula = parse(arguments.expression)
    with np.errstate(all="ignore"):
        made = exercise(
            formula(numbers(arguments.values)),
            blanks=arguments.blanks,
            seed=arguments.seed,
            title=arguments.title or formula.text,
            precision=arguments.precision,
        )
    path = made.save(arguments.out, arguments.key)
    print(
        f"{path} asks for {len(made.blanks)} numbers",
        f"; the key is in {arguments.key}" if arguments.key else "",
        sep="",
    )
    if not arguments.key:
        print(made.key)


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


COMMANDS: tuple[Callable[[Subcommands], None], ...] = (
    add_draw,
    add_explain,
    add_lesson,
    add_exercise,
    add_train,
    add_predict,
)


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
