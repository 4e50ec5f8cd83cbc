"""Parts of a data set, repeatable by seed: a held-out test part, and mini-batches.

`train_test_split` · `DataLoader`. Plain NumPy; builds on `errors` and `random`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import DataError, SettingError, ShapeError
from ..random import generator

__all__ = ["DataLoader", "train_test_split"]

Rng = int | np.random.Generator | None


def _generator(rng: Rng) -> np.random.Generator:
    return generator() if rng is None else np.random.default_rng(rng)


def _length(arrays: tuple[Any, ...], who: str) -> int:
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1:
        raise ShapeError(f"{who}: arrays of {[len(array) for array in arrays]} rows; give at least one, all as long")
    return lengths.pop()


def train_test_split(*arrays: Any, test_size: float = 0.2, stratify: Any = None, rng: Rng = None) -> list[Any]:
    """Split each array at random into a training and a test part: [a_train, a_test, b_train, b_test, …].

    The test part has ⌈test_size · N⌉ rows. With `stratify` (a label for each row) every class has its share of it, to
    within one row: rows are put in order of class, at random within a class, and taken at even distances. The
    parts keep the rows' order. The same `rng` (a seed or a Generator; else the shared one of
    `manual_seed`) gives the same parts.

    >>> import numpy as np
    >>> labels = np.repeat([0, 1], [40, 10])
    >>> train, test = train_test_split(np.arange(50), test_size=0.2, stratify=labels, rng=0)
    >>> len(train), np.bincount(labels[test]).tolist()
    (40, [8, 2])
    """
    n = _length(arrays, "train_test_split")
    taken = int(np.ceil(test_size * n))
    if not 0 < taken < n:
        raise DataError(f"train_test_split: {test_size} of {n} rows would leave a part empty")
    rng = _generator(rng)
    order = rng.permutation(n)
    if stratify is not None:
        order = order[np.argsort(np.asarray(stratify)[order], kind="stable")]
    test = np.zeros(n, bool)
    test[order[((np.arange(taken) + rng.random()) * (n / taken)).astype(int)]] = True
    return [np.asarray(array)[part] for array in arrays for part in (~test, test)]


class DataLoader:
    """Mini-batches: each pass shuffles the rows anew and gives every row once, ⌈N / batch_size⌉ batches in all.

    `dataset` is a tuple of arrays with a row for each sample; a batch is a tuple of their rows. The last batch may be
    smaller, or is left out with `drop_last`. Batches are read-only. Course 003, row `mini-batch`.

    >>> import numpy as np
    >>> loader = DataLoader((np.arange(10.0), np.arange(10)), batch_size=4, rng=0)
    >>> len(loader), [len(y) for _, y in loader]
    (3, [4, 4, 2])
    """

    def __init__(
        self,
        dataset: tuple[Any, ...],
        batch_size: int = 32,
        shuffle: bool = True,
        drop_last: bool = False,
        rng: Rng = None,
    ) -> None:
        if batch_size < 1:
            raise SettingError(f"DataLoader: batch_size has to be at least 1, not {batch_size}")
        self.dataset = tuple(map(np.asarray, dataset))
        self.size = _length(self.dataset, "DataLoader")
        self.batch_size, self.shuffle, self.drop_last = batch_size, shuffle, drop_last
        self.rng = _generator(rng)

    def __len__(self) -> int:
        return self.size // self.batch_size if self.drop_last else -(-self.size // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        order = self.rng.permutation(self.size) if self.shuffle else np.arange(self.size)
        arrays = [array[order] for array in self.dataset]
        for array in arrays:
            array.flags.writeable = False  # a graph then keeps views instead of copies
        for k in range(len(self)):
            yield tuple(array[k * self.batch_size : (k + 1) * self.batch_size] for array in arrays)
