"""scikit-learn's handwritten digits, 1,797 real images of 8 x 8 pixels: nothing is fetched, they come with the package.

`load_digits`. Builds on `table`; needs scikit-learn (extra `lessons`).
"""

from typing import Any

import numpy as np

from ..errors import DependencyError
from .table import Table

__all__ = ["digits_table", "load_digits"]


def load_digits() -> tuple[Any, Any]:
    """Images (1797, 64) with grey levels 0 to 16 as float64, row by row from the top left, and labels 0 to 9 (1797,).

    Raises `DependencyError` without scikit-learn. Source: UCI, Optical Recognition of Handwritten Digits, test part.

    >>> images, labels = load_digits()
    >>> images.shape, labels[:4].tolist(), images.max().item()
    ((1797, 64), [0, 1, 2, 3], 16.0)
    """
    try:
        from sklearn import datasets
    except ImportError as error:
        raise DependencyError('the digits come with scikit-learn: pip install "tinygrad_edu[lessons]"') from error
    images, labels = datasets.load_digits(return_X_y=True)
    return images, labels.astype(np.int64)


def digits_table() -> Table:
    """The digits as a table: columns pixel_0_0 to pixel_7_7 (row, column) and `digit`."""
    images, labels = load_digits()
    pixels = {f"pixel_{k // 8}_{k % 8}": images[:, k].astype(int) for k in range(images.shape[1])}
    return Table.from_arrays("digits", {**pixels, "digit": labels})
