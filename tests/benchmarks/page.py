"""The page of the documents that shows what the benchmarks measured last."""

import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["PAGE", "markdown", "write"]

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "benchmarks.md"
PEERS = ("numpy", "torch", "jax", "mygrad", "autograd", "micrograd")
INTRODUCTION = """# Benchmarks

What things cost, beside other ways to do them, as last measured; derived by `python -m tests.benchmarks --write`. Every
benchmark first checks that all ways compute the same, then times them in turns, so that a busy machine slows all of
them, and takes medians. Times differ between machines, ratios less. No test asserts a time.
"""


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its header."""
    header, *body = rows
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *body))


def machine() -> str:
    """The class of machine, and the versions that matter."""
    found = [f"Python {platform.python_version()}"]
    for name in PEERS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return f"{os.cpu_count()} shared cores, {platform.system()} {platform.machine()}; {', '.join(found)}"


def section(name: str, said: Mapping[int, str]) -> str:
    """A benchmark's heading, what it is, when it ran, and what it said with each number of threads."""
    about = (import_module(f".{name}", __package__).__doc__ or "").strip()
    parts = [f"## {name}", about, f"*{datetime.now(UTC):%Y-%m-%d}, {machine()}*"]
    for threads, text in said.items():
        body = text.split("\n", 2)[-1].strip("\n") if text.lstrip().startswith("==") else text.strip("\n")
        threads_said = f"{threads} thread{'s' if threads > 1 else ''}:"
        parts += [threads_said, body if body.startswith("|") else f"```text\n{body}\n```"]
    return "\n\n".join(part for part in parts if part) + "\n"


def write(name: str, said: Mapping[int, str], page: Path = PAGE) -> None:
    """Put a benchmark's section into the page, in place of the one it had; the others stay."""
    old = page.read_text() if page.exists() else INTRODUCTION
    sections = {part.split("\n", 1)[0]: f"## {part}" for part in re.split(r"^## ", old, flags=re.MULTILINE)[1:]}
    sections[name] = section(name, said)
    page.write_text(INTRODUCTION + "".join(f"\n{part.rstrip()}\n" for part in sections.values()))
