"""The page in a browser: at every step the numbers on the wires are the engine's, by keys, pointer or link."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browser.conftest import Show, until
from tests.drawing.lesson.samples import circuits, nested, neuron, tensors
from tinygrad_edu import Value, group
from tinygrad_edu.drawing import exercise, lesson, steps
from tinygrad_edu.drawing.lesson.compose import composed
from tinygrad_edu.drawing.lesson.data import called
from tinygrad_edu.drawing.lesson.levels import levels
from tinygrad_edu.drawing.text import number

pytestmark = pytest.mark.browser

WIRES = """() => [...document.querySelectorAll("#stage .node.value")].map(node => [
  Number(node.dataset.key.slice(1).split("-")[0]),
  node.querySelector("text.value").textContent, node.querySelector("text.gradient").textContent])"""


PLACES = """() => [...document.querySelectorAll("#stage .node")].map(node =>
  /translate\\((.*),(.*)\\)/.exec(node.getAttribute("transform")).slice(1).map(Number))"""


def wires(page: Any) -> dict[int, tuple[str, str]]:
    return {int(k): (value, gradient) for k, value, gradient in page.evaluate(WIRES)}


def count(page: Any) -> tuple[int, int]:
    at, last = page.inner_text("#count").split(" / ")
    return int(at), int(last)


@pytest.mark.parametrize("make", [neuron, nested, tensors])
def test_at_every_step_each_wire_shows_what_the_engine_knows(show: Show, make: Any) -> None:
    """Walk through all steps of a graph with its fused gates closed and its groups open, beside the engine's record."""
    root = make()
    made = lesson(root)
    opened = [g for g in range(1, len(made.data["groups"])) if made.data["groups"][g][2] < 0]
    page = show(made, f"#open={','.join(map(str, opened))}")
    values = made.material.values
    forward = list(made.material.parts)
    known = {v for v in values if v.gate is None}
    sums: dict[Value, Any] = {}
    record = steps(root)
    back = list(dict.fromkeys(step.node for step in record))
    text = lambda data: number(data) if not np.ndim(data) else None
    for k in range(1 + len(forward) + 1 + len(back)):
        if 0 < k <= len(forward):
            known.add(forward[k - 1].out)
        if k == len(forward) + 1:
            sums[root] = np.ones(root.shape)[()]
        if k > len(forward) + 1:
            sums |= {s.input: s.total for s in record if s.node is back[k - len(forward) - 2]}
        assert count(page) == (k, len(forward) + len(back) + 1)
        for v, (value, gradient) in wires(page).items():
            if values[v] in known and text(values[v]._data):
                assert value == text(values[v]._data)
            assert bool(value) == (values[v] in known)
            assert bool(gradient) == (values[v] in sums)
            if values[v] in sums and text(sums[values[v]]):
                assert gradient.removesuffix(" …") == text(sums[values[v]])
        page.keyboard.press("ArrowRight")
    assert count(page)[0] == count(page)[1]


def test_the_neurons_numbers_closed_and_open(show: Show) -> None:
    page = show(lesson(neuron()))
    page.keyboard.press("End")
    assert [wires(page)[k][1] for k in range(5)] == ["−0.20", "0.39", "−0.39", "−0.59", "0.20"]
    assert page.locator("#steps li").count() == 12
    page.focus("[data-key^=b]")
    page.keyboard.press("Enter")
    assert page.locator("#steps li").count() == 18
    assert page.get_attribute("[data-key^=f]", "aria-expanded") == "true"
    shown = wires(page)
    assert [shown[k] for k in range(9, 13)] == [
        ("−1.00", "−0.20"),
        ("0.37", "−0.53"),
        ("1.37", "−0.53"),
        ("0.73", "1.00"),
    ]
    page.keyboard.press("Enter")
    assert page.locator("#steps li").count() == 12


def test_opening_and_closing_a_group_keeps_the_step(show: Show) -> None:
    page = show(lesson(neuron()), "#step=7")
    assert "sigmoid" in page.inner_text("#card h2")
    page.keyboard.press("e")
    assert "×−1" in page.inner_text("#card h2")
    page.keyboard.press("e")
    assert "sigmoid" in page.inner_text("#card h2")
    assert count(page)[0] == 7


