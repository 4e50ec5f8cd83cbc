"""Bytes kept and operations done: against what NumPy says of the arrays, and counts made by hand."""

import re
from typing import Any

import numpy as np
import pytest

from tests.drawing.test_drawing import needs_renderer, neuron
from tests.gates.samples import every
from tinygrad_edu import Value, draw, nn
from tinygrad_edu.drawing import cost, picture
from tinygrad_edu.drawing.cost import CUBIC, MOVES, PER_INPUT, SPECIAL, amount
from tinygrad_edu.drawing.record import reachable
from tinygrad_edu.errors import SettingError


def rows(v: Value, by: Any = "gate") -> dict[str, tuple[int, int | None, int | None]]:
    return {row.name.strip(): (row.bytes, row.forward, row.backward) for row in cost(v, by).rows}


def test_a_matrix_product_counts_products_and_sums() -> None:
    x, w = Value(np.ones((32, 10))), Value(np.ones((10, 4)))
    assert rows(x @ w)["matmul"] == (32 * 4 * 8, 2 * 32 * 10 * 4, 2 * 2 * 32 * 10 * 4)
    assert rows(np.ones((32, 10)) @ w)["matmul"] == ((32 * 4 + 32 * 10) * 8, 2560, 2560)
    both = np.einsum("ij,jk->ik", x, w)
    assert rows(both)["einsum"][1] == 2560


def test_a_convolution_counts_its_window_at_each_place() -> None:
    layer = nn.Conv2d(3, 8, 5, bias=False)
    out = layer(np.zeros((2, 3, 12, 12)))
    assert rows(out)["conv"][1] == 2 * 2 * 8 * 8 * 8 * 3 * 5 * 5


def test_bytes_are_those_of_the_arrays_and_views_count_once() -> None:
    x = Value(np.ones((10, 10)))
    y = np.exp(x)
    out = (y.reshape((100,)) + 1).sum()
    counted = rows(out)
    assert counted["reshape"][0] == 0
    assert counted["exp"] == (800, 100, 200)
    assert counted["leaves"][0] == 800
    assert cost(out).total.bytes == 800 * 3 + 8
    assert cost(out).total.bytes == sum(r.bytes for r in cost(out, "group").rows)


def test_an_unknown_gate_is_a_question_mark_and_not_a_zero() -> None:
    from tinygrad_edu import GATES, gate

    @gate(x=lambda g, out, x: g * np.ones_like(x))
    def unheard_of(x: Any) -> Any:
        return np.sum(x)

    out = unheard_of(Value(np.ones(3))) * 2
    assert rows(out)["unheard_of"][1:] == (None, None)
    assert cost(out).total.forward is None
    assert re.search(r"total +2 +40 B +\? +\?", str(cost(out)))
    del GATES["unheard_of"]


def test_nearly_every_gate_of_the_package_has_a_count() -> None:
    known = MOVES | PER_INPUT.keys() | CUBIC.keys() | SPECIAL.keys()
    unknown = {name for name, gate in every().items() if not gate.elementwise and name not in known}
    assert unknown <= {"conv_weight", "cofactor", "det_phase", "undetermined", "recomputed"}


def test_groups_sum_what_is_inside_in_the_order_of_the_tree() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    out = model(np.ones((3, 4)))
    table = cost(out, "group")
    assert [row.name for row in table.rows] == ["Sequential", "  0: Linear", "  1: Tanh", "  2: Linear"]
    inner = [row.bytes for row in table.rows[1:]]
    assert table.rows[0].bytes == sum(inner) == table.total.bytes
    assert table.total.count == len([x for x in reachable(out) if x.gate is not None])


def test_a_table_shows_itself() -> None:
    table = cost(neuron(fused=True))
    lines = str(table).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert table._repr_mimebundle_()["text/html"].count("<tr>") == len(table.rows) + 2
    with pytest.raises(SettingError, match="choose 'gate' or 'group'"):
        cost(neuron(fused=True), "colour")


@pytest.mark.parametrize(("n", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (123456, "123 kB")])
def test_amounts_have_three_digits(n: int, text: str) -> None:
    assert amount(n, "B") == text


def test_colour_tints_by_share_and_closed_groups_by_their_sum() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    out = model(np.ones((3, 4)))
    tints = {node.text: node.tint for node in picture(out, depth=1, colour="flops").nodes if node.kind == "closed"}
    assert tints["0: Linear"] == 1.0
    assert 0 < (tints["1: Tanh"] or 0) < (tints["2: Linear"] or 0) < 1
    remarks = {node.text: node.remark for node in picture(out, depth=1, colour="bytes").nodes if node.kind == "closed"}
    assert remarks["1: Tanh"] == "192 B"
    assert remarks["2: Linear"].startswith("18 parameters, ")
    assert all(node.tint is None for node in picture(out).nodes)


@needs_renderer
def test_colour_is_drawn_and_a_wrong_one_refused() -> None:
    f = neuron(fused=True)
    plain, coloured = draw(f, engine="bundled").svg, draw(f, colour="bytes", engine="bundled").svg
    assert "8 B" in coloured
    assert "8 B" not in plain
    with pytest.raises(SettingError, match="choose 'bytes' or 'flops'"):
        draw(f, colour="red")
