"""Homework graded by its numbers: `grade(submission, assignment)` with partial credit and a word on each property.

`grade` · `Grade` (readable `str`, `.json()` for Gradescope and nbgrader) · `Result`; `Case` comes from `cases`. A
submission runs in a process of its own (`confined`) with a time limit, without network, files and other packages; it
hands back numbers, and the numbers are judged here. So nothing that it prints, catches or exits with can pass it. It
is no jail: who reads the assignment can write its numbers down, where they are not drawn. Builds on `sources`.

An assignment is a Python file with `CASES`: a name for each property and its `Case`; `drawn(random)` gives further ones
with other numbers each time, `NAMES` says what is asked for, `MODULES` what may be imported besides NumPy.
"""

import html
import json
import os
import signal
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import randbits
from typing import Any

import numpy as np

from .cases import Case, cases_of
from .sources import source_of

__all__ = ["Case", "Grade", "Result", "grade"]


Submission = str | Path | type | Callable[..., Any] | Sequence[Any] | Mapping[str, Any]


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


_CHILD = "import sys; sys.path[:] = {paths!r}; from tinygrad_edu.testing.confined import main; main()"
_PASSED_ON = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT")
_MOST_BYTES = 1 << 20


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    """What the submission computes for a case, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file, seconds = Path(folder) / "answer.json", order["seconds"]
        if not _ran({**order, "answer": str(file)}, folder, seconds):
            return {"error": f"not done within {seconds:g} seconds: an endless loop?"}
        try:
            with file.open("rb") as opened:
                answer = json.loads(opened.read(_MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            answer = None
        return answer if isinstance(answer, dict) else {"error": "the program ended without an answer"}


def _ran(order: dict[str, Any], folder: str, seconds: float) -> bool:
    """Run the confined process, and say whether it ended by itself; what it started ends with it."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-I", "-B", "-c", _CHILD.format(paths=[path for path in sys.path if path])]
    child = subprocess.Popen(  # noqa: S603 - our own interpreter
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        child.communicate(json.dumps(order).encode(), timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    finally:
        _ended(child)
    return True


def _ended(child: "subprocess.Popen[bytes]") -> None:
    """End a process and all of its group."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
    child.wait()


def _plain(text: Any) -> str:
    """What a submission says, in one line: nothing that moves a cursor or begins a line of its own."""
    return "".join(c if c.isprintable() else " " for c in str(text)[:300])


def _numbers(got: Any) -> Any:
    """A result as an array, None if it is none."""
    try:
        return np.asarray(got, float)
    except (TypeError, ValueError, OverflowError):
        return None


def _judged(name: str, case: Case, answer: dict[str, Any]) -> Result:
    if "error" in answer:
        return Result(name, 0, case.points, _plain(answer["error"]))
    numbers, right, wrong = answer.get("numbers"), 0, ""
    if not isinstance(numbers, list) or len(numbers) != len(case.expected):
        return Result(name, 0, case.points, f"{len(case.expected)} results are asked for")
    for k, (got, want) in enumerate(zip(map(_numbers, numbers), case.expected, strict=True)):
        want = np.asarray(want, float)
        if got is not None and got.shape == want.shape and np.allclose(got, want, rtol=1e-6, atol=1e-8):
            right += 1
        elif not wrong:
            wrong = f"result {k + 1}: got {_difference(got, want)}".replace("\n", " ")
    feedback = f"{wrong}. {case.hint}".strip() if wrong else ""
    return Result(name, round(case.points * right / len(case.expected), 2), case.points, feedback)


def _difference(got: Any, want: Any) -> str:
    if got is None:
        return f"no array of numbers, should be {want}"
    return f"shape {got.shape}, should be {want.shape}" if got.shape != want.shape else f"{got}, should be {want}"


def grade(submission: Submission, assignment: str | Path, seconds: float = 20, seed: int | None = None) -> Grade:
    """Grade a submission by the cases of the file `assignment`; each case has `seconds` to finish.

    A submission is a file, or in a notebook the class or function itself, several in a list, or a dictionary of them
    by the names that the assignment asks for. One alone may have any name where the assignment asks for one (`NAMES`).
    Its program text is written to a file and graded like one, so it must not read what other cells computed. `seed`
    repeats the cases that an assignment draws (`drawn`), which are others at each grading.
    """
    rules = _text(assignment)
    seed = randbits(64) if seed is None else seed
    cases, names = cases_of(rules, seed)
    if isinstance(submission, str | Path):
        text = _text(submission)
    else:
        text = source_of(_named(submission, names.get("NAMES", ())))
    order = {"assignment": rules, "submission": text, "seed": seed, "seconds": seconds,
             "modules": list(names.get("MODULES", ()))}  # fmt: skip
    return Grade(tuple(_judged(name, case, _answer({**order, "case": name})) for name, case in cases.items()))


def _text(path: str | Path) -> str:
    """A program's text, in the encoding that it states."""
    with tokenize.open(path) as file:
        return file.read()


def _named(submission: Any, names: Sequence[str]) -> dict[str, Any]:
    """The objects of a submission by the names that the assignment asks for."""
    if isinstance(submission, Mapping):
        return dict(submission)
    objects = list(submission) if isinstance(submission, list | tuple) else [submission]
    if len(objects) == len(names) == 1:
        return {names[0]: objects[0]}
    return {each.__name__: each for each in objects}
