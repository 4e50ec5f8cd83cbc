"""The engine's record as a picture wants it: what each value came from, with fused gates opened into their parts.

`recorded` · `Made` · `reachable` · `known_gradient`. Nothing recurses: a chain of a million gates is read like
a short one. Builds on the engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np

from ..downstream import stale
from ..engine import Gate, Value
from ..modes import Group, tracing

__all__ = ["Made", "known_gradient", "reachable", "recorded"]


@dataclass(slots=True)
class Made:
    """A value and how it was made. For a leaf, `gate` is None; `gradient` is None while unknown.

    `changed` says that a leaf got new data after a gate recorded it.
    """

    value: Value
    gate: Gate | None
    inputs: tuple[Any, ...]
    settings: Mapping[str, Any]
    group: Group | None
    gradient: Any
    changed: bool = False


def reachable(root: Value) -> list[Value]:
    """Every value that `root` was made from and itself, in the order they were made.

    >>> x = Value(2.0)
    >>> y = x * x
    >>> reachable(y) == [x, y]
    True
    """
    seen, waiting = {root}, [root]
    while waiting:
        for x in waiting.pop().inputs:
            if isinstance(x, Value) and x not in seen:
                seen.add(x)
                waiting.append(x)
    return sorted(seen, key=lambda value: value.serial)


def known_gradient(value: Value) -> Any:
    """The gradient of the last walk as numbers, or None before any: an absent gradient is not a zero."""
    return getattr(value._grad, "_data", value._grad)


def recorded(root: Value, opened: frozenset[str] = frozenset()) -> list[Made]:
    """How every value was made, in order; each fused gate named in `opened` is replaced by its parts."""
    values, changed = reachable(root), set()
    for value in values:
        changed.update([x for x in value.inputs if isinstance(x, Value) and x.serial > value.serial])
    record: list[Made] = []
    for v in values:
        made = Made(v, v.gate, v.inputs, v.settings, v.group, known_gradient(v), v in changed)
        record += _opened(made, opened, changed) if opened else [made]
    _lodge(record)
    return record


def _lodge(record: list[Made]) -> None:
    """Put a layer's parameters into the innermost group around all that use them: they are the layer's own."""
    around: dict[Value, tuple[Group, ...]] = {}
    for made in record:
        for x in made.inputs:
            if isinstance(x, Value) and x.gate is None and type(x).__name__ == "Parameter":
                chain = _chain(made.group)
                around[x] = _shared(around.get(x, chain), chain)
    for made in record:
        if made.group is None and around.get(made.value):
            made.group = around[made.value][-1]


def _shared(first: tuple[Group, ...], second: tuple[Group, ...]) -> tuple[Group, ...]:
    """The groups that both places have around them."""
    pairs = zip(first, second, strict=False)
    return tuple(a for a, _ in takewhile(lambda pair: pair[0] is pair[1], pairs))


def _chain(group: Group | None) -> tuple[Group, ...]:
    """A group after those around it."""
    chain: tuple[Group, ...] = ()
    while group is not None:
        chain, group = (group, *chain), group.parent
    return chain


def _opened(whole: Made, names: frozenset[str], changed: set[Value]) -> list[Made]:
    """A value's fused gate as its smaller gates, those opened in turn; the last one makes the value itself."""
    done: list[Made] = []
    waiting = [(whole, names)]
    while waiting:
        made, names = waiting.pop()
        gate = made.gate
        parts = _parts(made, gate, changed) if gate is not None and gate.name in names and gate.parts else []
        if gate is not None and parts:
            # Last in, first out; a gate is not sought again inside its own parts.
            waiting += [(part, names - {gate.name}) for part in reversed(parts)]
        else:
            done.append(made)
    return done


def _parts(whole: Made, gate: Gate, changed: set[Value]) -> list[Made]:
    """Run the parts of a fused gate on stand-ins for its inputs, and walk back through them from its gradient."""
    compose, sources = gate.parts, [x for x in whole.inputs if isinstance(x, Value)]
    for x in sources:
        if x in changed and whole.value.serial < x.serial:
            raise stale(whole.value, x)
    stand_in = {x: x.detach() for x in sources}
    for x, copy in stand_in.items():
        copy.requires_grad = x.requires_grad
    with tracing(), np.errstate(all="ignore"):
        arguments = [stand_in[x] if isinstance(x, Value) else x for x in whole.inputs]
        out = compose(*arguments, **whole.settings) if compose is not None else None
        if not isinstance(out, Value) or out.gate is None:
            return []
        if out.requires_grad and whole.gradient is not None:
            out.backward(whole.gradient)
    inside, original = Group(gate.name, whole.group), {copy: x for x, copy in stand_in.items()}
    parts = []
    for value in reachable(out):
        if value not in original:
            inputs = tuple(original.get(x, x) if isinstance(x, Value) else x for x in value.inputs)
            parts.append(Made(value, value.gate, inputs, value.settings, inside, known_gradient(value)))
    parts[-1].value, parts[-1].gradient = whole.value, whole.gradient
    return parts
