"""Makes the pages and pictures that are derived from the code: `python docs/build.py` writes them all.

The tests call `pages()` and fail when a page in the repository is not what the code says today.
"""

import importlib
import inspect
from pathlib import Path

import numpy as np

from tinygrad_edu import GATES, Gate, Value, draw, group, sigmoid, softmax_cross_entropy
from tinygrad_edu.drawing import exercise, lesson

DOCS = Path(__file__).parent
MODULES = [
    "",
    "drawing",
    "nn",
    "nn.functional",
    "nn.init",
    "optim",
    "data",
    "training",
    "testing",
    "expressions",
    "errors",
]


def gate_row(gate: Gate) -> str:
    inputs = ", ".join([*gate.names, *([f"*{gate.variadic}"] if gate.variadic else [])])
    settings = ", ".join(
        f"{name}={gate.defaults[name]!r}" if name in gate.defaults else name for name in sorted(gate.settings)
    )
    kind = " · ".join(word for word, holds in [("elementwise", gate.elementwise), ("opens", gate.parts)] if holds)
    cells = [f"`{gate.name}`", gate.symbol, f"`{inputs}`", f"`{settings}`" if settings else "", gate.sentence, kind]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def gates_page() -> str:
    """Every registered gate, from its declaration."""
    families: dict[str, list[Gate]] = {}
    for gate in GATES.values():
        if gate.forward.__module__.startswith("tinygrad_edu."):
            families.setdefault(gate.forward.__module__.rpartition(".")[2], []).append(gate)
    lines = [
        "# Gates",
        "",
        "Derived from the declarations. *Opens* marks a fused gate that a drawing can open into parts.",
        "",
    ]
    for family, gates in sorted(families.items()):
        lines += [f"## {family.capitalize()}", "", "| gate | symbol | inputs | settings | what it does | kind |"]
        lines += ["|---|---|---|---|---|---|", *map(gate_row, gates), ""]
    return "\n".join(lines)


def first_line(found: object) -> str:
    return (inspect.getdoc(found) or "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def api_page() -> str:
    """Every public name with the first sentence of its docstring."""
    lines = ["# Public names", "", "Derived from the docstrings; `help(name)` has the whole text and an example.", ""]
    for name in MODULES:
        full = f"tinygrad_edu.{name}".rstrip(".")
        module = importlib.import_module(full)
        lines += [f"## `{full}`", "", first_line(module), "", "| name | what it is |", "|---|---|"]
        for public in sorted(module.__all__):
            found = getattr(module, public)
            what = "a module: " if inspect.ismodule(found) else ""
            documented = callable(found) or inspect.ismodule(found)
            lines.append(f"| `{public}` | {what}{first_line(found) if documented else f'a {type(found).__name__}'} |")
        lines.append("")
    return "\n".join(lines)


def sigmoid_picture() -> str:
    """The neuron of the course in small gates, with values and gradients."""
    w0, x0, w1, x1, w2 = (Value(n, name=name) for name, n in {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}.items())
    f = 1 / (1 + np.exp(-1 * (w0 * x0 + w1 * x1 + w2)))
    f.name = "f"
    f.backward()
    return draw(f, engine="bundled").svg


def neuron() -> Value:
    """The neuron of the course, its sigmoid one gate that opens."""
    w0, x0, w1, x1, w2 = (Value(n, name=name) for name, n in {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}.items())
    return sigmoid(w0 * x0 + w1 * x1 + w2)


def layer() -> Value:
    """A layer with its loss: tensors, a broadcast bias, a maximum, and a fused loss that opens."""
    x, w, b = (
        Value(np.linspace(-1, 1, n).reshape(shape), name=name)
        for name, n, shape in (("X", 12, (3, 4)), ("W", 8, (4, 2)), ("b", 2, (2,)))
    )
    with group("layer"):
        h = np.maximum(x @ w + b, 0)
    return softmax_cross_entropy(h, np.array([0, 1, 1]))


def lessons() -> dict[str, str]:
    """The lesson pages by their path in `docs/`."""
    title = "A neuron: σ(w0·x0 + w1·x1 + w2)"
    return {
        "lessons/sigmoid.html": lesson(neuron(), title=title).html,
        "lessons/sigmoid-exercise.html": exercise(neuron(), blanks=6, title=title).html,
        "lessons/layer.html": lesson(layer(), title="A layer and its loss", open="layer").html,
    }


def pages() -> dict[str, str]:
    """All derived pages and pictures by their path in `docs/`."""
    return {
        "reference/gates.md": gates_page(),
        "reference/api.md": api_page(),
        "images/sigmoid.svg": sigmoid_picture(),
    }


def main() -> None:
    for path, text in {**pages(), **lessons()}.items():
        (DOCS / path).parent.mkdir(exist_ok=True)
        (DOCS / path).write_text(text)
        print(f"wrote docs/{path}")


if __name__ == "__main__":
    main()
