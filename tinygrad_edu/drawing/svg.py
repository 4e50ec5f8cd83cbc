"""SVG written by ourselves, of pictures that are laid out group by group: `to_svg(picture, style)`.

It looks like what Graphviz draws, needs no renderer, and takes a second for thousands of nodes. Builds on `nesting`
and the colours of `dot`.
"""

import html
from collections.abc import Iterator
from itertools import pairwise

from .dot import ALARM, ALARMED, CLOSED, EDGE, FRAME, GATE, GRADIENT, INK, PALE, SIZE, SMALL, VALUE, WIRE, Style, tinted
from .nesting import Nested, nested
from .picture import Node, Picture
from .text import ems, plain

__all__ = ["size", "to_svg"]

RULES = {
    "text": f"font:{SIZE}px Helvetica,Arial,sans-serif;text-anchor:middle;fill:{VALUE}",
    ".s": f"font-size:{SMALL}px;fill:{PALE}",
    ".g": f"fill:{GRADIENT}",
    ".i": f"fill:{INK}",
    ".n": f"fill:{INK};font-weight:bold",
    ".t": f"fill:{EDGE};text-anchor:start;font-size:12px",
    ".r": f"font-size:{SMALL}px;fill:{ALARM}",
    "path": f"fill:none;stroke:{WIRE}",
    "line": f"stroke:{WIRE}",
    ".gate rect": f"fill:{GATE};stroke:{WIRE}",
    ".closed rect": f"fill:{CLOSED};stroke:{EDGE}",
    ".frame": f"fill:{FRAME};stroke:{EDGE}",
    ".cell": f"fill:none;stroke:{WIRE}",
    ".alarm rect": f"fill:{ALARMED};stroke:{ALARM};stroke-width:2",
    "path.alarm": f"stroke:{ALARM};stroke-width:2",
}
STYLE = "".join(f".circuit {selector}{{{rules}}}" for selector, rules in RULES.items())  # for this picture alone


def to_svg(picture: Picture, style: Style = "circuit", title: str = "", progress: bool = False) -> str:
    """The picture as an SVG element of its own, each node and wire a group with a title, as in Graphviz' SVG."""
    where = nested(picture, lambda node: size(node, style), progress)
    told = html.escape(plain(title, 200))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="circuit" role="img" aria-label="{told}" '
        f'width="{where.width:.0f}" height="{where.height:.0f}" viewBox="0 0 {where.width:.1f} {where.height:.1f}">',
        f'<style>{STYLE}</style><rect width="100%" height="100%" fill="white"/>',
    ]
    parts += [*_frames(picture, where), *_wires(where)]
    parts += [_node(node, where.nodes[node.id], style) for node in picture.nodes]
    return "\n".join([*parts, "</svg>\n"])


def size(node: Node, style: Style) -> tuple[float, float]:
    """How much room a node takes, in steps, so that like groups get the same layout."""
    wide = ems(node.text) * SIZE
    if node.kind == "gate" and ems(node.text) <= 2 and not node.remark:
        return 32.0, 32.0
    if node.kind == "gate" or node.kind == "closed":
        return _steps(max(wide, ems(node.remark) * SMALL) + 20), 40.0 if node.remark else 34.0
    if style == "nodes":
        return _steps(sum(width for *_, width in _cells(node))), 28.0
    line = max(ems(node.data), ems(node.gradient)) * SIZE
    small = _small(node)
    return _steps(max(line, ems(small) * SMALL) + 8) + _steps(_end(node)), 68.0 if small else 44.0


