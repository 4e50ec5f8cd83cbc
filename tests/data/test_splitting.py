"""Parts hold every row once, keep the share of each class, and come back with their seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.data import DataLoader, load_digits, train_test_split
from tinygrad_edu.data.digits import digits_table
from tinygrad_edu.errors import DataError, ShapeError


@given(st.lists(st.integers(0, 4), min_size=5, max_size=80), st.floats(0.1, 0.5), st.integers(0, 9))
def test_a_stratified_part_has_its_share_of_every_class(labels: list[int], share: float, seed: int) -> None:
    y = np.array(labels)
    train, test = train_test_split(np.arange(len(y)), test_size=share, stratify=y, rng=seed)
    assert sorted([*train, *test]) == list(range(len(y)))
    assert len(test) == np.ceil(share * len(y))
    for label in set(labels):
        wanted = (y == label).sum() * len(test) / len(y)
        assert abs((y[test] == label).sum() - wanted) < 1 + 1e-9


def test_a_seed_gives_the_same_parts_and_another_seed_others() -> None:
    parts = [train_test_split(np.arange(50), rng=seed)[1].tolist() for seed in (3, 3, 4)]
    assert parts[0] == parts[1] != parts[2]


def test_every_row_can_be_held_out() -> None:
    held = {int(row) for seed in range(60) for row in train_test_split(np.arange(20), rng=seed)[1]}
    assert held == set(range(20))


def test_arrays_are_split_alike() -> None:
    X, y = np.arange(20).reshape(10, 2), np.arange(10)
    X_train, X_test, y_train, y_test = train_test_split(X, y, rng=0)
    assert (X_train[:, 0] == 2 * y_train).all()
    assert (X_test[:, 0] == 2 * y_test).all()


def test_impossible_splits_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\[3, 4\] rows"):
        train_test_split(np.arange(3), np.arange(4))
    with pytest.raises(DataError, match="would leave a part empty"):
        train_test_split(np.arange(1))


@pytest.mark.parametrize(
    ("n", "batch", "drop", "sizes"),
    [(10, 4, False, [4, 4, 2]), (10, 4, True, [4, 4]), (8, 4, False, [4, 4]), (3, 8, False, [3])],
)
def test_batches_are_as_many_as_the_rows_need(n: int, batch: int, drop: bool, sizes: list[int]) -> None:
    loader = DataLoader((np.arange(n),), batch, drop_last=drop, rng=0)
    assert [len(x) for (x,) in loader] == sizes
    assert len(loader) == len(sizes)


def test_each_pass_gives_every_row_once_in_a_new_order() -> None:
    loader = DataLoader((np.arange(20), -np.arange(20)), 3, rng=0)
    first, second = (np.concatenate([x for x, _ in loader]) for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(20))
    assert first.tolist() != second.tolist()
    assert all((x == -y).all() for x, y in loader)
    assert np.concatenate([x for (x,) in DataLoader((np.arange(5),), 2, shuffle=False)]).tolist() == [0, 1, 2, 3, 4]


def test_a_batch_can_not_be_written_to_and_the_data_stay() -> None:
    data = np.arange(4.0)
    (batch,) = next(iter(DataLoader((data,), 2)))
    with pytest.raises(ValueError, match="read-only"):
        batch[0] = 7
    data[0] = 7


def test_wrong_loaders_are_refused() -> None:
    with pytest.raises(ValueError, match="batch_size has to be at least 1"):
        DataLoader((np.arange(3),), 0)
    with pytest.raises(ShapeError, match=r"\[3, 2\] rows"):
        DataLoader((np.arange(3), np.arange(2)))


def test_the_digits_are_the_real_ones() -> None:
    pytest.importorskip("sklearn")
    images, labels = load_digits()
    assert (images.shape, np.bincount(labels).tolist()) == (
        (1797, 64),
        [178, 182, 177, 183, 181, 182, 181, 179, 174, 180],
    )
    table = digits_table()
    assert np.array_equal(np.stack([table.numbers(n) for n in list(table.columns)[:-1]], 1), images)
