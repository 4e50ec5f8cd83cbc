"""Every step of a lesson as an HTML table, for who can't see the circuit or has no JavaScript. Builds on `material`."""

import html
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...engine import Value
from ..text import summary
from .material import Material, Part

__all__ = ["rows", "table"]

MOST = 120
HEAD = ("step", "gate", "of", "local", "upstream", "downstream", "value or sum")


def rows(told: Material, names: Mapping[Value, str], show: Callable[[Any], str]) -> Iterator[tuple[str, ...]]:
    """The cells of the table, forward, seed, backward; `show` writes a number."""
    for part in told.parts:
        yield "forward", part.gate.name, names[part.out], "", "", "", show(part.out._data)
    yield "seed", "", names[told.root], "", "", show(told.gradients[told.root]), ""
    for part in told.back:
        yield from _back(part, names, show)


def _back(part: Part, names: Mapping[Value, str], show: Callable[[Any], str]) -> Iterator[tuple[str, ...]]:
    for k, row in sorted(part.rows.items()):
        local = "" if row.local is None else show(row.local)
        total = show(row.total) if row.arrival > 1 else ""
        cells = (local, show(row.upstream), show(row.downstream), total)
        yield "backward", part.gate.name, names[part.inputs[k]], *cells


def table(
    told: Material, names: Mapping[Value, str], precision: int = 2, hide: Callable[[Any], bool] | None = None
) -> str:
    """The table as HTML, of a large lesson its first steps; numbers that `hide` picks are question marks."""

    def show(x: Any) -> str:
        return "?" if hide is not None and hide(x) else summary(x, precision)

    lines = [_row(HEAD, "col")]
    for count, row in enumerate(rows(told, names, show)):
        if count == MOST:
            lines.append(f'<tr><td colspan="{len(HEAD)}">… more steps in the player')
            break
        lines.append(_row(row, "row"))
    return f"<table><thead>{lines[0]}<tbody>{''.join(lines[1:])}</table>"


def _row(cells: tuple[str, ...], scope: str) -> str:
    """A row; HTML wants no end tags here, and there are many."""
    first, *rest = (html.escape(cell) for cell in cells)
    tag = "<th scope=col>" if scope == "col" else "<td>"
    return f"<tr><th scope={scope}>{first}{''.join(tag + text for text in rest)}"
