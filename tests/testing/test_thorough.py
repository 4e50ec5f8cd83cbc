"""A thorough check looks at more inputs, and the pytest option makes all checks of a run thorough."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tinygrad_edu import GATES
from tinygrad_edu.errors import GradientError
from tinygrad_edu.testing import check_gate, gradcheck
from tinygrad_edu.testing.thorough import moved, rounds, thorough


def wrong_beyond_two(x):
    """x² with a gradient that is wrong beyond 2."""
    return x * x + (x.detach() * 0.1 * (x - x.detach()) if np.max(x.data) > 2 else 0)


def test_a_fault_close_by_is_found_by_a_longer_look():
    assert gradcheck(wrong_beyond_two, 2.0, order=1).ok
    with thorough(), pytest.raises(GradientError, match="gradient by input 0"):
        gradcheck(wrong_beyond_two, 2.0, order=1)
    assert rounds() == 1


def test_all_that_is_right_stays_right():
    with thorough(4):
        assert check_gate(GATES["log"], [0.001, 2.0]).ok  # 0.001 may be moved out of the domain
        assert check_gate(GATES["sqrt"], np.array([[0.001, 1.0], [50.0, 0.002]])).ok
        assert check_gate(GATES["where"], np.array([True, False]), [1.0, 2.0], [3.0, 4.0]).ok
        assert check_gate(GATES["inv"], np.array([[1.0, 2.0], [0.5, 3.0]])).ok


def test_only_what_is_differentiated_is_moved():
    x, index, fixed = np.ones(2), np.array([0, 1]), np.ones(2)
    a, b, c = moved([x, index, fixed], [0], 1)
    assert np.all(a != x)
    assert np.all(np.abs(a - x) < 0.12)
    assert b is index
    assert c is fixed


def test_the_option_makes_a_run_thorough(tmp_path):
    (tmp_path / "test_mine.py").write_text(
        "from tinygrad_edu.testing.thorough import rounds\nfrom hypothesis import settings\n"
        "def test_rounds():\n    print(rounds(), settings().max_examples)\n"
    )
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        os.devnull,
        "-p",
        "tinygrad_edu.testing.plugin",
        "-s",
        "-q",
        tmp_path,
    ]
    for more, expected in [([], "1 100"), (["--thorough"], "10 2000")]:
        done = subprocess.run([*map(str, command), *more], env=environment, capture_output=True, text=True, check=False)
        assert expected in done.stdout, done.stdout + done.stderr
