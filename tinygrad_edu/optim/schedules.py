"""Learning-rate schedules: plain functions of the step t = 0, 1, 2, …, the number of steps taken so far.

Each function here returns a schedule, to be given as `lr` (or another setting) or called: `cosine(0.1, 100)(50)`. They
compose: `warmup(5, then=cosine(0.1, 100))`, `every(steps_per_epoch, step_decay(0.1, 30))`. t may be fractional.

constant: `constant`, `piecewise`, `step_decay` · falling: `inverse_time`, `exponential`, `natural_exponential`,
`inverse_sqrt`, `polynomial`, `linear`, `cosine` · rising first: `warmup`, `one_cycle` · cyclic: `triangular`,
`warm_restarts`, `snapshot_cycles` · `every`, `linear_scaling` · `Plateau` looks at a metric. `schedule_plot` draws any.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import ceil, cos, exp, floor, inf, isfinite, pi, prod, sqrt
from typing import Any

from ..errors import SettingError
from .flat import as_number
from .optimizer import Rate, Schedule

__all__ = [
    "Plateau",
    "constant",
    "cosine",
    "every",
    "exponential",
    "inverse_sqrt",
    "inverse_time",
    "linear",
    "linear_scaling",
    "natural_exponential",
    "one_cycle",
    "piecewise",
    "polynomial",
    "snapshot_cycles",
    "step_decay",
    "triangular",
    "warm_restarts",
    "warmup",
]


def constant(rate: float) -> Schedule:
    """η₀ at every step.

    >>> constant(0.1)(7)
    0.1
    """
    return lambda t: rate


def as_schedule(rate: Rate) -> Schedule:
    """A number as a constant schedule, a schedule as it is."""
    return rate if callable(rate) else constant(rate)


def eased(share: float) -> float:
    """From 1 at share 0 to 0 at share 1, along half a cosine."""
    return (1 + cos(pi * share)) / 2


def piecewise(
    rate: float, milestones: Sequence[float], factors: Sequence[float], *, cumulative: bool = False
) -> Schedule:
    """η₀ before the first milestone Tᵢ, from t = Tᵢ on η₀ βᵢ (course 004, row `piecewise-constant-decay`).

    With `cumulative` each factor multiplies the rate before it, as PyTorch's MultiStepLR does. ValueError unless there
    is a factor for each milestone and the milestones rise.

    >>> rate = piecewise(0.1, [10, 20], [0.5, 0.1])
    >>> rate(9), rate(10), round(rate(20), 12)
    (0.1, 0.05, 0.01)
    """
    if len(milestones) != len(factors) or list(milestones) != sorted(milestones):
        raise SettingError(f"piecewise: factors {factors} must match rising milestones {milestones}, one each")
    reached = [prod(factors[: i + 1]) if cumulative else factor for i, factor in enumerate(factors)]
    return lambda t: rate * [1.0, *reached][bisect_right(milestones, t)]


def step_decay(rate: float, steps: float, factor: float = 0.1) -> Schedule:
    """η₀ γ^⌊t/k⌋: times `factor` every `steps` (course 001, row `step-decay`).

    >>> round(step_decay(0.1, 30)(65), 12)
    0.001
    """
    return lambda t: rate * factor ** floor(t / steps)


def inverse_time(rate: float, beta: float) -> Schedule:
    """η₀ / (1 + β t) (row `inverse-time-decay`).

    >>> inverse_time(0.1, 0.5)(2)
    0.05
    """
    return lambda t: rate / (1 + beta * t)


def exponential(rate: float, beta: float) -> Schedule:
    """η₀ βᵗ with β < 1 (row `exponential-decay`).

    >>> exponential(0.8, 0.5)(3)
    0.1
    """
    return lambda t: rate * beta**t


def natural_exponential(rate: float, beta: float) -> Schedule:
    """η₀ exp(−β t) (row `natural-exponential-decay`); course 001 calls this one exponential.

    >>> round(natural_exponential(0.1, 0.1)(10), 6)
    0.036788
    """
    return lambda t: rate * exp(-beta * t)


def inverse_sqrt(rate: float) -> Schedule:
    """η₀ / √t, and η₀ at t = 0 (course 004, row `adam-sqrt-decay`).

    A lecture that counts its steps from 1 has `lambda t: inverse_sqrt(rate)(t + 1)`.

    >>> inverse_sqrt(0.1)(4)
    0.05
    """
    return lambda t: rate / sqrt(max(t, 1))


def polynomial(rate: float, steps: float, power: float = 1.0, *, last: float = 0.0) -> Schedule:
    """(η₀ − last)(1 − t/T)^p + last until t = T = `steps`, then last.

    >>> polynomial(0.1, 10, power=2)(5)
    0.025
    """
    return lambda t: (rate - last) * (1 - min(t / steps, 1)) ** power + last


def linear(first: float, last: float, steps: float) -> Schedule:
    """From `first` to `last` in a straight line of `steps`, then last.

    >>> linear(0.0, 0.1, 10)(5)
    0.05
    """
    return lambda t: first + (last - first) * min(t / steps, 1)


def cosine(rate: float, steps: float, *, last: float = 0.0) -> Schedule:
    """½ η₀ (1 + cos(π t/T)) until t = T = `steps`, then last (row `cosine-decay`); with `last` the curve ends there.

    >>> round(cosine(0.1, 100)(50), 12)
    0.05
    """
    return lambda t: last + (rate - last) * eased(min(t / steps, 1))


def warmup(steps: float, then: Rate) -> Schedule:
    """η₀ t/T′ for t < T′ = `steps`, after that then(t − T′); η₀ is what `then` begins with.

    Gradual warm-up (Goyal et al. 2017; rows `gradual-warmup`, `warmup-then-decay`). `then` is a schedule or a number.

    >>> rate = warmup(5, then=cosine(0.1, 100))
    >>> rate(0), rate(1), rate(5)
    (0.0, 0.02, 0.1)
    """
    follows = as_schedule(then)
    return lambda t: follows(0) * t / steps if t < steps else follows(t - steps)


def every(steps: int, schedule: Schedule) -> Schedule:
    """`schedule` asked once in `steps`: schedule(⌊t/k⌋), e.g. a schedule of epochs (row `decay-granularity`).

    >>> every(100, exponential(0.1, 0.5))(250)
    0.025
    """
    return lambda t: schedule(floor(t / steps))


def linear_scaling(rate: float, base_batch: int, batch: int) -> float:
    """The rate for another batch size: rate · batch / base_batch (Goyal et al. 2017; row `linear-scaling-rule`).

    >>> linear_scaling(0.1, 256, 1024)
    0.4
    """
    return rate * batch / base_batch


def triangular(
    low: float, high: float, half: float, *, shrink: float = 1.0, shrink_low: float = 1.0, rise: float = 1.0
) -> Schedule:
    """Up from `low` to `high` in `half` steps and down again, over and over (Smith 2017; row `triangular-cyclic-lr`).

    With m = ⌊1 + t/(2 ΔT)⌋ and b = |t/ΔT − 2m + 1| the rate is lowₘ + (highₘ − lowₘ) max(0, 1 − b). Each cycle the
    height above `low` is multiplied by `shrink` (0.5 is PyTorch's triangular2) and `low` by `shrink_low`, so that both
    bounds can fall as in row `triangular2-cyclic-lr`. `rise` is an exponent for the shape of the flanks, 1 straight.

    >>> rate = triangular(0.1, 0.5, 4)
    >>> [round(rate(t), 2) for t in (0, 2, 4, 6, 8)]
    [0.1, 0.3, 0.5, 0.3, 0.1]
    """

    def schedule(t: float) -> float:
        cycle = floor(1 + t / (2 * half))
        distance = abs(t / half - 2 * cycle + 1)
        bottom = low * shrink_low ** (cycle - 1)
        return bottom + (high - low) * shrink ** (cycle - 1) * max(0.0, 1 - distance) ** rise

    return schedule


def warm_restarts(
    high: float, period: float, growth: float = 1.0, *, low: float = 0.0, shrink: float = 1.0
) -> Schedule:
    """Cosine from `high` to `low`, restarted; periods T, κT, κ²T … (SGDR, Loshchilov and Hutter 2017; row `sgdr`).

    `growth` is κ ≥ 1, `shrink` multiplies the height above `low` at each restart. ValueError for κ < 1.

    >>> rate = warm_restarts(0.1, 4, growth=2)
    >>> [round(rate(t), 3) for t in (0, 2, 4, 8, 12)]
    [0.1, 0.05, 0.1, 0.05, 0.1]
    """
    if growth < 1 or period <= 0:
        raise SettingError(f"warm_restarts: growth={growth} must be at least 1, period={period} above 0")

    def schedule(t: float) -> float:
        length, height = period, high - low
        if growth == 1:
            cycle, t = divmod(t, period)
            height *= shrink**cycle
        while t >= length:
            t, length, height = t - length, length * growth, height * shrink
        return low + height * eased(t / length)

    return schedule


def snapshot_cycles(rate: float, steps: int, cycles: int) -> Schedule:
    """½ α₀ (cos(π mod(t, C)/C) + 1) with C = ⌈T/M⌉: M cycles in T steps, each ending near 0 (Huang et al. 2017).

    The paper counts t from 1. Snapshots are taken at the ends of cycles (row `snapshot-ensemble`): `Snapshots`.

    >>> rate = snapshot_cycles(0.1, 100, 5)
    >>> rate(0), round(rate(10), 12), rate(20)
    (0.1, 0.05, 0.1)
    """
    return warm_restarts(rate, ceil(steps / cycles))


def one_cycle(
    high: float,
    steps: int,
    *,
    rising: float = 0.3,
    first_divisor: float = 25.0,
    last_divisor: float = 1e4,
    straight: bool = False,
) -> Schedule:
    """Up to `high` in the share `rising` of `steps`, then down to nearly nothing (Smith and Topin 2018).

    From high / first_divisor, to high / first_divisor / last_divisor at t = steps − 1, along cosines, or straight
    lines. PyTorch's OneCycleLR, without its momentum: give `betas` or `momentum` a schedule of its own.

    >>> rate = one_cycle(0.1, 101)
    >>> round(rate(0), 12), round(rate(29.3), 12), round(rate(100), 12)
    (0.004, 0.1, 4e-07)
    """
    first = high / first_divisor
    last = first / last_divisor
    top = rising * steps - 1

    def schedule(t: float) -> float:
        start, end, share = (first, high, t / top) if t <= top else (high, last, (t - top) / (steps - 1 - top))
        share = min(share, 1.0)
        return end + (start - end) * (1 - share if straight else eased(share))

    return schedule


class Plateau:
    """A rate that falls when a metric has stopped getting better; call `report(metric)` once an epoch.

    After more than `patience` reports without a new best (better by the relative `threshold`) the rate is multiplied by
    `factor`, not below `least`; then `cooldown` reports are not counted. `mode` is "min" for a loss, "max" for an
    accuracy. PyTorch's ReduceLROnPlateau, and right for negative metrics too. `state_dict` and `load_state_dict` carry
    it over to a later run.

    >>> rate = Plateau(0.1, factor=0.5, patience=1)
    >>> for loss in (1.0, 1.0, 1.0):
    ...     rate.report(loss)
    >>> rate(7)
    0.05
    """

    def __init__(
        self,
        rate: float,
        *,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        cooldown: int = 0,
        least: float = 0.0,
        mode: str = "min",
    ) -> None:
        if mode not in ("min", "max") or not 0 < factor < 1:
            raise SettingError(f"Plateau: mode={mode!r} must be 'min' or 'max', factor={factor} between 0 and 1")
        self.rate, self.factor, self.patience, self.threshold = rate, factor, patience, threshold
        self.cooldown, self.least, self.mode = cooldown, least, mode
        self.best = inf if mode == "min" else -inf
        self.waited = self.resting = 0

    def __call__(self, t: float) -> float:  # noqa: ARG002 - a schedule is asked for a step
        """The rate of the moment, whatever the step."""
        return self.rate

    def report(self, metric: float) -> None:
        """Note a metric, and lower the rate if it has not become better for too long. A nan is not better."""
        metric = as_number(metric)
        if self._better(metric):
            self.best, self.waited = metric, 0
        else:
            self.waited += 1
        if self.resting:
            self.resting, self.waited = self.resting - 1, 0
        if self.waited > self.patience:
            self.rate = max(self.rate * self.factor, self.least)
            self.waited, self.resting = 0, self.cooldown

    def _better(self, metric: float) -> bool:
        gain = self.best - metric if self.mode == "min" else metric - self.best
        return gain > (self.threshold * abs(self.best) if isfinite(self.best) else 0)

    def state_dict(self) -> dict[str, Any]:
        """Rate, best metric and counters."""
        return {name: getattr(self, name) for name in ("rate", "best", "waited", "resting")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self.__dict__.update({name: state[name] for name in self.state_dict()})
