"""Whole pages in a browser: exercises, access for everyone, small windows, dark, print, large graphs, hostile names."""

import re
from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import Show, until
from tests.browser.test_player import count, wires
from tests.drawing.lesson.samples import nested, network, neuron, tensors
from tinygrad_edu import Value, group
from tinygrad_edu.drawing import exercise, lesson
from tinygrad_edu.drawing.text import number

pytestmark = pytest.mark.browser


def answer(page: Any, k: int, text: str) -> str:
    page.fill(f"#q{k}", text)
    page.press(f"#q{k}", "Enter")
    return page.inner_text("#verdict")


def test_an_exercise_hides_its_numbers_until_they_are_found(show: Show) -> None:
    made = exercise(neuron(), blanks=4, seed=1)
    page = show(made, "#step=11")
    hidden = {number(blank.answer) for blank in made.blanks}
    for text in [*page.locator("#stage text").all_inner_texts(), *page.locator("#card .n").all_inner_texts()]:
        assert text not in hidden
    marks = [text for pair in wires(page).values() for text in pair if "?" in text]
    assert {f"? {k + 1}" for k in range(4)} <= {*marks}
    for k, blank in enumerate(made.blanks):
        assert "Type a number" in answer(page, k, "x")
        assert "Not yet" in answer(page, k, "77")
        assert "Right" in answer(page, k, number(blank.answer))
    assert "?" not in {text for pair in wires(page).values() for text in pair}
    assert "the last one" in page.inner_text("#verdict")


def test_an_exercise_opens_the_groups_that_hold_what_it_asks_for(show: Show) -> None:
    root = nested()
    inner = next(v for v in lesson(root).material.values if v.gate is not None and v.group and v.group.name == "inner")
    page = show(exercise(root, blanks=[("value", inner)]), "")
    page.keyboard.press("End")
    assert "? 1" in {value for value, _ in wires(page).values()}
    assert page.locator("[data-key^=f]").count() == 2


def test_an_exercise_says_what_went_wrong(show: Show) -> None:
    w, x = Value(2.0, name="w"), Value(-3.0, name="x")
    y = w * x + w * w
    page = show(exercise(y * 0.7, blanks=[("gradient", w), ("gradient", x)]))
    assert "sign" in answer(page, 1, "-1.4")
    assert "along one path" in answer(page, 0, "-2.1")
    assert "upstream" in answer(page, 1, "0.7")
    assert "local gradient; multiply" in answer(page, 1, "2")
    page.click("form[data-question='1'] >> text=Hint")
    assert "local × upstream" in page.inner_text("#verdict")
    assert "Right" in answer(page, 1, "1,40")


def test_an_exercise_of_a_tensor_asks_for_one_element(show: Show) -> None:
    made = exercise(tensors(), blanks=3, seed=0)
    page = show(made, "#step=9")
    for k, blank in enumerate(made.blanks):
        assert "Right" in answer(page, k, number(blank.answer))


