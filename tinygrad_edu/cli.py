"""The command line, `tinygrad-edu …`: `draw` a formula with all its values and gradients.

`main`. Each command is one function that adds its arguments and one that runs it; a further command adds a pair to
`COMMANDS`. Wrong use ends with one line on standard error and exit status 2. Builds on everything below.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import errors

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
    command.add_argument("expression", help='the formula, as in "sigmoid(w*x + b)"')
    command.add_argument("values", nargs="*", metavar="NAME=NUMBER", help="a number for each name in it")
    command.set_defaults(run=run_draw)


def run_draw(arguments: argparse.Namespace) -> None:
    """Print the table of every gate and write the picture."""
    print(arguments.expression, *arguments.values)


COMMANDS: tuple[Callable[[Subcommands], None], ...] = (add_draw,)


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
