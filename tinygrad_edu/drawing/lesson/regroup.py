"""Groups as a page can bear them: neighbours that repeat put into one box "block ×12", crowds cut into stretches.

`regrouped(parts, runs)` → where each group of the record stands now. Builds on `repeats`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ...modes import Group
from ..repeats import Runs, plain_name, upward

__all__ = ["CROWD", "regrouped"]

CROWD, STRETCH = 300, 60
"""Gates and groups in one group that nobody could read, and the least number in each stretch that it is cut into."""

Child = Any
"""What stands directly in a group: another group, or a gate (a Part)."""


def regrouped(parts: Sequence[Any], runs: Runs) -> dict[Group | None, Group | None]:
    """Give parts their new groups; returns for each group of the record the one that stands for it.

    A group that is alike to its neighbours moves into a box around the run; where more than 300 things stand in one
    group, consecutive ones move into stretches.
    """
    children = _children(parts)
    new: dict[Group | None, Group | None] = {None: None}
    waiting: list[Group | None] = [None]
    while waiting:
        old = waiting.pop()
        for run in _stretches(_runs(children.get(old, []), runs), new[old]):
            for child, holder in run:
                if isinstance(child, Group):
                    new[child] = child if holder is child.parent else Group(child.name, holder)
                    waiting.append(child)
                else:
                    child.group = holder
    return new


def _children(parts: Sequence[Any]) -> dict[Group | None, list[Child]]:
    """What stands directly in each group, in the order of recording."""
    found: dict[Group | None, dict[Child, None]] = {}
    for part in parts:
        child: Child = part
        for group in upward(part.group):
            found.setdefault(group, {})[child] = None
            child = group
        found.setdefault(None, {})[child] = None
    return {group: [*inside] for group, inside in found.items()}


Placed = tuple[list[Child], str]
"""Children that stand together, and the name of the box around them, if there is one."""


def _runs(inside: list[Child], runs: Runs) -> list[Placed]:
    """The children of a group one by one, those of a run together."""
    found: list[Placed] = []
    for child in inside:
        run = runs.get(child) if isinstance(child, Group) else None
        if run is None:
            found.append(([child], ""))
        elif child is run[0]:
            found.append(([*run], f"{plain_name(child)} ×{len(run)}"))
    return found


def _stretches(placed: list[Placed], parent: Group | None) -> Iterator[list[tuple[Child, Group | None]]]:
    """Each child with the group it now stands in."""
    crowded = len(placed) > CROWD
    size = max(STRETCH, -(-len(placed) // STRETCH)) if crowded else max(len(placed), 1)
    for first in range(0, len(placed), size):
        stretch = placed[first : first + size]
        gates = all(not isinstance(child, Group) for children, _ in stretch for child in children)
        name = f"{'gates' if gates else 'parts'} {first + 1} to {first + len(stretch)}"
        around = Group(name, parent) if crowded else parent
        for children, box in stretch:
            holder = Group(box, around) if box else around
            yield [(child, holder) for child in children]
