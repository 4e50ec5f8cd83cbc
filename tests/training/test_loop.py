"""The loop repeats by seed, gives the same weights as the loop written out, and records an entry for each epoch."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import Value, nn, optim
from tinygrad_edu.data import DataLoader
from tinygrad_edu.errors import DataError, DependencyError, SettingError, ShapeError
from tinygrad_edu.training import (
    EarlyStopping,
    History,
    accuracy_score,
    confusion_matrix,
    evaluate,
    fit,
    hamming_loss,
    load_model,
    predict,
    r2_score,
    root_mean_squared_error,
    save_model,
)
from tinygrad_edu.training.progress import progress_bar

X = np.random.default_rng(0).normal(size=(50, 3))
Y = (X.sum(1) > 0).astype(int)


def trained(seed: int = 0, **options: object) -> tuple[nn.Module, History]:
    nn.manual_seed(seed)
    model = nn.MLP([3, 8, 2], dropout=0.2)
    batches = DataLoader((X, Y), 16, rng=seed)
    return model, fit(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.01), batches, 4, **options)


def test_a_seed_repeats_weights_bit_by_bit_and_another_does_not() -> None:
    one, again, other = (trained(seed)[0].state_dict() for seed in (0, 0, 1))
    assert all(np.array_equal(one[key], again[key]) for key in one)
    assert not any(np.array_equal(one[key], other[key]) for key in one)


def test_the_loop_is_the_loop_written_out() -> None:
    nn.manual_seed(3)
    model = nn.Linear(3, 2)
    by_hand = nn.Linear(3, 2)
    by_hand.load_state_dict(model.state_dict())
    history = fit(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), 0.1), DataLoader((X, Y), 20, rng=7), 3)
    optimiser, losses = optim.SGD(by_hand.parameters(), 0.1), []
    loader = DataLoader((X, Y), 20, rng=7)
    for _ in range(3):
        total = 0.0
        for x, y in loader:
            loss = nn.CrossEntropyLoss()(by_hand(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(y)
        losses.append(total / len(X))
    assert np.array_equal(model.weight.data, by_hand.weight.data)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-12)


def test_each_epoch_has_its_numbers_and_dropout_is_off_where_it_is_measured() -> None:
    measures = {"accuracy": lambda y, outputs: accuracy_score(y, outputs.argmax(1))}
    model, history = trained(validation=(X, Y), measures=measures)
    assert {name: len(history[name]) for name in history} == {"loss": 4, "test loss": 4, "accuracy": 4}
    assert model.training
    assert evaluate(model, nn.CrossEntropyLoss(), X, Y, measures=measures)["accuracy"] == history.last["accuracy"]
    np.testing.assert_allclose(predict(model, X, batch_size=7), predict(model, X), rtol=1e-12)


def test_predicting_records_no_graph_and_takes_no_rows_too() -> None:
    model = nn.MLP([3, 8, 2])
    seen: list[Value] = []
    model.register_forward_hook(lambda module, inputs, out: seen.append(out))
    assert predict(model, X[:0]).shape == (0, 2)
    assert not seen[0].requires_grad


def test_a_loader_without_batches_is_refused() -> None:
    model = nn.Linear(3, 2)
    with pytest.raises(DataError, match="50 rows make no batch of 64"):
        fit(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), 0.1), DataLoader((X, Y), 64, drop_last=True), 1)


def overfitting(stop: EarlyStopping | None, epochs: int = 150) -> tuple[nn.Module, History, tuple[np.ndarray, ...]]:
    """A network that learns twelve noisy points by heart, watched on others."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (52, 1))
    y = np.sin(3 * x) + 0.5 * rng.normal(size=x.shape)
    nn.manual_seed(0)
    model = nn.MLP([1, 30, 30, 1], "tanh")
    optimiser, batches = optim.Adam(model.parameters(), lr=0.03), DataLoader((x[:12], y[:12]), 12, rng=0)
    held_out = (x[12:], y[12:])
    return model, fit(model, nn.MSELoss(), optimiser, batches, epochs, validation=held_out, stop=stop), held_out


def test_a_training_stops_some_epochs_after_its_best_and_goes_back_there() -> None:
    whole = overfitting(None)[1]["test loss"]
    best = int(np.argmin(whole))
    assert whole[-1] > 1.5 * whole[best], "there is something to stop"
    stop = EarlyStopping(patience=15)
    model, history, held_out = overfitting(stop)
    assert history["test loss"] == whole[: best + 15 + 1]
    assert (stop.best_epoch, stop.best) == (best, whole[best])
    assert evaluate(model, nn.MSELoss(), *held_out)["test loss"] == whole[best]
    last, history, _ = overfitting(EarlyStopping(15, restore_best=False))
    assert evaluate(last, nn.MSELoss(), *held_out)["test loss"] == history["test loss"][-1] > whole[best]