def _steps(width: float) -> float:
    return float(-(-width // 8) * 8)


def _end(node: Node) -> float:
    """The room of the name beside the wire."""
    return ems(node.text) * SIZE + 8 if node.text and node.kind in ("leaf", "output") else 0.0


def _small(node: Node) -> str:
    named = "" if _end(node) else node.text
    return " ".join(filter(None, (named, node.shape, node.remark, plain(node.mark or "", 30))))


def _frames(picture: Picture, where: Nested) -> Iterator[str]:
    for box in picture.boxes:
        x0, y0, x1, y1 = where.boxes[box.id]
        yield (
            f'<rect class="frame" x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}" rx="8"/>'
            f'<text class="t" x="{x0 + 10:.1f}" y="{y0 + 16:.1f}">{html.escape(box.name)}</text>'
        )


def _wires(where: Nested) -> Iterator[str]:
    for source, target, mark, points in where.wires:
        path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
        for (x0, y0), (x1, y1) in pairwise(points):
            middle = (x0 + x1) / 2
            curve = "L" if abs(y0 - y1) < 0.05 else f"C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} "
            path += f"{curve}{x1:.1f},{y1:.1f}"
        look = "" if mark is None else ' class="alarm"'
        hint = f"{source}->{target}" + (f": {mark}" if mark else "")
        yield f'<g class="edge"><title>{html.escape(hint)}</title><path{look} d="{path}"/></g>'


def _node(node: Node, where: tuple[float, float, float, float], style: Style) -> str:
    x, y, w, h = where
    hint = ": ".join(filter(None, (node.mark, node.hint)))
    kind = node.kind if node.kind in ("gate", "closed") else "value"
    alarm = " alarm" if node.mark is not None else ""
    draw = _gate if kind != "value" else _boxed if style == "nodes" else _value
    inside = "".join(draw(node, x, y, w, h))
    return f'<g class="node {kind}{alarm}"><title>{html.escape(hint or node.id)}</title>{inside}</g>'


def _text(x: float, y: float, text: str, look: str = "") -> str:
    kind = f' class="{look}"' if look else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}">{html.escape(text)}</text>' if text else ""


def _gate(node: Node, x: float, y: float, w: float, h: float) -> Iterator[str]:
    fill = "" if node.tint is None else f' style="fill:{tinted(node.tint)}"'
    rx = w / 2 if w == h else 10
    yield f'<rect x="{x - w / 2:.1f}" y="{y - h / 2:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{rx:.1f}"{fill}/>'
    yield _text(x, y + (-1 if node.remark else 4.5), node.text, "i")
    yield _text(x, y + 13, node.remark, "s")


def _value(node: Node, x: float, y: float, w: float, h: float) -> Iterator[str]:
    left, right, end = x - w / 2, x + w / 2, _steps(_end(node))
    if node.mark is not None:
        yield f'<rect style="fill:{ALARMED};stroke:none" x="{left:.1f}" y="{y - h / 2:.1f}" width="{w}" height="{h}"/>'
    if end:
        at = right - end / 2 if node.kind == "output" else left + end / 2
        yield _text(at, y + 4.5, node.text, "n")
        left, right = (left, right - end) if node.kind == "output" else (left + end, right)
    middle = (left + right) / 2
    yield f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    yield _text(middle, y - 5, node.data)
    yield _text(middle, y + 16, node.gradient, "g")
    yield _text(middle, y - 20, _small(node), "r" if node.mark is not None else "s")


def _cells(node: Node) -> list[tuple[str, str, float]]:
    """The cells of a box: text, look, width."""
    small = " ".join(filter(None, (node.shape, node.remark, plain(node.mark or "", 30))))
    told = [(node.text, "i"), (small, "s"), (node.data if node.kind == "constant" else f"data {node.data}", "")]
    told.append((node.gradient and f"grad {node.gradient}", "g"))
    return [(text, look, ems(text) * SIZE + 12) for text, look in told if text]


def _boxed(node: Node, x: float, y: float, w: float, h: float) -> Iterator[str]:
    cells = _cells(node)
    scale, at = w / sum(width for *_, width in cells), x - w / 2
    for text, look, width in cells:
        yield f'<rect class="cell" x="{at:.1f}" y="{y - h / 2:.1f}" width="{width * scale:.1f}" height="{h:.1f}"/>'
        yield _text(at + width * scale / 2, y + 4.5, text, look)
        at += width * scale
