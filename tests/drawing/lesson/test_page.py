"""The file: its size, its policy, nothing from outside, names as text; and the material is what the engine did."""

import base64
import hashlib
import html
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.drawing.lesson.samples import circuits, nested, network, neuron, tensors
from tests.test_examples import load
from tinygrad_edu import Value, group, sigmoid
from tinygrad_edu.drawing import exercise, lesson, steps
from tinygrad_edu.drawing.lesson import shorten
from tinygrad_edu.drawing.lesson.data import called
from tinygrad_edu.drawing.lesson.material import material
from tinygrad_edu.drawing.lesson.regroup import CROWD
from tinygrad_edu.errors import GraphError, SettingError

SIGMOID_PAGE, LARGE_PAGE = 60_000, 1_500_000
HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--",
    "]]>",
    "\ud800",
    "{data}",
    "\\1",
]


def data_in(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="lesson">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    return json.loads(zlib.decompress(base64.b64decode(data["packed"]))) if "packed" in data else data


def test_pages_keep_to_their_budgets() -> None:
    assert len(lesson(neuron()).html.encode()) <= SIGMOID_PAGE
    large = lesson(network(120))
    assert len(large.material.values) >= 10_000
    assert len(large.html.encode()) <= LARGE_PAGE


def test_a_network_without_any_group_keeps_to_the_budget_too() -> None:
    layer = [Value(0.1 * k, name=f"x{k}") for k in range(16)]
    for size in (24, 24):
        layer = [np.tanh(sum((Value(0.01 * j * k) * x for j, x in enumerate(layer)), Value(0.0))) for k in range(size)]
    flat = lesson(sum(layer[1:], layer[0]))
    assert len(flat.material.values) > 2_500
    assert len(flat.html.encode()) <= LARGE_PAGE / 4


def test_a_large_flat_graph_is_cut_into_stretches() -> None:
    x = Value(1.0, name="x")
    for _ in range(2 * CROWD):
        x = np.tanh(x) + 0.5
    told = material(x)
    sizes: dict[Any, int] = {}
    for part in told.parts:
        sizes[part.group] = sizes.get(part.group, 0) + 1
    assert max(sizes.values()) <= CROWD
    assert None not in sizes


def test_a_crowd_of_groups_is_cut_too_and_repeated_ones_are_one_box() -> None:
    x = y = Value(1.0, name="x")
    for k in range(CROWD + 10):
        with group(f"step {k}"):
            x = np.tanh(x)
    names = [name for name, *_ in lesson(x).data["groups"]]
    assert "parts 1 to 60" in names
    for _ in range(12):
        with group("block"):
            weight = Value(0.5)
            y = np.tanh(y * weight)
    data = lesson(y + 1).data
    assert [name for name, *_ in data["groups"]] == ["", "block ×12", *["block"] * 12]
    assert {parent for _, parent, _ in data["groups"][2:]} == {1}


@pytest.mark.parametrize("make", [neuron, nested, tensors, lambda: network(4)])
def test_a_page_asks_for_nothing_from_outside(make: Any) -> None:
    page = lesson(make()).html
    assert {*re.findall(r"https?://[^\s\"'<>)]*", page)} <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1998/Math/MathML",
    }
    assert not re.search(r"<(?:link|iframe|object|embed|base)\b|\bsrc=|@import|\bfetch\(|XMLHttp|import\(|eval\(", page)


