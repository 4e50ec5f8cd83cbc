"""A drawing in Unicode characters, for a terminal, a log or a plain-text file: `to_txt(picture)`.

Values stand above their wires and gradients below; gates are in parentheses, closed groups in brackets. Groups that are
open have no frame here. No renderer is needed. Builds on `picture` and the layered layout of the lesson page.
"""

import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from .picture import Node, Picture

__all__ = ["cells", "to_txt"]

CHAR, LINE = 6.0, 12.0  # the layout's units in a character and a line
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
PIECES = {
    UP | DOWN: "│", LEFT | RIGHT: "─", DOWN | RIGHT: "╭", DOWN | LEFT: "╮", UP | RIGHT: "╰", UP | LEFT: "╯",
    UP | DOWN | RIGHT: "├", UP | DOWN | LEFT: "┤", DOWN | LEFT | RIGHT: "┬", UP | LEFT | RIGHT: "┴",
    UP | DOWN | LEFT | RIGHT: "┼", UP: "│", DOWN: "│", LEFT: "─", RIGHT: "─",
}  # fmt: skip


def cells(text: str) -> int:
    """How many columns of a terminal text takes: a wide character two, a combining one none.

    >>> cells("w0"), cells("损失"), cells("é")
    (2, 4, 1)
    """
    return sum(_cells(c) for c in text)


def _cells(c: str) -> int:
    return 2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1


def to_txt(picture: Picture) -> str:
    """The drawing as lines of text."""
    from .lesson.layout import layered  # the lesson builds on this room

    stamps = [_stamp(node) for node in picture.nodes]
    place = {node.id: k for k, node in enumerate(picture.nodes)}
    sizes = [(max(map(cells, stamp)) * CHAR, len(stamp) * LINE) for stamp in stamps]
    wires = [(place[wire.source], place[wire.target]) for wire in picture.wires]
    layout = layered(sizes, wires)
    canvas = _Canvas()
    corners = []
    for (x, y), (width, _), stamp in zip(layout.centres, sizes, stamps, strict=True):
        corners.append((round((x - width / 2) / CHAR), round(y / LINE), max(map(cells, stamp))))
    for (a, b), points in zip(wires, layout.wires, strict=True):
        stops = [(corners[a][0] + corners[a][2], corners[a][1])]
        stops += [(round(x / CHAR), round(y / LINE)) for x, y in points[1:-1]]
        stops.append((corners[b][0] - 1, corners[b][1]))
        canvas.wire(a, stops)
    for (column, row, _), stamp in zip(corners, stamps, strict=True):
        canvas.stamp(column, row - len(stamp) // 2, stamp)
    return canvas.text()


def _stamp(node: Node) -> list[str]:
    """A node as an odd number of lines, the wire through the middle one."""
    if node.kind == "gate" or node.kind == "closed":
        opening, closing = "()" if node.kind == "gate" else "[]"
        remark = f" {node.remark}" if node.remark else ""
        return [f"{'!' if node.mark is not None else ''}{opening}{node.text}{remark}{closing}"]
    ends = node.kind in ("leaf", "output") and bool(node.text)
    small = " ".join(
        filter(None, (node.text if not ends else "", node.shape, node.remark, node.mark and f"! {node.mark}"))
    )
    width = max(map(cells, (small, node.data, node.gradient))) + 2
    name = f"{node.text} " if ends and node.kind == "leaf" else ""
    after = f" {node.text}" if ends and node.kind == "output" else ""
    lines = [line.center(width + len(line) - cells(line)) for line in (small, node.data)]
    lines.append("─" * width)
    lines.append(node.gradient.center(width))
    lines.append("")
    if not small:
        lines = lines[1:-1]
    pad = " " * cells(name)
    middle = len(lines) // 2
    return [f"{name if k == middle else pad}{line}{after if k == middle else ''}" for k, line in enumerate(lines)]


class _Canvas:
    """Characters by row and column; wires are kept as directions until the end, so that crossings join."""

    def __init__(self) -> None:
        self.wires: dict[tuple[int, int], int] = {}
        self.letters: dict[tuple[int, int], str] = {}
        self.lanes: dict[int, dict[int, int]] = {}

    def wire(self, source: int, stops: list[tuple[int, int]]) -> None:
        """Level from stop to stop, with a step between two rows; wires of one source share theirs."""
        for (x0, y0), (x1, y1) in pairwise(stops):
            if y0 == y1:
                self.level(y0, x0, x1)
                continue
            lanes = self.lanes.setdefault(x0, {})
            lane = lanes.setdefault(source, len(lanes))
            middle = min(max(x0 + 1 + lane, x0), max(x1 - 1, x0))
            self.level(y0, x0, middle)
            self.upright(middle, y0, y1)
            self.level(y1, middle, x1)

    def level(self, row: int, x0: int, x1: int) -> None:
        for x in range(min(x0, x1), max(x0, x1)):
            self.add(x, row, RIGHT)
            self.add(x + 1, row, LEFT)

    def upright(self, column: int, y0: int, y1: int) -> None:
        for y in range(min(y0, y1), max(y0, y1)):
            self.add(column, y, DOWN)
            self.add(column, y + 1, UP)

    def add(self, x: int, y: int, direction: int) -> None:
        self.wires[x, y] = self.wires.get((x, y), 0) | direction

    def stamp(self, column: int, row: int, lines: list[str]) -> None:
        for y, line in enumerate(lines, row):
            x = column
            for c in line:
                width = _cells(c)
                if width == 0:
                    self.letters[x - 1, y] = self.letters.get((x - 1, y), "") + c
                    continue
                if c != " ":
                    self.letters[x, y] = c
                    for k in range(1, width):
                        self.letters[x + k, y] = ""
                x += width

    def text(self) -> str:
        every = [*self.wires, *self.letters]
        left, top = min(x for x, _ in every), min(y for _, y in every)
        rows = max(y for _, y in every) - top + 1
        return "\n".join(self.row(y, left) for y in range(top, top + rows)) + "\n"

    def row(self, y: int, left: int) -> str:
        return "".join(self.pieces(y, left)).rstrip()

    def pieces(self, y: int, left: int) -> Iterator[str]:
        right = max([x for x, row in [*self.wires, *self.letters] if row == y], default=left)
        for x in range(left, right + 1):
            yield self.letters.get((x, y), PIECES.get(self.wires.get((x, y), 0), " "))
