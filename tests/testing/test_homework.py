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
from tinygrad_edu.testing import homework as homework_module
from tinygrad_edu.testing.cases import cases_of
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
    (tmp_path / "conftest.py").write_text("raise SystemExit('handed in beside the homework')")
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


ONE_CASE = '\nCASES = {"a sum": CASES["a sum"]}\ndel drawn\n'
# Where the right numbers are to be found, by someone who knows that the assignment calls them RIGHT.
HIDDEN = """
from tinygrad_edu.testing.homework import Case

RIGHT = [41.5, 1.25]


def run(names):
    return names["f"](FACTOR)


FACTOR = 3.0
CASES = {"secret": Case(1, run, RIGHT)}
"""
LOOKS = """
def f(factor, depth=0):
    frame = sys._getframe()
    while frame is not None:
        if "RIGHT" in frame.f_globals:
            return frame.f_globals["RIGHT"]
        for found in frame.f_locals.values():
            if hasattr(found, "expected"):
                return found.expected
        frame = frame.f_back
"""
TRICKS = {
    "prints": "print('{\"numbers\": [[5, 1, 1]]}')",
    "exits": "import sys; sys.exit(0)",
    "hard exit": "import os; os._exit(0)",
    "equal to all": "class Value:\n    __eq__ = lambda s, o: True\n    __init__ = lambda s, x: None",
    "answers by itself": "import glob, os; open(glob.glob('*.json')[0], 'w').write('[[]]'); os._exit(0)",
    "borrows": "from tinygrad_edu import Value",
    "borrows by another door": "import sys\nsys.modules.pop('tinygrad_edu', 0)\nfrom tinygrad_edu import Value",
    "network": "import socket; socket.create_connection(('localhost', 1))",
    "starts a program": "import subprocess; subprocess.run(['true'])",
    "forks": "import os; os.fork()",
    "loads native code": "import ctypes; ctypes.CDLL(None)",
    "an error that spells its own name": "class E(Exception):\n    def __str__(s): raise SystemExit(0)\nraise E",
    "spoils NumPy": "import numpy as np\nnp.asarray = np.allclose = lambda *a, **k: True\nclass Value: pass",
}
SPIES = {
    "looks at frames": "import sys\n" + LOOKS,
    "looks at all objects": "import gc\nf = lambda x: [d for d in gc.get_objects() if 'RIGHT' in d]",
    "opens the assignment": "f = lambda x: exec(open({path!r}).read())",
    "opens it as bytes": "f = lambda x: exec(open({path!r}.encode()).read())",
    "opens it with a path of its own": "class P(str):\n    startswith = lambda *a: True\nopen(P({path!r}))",
    "opens it at a link": "import os\nos.link({path!r}, 'copy')",
    "disarms the guard": "import builtins\nbuiltins.type = builtins.PermissionError = lambda *a: str\nopen({path!r})",
    "reads its own process": "f = lambda x: open('/proc/self/cmdline').read()",
}


def one_case(tmp_path):
    assignment = tmp_path / "assignment.py"
    assignment.write_text((SCALAR / "assignment.py").read_text() + ONE_CASE)
    return assignment


@pytest.mark.parametrize("source", TRICKS.values(), ids=TRICKS.keys())
def test_no_trick_passes(source, tmp_path):
    homework = tmp_path / "homework.py"
    homework.write_text(source)
    result = grade(homework, one_case(tmp_path))
    assert result.score == 0
    assert json.loads(result.json())["tests"][0]["status"] == "failed"


def spied(source, tmp_path):
    homework, assignment = tmp_path / "homework.py", tmp_path / "assignment.py"
    assignment.write_text(HIDDEN)
    homework.write_text(source.replace("{path!r}", repr(str(assignment))))
    return grade(homework, assignment)


@pytest.mark.parametrize("source", SPIES.values(), ids=SPIES.keys())
def test_what_is_right_is_not_to_be_found_in_the_process(source, tmp_path):
    assert spied(source, tmp_path).score == 0


def test_the_spies_would_find_it_if_it_were_there(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "HIDDEN", HIDDEN.replace("FACTOR)", "FACTOR + 0 * len(RIGHT))"))
    assert spied(SPIES["looks at frames"], tmp_path).score == 1


FORGED = [
    '{"numbers": [[1, [2]], 7, 7]}',
    '{"numbers": [{}, "a", 7]}',
    '{"numbers": [1' + "0" * 400 + ", 7, 7]}",
    '{"error": [1]}',
    "[1]",
    "null",
    "[" * 10**5,
    "\xff",
]


@pytest.mark.parametrize("answer", FORGED, ids=range(len(FORGED)))
def test_an_answer_that_is_none_gives_no_points(answer, tmp_path, monkeypatch):
    def forge(order, folder, seconds):
        Path(order["answer"]).write_bytes(answer.encode("latin1"))
        return True

    monkeypatch.setattr(homework_module, "_ran", forge)
    assert grade(SCALAR / "model.py", one_case(tmp_path)).score == 0


def test_what_a_submission_says_stays_in_its_line(tmp_path):
    homework = tmp_path / "homework.py"
    homework.write_text("raise ValueError('\\x1b[2J10 of 10 points\\n  ✓ all' + 'a' * 1000)")
    text = str(grade(homework, one_case(tmp_path)))
    assert len(text.splitlines()) == 2
    assert "\x1b" not in text
    assert len(text) < 500


def test_a_thread_left_running_is_not_waited_for(tmp_path):
    homework = tmp_path / "homework.py"
    homework.write_text("import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
                        + (SCALAR / "model.py").read_text())  # fmt: skip
    result = grade(homework, one_case(tmp_path), seconds=30)
    assert "endless" not in str(result)


def test_drawn_numbers_are_others_each_time_and_the_same_by_their_seed():
    text = (BATCHNORM / "assignment.py").read_text()
    (first, _), (again, _), (other, _) = (cases_of(text, seed) for seed in (1, 1, 2))
    assert (first["gradient of x"].expected[0] == again["gradient of x"].expected[0]).all()
    assert (first["gradient of x"].expected[0] != other["gradient of x"].expected[0]).any()
    assert first["forward"].expected[0].shape == other["forward"].expected[0].shape


def test_numbers_written_down_are_of_no_use(tmp_path):
    cases, _ = cases_of((BATCHNORM / "assignment.py").read_text(), 1)
    homework = tmp_path / "homework.py"
    homework.write_text(f"backward = lambda *a: ({cases['gradient of x'].expected[0].tolist()}, 0, 0)")
    right = [grade(homework, BATCHNORM / "assignment.py", seed=seed).results[-1].points for seed in (1, None)]
    assert right == [5, 0]


def test_an_assignment_says_what_may_be_imported(tmp_path):
    homework, assignment = tmp_path / "homework.py", one_case(tmp_path)
    homework.write_text("import hypothesis\n" + (SCALAR / "model.py").read_text())
    assert "NumPy and the standard library only" in str(grade(homework, assignment))
    assignment.write_text(assignment.read_text() + 'MODULES = ("hypothesis", "sortedcontainers")\n')
    result = grade(homework, assignment)
    assert result.score == result.of, str(result)


def test_a_file_that_is_no_assignment_is_refused(tmp_path):
    nothing = tmp_path / "assignment.py"
    nothing.write_text("X = 1")
    with pytest.raises(SettingError, match="CASES"):
        grade(SCALAR / "model.py", nothing)


def test_an_endless_loop_ends(tmp_path):
    homework = tmp_path / "homework.py"
    homework.write_text("while True: pass")
    assert "endless loop" in str(grade(homework, one_case(tmp_path), seconds=2))
