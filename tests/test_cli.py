"""The command line: what it prints, where it writes, and one line with status 2 for wrong use."""

import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_edu.cli import main
from tinygrad_edu.drawing.render import bundled

NEURON = ["sigmoid(w0*x0 + w1*x1 + w2)", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]


@pytest.mark.skipif(bundled() is None, reason="the extra `lessons` brings the renderer")
def test_draw_prints_every_gate_and_says_where_the_picture_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["draw", *NEURON]) == 0
    out = capsys.readouterr().out
    assert "= 0.73, drawn in circuit.svg" in out
    for gradient in ("−0.20", "0.39", "−0.39", "−0.59", "0.20"):
        assert f" {gradient}\n" in out
    assert (tmp_path / "circuit.svg").read_text().count("0.73") >= 1


def test_open_and_style_and_output_are_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "neuron.dot"
    assert main(["draw", *NEURON, "-o", str(path), "--open", "sigmoid", "--style", "nodes", "--precision", "4"]) == 0
    assert "0.7311" in capsys.readouterr().out
    assert "exp" in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["draw", "x +"], "not a formula"),
        (["draw", "x*2"], "no number for x"),
        (["draw", "x*2", "x=two"], "'two' is not a number"),
        (["draw", "x*2", "x"], "write NAME=NUMBER"),
        (["draw", "x*2", "x=1", "x=2"], "given twice"),
        (["draw", "x*2", "x=1", "-o", "a.gif"], "the ending says"),
        (["draw", "x*2", "x=1", "-o", "/nowhere/at/all.dot"], "No such file"),
        (["draw", "x", "x=1"], "nothing to draw"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["paint"], ["draw"], ["draw", "x", "--style", "oil"]])
def test_unknown_arguments_are_one_line_and_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_python_m_runs_the_same() -> None:
    command = [sys.executable, "-m", "tinygrad_edu", "draw", "x +"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tinygrad-edu: ")
    assert "Traceback" not in done.stderr


def test_a_fault_of_our_own_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinygrad_edu.drawing.table", lambda *_: int("not a number"))
    with pytest.raises(ValueError, match="invalid literal"):
        main(["draw", "x*2", "x=1"])


def test_lesson_and_exercise_write_their_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, key = tmp_path / "page.html", tmp_path / "key.txt"
    assert main(["lesson", *NEURON, "--out", str(page), "--open", "sigmoid"]) == 0
    assert "is played in" in capsys.readouterr().out
    assert "−0.59" in page.read_text()
    assert main(["exercise", *NEURON, "--out", str(page), "--blanks", "3", "--seed", "4", "--key", str(key)]) == 0
    assert "asks for 3 numbers" in capsys.readouterr().out
    assert len(key.read_text().splitlines()) == 4
    assert main(["exercise", *NEURON, "--out", str(page), "--blanks", "0"]) == 2
    assert "nothing to ask for" in capsys.readouterr().err