def test_the_card_writes_the_rule_with_symbols_and_numbers(show: Show) -> None:
    page = show(lesson(neuron()), "#step=11")
    rows = [re.sub(r"\s", "", row) for row in page.locator("#card tbody tr").all_inner_texts()]
    assert [row.endswith(end) for row, end in zip(rows, ("−1.000.20−0.20", "2.000.200.39"), strict=True)] == [True] * 2
    assert page.locator("#card tbody tr").first.locator("math msub").count() == 4
    x = Value(3.0, name="x")
    page = show(lesson(x * x + x))
    page.keyboard.press("End")
    assert "paths add" in page.inner_text("#card")
    assert "7.00" in page.inner_text("#card")


def test_pointing_at_a_value_writes_the_chain_rule_as_product_or_sum(show: Show) -> None:
    page = show(lesson(neuron()), "#step=11")
    page.hover("[data-key='v0-0']")
    assert "0.20" in page.inner_text("#chain")
    assert page.locator("#stage .gate.on").count() == 3
    x = Value(3.0, name="x")
    page = show(lesson(x * 2 + np.exp(x)), "#step=9")
    page.focus("[data-key='v0-0']")
    assert "2 paths" in page.inner_text("#chain")
    assert number(2 + np.exp(3.0)) in page.inner_text("#chain")


def test_every_key_does_its_part(show: Show) -> None:
    page = show(lesson(nested(), open="all"))
    page.keyboard.press("End")
    assert count(page)[0] == count(page)[1]
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert count(page)[0] == 1
    before = page.locator("#stage .node").count()
    page.keyboard.press("Shift+E")
    assert page.locator("#stage .node").count() < before
    transform = page.get_attribute("#stage .view", "transform")
    page.keyboard.press("+")
    assert page.get_attribute("#stage .view", "transform") != transform
    page.keyboard.press("d")
    assert "theme=dark" in page.url
    page.keyboard.press("c")
    assert "palette=blue" in page.url
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("Escape")
    assert not page.is_visible("#help")
    page.keyboard.press("/")
    page.keyboard.type("inner")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "group inner, closed"
    page.keyboard.press("Space")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.keyboard.press("Space")
    page.focus("[data-key^=v]")
    page.keyboard.press("Alt+ArrowRight")
    assert page.evaluate("document.activeElement.dataset.key") is not None


def test_tab_goes_from_node_to_node_and_leaves_the_circuit(show: Show) -> None:
    page = show(lesson(neuron()))
    keys = []
    for _ in range(60):
        page.keyboard.press("Tab")
        if key := page.evaluate("document.activeElement.dataset.key || ''"):
            keys.append(key)
        if page.evaluate("document.activeElement.id") == "steps":
            break
    else:
        pytest.fail("the focus never left the circuit")
    assert len(keys) == len(set(keys)) == 15


def test_a_link_shows_the_same_state(show: Show) -> None:
    made = lesson(neuron())
    page = show(made)
    page.keyboard.press("End")
    page.keyboard.press("d")
    page.focus("[data-key^=b]")
    page.keyboard.press("Enter")
    fragment = page.url.partition("#")[2]
    assert "open=sigmoid" in fragment
    other = show(made, "#" + fragment)
    assert wires(other) == wires(page)
    assert other.get_attribute("html", "data-theme") == "dark"


def test_what_if_recomputes_both_ways_and_tells_of_branches(show: Show) -> None:
    def build(number: float) -> Value:
        x, y = Value(number, name="x"), Value(2.0, name="y")
        with group("score"):
            score = x * y + x * x
        return np.maximum(score, x + 1) * np.exp(-x)

    page = show(lesson(build(2.0)), "#step=99")
    page.focus("[data-key='v0-0']")
    page.keyboard.press("Enter")
    page.fill("#now", "3")
    again = build(3.0)
    again.backward()
    other = lesson(again).material
    texts = {k: (number(v._data), number(other.gradients[v])) for k, v in enumerate(other.values)}
    assert dict(wires(page).items()) == {k: texts[k] for k in wires(page)}
    assert page.inner_text("#flip") == ""
    page.click("text=Nudge")
    assert "They agree" in page.inner_text("#nudged")
    page.fill("#now", "0.1")
    assert "another branch" in page.inner_text("#flip")
    page.click("text=As recorded")
    assert page.inner_text("#flip") == ""
    box = page.locator("[data-key='v0-0']").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 70, box["y"] + 20)
    page.mouse.up()
    assert float(page.input_value("#now")) > 2


