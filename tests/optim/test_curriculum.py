"""`docs/reference/curriculum-optim.tsv` tells the truth: a row of the courses has a public name and a test."""

import ast
import csv
from functools import cache, reduce
from pathlib import Path

import pytest

from tinygrad_edu import data, nn, optim

ROOT = Path(__file__).parents[2]
ROOMS = {"optim": optim, "data": data, "nn": nn}

with (ROOT / "docs" / "reference" / "curriculum-optim.tsv").open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file, delimiter="\t"))


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def resolved(name: str) -> object:
    room, *path = name.split(".")
    return reduce(getattr, path, ROOMS[room])


def test_every_row_of_the_groups_is_there_once() -> None:
    numbers = [*range(199, 278), *range(333, 337)]
    assert [int(row["row"]) for row in ROWS] == numbers
    assert len({row["slug"] for row in ROWS}) == len(numbers)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["slug"])
def test_the_row_has_a_public_name_and_a_test(row: dict[str, str]) -> None:
    assert resolved(row["name"]) is not None
    room, public = row["name"].split(".")[:2]
    assert public in ROOMS[room].__all__
    path, name = row["test"].split("::")
    assert name in functions(path)


def test_a_name_or_test_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(AttributeError):
        resolved("optim.Adams")
    assert "test_nothing" not in functions("tests/optim/test_momentum.py")
