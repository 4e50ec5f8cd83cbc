"""What is switched on while gates run: recording, the open group, the policy at ties.

`no_grad()` · `recording()` · `tracing()` · `group(name)` · `tie_policy(policy)`: context managers (also decorators),
safe for threads and tasks because the current `Mode` is a context variable. Builds on nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["Group", "Mode", "TiePolicy", "current_mode", "group", "no_grad", "recording", "tie_policy", "tracing"]

TiePolicy = Literal["split", "first", "both"]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A named stretch of graph, drawn as one box that opens into its parts; `parent` is the group around it."""

    name: str
    parent: "Group | None" = None


@dataclass(frozen=True, slots=True)
class Mode:
    """The switches in force: `recording`, `everything` (also what needs no gradient), the open `group`, `ties`."""

    recording: bool = True
    everything: bool = False
    group: Group | None = None
    ties: TiePolicy = "split"


_mode: ContextVar[Mode] = ContextVar("tinygrad_edu.mode", default=Mode())  # noqa: B039 - frozen
current_mode = _mode.get


@contextmanager
def _switched(mode: Mode) -> Iterator[Mode]:
    token = _mode.set(mode)
    try:
        yield mode
    finally:
        _mode.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Gates inside record nothing: results are constants.

    >>> from tinygrad_edu import Value, no_grad
    >>> with no_grad():
    ...     y = Value(3.0) * 2
    >>> y.requires_grad
    False
    """
    with _switched(replace(current_mode(), recording=False)):
        yield


@contextmanager
def recording() -> Iterator[None]:
    """Gates inside are recorded, also within `no_grad`: a derivative taken there needs its own graph."""
    with _switched(replace(current_mode(), recording=True)):
        yield


@contextmanager
def tracing() -> Iterator[None]:
    """Gates inside record every Value they see, also those that need no gradient.

    A trace that left such inputs out would freeze the data it was made with into the program.
    """
    with _switched(replace(current_mode(), recording=True, everything=True)):
        yield


@contextmanager
def group(name: str) -> Iterator[Group]:
    """Values recorded inside belong to a group called `name`, which a drawing shows as one box that can be opened.

    >>> import numpy as np
    >>> from tinygrad_edu import Value, group
    >>> x = Value(1.0)
    >>> with group("square plus one"):
    ...     y = x * x + 1
    >>> y.group.name
    'square plus one'
    """
    opened = Group(name, current_mode().group)
    with _switched(replace(current_mode(), group=opened)):
        yield opened


@contextmanager
def tie_policy(policy: TiePolicy) -> Iterator[None]:
    """Who gets the gradient when several inputs of max, min, maximum, minimum or clip are equal winners.

    `"split"` (the default) shares it evenly, a valid subgradient; `"first"` gives all to the first winner;
    `"both"` gives all to every winner, the rule ∂max/∂x = 1(x ≥ y) of course 001 (row `max-gate`), whose shares sum to
    more than one. The policy in force when the gate is recorded counts.

    >>> import numpy as np
    >>> from tinygrad_edu import Value, tie_policy
    >>> x, y = Value(2.0), Value(2.0)
    >>> with tie_policy("both"):
    ...     np.maximum(x, y).backward()
    >>> float(x.grad), float(y.grad)
    (1.0, 1.0)
    """
    if policy not in ("split", "first", "both"):
        raise ValueError(f"tie_policy: {policy!r} is not a policy; choose 'split', 'first' or 'both'")
    with _switched(replace(current_mode(), ties=policy)):
        yield
