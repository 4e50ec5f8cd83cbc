"""Large graphs and models: neighbours that repeat are one box, layers hold their parameters, limits hold."""

import re
from typing import Any

import numpy as np
import pytest

from tests.drawing.test_drawing import needs_renderer
from tinygrad_edu import Value, draw, group, nn
from tinygrad_edu.drawing import picture
from tinygrad_edu.drawing.picture import COMFORTABLE, Picture
from tinygrad_edu.drawing.placing import placed
from tinygrad_edu.drawing.record import reachable, recorded
from tinygrad_edu.drawing.repeats import repeats
from tinygrad_edu.errors import GraphError, ShapeError


def closed(made: Picture) -> list[str]:
    return [node.text for node in made.nodes if node.kind == "closed"]


def blocks(count: int, gates: int = 3, odd: int | None = None) -> Value:
    x = Value(1.0, name="x")
    for k in range(count):
        with group("block"):
            for _ in range(gates):
                x = np.tanh(x) if k == odd else x * 1.01
    return x


@pytest.mark.parametrize(("count", "shown"), [(2, ["block", "block"]), (3, ["block ×3"]), (12, ["block ×12"])])
def test_three_or_more_alike_neighbours_are_one_box(count: int, shown: list[str]) -> None:
    made = picture(blocks(count), depth=0)
    assert closed(made) == shown
    assert len(made.wires) == 2 * len(shown)


def test_what_differs_is_not_folded() -> None:
    assert closed(picture(blocks(7, odd=3), depth=0)) == ["block ×3", "block", "block ×3"]
    x = Value(np.ones(2), name="x")
    for n in (2, 3, 4):
        with group("block"):
            x = np.concatenate([x, [1.0]])  # another shape each time
        assert x.shape == (n + 1,)
    assert closed(picture(x, depth=0)) == ["block"] * 3


def test_a_gate_between_ends_a_run_and_other_wiring_does_too() -> None:
    x = Value(1.0, name="x")
    for _ in range(3):
        with group("block"):
            y = np.sin(x) * 2
        x = x + y  # outside
    assert closed(picture(x, depth=0)) == ["block"] * 3
    z = Value(2.0)
    for k in range(3):
        with group("block"):
            s = np.sin(z)
            z = s * s if k == 1 else s * z
    assert closed(picture(z, depth=0)) == ["block"] * 3


def test_parallel_heads_fold_and_each_output_keeps_its_wire() -> None:
    x = Value(np.ones(3), name="x")
    heads = []
    for _ in range(4):
        with group("head"):
            heads.append(np.tanh(x * 2))
    made = picture(np.concatenate(heads), depth=0)
    assert closed(made) == ["head ×4"]
    box = next(node.id for node in made.nodes if node.kind == "closed")
    assert [sum(w.source == box for w in made.wires), sum(w.target == box for w in made.wires)] == [4, 1]


def test_beyond_the_comfortable_only_the_first_of_a_run_is_opened() -> None:
    few, many = picture(blocks(4), open="block"), picture(blocks(200, gates=5), open="block")
    assert closed(few) == []
    assert closed(many) == ["block ×199"]
    assert len(many.nodes) <= COMFORTABLE
    assert closed(picture(blocks(80, gates=5), open="all")) == []


def test_nested_runs_fold_at_every_level() -> None:
    x = Value(1.0)
    for _ in range(5):
        with group("stage"):
            for _ in range(4):
                with group("block"):
                    x = np.tanh(x * 2)
    assert closed(picture(x, depth=0)) == ["stage ×5"]
    assert closed(picture(x, depth=1)) == ["block ×4"] * 5
    assert {len(run) for run in repeats(recorded(x)).values()} == {4, 5}


class Block(nn.Module):
    def __init__(self, size: int) -> None:
        self.norm = nn.LayerNorm(size)
        self.first, self.second = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)

    def forward(self, x: Any) -> Any:
        return x + self.second(np.tanh(self.first(self.norm(x))))


def deep(count: int, size: int = 8) -> nn.Module:
    return nn.Sequential(*[Block(size) for _ in range(count)], nn.Linear(size, 3))