def test_where_says_that_it_keeps_its_choice(show: Show) -> None:
    x = Value(1.0, name="x")
    page = show(lesson(np.where(x > 0, x * x, -x) * 2), "#step=9")
    page.focus("[data-key='v0-0']")
    page.keyboard.press("Enter")
    page.fill("#now", "-3")
    assert "where keeps the choice" in page.inner_text("#flip")
    assert "18.00" in {value for value, _ in wires(page).values()}


def test_the_page_composes_its_levels_as_python_does(show: Show) -> None:
    made = lesson(nested(), open="all")
    page = show(made)
    told = made.material
    names = called(told)
    cut = levels(told, {v: names[v] for v in told.values if v.name or v is told.root})
    placed = composed(cut, [g for g in cut.levels if g])
    want = sorted((round(x, 1), round(y, 1)) for item, x, y, *_ in placed.items if item.kind not in ("in", "out"))
    got = page.evaluate(PLACES)
    assert np.allclose(sorted((round(x, 1), round(y, 1)) for x, y in got), want, atol=0.11)


def test_saved_svg_stands_alone(show: Show) -> None:
    page = show(lesson(neuron()), "#step=11")
    with page.expect_download() as download:
        page.click("[data-do=save]")
    text = download.value.path().read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert "−0.59" in text
    assert "rgb(0, 107, 79)" in text


@settings(max_examples=12)
@given(circuits(), st.randoms(use_true_random=False))
def test_any_circuit_in_any_state_shows_the_engines_numbers(browser: Any, v: Value, chance: Any) -> None:
    made = lesson(v, precision=4)
    opened = [k for k in range(1, len(made.data["groups"])) if chance.random() < 0.5]
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_content(made.html)
    page.wait_for_selector("html[data-ready]")
    page.evaluate(f"location.hash = 'step=999&open={','.join(map(str, opened)) or 'none'}'")
    until(page, "document.querySelector('#count').textContent.split(' / ')[0] > 0")
    for k, (value, gradient) in wires(page).items():
        told = made.material.values[k]
        assert value == number(told._data, 4)
        assert gradient == (number(g, 4) if (g := made.material.gradients.get(told)) is not None else "")
    context.close()


def test_a_closed_group_has_a_local_gradient_of_its_own(show: Show) -> None:
    """The product through its gates: local × upstream = downstream, whatever is open."""
    x, y = Value(0.5, name="x"), Value(-1.5, name="y")
    with group("score"):
        score = np.tanh(x * y) * x + y
    page = show(lesson(score * score, precision=6), "#step=5")
    assert "score" in page.inner_text("#card h2")
    rows = page.locator("#card tbody tr")
    for k in range(2):
        local, upstream, downstream = (
            float(text.replace("−", "-")) for text in rows.nth(k).locator(".n").all_inner_texts()[:3]
        )
        assert local * upstream == pytest.approx(downstream, abs=1e-5)


def test_a_tensors_numbers_open_from_the_card(show: Show) -> None:
    page = show(lesson(tensors()), "#step=9")
    assert "(3×2) · (2×4) → 3×4" in page.inner_text("#card")
    page.locator("#card button.n").nth(1).click()
    assert page.locator("#tensor td").count() == 12
    assert page.locator("#tensor td").first.inner_text() == number(steps(tensors())[-2].downstream[0, 0])
    page.click("#tensor [data-close]")
    assert not page.is_visible("#tensor")


def test_a_tensors_numbers_open_from_its_wire_as_far_as_they_are_known(show: Show) -> None:
    page = show(lesson(tensors()), "#step=0")
    for step, headings in (("Home", ["value of X"]), ("End", ["value of X", "gradient of X"])):
        page.keyboard.press(step)
        page.focus("[data-key='v0-0']")
        page.keyboard.press("Enter")
        assert page.locator("#tensor h2").all_inner_texts() == headings
        assert page.locator("#tensor td").count() == 12 * len(headings)
        page.keyboard.press("Escape")


def test_what_does_nothing_is_no_button(show: Show) -> None:
    page = show(lesson(neuron()))
    assert page.locator("#stage .value[role=button]").count() == 5  # the inputs
    page = show(exercise(neuron()))
    assert page.locator("#stage .value[role=button]").count() == 0
