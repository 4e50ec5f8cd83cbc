"""Which groups are open, and what then is seen: closed groups become one box each, and hide what is inside.

`Folded` · `fold` · `groups_of` · `open_groups`. Builds on `record` and `repeats`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..engine import Value
from ..modes import Group
from .record import Made
from .repeats import Runs, plain_name, upward

__all__ = ["Folded", "Place", "fold", "groups_of", "open_groups", "upward"]

Place = tuple[Group, ...]
"""The open groups around something, outermost first."""


@dataclass(slots=True)
class Folded:
    """What is seen: `wires` (values), `gates` (their makers), `boxes` (closed groups), and where each stands.

    `source` and `users` say what makes and uses a wire: a gate, named by the value it makes, or a closed group.
    """

    wires: list[Made] = field(default_factory=list)
    gates: list[Made] = field(default_factory=list)
    boxes: dict[Group, Place] = field(default_factory=dict)
    place: dict[Value, Place] = field(default_factory=dict)
    home: dict[Value, Place] = field(default_factory=dict)
    source: dict[Value, "Value | Group | None"] = field(default_factory=dict)
    users: "dict[Value, dict[Value | Group, Place]]" = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.wires) + len(self.gates) + len(self.boxes)


def level(group: Group) -> int:
    """How many groups are around this one."""
    return sum(1 for _ in upward(group)) - 1


def groups_of(record: Iterable[Made]) -> dict[Group, int]:
    """Every group of a record with its level, in the order they were opened."""
    found: dict[Group, int] = {}
    for made in record:
        if made.group is not None and made.group not in found:
            found.update((group, level(group)) for group in reversed([*upward(made.group)]))
    return found


def open_groups(groups: dict[Group, int], names: Iterable[str], depth: float) -> set[Group]:
    """The groups above `depth`, those with one of the `names`, and all around them."""
    named = set(names)
    return {around for group, n in groups.items() if n < depth or group.name in named for around in upward(group)}


def fold(record: Sequence[Made], root: Value, opened: set[Group], runs: Runs | None = None) -> Folded:
    """Close every group that is not in `opened`, neighbours that repeat (`runs`) in one, and place what remains."""
    places: dict[Group | None, tuple[Place, Group | None]] = {None: ((), None)}
    merged = _merged(runs or {}, opened)
    seen = Folded()
    for made in record:
        if made.group not in places:
            place, box = _place(made.group, opened)
            places[made.group] = place, box and merged.get(box, box)
        place, box = places[made.group]
        seen.place[made.value] = place
        seen.users[made.value] = {}
        seen.source[made.value] = box or (made.value if made.gate is not None else None)
        if box is not None:
            seen.boxes[box] = place
        elif made.gate is not None:
            seen.gates.append(made)
    for made in record:
        place, box = places[made.group]
        for x in made.inputs:
            if isinstance(x, Value) and (box is None or seen.source[x] is not box):
                seen.users[x][box or made.value] = place
    _place_wires(record, root, seen)
    return seen


def _merged(runs: Runs, opened: set[Group]) -> dict[Group, Group]:
    """One group for each run of closed ones: "block ×12"."""
    merged: dict[Group, Group] = {}
    for first, run in runs.items():
        if first is not run[0]:
            continue
        closed = [group for group in run if group not in opened]
        if len(closed) > 1 and closed == [*run][-len(closed) :]:
            merged.update(dict.fromkeys(closed, Group(f"{plain_name(closed[0])} ×{len(closed)}", closed[0].parent)))
    return merged


def _place(group: Group | None, opened: set[Group]) -> tuple[Place, Group | None]:
    """The open groups around something recorded in `group`, and the closed one that hides it."""
    chain = [*upward(group)][::-1]
    shown = next((k for k, around in enumerate(chain) if around not in opened), len(chain))
    return (*chain[:shown],), chain[shown] if shown < len(chain) else None


def _place_wires(record: Sequence[Made], root: Value, seen: Folded) -> None:
    """Keep the values that cross no wall out of sight, and stand each wire where its users can reach it."""
    for made in record:
        value, users = made.value, seen.users[made.value]
        if isinstance(seen.source[value], Group) and not users and value is not root:
            continue
        seen.wires.append(made)
        seen.home[value] = () if value is root else _home(seen.place[value], users.values())


def _home(place: Place, users: Iterable[Place]) -> Place:
    """Where a wire stands: beside its gate if it is used there, else in the nearest group around gate and users."""
    shared = list(users)
    if any(user[: len(place)] == place for user in shared):
        return place
    common = list(place)
    for user in shared:
        same = 0
        while same < min(len(common), len(user)) and common[same] is user[same]:
            same += 1
        del common[same:]
    return (*common,)