def test_a_network_of_ten_thousand_values_is_drawn_small_and_quickly() -> None:
    y = deep(700)(Value(np.ones((2, 8)))).sum()
    assert len(reachable(y)) > 10_000
    made = picture(y)
    assert len(made.nodes) < 100
    assert [name.partition(" ")[2] for name in closed(made)] == ["×699"]
    with pytest.raises(GraphError, match="force=True"):
        draw(y, open="all")


@needs_renderer
def test_a_model_is_drawn_with_shapes_and_parameters_and_opens_down_to_gates() -> None:
    model = deep(12)
    drawing = draw(model, (4, 8), engine="bundled")
    nodes = {node.text: node for node in drawing.picture.nodes}
    assert nodes["Block ×12"].remark == f"{sum(p.size for p in model[:12].parameters()):,} parameters"
    assert nodes["12: Linear"].remark == "27 parameters"
    assert nodes["input"].data == "4×8"
    assert [node.data for node in drawing.picture.nodes if node.kind == "output"] == ["4×3"]
    assert drawing.picture.boxes[0].name == f"Sequential · {model.num_parameters():,} parameters"
    assert "6,843 parameters" in drawing.svg
    opened = draw(model, (4, 8), open="all")
    assert {"tanh", "@", "+"} <= {node.text for node in opened.picture.nodes if node.kind == "gate"}
    assert sum(node.kind == "leaf" for node in opened.picture.nodes) == 1 + len(list(model.parameters()))


def test_a_parameter_stands_in_the_layer_that_owns_it_and_a_shared_one_around_its_users() -> None:
    layer = nn.Linear(2, 2)
    y = layer(Value(np.ones((1, 2)), name="x"))
    made = picture(y, open="all")
    homes = {node.text: node.box for node in made.nodes if node.kind == "leaf"}
    assert homes == {"weight": "cluster0", "bias": "cluster0", "x": ""}
    model = nn.Sequential(layer, nn.Tanh(), layer)
    made = picture(model(Value(np.ones((1, 2)), name="x")), depth=1)
    outer = next(box.id for box in made.boxes if box.name == "Sequential")
    assert {node.box for node in made.nodes if node.text == "weight"} == {outer}


def test_drawing_a_model_changes_nothing_of_it() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    before = {name: array.copy() for name, array in model.state_dict().items()}
    draw(model, (4, 2))
    assert all(np.array_equal(before[name], array) for name, array in model.state_dict().items())
    assert [module.training for module in model.modules()] == [True] * 4
    assert not any(parameter._grad is not None for parameter in model.parameters())


def test_inputs_may_be_arrays_and_lists_and_anything_else_is_an_error() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            self.table = nn.Embedding(5, 3)

        def forward(self, words: Any, x: Any) -> Any:
            return self.table(words) * x

    drawn = draw(Two(), [np.array([0, 2]), (2, 3)])
    assert [node.data for node in drawn.picture.nodes if node.kind == "output"] == ["2×3"]
    with pytest.raises(ShapeError, match="a shape with the batch"):
        draw(nn.Linear(2, 2))
    with pytest.raises(GraphError, match="gave no Value"):
        draw(nn.Identity(), (2, 2))


@needs_renderer
@pytest.mark.parametrize("style", ["circuit", "nodes"])
def test_wires_run_down_in_models_and_where_wanted(style: Any) -> None:
    x = Value(2.0, name="x")
    y = x * x
    y.backward()
    for drawing, down in ((draw(y, style), False), (draw(y, style, direction="down"), True)):
        where = placed(drawing.dot, "bundled").nodes
        (x0, y0, *_), (x1, y1, *_) = where["v0"], where["v1"]
        assert (y0 > y1) == down
        assert (x0 < x1) != down
    assert "rankdir=TB" in draw(nn.Linear(2, 2), (1, 2)).dot
    assert "rankdir=LR" in draw(nn.Linear(2, 2), (1, 2), direction="right").dot
    assert {"2.00", "4.00"} <= set(re.findall(r">([−\d.]+)<", draw(y, direction="down", engine="bundled").svg))
    with pytest.raises(ValueError, match="choose 'right' or 'down'"):
        draw(y, direction="up")