@pytest.mark.parametrize("make", [neuron, nested, tensors])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("palette", ["green", "blue", "violet"])
def test_axe_finds_nothing_serious(show: Show, make: Any, theme: str, palette: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = show(lesson(make(), open="all"), f"#step=14&theme={theme}&palette={palette}")
    page.click("#table summary")
    found = axe.run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")] == []


def test_axe_finds_nothing_serious_in_an_exercise_or_a_changed_lesson(show: Show) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = show(lesson(neuron()), "#step=11", width=400)
    page.focus("[data-key='v0-0']")
    page.keyboard.press("Enter")
    page.click("text=Nudge")
    page.mouse.move(0, 0)
    for each in (page, show(exercise(neuron()), "#step=11&theme=dark")):
        found = axe.run(each).response["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


def test_the_skip_link_leaves_the_step_alone(show: Show) -> None:
    page = show(lesson(neuron()), "#step=7")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "side"
    assert count(page)[0] == 7


def test_axe_would_notice_a_button_without_a_name(show: Show) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = show(lesson(neuron()))
    page.evaluate("document.querySelector('[data-do=find], [data-do=look]').removeAttribute('title')")
    assert "button-name" in [v["id"] for v in axe.run(page).response["violations"]]


def test_a_screen_reader_hears_each_step_and_each_node(show: Show) -> None:
    page = show(lesson(neuron()), "#step=6")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#live").startswith("Step 7 of 11. Back through sigmoid: t4 gets 0.20")
    assert page.get_attribute("[data-key='v0-0']", "aria-label") == "w0, value 2.00"
    page.keyboard.press("End")
    assert page.get_attribute("[data-key='v0-0']", "aria-label") == "w0, value 2.00, gradient −0.20"
    assert page.locator("#stage [aria-current=step]").count() == 1
    page.click("#table summary")
    assert page.locator("#all tbody tr").count() == 5 + 1 + 9


def test_without_javascript_the_table_holds_every_step(show: Show, browser: Any, tmp_path: Any) -> None:
    path = lesson(neuron()).save(tmp_path / "page.html")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    page.click("#table summary")
    assert page.locator("#all tbody tr").count() == 5 + 1 + 9
    context.close()


def test_dark_follows_the_system_and_the_button(show: Show) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    page = show(lesson(neuron()), color_scheme="dark")
    assert page.evaluate(background) == "rgb(16, 21, 31)"
    page.click("[data-do=theme]")
    assert page.evaluate(background) == "rgb(255, 255, 255)"


def test_colours_go_round_and_the_link_keeps_them(show: Show) -> None:
    page = show(lesson(neuron()))
    seen = []
    for _ in range(3):
        page.keyboard.press("c")
        seen.append(page.get_attribute("html", "data-palette"))
        assert (f"palette={seen[-1]}" in page.url) == (seen[-1] != "green")
    assert seen == ["blue", "violet", "green"]


def test_on_paper_it_is_dark_on_white_and_then_as_before(show: Show) -> None:
    page = show(lesson(neuron()), "#step=7", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(15, 23, 42)"
    assert not page.is_visible("#chain")
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.get_attribute("html", "data-theme") == "dark"


def test_the_table_comes_into_view_and_the_seed_too(show: Show) -> None:
    page = show(lesson(nested(), open="all"), width=700)
    in_view = """e => {
      const { top, left } = e.getBoundingClientRect();
      return top >= -1 && top < innerHeight && left < innerWidth; }"""
    for _ in range(page.locator("#steps li").count() // 2):
        page.keyboard.press("ArrowRight")
    assert "Seed" in page.inner_text("#card h2")
    assert page.locator("#stage .node.value").last.evaluate(in_view)
    page.click("#table summary")
    assert page.locator("#all tbody tr").first.evaluate(in_view)


@pytest.mark.parametrize("width", [320, 400, 820, 1280])
def test_no_window_is_too_narrow(show: Show, width: int) -> None:
    page = show(lesson(tensors()), "#step=9", width=width, height=700)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.is_visible("#card")
    sizes = "[...document.querySelectorAll('button')].filter(b => b.offsetParent).map(b => b.offsetHeight)"
    assert min(page.evaluate(sizes)) >= 24


def test_another_window_fits_anew_unless_the_zoom_is_the_readers(show: Show) -> None:
    page = show(lesson(neuron()), width=1600, height=900)
    scale = "Number(/scale\\((.*)\\)/.exec(document.querySelector('#stage .view').getAttribute('transform'))[1])"
    wide = page.evaluate(scale)
    page.set_viewport_size({"width": 1000, "height": 700})
    until(page, f"{scale} < {wide}")
    page.keyboard.press("+")
    near = page.evaluate(scale)
    page.set_viewport_size({"width": 1600, "height": 900})
    page.wait_for_timeout(100)
    assert page.evaluate(scale) == near


def test_print_is_one_page(show: Show) -> None:
    page = show(lesson(neuron()), "#step=11")
    assert page.pdf().count(b"/Type /Page\n") == 1
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.get_attribute("#stage", "viewBox").startswith("0 0 ")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.get_attribute("#stage .view", "transform")


def test_ten_thousand_values_load_fold_and_open(show: Show) -> None:
    made = lesson(network(120))
    assert len(made.material.values) >= 10_000
    page = show(made)
    assert page.locator("#stage .node").count() < 1_500
    boxes = page.locator("[data-key^=b]").count()
    page.focus("[data-key^=b]")
    page.keyboard.press("Enter")
    assert page.locator("[data-key^=b]").count() > boxes - 1
    page.keyboard.press("/")
    page.keyboard.type("neuron 3")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "group neuron 3, closed"
    page.keyboard.press("End")
    assert count(page)[0] == count(page)[1] > 100
    page.keyboard.press("Shift+E")
    page.keyboard.press("Shift+E")
    assert page.locator("#stage .node").count() < 6_000
    assert "close some groups" in page.inner_text("#message")


NAMES = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--",
    "𝕏 数 🙂",
    "a\\b",
    "{title}",
    "$0",
    "nan",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_only_a_name(show: Show, name: str) -> None:
    x = Value(2.0, name=name)
    with group(name):
        y = x * x
    page = show(lesson(np.exp(y), title=name, open="all"), "#step=7")
    page.focus("[data-key^=v]")
    assert page.title() == name
    assert name in page.locator("#stage").text_content()
    assert page.evaluate("document.querySelectorAll('img, script').length") == 2
    assert re.search(r"\d", page.inner_text("#chain"))


def test_a_notebook_shows_it_in_a_frame_of_its_own(show: Show) -> None:
    frame = lesson(neuron())._repr_mimebundle_()["text/html"]
    page = show(f"<!doctype html><html lang=en data-ready><title>notebook</title><body>{frame}</body></html>")
    inside = page.frame_locator("iframe")
    inside.locator("#stage .node").first.wait_for()
    inside.locator("[data-do=last]").click()
    assert inside.locator("#count").inner_text() == "11 / 11"
