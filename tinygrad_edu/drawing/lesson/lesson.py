"""`lesson(v, path)`: a graph as one HTML file to step through, forward and backward. Builds on `data` and `page`."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ...engine import Value
from ...errors import GraphError, SettingError
from ..showpage import embedded
from ..text import plain
from .data import called, payload
from .material import Material, material
from .page import page
from .table import table

__all__ = ["Lesson", "Theme", "lesson", "material_of"]

Theme = Literal["auto", "light", "dark"]


class Lesson:
    """A page that plays a graph gate by gate: `.html`, `.save(path)`; shows itself in a notebook.

    `material` holds the gates, the numbers and the order as plain data.
    """

    def __init__(
        self,
        told: Material,
        title: str,
        *,
        open: frozenset[str] | Literal["all"] = frozenset(),
        precision: int = 2,
        theme: Theme = "auto",
        step: int = 0,
    ) -> None:
        self.material = told
        self.title = title
        self.open = open
        self.precision = precision
        self.theme = theme
        self.step = step

    @cached_property
    def data(self) -> dict[str, Any]:
        """What the page reads."""
        made = payload(self.material, plain(self.title), self.precision)
        wanted = [k for k, (name, *_) in enumerate(made["groups"]) if k and (self.open == "all" or name in self.open)]
        around = set(wanted)
        for k in wanted:
            while (k := made["groups"][k][1]) > 0:
                around.add(k)
        return {**made, "theme": self.theme, "step": self.step, "open": sorted(around)}

    @cached_property
    def html(self) -> str:
        """The whole file as text."""
        return page(self.data, table(self.material, called(self.material), self.precision))

    def save(self, path: str | Path) -> Path:
        """Write the file; returns its path."""
        path = Path(path)
        path.write_bytes(self.html.encode())
        return path

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows: the page in a frame of its own, which works after the kernel is gone."""
        return {"text/html": embedded(self.html, 640, plain(self.title)), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.title!r}, {len(self.material.parts)} gates)"


def lesson(
    v: Value,
    path: str | Path | None = None,
    *,
    title: str = "",
    open: str | Iterable[str] = (),
    precision: int = 2,
    theme: Theme = "auto",
    step: int = 0,
) -> Lesson:
    """A page that shows how `v` was computed and how its gradient comes back, one gate at a time.

    It is one HTML file that works without a network: the circuit, a player, and for each step ∂f/∂in = local × upstream
    with the formula that the gate declares. Groups and fused gates open in place; `open` names those open at the start
    ("all" for all), `step` the step to begin at. The graph is walked back from ones; no `.grad` is touched. With `path`
    the file is written. Raises GraphError where `v` has no graph, and SettingError for an unknown theme or group.

    >>> x = Value(3.0, name="x")
    >>> lesson(x * x, title="A square")
    Lesson('A square', 1 gates)
    """
    told = material_of(v)
    if theme not in ("auto", "light", "dark"):
        raise SettingError(f"lesson: theme {theme!r} is not known; choose 'auto', 'light' or 'dark'")
    if not 0 <= precision <= 12:
        raise SettingError(f"lesson: precision {precision} must be from 0 to 12")
    opened: Any = "all" if open == "all" else frozenset([open] if isinstance(open, str) else open)
    made = Lesson(
        told,
        title or f"{called(told)[told.root]}, step by step",
        open=opened,
        precision=precision,
        theme=theme,
        step=step,
    )
    known = {name for name, *_ in made.data["groups"][1:]}
    if opened != "all" and (unknown := sorted(opened - known)):
        raise SettingError(
            f"lesson: there is no group {unknown[0]!r} to open; the graph has {', '.join(sorted(known)) or 'none'}"
        )
    if path is not None:
        made.save(path)
    return made


def material_of(v: Value) -> Material:
    """The material of a value's graph; TypeError or GraphError where it has none."""
    if not isinstance(v, Value):
        raise TypeError(f"lesson: {type(v).__name__} has no graph; give the Value that came out of the computation")
    if v.gate is None:
        raise GraphError(f"lesson: {v.label} is a leaf: nothing computed it, so there is nothing to tell")
    return material(v)
