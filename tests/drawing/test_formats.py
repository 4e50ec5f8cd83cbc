"""LaTeX and plain text beside SVG: the same numbers, everything a user names escaped, and what notebooks show."""

import re
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.drawing.test_drawing import HOSTILE, graphs, needs_renderer, neuron
from tests.drawing.test_golden import network, wide
from tests.gates.samples import every
from tinygrad_edu import Value, draw, group, nn, sigmoid
from tinygrad_edu.compiling import compile as compile_
from tinygrad_edu.drawing import picture
from tinygrad_edu.drawing.dot import to_dot
from tinygrad_edu.drawing.placing import placed
from tinygrad_edu.drawing.terminal import cells, to_txt
from tinygrad_edu.drawing.writers import latex_text
from tinygrad_edu.errors import RenderError

LATEX = [*HOSTILE, r"\input{/etc/passwd}", r"\end{document}", "$x$", "50 %", "a_b^c", "#1", "~", "{", "}", "w_in", "σ"]
_COMMAND = re.compile(r"\\([a-zA-Z]+|.)")
_KNOWN = frozenset(
    """documentclass usepackage renewcommand familydefault sfdefault definecolor newcommand plainsize smallsize fontsize
    selectfont begin end draw node fill textbackslash textasciicircum textless textgreater textbar textquotedbl text
    textasciigrave textasciitilde ensuremath cdot times div infty ldots textsuperscript textsubscript sigma bfseries
    surd Sigma { } $ & # % _""".split()  # noqa: SIM905 - a list of words
)


def commands(tex: str) -> set[str]:
    return {found.group(1) for found in _COMMAND.finditer(tex)}


def balanced(tex: str) -> bool:
    """Whether braces match, those that are escaped left out."""
    depth = 0
    for c in re.sub(r"\\[{}\\]", "", tex):
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return False
    return depth == 0


@needs_renderer
@pytest.mark.parametrize("style", ["circuit", "nodes"])
@pytest.mark.parametrize("name", LATEX)
def test_hostile_names_stay_text_in_latex(name: str, style: Any) -> None:
    x = Value(1.0, name=name)
    with group(name):
        y = x * Value(2.0, name=name) + 1
    tex = draw(y, style, marks={y: name, x: name}, engine="bundled").tex
    assert balanced(tex)
    assert commands(tex) <= _KNOWN, commands(tex) - _KNOWN
    assert tex.count(r"\end{document}") == tex.count(r"\begin{document}") == 1
    assert not re.search(r"(?<!\\)[%#&]", tex)


@needs_renderer
def test_the_latex_has_every_number_and_symbol_of_the_picture() -> None:
    for drawing in (draw(neuron(fused=False), engine="bundled"), draw(network(), engine="bundled")):
        tex = drawing.tex.replace(r"\ensuremath{-}", "−")
        for node in drawing.picture.nodes:
            if node.kind not in ("gate", "closed") and "…" not in node.data:
                assert f"{{{node.data}}}" in tex
        assert tex.count(r"\draw[wire]") == len(drawing.picture.wires) + sum(
            node.kind not in ("gate", "closed") for node in drawing.picture.nodes
        )
    assert "{$w_{0}$}" in draw(neuron(fused=True), engine="bundled").tex


def test_every_symbol_and_sentence_of_a_gate_has_its_letters_in_latex() -> None:
    for gate in every().values():
        tex = latex_text(gate.symbol + gate.sentence)
        assert all(ord(c) < 256 for c in tex), [c for c in tex if ord(c) > 255]
        assert balanced(tex)


@needs_renderer
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
@pytest.mark.parametrize("style", ["circuit", "nodes"])
def test_the_latex_compiles(style: Any, tmp_path: Path) -> None:
    with group("50 % & more"):
        y = neuron(fused=True) * Value(2.0, name=r"\hostile_{")
    draw(y, style, engine="bundled").save(tmp_path / "a.tex")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


@needs_renderer
@settings(max_examples=20, deadline=None)
@given(graphs())
def test_places_hold_every_node_apart_and_every_wire_joins_two(v: Value) -> None:
    made = picture(v, open="all")
    where = placed(to_dot(made), "bundled")
    assert {node.id for node in made.nodes} == where.nodes.keys()
    assert {box.id for box in made.boxes} == where.boxes.keys()
    assert sorted((w.source, w.target) for w in made.wires) == sorted((a, b) for a, b, _ in where.wires)
    rectangles = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for x, y, w, h in where.nodes.values()]
    for k, a in enumerate(rectangles):
        for b in rectangles[:k]:
            assert a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 1 or b[3] <= a[1] + 1
    for source, target, points in where.wires:
        for name, (x, y) in ((source, points[0]), (target, points[-1])):
            cx, cy, w, h = where.nodes[name]
            assert abs(x - cx) <= w / 2 + 7
            assert abs(y - cy) <= h / 2 + 7


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in line)


