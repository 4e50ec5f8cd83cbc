"""The picture that comes out: every wire joins its two nodes, parts and staleness are right, and it never fails."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing.test_drawing import graphs, needs_renderer, neuron
from tinygrad_edu import Value, draw, group, no_grad, sigmoid, softmax_cross_entropy
from tinygrad_edu.drawing import picture, steps
from tinygrad_edu.drawing.dot import GRADIENT, VALUE
from tinygrad_edu.drawing.picture import COMFORTABLE
from tinygrad_edu.drawing.text import number
from tinygrad_edu.errors import StaleGraphError

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = r"-?\d+(?:\.\d+)?"


def numbers(text: str) -> list[float]:
    return [float(x) for x in re.findall(NUMBER, text)]


def extents(svg: str) -> tuple[dict[str, tuple[float, ...]], list[tuple[str, str, list[float]]]]:
    """Each node's rectangle, and each wire's two node names with its path's points, as the renderer placed them."""
    boxes, wires = {}, []
    for element in ET.fromstring(svg).iter(f"{SVG}g"):  # noqa: S314 - ours
        name = element.findtext(f"{SVG}title") or ""
        if element.get("class") == "edge":
            source, target = (end.split(":")[0] for end in name.split("->"))
            path = element.find(f".//{SVG}path")
            assert path is not None
            wires.append((source, target, numbers(path.get("d") or "")))
        elif element.get("class") == "node":
            boxes[name] = _rectangle(element)
    return boxes, wires


def _rectangle(node: ET.Element) -> tuple[float, ...]:
    xs, ys = [], []
    for shape in node.iter():
        if shape.tag == f"{SVG}ellipse":
            cx, cy, r = (float(shape.get(k) or 0) for k in ("cx", "cy", "rx"))
            xs += [cx - r, cx + r]
            ys += [cy - r, cy + r]
        points = numbers(shape.get("points") or "") or numbers(shape.get("d") or "")
        xs += points[::2]
        ys += points[1::2]
        if shape.tag == f"{SVG}text":
            xs += [float(shape.get("x") or 0)]
            ys += [float(shape.get("y") or 0)]
    return min(xs), min(ys), max(xs), max(ys)


def apart(x: float, y: float, box: tuple[float, ...]) -> float:
    """How far a point is outside a rectangle."""
    return max(box[0] - x, x - box[2], box[1] - y, y - box[3])


def joins(svg: str, slack: float = 7.0) -> bool:
    boxes, wires = extents(svg)
    return all(
        apart(p[0], p[1], boxes[source]) < slack and apart(p[-2], p[-1], boxes[target]) < slack
        for source, target, p in wires
    )


@needs_renderer
@settings(max_examples=15)
@given(graphs(), st.sampled_from(["circuit", "nodes"]))
def test_every_drawn_wire_joins_its_two_nodes(v: Value, style: Any) -> None:
    assert joins(draw(v, style, engine="bundled").svg)


@needs_renderer
def test_a_wire_that_misses_its_node_would_be_noticed() -> None:
    svg = draw(neuron(fused=True), engine="bundled").svg
    broken = re.sub(r'd="M' + NUMBER, 'd="M900', svg, count=1)
    assert broken != svg
    assert not joins(broken)


@needs_renderer
def test_the_line_between_value_and_gradient_continues_its_wires() -> None:
    boxes, wires = extents(draw(neuron(fused=True), engine="bundled").svg)
    svg = ET.fromstring(draw(neuron(fused=True), engine="bundled").svg)  # noqa: S314 - ours
    lines = {}
    for node in svg.iter(f"{SVG}g"):
        if (line := node.find(f".//{SVG}polyline")) is not None and node.get("class") == "node":
            lines[node.findtext(f"{SVG}title")] = numbers(line.get("points") or "")
    assert len(lines) == 10
    for source, target, p in wires:
        if source in lines:
            assert abs(p[1] - lines[source][3]) < 1.5
        if target in lines:
            assert abs(p[-1] - lines[target][1]) < 1.5
    assert boxes.keys() >= lines.keys()


@needs_renderer
@settings(max_examples=25)
@given(graphs())
def test_the_numbers_drawn_are_the_engines(v: Value) -> None:
    v.backward()
    texts = ET.fromstring(draw(v, engine="bundled").svg).iter(f"{SVG}text")  # noqa: S314 - ours
    drawn = {colour: [] for colour in (VALUE, GRADIENT)}  # type: dict[str, list[str]]
    for text in texts:
        drawn.get(text.get("fill") or "", []).append((text.text or "").strip())
    values = {step.node: step.node for step in steps(v)} | {
        x: x for step in steps(v) for x in step.node.inputs if isinstance(x, Value)
    }
    assert set(filter(None, drawn[VALUE])) == {number(x.item()) for x in [*values, v]}
    assert set(filter(None, drawn[GRADIENT])) == {number(x.grad) for x in [*values, v]}


