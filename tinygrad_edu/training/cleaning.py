"""What is done about columns to leave out and cells that are missing, before a table is learnt from.

`usable` · `refuse_missing` · `Missing`. Builds on `data`.
"""

from collections.abc import Iterable
from typing import Literal

import numpy as np

from ..data import Table
from ..errors import DataError

__all__ = ["Missing", "refuse_missing", "usable"]

Missing = Literal["refuse", "drop", "impute"]


def usable(table: Table, target: str, missing: Missing, ignore: Iterable[str] = ()) -> tuple[Table, list[str]]:
    """The columns and rows to learn `target` from, and a note on each thing left out.

    Columns to `ignore` and empty columns go. A missing cell is refused (`DataError` says where), its row dropped, or
    left to be imputed; a row without a target is dropped in the last case too.

    >>> some = Table("some.csv", {"x": ["1", "", "3"], "e": [""] * 3, "y": ["a", "b", ""]}, [2, 3, 4])
    >>> usable(some, "y", "drop")[1]
    ["left out what is empty: 'e'", 'left out 2 of 3 rows with missing cells']
    >>> usable(some, "y", "impute")[0].columns
    {'x': ['1', ''], 'y': ['a', 'b']}
    """
    table.column(target)
    ignore = list(ignore)
    if target in ignore:
        raise DataError(f"column {target!r} is the target and can't be ignored too")
    table = table.without(ignore)
    empty = [name for name in table.columns if table.missing(name).all()]
    if target in empty:
        raise DataError(f"{table.name}: target {target!r} is empty in every row")
    notes = [f"left out what is empty: {', '.join(map(repr, empty))}"] if empty else []
    table = table.without(empty)
    if missing == "refuse":
        refuse_missing(
            table,
            "--missing drop leaves such rows out, --missing impute puts in the mean of the column (for words: none)",
        )
    if counters := [name for name in table.columns if name != target and is_counter(table, name)]:
        notes.append(f"only number the rows: {', '.join(map(repr, counters))} (--ignore leaves such columns out)")
    demanded = [target] if missing == "impute" else list(table.columns)
    lacking = np.any([table.missing(name) for name in demanded], axis=0)
    if lacking.all():
        raise DataError(
            f"{table.name}: every row has missing cells: try --missing impute, or --ignore the worst columns"
        )
    if lacking.any():
        what = f"without a target ({target})" if missing == "impute" else "with missing cells"
        notes.append(f"left out {lacking.sum()} of {len(table)} rows {what}")
    return table.rows(~lacking), notes


def is_counter(table: Table, name: str) -> bool:
    """Does a column count the rows up by one, as an index does?"""
    return table.is_numeric(name) and bool((np.diff(table.numbers(name)) == 1).all())


def refuse_missing(table: Table, way_out: str) -> None:
    """`DataError` that counts the missing cells by column and row, if there are any."""
    masks = {name: table.missing(name) for name in table.columns}
    counts = {name: int(mask.sum()) for name, mask in masks.items() if mask.any()}
    if not counts:
        return
    rows = np.any(list(masks.values()), axis=0)
    worst = sorted(counts, key=lambda name: -counts[name])
    listed = ", ".join(f"{name!r} ({counts[name]})" for name in worst[:5]) + (", …" if len(worst) > 5 else "")
    raise DataError(
        f"{table.name}: missing cells in {rows.sum()} of {len(table)} rows, first on line "
        f"{table.lines[int(rows.argmax())]}; columns {listed}: {way_out}"
    )
