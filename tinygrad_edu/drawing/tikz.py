"""A drawing as a standalone LaTeX file with TikZ, for slides and papers: the same places as in the SVG.

`to_tex(picture, placing, style)`. Names become symbols (w0 as w₀), everything a user names is escaped. Builds on
`picture`, `placing` and `writers`.
"""

from collections.abc import Iterator
from itertools import pairwise

from .dot import ALARM, ALARMED, CLOSED, EDGE, FRAME, GATE, GRADIENT, INK, PALE, SIZE, SMALL, VALUE, WIRE, Style, tinted
from .picture import Node, Picture
from .placing import Placing
from .text import ems
from .writers import latex_symbol, latex_text

__all__ = ["to_tex"]

COLOURS = {"ink": INK, "wire": WIRE, "pale": PALE, "value": VALUE, "gradient": GRADIENT, "gate": GATE, "closed": CLOSED,
           "frame": FRAME, "edge": EDGE, "alarm": ALARM, "alarmed": ALARMED}  # fmt: skip
HEAD = r"""\documentclass[tikz,border=4pt]{standalone}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb}
\renewcommand{\familydefault}{\sfdefault}
"""
OPENING = r"""\begin{document}
\begin{tikzpicture}[x=1pt, y=1pt, line width=0.6pt, line cap=round,
  every node/.style={inner sep=0pt, outer sep=0pt, text=ink, font=\plainsize},
  wire/.style={draw=wire}, data/.style={anchor=south, text=value}, passed/.style={anchor=north, text=gradient},
  small/.style={font=\smallsize, text=pale}, reason/.style={font=\smallsize, text=alarm, align=center},
  pill/.style={draw=wire, fill=gate, rounded corners=8pt},
  closed box/.style={draw=edge, fill=closed, rounded corners=9pt}]
"""
SYMBOLS = {"×": r"$\times$", "÷": r"$\div$", "−": "$-$", "+": "$+$", "σ": r"$\sigma$", "Σ": r"$\Sigma$", "@": "@",
           "√": r"$\surd$", "^": r"$\wedge$", "xᵀ": r"$x^\top$", "⊗": r"$\otimes$"}  # fmt: skip


def to_tex(picture: Picture, placing: Placing, style: Style = "circuit") -> str:
    """The whole file. It compiles with pdflatex; names in other scripts (Chinese, say) need xelatex and a font."""
    colours = "".join(rf"\definecolor{{{name}}}{{HTML}}{{{code[1:].upper()}}}" + "\n" for name, code in COLOURS.items())
    fonts = "".join(
        rf"\newcommand{{\{name}}}{{\fontsize{{{size}}}{{{size + 2}}}\selectfont}}" + "\n"
        for name, size in (("plainsize", SIZE - 2), ("smallsize", SMALL - 2))
    )
    lines = [*_frames(picture, placing), *_wires(picture, placing)]
    for node in picture.nodes:
        if node.id in placing.nodes:
            lines += _value(node, placing, style) if node.kind not in ("gate", "closed") else _gate(node, placing)
    body = "\n".join(f"  {line}" for line in lines)
    return f"{HEAD}{colours}{fonts}{OPENING}{body}\n\\end{{tikzpicture}}\n\\end{{document}}\n"


def _frames(picture: Picture, placing: Placing) -> Iterator[str]:
    for box in picture.boxes:
        if box.id in placing.boxes:
            x0, y0, x1, y1 = placing.boxes[box.id]
            corners = f"{_at((x0, y0))} rectangle {_at((x1, y1))}"
            yield rf"\draw[draw=edge, fill=frame, rounded corners=8pt] {corners};"
            yield rf"\node[anchor=north west, text=edge] at ({x0 + 8:.1f},{y1 - 6:.1f}) {{{latex_text(box.name)}}};"


