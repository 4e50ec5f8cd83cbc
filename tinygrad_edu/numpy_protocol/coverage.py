"""What of NumPy is covered: every public function of numpy, numpy.linalg and numpy.fft with its kind and the reason.

`coverage()` gives the rows, `page()` the document; `python -m tinygrad_edu.numpy_protocol.coverage FILE` writes it.
Builds on the registry.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..engine import Gate
from ..operators import FUNCTIONS, UFUNCS
from .refusals import UNREACHED
from .registry import CONSTANT, REFUSED

__all__ = ["Row", "coverage", "page"]

HEAD = """# NumPy functions on Values

Written by `python -m tinygrad_edu.numpy_protocol.coverage docs/reference/numpy-coverage.md` from the registry; a test
keeps it true. Every public function of `numpy`, `numpy.linalg` and `numpy.fft` is one of three:

- **differentiable**: call it on Values as on arrays, with NumPy's signature. Its values, first and second derivatives
  are tested (`tests/numpy/`). An option without a derivative (`out`, most of all) raises `UnsupportedError`.
- **constant**: its result has no derivative or is a step, whose derivative is 0. It gives plain arrays.
- **refused**: it raises an error that says why and what to write instead.

"""


class Row(NamedTuple):
    """A function's name below numpy, its kind, and a remark: the gate that runs, or the reason."""

    name: str
    kind: str
    remark: str


def _functions() -> Iterator[tuple[str, Any]]:
    """The public functions of the three namespaces, classes and modules left out."""
    for prefix, module in (("", np), ("linalg.", np.linalg), ("fft.", np.fft)):
        for name in sorted(module.__all__):
            function = getattr(module, name)
            if callable(function) and not isinstance(function, type) and not name.startswith("__"):
                yield prefix + name, function


def _row(name: str, function: Any) -> Row:
    way = UFUNCS.get(function) if isinstance(function, np.ufunc) else FUNCTIONS.get(function)
    if function in REFUSED:
        return Row(name, "refused", REFUSED[function])
    if function in CONSTANT:
        return Row(name, "constant", "")
    if way is not None:
        return Row(name, "differentiable", f"gate `{way.name}`" if isinstance(way, Gate) else "")
    kind, reason = UNREACHED.get(name, ("refused", "it has no gate yet: compose it, or declare a gate with @gate"))
    return Row(name, kind, reason)


def coverage() -> list[Row]:
    """A row for every public function.

    >>> dict((row.name, row.kind) for row in coverage())["linalg.norm"]
    'differentiable'
    """
    return [_row(name, function) for name, function in _functions()]


def page() -> str:
    """The reference page: how many functions are of each kind, and a table for each namespace."""
    rows = coverage()
    counts = {kind: sum(row.kind == kind for row in rows) for kind in ("differentiable", "constant", "refused")}
    distinct = {id(function) for name, function in _functions() if _row(name, function).kind == "differentiable"}
    text = HEAD + ", ".join(f"{count} {kind}" for kind, count in counts.items())
    text += f"; {len(distinct)} of the differentiable are different functions, the others second names.\n"
    for title, prefix in (("numpy", ""), ("numpy.linalg", "linalg."), ("numpy.fft", "fft.")):
        text += f"\n## {title}\n\n| function | kind | remark |\n|---|---|---|\n"
        inside = [row for row in rows if row.name.rpartition(".")[0] == prefix.rstrip(".")]
        text += "".join(f"| `{row.name}` | {row.kind} | {row.remark} |\n" for row in inside)
    return text


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
