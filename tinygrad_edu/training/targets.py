"""What a table's target column asks for: classes to tell apart, or numbers to meet.

`Target` · `Classes` · `Numbers` · `target_for` (decides from the column). Builds on `data`, `metrics` and `nn`.
"""

import re
from abc import ABC, abstractmethod
from collections import Counter
from typing import Any, Literal

import numpy as np

from .. import nn
from ..data import StandardScaler, Table
from ..data.encoding import check_slips
from ..errors import DataError
from ..gates.fused import softmax
from .loop import Measures
from .metrics import accuracy_score, confusion_matrix, r2_score, root_mean_squared_error

__all__ = ["Classes", "Numbers", "Target", "Task", "target_for"]

Task = Literal["classification", "regression"]
MOST_WHOLE_CLASSES = 20
LEAST_ROWS = 10


class Target(ABC):
    """A target column: how its cells become what a loss compares with, and outputs become predictions."""

    task: Task
    outputs: int
    loss_of: nn.Module
    measures: Measures

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def encode(self, table: Table) -> Any:
        """The column as an array for the loss; `DataError` names a cell that does not fit."""

    @abstractmethod
    def decode(self, outputs: Any) -> dict[str, list[str]]:
        """Outputs of the network as columns of predictions."""

    @abstractmethod
    def strata(self, table: Table) -> Any:
        """A label for each row whose shares the parts of a split keep, or None."""

    @abstractmethod
    def refitted(self, train: Table) -> "Target":
        """The same target, with statistics of the training rows alone."""

    @abstractmethod
    def guess(self, train: Any, test: Any) -> str:
        """How good it is to know the training targets alone: what a network has to beat."""

    @abstractmethod
    def verdict(self, targets: Any, outputs: Any) -> str:
        """How good the outputs are, in one line."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What `from_state` needs, for JSON."""

    @staticmethod
    def from_state(state: dict[str, Any]) -> "Target":
        """The target whose `state` this is."""
        if state["task"] == "classification":
            return Classes(state["name"], state["classes"])
        return Numbers(state["name"], state["mean"], state["scale"])


class Classes(Target):
    """Classification: the column holds one of some words.

    >>> kinds = Classes("kind", ["ash", "oak"])
    >>> kinds.encode(Table("trees.csv", {"kind": ["oak", "ash"]}, [2, 3])).tolist()
    [1, 0]
    """

    task: Task = "classification"

    def __init__(self, name: str, classes: list[str]) -> None:
        super().__init__(name)
        self.classes, self.outputs = classes, len(classes)
        self.loss_of = nn.CrossEntropyLoss()
        self.measures = {"test accuracy": lambda y, outputs: accuracy_score(y, outputs.argmax(1))}

    @classmethod
    def fit(cls, table: Table, name: str) -> "Classes":
        """The classes that a column holds, sorted (numbers by size); `DataError` for what can't be told apart."""
        where = f"{table.name}: target {name!r}"
        counts = Counter(map(class_label, table.column(name)))
        if len(counts) == 1:
            raise DataError(
                f"{where} is {next(iter(counts))!r} in all {len(table)} rows: there is nothing to tell apart"
            )
        single = [label for label, times in counts.items() if times == 1]
        if len(single) > len(table) / 2:
            raise DataError(
                f"{where} has {len(counts)} different values in {len(table)} rows, too many for classes"
                + (": say --task regression" if table.is_numeric(name) else "; is it the right column?")
            )
        if single:
            some = ", ".join(map(repr, single[:5])) + (", …" if len(single) > 5 else "")
            raise DataError(
                f"{where}: only one row has {some}; to learn a class and to check it takes two rows or more: "
                "add rows, or take these out"
            )
        return cls(name, sorted(counts, key=_by_size))

    def encode(self, table: Table) -> Any:
        """Class numbers, int64."""
        place = {label: k for k, label in enumerate(self.classes)}
        labels = list(map(class_label, table.column(self.name)))
        for row, label in enumerate(labels):
            if label not in place:
                raise DataError(
                    f"{table.name}, line {table.lines[row]}: {label!r} in column {self.name!r} is none of the classes"
                )
        return np.array([place[label] for label in labels], np.int64)

    def decode(self, outputs: Any) -> dict[str, list[str]]:
        """The likeliest class of each row and its probability."""
        best = outputs.argmax(1)
        likely = softmax(outputs.astype(np.float64))[np.arange(len(outputs)), best]
        return {
            f"predicted {self.name}": [self.classes[k] for k in best],
            "probability": [f"{p:.4f}" for p in likely],
        }

    def strata(self, table: Table) -> Any:
        """The class of each row."""
        return self.encode(table)

    def refitted(self, train: Table) -> "Classes":  # noqa: ARG002 - every class has training rows
        """Itself: classes have no statistics."""
        return self

    def guess(self, train: Any, test: Any) -> str:
        """The share that the commonest class of the training rows would have right."""
        commonest = int(np.bincount(train).argmax())
        return f"always saying {self.classes[commonest]!r} would be {np.mean(test == commonest):.2%} right"

    def verdict(self, targets: Any, outputs: Any) -> str:
        """Accuracy, and which class is most often taken for which other."""
        counts = confusion_matrix(targets, outputs.argmax(1), self.outputs)
        right = int(np.trace(counts))
        text = f"accuracy {right / len(targets):.2%} ({right} of {len(targets)} right)"
        np.fill_diagonal(counts, 0)
        wanted, said = map(int, np.unravel_index(counts.argmax(), counts.shape))
        if times := counts[wanted, said]:
            text += f"; most often {self.classes[wanted]!r} was taken for {self.classes[said]!r} ({times} x)"
        return text

    def state(self) -> dict[str, Any]:
        """Task, name and classes."""
        return {"task": self.task, "name": self.name, "classes": self.classes}


