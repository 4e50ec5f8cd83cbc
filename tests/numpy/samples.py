"""The table of sample calls: what every differentiable NumPy function is checked with.

    sample("quantile", d(X), 0.3, axis=0)

is the call `np.quantile(X, 0.3, axis=0)`, differentiated by what stands in `d(…)`, also inside lists and tuples.
`test_samples.py` compares its value with NumPy's and its first and second derivatives with numbers. Names are those
below numpy: "linalg.solve", "add.reduce". A theme a file, `samples_<theme>.py`, found by its name.
"""

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["SAMPLES", "Sample", "d", "every", "found", "sample"]


@dataclass(frozen=True, eq=False)
class d:  # noqa: N801 - it marks an argument and should be hardly seen
    """An argument that is differentiated."""

    data: Any


@dataclass(frozen=True)
class Sample:
    """One call of a NumPy function; `order` is how often it is differentiated."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    order: int = 2

    def __str__(self) -> str:
        shown = [_shown(x) for x in self.args] + [f"{key}={_shown(x)}" for key, x in self.kwargs.items()]
        return f"{self.name}({', '.join(shown)})"

    def leaves(self) -> list[Any]:
        """The arrays differentiated, in order."""
        return [np.asarray(x.data)[()] for x in _marked((self.args, self.kwargs))]

    def called(self, *leaves: Any) -> Any:
        """The NumPy function, with these in the places of the marked arguments."""
        given = dict(zip(_marked((self.args, self.kwargs)), leaves, strict=True))
        return found(self.name)(*_replaced(self.args, given), **_replaced(dict(self.kwargs), given))


SAMPLES: list[Sample] = []


def sample(name: str, *args: Any, order: int = 2, **kwargs: Any) -> None:
    """Enter a call."""
    SAMPLES.append(Sample(name, args, kwargs, order))


def found(name: str) -> Callable[..., Any]:
    """The NumPy function of a name."""
    return reduce(getattr, name.split("."), np)


def _shown(x: Any) -> str:
    if isinstance(x, d):
        return "d" + _shown(x.data)
    text = f"{x.shape}" if isinstance(x, np.ndarray) else repr(x)
    return re.sub(" at 0x[0-9a-f]+", "", text)[:30]  # an address would differ between test workers


def _marked(x: Any) -> Iterator[d]:
    if isinstance(x, d):
        yield x
    elif isinstance(x, list | tuple | dict):
        for inner in x.values() if isinstance(x, dict) else x:
            yield from _marked(inner)


def _replaced(x: Any, given: Mapping[d, Any]) -> Any:
    if isinstance(x, d):
        return given[x]
    if isinstance(x, dict):
        return {key: _replaced(inner, given) for key, inner in x.items()}
    return type(x)(_replaced(inner, given) for inner in x) if type(x) in (list, tuple) else x


def every() -> list[Sample]:
    """All samples of all themes."""
    for file in sorted(Path(__file__).parent.glob("samples_*.py")):
        importlib.import_module(f"{__package__}.{file.stem}")
    return SAMPLES
