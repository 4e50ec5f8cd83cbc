"""Groups that repeat: neighbours that do the same with the same shapes are one box "block ×12" while they are closed.

`repeats(record)` finds the runs, `first_only` leaves of opened runs the first open. Builds on `record`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..engine import Value
from ..modes import Group
from .record import Made

__all__ = ["FEWEST", "Runs", "first_only", "plain_name", "repeats", "upward"]

FEWEST = 3  # neighbours that are drawn as one

Runs = dict[Group, tuple[Group, ...]]
"""Every group that repeats, with the whole run it belongs to."""


def upward(group: Group | None) -> Iterator[Group]:
    """A group and those around it, innermost first."""
    while group is not None:
        yield group
        group = group.parent


def plain_name(group: Group) -> str:
    """The name without the number that nn gives a layer in a list: "3: Block" is a Block."""
    return _unnumbered(group.name)


@lru_cache(maxsize=4096)
def _unnumbered(name: str) -> str:
    return re.sub(r"^\d+: ", "", name)


def repeats(record: Sequence[Made]) -> Runs:
    """All runs of at least three neighbours, directly after one another in the group around them, that are alike."""
    inside: dict[Group, list[Made]] = {}
    order: dict[Group | None, list[Group | None]] = {}
    for made in record:
        if made.gate is None:
            continue
        chain = [*upward(made.group)]
        for group in chain:
            inside.setdefault(group, []).append(made)
        for child, parent in zip([None, *chain], [*chain, None], strict=True):
            line = order.setdefault(parent, [])
            if not line or line[-1] is not child or child is None:
                line.append(child)
    runs: Runs = {}
    keys = {group: _key(group, mades) for group, mades in inside.items()}
    for line in order.values():
        runs.update({group: run for run in _alike(line, keys) for group in run})
    return runs


def _alike(line: list[Group | None], keys: dict[Group, Any]) -> Iterator[tuple[Group, ...]]:
    run: list[Group] = []
    for group in [*line, None]:
        if group is not None and run and keys[group] == keys[run[-1]]:
            run.append(group)
            continue
        if len(run) >= FEWEST and len(set(run)) == len(run):
            yield tuple(run)
        run = [group] if group is not None else []


def _key(group: Group, mades: list[Made]) -> tuple[Any, ...]:
    """What a group computes, whatever the numbers: gates, settings, shapes, and what is wired to what."""
    known: dict[Any, tuple[str, int]] = {}
    parts: list[Any] = [plain_name(group)]
    for k, made in enumerate(mades):
        wired = []
        for x in made.inputs:
            wired.append(known.setdefault(x, ("from outside", len(known))) if isinstance(x, Value) else np.shape(x))
        names = [plain_name(each) for each in upward(made.group) if each is not group]
        parts.append((str(made.gate), np.shape(made.value._data), repr(made.settings), tuple(wired), tuple(names)))
        known[made.value] = ("inside", k)
    return tuple(parts)


def first_only(opened: set[Group], runs: Runs) -> set[Group]:
    """The open groups without those that repeat an earlier one, or lie inside such."""
    later = {group for group, run in runs.items() if group is not run[0]}
    return {group for group in opened if not any(each in later for each in upward(group))}
