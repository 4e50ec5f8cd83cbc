"""What is switched on while gates run: recording, the open group, the policy at ties.

`no_grad()` · `recording()` · `tracing()` · `group(name)` · `tie_policy(policy)`: context managers (also decorators),
safe for threads and tasks because the current `Mode` is a context variable. `constant`, `held`, `hold` and `unfrozen`
say to a trace what it must not freeze. Builds on `errors`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Literal

from .errors import GraphError

__all__ = [
    "Group",
    "Label",
    "Mode",
    "TiePolicy",
    "constant",
    "current_mode",
    "group",
    "held",
    "hold",
    "no_grad",
    "recording",
    "tie_policy",
    "tracing",
    "unfrozen",
]

TiePolicy = Literal["split", "first", "both"]


@dataclass(slots=True, eq=False)
class Group:
    """A named stretch of graph, drawn as one box that opens into its parts; `parent` is the group around it."""

    name: str
    parent: "Group | None" = None


Label = tuple[str | None, Group | None]  # what a node is called, and the group it was recorded in


@dataclass(slots=True)
class Mode:
    """The switches in force: `recording`, `everything` (also what needs no gradient), `ties`, and the `label` that
    nodes get, which says the open group.

    `trace` is who records in the engine's place while a function is compiled. A mode is never changed, only replaced;
    `frozen` would see to that, but makes one three times as slow to create, which each layer does at each call.
    """

    recording: bool = True
    everything: bool = False
    label: Label = (None, None)
    ties: TiePolicy = "split"
    trace: Any = None


_mode: ContextVar[Mode] = ContextVar("tinygrad_edu.mode", default=Mode())  # noqa: B039 - never changed
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
def tracing(trace: Any = None) -> Iterator[None]:
    """Gates inside record every Value they see, also those that need no gradient.

    A trace that left such inputs out would freeze the data it was made with into the program. `trace` records in the
    engine's place: gates call `trace.record(gate, inputs, settings)` and return what that makes.
    """
    with _switched(replace(current_mode(), recording=True, everything=True, trace=trace)):
        yield


def constant(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function of arrays that is constant for the derivative: a trace records the call, to be made anew."""

    @wraps(function)
    def way(*args: Any, **kwargs: Any) -> Any:
        trace = current_mode().trace
        return function(*args, **kwargs) if trace is None else trace.call(function, *args, **kwargs)

    return way


def unfrozen(what: str) -> Any:
    """The trace that records what happens anew at each call, or None; GraphError where nobody would record it."""
    mode = current_mode()
    if mode.everything and mode.trace is None:
        raise GraphError(f"{what} in training can't be traced: the trace would freeze it; call model.eval() first")
    return mode.trace


def held(owner: Any, name: str) -> Any:
    """An attribute that changes from call to call: as it is, or while tracing what stands for it."""
    trace = current_mode().trace
    return getattr(owner, name) if trace is None else trace.read(owner, name)


def hold(owner: Any, name: str, new: Any) -> None:
    """Set an attribute; while tracing, have the program set it at each run."""
    trace = unfrozen(f"changing {name}")
    if trace is None:
        setattr(owner, name, new)
    else:
        trace.write(owner, name, new)


class group:  # noqa: N801 - used like the other context managers; a class, since every layer opens one at every call
    """Values recorded inside belong to a group called `name`, which a drawing shows as one box that can be opened.

    >>> import numpy as np
    >>> from tinygrad_edu import Value, group
    >>> x = Value(1.0)
    >>> with group("square plus one"):
    ...     y = x * x + 1
    >>> y.group.name
    'square plus one'
    """

    __slots__ = ("_token", "name")

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> Group:
        mode = current_mode()
        opened = Group(self.name, mode.label[1])
        self._token = _mode.set(Mode(mode.recording, mode.everything, (None, opened), mode.ties, mode.trace))
        return opened

    def __exit__(self, *_: object) -> None:
        _mode.reset(self._token)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def grouped(*args: Any, **kwargs: Any) -> Any:
            with group(self.name):
                return function(*args, **kwargs)

        return grouped


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