def test_the_text_is_the_circuit() -> None:
    lines = draw(neuron(fused=True)).txt.splitlines()
    assert lines[1].startswith("w0 ────────╮")
    assert lines[-2].startswith("x1 ──────────╯")
    row = next(line for line in lines if "(σ)" in line)
    assert re.search(r"─\(\+\)─+\(σ\)─+$", row)
    at = row.index("σ")
    above, below = lines[lines.index(row) - 1], lines[lines.index(row) + 1]
    assert above[at:].strip() == "0.73"
    assert below[at:].strip() == "1.00"


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_the_text_holds_every_number_and_every_wire_has_its_line(v: Value) -> None:
    v.backward()
    made = picture(v)
    text = to_txt(made)
    for node in made.nodes:
        assert node.data in text
        assert node.gradient in text
        if node.kind == "gate":
            assert f"({node.text})" in text
            row = next(line for line in text.splitlines() if f"({node.text})" in line)
            assert row[row.index(f"({node.text})") - 1] in "─├┤┬┴┼╭╮╰╯"
            assert row[row.index(f"({node.text})") + len(node.text) + 2] in "─├┤┬┴┼╭╮╰╯"


def test_wide_characters_take_two_columns_in_text() -> None:
    assert [cells(text) for text in ("损失", "ab", "é", "e\u0301")] == [4, 2, 1, 1]
    lines = draw(wide()).txt.splitlines()
    rows = [line for line in lines if "╮" in line or "╯" in line or "├" in line or "┬" in line]
    corners = {columns(line[: re.search("[╮╯├╰]", line).start()]) for line in rows}
    assert max(corners) - min(corners) <= 1  # two wires turn side by side, though their names are wide
    assert any(line.rstrip().endswith(" 损失") for line in lines)


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_keeps_the_text_in_shape(name: str) -> None:
    x = Value(1.0, name=name)
    text = draw(x * Value(2.0, name=name), marks={x: name}).txt
    assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in text.replace("\n", ""))
    assert len(text.splitlines()) <= 14


@needs_renderer
def test_saving_writes_latex_and_text_and_explains_pdf(tmp_path: Path) -> None:
    drawing = draw(neuron(fused=True), engine="bundled")
    assert drawing.save(tmp_path / "a.tex").read_text(encoding="utf-8") == drawing.tex
    assert drawing.save(tmp_path / "a.txt").read_text(encoding="utf-8") == drawing.txt
    with pytest.raises(RenderError, match=r"writes no PDF: install Graphviz, print the SVG, or save \.tex"):
        drawing.save(tmp_path / "a.pdf")


@needs_renderer
def test_a_value_shows_its_circuit_in_a_notebook() -> None:
    f = neuron(fused=True)
    shown = f._repr_mimebundle_()
    assert shown["image/svg+xml"].startswith("<svg role")
    assert shown["text/plain"] == repr(f)
    assert list(Value(1.0)._repr_mimebundle_()) == ["text/plain"]


def test_a_value_shows_itself_as_text_where_nothing_can_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYGRAD_EDU_DOT", "/nowhere/dot")
    assert list(sigmoid(Value(1.0))._repr_mimebundle_()) == ["text/plain"]
    x = Value(1.0)
    for _ in range(1500):
        x = x * 1.01
    assert list(x._repr_mimebundle_()) == ["text/plain"]


def test_a_model_shows_its_layers_in_a_notebook() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(2, 2)

        def extra_repr(self) -> str:
            return "<script>"

        def forward(self, x: Any) -> Any:
            return self.layer(x)

    shown = Odd()._repr_mimebundle_()
    assert "6 parameters" in shown["text/html"]
    assert "<script>" not in shown["text/html"]
    assert shown["text/plain"] == repr(Odd())


def test_marks_and_tensors_are_told_in_text() -> None:
    x = Value(np.ones((2, 3)), name="x")
    y = x * 2
    text = draw(y, marks={y: "too large"}).txt
    assert "! too large" in text
    assert "!(×2)" in text
    assert "2×3" in text


def test_a_compiled_function_shows_its_source_in_a_notebook() -> None:
    def loss(x: Any) -> Any:
        return np.sum(np.tanh(x) * (x < 3))

    compiled = compile_(loss)
    assert list(compiled._repr_mimebundle_()) == ["text/plain"]
    compiled(Value(np.ones(3)))
    shown = compiled._repr_mimebundle_()["text/html"]
    assert "np.tanh" in shown or "tanh" in shown
    assert "<script" not in shown
    assert shown.startswith("<details><summary>compile(loss, 1 program)")
