"""What training recorded, an entry for each epoch, as numbers, CSV and curves.

`History`. Builds on `errors`; curves need matplotlib (extra `lessons`).
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from ..errors import DependencyError, SettingError

__all__ = ["History"]


class History:
    """Numbers by epoch: `history["loss"]` is a list with one entry for each. Course 003, row `loss-curves`.

    >>> history = History()
    >>> history.append(loss=2.3, accuracy=0.1)
    >>> history.append(loss=1.1, accuracy=0.7)
    >>> history["loss"], history.last
    ([2.3, 1.1], {'loss': 1.1, 'accuracy': 0.7})
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {}

    def append(self, **numbers: float) -> None:
        """Add the numbers of one more epoch; every epoch has the same ones."""
        if len(self) and numbers.keys() != self.columns.keys():
            raise SettingError(f"History: an epoch with {sorted(numbers)} after epochs with {sorted(self.columns)}")
        for name, number in numbers.items():
            self.columns.setdefault(name, []).append(float(number))

    def __getitem__(self, name: str) -> list[float]:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    @property
    def last(self) -> dict[str, float]:
        """The numbers of the last epoch."""
        return {name: numbers[-1] for name, numbers in self.columns.items()}

    def save_csv(self, path: str | Path) -> None:
        """Write a table with a line for each epoch; the numbers come back exactly."""
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["epoch", *self.columns])
            writer.writerows(zip(range(1, len(self) + 1), *self.columns.values(), strict=True))

    def save_curves(self, path: str | Path) -> None:
        """Draw the curves into a picture (PNG, SVG or PDF by its ending): losses on the left, other measures beside.

        Raises `DependencyError` without matplotlib.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise DependencyError('curves are drawn by matplotlib: pip install "tinygrad_edu[lessons]"') from error
        panels = [[name for name in self if is_loss(name) is wanted] for wanted in (True, False)]
        panels = [names for names in panels if names]
        figure = Figure(figsize=(5 * len(panels), 3.6), layout="constrained")
        for axes, names in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            for name in names:
                axes.plot(range(1, len(self) + 1), self[name], label=name, marker="." if len(self) < 20 else None)
            axes.set_xlabel("epoch")
            axes.grid(alpha=0.3)
            axes.legend()
        figure.savefig(path, dpi=150)


def is_loss(name: str) -> bool:
    """Is it a number that training lowers, by its name?"""
    return name.endswith("loss")
