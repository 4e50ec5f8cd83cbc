"""What a graph remembers of each number or array: the gate it comes from, what that was called on, name and group.

`Node`, the base of `Value`. Builds on `modes` and `operators`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import GraphError
from .modes import Group, Label
from .operators import Operators

if TYPE_CHECKING:
    from .engine import Gate

__all__ = ["NO_SETTINGS", "Node", "Settings"]

Settings = Mapping[str, Any]
NO_SETTINGS: Settings = {}


def _rebuilt(kind: Any, data: Any, name: str | None, requires_grad: bool) -> Any:
    """A copy of a leaf, with a serial number of its own."""
    leaf = kind(data)
    leaf.name, leaf.requires_grad = name, requires_grad
    return leaf


class Node(Operators):
    """A number or an array of a graph, and where it comes from.

    Python's garbage collector looks at every slot of every node again and again while a graph grows. So slots are few:
    what only leaves have, or what nodes have in common, shares one.
    """

    __slots__ = ("__weakref__", "_data", "_grad", "_label", "_x", "_y", "gate", "requires_grad", "serial", "settings")

    _data: Any
    _grad: Any
    _label: Label  # name and group; the unnamed nodes of a group have the same one
    _x: Any  # the only input, or the first of two, of a gate called on Values alone without settings; else None
    _y: Any  # the second of two or None; of another gate all inputs; of a leaf its room
    gate: "Gate | None"
    requires_grad: bool
    serial: int
    settings: Settings  # what the gate was called with beside its inputs

    @property
    def inputs(self) -> tuple[Any, ...]:
        """What the gate was called on, Values, arrays and numbers, in order; nothing for a leaf."""
        if self._x is None:
            inputs: tuple[Any, ...] = self._y if self.gate else ()
            return inputs
        return (self._x,) if self._y is None else (self._x, self._y)

    @inputs.setter
    def inputs(self, inputs: tuple[Any, ...]) -> None:
        if self.gate is None:
            raise GraphError(f"{self.label}: a leaf has no inputs")
        if any(isinstance(x, Node) and x.gate is not None and x.serial >= self.serial for x in inputs):
            raise GraphError(f"{self.label}: an input is not older than what is made of it; a graph has no cycles")
        self._x, self._y = None, inputs

    @property
    def _room(self) -> Any:
        """An array where an optimiser wants this leaf's gradient, or None."""
        return None if self.gate else self._y

    @_room.setter
    def _room(self, room: Any) -> None:
        self._y = room

    @property
    def name(self) -> str | None:
        """What it is called in pictures, messages and programs."""
        return self._label[0]

    @name.setter
    def name(self, name: str | None) -> None:
        self._label = (name, self._label[1])

    @property
    def group(self) -> Group | None:
        """The group it was recorded in."""
        return self._label[1]

    @group.setter
    def group(self, group: Group | None) -> None:
        self._label = (self._label[0], group)

    def __reduce__(self) -> Any:
        if self.gate is not None:
            raise GraphError(f"{self.label}: a recorded value can't be copied without its graph; copy v.detach()")
        return _rebuilt, (type(self), self.numpy(), self.name, self.requires_grad)
