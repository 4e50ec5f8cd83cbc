"""The text of a program beside the function that runs."""

from typing import Any

import numpy as np


def text_is_what_runs(made: Any, *arrays: Any) -> None:
    """The printed source, run by itself, gives what the program gives bit for bit."""
    variant, scope = made._made(), dict[str, Any]()
    exec(made.source, scope)  # noqa: S102 - our own
    given = [*arrays, *variant.inputs()]
    wanted = [np.array(x) for x in variant.run(*given)]
    for a, b in zip(wanted, scope[variant.program.name](*given), strict=True):
        np.testing.assert_array_equal(a, b)
