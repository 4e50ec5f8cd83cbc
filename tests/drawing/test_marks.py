"""Marks: what stands out in a drawing, with the reason, whatever is open or closed around it."""

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

from tests.drawing.test_drawing import HOSTILE, needs_renderer, neuron
from tinygrad_edu import Value, draw, find_nan, group, sigmoid
from tinygrad_edu.drawing import picture
from tinygrad_edu.drawing.dot import ALARM
from tinygrad_edu.drawing.picture import Picture


def product() -> tuple[Value, Value, Value]:
    x, w = Value(2.0, name="x"), Value(3.0, name="w")
    with group("score"):
        h = x * w
        y = h + 1
    return x, h, y


def marked(made: Picture) -> dict[str, str]:
    return {node.id: node.mark for node in made.nodes if node.mark is not None}


def test_a_marked_value_stands_out_with_the_gate_that_made_it() -> None:
    _, h, y = product()
    made = picture(y, marks={h: "too large"})
    assert marked(made) == {"g0": "too large", "v2": "too large"}
    assert not any(wire.mark for wire in made.wires)


def test_a_marked_wire_stands_out_alone() -> None:
    _, h, y = product()
    made = picture(y, marks={(h, 1): "off by 3 %"})
    assert [(w.source, w.target) for w in made.wires if w.mark == "off by 3 %"] == [("v1", "g0")]
    assert marked(made) == {}


def test_a_closed_group_is_marked_for_what_it_hides() -> None:
    x, h, y = product()
    made = picture(y, depth=0, marks={h: "too large", (y, 0): "wrong"})
    assert marked(made) == {"b0": "too large; wrong"}
    made = picture(y, depth=0, marks={(h, 0): "wrong"})
    assert [(w.source, w.target) for w in made.wires if w.mark] == [("v0", "b0")]
    assert marked(picture(y, depth=0, marks={x: ""})) == {"v0": ""}


def test_marks_on_a_folded_constant_and_on_an_opened_gate_fall_on_the_gate() -> None:
    _, _, y = product()
    assert marked(picture(y, marks={(y, 1): "a constant"})) == {"g1": "a constant"}
    z = Value(0.5)
    f = sigmoid(z)
    assert len(marked(picture(f, open="sigmoid", marks={(f, 0): "here"}))) == 2


@pytest.mark.parametrize("place", [Value(1.0), "h", ("h", 0), None])
def test_a_mark_that_is_not_in_the_graph_is_an_error(place: Any) -> None:
    with pytest.raises(ValueError, match="is not in the graph"):
        draw(product()[2], marks={place: "?"})


def test_a_mark_beyond_the_inputs_is_an_error() -> None:
    _, h, y = product()
    with pytest.raises(ValueError, match=r"\(.*mul.*, 2\) is not in the graph"):
        draw(y, marks={(h, 2): "?"})


@needs_renderer
@pytest.mark.parametrize("style", ["circuit", "nodes"])
@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("reason", [*HOSTILE, "a long reason " * 9])
def test_reasons_are_drawn_in_red_and_stay_text(style: Any, depth: int, reason: str) -> None:
    _, h, y = product()
    plain = draw(y, style, depth=depth, engine="bundled").svg
    assert ALARM not in plain
    svg = draw(y, style, depth=depth, marks={h: reason, (h, 0): reason}, engine="bundled").svg
    ET.fromstring(svg)  # noqa: S314 - ours
    assert ALARM in svg


@needs_renderer
def test_what_find_nan_found_is_marked() -> None:
    x = Value([0.0, 1.0], name="x")
    with np.errstate(all="ignore"):
        loss = np.sum(np.log(x) * [0.0, 1.0])
    report = find_nan(loss)
    svg = draw(loss, marks=dict.fromkeys(report.spread, "") | {report.value: report.reason}, engine="bundled").svg
    assert "log of 0 is &#45;inf, and" in svg  # the label
    assert "log of 0 is &#45;inf, and its slope is infinite: " in svg  # whole when pointed at


def test_without_marks_nothing_changes() -> None:
    assert draw(neuron(fused=True), marks={}).dot == draw(neuron(fused=True)).dot
