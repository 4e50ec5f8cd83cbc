"""Averages of weights, and snapshots of them. Builds on the engine's `Value`.

`Averaged` (the plain mean of Polyak and Ruppert, an exponential average, SWA) · `Snapshots` (members of an ensemble) ·
`exponential_average` of numbers.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import GraphError, SettingError
from ..modes import current_mode

__all__ = ["Averaged", "Snapshots", "exponential_average"]

Array = Any


def exponential_average(numbers: Iterable[float], alpha: float, *, corrected: bool = False) -> list[float]:
    """s ← α s + (1 − α) x from s = 0, for each x; divided by 1 − αᵗ if `corrected` (row `ema-window`).

    The weight of the k-th last number is (1 − α) αᵏ: half of it lies in the last ln ½ / ln α.

    >>> exponential_average([1.0, 1.0], 0.5), exponential_average([1.0, 1.0], 0.5, corrected=True)
    ([0.5, 0.75], [1.0, 1.0])
    """
    averages, s = [], 0.0
    for t, x in enumerate(numbers, 1):
        s = alpha * s + (1 - alpha) * x
        averages.append(s / (1 - alpha**t) if corrected else s)
    return averages


def _leaves(owner: Any, params: Iterable[Value]) -> list[Value]:
    """Each once; TypeError for what is no Value."""
    found = list(dict.fromkeys(params))
    if wrong := [type(p).__name__ for p in found if not isinstance(p, Value)]:
        raise TypeError(f"{type(owner).__name__}: {wrong[0]} is no parameter; pass Values, e.g. net.parameters()")
    return found


def laid_out(params: list[Value]) -> Array:
    """The parameters end to end, copied, in the widest of their dtypes; GraphError while a function is compiled."""
    if current_mode().trace is not None:
        raise GraphError("a program would take the weights once, as it is made: average them after the compiled step")
    return np.concatenate([np.ravel(p._data) for p in params])


def put_back(params: list[Value], theta: Array) -> None:
    """Give every parameter its part of θ, in its own shape and dtype; graphs recorded before become stale."""
    start = 0
    for p in params:
        part = theta[start : start + p.size].reshape(p.shape)
        p._assign(part if np.iscomplexobj(p._data) else part.real)
        start += p.size


@contextmanager
def holding(params: list[Value], theta: Array) -> Iterator[None]:
    """Parameters that are θ for a while, and then again what they were, bit for bit."""
    before = [p.numpy() for p in params]
    put_back(params, theta)
    try:
        yield
    finally:
        for p, array in zip(params, before, strict=True):
            p._assign(array)


class Averaged:
    """An average of the weights along the way; call `update()` after each step.

        decay=None   θ̄ ← θ̄ + (θ − θ̄) / n          the mean of all (Polyak and Juditsky 1992; row `polyak-mean`)
        decay=δ      θ̄ ← δ θ̄ + (1 − δ) θ          exponential, first θ̄ = θ (row `polyak-ema`, δ = 0.995)

    Stochastic weight averaging (SWA, Izmailov et al. 2018) is the mean of every `every`-th state from the call `start`
    on. `with average.applied(): …` evaluates at θ̄ and comes back; `average.load()` stays there. Running statistics of
    batch normalisation belong to the old weights: run the training data through the averaged network once.

    >>> w = Value(0.0)
    >>> average = Averaged([w])
    >>> for number in (1.0, 2.0, 6.0):
    ...     w.data = number
    ...     average.update()
    >>> with average.applied():
    ...     w.item()
    3.0
    >>> w.item()
    6.0
    """

    def __init__(self, params: Iterable[Value], decay: float | None = None, *, start: int = 0, every: int = 1) -> None:
        self.params = _leaves(self, params)
        if not self.params or not (decay is None or 0 <= decay < 1) or every < 1:
            raise SettingError(
                f"Averaged: needs parameters, decay={decay} in [0, 1) or None, every={every} of at least 1"
            )
        self.decay, self.start, self.every = decay, start, every
        self.calls = self.count = 0
        self.theta: Array = None

    def update(self) -> None:
        """Take the present weights into the average, if it is their turn."""
        due = self.calls >= self.start and (self.calls - self.start) % self.every == 0
        self.calls += 1
        if not due:
            return
        theta = laid_out(self.params)
        self.count += 1
        if self.count == 1:
            self.theta = theta
            return
        theta -= self.theta
        theta *= 1 / self.count if self.decay is None else 1 - self.decay
        self.theta += theta

    def _average(self) -> Array:
        if self.theta is None:
            raise GraphError(f"Averaged: nothing was averaged yet; call update() after a step (from {self.start} on)")
        return self.theta

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The parameters are the average inside, and again themselves outside."""
        with holding(self.params, self._average()):
            yield

    def load(self) -> None:
        """Make the parameters the average, for good."""
        put_back(self.params, self._average())

    def state_dict(self) -> dict[str, Any]:
        """The average and its counts."""
        theta = None if self.theta is None else self.theta.copy()
        return {"theta": theta, "calls": self.calls, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self.theta = None if state["theta"] is None else np.array(state["theta"])
        self.calls, self.count = int(state["calls"]), int(state["count"])


class Snapshots:
    """States of one network along its way, as members of an ensemble (Huang et al. 2017; row `snapshot-ensemble`).

    Call `update()` after each step: every `every` steps, where a cyclic rate is lowest, it keeps the weights.
    Going over the snapshots puts each into the parameters in turn, and afterwards the present weights again.

    >>> w = Value(0.0)
    >>> snapshots = Snapshots([w], every=2)
    >>> for number in (1.0, 2.0, 3.0, 4.0):
    ...     w.data = number
    ...     snapshots.update()
    >>> [w.item() for _ in snapshots]
    [2.0, 4.0]
    """

    def __init__(self, params: Iterable[Value], every: int = 1) -> None:
        self.params, self.every = _leaves(self, params), every
        self.calls = 0
        self.thetas: list[Array] = []

    def __len__(self) -> int:
        return len(self.thetas)

    def update(self) -> None:
        """Count a step, and keep the weights at the end of a cycle."""
        self.calls += 1
        if self.calls % self.every == 0:
            self.take()

    def take(self) -> None:
        """Keep the present weights."""
        self.thetas.append(laid_out(self.params))

    def __iter__(self) -> Iterator[int]:
        for i, theta in enumerate(self.thetas):
            with holding(self.params, theta):
                yield i

    def load(self, i: int) -> None:
        """Make the parameters snapshot i, for good."""
        put_back(self.params, self.thetas[i])