class Numbers(Target):
    """Regression: the column holds numbers, which the network meets on a standardised scale.

    >>> Numbers("height", 10.0, 5.0).encode(Table("trees.csv", {"height": ["20"]}, [2])).tolist()
    [[2.0]]
    """

    task: Task = "regression"
    outputs = 1

    def __init__(self, name: str, mean: float, scale: float) -> None:
        super().__init__(name)
        self.mean, self.scale = mean, scale
        self.loss_of = nn.MSELoss()
        self.measures = {"test RMSE": lambda y, outputs: root_mean_squared_error(y, outputs) * self.scale}

    @classmethod
    def fit(cls, table: Table, name: str) -> "Numbers":
        """Mean and deviation of a column; `DataError` where it is not made of numbers, or never changes."""
        try:
            numbers = table.numbers(name)
        except DataError as error:
            raise DataError(
                f"{error}; regression needs numbers as target: mend it, or say --task classification"
            ) from None
        if np.ptp(numbers) == 0:
            raise DataError(
                f"{table.name}: target {name!r} is {numbers[0]:g} in all {len(table)} rows: nothing to learn"
            )
        scaler = StandardScaler().fit(numbers[:, None])
        return cls(name, float(scaler.mean_[0]), float(scaler.scale_[0]))

    def encode(self, table: Table) -> Any:
        """Standardised numbers (N, 1), float32."""
        return ((table.numbers(self.name)[:, None] - self.mean) / self.scale).astype(np.float32)

    def _numbers(self, outputs: Any) -> Any:
        return outputs.astype(np.float64) * self.scale + self.mean

    def decode(self, outputs: Any) -> dict[str, list[str]]:
        """The predicted numbers, in the unit of the target."""
        return {f"predicted {self.name}": [f"{number:.6g}" for number in self._numbers(outputs)[:, 0]]}

    def strata(self, table: Table) -> Any:  # noqa: ARG002 - numbers have no classes to keep the shares of
        """None: rows are split at random."""
        return None

    def refitted(self, train: Table) -> "Numbers":
        """With mean and deviation of the training rows."""
        return Numbers.fit(train, self.name)

    def guess(self, train: Any, test: Any) -> str:
        """The error of always saying the mean of the training rows."""
        error = root_mean_squared_error(test, np.full_like(test, train.mean())) * self.scale
        return f"always saying the mean, {self._numbers(train).mean():.4g}, would be off by {error:.4g} (RMSE)"

    def verdict(self, targets: Any, outputs: Any) -> str:
        """R² and the typical error."""
        error = root_mean_squared_error(targets, outputs) * self.scale
        return f"R² {r2_score(targets, outputs):.4f}, off by {error:.4g} (RMSE)"

    def state(self) -> dict[str, Any]:
        """Task, name and statistics."""
        return {"task": self.task, "name": self.name, "mean": self.mean, "scale": self.scale}


def target_for(table: Table, name: str, task: Task | None = None) -> tuple[Target, str]:
    """The target of a column, all of whose cells are filled, and why it is taken so.

    Words, and at most 20 whole numbers that are met three times on average, are classes; other numbers are met by
    regression. `task` decides it instead.
    """
    cells = table.column(name)
    if len(table) < LEAST_ROWS:
        raise DataError(
            f"{table.name}: {len(table)} rows with a target are too few to learn and check: {LEAST_ROWS} at least"
        )
    if task is not None:
        return (Classes if task == "classification" else Numbers).fit(table, name), "asked for"
    check_slips(table, name)
    if not table.is_numeric(name):
        return Classes.fit(table, name), "the target holds words"
    different = len(set(map(class_label, cells)))
    if (table.numbers(name) % 1 == 0).all() and different <= min(MOST_WHOLE_CLASSES, len(table) / 3):
        return Classes.fit(
            table, name
        ), f"the target holds {different} whole numbers; --task regression takes them as amounts"
    return Numbers.fit(table, name), "the target holds numbers"


def class_label(cell: str) -> str:
    """A cell as the name of a class: 1.0 and 1 are one class."""
    return re.sub(r"^(-?(?:0|[1-9]\d*))\.0*$", r"\1", cell)


def _by_size(label: str) -> tuple[float, str]:
    try:
        return float(label), label
    except ValueError:
        return float("inf"), label
