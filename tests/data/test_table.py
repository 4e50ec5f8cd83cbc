"""Tables type their columns when asked, and encoding uses the statistics of the training rows alone."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.data import OneHotEncoder, StandardScaler, Table, TableEncoder
from tinygrad_edu.data.table import is_number
from tinygrad_edu.errors import DataError


def table(**columns: list[str]) -> Table:
    return Table("some.csv", columns, range(2, 2 + len(next(iter(columns.values())))))


@pytest.mark.parametrize("cell", ["1", "-1.5", "+2e-3", ".5", "nan", "inf"])
def test_numbers_are_recognised(cell: str) -> None:
    assert is_number(cell)


@pytest.mark.parametrize("cell", ["1_000", "１２", "x", "1 2", "0x1f", "1,5", "--1"])
def test_what_only_looks_like_a_number_is_none(cell: str) -> None:
    assert not is_number(cell)


def test_numbers_name_the_first_cell_that_is_none() -> None:
    with pytest.raises(DataError, match=r"some.csv, line 4: 'two' in column 'a' is not a number \(2 cells"):
        table(a=["1", "", "two", "x"]).numbers("a")
    with pytest.raises(DataError, match="line 3: '1e999' in column 'a' is not finite"):
        table(a=["1", "1e999"]).numbers("a")


def test_an_unknown_column_is_answered_with_names_like_it() -> None:
    with pytest.raises(DataError, match="no column 'Hight': did you mean 'height'"):
        table(height=["1"], kind=["x"]).column("Hight")
    with pytest.raises(DataError, match="there are 'height', 'kind'"):
        table(height=["1"], kind=["x"]).without(["zzz"])


def test_rows_are_picked_by_position_or_mask_and_keep_their_lines() -> None:
    some = table(a=["1", "2", "3"])
    assert some.rows([2, 0]).columns == {"a": ["3", "1"]}
    assert list(some.rows(np.array([False, True, True])).lines) == [3, 4]
    assert len(some.rows([])) == 0


def test_standardising_is_scikit_learns() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    train, test = np.split(np.random.default_rng(0).normal(5, 3, (30, 4)), [20])
    train[3, 1] = np.nan
    theirs = preprocessing.StandardScaler().fit(train)
    np.testing.assert_allclose(StandardScaler().fit(train).transform(test), theirs.transform(test), rtol=1e-12)


@given(st.floats(-1e12, 1e12), st.integers(1, 50))
def test_a_constant_column_becomes_zeros(number: float, rows: int) -> None:
    scaled = StandardScaler().fit_transform(np.full((rows, 1), number))
    assert np.abs(scaled).max() <= 1e-3 * max(abs(number) / 1e12, 1e-12)


def test_numbers_too_large_for_statistics_are_refused() -> None:
    with pytest.raises(DataError, match="column 1 are too large"):
        StandardScaler().fit([[0.0, 1e200], [1.0, -1e200]])


def test_one_hot_rows_have_one_one_and_strangers_none() -> None:
    encoder = OneHotEncoder()
    hot = encoder.fit_transform(["b", "a", "", "c"])
    assert hot.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert encoder.transform(["z"]).tolist() == [[0, 0, 0]]
    assert encoder.unseen(["z", "a", "", "z"]) == ["z"]


MIXED = table(n=["1", "3", "100", ""], w=["x", "y", "z", ""], c=["k"] * 4, code=["1", "2", "1", "2"])


def test_statistics_come_from_the_fitted_rows_alone() -> None:
    encoder = TableEncoder(text=["code"]).fit(MIXED, rows=[0, 1])
    assert encoder.features == ["n", "w=x", "w=y", "code=1", "code=2"]
    assert encoder.constant == ["c"]
    assert encoder.transform(MIXED).tolist() == [
        [-1, 1, 0, 1, 0],
        [1, 0, 1, 0, 1],
        [98, 0, 0, 1, 0],  # a far number and an unknown word
        [0, 0, 0, 0, 1],  # missing: the mean, and no word
    ]
    assert encoder.transform(MIXED).dtype == np.float32


def test_an_encoder_comes_back_from_its_state() -> None:
    encoder = TableEncoder().fit(MIXED)
    again = TableEncoder.from_state(json.loads(json.dumps(encoder.state())))
    assert again.features == encoder.features
    assert np.array_equal(again.transform(MIXED), encoder.transform(MIXED))


def test_a_slip_in_a_column_of_numbers_is_named() -> None:
    slip = table(age=["1", "2", "3", "about 4", ""])
    with pytest.raises(DataError, match=r"'age' is made of numbers but for 1 of 4 cells, first 'about 4' on line 5"):
        TableEncoder().fit(slip)
    assert TableEncoder(text=["age"]).fit(slip).features[0] == "age=1"


def test_a_slip_is_noticed_outside_the_training_rows_too() -> None:
    with pytest.raises(DataError, match="'x' on line 5"):
        TableEncoder().fit(table(age=["1", "2", "3", "x"]), rows=[0, 1])


def test_words_that_name_rows_are_refused() -> None:
    names = table(name=[f"n{k}" for k in range(60)], x=[str(k) for k in range(60)])
    with pytest.raises(DataError, match=r"column 'name' \(60 words in 60 rows\).*--ignore"):
        TableEncoder().fit(names)
    assert len(TableEncoder(max_words=60).fit(names).features) == 61


def test_nothing_to_learn_from_is_an_error() -> None:
    with pytest.raises(DataError, match="no column is left"):
        TableEncoder().fit(table(a=["1", "1"], b=["", ""]))


def test_what_differs_at_prediction_is_named() -> None:
    encoder = TableEncoder().fit(table(a=["1", "2"], b=["x", "y"]))
    with pytest.raises(DataError, match=r"other.csv has no column 'b': did you mean 'B'"):
        encoder.transform(Table("other.csv", {"a": ["1"], "B": ["x"]}, [2]))
    with pytest.raises(DataError, match="line 2: 'many' in column 'a' is not a number"):
        encoder.transform(table(a=["many"], b=["x"]))
    with pytest.raises(DataError, match="line 2: the number in column 'a' is much too large"):
        encoder.transform(table(a=["1e300"], b=["x"]))
    with pytest.raises(DataError, match="numbers in column 'a' are too large"):
        TableEncoder().fit(table(a=["1e200", "2"]))
