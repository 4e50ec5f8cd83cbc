"""What `draw` gives: a picture that can be looked at, saved, and shown in a notebook. Builds on `dot` and `render`."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ..engine import Value
from .dot import Style, to_dot
from .picture import Picture, picture
from .render import Engine, run_dot

__all__ = ["Drawing", "draw"]

FORMATS = ("svg", "png", "pdf", "dot")


class Drawing:
    """A picture of a graph: `.dot`, `.svg`, `.png()`, `.save(path)`; shows itself in a notebook.

    `picture` holds the nodes, wires and boxes as plain data.
    """

    def __init__(self, picture: Picture, style: Style = "circuit", engine: Engine = "auto") -> None:
        self.picture = picture
        self.style = style
        self.engine = engine

    @cached_property
    def dot(self) -> str:
        """DOT text, for Graphviz and whatever reads it."""
        return to_dot(self.picture, self.style)

    @cached_property
    def svg(self) -> str:
        """SVG text. Raises RenderError (with the DOT text) where no renderer is found."""
        return self.rendered("svg").decode()

    def png(self) -> bytes:
        """PNG, as bytes."""
        return self.rendered("png")

    def rendered(self, format: str) -> bytes:
        """The bytes of the picture in a format of Graphviz: "svg", "png", "pdf"."""
        return run_dot(self.dot, format, engine=self.engine)

    @property
    def graphviz(self) -> Any:
        """The drawing as a `graphviz.Source`, to go on with in that package."""
        from graphviz import Source

        return Source(self.dot)

    def save(self, path: str | Path) -> Path:
        """Write to `path`; the ending chooses the format: .svg, .png, .pdf, .dot. Returns the path.

        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     draw(Value(1.0, name="x") * 2).save(f"{folder}/product.dot").name
        'product.dot'
        """
        path = Path(path)
        format = path.suffix.lstrip(".").lower()
        if format not in FORMATS:
            raise ValueError(f"{path.name}: the ending says which format to write; choose .{', .'.join(FORMATS)}")
        path.write_bytes(self.dot.encode() if format == "dot" else self.rendered(format))
        return path

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"Drawing({len(self.picture.nodes)} nodes, {len(self.picture.wires)} wires, style={self.style!r})"


def draw(
    v: Value,
    style: Style = "circuit",
    *,
    open: Iterable[str] | Literal["all"] = "all",
    precision: int = 2,
    engine: Engine = "auto",
    force: bool = False,
) -> Drawing:
    """Draw the graph that `v` was made from.

    In the style "circuit" gates are circles, a value stands above its wire and its gradient below, as course 001 draws
    them (row `graph-visualisation`); in "nodes" each value is a box with name, data and gradient. A gradient that no
    walk has reached is absent. `open` names the groups and fused gates shown with their parts: "all" opens every group,
    `()` none. `engine` is "auto", "system", "bundled" or a program. Raises GraphError for a graph too large to read,
    unless forced.

    >>> x = Value(3.0, name="x")
    >>> draw(x * x)
    Drawing(3 nodes, 3 wires, style='circuit')
    """
    if style not in ("circuit", "nodes"):
        raise ValueError(f"draw: style {style!r} is not known; choose 'circuit' or 'nodes'")
    if not isinstance(v, Value):
        raise TypeError(f"draw: {type(v).__name__} has no graph; give the Value that came out of the computation")
    return Drawing(picture(v, open=open, precision=precision, force=force), style, engine)
