"""A network for a table: learnt from some columns to predict another, saved with all that a prediction needs.

`TabularModel` · `Trained` · `train_table`. Builds on `cleaning`, `targets`, `loop`, `files`, `nn`, `optim` and `data`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import nn, optim
from ..data import DataLoader, Table, TableEncoder, train_test_split
from ..errors import DataError, GraphError
from ..random import manual_seed
from .cleaning import Missing, refuse_missing, usable
from .files import load_model, save_model
from .history import History
from .loop import fit, predict
from .targets import Target, Task, target_for

__all__ = ["TabularModel", "Trained", "train_table"]

STEPS = 2000  # of the optimiser, when nobody says how many epochs


class TabularModel:
    """An encoder of columns, a network, and a target: from a table to predictions."""

    def __init__(
        self,
        encoder: TableEncoder,
        target: Target,
        hidden: Sequence[int] = (64,),
        input_dropout: float = 0.0,
        impute: bool = False,
    ) -> None:
        self.encoder, self.target, self.impute = encoder, target, impute
        self.hidden, self.input_dropout = list(hidden), input_dropout
        sizes = [len(encoder.features), *hidden, target.outputs]
        self.network = nn.MLP(sizes, input_dropout=input_dropout, dtype=np.float32)

    def predict(self, table: Table, *, impute: bool | None = None) -> dict[str, list[str]]:
        """Columns of predictions, a cell for each row; empty cells are an error unless the model imputes."""
        return self.target.decode(self.outputs(table, impute=impute))

    def outputs(self, table: Table, *, impute: bool | None = None) -> Any:
        """The network's outputs for each row, (rows, outputs)."""
        features = self.encoder.transform(table)
        if not (self.impute if impute is None else impute):
            refuse_missing(table.only(self.encoder.columns), "--missing impute puts in what the training rows hold")
        return predict(self.network, features)

    def unseen(self, table: Table) -> list[str]:
        """A sentence for each column with words that the training rows did not have."""
        new = {name: words.unseen(table.column(name)) for name, words in self.encoder.words.items()}
        return [
            f"column {name!r} has words the training rows did not have, which say nothing: {', '.join(words[:5])}"
            + (", …" if len(words) > 5 else "")
            for name, words in new.items()
            if words
        ]

    def verdicts(self, table: Table, outputs: Any) -> list[str]:
        """How good the `outputs` for a table are, if it has the target too: a sentence, or none."""
        name = self.target.name
        if name not in table.columns or table.missing(name).all():
            return []
        known = ~table.missing(name)
        try:
            wanted = self.target.encode(table.rows(known))
        except DataError as error:
            return [f"can't be compared with column {name!r}: {error}"]
        return [f"compared with column {name!r}: {self.target.verdict(wanted, outputs[known])}"]

    def save(self, path: str | Path) -> None:
        """Write weights, columns, statistics and classes to an .npz file that holds no code."""
        description = {
            "encoder": self.encoder.state(),
            "target": self.target.state(),
            "hidden": self.hidden,
            "input_dropout": self.input_dropout,
            "impute": self.impute,
        }
        save_model(path, self.network.state_dict(), description)

    @classmethod
    def load(cls, path: str | Path) -> "TabularModel":
        """The model that `save` wrote; `DataError` for any other file."""
        state, description = load_model(path)
        try:
            encoder = TableEncoder.from_state(description["encoder"])
            target = Target.from_state(description["target"])
            network = (description[name] for name in ("hidden", "input_dropout", "impute"))
            model = cls(encoder, target, *network)
            model.network.load_state_dict(state)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise DataError(f"{path} holds no complete model of a table: {error}") from error
        return model


@dataclass
class Trained:
    """What training a table gave: the model, its history, its figures on held-out rows, and notes on what was done."""

    model: TabularModel
    history: History
    rows: tuple[int, int]
    verdict: str
    guess: str
    notes: list[str]


def train_table(
    table: Table,
    target: str,
    *,
    task: Task | None = None,
    missing: Missing = "refuse",
    ignore: Iterable[str] = (),
    text: Iterable[str] = (),
    max_words: int = 50,
    test_size: float = 0.2,
    hidden: Sequence[int] = (64,),
    epochs: int | None = None,
    batch_size: int = 32,
    lr: float = 2e-3,
    weight_decay: float = 1.0,
    input_dropout: float = 0.0,
    shared_scale: bool = False,
    seed: int = 0,
    progress: bool = False,
) -> Trained:
    """Train a network on a table's other columns to predict `target`, and check it on rows held out.

    Statistics come from the training rows alone; the same `seed` gives the same split, weights and figures. Without
    `epochs` there are as many as make 2,000 steps, between 5 and 100. `missing` cells are refused, their rows dropped,
    or imputed (the mean of a number column, no word in a text column). Raises `DataError`.
    The shared generator is seeded for the weights.

    >>> table = Table.from_arrays("line.csv", {"x": [k / 10 for k in range(100)], "y": [k / 5 for k in range(100)]})
    >>> trained = train_table(table, "y", epochs=20)
    >>> trained.model.target.task, trained.rows, trained.model.predict(table.rows([0, 1])).keys()
    ('regression', (80, 20), dict_keys(['predicted y']))
    """
    table, notes = usable(table, target, missing, ignore)
    goal, why = target_for(table, target, task)
    notes.append(f"{goal.task}, as {why}")
    train, test = train_test_split(np.arange(len(table)), test_size=test_size, stratify=goal.strata(table), rng=seed)
    goal = goal.refitted(table.rows(train))
    encoder = TableEncoder(text, max_words, shared_scale=shared_scale).fit(table.without([target]), train)
    if encoder.constant:
        notes.append(f"left out what is constant: {', '.join(map(repr, encoder.constant))}")
    manual_seed(seed)
    model = TabularModel(encoder, goal, hidden, input_dropout, missing == "impute")
    X, y = encoder.transform(table), goal.encode(table)
    batches = DataLoader((X[train], y[train]), batch_size, rng=seed)
    optimiser = optim.Adam(model.network.parameters(), lr, weight_decay=weight_decay, decoupled_weight_decay=True)
    epochs = epochs or min(max(round(STEPS / len(batches)), 5), 100)
    held_out: dict[str, Any] = {"validation": (X[test], y[test]), "measures": goal.measures}
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            history = fit(model.network, goal.loss_of, optimiser, batches, epochs, **held_out, progress=progress)
    except GraphError as error:
        raise DataError(f"the loss left all bounds: --lr {lr:g} is too large a step, try {lr / 10:g}") from error
    verdict = goal.verdict(y[test], predict(model.network, X[test]))
    return Trained(model, history, (len(train), len(test)), verdict, goal.guess(y[train], y[test]), notes)
