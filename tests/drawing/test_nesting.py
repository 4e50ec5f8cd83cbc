"""Pictures laid out group by group: nothing overlaps, wires meet their ends, equal groups share a layout."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.drawing.test_drawing import HOSTILE, graphs
from tests.drawing.test_large import blocks, deep
from tinygrad_edu import Value, draw, group
from tinygrad_edu.drawing import picture
from tinygrad_edu.drawing.nesting import Nested, nested
from tinygrad_edu.drawing.picture import COMFORTABLE, Picture
from tinygrad_edu.drawing.svg import size, to_svg

Box = tuple[float, float, float, float]


def laid(made: Picture, style: Any = "circuit") -> Nested:
    return nested(made, lambda node: size(node, style))


def rectangle(where: tuple[float, float, float, float]) -> Box:
    x, y, w, h = where
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def apart(a: Box, b: Box) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def within(a: Box, b: Box) -> bool:
    return b[0] <= a[0] and b[1] <= a[1] and a[2] <= b[2] and a[3] <= b[3]


def faults(made: Picture, where: Nested) -> list[str]:
    """What overlaps, or stands outside its frame, or does not meet its wire."""
    found = []
    boxes = {node.id: rectangle(where.nodes[node.id]) for node in made.nodes}
    names = [node.id for node in made.nodes]
    found += [f"{a} over {b}" for k, a in enumerate(names) for b in names[:k] if not apart(boxes[a], boxes[b])]
    parent = {box.id: box.parent for box in made.boxes}
    for node in made.nodes:
        around = set()
        frame = node.box
        while frame:
            around.add(frame)
            frame = parent[frame]
        for frame, corners in where.boxes.items():
            fits = within(boxes[node.id], corners) if frame in around else apart(boxes[node.id], corners)
            found += [] if fits else [f"{node.id} and frame {frame}"]
    starts, ends = {}, set()
    for source, target, _, points in where.wires:
        starts.setdefault(source, set()).add(points[0])
        ends.add((target, points[-1]))
    for wire in made.wires:
        x0, _, x1, _ = boxes[wire.source]
        level = where.nodes[wire.source][1]
        if not any(abs(x - x1) < 1 and abs(y - level) < 1 for x, y in starts.get(wire.source, ())):
            found.append(f"{wire.source} has no wire")
        x0, level = boxes[wire.target][0], where.nodes[wire.target][1]
        if not any(name == wire.target and abs(x - x0) < 1 and abs(y - level) < 1 for name, (x, y) in ends):
            found.append(f"{wire.target} is not reached")
    return found


def pieces_meet(where: Nested) -> bool:
    """Whether each piece of a wire begins at its source or where another piece of the same source ends."""
    for source, _, _, points in where.wires:
        mine = [p for s, _, _, p in where.wires if s == source]
        x1 = rectangle(where.nodes[source])[2]
        if abs(points[0][0] - x1) > 1 and not any(np.allclose(points[0], p[-1]) for p in mine):
            return False
    return True


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_nothing_overlaps_and_every_wire_joins(v: Value) -> None:
    for style, folded in (("circuit", True), ("nodes", False)):
        made = picture(v, open="all", folded=folded)
        where = laid(made, style)
        assert faults(made, where) == []
        assert pieces_meet(where)


def test_a_fault_would_be_noticed() -> None:
    made = picture(blocks(3), open="all")
    where = laid(made)
    first = made.nodes[0].id
    x, y, w, h = where.nodes[first]
    where.nodes[first] = (x + 60, y, w, h)
    assert faults(made, where)


def test_nested_groups_and_skips_are_laid_out_apart() -> None:
    y = deep(3)(Value(np.ones((2, 8)), name="x")).sum()
    y.backward()
    made = picture(y, open="all")
    where = laid(made)
    assert faults(made, where) == []
    assert pieces_meet(where)


def test_equal_groups_share_one_layout() -> None:
    made = picture(blocks(100, gates=4), open="all")
    where = laid(made)
    assert len(made.boxes) == 100
    assert where.layouts <= 6
    y = deep(60)(Value(np.ones((2, 8)), name="x")).sum()
    made = picture(y, open="all")
    assert len(made.nodes) > 3 * COMFORTABLE
    assert laid(made).layouts < 60


def test_large_pictures_are_drawn_without_any_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYGRAD_EDU_DOT", "/nowhere/dot")
    drawing = draw(blocks(80, gates=5), open="all")
    assert len(drawing.picture.nodes) > COMFORTABLE
    root = ET.fromstring(drawing.svg)  # noqa: S314 - ours
    titles = [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert sum("->" in (title or "") for title in titles) >= len(drawing.picture.wires)
    assert 'aria-label="computation graph: 401 values, 400 gates"' in drawing.svg
    assert draw(blocks(2), layout="groups").svg.startswith("<svg")
    with pytest.raises(ValueError, match="choose 'auto', 'graphviz' or 'groups'"):
        draw(blocks(2), layout="circular")


@pytest.mark.parametrize("style", ["circuit", "nodes"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text_in_our_own_svg(name: str, style: Any) -> None:
    x = Value(1.0, name=name)
    with group(name):
        y = x * Value(2.0, name=name) + 1
    svg = to_svg(picture(y, marks={x: name, (y, 0): name}, folded=style == "circuit"), style, name)
    shown = {text.strip() for element in ET.fromstring(svg).iter() for text in element.itertext()}  # noqa: S314 - ours
    clean = re.sub(r"[\x00-\x1f]", " ", name).strip()
    assert not clean or clean in shown
    assert "<script" not in svg


def test_a_progress_bar_is_shown_for_the_largest(capsys: pytest.CaptureFixture[str]) -> None:
    drawing = draw(blocks(260, gates=4), open="all", force=True)
    assert len(drawing.picture.nodes) > 2000
    assert drawing.svg
    assert "drawing" in capsys.readouterr().err or "laying out" in capsys.readouterr().err
