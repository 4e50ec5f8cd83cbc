"""Every code block of README and docs runs, and every picture they show is the one the project draws today."""

import doctest
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.cli import main
from tinygrad_edu.drawing.render import bundled

from .test_examples import load

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHOWN_ONLY = {"text", "", "toml", "latex", "html", "csv"}


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    yield from BLOCK.findall(page.read_text())


def run_python(source: str, names: dict[str, object]) -> None:
    if ">>>" not in source:
        exec(compile(source, "<document>", "exec"), names)  # noqa: S102 - our own documents
        return
    test = doctest.DocTestParser().get_doctest(source, names, "document", None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said: list[str] = []
    runner.run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    assert runner.failures == 0, "".join(said)


def run_shell(source: str) -> None:
    """Run lines that call our command line; `.ci/run` runs those that set up an environment, as they are printed."""
    for line in source.replace("\\\n", " ").splitlines():
        command = shlex.split(line, comments=True)
        if not command or ".venv/bin/" in line:
            continue
        while command[0] in ("$", "python", "-m", "tinygrad_edu", "tinygrad-edu"):
            command = command[1:]
        with np.errstate(all="ignore"):
            assert main(command) in (0, None), line


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_code_block_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "document"}
    for language, source in blocks(page):
        if language == "python":
            run_python(source, names)
        elif language in ("sh", "console"):
            run_shell(source)
        else:
            assert language in SHOWN_ONLY, f"a block in {language!r} is never run"


def test_a_wrong_block_would_be_noticed() -> None:
    with pytest.raises(AssertionError):
        run_python(">>> 1 + 1\n3\n", {})


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.skipif(bundled() is None, reason="the extra `lessons` brings the renderer")
def test_derived_pages_and_pictures_are_up_to_date() -> None:
    derived = load(ROOT / "docs" / "build.py").pages()
    stale = [path for path, text in derived.items() if (ROOT / "docs" / path).read_text() != text]
    assert stale == [], "run python docs/build.py"
