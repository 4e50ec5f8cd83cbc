"""Timing several ways to do one thing fairly: in turns, so that a busy machine slows all of them, with medians."""

from collections.abc import Callable, Mapping
from gc import collect
from statistics import median
from time import perf_counter

__all__ = ["in_turns", "table"]


def in_turns(
    ways: Mapping[str, Callable[[], object]], *, rounds: int = 15, seconds: float = 0.05, most: float = 5.0
) -> dict[str, float]:
    """Median seconds of one call of each way; a round calls each as often as fills about `seconds`.

    After three rounds a way that has taken `most` seconds is left out of the others.
    """
    calls = {}
    for name, way in ways.items():
        way()
        start = perf_counter()
        way()
        calls[name] = max(1, round(seconds / max(perf_counter() - start, 1e-9)))
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            if len(taken[name]) >= 3 and calls[name] * sum(taken[name]) > most:
                continue
            collect()  # each pays for its own garbage, not for that of the one before
            start = perf_counter()
            for _ in range(calls[name]):
                way()
            taken[name].append((perf_counter() - start) / calls[name])
    return {name: median(times) for name, times in taken.items()}


def table(times: Mapping[str, float], base: str) -> str:
    """Microseconds of each way, and how many times the base's."""
    width = max(map(len, times))
    return "\n".join(f"{name:<{width}}  {t * 1e6:>12,.0f} µs  {t / times[base]:>9.2f} x" for name, t in times.items())
