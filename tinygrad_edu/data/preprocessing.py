"""Preparing inputs with statistics of the training part alone, in scikit-learn's words: `fit`, then `transform`.

`StandardScaler` · `OneHotEncoder`. Plain NumPy; builds on `errors`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError

__all__ = ["OneHotEncoder", "StandardScaler"]


class StandardScaler:
    """Standardise columns, (x - μ) / σ, with the mean and the (biased) deviation of the rows it was fitted on.

    With `shared` all columns are divided by one σ, the root mean square of theirs: right where they have one unit, as
    pixels do, since a pixel that hardly ever changes is then not blown up. A constant column has σ = 0 and is divided
    by 1, which gives zeros. NaN is left out of the statistics and stays NaN.
    Course 004, row `standardization`; course 001, row `train-statistics-on-test`.

    >>> scaler = StandardScaler().fit([[0.0, 5.0], [2.0, 5.0]])
    >>> scaler.transform([[4.0, 5.0]]).tolist()
    [[3.0, 0.0]]
    """

    mean_: Any
    scale_: Any

    def __init__(self, *, shared: bool = False) -> None:
        self.shared = shared

    def fit(self, X: Any) -> "StandardScaler":
        """Take μ and σ of each column of `X` (N, D)."""
        X = np.asarray(X, np.float64)
        known = ~np.isnan(X)
        count = np.maximum(known.sum(0), 1)
        with np.errstate(over="ignore", invalid="ignore"):
            self.mean_ = np.where(known, X, 0).sum(0) / count
            deviation = np.sqrt(np.square(np.where(known, X - self.mean_, 0)).sum(0) / count)
        if self.shared and deviation.size:
            deviation = np.full_like(deviation, np.sqrt(np.square(deviation).mean()))
        # A constant column's mean is rounded: what is left over is noise, not a deviation.
        noise = deviation <= 1e-14 * np.abs(self.mean_)
        self.scale_ = np.where(noise, 1.0, deviation)
        if not np.isfinite(self.mean_ + self.scale_).all():
            k = int(np.isfinite(self.mean_ + self.scale_).argmin())
            raise DataError(f"StandardScaler: the numbers in column {k} are too large for a mean and a deviation")
        return self

    def transform(self, X: Any) -> Any:
        """(X - μ) / σ for `X` (N, D), with the statistics of `fit`."""
        return (np.asarray(X, np.float64) - self.mean_) / self.scale_

    def fit_transform(self, X: Any) -> Any:
        """`fit` and `transform` of the same rows."""
        return self.fit(X).transform(X)


class OneHotEncoder:
    """One-hot vectors of words: column k is 1 where the word is `categories_[k]`, in sorted order.

    A word that `fit` did not see, like a missing one (""), gives a row of zeros. Course 004, row `one-hot`.

    >>> encoder = OneHotEncoder().fit(["red", "blue", "red", ""])
    >>> encoder.categories_
    ['blue', 'red']
    >>> encoder.transform(["red", "green"]).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """

    categories_: list[str]

    def fit(self, words: Sequence[str]) -> "OneHotEncoder":
        """Learn the words."""
        self.categories_ = sorted(set(words) - {""})
        return self

    def transform(self, words: Sequence[str]) -> Any:
        """One row for each word, (N, number of categories), float64."""
        place = {word: k for k, word in enumerate(self.categories_)}
        found = np.array([place.get(word, -1) for word in words], np.int64)
        return (found[:, None] == np.arange(len(place))).astype(np.float64)

    def fit_transform(self, words: Sequence[str]) -> Any:
        """`fit` and `transform` of the same words."""
        return self.fit(words).transform(words)

    def unseen(self, words: Sequence[str]) -> list[str]:
        """The words that `fit` did not see, each once, in sorted order."""
        return sorted(set(words) - {"", *self.categories_})
