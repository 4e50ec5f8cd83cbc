"""Demonstrations that play on a graph: their final numbers are the engine's, or said to be wrong."""

import json
import re

import numpy as np
import pytest
from hypothesis import assume, given, settings

from tests.drawing.test_drawing import HOSTILE, graphs
from tinygrad_edu import Value
from tinygrad_edu.drawing import show
from tinygrad_edu.drawing.record import reachable
from tinygrad_edu.drawing.showpage import digest
from tinygrad_edu.drawing.strategies import naive_recursion, reverse_mode, topological_order, visit_once
from tinygrad_edu.errors import GraphError


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_each_order_ends_with_the_engines_gradients_but_visiting_once(v: Value) -> None:
    assume(len(reachable(v)) <= 12)
    v.backward()
    names = dict.fromkeys(reachable(v), "x")
    for way in (naive_recursion, topological_order, reverse_mode):
        last = list(way(v, names))[-1].numbers
        assert all(last[x] == pytest.approx(float(x._grad), rel=1e-9, abs=1e-12) for x in last)
    visits = list(topological_order(v, names))[-1].cost
    assert visits == len([x for x in reachable(v) if x.gate is not None])
    assert list(visit_once(v, names))[-1].cost == visits
    assert list(naive_recursion(v, names))[-1].cost >= visits


def test_the_diamond_shows_what_goes_wrong() -> None:
    demonstration = show("why topological order")
    assert [column.frames[-1].cost for column in demonstration.columns] == [5, 4, 4]
    assert [column.verdict for column in demonstration.columns] == [
        "5 gate visits, one for each path: 2ⁿ for n diamonds in a row, every gradient right.",
        "4 gate visits, but x is wrong: 24.00 in place of 42.00.",
        "4 gate visits, every gradient right.",
    ]
    assert "visit q again with 6" in str(demonstration)
    assert "too late" in str(demonstration)


def test_forward_mode_pays_for_each_input_and_reverse_mode_once() -> None:
    leaves = [Value(float(k), name=f"x{k}") for k in range(6)]
    v = leaves[0]
    for x in leaves[1:]:
        v = v * x
    forward, reverse = show("forward and reverse mode", v).columns
    assert (forward.frames[-1].cost, reverse.frames[-1].cost) == (5 + 5 + 4 + 3 + 2 + 1, 10)
    assert forward.verdict.startswith("6 passes")
    v.backward()
    tangents = [frame.numbers[v] for frame in forward.frames if frame.at is v]
    assert tangents == [float(x.grad) for x in leaves]


def test_many_paths_stop_naive_recursion() -> None:
    x = v = Value(1.0)
    for _ in range(12):
        v = v + v
    naive, once, topological = show("why topological order", v).columns
    assert naive.verdict == "stopped after 60 moves"
    assert topological.frames[-1].numbers[x] == 2**12
    assert "wrong" in once.verdict


@pytest.mark.parametrize("name", HOSTILE)
def test_the_page_holds_names_as_data_and_fetches_nothing(name: str) -> None:
    x = Value(2.0, name=name)
    page = show("forward and reverse mode", x * Value(3.0, name="</script><b>")).html
    assert page.count("<script") == page.count("</script>") == 2
    assert "<b>" not in page.partition("<noscript>")[0]
    assert not re.search(r"(?:href|src)=", page.replace("xlink:href", ""))
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert [len(column["frames"]) for column in data] == [4, 3]
    (svg,) = {*re.findall(r"<svg.*?</svg>", page, re.DOTALL)}
    nodes = svg.count('<g class="node ')
    assert {place for column in data for frame in column["frames"] for place in frame["lit"]} == set(range(nodes))
    shown = show("forward and reverse mode")._repr_mimebundle_()["text/html"]
    assert shown.startswith("<iframe srcdoc=")


def test_the_policy_allows_this_script_and_style_alone_and_no_renderer_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TINYGRAD_EDU_DOT", "/nowhere/dot")
    page = show("why topological order").html
    assert page.count("<svg") == 3
    assert "unsafe" not in page
    for kind in ("script", "style"):
        (body,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        assert f"{kind}-src 'sha256-{digest(body)}'" in page
    assert not re.search(r"\sstyle=|\son\w+=", page)


def test_the_page_writes_below_each_wire_what_the_frame_knows() -> None:
    demonstration = show("why topological order")
    data = json.loads(demonstration.html.partition('id="data">')[2].partition("</script>")[0])
    last = data[-1]["frames"][-1]["below"]
    named = {node.text: k for k, node in enumerate(demonstration.picture.nodes) if node.kind != "gate"}
    assert {name: last[str(k)] for name, k in named.items()} == {
        "x": "42.00",
        "q": "14.00",
        "a": "4.00",
        "b": "6.00",
        "f": "1.00",
    }


def test_what_cannot_be_shown_is_named() -> None:
    with pytest.raises(ValueError, match="choose 'why topological order' or"):
        show("everything")
    with pytest.raises(GraphError, match="real scalars"):
        show("why topological order", np.sum(Value([1.0, 2.0])))
