"""Homework graded by its numbers: `grade(submission, assignment)` with partial credit and a word on each property.

`Case` (a property worth points) · `grade` · `Grade` (readable `str`, `.json()` for Gradescope and nbgrader). A
submission runs in a process of its own with a time limit, without network and without this package; it hands back
numbers, and the numbers are judged here. So nothing that it prints, catches or exits with can pass it. It is no jail:
who reads the assignment can write the numbers down, so keep the file you grade with to yourself. Builds on `sources`.

An assignment is a Python file with `CASES`: a name for each property and its `Case`; `NAMES` says what it asks for.
"""

import html
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np

from .sources import source_of

__all__ = ["Case", "Grade", "Result", "grade"]


Submission = str | Path | type | Callable[..., Any] | Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A property: `run(names)` computes numbers with the submission's names, `expected` are the right ones."""

    points: float
    run: Callable[[dict[str, Any]], Any]
    expected: Any
    hint: str = ""


@dataclass(frozen=True)
class Result:
    """What became of one case: the points given, and why they are fewer than there were."""

    name: str
    points: float
    of: float
    feedback: str


@dataclass(frozen=True)
class Grade:
    """The results of a submission. `score` of `of` points.

    >>> print(Grade((Result("product rule", 0, 2, "gradient of x: got 1, should be 3"),)))
    0 of 2 points
      ✗ product rule (0/2): gradient of x: got 1, should be 3
    """

    results: tuple[Result, ...]

    @property
    def score(self) -> float:
        """Points given."""
        return sum(result.points for result in self.results)

    @property
    def of(self) -> float:
        """Points there were."""
        return sum(result.of for result in self.results)

    def json(self) -> str:
        """The grade in Gradescope's format, which nbgrader's converters read too."""
        tests = [
            {"name": r.name, "score": r.points, "max_score": r.of, "output": r.feedback, "status": _status(r)}
            for r in self.results
        ]
        return json.dumps({"score": self.score, "tests": tests}, indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        lines = [f"{self.score:g} of {self.of:g} points"]
        for r in self.results:
            feedback = f": {r.feedback}" if r.feedback else ""
            lines.append(f"  {'✓' if r.points == r.of else '✗'} {r.name} ({r.points:g}/{r.of:g}){feedback}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """What a notebook shows: a row for each property."""
        rows = [
            f"<tr><td>{'✓' if r.points == r.of else '✗'}</td><td>{html.escape(r.name)}</td>"
            f"<td>{r.points:g}/{r.of:g}</td><td>{html.escape(r.feedback)}</td></tr>"
            for r in self.results
        ]
        return f"<b>{self.score:g} of {self.of:g} points</b><table>{''.join(rows)}</table>"


def _status(result: Result) -> str:
    return "passed" if result.points == result.of else "failed"


_CHILD = """
import sys
answer, assignment, submission, case = sys.argv[1:5]
programs = ("subprocess.Popen", "os.system", "os.fork", "os.exec", "os.posix_spawn")
def closed(event, args):
    if event.startswith("socket.") or event in programs:
        raise PermissionError("homework runs without network and other programs")
    if event == "open" and args[0] == assignment:
        raise PermissionError("homework does not read its assignment")
sys.path[:0] = {paths!r}
import json, runpy
import numpy as np
cases = runpy.run_path(assignment)["CASES"]
run = cases[case].run
for each in cases.values():
    object.__setattr__(each, "expected", None)
for name in list(sys.modules):
    if name.split(".")[0] == "tinygrad_edu":
        del sys.modules[name]
sys.modules["tinygrad_edu"] = None
sys.modules["torch"] = None
sys.argv = [submission]
sys.addaudithook(closed)
try:
    out = {{"numbers": [np.asarray(x, float).tolist() for x in run(runpy.run_path(submission))]}}
except BaseException as error:
    out = {{"error": f"{{type(error).__name__}}: {{error}}"}}
with open(answer, "w") as file:
    json.dump(out, file)
"""


def _answer(submission: Path, assignment: Path, case: str, seconds: float) -> dict[str, Any]:
    """What the submission computes for a case, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answer.json"
        command = [
            sys.executable,
            "-c",
            _CHILD.format(paths=sys.path),
            str(file),
            str(assignment),
            str(submission),
            case,
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        try:
            subprocess.run(  # noqa: S603 - our own interpreter
                command, cwd=folder, env=environment, timeout=seconds, capture_output=True, check=False
            )
            return json.loads(file.read_text())
        except subprocess.TimeoutExpired:
            return {"error": f"not done within {seconds:g} seconds: an endless loop?"}
        except (OSError, ValueError):
            return {"error": "the program ended without an answer"}


def _judged(name: str, case: Case, answer: dict[str, Any]) -> Result:
    if "error" in answer:
        return Result(name, 0, case.points, str(answer["error"]))
    numbers, right, wrong = answer.get("numbers"), 0, ""
    if not isinstance(numbers, list) or len(numbers) != len(case.expected):
        return Result(name, 0, case.points, f"{len(case.expected)} results are asked for")
    for k, (got, want) in enumerate(zip(numbers, case.expected, strict=True)):
        got, want = np.asarray(got, float), np.asarray(want, float)
        if got.shape == want.shape and np.allclose(got, want, rtol=1e-6, atol=1e-8):
            right += 1
        elif not wrong:
            what = (
                f"shape {got.shape}, should be {want.shape}" if got.shape != want.shape else f"{got}, should be {want}"
            )
            wrong = f"result {k + 1}: got {what}".replace("\n", " ")
    feedback = f"{wrong}. {case.hint}".strip() if wrong else ""
    return Result(name, round(case.points * right / len(case.expected), 2), case.points, feedback)


def grade(submission: Submission, assignment: str | Path, seconds: float = 20) -> Grade:
    """Grade a submission by the cases of the file `assignment`; each case has `seconds` to finish.

    A submission is a file, or in a notebook the class or function itself, several in a list, or a dictionary of them
    by the names that the assignment asks for. One alone may have any name where the assignment asks for one (`NAMES`).
    Its program text is written to a file and graded like one, so it must not read what other cells computed.
    """
    assignment = Path(assignment).resolve()
    module = run_path(str(assignment))
    cases: dict[str, Case] = module["CASES"]
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(submission, str | Path):
            file = Path(submission).resolve()
        else:
            file = Path(folder) / "submission.py"
            file.write_text(source_of(_named(submission, module.get("NAMES", ()))))
        return Grade(
            tuple(_judged(name, case, _answer(file, assignment, name, seconds)) for name, case in cases.items())
        )


def _named(submission: Any, names: Sequence[str]) -> dict[str, Any]:
    """The objects of a submission by the names that the assignment asks for."""
    if isinstance(submission, Mapping):
        return dict(submission)
    objects = list(submission) if isinstance(submission, list | tuple) else [submission]
    if len(objects) == len(names) == 1:
        return {names[0]: objects[0]}
    return {each.__name__: each for each in objects}


def as_dict(result: Grade) -> dict[str, Any]:
    """A grade as plain dictionaries, for a notebook."""
    return asdict(result)
