"""`docs/reference/curriculum-nn.tsv` tells the truth: each row of the courses has a public name and a test that
exist.
"""

import ast
import csv
from functools import cache, reduce
from pathlib import Path

import pytest

from tinygrad_edu import nn, optim

ROOT = Path(__file__).parents[2]
LATER = {"early-babysit"}  # early stopping belongs to training

with (ROOT / "docs" / "reference" / "curriculum-nn.tsv").open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file, delimiter="\t"))


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def resolved(name: str) -> object:
    return reduce(getattr, name.split(".")[1:], {"nn": nn, "optim": optim}[name.split(".")[0]])


def test_every_row_of_the_groups_is_there_once() -> None:
    numbers = [*range(42, 157), *range(168, 199), *range(278, 303)]
    assert [int(row["row"]) for row in ROWS] == numbers
    assert len({row["slug"] for row in ROWS}) == len(numbers)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["slug"])
def test_the_row_has_a_public_name_and_a_test(row: dict[str, str]) -> None:
    if row["slug"] in LATER:
        assert (row["name"], row["test"]) == ("", "")
        return
    found = resolved(row["name"])
    assert found is not None
    assert row["name"].split(".")[1] in {"nn": nn, "optim": optim}[row["name"].split(".")[0]].__all__
    path, name = row["test"].split("::")
    assert name in functions(path)


def test_a_name_or_test_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(AttributeError):
        resolved("nn.Perceptrons")
    assert "test_nothing" not in functions("tests/nn/test_module.py")