def test_fused_gates_open_inside_fused_gates_and_groups() -> None:
    logits = Value(np.arange(6.0).reshape(2, 3), name="z")
    with group("loss"):
        loss = softmax_cross_entropy(logits, np.array([0, 2]))
    loss.backward()
    made = picture(loss, open=("softmax_cross_entropy", "softmax"))
    assert [(box.name, box.parent) for box in made.boxes] == [
        ("loss", ""),
        ("softmax_cross_entropy", "cluster0"),
        ("softmax", "cluster1"),
    ]
    assert all(node.gradient for node in made.nodes if node.kind in ("value", "output", "leaf"))
    assert [node.data for node in made.nodes if node.kind == "output"] == [number(loss.item())]


def test_parts_are_right_at_overflow_in_no_grad_and_before_any_walk() -> None:
    f = sigmoid(Value(-1000.0, name="x"))
    with no_grad():
        made = picture(f, open="sigmoid")
    assert [node.data for node in made.nodes if node.kind != "gate"] == ["−1000.00", "1000.00", "∞", "∞", "0.00"]
    assert not any(node.gradient for node in made.nodes)


def test_the_gradient_a_part_passes_on_arrives_at_the_input() -> None:
    x = Value(0.3, name="x")
    f = sigmoid(x)
    f.backward()
    made = picture(f, open="sigmoid", precision=12)
    first = next(node for node in made.nodes if node.kind == "value")
    assert float(first.gradient.replace("−", "-")) == pytest.approx(-float(x.grad), abs=1e-11)


def test_a_leaf_that_changed_since_is_marked_and_its_gates_do_not_open() -> None:
    x = Value(1.0, name="x")
    f = sigmoid(x)
    f.backward()
    x.data = 2.0
    assert [node.remark for node in picture(f).nodes if node.kind == "leaf"] == ["changed since"]
    with pytest.raises(StaleGraphError):
        picture(f, open="sigmoid")


def test_an_unknown_name_to_open_is_an_error_that_lists_what_there_is() -> None:
    with group("score"):
        score = Value(1.0) * 2
    with pytest.raises(ValueError, match=r"'sigmod'.*groups score and fused gates sigmoid"):
        draw(sigmoid(score), open="sigmod")


def test_large_graphs_close_their_inner_groups_by_themselves() -> None:
    x = Value(1.0)
    for _ in range(20):
        with group("block"):
            for _ in range(30):
                x = x * 1.01
    assert len(picture(x, open="all").nodes) > COMFORTABLE
    closed = picture(x)
    assert len(closed.nodes) <= COMFORTABLE
    assert [node.text for node in closed.nodes if node.kind == "closed"] == ["block ×19"]
    assert [box.name for box in closed.boxes] == ["block"]


def test_a_value_leaving_a_group_stands_outside_its_frame() -> None:
    made = picture(neuron(fused=False))
    assert {node.kind: node.box for node in made.nodes if node.kind == "output"} == {"output": ""}


@pytest.mark.parametrize(
    "name", ["", "\ud800", "\uffff\ufffe", "a\\", "\\", "&lt;", "🙂", "x" * 500, "\u2028", "%n\\E"]
)
@needs_renderer
def test_any_name_gives_a_well_formed_picture(name: str) -> None:
    x = Value(1.0, name=name)
    with group(name):
        y = x * Value(2.0, name=name) + 1
    for style in ("circuit", "nodes"):
        for depth in (0, 1):
            svg = draw(y, style, depth=depth, engine="bundled").svg
            shown = {text.strip() for e in ET.fromstring(svg).iter() for text in e.itertext()}  # noqa: S314 - ours
            if name.isprintable() and 0 < len(name) <= 60:
                assert name in shown


def test_a_notebook_without_a_renderer_shows_why_and_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYGRAD_EDU_DOT", "/nowhere/dot")
    shown = draw(Value(1.0) * 2)._repr_mimebundle_()
    assert list(shown) == ["text/plain"]
    assert "digraph" in shown["text/plain"]


@needs_renderer
def test_graphviz_itself_draws_with_the_renderer_found() -> None:
    assert draw(neuron(fused=True)).graphviz.pipe(encoding="utf-8").count("<svg") == 1


@needs_renderer
def test_a_png_warns_of_letters_its_fonts_lack() -> None:
    with pytest.warns(UserWarning, match="数"):
        assert draw(Value(1.0, name="数") * 2, engine="bundled").png(96).startswith(b"\x89PNG")


def test_the_local_gradient_of_a_matrix_product_is_no_number() -> None:
    x, w = Value(np.ones((2, 3)), name="x"), Value(np.ones((3, 4)), name="w")
    found = steps((x @ w).sum())
    assert [step.local is None for step in found] == [False, True, True]