def test_the_policy_allows_this_script_and_this_style_and_no_other() -> None:
    page = lesson(neuron()).html
    policy = html.unescape(re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1])
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for kind, tag in (("script", r"<script>(.*?)</script>"), ("style", r"<style>(.*?)</style>")):
        (body,) = re.findall(tag, page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not re.search(r'\sstyle="|\son\w+="', page)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    x = Value(2.0, name=name)
    with group(name):
        y = x * x
    page = lesson(np.exp(y), title=name).html
    plain = lesson(np.exp(Value(2.0) * 2)).html
    for tag in ("<script", "</script", "<img", "<!--"):
        assert page.count(tag) == plain.count(tag)
    assert data_in(page)["names"][0] == called(material(y))[x]


@settings(max_examples=40)
@given(circuits())
def test_the_material_is_the_engines_walk(v: Value) -> None:
    data, record = data_in(lesson(v).html), steps(v)
    told = material(v)
    v.backward()
    for k, value in enumerate(told.values):
        if value in {s.input for s in record} | {v}:
            assert data["values"][k] == value.item()
            assert data["grads"][k] == value.grad
    downs = {(id(s.node), s.position): (s.local, s.downstream) for s in record}
    assert {(id(p.out), k): (r.local, r.downstream) for p in told.parts for k, r in p.rows.items()} == downs
    assert [id(p.out) for p in told.back] == list(dict.fromkeys(id(s.node) for s in record))


def test_the_parts_of_a_gate_end_where_the_gate_does() -> None:
    x = Value(0.3, name="x")
    told = material(sigmoid(x) * 2)
    fused = next(part for part in told.parts if part.parts)
    assert [str(part.gate) for part in fused.smallest_back()] == ["div", "add", "exp", "mul"]
    last = [*fused.smallest_back()][-1]
    assert [row.downstream for row in last.rows.values()] == pytest.approx([fused.rows[0].downstream])
    assert fused.parts[-1].out is fused.out


def test_the_users_names_come_before_automatic_ones() -> None:
    f, t1 = Value(2.0, name="f"), Value(3.0, name="t1")
    other = Value(4.0, name="f")
    names = called(material((f * t1 + other) * 2))
    assert [*names.values()] == ["f", "t1", "f₂", "t2", "t3", "t4"]


@pytest.mark.parametrize("make", [neuron, nested, tensors])
def test_an_exercise_does_not_show_its_answers(make: Any) -> None:
    made = exercise(make(), blanks=4, seed=3)
    assert len(made.blanks) == 4
    page = made.html
    for blank in made.blanks:
        assert repr(blank.answer) not in page
        assert repr(blank.answer) in made.key
    assert [q[3] for q in data_in(page)["quiz"]] == [blank.answer for blank in made.blanks]
    assert page.count("<td>?<") >= 4


def test_an_exercise_is_the_same_for_a_seed_and_asks_what_it_is_told() -> None:
    root = nested()
    first, again, other = (exercise(root, seed=seed).blanks for seed in (0, 0, 1))
    assert first == again
    assert first != other
    x = root.inputs[1]
    assert [blank.value is x for blank in exercise(root, blanks=[("value", x)]).blanks] == [True]
    with pytest.raises(SettingError, match="no gradient of"):
        exercise(root, blanks=[("gradient", Value(1.0))])
    with pytest.raises(SettingError, match="nothing to ask"):
        exercise(root, blanks=0)


def test_wrong_use_is_an_error_that_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="is a leaf"):
        lesson(Value(1.0))
    with pytest.raises(TypeError, match="float has no graph"):
        lesson(1.0)
    with pytest.raises(SettingError, match=r"'sigmod'.*the graph has sigmoid"):
        lesson(neuron(), open="sigmod")
    with pytest.raises(SettingError, match="theme 'pink'"):
        lesson(neuron(), theme="pink")
    with pytest.raises(SettingError, match="precision"):
        lesson(neuron(), precision=40)
    assert (
        lesson(neuron(), tmp_path / "a.html").save(tmp_path / "b.html").read_text() == (tmp_path / "a.html").read_text()
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: sigmoid(Value(-1000.0, name="x")),
        lambda: np.log(Value(0.0, name="x")) * 0,
        lambda: abs(Value(1 + 2j, name="z")) * 2,
        lambda: Value(np.zeros((0, 3)), name="e").sum() + 1,
        lambda: np.exp(Value(np.array([np.nan, np.inf, -1.0]), name="v")),
        lambda: Value(np.ones((2, 3), np.float32), name="w") * 2,
    ],
)
def test_odd_numbers_still_make_a_page(make: Any) -> None:
    with np.errstate(all="ignore"):
        data = data_in(lesson(make(), open="all").html)
    assert len(data["values"]) == len(data["grads"])


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ('const abc = "a  // b"; // gone\nabc.abc = 1;', 'let abc="a  // b";abc.abc=1;'),
        ("let wide = `x ${wide + `  ${wide}`}  y`;", "let _a=`x ${_a+`  ${_a}`}  y`;"),
        ("const rest = /[/ ]+ x/.test(y) / 2 / z;", "let _a=/[/ ]+ x/.test(y)/2/z;"),
        ("const part = 1; f({ part, other: part });", "let part=1;f({part,other:part});"),
        ("const many = 1; f(...many, a - -b);", "let _a=1;f(..._a,a- -b);"),
        ("const one = 1; let two = { a: 2 }; g(); let b = true;", "let _a=1,_b={a:2};g();let b=!0;"),
        ("for (let k = 1; k < 2; k++) { let a = 1; let b = 2; }", "for(let k=1;k<2;k++){let a=1,b=2}"),
        ("if (a) { b(); } const c = 1; const d = 2;", "if(a){b()}let c=1,d=2;"),
        ("const act = async (event) => event.type;", "let _b=async _a=>_a.type;"),
    ],
)
def test_scripts_are_shortened_without_changing_what_they_say(long: str, short: str) -> None:
    assert shorten.script(long) == short


def test_the_lessons_in_the_documents_are_what_the_code_writes() -> None:
    """The same but for the last digits, which NumPy may round otherwise on another machine."""
    docs = Path(__file__).parents[3] / "docs"
    for path, page in load(docs / "build.py").lessons().items():
        shown = (docs / path).read_text(encoding="utf-8")
        assert without_data(shown) == without_data(page), "run python docs/build.py"
        assert rounded(data_in(shown)) == rounded(data_in(page)), "run python docs/build.py"


def without_data(page: str) -> str:
    return re.sub(r'(id="lesson">).*?(</script>)', r"\1\2", page, flags=re.DOTALL)


def rounded(data: Any) -> Any:
    if isinstance(data, list):
        return [rounded(x) for x in data]
    if isinstance(data, dict):
        return {name: rounded(x) for name, x in data.items()}
    return float(f"{data:.9g}") if isinstance(data, float) else data
