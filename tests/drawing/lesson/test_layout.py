"""Where things stand on a lesson's page: nothing overlaps, every wire joins its nodes, in any state of the groups."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing.lesson.samples import circuits, nested, network, neuron, tensors
from tinygrad_edu import Value
from tinygrad_edu.drawing.lesson.compose import Placed, composed, warp
from tinygrad_edu.drawing.lesson.data import called
from tinygrad_edu.drawing.lesson.layout import layered
from tinygrad_edu.drawing.lesson.levels import Levels, levels
from tinygrad_edu.drawing.lesson.material import material

Box = tuple[float, float, float, float]


def cut(v: Value) -> Levels:
    told = material(v)
    names = called(told)
    return levels(told, {x: names[x] for x in told.values if x.name})


def overlap(a: Box, b: Box) -> bool:
    """Whether two rectangles (centre and size) share more than an edge."""
    return all(abs(a[k] - b[k]) < (a[k + 2] + b[k + 2]) / 2 - 0.3 for k in range(2))


def faults(placed: Placed) -> Iterator[str]:
    boxes = {item: box for item, *box in placed.items if item.kind not in ("in", "out")}
    for (a, first), (b, second) in combinations(boxes.items(), 2):
        if overlap(first, second):
            yield f"{a.kind} and {b.kind} overlap"
    for (_, x, y, w, h), (_, *other) in combinations(placed.frames, 2):
        inside = (
            x <= other[0]
            and y <= other[1]
            and other[0] + other[2] <= x + w + 0.3
            and other[1] + other[3] <= y + h + 0.3
        )
        apart = not overlap(
            (x + w / 2, y + h / 2, w, h), (other[0] + other[2] / 2, other[1] + other[3] / 2, *other[2:])
        )
        if not (inside or apart):
            yield "frames cross"
    places: dict[Any, list[Box]] = {}
    for item, *box in placed.items:
        places.setdefault(item, []).append(tuple(box))
    for group, x, y, w, h in placed.frames:
        places.setdefault(("box", group), []).append((x + w / 2, y + h / 2, w, h))
    for start, end, points in placed.wires:
        for item, at in ((start, points[0]), (end, points[-1])):
            near = places.get(item) or places.get(("box", item.what), [])
            if not any(abs(at[0] - x) <= w / 2 + 0.3 and abs(at[1] - y) <= h / 2 + 0.3 for x, y, w, h in near):
                yield f"a wire misses its {item.kind}"
    for item, x, y, w, h in placed.items:
        if not (
            x - w / 2 >= -0.3
            and x + w / 2 <= placed.width + 0.3
            and y - h / 2 >= -0.3
            and y + h / 2 <= placed.height + 0.3
        ):
            yield f"a {item.kind} is outside"


@pytest.mark.parametrize("make", [neuron, nested, tensors])
def test_lessons_are_laid_out_without_fault_open_and_closed(make: Any) -> None:
    made = cut(make())
    groups = [group for group in made.levels if group]
    for count in range(len(groups) + 1):
        assert [*faults(composed(made, groups[:count]))] == []


@settings(max_examples=60)
@given(circuits(), st.data())
def test_any_circuit_with_any_groups_open_is_laid_out_without_fault(v: Value, data: st.DataObject) -> None:
    made = cut(v)
    groups = [group for group in made.levels if group]
    opened = data.draw(st.sets(st.sampled_from(groups))) if groups else set()
    assert [*faults(composed(made, opened))] == []


def test_faults_would_be_noticed() -> None:
    made = cut(neuron())
    placed = composed(made, [group for group in made.levels if group])
    _item, x, y, w, h = placed.items[0]
    placed.items[1] = (placed.items[1][0], x, y, w, h)
    placed.wires[0] = (*placed.wires[0][:2], [(0.0, 0.0), (5000.0, 0.0)])
    found = {*faults(placed)}
    assert any("overlap" in fault for fault in found)
    assert any("misses" in fault for fault in found)


def test_equal_groups_share_a_layout() -> None:
    made = cut(network(6))
    assert len(made.levels) > 30
    assert len(made.layouts) < 16


def test_wires_from_one_node_go_together() -> None:
    chain = [(k, k + 1) for k in range(1, 12)]
    layout = layered([(40.0, 40.0)] * 13, [*chain, *((0, k) for k in range(1, 13))])
    fan = [points[1:-1] for points in layout.wires[len(chain) :]]
    heights = {}
    for points in fan:
        for (x0, y0), (x1, _) in zip(points[1::2], points[2::2], strict=False):
            heights.setdefault((x0, x1), set()).add(y0)
    assert all(len(found) == 1 for found in heights.values())
    assert layout.height < 5 * 40  # each apart would take 12 × 40


def test_a_tree_has_no_crossings_and_a_chain_is_level() -> None:
    sizes = [(40.0, 20.0)] * 7
    tree = layered(sizes, [(0, 4), (1, 4), (2, 5), (3, 5), (4, 6), (5, 6)])
    heights = [y for _, y in tree.centres]
    assert heights[:4] == sorted(heights[:4])
    chain = layered(sizes, [(k, k + 1) for k in range(6)])
    assert len({y for _, y in chain.centres}) == 1


def test_a_ring_between_groups_is_laid_out_too() -> None:
    layout = layered([(40.0, 20.0)] * 3, [(0, 1), (1, 2), (2, 1)])
    assert len({x for x, _ in layout.centres}) == 3


@given(
    st.lists(st.tuples(st.floats(0, 500), st.floats(10, 50), st.floats(10, 400)), max_size=5),
    st.floats(0, 600),
    st.floats(0, 600),
)
def test_a_warp_keeps_order_and_gives_each_box_its_room(given: list[Any], a: float, b: float) -> None:
    boxes = [(lo, lo + wide, need) for lo, wide, need in given]
    f = warp(boxes)
    assert abs(f(a) - f(b)) >= abs(a - b) - 1e-6
    assert (f(a) - f(b)) * (a - b) >= 0
    assert all(f(hi) - f(lo) >= need - 1e-6 for lo, hi, need in boxes)
