"""Data for a network, in plain NumPy: tables, their encoding, parts and mini-batches, handwritten digits.

`read_table`, `Table`, `TableEncoder` · `StandardScaler`, `OneHotEncoder` · `train_test_split`, `DataLoader` ·
`load_digits`. Builds on `errors` and `random`.

>>> import numpy as np
>>> train, test = train_test_split(np.arange(10), test_size=0.3, rng=0)
>>> len(train), len(test)
(7, 3)
"""

from .digits import load_digits
from .encoding import TableEncoder
from .preprocessing import OneHotEncoder, StandardScaler
from .reading import read_table
from .splitting import DataLoader, train_test_split
from .table import Table

__all__ = [
    "DataLoader",
    "OneHotEncoder",
    "StandardScaler",
    "Table",
    "TableEncoder",
    "load_digits",
    "read_table",
    "train_test_split",
]
