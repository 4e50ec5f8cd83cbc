"""The other benchmarks run, compare the same thing, and write their page; what they cost is not asserted."""

from pathlib import Path

import numpy as np
import pytest

from . import import_time, memory, page, scalar_demo, second_derivatives
from .peak import forgotten
from .workloads import WORKLOADS


@pytest.mark.slow
@pytest.mark.parametrize("task", second_derivatives.TASKS)
def test_second_derivatives_agree(task: str) -> None:
    assert "tinygrad_edu" in second_derivatives.ways(task)


def test_a_wrong_second_derivative_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        second_derivatives,
        "MAKERS",
        {"tinygrad_edu": second_derivatives.ours, "wrong": lambda task: lambda: np.eye(20)},
    )
    with pytest.raises(AssertionError, match="wrong"):
        second_derivatives.ways("Hessian")


def test_an_import_takes_time(tmp_path: Path) -> None:
    seconds, megabytes = import_time.costs("json", str(tmp_path))
    assert seconds > 0
    assert megabytes >= 0


@pytest.mark.slow
def test_a_step_takes_the_memory_of_what_it_keeps() -> None:
    _, deep = memory.measure("20 × (linear 100, BatchNorm, ReLU), batch 128, momentum", "ours, eager")
    _, patches = memory.measure("CNN 32×32×3, batch 64, Adam", "by hand, planned")
    kept = 4 * 64 * (27 * 32 * 32 + 288 * 16 * 16) / 2**20  # of the two convolutions, float32
    assert deep < kept < patches


@pytest.mark.slow
@pytest.mark.skipif(not forgotten(), reason="the system does not forget the largest size")
def test_tracing_takes_no_more_than_the_steps_that_follow() -> None:
    once, always = memory.measure("CNN 32×32×3, batch 64, Adam", "ours, compiled")
    assert once < 1.1 * always


def test_a_page_keeps_the_sections_of_others(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    page.write("steps", {1: "| a | b |\n| --- | ---: |\n| c | 1 |\n"}, path)
    page.write("gates", {1: "plain\n", 2: "plainer\n"}, path)
    page.write("steps", {2: "| new |\n"}, path)
    text = path.read_text()
    assert text.startswith(page.INTRODUCTION)
    assert text.count("## steps") == text.count("## gates") == 1
    assert "| c | 1 |" not in text
    assert "2 threads:\n\n| new |\n" in text
    assert "1 thread:\n\n```text\nplain\n```\n\n2 threads:\n\n```text\nplainer\n```\n" in text


def test_the_page_has_no_sections_but_the_benchmarks() -> None:
    from .__main__ import BENCHMARKS

    sections = [line[3:] for line in page.PAGE.read_text().splitlines() if line.startswith("## ")]
    assert set(sections) <= set(BENCHMARKS)
    assert "steps" in sections
    assert WORKLOADS.keys() == {name for name in WORKLOADS if f"| {name} |" in page.PAGE.read_text()}


@pytest.mark.slow
def test_the_demo_of_scalars_finds_the_same_gradients_everywhere() -> None:
    assert "tinygrad_edu, compiled" in scalar_demo.ways()
    assert scalar_demo.looped("tinygrad_edu, compiled", seconds=0) > 0


def test_a_wrong_gradient_in_the_demo_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"some": lambda: lambda: [1.0, 2.0], "wrong": lambda: lambda: [1.0, 2.1]}
    monkeypatch.setattr(scalar_demo, "MAKERS", wrong)
    with pytest.raises(AssertionError, match="wrong"):
        scalar_demo.ways()
