"""The commands `train` and `predict`: arguments, the run, and what is printed.

`add_train`, `run_train` · `add_predict`, `run_predict`. Builds on `tabular` and `data`.
"""

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

from ..data import Table, read_table
from ..data.digits import digits_table
from ..errors import DataError, DependencyError
from .tabular import TabularModel, Trained, train_table

__all__ = ["add_predict", "add_train", "run_predict", "run_train"]

DIGITS: dict[str, Any] = {
    "target": "digit",
    "task": "classification",
    "hidden": [128],
    "shared_scale": True,
    "input_dropout": 0.15,
    "weight_decay": 0.3,
}


def at_least(least: float, kind: type = int, most: float = float("inf")) -> Any:
    """A check for argparse: a number from `least` to `most`."""

    def number(text: str) -> Any:
        value = kind(text)
        if not least <= value <= most:
            wanted = f"at least {least:g}" if most == float("inf") else f"from {least:g} to {most:g}"
            raise argparse.ArgumentTypeError(f"{text} should be {wanted}")
        return value

    number.__name__ = "number"
    return number


def add_reading(command: Any) -> None:
    """The arguments that say how a CSV file is written."""
    reading = command.add_argument_group("how the file is written")
    reading.add_argument("--delimiter", help="between cells, if not found by itself: , ; tab or |")
    reading.add_argument("--decimal", choices=(".", ","), default=".", help="decimal mark (%(default)s)")
    reading.add_argument("--encoding", default="utf-8", help="such as cp1252 or gb18030 (%(default)s)")


def add_train(subcommands: Any) -> None:
    """The arguments of `train`."""
    command = subcommands.add_parser(
        "train",
        help="train a network on handwritten digits or on your own table",
        description="Train a network on scikit-learn's handwritten digits, or on a CSV table to predict one column "
        "from the others; check it on rows held out; save the model, its curves and its history.",
    )
    command.add_argument("source", metavar="digits|FILE.csv", help="the digits, or a table whose first line has names")
    command.add_argument("-t", "--target", metavar="COLUMN", help="the column to predict")
    command.add_argument("-o", "--output", metavar="FOLDER", help="where to save (NAME-trained)")
    command.add_argument("--task", choices=("classification", "regression"), help="else decided from the target")
    command.add_argument("-q", "--quiet", action="store_true", help="no progress bar")
    columns = command.add_argument_group("columns and cells")
    several: dict[str, Any] = {"nargs": "+", "action": "extend", "default": [], "metavar": "COLUMN"}
    columns.add_argument("--ignore", **several, help="columns to leave out")
    columns.add_argument("--text", **several, help="columns to take as words though they hold numbers")
    columns.add_argument("--missing", choices=("refuse", "drop", "impute"), default="refuse", help="(%(default)s)")
    columns.add_argument("--max-words", type=at_least(2), default=50, metavar="N", help="words a column may have (50)")
    training = command.add_argument_group("training")
    training.add_argument(
        "--seed", type=at_least(0), default=0, help="repeats split, weights and batches (%(default)s)"
    )
    training.add_argument(
        "--test-size", type=at_least(0.01, float, 0.5), default=0.2, metavar="SHARE", help="held out (0.2)"
    )
    training.add_argument(
        "--hidden", type=at_least(1), nargs="*", metavar="UNITS", help="hidden layers (64; digits 128)"
    )
    training.add_argument("--epochs", type=at_least(1), metavar="N", help="passes over the rows (about 2,000 steps)")
    training.add_argument("--batch-size", type=at_least(1), default=32, metavar="ROWS", help="(%(default)s)")
    training.add_argument("--lr", type=at_least(0, float), default=2e-3, help="Adam's learning rate (%(default)s)")
    add_reading(command)
    command.set_defaults(run=run_train)


def run_train(arguments: argparse.Namespace) -> None:
    """Train, say how good the network is, and save it."""
    table, settings = source(arguments)
    folder = Path(arguments.output or f"{Path(table.name).stem}-trained")
    folder.mkdir(parents=True, exist_ok=True)
    trained = train_table(table, progress=not arguments.quiet, **settings)
    print(report(table, trained))
    print("saved in", save(trained, folder))


