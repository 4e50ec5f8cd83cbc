"""`docs/reference/curriculum-*.tsv` tell the truth: each row of the courses has a public name and a test that exist."""

import ast
import csv
from functools import cache, reduce
from importlib import import_module
from pathlib import Path

import pytest

import tinygrad_edu

ROOT = Path(__file__).parents[1]
NUMBERS = {
    "engine": [*range(1, 42)],
    "nn": [*range(42, 157), *range(168, 199), *range(278, 303)],
    "optim": [*range(199, 278), *range(333, 337)],
}
ROOMS = {"compiling", "data", "drawing", "nn", "optim", "testing", "training"}


def rows(table: str) -> list[dict[str, str]]:
    with (ROOT / f"docs/reference/curriculum-{table}.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


ROWS = [row for table in NUMBERS for row in rows(table)]


@cache
def functions(path: str) -> frozenset[str]:
    """The test functions of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def public(name: str) -> object:
    """What `Value.grad`, `nn.Linear` or `nn.init.xavier` stands for; public in the package or in its room."""
    first, *rest = name.split(".")
    module = tinygrad_edu
    if first in ROOMS:
        module = import_module(f"tinygrad_edu.{first}")
        first, *rest = rest
    if first not in module.__all__:
        raise AttributeError(f"{module.__name__} does not offer {first}")
    return reduce(getattr, [first, *rest], module)


def test_every_table_is_checked() -> None:
    assert {path.stem.removeprefix("curriculum-") for path in ROOT.glob("docs/reference/curriculum-*.tsv")} == {
        *NUMBERS
    }


@pytest.mark.parametrize("table", NUMBERS)
def test_every_row_of_the_groups_is_there_once(table: str) -> None:
    found = rows(table)
    assert [int(row["row"]) for row in found] == NUMBERS[table]
    assert len({row["slug"] for row in found}) == len(found)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["slug"])
def test_the_row_has_a_public_name_and_a_test(row: dict[str, str]) -> None:
    assert public(row["name"]) is not None
    path, name = row["test"].split("::")
    assert name in functions(path)


@pytest.mark.parametrize("name", ["nn.Perceptrons", "nn.np", "optim.Adam.fly", "np", "Value.fly"])
def test_a_name_that_is_not_public_is_noticed(name: str) -> None:
    with pytest.raises(AttributeError):
        public(name)


def test_a_test_that_does_not_exist_is_noticed() -> None:
    assert "test_nothing" not in functions("tests/nn/test_module.py")
