"""Pictures of graphs: what is in them, how large they are, and that nothing a user names can break them."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Value, draw, group, relu, sigmoid, softmax_cross_entropy
from tinygrad_edu.drawing import picture, steps, table
from tinygrad_edu.drawing.picture import Picture
from tinygrad_edu.drawing.record import reachable
from tinygrad_edu.drawing.render import SETTING, bundled, run_dot
from tinygrad_edu.drawing.text import number
from tinygrad_edu.errors import GraphError, RenderError

needs_renderer = pytest.mark.skipif(bundled() is None, reason="the extra `lessons` brings the renderer")


def neuron(*, fused: bool) -> Value:
    w0, x0, w1, x1, w2 = (Value(n, name=name) for name, n in {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}.items())
    score = w0 * x0 + w1 * x1 + w2
    if fused:
        f = sigmoid(score)
    else:
        with group("sigmoid"):
            f = 1 / (1 + np.exp(-1 * score))
    f.backward()
    return f


def kinds(made: Picture) -> dict[str, int]:
    counts: dict[str, int] = {}
    for node in made.nodes:
        counts[node.kind] = counts.get(node.kind, 0) + 1
    return counts


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("opened", ["all", (), ("sigmoid",)])
def test_the_circuit_of_the_course_shows_its_numbers(fused: bool, opened: Any) -> None:
    made = picture(neuron(fused=fused), open=opened)
    leaves = {node.text: (node.data, node.gradient) for node in made.nodes if node.kind == "leaf"}
    assert leaves == {
        "w0": ("2.00", "−0.20"),
        "x0": ("−1.00", "0.39"),
        "w1": ("−3.00", "−0.39"),
        "x1": ("−2.00", "−0.59"),
        "w2": ("−3.00", "0.20"),
    }
    assert [(n.data, n.gradient) for n in made.nodes if n.kind == "output"][-1] == ("0.73", "1.00")


def test_small_gates_are_drawn_as_the_course_draws_them() -> None:
    symbols = [node.text for node in picture(neuron(fused=False)).nodes if node.kind == "gate"]
    assert symbols == ["×", "×", "+", "+", "×−1", "exp", "+1", "1/x"]


def test_a_fused_gate_opens_into_parts_with_the_same_numbers() -> None:
    fused = picture(neuron(fused=True), open=("sigmoid",))
    small = picture(neuron(fused=False))
    assert [(n.kind, n.text, n.data, n.gradient) for n in fused.nodes] == [
        (n.kind, n.text, n.data, n.gradient) for n in small.nodes
    ]
    assert [box.name for box in fused.boxes] == ["sigmoid"]


def test_a_closed_group_is_one_box_between_its_inputs_and_outputs() -> None:
    made = picture(neuron(fused=False), open=())
    assert kinds(made) == {"leaf": 5, "gate": 4, "value": 4, "output": 1, "closed": 1}
    assert made.boxes == []


def test_groups_nest_and_open_one_by_one() -> None:
    x = Value([[1.0, 2.0]], name="x")
    with group("net"):
        with group("first"):
            h = relu(x * 2)
        with group("second"):
            y = h.sum() * 3
    assert [box.name for box in picture(y).boxes] == ["net", "first", "second"]
    partly = picture(y, open=("net", "second"))
    assert [box.name for box in partly.boxes] == ["net", "second"]
    assert [node.text for node in partly.nodes if node.kind == "closed"] == ["first"]
    assert [node.text for node in picture(y, open="first").nodes if node.kind == "closed"] == ["second"]
    assert [node.text for node in picture(y, depth=1).nodes if node.kind == "closed"] == ["first", "second"]
    assert [node.text for node in picture(y, depth=0).nodes if node.kind == "closed"] == ["net"]


def test_an_input_used_twice_has_two_wires_in_argument_order() -> None:
    a, b = Value(3.0, name="a"), Value(4.0, name="b")
    made = picture(a * a)
    assert [(w.source, w.target) for w in made.wires[:2]] == [("v0", "g0"), ("v0", "g0")]
    made = picture(b - a)
    names = {node.id: node.text for node in made.nodes}
    assert [names[w.source] for w in made.wires if names[w.target] == "−"] == ["b", "a"]


def test_gradients_that_no_walk_has_reached_are_absent() -> None:
    x = Value(2.0, name="x")
    assert [node.gradient for node in picture(x * 2).nodes] == ["", "", ""]


def test_tensors_show_shape_and_a_short_summary() -> None:
    logits = Value(np.arange(12.0).reshape(3, 4), name="z")
    made = picture(softmax_cross_entropy(logits, np.array([0, 1, 2])))
    z = made.nodes[0]
    assert (z.shape, z.data) == ("3×4", "0.00 … 11.00")
    assert [(n.kind, n.shape) for n in made.nodes if n.kind == "constant"] == [("constant", "3")]


def test_sixty_doublings_are_small_and_at_once() -> None:
    x = Value(1.0)
    sizes = []
    for k in range(1, 61):
        x = x + x
        if k in (30, 60):
            sizes.append(len(draw(x).dot))
    assert sizes[1] < 2.1 * sizes[0] < 13_000
    assert len(draw(x, "nodes").dot) < 13_000


def test_a_long_chain_does_not_recurse_and_is_refused_by_size() -> None:
    x = Value(1.0)
    for _ in range(5_000):
        x = x * 1.0001
    with pytest.raises(GraphError, match=r"10,001 nodes.*force=True"):
        draw(x)
    assert draw(x, force=True).dot.count("->") == 10_000


HOSTILE = [
    '"',
    "<b>",
    "a&b",
    "\\N\\G\\l",
    "new\nline",
    "\x00\x07",
    "]]>",
    "{x|y}",
    "数据",
    "",
    "-->",
    "'; rm",
    "%s",
    "é",
]


@needs_renderer
@pytest.mark.parametrize("style", ["circuit", "nodes"])
def test_hostile_names_stay_text(style: Any) -> None:
    values = [Value(1.0, name=name) for name in HOSTILE]
    with group('</TABLE>"];evil'):
        out = sum(values)
    svg = draw(out, style, engine="bundled").svg
    texts = {text.strip() for element in ET.fromstring(svg).iter() for text in element.itertext()}  # noqa: S314 - ours
    for name in HOSTILE:
        shown = re.sub(r"[\x00-\x1f]", " ", name).strip()
        assert not shown or shown in texts
    assert "evil" in "".join(texts)
    assert "<script" not in svg


@needs_renderer
def test_every_format_is_written(tmp_path: Path) -> None:
    drawing = draw(neuron(fused=True), engine="bundled")
    assert drawing.save(tmp_path / "a.svg").read_text().startswith("<svg role")
    assert drawing.save(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert drawing.save(str(tmp_path / "a.dot")).read_text() == drawing.dot
    assert drawing._repr_mimebundle_()["image/svg+xml"] == drawing.svg
    assert drawing.graphviz.source == drawing.dot
    with pytest.raises(ValueError, match=r"choose \.svg"):
        drawing.save(tmp_path / "a.gif")


@needs_renderer
def test_the_picture_is_the_same_each_time() -> None:
    assert draw(neuron(fused=True), engine="bundled").svg == draw(neuron(fused=True), engine="bundled").svg


def test_without_a_renderer_the_error_hands_back_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "/nowhere/dot")
    drawing = draw(Value(1.0) * 2)
    with pytest.raises(RenderError, match=r"tinygrad_edu\[lessons\]") as caught:
        drawing.png()
    assert caught.value.dot == drawing.dot


def test_without_any_renderer_the_svg_is_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinygrad_edu.drawing.render.bundled", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv(SETTING, raising=False)
    drawing = draw(neuron(fused=True))
    assert drawing.svg == draw(neuron(fused=True), layout="groups").svg
    with pytest.raises(RenderError, match="no Graphviz program was found"):
        drawing.png()
    with pytest.raises(RenderError, match="no Graphviz program was found"):
        draw(neuron(fused=True), layout="graphviz").svg  # noqa: B018 - computed when read


@needs_renderer
def test_names_of_frames_stand_above_the_wires_that_run_down() -> None:
    f = neuron(fused=True)
    with group("last & least"):
        g = np.exp(f)
    down, right = (draw(g, direction=way, engine="bundled").svg for way in ("down", "right"))
    assert down.index("last &amp; least</text>") > down.rindex('class="edge"')
    assert right.index("last &amp; least</text>") < right.index('class="edge"')
    assert down.count("<text") == right.count("<text")
    ET.fromstring(down)  # noqa: S314 - our own


@needs_renderer
def test_a_program_that_fails_gives_way_to_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "dot"
    broken.write_text("#!/bin/sh\necho crashed >&2\nexit 139\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv(SETTING, raising=False)
    assert run_dot("digraph {a -> b}").strip().endswith(b"</svg>")
    with pytest.raises(RenderError, match="status 139: crashed"):
        run_dot("digraph {a -> b}", engine="system")


def test_a_program_that_hangs_is_stopped(tmp_path: Path) -> None:
    slow = tmp_path / "dot"
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o755)
    with pytest.raises(RenderError, match=r"took over 0\.2 s"):
        run_dot("digraph {}", engine=str(slow), timeout=0.2)


@pytest.mark.parametrize(
    ("use", "error"), [(lambda: draw(3), TypeError), (lambda: draw(Value(1.0), "art"), ValueError)]
)
def test_misuse_is_named(use: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="draw"):
        use()


@st.composite
def graphs(draw_from: st.DrawFn) -> Value:
    values: list[Value] = [Value(draw_from(st.floats(-2, 2)), name=f"x{k}") for k in range(2)]
    for _ in range(draw_from(st.integers(1, 12))):
        a, b = (draw_from(st.sampled_from(values)) for _ in range(2))
        with group(draw_from(st.sampled_from("ABC"))):
            values.append(draw_from(st.sampled_from([a + b, a * b, np.maximum(a, b), sigmoid(a), a - 2, np.tanh(b)])))
    return values[-1]


@settings(max_examples=40)
@given(graphs(), st.data())
def test_every_wire_joins_two_nodes_and_every_box_has_a_parent(v: Value, data: st.DataObject) -> None:
    names = {x.group.name for x in reachable(v) if x.group} | {
        "sigmoid" for x in reachable(v) if str(x.gate) == "sigmoid"
    }
    made = picture(v, open=data.draw(st.sets(st.sampled_from(sorted(names))) if names else st.just(set[str]())))
    ids = [node.id for node in made.nodes]
    assert len(ids) == len(set(ids))
    assert {end for wire in made.wires for end in (wire.source, wire.target)} <= set(ids)
    boxes = {box.id for box in made.boxes}
    assert {node.box for node in made.nodes} | {box.parent for box in made.boxes} <= boxes | {""}
    assert len({w.target for w in made.wires if w.source == ids[-1]}) == 0


@settings(max_examples=40)
@given(graphs())
def test_the_steps_are_the_engines_bit_for_bit(v: Value) -> None:
    v.backward()
    sums: dict[Value, Any] = {v: v.grad}
    for step in steps(v):
        assert step.upstream == sums[step.node]
        x = step.node.inputs[step.position]
        sums[x] = sums[x] + step.downstream if x in sums else step.downstream
    assert all(g == x._grad for x, g in sums.items())


def test_the_table_lists_every_gate() -> None:
    text = table(neuron(fused=True))
    assert len(text.splitlines()) == 10
    assert re.search(r"sigmoid +t5 +0\.73 +t4 +1\.00 +0\.20 +1\.00 +0\.20", text)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.5, "0.50"),
        (-0.0, "0.00"),
        (-0.004, "−4.00·10⁻³"),
        (1e-5, "1.00·10⁻⁵"),
        (123456, "1.23·10⁵"),
        (np.inf, "∞"),
        (1 - 2j, "1.00−2.00i"),
    ],
)
def test_numbers_are_short_and_have_a_true_minus(x: Any, text: str) -> None:
    assert number(x) == text
