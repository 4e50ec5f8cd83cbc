"""What stands out in a picture, and why: marks on values and wires, brought to what is seen of them.

`Marks` · `Marked`. Builds on `folding`, `record` and `text`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..engine import Value
from ..modes import Group
from .folding import Folded
from .record import Made
from .text import plain

__all__ = ["Marked", "Marks"]

Marks = Mapping[Value | tuple[Value, int], str]
"""What stands out, with the reason (which may be empty): a value, or the wire into its input k as (value, k)."""

LONGEST = 500  # characters of a reason, read by pointing at it


class Marked:
    """The reasons at what is seen: `nodes` by value or closed group, `wires` by (value, k) or (closed group, value)."""

    def __init__(self, marks: Marks, record: Sequence[Made], seen: Folded) -> None:
        self.nodes: dict[Value | Group, str] = {}
        self.wires: dict[tuple[Any, Any], str] = {}
        self.seen = seen
        made = {each.value: each for each in record} if marks else {}
        for place, told in marks.items():
            reason = plain(told, LONGEST).strip()
            match place:
                case Value() if place in made:
                    self._value(place, reason)
                case (Value() as value, int(k)) if value in made and 0 <= k < len(value.inputs):
                    self._wire(made[value], k, reason)
                case _:
                    raise ValueError(
                        f"draw: mark {_told(place)} is not in the graph: mark a Value that was drawn, or the wire "
                        "into its input k as (value, k)"
                    )

    def _value(self, value: Value, reason: str) -> None:
        maker = self.seen.source[value]
        for place in (maker, value) if isinstance(maker, Group) else (value,):
            self.nodes[place] = _joined(self.nodes.get(place), reason)

    def _wire(self, made: Made, k: int, reason: str) -> None:
        maker = self.seen.source[made.value]
        if isinstance(maker, Group):
            x = made.inputs[k]
            crosses = isinstance(x, Value) and self.seen.source[x] is not maker
            if crosses:
                self.wires[maker, x] = _joined(self.wires.get((maker, x)), reason)
            else:
                self.nodes[maker] = _joined(self.nodes.get(maker), reason)
        elif made.gate is not made.value.gate:  # an opened gate's last part has other inputs than the whole
            self._value(made.value, reason)
        else:
            self.wires[made.value, k] = reason


def _joined(first: str | None, second: str) -> str:
    return second if not first or first == second else f"{first}; {second}"


def _told(place: object) -> str:
    value, *k = place if isinstance(place, tuple) and place else (place,)
    name = value.label if isinstance(value, Value) else f"{value!r:.40}"
    return f"({name}, {k[0]!r})" if k else name
