"""`show(topic)`: short demonstrations that play step by step, side by side on one graph: as text and as a page.

Topics: "why topological order", "forward and reverse mode". Builds on `strategies`, `showpage` and `drawing`.
"""

import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from ..engine import Value
from ..errors import GraphError
from ..gates.elementary import sigmoid
from .derivation import named
from .drawing import Drawing
from .picture import Picture, picture
from .record import reachable
from .showpage import embedded, page
from .strategies import (
    MOST_FRAMES,
    Frame,
    Names,
    forward_mode,
    naive_recursion,
    reverse_mode,
    topological_order,
    visit_once,
)
from .text import number

__all__ = ["Column", "Show", "show"]

WIDTH = 40  # characters of a column of text


@dataclass(frozen=True)
class Column:
    """One way, played: its frames, and what is to be learnt from it."""

    title: str
    frames: tuple[Frame, ...]
    verdict: str
    below: str = "the gradient so far"


@dataclass(frozen=True)
class Show:
    """A demonstration: `columns` side by side on the graph of `v`. `str` is the text, `.html` a page of its own."""

    topic: str
    v: Value
    names: Names
    columns: tuple[Column, ...]
    counts: str

    @property
    def text(self) -> str:
        """Every move of every column, side by side."""
        told = []
        for column in self.columns:
            lines = [column.title, "-" * len(column.title)]
            for k, frame in enumerate(column.frames, 1):
                lines += textwrap.wrap(f"{k}. {frame.say}", WIDTH - 2, subsequent_indent="   ")
            told.append([*lines, "", *textwrap.wrap(column.verdict, WIDTH - 2)])
        rows = zip_longest(*told, fillvalue="")
        return "\n".join("".join(cell.ljust(WIDTH) for cell in row).rstrip() for row in rows)

    @property
    def html(self) -> str:
        """A self-contained page with a player: buttons, a slider and the arrow keys; no request leaves it."""
        return page(self.topic, self.svg, [self._column(column) for column in self.columns])

    @cached_property
    def picture(self) -> Picture:
        """The graph with its values, and room for a gradient below each."""
        made = picture(self.v)
        called = {f"v{k}": self.names[x] for k, x in enumerate(reachable(self.v))}
        room = max((number(g) for c in self.columns for frame in c.frames for g in frame.numbers.values()), key=len)
        for node in made.nodes:
            if node.id in called:
                node.gradient, node.text = room, called[node.id]
        return made

    @property
    def svg(self) -> str:
        """The picture, laid out by ourselves, so that it is the same everywhere; its look is the page's."""
        return re.sub(r"<style>.*?</style><rect .*?/>", "", Drawing(self.picture, layout="groups").svg)

    def save(self, path: str | Path) -> Path:
        """Write the page (.html) or the text (any other ending). Returns the path."""
        path = Path(path)
        path.write_text(self.html if path.suffix == ".html" else f"{self.text}\n", encoding="utf-8")
        return path

    def _column(self, column: Column) -> dict[str, Any]:
        """What the page needs of a column: each frame with the nodes to light, the numbers and the cost."""
        place = {node.id: k for k, node in enumerate(self.picture.nodes)}
        values = reachable(self.v)
        at = {x: place[f"v{k}"] for k, x in enumerate(values)}
        gates = {x: place[f"g{k}"] for k, x in enumerate(x for x in values if x.gate is not None)}
        frames = [
            {
                "lit": [at[frame.at], *([gates[frame.at]] if frame.at in gates else [])],
                "say": frame.say,
                "below": {at[x]: number(g) for x, g in frame.numbers.items()},
                "numbers": [[self.names[x], number(frame.numbers[x])] for x in values if x in frame.numbers],
                "cost": f"{frame.cost} {self.counts}",
            }
            for frame in column.frames
        ]
        return {"title": column.title, "below": column.below, "verdict": column.verdict, "frames": frames}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows, also after its kernel is gone."""
        height = 100 + 400 * -(-len(self.columns) // 2)
        return {"text/html": embedded(self.html, height, self.topic), "text/plain": self.text}

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


Strategy = Callable[[Value, Names], Iterator[Frame]]


def _played(title: str, strategy: Strategy, v: Value, names: Names) -> Column:
    frames = tuple(islice(strategy(v, names), MOST_FRAMES + 1))
    return Column(
        title, frames[:MOST_FRAMES], f"stopped after {MOST_FRAMES} moves" if len(frames) > MOST_FRAMES else ""
    )


def _orders(v: Value | None) -> tuple[Value, tuple[Column, ...], str]:
    """A gate must wait until all its users have passed their gradients on."""
    if v is None:
        x = Value(1.0, name="x")
        q = x * 3
        q.name = "q"
        a, b = q * 2, q + 1
        a.name, b.name = "a", "b"
        v = a * b
    names = named(v)
    ways = {"naive recursion": naive_recursion, "visit once": visit_once, "topological order": topological_order}
    columns = [_played(title, way, v, names) for title, way in ways.items()]
    right = columns[-1].frames[-1].numbers
    judged = []
    for column in columns:
        last = column.frames[-1]
        wrong = [x for x in right if abs(last.numbers.get(x, 0.0) - right[x]) > 1e-9 * max(1.0, abs(right[x]))]
        more = ", one for each path: 2ⁿ for n diamonds in a row" if column.title == "naive recursion" else ""
        verdict = column.verdict or f"{last.cost} gate visits{more}, every gradient right."
        if wrong and not column.verdict:
            x = wrong[-1]
            got = number(last.numbers.get(x, 0.0))
            verdict = f"{last.cost} gate visits, but {names[x]} is wrong: {got} in place of {number(right[x])}."
        judged.append(replace(column, verdict=verdict))
    return v, tuple(judged), "gate visits"


def _modes(v: Value | None) -> tuple[Value, tuple[Column, ...], str]:
    """Forward mode pays for each input, reverse mode for each output."""
    if v is None:
        w, x, b = Value(2.0, name="w"), Value(-1.0, name="x"), Value(3.0, name="b")
        v = sigmoid(w * x + b)
    names = named(v)
    leaves = sum(1 for x in reachable(v) if x.gate is None and x.requires_grad)
    forward, reverse = (
        _played(t, s, v, names) for t, s in (("forward mode", forward_mode), ("reverse mode", reverse_mode))
    )
    cost = [column.frames[-1].cost for column in (forward, reverse)]
    told = (
        forward.verdict or f"{leaves} passes, one for each input, however many outputs: {cost[0]} multiplications.",
        reverse.verdict or f"1 pass for each output, however many inputs ({leaves}): {cost[1]} multiplications.",
    )
    forward = replace(forward, verdict=told[0], below="the derivative of each value by one input, pass after pass")
    return v, (forward, replace(reverse, verdict=told[1])), "multiplications"


TOPICS = {"why topological order": _orders, "forward and reverse mode": _modes}


def show(topic: str, v: Value | None = None) -> Show:
    """Play a demonstration on a small graph of its own, or on that of a scalar `v`.

    "why topological order": naive recursion, visiting once, and topological order on a diamond (course 001, row
    `topological-order`). "forward and reverse mode": both on one graph, with what they cost. Raises ValueError for
    another topic, GraphError for a graph that isn't scalar or has over 40 values.

    >>> print(show("why topological order").columns[1].verdict)
    4 gate visits, but x is wrong: 24.00 in place of 42.00.
    """
    if topic not in TOPICS:
        raise ValueError(f"show: {topic!r} is not a topic; choose {' or '.join(map(repr, TOPICS))}")
    if v is not None:
        values = reachable(v)
        if len(values) > 40 or any(x.ndim or x.dtype.kind == "c" for x in values) or not v.requires_grad:
            raise GraphError(f"show: {v.label} has a graph of {len(values)} values; it plays on up to 40 real scalars")
    out, columns, counts = TOPICS[topic](v)
    return Show(topic, out, named(out), columns, counts)
