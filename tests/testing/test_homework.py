"""Homework: the solutions get full points, each typical mistake loses some, and no trick passes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import pytest

from tinygrad_edu.testing.homework import grade

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
