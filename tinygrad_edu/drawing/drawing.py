"""What `draw` gives: a picture that can be looked at, saved, and shown in a notebook. Builds on `dot` and `render`."""

import re
import shutil
import warnings
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ..engine import Value
from ..errors import DependencyError, RenderError, SettingError
from .dot import FRAME, Direction, Style, to_dot
from .marking import Marks
from .picture import COMFORTABLE, LARGE, Picture, picture
from .placing import placed
from .render import Engine, bundled, programs, run_dot
from .structure import is_model, traced
from .svg import to_svg
from .terminal import to_txt
from .tikz import to_tex

__all__ = ["Drawing", "draw"]

FORMATS = ("svg", "png", "pdf", "dot", "tex", "txt")


Layout = Literal["auto", "graphviz", "groups"]


class Drawing:
    """A picture of a graph: `.svg`, `.png()`, `.dot`, `.tex`, `.txt`, `.save(path)`; shows itself in a notebook.

    `picture` holds the nodes, wires and boxes as plain data.
    """

    def __init__(
        self,
        picture: Picture,
        style: Style = "circuit",
        engine: Engine = "auto",
        layout: Layout = "auto",
        direction: Direction = "right",
    ) -> None:
        self.picture = picture
        self.style = style
        self.engine = engine
        self.layout = layout
        self.direction = direction

    @cached_property
    def dot(self) -> str:
        """DOT text, for Graphviz and whatever reads it."""
        return to_dot(self.picture, self.style, self.direction)

    @cached_property
    def svg(self) -> str:
        """SVG text with a title for who can't see it.

        A large picture, or one where there is no renderer, is laid out by ourselves. Raises RenderError (with the DOT
        text) where a renderer fails.
        """
        size = len(self.picture.nodes)
        renders = any(programs(self.engine))
        if self.layout == "groups" or (self.layout == "auto" and (size > COMFORTABLE or not renders)):
            return to_svg(self.picture, self.style, self.title, progress=size > LARGE)
        made = _titled(self.rendered("svg").decode(), self.title)
        return _names_above_wires(made) if self.direction == "down" else made

    def png(self, dpi: int = 192) -> bytes:
        """PNG, as bytes, by default twice as fine as a screen. Warns of characters that the fonts at hand lack."""
        used = next(iter(programs(self.engine)), "")
        if lacking := sorted({c for c in self.dot if c >= "\u2e80"}) if used == bundled() else []:
            warnings.warn(f"the bundled fonts lack {''.join(lacking[:9])}: save SVG instead of PNG", stacklevel=2)
        return self.rendered("png", dpi)

    def rendered(self, format: str, dpi: int | None = None) -> bytes:
        """The bytes of the picture in a format of Graphviz: "svg", "png", "pdf"."""
        return run_dot(self.dot, format, engine=self.engine, dpi=dpi)

    @cached_property
    def tex(self) -> str:
        """A LaTeX file of its own (class standalone, with TikZ), for slides. Raises RenderError without a renderer."""
        dot = to_dot(self.picture, self.style)  # to the right
        return to_tex(self.picture, placed(dot, self.engine), self.style)

    @cached_property
    def txt(self) -> str:
        """The drawing in Unicode characters, for a terminal; it needs no renderer."""
        return to_txt(self.picture)

    @property
    def title(self) -> str:
        """What the picture shows, in words."""
        names = {"constant": "constant", "gate": "gate", "closed": "closed group"}
        kinds = Counter(names.get(node.kind, "value") for node in self.picture.nodes)
        told = [f"{kinds[kind]} {kind}{'s' * (kinds[kind] > 1)}" for kind in ("value", *names.values()) if kinds[kind]]
        return f"computation graph: {', '.join(told)}"

    @property
    def graphviz(self) -> Any:
        """The drawing as a `graphviz.Source`, to go on with in that package, with the same renderer."""
        try:
            from graphviz import Source
            from graphviz.backend import dot_command
        except ImportError:
            raise DependencyError("Drawing.graphviz needs the package graphviz: pip install graphviz") from None
        if shutil.which("dot") is None and (program := bundled()):
            # The package has no setting for the program it runs; this name is public in its module.
            dot_command.DOT_BINARY = Path(program)
        return Source(self.dot, format="svg")

    def save(self, path: str | Path) -> Path:
        """Write to `path`; the ending chooses the format: .svg, .png, .dot, .tex, .txt, or .pdf with a system `dot`.

        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     draw(Value(1.0, name="x") * 2).save(f"{folder}/product.dot").name
        'product.dot'
        """
        path = Path(path)
        format = path.suffix.lstrip(".").lower()
        if format not in FORMATS:
            raise SettingError(f"{path.name}: the ending says which format to write; choose .{', .'.join(FORMATS)}")
        if format in ("dot", "svg", "tex", "txt"):
            path.write_bytes(getattr(self, format).encode())
        else:
            path.write_bytes(self.png() if format == "png" else self.rendered(format))
        return path

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows: the picture, or why there is none, and the DOT text."""
        try:
            return {"image/svg+xml": self.svg, "text/plain": repr(self)}
        except RenderError as error:
            return {"text/plain": f"{error}\n\n{self.dot}"}

    def __repr__(self) -> str:
        return f"Drawing({len(self.picture.nodes)} nodes, {len(self.picture.wires)} wires, style={self.style!r})"


def _titled(svg: str, title: str) -> str:
    """The element alone, without the prologue of a file, so that it can stand in a page; and its title."""
    element = svg[svg.index("<svg") :]
    return element.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)


_FRAME_NAME = re.compile(r'(<g id="clust\d+" class="cluster">.*?)(<text\b.*?</text>\n)', re.DOTALL)


def _names_above_wires(svg: str) -> str:
    """The names of frames drawn last, on a ground of their own: where wires run down they cross them."""
    ground = f'<text paint-order="stroke" stroke="{FRAME}" stroke-width="5"'
    names = [found[2].replace("<text", ground, 1) for found in _FRAME_NAME.finditer(svg)]
    return _FRAME_NAME.sub(r"\1", svg).replace("</g>\n</svg>", "".join([*names, "</g>\n</svg>"]))


def draw(
    v: Any,
    style: Any = "circuit",
    *,
    open: str | Iterable[str] = "auto",
    depth: int | None = None,
    precision: int = 2,
    marks: Marks | None = None,
    colour: Literal["bytes", "flops"] | None = None,
    engine: Engine = "auto",
    layout: Layout = "auto",
    direction: Direction | None = None,
    force: bool = False,
) -> Drawing:
    """Draw the graph that `v` was made from, or, as `draw(model, input_shape)`, the layers of a model.

    In the style "circuit" gates are circles, a value stands above its wire and its gradient below, as course 001 draws
    them (row `graph-visualisation`); in "nodes" each value is a box with name, data and gradient. A gradient that no
    walk has reached is absent.

    A model is run once on zeros (give a shape with the batch, an array, or a list of these for several inputs) and
    drawn with shapes and numbers of parameters in place of values; its layers are closed unless `open` or `depth` opens
    them, down to their gates.

    `open` names the groups and fused gates shown with their parts, and opens what is around them; "all" opens every
    group, "auto" as many levels as stay under 500 nodes, `()` none. `depth` opens so many levels besides. Three or more
    closed neighbours that are alike are one box "block ×12"; beyond 500 nodes only the first of them is opened.

    `marks` maps values, or wires as (value, input index), to a reason, and both are drawn in red. `colour` tints
    gates by the "bytes" they keep for the backward pass, or by their "flops" (see `cost`). `engine` is "auto",
    "system", "bundled" or a program; the `layout` "groups" needs none: it lays each group out by itself, equal ones
    once, and draws the SVG of pictures of over 500 nodes ("auto"). Wires run to the "right", in models "down", unless
    `direction` says otherwise.

    Raises GraphError for a graph too large to read (over 2,000 nodes), unless forced; StaleGraphError for parts of a
    gate whose input has changed since; ValueError for an unknown name or a mark that is not in the graph; ShapeError
    for a model without a usable input.

    >>> x = Value(3.0, name="x")
    >>> draw(x * x)
    Drawing(3 nodes, 3 wires, style='circuit')
    """
    numbers = not is_model(v)
    if not numbers:
        v, style, depth = traced(v, style), "circuit", 1 if depth is None and open == "auto" else depth
    if direction not in (None, "right", "down"):
        raise ValueError(f"draw: direction {direction!r} is not known; choose 'right' or 'down'")
    if layout not in ("auto", "graphviz", "groups"):
        raise ValueError(f"draw: layout {layout!r} is not known; choose 'auto', 'graphviz' or 'groups'")
    if style not in ("circuit", "nodes"):
        raise SettingError(f"draw: style {style!r} is not known; choose 'circuit' or 'nodes'")
    if not isinstance(v, Value):
        raise TypeError(f"draw: {type(v).__name__} has no graph; give the Value that came out of the computation")
    folded = style == "circuit"
    seen = picture(
        v,
        open=open,
        depth=depth,
        precision=precision,
        folded=folded,
        force=force,
        marks=marks,
        numbers=numbers,
        colour=colour,
    )
    return Drawing(seen, style, engine, layout, direction or ("right" if numbers else "down"))
