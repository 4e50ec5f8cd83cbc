"""A tensor as a lesson shows it: its shape, range, a small map of colours, and a table of its numbers.

`heat(data)` → rows of cells, coarse; `corner(data)` → the numbers themselves. Builds on `text`.
"""

from typing import Any

import numpy as np

from ..text import number

__all__ = ["corner", "heat"]

LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy"
"""A cell's letter: the first is −scale, the middle one zero, the last +scale."""
NAN, INFINITE = "?", "!"
ROWS, COLUMNS, SHOWN = 12, 24, 10


def flat(data: Any) -> Any:
    """A tensor as a matrix: a vector is one row, further axes are put below one another."""
    data = np.asarray(data)
    data = np.abs(data) if data.dtype.kind == "c" else data.astype(np.float64)
    return data.reshape(-1, data.shape[-1]) if data.ndim > 1 and data.shape[-1] else data.reshape(1, -1)


def heat(data: Any, rows: int = ROWS, columns: int = COLUMNS) -> tuple[list[str], float]:
    """Rows of letters, at most 12 × 24, each cell the mean of its block; and the scale, symmetric about zero.

    >>> heat(np.array([[-1.0, 0.0], [0.5, np.nan]]))
    (['0U', 'j?'], 1.0)
    """
    matrix = flat(data)
    if not matrix.size:
        return [], 0.0
    finite = matrix[np.isfinite(matrix)]
    scale = float(np.abs(finite).max()) if finite.size else 0.0
    blocks = [
        np.linspace(0, n, min(n, most) + 1).astype(int) for n, most in zip(matrix.shape, (rows, columns), strict=True)
    ]
    cells = np.add.reduceat(np.add.reduceat(matrix, blocks[0][:-1], 0), blocks[1][:-1], 1)
    cells = cells / np.outer(np.diff(blocks[0]), np.diff(blocks[1]))
    return ["".join(row) for row in _letters(cells, scale)], scale


def _letters(cells: Any, scale: float) -> Any:
    middle = len(LEVELS) // 2
    finite = np.isfinite(cells)
    steps = np.rint(middle * np.where(finite, cells, 0) / (scale or 1)).astype(int) + middle
    return np.where(finite, np.array([*LEVELS])[steps], np.where(np.isnan(cells), NAN, INFINITE))


def corner(data: Any, precision: int = 2, most: int = SHOWN) -> list[list[str]]:
    """The numbers of a tensor, at most 10 × 10 of them, then an ellipsis.

    >>> corner(np.arange(3.0))
    [['0.00', '1.00', '2.00']]
    """
    matrix = np.asarray(data)
    matrix = matrix.reshape(-1, matrix.shape[-1]) if matrix.ndim > 1 and matrix.shape[-1] else matrix.reshape(1, -1)
    rows = [[number(x, precision) for x in row[:most]] + ["…"] * (matrix.shape[1] > most) for row in matrix[:most]]
    return rows + [["…"]] * (matrix.shape[0] > most)
