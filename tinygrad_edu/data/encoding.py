"""From a table's columns to a matrix of numbers for a network, with statistics of the training rows alone.

`TableEncoder` · `check_slips`. Builds on `table` and `preprocessing`.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import DataError
from .preprocessing import OneHotEncoder, StandardScaler
from .table import Table, near

__all__ = ["TableEncoder", "check_slips"]


class TableEncoder:
    """Number columns standardised, then each text column one-hot, as a float32 matrix (rows, features).

    `fit` looks at all rows to see which columns are numbers (`text` names those to take as words all the same), and
    takes means, deviations and words from the training `rows` alone; columns that are constant there are left out. A
    missing number becomes the mean of the training rows, a missing word a row of zeros. `shared_scale` is for number
    columns of one unit. Course 001, row `train-statistics-on-test`.

    >>> table = Table("trees.csv", {"kind": ["oak", "ash", "oak"], "height": ["1", "3", "2"]}, [2, 3, 4])
    >>> encoder = TableEncoder().fit(table, rows=[0, 1])
    >>> encoder.features
    ['height', 'kind=ash', 'kind=oak']
    >>> encoder.transform(table).tolist()
    [[-1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    def __init__(self, text: Iterable[str] = (), max_words: int = 50, *, shared_scale: bool = False) -> None:
        self.text, self.max_words = frozenset(text), max_words
        self.numeric: list[str] = []
        self.constant: list[str] = []
        self.scaler = StandardScaler(shared=shared_scale)
        self.words: dict[str, OneHotEncoder] = {}

    @property
    def columns(self) -> list[str]:
        """The columns a table has to have."""
        return [*self.numeric, *self.words]

    @property
    def features(self) -> list[str]:
        """A name for each column of the matrix."""
        hot = [f"{name}={word}" for name, encoder in self.words.items() for word in encoder.categories_]
        return [*self.numeric, *hot]

    def fit(self, table: Table, rows: Any = slice(None)) -> "TableEncoder":
        """Learn the columns' kinds and statistics; `DataError` where a text column can't be learnt from."""
        for name in self.text:
            table.column(name)
        train = table.rows(rows)
        self.constant = [name for name, cells in train.columns.items() if len(set(cells) - {""}) < 2]
        kept = [name for name in table.columns if name not in self.constant]
        if not kept:
            raise DataError(f"{table.name}: no column is left to learn from, all others are constant or empty")
        self.numeric = [name for name in kept if name not in self.text and table.is_numeric(name)]
        self.words = {name: OneHotEncoder().fit(train.column(name)) for name in kept if name not in self.numeric}
        self._check_words(table)
        for name in self.numeric:
            self._check_spread(train, name)
        self.scaler.fit(self._numbers(train))
        return self

    def transform(self, table: Table) -> Any:
        """The matrix of a table that has the columns of `fit`, float32; `DataError` names one that is not there."""
        if absent := [name for name in self.columns if name not in table.columns]:
            raise DataError(f"{table.name} has no column {absent[0]!r}: {near(absent[0], table.columns)}")
        numbers = np.nan_to_num(self.scaler.transform(self._numbers(table)), nan=0.0)
        hot = [encoder.transform(table.column(name)) for name, encoder in self.words.items()]
        with np.errstate(over="ignore"):
            matrix = np.concatenate([numbers, *hot], axis=1).astype(np.float32)
        if not np.isfinite(matrix).all():
            row, column = np.argwhere(~np.isfinite(matrix))[0]
            raise DataError(
                f"{table.name}, line {table.lines[row]}: the number in column {self.features[column]!r} "
                "is much too large beside the training rows: mend it, or leave the row out"
            )
        return matrix

    def _numbers(self, table: Table) -> Any:
        return np.array([table.numbers(name) for name in self.numeric]).reshape(-1, len(table)).T

    def _check_words(self, table: Table) -> None:
        """Refuse numbers with a slip among them, and columns with so many words that they would be learnt by heart."""
        many = []
        for name, encoder in self.words.items():
            if name not in self.text:
                check_slips(table, name)
            if len(encoder.categories_) > self.max_words:
                many.append(f"{name!r} ({len(set(table.column(name)))} words in {len(table)} rows)")
        if many:
            raise DataError(
                f"{table.name}: too many different words in column {', '.join(many)}, which would be learnt by heart: "
                f"leave out what only names a row (--ignore), or raise the limit (--max-words {self.max_words})"
            )

    @staticmethod
    def _check_spread(table: Table, name: str) -> None:
        """Refuse numbers whose square overflows, by the column's name."""
        if np.nanmax(np.abs(table.numbers(name))) > 1e150:
            raise DataError(f"{table.name}: the numbers in column {name!r} are too large to standardise: rescale them")

    def state(self) -> dict[str, Any]:
        """Everything `transform` needs, as lists and numbers that JSON keeps exactly."""
        return {
            "numeric": self.numeric,
            "mean": self.scaler.mean_.tolist(),
            "scale": self.scaler.scale_.tolist(),
            "words": {name: encoder.categories_ for name, encoder in self.words.items()},
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "TableEncoder":
        """The encoder whose `state` this is."""
        encoder = cls()
        encoder.numeric = list(state["numeric"])
        encoder.scaler.mean_ = np.array(state["mean"], np.float64)
        encoder.scaler.scale_ = np.array(state["scale"], np.float64)
        for name, words in state["words"].items():
            encoder.words[name] = OneHotEncoder()
            encoder.words[name].categories_ = list(words)
        return encoder


def check_slips(table: Table, name: str) -> None:
    """`DataError` where a column is made of numbers but for less than half of its cells: a slip, or words after all?"""
    strangers = table.strangers(name)
    filled = len(table) - int(table.missing(name).sum())
    if strangers and len(strangers) <= filled / 2:
        row = strangers[0]
        raise DataError(
            f"{table.name}: column {name!r} is made of numbers but for {len(strangers)} of {filled} cells, "
            f"first {table.column(name)[row]!r} on line {table.lines[row]}: mend them, take the column as "
            f"words (--text {name}), or leave it out (--ignore {name})"
        )