def source(arguments: argparse.Namespace) -> tuple[Table, dict[str, Any]]:
    """The table to learn from and the settings of `train_table`, as the command line gives them."""
    names = ("task", "missing", "ignore", "text", "max_words", "test_size", "epochs", "batch_size", "lr", "seed")
    settings = {name: getattr(arguments, name) for name in names}
    if arguments.hidden is not None:
        settings["hidden"] = arguments.hidden
    if arguments.source == "digits":
        if arguments.target not in (None, "digit"):
            raise DataError("train digits predicts 'digit': --target is for a table of your own")
        return digits_table(), {**DIGITS, **{k: v for k, v in settings.items() if v is not None}}
    table = read(arguments.source, arguments)
    if arguments.target is None:
        raise DataError(f"say which column to predict: --target COLUMN, one of {', '.join(table.columns)}")
    return table, {"target": arguments.target, **settings}


def read(path: str, arguments: argparse.Namespace) -> Table:
    """The CSV file, read as the arguments say."""
    delimiter = "\t" if arguments.delimiter in ("tab", "\\t") else arguments.delimiter
    return read_table(path, delimiter=delimiter, decimal=arguments.decimal, encoding=arguments.encoding)


def report(table: Table, trained: Trained) -> str:
    """What was learnt from, and how good it is on rows held out."""
    model, (train, test) = trained.model, trained.rows
    lines = [
        *trained.notes,
        f"{table.name}: {train} rows to train on, {test} held out; {len(model.encoder.columns)} columns, "
        f"{len(model.encoder.features)} inputs, {model.network.num_parameters():,} parameters",
        f"after {len(trained.history)} epochs on the rows held out: {trained.verdict}",
        f"for comparison: {trained.guess}",
    ]
    return "\n".join(lines)


def save(trained: Trained, folder: Path) -> str:
    """Write model, history and curves; says what is where."""
    trained.model.save(folder / "model.npz")
    trained.history.save_csv(folder / "history.csv")
    saved = "model.npz (weights and all a prediction needs), history.csv"
    try:
        trained.history.save_curves(folder / "curves.png")
    except DependencyError as error:
        return f"{folder}: {saved}; no curves: {error}"
    return f"{folder}: {saved}, curves.png"


def add_predict(subcommands: Any) -> None:
    """The arguments of `predict`."""
    command = subcommands.add_parser(
        "predict",
        help="predict a column of a table with a trained model",
        description="Print the table with the predicted column beside it; say how good it is if the column is there.",
    )
    command.add_argument("model", metavar="MODEL", help="the model.npz that training saved, or its folder")
    command.add_argument("table", metavar="FILE.csv", help="a table with the columns that were learnt from")
    command.add_argument("-o", "--output", metavar="FILE", help="where to write (standard output)")
    command.add_argument("--missing", choices=("refuse", "impute"), help="(as in training)")
    add_reading(command)
    command.set_defaults(run=run_predict)


def run_predict(arguments: argparse.Namespace) -> None:
    """Write the table with its predictions; remarks go to standard error."""
    path = Path(arguments.model)
    model = TabularModel.load(path / "model.npz" if path.is_dir() else path)
    table = read(arguments.table, arguments)
    outputs = model.outputs(table, impute={"impute": True, "refuse": False}.get(arguments.missing))
    columns = {**table.columns, **model.target.decode(outputs)}
    if arguments.output:
        with Path(arguments.output).open("w", newline="", encoding="utf-8") as file:
            write(file, columns)
        print(f"{len(table)} predictions written to {arguments.output}", file=sys.stderr)
    else:
        write(sys.stdout, columns)
    for remark in [*model.unseen(table), *model.verdicts(table, outputs)]:
        print(remark, file=sys.stderr)


def write(file: Any, columns: dict[str, list[str]]) -> None:
    """Columns as CSV."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
