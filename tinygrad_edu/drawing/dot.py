"""A Picture as DOT text, in two styles. Builds on `picture` and `text`.

`to_dot(picture, style)`. Text is joined, not built node by node, which is some twenty times faster. The label of a
value is a table of two rows, so that the wire, the rule between them, runs on between number and gradient.
"""

import textwrap
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from .picture import Box, Node, Picture, Wire
from .text import ems, in_html, plain, quoted

__all__ = ["Direction", "Style", "tinted", "to_dot"]

Style = Literal["circuit", "nodes"]
Direction = Literal["right", "down"]

INK, WIRE, PALE = "#0f172a", "#475569", "#64748b"
VALUE, GRADIENT = "#006b4f", "#b3261e"  # green above, red below, as the courses do; 6.5 : 1 on white
GATE, CLOSED, FRAME, EDGE = "#eef2f9", "#fdf3d7", "#fffcf3", "#a16207"
ALARM, ALARMED = GRADIENT, "#fde7e4"  # what is marked
SIZE, SMALL = 13, 10

HEAD = f"""digraph {{
graph [ordering=in nodesep=0.12 ranksep=0.28 bgcolor=white fontname=Helvetica fontsize=12 fontcolor="{EDGE}"]
node [fontname=Helvetica fontsize={SIZE} shape=plain fontcolor="{VALUE}" color="{WIRE}"]
edge [arrowhead=none color="{WIRE}" fontname=Helvetica]"""
GATES = f'node [shape=circle width=0.44 fixedsize=true style=filled fillcolor="{GATE}" fontcolor="{INK}"]'
PILL = ' shape=box width=0.3 height=0.42 fixedsize=false margin="0.1,0.02" style="rounded,filled"'
BOX = f'{PILL} height=0.5 margin="0.16,0.06" fillcolor="{CLOSED}" color="{EDGE}"'
TABLE = '<table border="0" cellspacing="0">'
RULED = '<td border="1" sides="b"'
HALF = ' height="20"'  # as high as a number


def to_dot(picture: Picture, style: Style = "circuit", direction: Direction = "right") -> str:
    """The picture as DOT: values above and gradients below their wires ("circuit"), or in boxes ("nodes").

    Wires run to the right, or down: then values and gradients stand in them, one under the other.
    """
    down = direction == "down"
    label = _in_cells if style == "nodes" else _stacked if down else _on_wire
    inside: dict[str, tuple[list[str], dict[str, list[str]]]] = {"": ([], {})}
    makers = set()
    for node in picture.nodes:
        values, gates = inside.setdefault(node.box, ([], {}))
        if node.kind == "gate" or node.kind == "closed":
            makers.add(node.id)
            look = _gate(node.kind, node.text, node.remark, node.hint, node.mark, node.tint)
            gates.setdefault(look, []).append(node.id)
        else:
            hint = _hint(node.mark, node.hint)
            values.append(f"{node.id} [label=<{label(node)}>{hint and f' tooltip={hint}'}]")
    ports: dict[bool, list[str]] = {False: [f"{{edge [tailport={'s' if down else 'e'}]"]}
    ports[True] = [f"{{edge [headport={'n' if down else 'w'}]"]
    for wire in picture.wires:
        ports[wire.source in makers].append(_wire(wire))
    head = HEAD.replace("[ordering", f"[rankdir={'TB' if down else 'LR'} ordering", 1)
    lines = [head, *_filled(*inside[""]), *_boxes(picture.boxes, inside), *ports[False], "}", *ports[True], "}"]
    return "\n".join([*lines, "}\n"])


def _filled(values: list[str], gates: dict[str, list[str]]) -> list[str]:
    """The nodes of one box; what gates have in common is said once."""
    told = [f"{ids[0]} {look}" if len(ids) == 1 else f"{{node {look} {' '.join(ids)}}}" for look, ids in gates.items()]
    return [*values, f"{{ {GATES}", *told, "}"] if gates else values


def _boxes(boxes: list[Box], inside: dict[str, tuple[list[str], dict[str, list[str]]]]) -> Iterator[str]:
    """The open groups as clusters, nested; a parent stands before its children in the list."""
    children: dict[str, list[Box]] = {}
    for each in boxes:
        children.setdefault(each.parent, []).append(each)
    stack: list[Box | None] = list(reversed(children.get("", [])))
    while stack:
        if (box := stack.pop()) is None:
            yield "}"
            continue
        yield f'subgraph {box.id} {{\nlabel={_title(box.name)} labeljust=l style="rounded,filled" margin=10'
        yield f'color="{EDGE}" fillcolor="{FRAME}" tooltip={quoted(box.name)}'
        yield from _filled(*inside.get(box.id, ([], {})))
        stack += [None, *reversed(children.get(box.id, []))]


def _title(name: str) -> str:
    """The name of a frame; one with wide characters is given its room by a table."""
    room = _room(name, 12)
    return f'<<table border="0"><tr><td{room}>{in_html(name)}</td></tr></table>>' if room else quoted(name)


def _room(text: str, size: int = SIZE) -> str:
    """The width of a cell with wide (Chinese, Japanese, Korean) characters, for which a renderer guesses too little."""
    return "" if text.isascii() or max(text) < "\u2e80" else f' width="{ems(text) * size + 4:.0f}"'


