"""A browser for the lesson's pages: Debian's chromium driven by Playwright. Without either the tests skip.

Every page fails its test when it logs an error, throws, or asks the network for anything.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra `browser` brings Playwright")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as running:
        launched = running.chromium.launch(executable_path=program, args=FLAGS)
        yield launched
        launched.close()


Show = Callable[..., Any]


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Show]:
    """`show(lesson, fragment)` gives a Playwright page with the lesson, ready; what it must not do fails the test."""
    wrong: list[str] = []
    contexts = []

    def opened(lesson: Any, fragment: str = "", width: int = 1280, height: int = 800, **options: Any) -> Any:
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(lesson if isinstance(lesson, str) else lesson.html, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": height}, **{"reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: wrong.append(f"console: {said.text}") if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(f"thrown: {error}"))
        address = path.as_uri()
        page.on("request", lambda asked: _judge(asked.url, address, wrong))
        page.goto(address + fragment)
        page.wait_for_selector("html[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def until(page: Any, holds: str, seconds: float = 15) -> None:
    """Ask from outside until the JavaScript `holds`: a page that forbids `eval` cannot be made to ask itself."""
    end = monotonic() + seconds
    while not page.evaluate(holds):
        assert monotonic() < end, f"not true within {seconds} s: {holds}"
        page.wait_for_timeout(20)


def _judge(url: str, address: str, wrong: list[str]) -> None:
    if not url.startswith((address, "data:", "blob:")):
        wrong.append(f"asked for {url}")
