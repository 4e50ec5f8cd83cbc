"""Demonstrations in a browser: they play, by keys and by buttons, and a screen reader can follow."""

from typing import Any

import pytest

from tinygrad_edu.drawing import show as demonstration

pytestmark = pytest.mark.browser


def said(page: Any) -> list[str]:
    texts: list[str] = page.locator(".say").all_text_contents()
    return texts


def test_a_demonstration_plays_by_keys_and_buttons(show: Any) -> None:
    page = show(demonstration("why topological order"))
    assert said(page)[0] == "1. visit f with 1"
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert "too late" in said(page)[1]
    lit = page.locator("section").nth(1).locator("g.node.lit")
    assert [text for text in lit.locator("text").all_text_contents() if text] == ["×3", "3.00", "14.00", "q"]
    page.click("#next")
    page.click("#next")
    assert page.locator(".say.wrong").count() == 1
    page.click("#back")
    page.click("#back")
    assert page.locator(".say.wrong").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [420, 1280])
def test_axe_finds_nothing_serious_in_a_demonstration(show: Any, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = show(demonstration("forward and reverse mode"), width=width, color_scheme=scheme)
    found = axe.run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]) for v in found if v["impact"] in ("serious", "critical")] == []