def _wire(wire: Wire) -> str:
    ends = f"{wire.source}->{wire.target}"
    if wire.mark is None:
        return ends
    look = f'color="{ALARM}" penwidth=2 tooltip={quoted(wire.mark)}'
    return f"{ends} [{look}{f' label=<{_reason(wire.mark)}>' if wire.mark else ''}]"


def _hint(mark: str | None, hint: str) -> str:
    """What a node says when pointed at: why it is marked, then the rest."""
    told = f"{mark}: {hint}" if mark else hint
    return told and quoted(told)


def _lines(reason: str) -> list[str]:
    """A reason in up to three short lines; what is longer is read by pointing at it."""
    return textwrap.wrap(plain(reason), 24)


def _reason(reason: str) -> str:
    lines = "<br/>".join(map(in_html, _lines(reason)))
    return f'<font color="{ALARM}" point-size="{SMALL}">{lines}</font>'


@lru_cache(maxsize=4096)
def _gate(kind: str, text: str, remark: str, hint: str, mark: str | None, tint: float | None) -> str:
    """A gate as a circle, or as wide as its text and settings need; a closed group as a box."""
    width = ems(text)
    look = BOX if kind == "closed" else "" if width <= 2 and not remark else PILL
    room = f" width={width * SIZE / 72 + 0.3:.2f}" if look and _room(text) else ""
    label = quoted(text)
    if remark:
        shade = PALE if tint is None else INK
        label = f'<{in_html(text)}<br/><font point-size="{SMALL}" color="{shade}">{in_html(remark)}</font>>'
    if kind == "closed" and mark:
        label = f"<{in_html(text)}<br/>{_reason(mark)}>"
    if tint is not None:
        look += f' fillcolor="{tinted(tint)}"'
    if mark is not None:
        look += f' color="{ALARM}" penwidth=2 fillcolor="{ALARMED}"'
    return f"[label={label}{look}{room} tooltip={_hint(mark, hint)}]"


def tinted(share: float) -> str:
    """From white to a blue on which the ink still has a contrast of 7 : 1, by the root, so that small shares show."""
    mix = [round(255 + (end - 255) * share**0.5) for end in (0x6F, 0xB1, 0xF7)]
    return "#" + "".join(f"{c:02x}" for c in mix)


def _name(node: Node) -> str:
    return f'<td rowspan="2"{_room(node.text)}><font color="{INK}"><b>{in_html(node.text)}</b></font></td>'


def _on_wire(node: Node) -> str:
    """Value above the wire, gradient below; the name at the left end, an output's at the right, others above."""
    above = in_html(node.data)
    below = f'<font color="{GRADIENT}">{in_html(node.gradient)}</font>' if node.gradient else ""
    if not (node.text or node.shape or node.remark or node.mark is not None):  # most are of this kind
        return f"{TABLE}<tr>{RULED}>{above}</td></tr><tr><td{'' if below else HALF}>{below}</td></tr></table>"
    named = node.text if node.kind == "value" else ""
    small = " ".join(filter(None, (named, node.shape, node.remark)))
    height = 20
    if small:
        above = f'<font color="{PALE}" point-size="{SMALL}">{in_html(small)}</font><br/>{above}'
        height = 36
    if node.mark:
        above = f"{_reason(node.mark)}<br/>{above}"
        height += 13 * len(_lines(node.mark))
    end = _name(node) if node.text and not named else ""
    left, right = ("", end) if node.kind == "output" else (end, "")
    room = _room(small, SMALL)
    return (
        f'{TABLE[:-1]}{_alarm(node)}><tr>{left}{RULED} height="{height}" valign="bottom"{room}>{above}</td>{right}</tr>'
        f'<tr><td height="{height + 1}" valign="top">{below}</td></tr></table>'
    )


def _stacked(node: Node) -> str:
    """Name, shape, value and gradient one under the other, on a wire that runs down."""
    small = " ".join(filter(None, (node.shape, node.remark)))
    lines = [f'<font color="{INK}"><b>{in_html(node.text)}</b></font>'] if node.text else []
    lines += [_reason(node.mark)] if node.mark else []
    lines += [f'<font color="{PALE}" point-size="{SMALL}">{in_html(small)}</font>'] if small else []
    lines.append(in_html(node.data))
    lines += [f'<font color="{GRADIENT}">{in_html(node.gradient)}</font>'] if node.gradient else []
    return f"{TABLE[:-1]}{_alarm(node)}><tr><td{_room(node.text)}>{'<br/>'.join(lines)}</td></tr></table>"


def _alarm(node: Node) -> str:
    return "" if node.mark is None else f' bgcolor="{ALARMED}"'


def _in_cells(node: Node) -> str:
    """A box with a cell each for the name, the data and the gradient, as micrograd draws it."""
    small = " ".join(filter(None, (node.shape, node.remark)))
    cells = f'<td{_room(node.text)}><font color="{INK}">{in_html(node.text)}</font></td>' if node.text else ""
    cells += f'<td><font color="{PALE}" point-size="{SMALL}">{in_html(small)}</font></td>' if small else ""
    cells += f"<td>{in_html(node.data)}</td>" if node.kind == "constant" else f"<td>data {in_html(node.data)}</td>"
    cells += f'<td><font color="{GRADIENT}">grad {in_html(node.gradient)}</font></td>' if node.gradient else ""
    cells += f"<td>{_reason(node.mark)}</td>" if node.mark else ""
    look = f'border="0" cellborder="1" cellspacing="0" cellpadding="5"{_alarm(node)}'
    return f"<table {look}><tr>{cells}</tr></table>"