def test_running_statistics_go_back_too_and_a_training_that_gets_better_goes_on() -> None:
    model, stop = nn.Sequential(nn.BatchNorm1d(1)), EarlyStopping(1)
    assert not stop.over(1.0, model)
    model(np.array([[5.0], [7.0]]))
    assert stop.over(np.nan, model)
    stop.restore(model)
    assert model[0].running_mean.tolist() == [0]
    assert len(overfitting(EarlyStopping(3), epochs=6)[1]) == 6


def test_early_stopping_counts_what_is_better_by_too_little_as_no_better() -> None:
    stop, model = EarlyStopping(2, min_delta=0.1), nn.Linear(1, 1)
    assert [stop.over(loss, model) for loss in (1.0, 0.95, 0.85, 0.8, 0.78)] == [False, False, False, False, True]
    assert stop.best == 0.85
    with pytest.raises(SettingError, match="at least one epoch"):
        EarlyStopping(0)
    with pytest.raises(DataError, match="validation"):
        trained(stop=EarlyStopping(2))


def test_the_history_comes_back_from_its_file_exactly(tmp_path: Path) -> None:
    _, history = trained()
    history.save_csv(tmp_path / "history.csv")
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text().splitlines()))
    assert [float(row["loss"]) for row in rows] == history["loss"]
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    with pytest.raises(ValueError, match="an epoch with"):
        history.append(other=1)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_curves_are_drawn(tmp_path: Path, ending: str) -> None:
    pytest.importorskip("matplotlib")
    _, history = trained(validation=(X, Y), measures={"accuracy": lambda y, outputs: 0.5})
    history.save_curves(tmp_path / f"curves.{ending}")
    assert (tmp_path / f"curves.{ending}").stat().st_size > 5000


def test_what_is_missing_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(DependencyError, match=r"pip install \"tinygrad_edu\[lessons\]\""):
        trained()[1].save_curves(tmp_path / "curves.png")


def test_without_tqdm_lines_are_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    trained(progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 1/4", "epoch 2/4", "epoch 3/4", "epoch 4/4"]
    assert "loss 0." in lines[-1]


def test_with_tqdm_there_is_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    with progress_bar(2) as bar:
        bar.update()
        bar.update()
    assert "2/2" in capsys.readouterr().err


def test_metrics_are_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    y, guess = rng.integers(0, 4, (2, 60))
    assert accuracy_score(y, guess) == metrics.accuracy_score(y, guess)
    assert np.array_equal(confusion_matrix(y, guess), metrics.confusion_matrix(y, guess))
    labels, guesses = rng.integers(0, 2, (2, 60, 3))
    assert accuracy_score(labels, guesses) == metrics.accuracy_score(labels, guesses)
    assert hamming_loss(labels, guesses) == pytest.approx(metrics.hamming_loss(labels, guesses))
    a, b = rng.normal(size=(2, 60))
    assert r2_score(a, b) == pytest.approx(metrics.r2_score(a, b))
    assert root_mean_squared_error(a, b) == pytest.approx(metrics.root_mean_squared_error(a, b))
    assert (r2_score([1, 1], [1, 1]), r2_score([1, 1], [1, 2])) == (1, 0)


def test_metrics_refuse_shapes_that_would_broadcast() -> None:
    with pytest.raises(ShapeError, match=r"y_true \(3,\) and y_pred \(3, 1\)"):
        r2_score(np.ones(3), np.ones((3, 1)))
    with pytest.raises(ShapeError, match="not empty"):
        accuracy_score([], [])
    with pytest.raises(ShapeError, match="0 to 1"):
        confusion_matrix([0, 2], [0, 1], 2)


def test_weights_come_back_bit_by_bit_and_hold_no_code(tmp_path: Path) -> None:
    model, _ = trained()
    save_model(tmp_path / "model.npz", model.state_dict(), {"names": ["größe", "重"]})
    with np.load(tmp_path / "model.npz", allow_pickle=False) as archive:
        assert all(archive[name].dtype.kind in "fU" for name in archive.files)
    state, description = load_model(tmp_path / "model.npz")
    assert description == {"names": ["größe", "重"]}
    again = nn.MLP([3, 8, 2], dropout=0.2)
    again.load_state_dict(state)
    assert np.array_equal(predict(again, X), predict(model, X))


def test_the_same_model_is_the_same_file(tmp_path: Path) -> None:
    model, _ = trained()
    for name in ("a", "b"):
        save_model(tmp_path / name, model.state_dict())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("content", [b"", b"x,y\n1,2\n", b"PK\x03\x04broken", b"\x93NUMPY\x01\x00"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.npz").write_bytes(content)
    with pytest.raises(DataError, match="is not a model that this version saved"):
        load_model(tmp_path / "model.npz")


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "sprung",)

    np.savez(tmp_path / "trap.npz", about=np.array([Trap()], dtype=object))
    np.save(tmp_path / "plain.npy", np.zeros(3))
    for name in ("trap.npz", "plain.npy"):
        with pytest.raises(DataError):
            load_model(tmp_path / name)
    assert not (tmp_path / "sprung").exists()
