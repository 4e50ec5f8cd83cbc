"""A Picture as DOT text, in two styles. Builds on `picture` and `text`.

`to_dot(picture, style)`. Text is joined, not built node by node, which is some twenty times faster.
"""

from typing import Literal

from .picture import Box, Node, Picture, Wire
from .text import ems, in_html, quoted

__all__ = ["Style", "to_dot"]

Style = Literal["circuit", "nodes"]

INK, WIRE, PALE = "#1b1f24", "#6e7781", "#8c959f"
VALUE, GRADIENT = "#006b4f", "#b3261e"  # green above, red below, as the courses do; 6.5 : 1 on white

HEAD = "\n".join(
    [
        "digraph {",
        "rankdir=LR bgcolor=white pad=0.2 nodesep=0.18 ranksep=0.28 ordering=in",
        f'node [fontname=Helvetica fontsize=12 color="{INK}" fontcolor="{INK}" penwidth=1.1 shape=plain]',
        f'edge [color="{WIRE}" penwidth=1.1 arrowsize=0.6]',
        f'graph [fontname=Helvetica fontsize=12 fontcolor="{WIRE}" color="{PALE}" style=rounded]',
    ]
)


def to_dot(picture: Picture, style: Style = "circuit") -> str:
    """The picture as DOT: values above and gradients below their wires ("circuit"), or in boxes ("nodes")."""
    node, wire = {"circuit": (_circuit_node, _circuit_wire), "nodes": (_box_node, _box_wire)}[style]
    inside: dict[str, list[str]] = {}
    for each in picture.nodes:
        inside.setdefault(each.box, []).append(node(each))
    kinds: dict[str, str] = {each.id: each.kind for each in picture.nodes}
    lines = [HEAD, *inside.get("", []), *_boxes(picture.boxes, inside)]
    lines += [wire(each, kinds) for each in picture.wires]
    return "\n".join([*lines, "}\n"])


def _boxes(boxes: list[Box], inside: dict[str, list[str]]) -> list[str]:
    """The open groups as clusters, nested; a parent stands before its children in the list."""
    children: dict[str, list[Box]] = {}
    for each in boxes:
        children.setdefault(each.parent, []).append(each)
    lines: list[str] = []
    stack: list[Box | None] = list(reversed(children.get("", [])))
    while stack:
        if (box := stack.pop()) is None:
            lines.append("}")
            continue
        lines += [f"subgraph {box.id} {{", f"label={quoted(box.name)}", *inside.get(box.id, [])]
        stack += [None, *reversed(children.get(box.id, []))]
    return lines


def _tip(node: Node) -> str:
    parts = [node.text, node.shape, f"value {node.data}" if node.data else ""]
    parts.append(f"gradient {node.gradient}" if node.gradient else "")
    return quoted(", ".join(part for part in parts if part))


def _gate(node: Node) -> str:
    shape = "shape=circle fixedsize=true width=0.46" if ems(node.text) <= 2.3 else "shape=box style=rounded height=0.36"
    return f"{node.id} [label={quoted(node.text)} {shape} margin=0.06 tooltip={quoted(node.hint)}]"


def _closed(node: Node) -> str:
    width = max(0.6, ems(node.text) * 12 / 72 + 0.25)
    look = 'shape=box style="rounded,filled" fillcolor="#f1f3f5" peripheries=2 height=0.42'
    return f"{node.id} [label={quoted(node.text)} {look} width={width:.2f} tooltip={_tip(node)}]"


def _cell(text: str, colour: str, size: int = 12, more: str = "") -> str:
    wide = f' WIDTH="{ems(text) * size:.0f}"' if any(c > "\u2e7f" for c in text) else ""
    points = f' POINT-SIZE="{size}"' if size != 12 else ""
    shown = f'<FONT COLOR="{colour}"{points}>{in_html(text)}</FONT>' if text else " "
    return f"<TD{wide}{more}>{shown}</TD>"


def _circuit_node(node: Node) -> str:
    if node.kind == "gate":
        return _gate(node)
    if node.kind == "closed":
        return _closed(node)
    if node.kind == "constant":
        text = f"{node.data}\u2002{node.shape}".strip()
        return f'{node.id} [shape=plaintext margin=0.03 fontcolor="{WIRE}" label={quoted(text)} tooltip={_tip(node)}]'
    title = _cell(node.text, INK, 13, ' ROWSPAN="2" CELLPADDING="4"') if node.text else ""
    shape = _cell(node.shape, PALE, 9, ' ROWSPAN="2"') if node.shape else ""
    # The rule between the two rows is the wire, running through.
    rows = [
        "<TR>" + title + _cell(node.data, VALUE, more=f' BORDER="1" SIDES="B" COLOR="{WIRE}"') + shape + "</TR>",
        "<TR>" + _cell(node.gradient, GRADIENT) + "</TR>",
    ]
    table = f'<TABLE BORDER="0" CELLSPACING="0">{"".join(rows)}</TABLE>'
    return f"{node.id} [label=<{table}> tooltip={_tip(node)}]"


def _circuit_wire(wire: Wire, kinds: dict[str, str]) -> str:
    source = f"{wire.source}:e" if kinds[wire.source] in ("leaf", "value") else wire.source
    if kinds[wire.target] in ("leaf", "value"):
        return f"{source} -> {wire.target}:w [arrowhead=none]"
    return f"{source} -> {wire.target}"


def _box_node(node: Node) -> str:
    if node.kind == "gate":
        return _gate(node)
    if node.kind == "closed":
        return _closed(node)
    rows = [(node.text, INK), (node.shape, PALE), (f"data {node.data}", VALUE)]
    rows += [(f"grad {node.gradient}", GRADIENT)] if node.gradient else []
    cells = "".join(f"<TR>{_cell(text, colour)}</TR>" for text, colour in rows if text)
    table = f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" COLOR="{WIRE}" STYLE="ROUNDED">{cells}</TABLE>'
    return f"{node.id} [label=<{table}> tooltip={_tip(node)}]"


def _box_wire(wire: Wire, kinds: dict[str, str]) -> str:
    del kinds
    return f"{wire.source} -> {wire.target}"
