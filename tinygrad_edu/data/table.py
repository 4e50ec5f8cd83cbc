"""A table of named columns as they stand in a file: text, typed only when numbers are asked for.

`Table` · `is_number` · `near` (names spelt like a given one). Builds on `errors`; `reading` fills a table, `encoding`
makes a matrix of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from ..errors import DataError

__all__ = ["Table", "is_number", "near"]


def near(name: str, names: Iterable[str]) -> str:
    """What to say about a name that is not there: names like it, else the first few.

    >>> near("Specis", ["species", "length"])
    "did you mean 'species'?"
    >>> near("z", ["species", "length"])
    "there are 'species', 'length'"
    """
    names = list(names)
    lower = {known.lower(): known for known in reversed(names)}
    if found := get_close_matches(name.lower(), lower, n=3, cutoff=0.6):
        return f"did you mean {' or '.join(repr(lower[key]) for key in found)}?"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"there are {', '.join(map(repr, names[:8]))}{more}"


@dataclass(frozen=True)
class Table:
    """Columns of text cells, "" where a value is missing; `lines` holds the file's line of each row, for messages.

    >>> table = Table("trees.csv", {"kind": ["oak", "ash"], "height": ["12.5", ""]}, [2, 3])
    >>> len(table), table.is_numeric("height"), table.is_numeric("kind")
    (2, True, False)
    >>> table.numbers("height").tolist()
    [12.5, nan]
    """

    name: str
    columns: dict[str, list[str]]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.lines)

    @classmethod
    def from_arrays(cls, name: str, columns: dict[str, Any]) -> "Table":
        """A table of arrays (numbers or words), as if it had been read from a file."""
        cells = {key: list(map(str, np.asarray(column).tolist())) for key, column in columns.items()}
        return cls(name, cells, range(2, 2 + max(map(len, cells.values()), default=0)))

    def column(self, name: str) -> list[str]:
        """The cells of one column; `DataError` with names like it if there is none."""
        if name not in self.columns:
            raise DataError(f"{self.name} has no column {name!r}: {near(name, self.columns)}")
        return self.columns[name]

    def rows(self, index: Any) -> "Table":
        """The rows at the given positions (or where a mask is true), in that order."""
        index = np.arange(len(self))[index].tolist()
        picked = {name: [cells[i] for i in index] for name, cells in self.columns.items()}
        return Table(self.name, picked, [self.lines[i] for i in index])

    def without(self, names: Iterable[str]) -> "Table":
        """The table without some columns, each of which must be there."""
        left_out = {name for name in names if self.column(name) is not None}
        kept = {name: cells for name, cells in self.columns.items() if name not in left_out}
        return Table(self.name, kept, self.lines)

    def only(self, names: Iterable[str]) -> "Table":
        """The table with the named columns alone, in the given order."""
        return Table(self.name, {name: self.column(name) for name in names}, self.lines)

    def missing(self, name: str) -> Any:
        """A mask of the rows whose cell in the column is empty."""
        return np.array([not cell for cell in self.column(name)], bool)

    def strangers(self, name: str) -> list[int]:
        """Rows of a column whose cell is neither empty nor a number."""
        return [row for row, cell in enumerate(self.column(name)) if cell and not is_number(cell)]

    def is_numeric(self, name: str) -> bool:
        """Is every cell that is not empty a number?"""
        try:
            _floats(self.column(name))
        except ValueError:
            return not self.strangers(name)
        return True

    def numbers(self, name: str) -> Any:
        """The column as float64, NaN where a cell is empty; `DataError` names a cell that is no finite number."""
        cells = self.column(name)
        try:
            found = _floats(cells)
        except ValueError:
            strangers = self.strangers(name)
            row = strangers[0]
            raise DataError(
                f"{self.name}, line {self.lines[row]}: {cells[row]!r} in column {name!r} is not a number"
                + (f" ({len(strangers)} cells are not)" if len(strangers) > 1 else "")
            ) from None
        if np.isinf(found).any():
            row = int(np.isinf(found).argmax())
            raise DataError(f"{self.name}, line {self.lines[row]}: {cells[row]!r} in column {name!r} is not finite")
        return found


def is_number(cell: str) -> bool:
    """Is the text one number, as a table writes it? Python's own 1_000 is not."""
    try:
        return _floats([cell]).size == 1
    except ValueError:
        return False


def _floats(cells: list[str]) -> Any:
    """All cells as float64, NaN for empty ones; ValueError if one is no number."""
    joined = "".join(cells)
    if "_" in joined or not joined.isascii():
        raise ValueError("digits that only Python reads as numbers")
    return np.array([cell or "nan" for cell in cells], dtype=object).astype(np.float64)
