"""Every method in its variants: ours, PyTorch's where it has one, else an oracle that goes number by number."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

from tinygrad_edu import optim

Oracle = Callable[..., Iterator[float]]


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[Any], optim.Optimizer]
    peer: tuple[str, dict[str, Any]] | None = None  # PyTorch's class and settings
    oracle: Oracle | None = None  # a generator for one number: is sent gradients, yields what θ changes by


def both(kind: str, label: str = "", **settings: Any) -> Case:
    """The same class and settings here and in PyTorch."""
    name = f"{kind}{' ' + label if label else ''}"
    return Case(name, lambda params: getattr(optim, kind)(params, **settings), peer=(kind, settings))


def ours(kind: str, label: str, oracle: Oracle, **settings: Any) -> Case:
    return Case(f"{kind} {label}", lambda params: getattr(optim, kind)(params, **settings), oracle=oracle)


def momentum(enters: float, leaves: float, rho: float) -> Oracle:
    def oracle() -> Iterator[float]:
        v, g = 0.0, (yield 0.0)
        while True:
            v = rho * v + enters * g
            g = yield -leaves * v

    return oracle


def scheduled(enters: Callable[[float], float], leaves: Callable[[float], float]) -> Oracle:
    def oracle() -> Iterator[float]:
        v, t, g = 0.0, 0, (yield 0.0)
        while True:
            rate = 0.02 * 0.9**t
            v, t = 0.9 * v + enters(rate) * g, t + 1
            g = yield -leaves(rate) * v

    return oracle


def adagrad_inside() -> Iterator[float]:
    r, g = 0.0, (yield 0.0)
    while True:
        r += g * g
        g = yield -0.3 * g / sqrt(r + 0.1)


def rmsprop_inside() -> Iterator[float]:
    r, g = 0.0, (yield 0.0)
    while True:
        r = 0.9 * r + 0.1 * g * g
        g = yield -0.02 * g / sqrt(r + 0.1)


def adadelta_two_rates() -> Iterator[float]:
    r = s = 0.0
    g = yield 0.0
    while True:
        r = 0.9 * r + 0.1 * g * g
        delta = g * sqrt(s + 1e-3) / sqrt(r + 1e-3)
        s = 0.7 * s + 0.3 * delta * delta
        g = yield -delta


def adam(*, inside: float = 0.0, outside: float = 0.0, corrected: bool = True, beta2: float = 0.999) -> Oracle:
    def oracle() -> Iterator[float]:
        m, v, t, g = 0.0, 0.0, 0, (yield 0.0)
        while True:
            t += 1
            m, v = 0.9 * m + 0.1 * g, beta2 * v + (1 - beta2) * g * g
            first, second = (m / (1 - 0.9**t), v / (1 - beta2**t)) if corrected else (m, v)
            g = yield -0.05 * first / (sqrt(second + inside) + outside)

    return oracle


def nadam_keras() -> Iterator[float]:
    m, v, t, g = 0.0, 0.0, 0, (yield 0.0)
    while True:
        t += 1
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        mu = [0.9 * (1 - 0.5 * 0.96**i) for i in range(1, t + 2)]
        mean = mu[-1] * m / (1 - prod(mu)) + (1 - mu[-2]) * g / (1 - prod(mu[:-1]))
        g = yield -0.02 * mean / (sqrt(v / (1 - 0.999**t)) + 1e-8)


def lion() -> Iterator[float]:
    m, g = 0.0, (yield 0.0)
    while True:
        c = 0.9 * m + 0.1 * g
        m = 0.99 * m + 0.01 * g
        g = yield -0.02 * ((c > 0) - (c < 0))


TORCH = [
    both("SGD", lr=0.02),
    both("SGD", "momentum", lr=0.01, momentum=0.9),
    both("SGD", "dampened", lr=0.03, momentum=0.9, dampening=0.4),
    both("SGD", "nesterov, decay", lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.1),
    both("SGD", "maximize", lr=1e-4, maximize=True),
    both("Adagrad", lr=0.3),
    both("Adagrad", "all settings", lr=0.3, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5, eps=0.1),
    both("Adadelta", eps=1e-3),
    both("Adadelta", "rate, decay", lr=0.5, rho=0.95, weight_decay=0.1),
    both("RMSprop", lr=0.02),
    both("RMSprop", "momentum", lr=0.01, alpha=0.9, momentum=0.8, weight_decay=0.1),
    both("RMSprop", "centered", lr=0.01, centered=True, eps=0.1),
    both("RMSprop", "centered, momentum", lr=0.01, centered=True, momentum=0.5, eps=0.1),
    both("Adam", lr=0.05),
    both("Adam", "decay, eps", lr=0.05, betas=(0.8, 0.99), eps=0.1, weight_decay=0.1),
    both("Adam", "amsgrad", lr=0.05, amsgrad=True, betas=(0.9, 0.9)),
    both("Adam", "decoupled", lr=0.05, weight_decay=0.1, decoupled_weight_decay=True),
    both("Adam", "maximize, decay", lr=0.01, weight_decay=0.1, maximize=True),
    both("AdamW", lr=0.05, weight_decay=0.1),
    both("AdamW", "amsgrad", lr=0.05, amsgrad=True),
    both("NAdam", lr=0.05),
    both("NAdam", "decay", lr=0.05, weight_decay=0.1, momentum_decay=0.1),
    both("NAdam", "decoupled", lr=0.05, weight_decay=0.1, decoupled_weight_decay=True),
    both("Adamax", lr=0.05, weight_decay=0.1),
    both("RAdam", lr=0.05, weight_decay=0.1),
    both("RAdam", "early", lr=0.02, betas=(0.9, 0.9), decoupled_weight_decay=True, weight_decay=0.1),
    both("Rprop"),
    both("Rprop", "settings", lr=0.05, etas=(0.4, 1.3), step_sizes=(1e-3, 0.2)),
]
DECAYING = {"lr": lambda t: 0.02 * 0.9**t}
OURS = [
    ours("Momentum", "torch", momentum(1, 0.01, 0.9), lr=0.01),
    ours("Momentum", "classic", momentum(-0.01, -1, 0.9), lr=0.01, form="classic"),
    ours("Momentum", "subtracted", momentum(0.01, 1, 0.8), lr=0.01, momentum=0.8, form="subtracted"),
    ours("Momentum", "ema", momentum(0.1, 0.05, 0.9), lr=0.05, form="ema"),
    ours("Momentum", "torch, scheduled", scheduled(lambda _: 1, lambda rate: rate), **DECAYING),
    ours("Momentum", "classic, scheduled", scheduled(lambda rate: -rate, lambda _: -1), form="classic", **DECAYING),
    ours("Momentum", "ema, scheduled", scheduled(lambda _: 0.1, lambda rate: rate), form="ema", **DECAYING),
    ours("Adagrad", "inside", adagrad_inside, lr=0.3, eps=0.1, eps_inside_sqrt=True),
    ours("RMSprop", "inside", rmsprop_inside, lr=0.02, alpha=0.9, eps=0.1, eps_inside_sqrt=True),
    ours("Adadelta", "two rates", adadelta_two_rates, eps=1e-3, rho_update=0.7),
    ours("Adam", "inside", adam(inside=0.1), lr=0.05, eps=0.1, eps_inside_sqrt=True),
    ours("Adam", "course 004", adam(inside=1e-8, beta2=0.99), lr=0.05, betas=(0.9, 0.99), eps_inside_sqrt=True),
    ours("Adam", "uncorrected", adam(outside=0.1, corrected=False), lr=0.05, eps=0.1, bias_correction=False),
    ours("NAdam", "Keras", nadam_keras, lr=0.02, momentum_decay=1.0),
    ours("Lion", "", lion, lr=0.02),
]
