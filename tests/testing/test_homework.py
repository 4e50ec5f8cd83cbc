"""Homework: the solutions get full points, each typical mistake loses some, and no trick passes."""

import json
import linecache
import os
import subprocess
import sys
from pathlib import Path
from runpy import run_path
from types import ModuleType

import pytest

from tinygrad_edu.errors import SettingError
from tinygrad_edu.testing.homework import grade
from tinygrad_edu.testing.sources import source_of

FOLDERS = sorted(path.parent for path in (Path(__file__).parents[2] / "examples/homework").glob("*/assignment.py"))
NAMES = [folder.name for folder in FOLDERS]
EVERY = [(folder, name) for folder in FOLDERS for name in run_path(str(folder / "mistakes.py"))["MISTAKES"]]
BATCHNORM = next(folder for folder in FOLDERS if folder.name == "batchnorm")
SCALAR = next(folder for folder in FOLDERS if folder.name == "scalar_value")


def wrong_submission(folder, name, target):
    old, new = run_path(str(folder / "mistakes.py"))["MISTAKES"][name]
    model = (folder / "model.py").read_text()
    assert old in model
    target.write_text(model.replace(old, new))
    return target


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_the_solution_gets_full_points(folder):
    result = grade(folder / "model.py", folder / "assignment.py")
    assert result.score == result.of, str(result)


def check_mistake(folder, name, tmp_path):
    result = grade(wrong_submission(folder, name, tmp_path / "homework.py"), folder / "assignment.py")
    assert result.score < result.of
    assert any(each.feedback for each in result.results)


def test_a_typical_mistake_loses_points_of_what_it_concerns_alone(tmp_path):
    submission = wrong_submission(BATCHNORM, "mean taken as constant", tmp_path / "homework.py")
    target = tmp_path / "grade.json"
    (tmp_path / "pytest.ini").write_text("[pytest]")
    command = [
        "-c",
        "pytest.ini",
        "-p",
        "tinygrad_edu.testing.plugin",
        "--grade",
        submission,
        "--assignment",
        BATCHNORM / "assignment.py",
    ]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = [sys.executable, "-m", "pytest", *map(str, command), "--grade-json", str(target)]
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("5 of 10 points")
    assert "The mean and the variance depend on x too." in done.stdout
    assert [each["status"] for each in json.loads(target.read_text())["tests"]] == ["passed"] * 3 + ["failed"]


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "name"), EVERY, ids=[f"{folder.name}: {name}" for folder, name in EVERY])
def test_every_typical_mistake_loses_points(folder, name, tmp_path):
    check_mistake(folder, name, tmp_path)


def test_there_are_five_mistakes_for_each_assignment():
    assert len(FOLDERS) == 3
    assert len(EVERY) == 15


def notebook(text, number=1):
    """The names that a notebook's cell defines: its text is known to `linecache`, its module has no file."""
    cell = f"<cell {number} of {len(text)}>"
    linecache.cache[cell] = (len(text), None, text.splitlines(keepends=True), cell)
    module = sys.modules.setdefault("a_notebook", ModuleType("a_notebook"))
    exec(compile(text, cell, "exec"), vars(module))  # noqa: S102 - our own homework
    return vars(module)


@pytest.fixture
def cells():
    yield notebook
    sys.modules.pop("a_notebook", None)


def test_a_class_of_a_notebook_is_graded_under_any_name(cells):
    text = (SCALAR / "model.py").read_text()
    result = grade(cells(text)["Value"], SCALAR / "assignment.py")
    assert result.score == result.of, str(result)
    result = grade(cells(text.replace("Value", "MyNumber"), 2)["MyNumber"], SCALAR / "assignment.py")
    assert result.score == result.of, str(result)


def test_what_a_class_needs_of_other_cells_comes_along(cells):
    head = "import math as m\nFACTOR = 2 - 1\ndef slope(x):\n    return FACTOR * (1 - m.tanh(x) ** 2)\n"
    cells(head, 3)
    names = cells("def forward(x):\n    return slope(x), FACTOR\n", 4)
    text = source_of({"forward": names["forward"]})
    made = {}
    exec(text, made)  # noqa: S102
    assert made["forward"](0.0) == (1.0, 1)
    assert "import math as m" in text


def test_functions_are_graded_in_a_list_and_lose_points_as_a_file_does(cells):
    old, new = run_path(str(BATCHNORM / "mistakes.py"))["MISTAKES"]["mean taken as constant"]
    names = cells((BATCHNORM / "model.py").read_text().replace(old, new), 5)
    result = grade([names["forward"], names["backward"]], BATCHNORM / "assignment.py")
    assert (result.score, result.of) == (5, 10), str(result)
    assert "The mean and the variance depend on x too." in result._repr_html_()
    assert "<b>5 of 10 points</b>" in result._repr_html_()


def test_a_class_without_text_is_refused():
    with pytest.raises(SettingError, match="program text of Value"):
        grade(type("Value", (), {}), SCALAR / "assignment.py")


TRICKS = {
    "prints": "print('{\"numbers\": [[5, 1, 1]]}')",
    "exits": "import sys; sys.exit(0)",
    "hard exit": "import os; os._exit(0)",
    "equal to all": "class Value:\n    __eq__ = lambda s, o: True\n    __init__ = lambda s, x: None",
    "reads": "import sys; open(sys._getframe(2).f_globals.get('assignment', 'nowhere'))",
    "borrows": "from tinygrad_edu import Value",
    "network": "import socket; socket.create_connection(('localhost', 1))",
}


@pytest.mark.parametrize("source", TRICKS.values(), ids=TRICKS.keys())
def test_no_trick_passes(source, tmp_path):
    one_case = tmp_path / "assignment.py"
    text = (SCALAR / "assignment.py").read_text()
    one_case.write_text(text + '\nCASES = {"a sum": CASES["a sum"]}\n')
    homework = tmp_path / "homework.py"
    homework.write_text(source)
    result = grade(homework, one_case)
    assert result.score == 0
    assert json.loads(result.json())["tests"][0]["status"] == "failed"


def test_an_endless_loop_ends(tmp_path):
    homework, assignment = tmp_path / "homework.py", tmp_path / "assignment.py"
    homework.write_text("while True: pass")
    assignment.write_text((SCALAR / "assignment.py").read_text() + '\nCASES = {"a sum": CASES["a sum"]}\n')
    assert "endless loop" in str(grade(homework, assignment, seconds=2))