def _wires(picture: Picture, placing: Placing) -> Iterator[str]:
    """Bézier curves; wires between the same nodes are told apart by their order."""
    marks: dict[tuple[str, str], list[str | None]] = {}
    for wire in picture.wires:
        marks.setdefault((wire.source, wire.target), []).append(wire.mark)
    for source, target, points in placing.wires:
        mark = marks[source, target].pop(0)
        look = "wire" if mark is None else "draw=alarm, line width=1.4pt"
        triples = zip(points[1::3], points[2::3], points[3::3], strict=True)
        curves = "".join(f" .. controls {_at(a)} and {_at(b)} .. {_at(c)}" for a, b, c in triples)
        yield rf"\draw[{look}] {_at(points[0])}{curves};"
        if mark:
            middle = points[len(points) // 2]
            yield rf"\node[reason, anchor=south] at {_at(middle)} {{{latex_text(mark)}}};"


def _at(point: tuple[float, float]) -> str:
    return f"({point[0]:.1f},{point[1]:.1f})"


def _gate(node: Node, placing: Placing) -> Iterator[str]:
    x, y, w, h = placing.nodes[node.id]
    look = "closed box" if node.kind == "closed" else "pill"
    if node.tint is not None:
        yield rf"\definecolor{{tint}}{{HTML}}{{{tinted(node.tint)[1:].upper()}}}"
        look += ", fill=tint"
    if node.mark is not None:
        look += ", draw=alarm, fill=alarmed, line width=1.4pt"
    if node.kind == "gate" and abs(w - h) < 1:
        look += f", rounded corners={w / 2:.1f}pt"
    x0, y0 = x - w / 2, y - h / 2
    yield rf"\draw[{look}] ({x0:.1f},{y0:.1f}) rectangle ({x0 + w:.1f},{y0 + h:.1f});"
    raised = 5 if node.remark else 0
    yield rf"\node at ({x:.1f},{y + raised:.1f}) {{{SYMBOLS.get(node.text) or latex_text(node.text)}}};"
    if node.remark:
        yield rf"\node[small] at ({x:.1f},{y - 8:.1f}) {{{latex_text(node.remark)}}};"


def _value(node: Node, placing: Placing, style: Style) -> Iterator[str]:
    x, y, w, h = placing.nodes[node.id]
    left, right = x - w / 2, x + w / 2
    if node.mark is not None:
        yield rf"\fill[alarmed] ({left:.1f},{y - h / 2:.1f}) rectangle ({right:.1f},{y + h / 2:.1f});"
    if style == "nodes":
        yield from _cells(node, left, right, y, h)
        return
    ends = node.kind in ("leaf", "output") and bool(node.text)
    name = f"${latex_symbol(node.text)}$" if node.text else ""
    if ends:
        room = ems(node.text) * SIZE + 4
        at, anchor = (right - room, "west") if node.kind == "output" else (left + room, "east")
        yield rf"\node[anchor={anchor}, inner xsep=3pt, font=\plainsize\bfseries] at ({at:.1f},{y:.1f}) {{{name}}};"
        left, right = (left, at) if node.kind == "output" else (at, right)
    middle = (left + right) / 2
    yield rf"\draw[wire] ({left:.1f},{y:.1f}) -- ({right:.1f},{y:.1f});"
    yield rf"\node[data] at ({middle:.1f},{y + 2.5:.1f}) {{{latex_text(node.data)}}};"
    if node.gradient:
        yield rf"\node[passed] at ({middle:.1f},{y - 2.5:.1f}) {{{latex_text(node.gradient)}}};"
    told = [name if not ends else "", *map(latex_text, (node.shape, node.remark))]
    over = [("small", " ".join(filter(None, told))), ("reason", latex_text(node.mark or ""))]
    for k, (look, line) in enumerate((look, line) for look, line in over if line):
        yield rf"\node[{look}, anchor=south] at ({middle:.1f},{y + 15 + 10 * k:.1f}) {{{line}}};"


def _cells(node: Node, left: float, right: float, y: float, h: float) -> Iterator[str]:
    """A box with its cells side by side, as wide as their text."""
    cells = [(f"${latex_symbol(node.text)}$", ems(node.text), "ink")] if node.text else []
    small = " ".join(filter(None, (node.shape, node.remark)))
    cells += [(latex_text(small), ems(small), "pale")] if small else []
    word = "" if node.kind == "constant" else "data "
    cells.append((latex_text(word + node.data), ems(word + node.data), "value"))
    cells += [(latex_text(f"grad {node.gradient}"), ems(f"grad {node.gradient}"), "gradient")] if node.gradient else []
    total = sum(width + 0.8 for _, width, _ in cells)
    edges = [left]
    for _, width, _ in cells:
        edges.append(edges[-1] + (right - left) * (width + 0.8) / total)
    for (text, _, colour), (a, b) in zip(cells, pairwise(edges), strict=True):
        yield rf"\draw[wire] ({a:.1f},{y - h / 2 + 2:.1f}) rectangle ({b:.1f},{y + h / 2 - 2:.1f});"
        yield rf"\node[text={colour}] at ({(a + b) / 2:.1f},{y:.1f}) {{{text}}};"
