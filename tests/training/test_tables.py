"""From a table to a saved model and its predictions: right decisions, or one line that says what to do."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.cli import main
from tinygrad_edu.data import Table, read_table, train_test_split
from tinygrad_edu.errors import DataError
from tinygrad_edu.training import TabularModel, load_model, save_model, train_table
from tinygrad_edu.training.cleaning import usable
from tinygrad_edu.training.targets import Classes, Numbers, target_for

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 90)).round(3)
KIND = RNG.choice(["oak", "ash", "fir"], 90)
COLUMNS = {
    "x": X,
    "y": Y,
    "kind": KIND,
    "label": np.where(X > 0, "high", "low"),
    "price": (3 * X - 2 * Y + (KIND == "fir")).round(3),
}
TREES = Table.from_arrays("trees.csv", COLUMNS)


def target(cells: list[object], task: str | None = None) -> tuple[type, str]:
    found, why = target_for(Table.from_arrays("t.csv", {"y": cells}), "y", task)
    return type(found), why


# Deciding


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["a", "b"] * 10, Classes),
        ([0, 1] * 10, Classes),
        (["0.0", "1.0"] * 10, Classes),
        (list(range(20)) * 3, Classes),
        (list(range(20)) * 2, Numbers),
        (list(range(21)) * 4, Numbers),
        ([0.5, 1.0] * 10, Numbers),
    ],
)
def test_words_and_few_whole_numbers_are_classes(cells: list[object], kind: type) -> None:
    assert target(cells)[0] is kind


def test_the_task_can_be_forced() -> None:
    assert target([0, 1] * 10, "regression")[0] is Numbers
    assert target([0.5, 1.0] * 10, "classification")[0] is Classes


def test_classes_are_in_the_order_of_their_size_and_1_0_is_1() -> None:
    table = Table.from_arrays("t.csv", {"y": ["10", "9", "1.0", "1"] * 3})
    assert Classes.fit(table, "y").classes == ["1", "9", "10"]
    assert Classes.fit(Table.from_arrays("t.csv", {"y": ["01", "1"] * 5}), "y").classes == ["01", "1"]


@pytest.mark.parametrize(
    ("cells", "task", "message"),
    [
        (["a"] * 20, None, "is 'a' in all 20 rows: there is nothing to tell apart"),
        ([2.5] * 20, None, "is 2.5 in all 20 rows: nothing to learn"),
        (["a", "b"] * 4, None, "8 rows with a target are too few"),
        (["a", "b"] * 10 + ["c"], None, "only one row has 'c'"),
        ([f"w{k}" for k in range(30)], None, "30 different values in 30 rows, too many for classes; is it the right"),
        ([k / 7 for k in range(30)], "classification", "say --task regression"),
        (["a", "b"] * 10, "regression", "line 2: 'a' in column 'y' is not a number.*say --task classification"),
        ([*range(30), "about 3"], None, "made of numbers but for 1 of 31 cells, first 'about 3' on line 32"),
    ],
)
def test_what_can_not_be_a_target_is_named(cells: list[object], task: str | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        target(cells, task)


# Missing cells

HOLES = Table(
    "holes.csv", {"a": ["1", "", "3"], "b": ["x", "", "z"], "none": [""] * 3, "y": ["0", "1", ""]}, range(2, 5)
)


def test_missing_cells_are_refused_with_their_place_and_both_ways_out() -> None:
    with pytest.raises(
        DataError, match=r"in 2 of 3 rows, first on line 3; columns 'a' \(1\), 'b' \(1\), 'y' \(1\)"
    ) as e:
        usable(HOLES, "y", "refuse")
    assert "--missing drop" in str(e.value)
    assert "--missing impute" in str(e.value)


def test_missing_cells_are_dropped_or_left_to_impute() -> None:
    dropped, notes = usable(HOLES, "y", "drop")
    assert dropped.columns == {"a": ["1"], "b": ["x"], "y": ["0"]}
    assert notes == ["left out what is empty: 'none'", "left out 2 of 3 rows with missing cells"]
    kept, notes = usable(HOLES, "y", "impute")
    assert kept.columns["a"] == ["1", ""]
    assert notes[-1] == "left out 1 of 3 rows without a target (y)"


def test_impossible_choices_of_columns_are_refused() -> None:
    with pytest.raises(DataError, match="target 'none' is empty"):
        usable(HOLES, "none", "drop")
    with pytest.raises(DataError, match="'y' is the target and can't be ignored"):
        usable(HOLES, "y", "drop", ["y"])
    with pytest.raises(DataError, match="no column 'z'"):
        usable(HOLES, "y", "drop", ["z"])
    with pytest.raises(DataError, match="every row has missing cells"):
        usable(Table("t.csv", {"a": ["1", ""], "y": ["", "2"]}, [2, 3]), "y", "drop")


def test_a_column_that_only_counts_is_pointed_out() -> None:
    table = Table.from_arrays("t.csv", {"id": range(30), "x": [0, 5, 1] * 10, "y": ["a", "b"] * 15})
    assert usable(table, "y", "refuse")[1] == ["only number the rows: 'id' (--ignore leaves such columns out)"]


# Learning


def test_numbers_and_words_are_learnt_from() -> None:
    trained = train_table(TREES, "price")
    guess = np.std(COLUMNS["price"])
    assert trained.history.last["test RMSE"] < guess / 4
    assert train_table(TREES, "label", epochs=30).history.last["test accuracy"] >= 0.85


def test_the_held_out_rows_have_no_say() -> None:
    """Other numbers in the held-out rows change neither statistics nor weights."""
    before = train_table(TREES, "price", epochs=2)
    columns = {name: list(map(str, column)) for name, column in COLUMNS.items()}
    for row in train_test_split(np.arange(90), rng=0)[1]:
        columns["x"][row] = columns["price"][row] = "7.5"
        columns["kind"][row] = "yew"
    after = train_table(Table("trees.csv", columns, TREES.lines), "price", epochs=2)
    assert after.model.encoder.state() == before.model.encoder.state()
    assert after.model.target.state() == before.model.target.state()
    assert after.history["loss"] == before.history["loss"]
    assert after.history["test loss"] != before.history["test loss"]


@pytest.mark.parametrize("column", ["label", "price"])
def test_a_saved_model_predicts_the_same_in_a_table_of_another_order(tmp_path: Path, column: str) -> None:
    model = train_table(TREES, column, epochs=3).model
    model.save(tmp_path / "model.npz")
    again = TabularModel.load(tmp_path / "model.npz")
    turned = TREES.only(["kind", *[name for name in TREES.columns if name != "kind"]]).without([column])
    assert again.predict(turned) == model.predict(TREES)


def test_a_step_too_large_is_named() -> None:
    with pytest.raises(DataError, match=r"--lr 1e\+09 is too large a step"):
        train_table(TREES, "label", lr=1e9)


def test_predictions_need_their_cells_unless_imputed() -> None:
    model = train_table(TREES, "label", epochs=2).model
    row = {name: [str(column[0])] for name, column in COLUMNS.items()} | {"x": [""], "kind": ["yew"]}
    table = Table("new.csv", row, [2])
    with pytest.raises(DataError, match="missing cells in 1 of 1 rows"):
        model.predict(table)
    assert model.predict(table, impute=True)["predicted label"][0] in ("high", "low")
    assert model.unseen(table) == [
        "column 'kind' has words the training rows did not have, which say nothing: yew",
    ]


def test_a_file_with_other_contents_is_refused(tmp_path: Path) -> None:
    state, description = {}, {"encoder": {"numeric": [], "mean": [], "scale": [], "words": {}}}
    save_model(tmp_path / "model.npz", state, description)
    with pytest.raises(DataError, match="no complete model of a table"):
        TabularModel.load(tmp_path / "model.npz")
    train_table(TREES, "label", epochs=1).model.save(tmp_path / "whole.npz")
    state, description = load_model(tmp_path / "whole.npz")
    save_model(tmp_path / "model.npz", state, description | {"hidden": [3]})
    with pytest.raises(DataError, match=r"no complete model of a table: .*does not fit"):
        TabularModel.load(tmp_path / "model.npz")


# The command line


@pytest.fixture
def trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with Path("trees.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TREES.columns)
        writer.writerows(zip(*TREES.columns.values(), strict=True))
    return Path("trees.csv")


def test_a_table_is_trained_saved_and_predicted(trees: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "trees.csv", "-t", "label", "--epochs", "20", "--ignore", "price"]) == 0
    shown = capsys.readouterr()
    assert "classification, as the target holds words" in shown.out
    assert "accuracy" in shown.out
    assert "20/20" in shown.err
    for name in ("model.npz", "history.csv", "curves.png"):
        assert name in shown.out
        assert (Path("trees-trained") / name).stat().st_size > 100
    assert main(["predict", "trees-trained", "trees.csv"]) == 0
    shown = capsys.readouterr()
    predicted = list(csv.DictReader(io.StringIO(shown.out)))
    assert len(predicted) == 90
    right = np.mean([row["predicted label"] == row["label"] for row in predicted])
    assert f"{right:.2%}" in shown.err
    assert main(["predict", "trees-trained/model.npz", "trees.csv", "-o", "out.csv"]) == 0
    assert read_table("out.csv").columns["probability"] == [row["probability"] for row in predicted]


def test_a_run_is_repeated_by_its_seed(trees: Path) -> None:
    def saved(folder: str, seed: str) -> tuple[bytes, bytes]:
        assert main(["train", str(trees), "-t", "price", "--epochs", "2", "-q", "-o", folder, "--seed", seed]) == 0
        return Path(folder, "model.npz").read_bytes(), Path(folder, "history.csv").read_bytes()

    assert saved("a", "5") == saved("b", "5")
    assert saved("c", "6") != saved("a", "5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train nowhere.csv -t y", "there is no file nowhere.csv: did you mean"),
        ("train trees.csv", "--target COLUMN, one of x, y, kind, label, price"),
        ("train trees.csv -t prise", "did you mean 'price'?"),
        ("train trees.csv -t kind --task regression", "regression needs numbers"),
        ("train digits -t y", "train digits predicts 'digit'"),
        ("predict trees.csv trees.csv", "is not a model"),
        ("predict nowhere trees.csv", "nowhere"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(
    trees: Path, capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    Path("nowhere2.csv").touch()
    assert main(arguments.split()) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert len(shown.err.splitlines()) == 1
    assert not shown.out


@pytest.mark.parametrize("wrong", ["--epochs 0", "--test-size 0.9", "--lr -1", "--hidden x", "--missing maybe"])
def test_settings_out_of_range_are_one_line_and_status_2(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["train", "digits", *wrong.split()])
    assert stopped.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_digits_are_learnt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    assert main(["train", "digits", "-q", "--epochs", "20", "-o", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    accuracy = float(shown.split("accuracy ")[1].split("%")[0])
    assert accuracy >= 97
    assert "360 held out" in shown
