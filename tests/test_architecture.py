"""The architecture as DESIGN promises it: layers, no cycles, short files and functions, documented names."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

import tinygrad_edu

PACKAGE = Path(tinygrad_edu.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

LAYERS = [
    {"errors"},
    {"modes", "operators", "arrays", "node", "declaration", "downstream", "walking", "engine", "random"},
    {"gates", "numpy_protocol"},
    {"calculus", "diagnosis"},
    {"compiling", "drawing", "testing", "nn", "optim", "data"},
    {"training", "expressions"},
    {"cli", "__main__", "__init__"},
]
RINGS = {"engine", "operators", "arrays", "node", "declaration", "downstream", "modes", "walking"}
SIBLINGS_ALLOWED = {("drawing", "compiling"), ("testing", "drawing")}
LAYER = {room: height for height, rooms in enumerate(LAYERS) for room in rooms}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def is_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imported(tree: ast.AST, path: Path, *, lazily: bool) -> Iterator[str]:
    """Names of the package's modules that a file imports; with `lazily` also inside functions."""
    for node in ast.iter_child_nodes(tree):
        if is_checking(node) or (not lazily and isinstance(node, ast.FunctionDef)):
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1].relative_to(PACKAGE).parts
            inside = [*base, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                full = PACKAGE.joinpath(*inside, alias.name)
                is_module = full.with_suffix(".py").exists() or full.is_dir()
                yield ".".join([*inside, alias.name] if is_module else inside) or "__init__"
        yield from imported(node, path, lazily=lazily)


GRAPH = {
    module_name(path): set(imported(ast.parse(path.read_text()), path, lazily=True)) - {module_name(path)}
    for path in FILES
}
AT_IMPORT = {
    module_name(path): set(imported(ast.parse(path.read_text()), path, lazily=False)) - {module_name(path)}
    for path in FILES
}


def breaches(graph: dict[str, set[str]]) -> list[str]:
    """Imports that go up, or sideways between rooms of one layer."""
    found = []
    for module, targets in graph.items():
        room = module.split(".")[0]
        for target in targets:
            other = target.split(".")[0]
            if room == other or {room, other} <= RINGS or (room, other) in SIBLINGS_ALLOWED:
                continue
            sideways = LAYER[room] == LAYER[other] and room not in LAYERS[1] | LAYERS[2] | LAYERS[3] | LAYERS[6]
            if LAYER[other] > LAYER[room] or sideways:
                found.append(f"{module} imports {target}")
    return found


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """A ring of imports, or nothing."""
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module not in done:
            for target in graph.get(module, ()):
                if ring := visit(target, [*path, module]):
                    return ring
            done.add(module)
        return []

    return next((ring for module in graph if (ring := visit(module, []))), [])


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Functions of a file with the lines of their bodies, docstrings left out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            yield f"{path.relative_to(PACKAGE)}:{node.name}", lines


def test_every_room_has_its_layer() -> None:
    assert {module.split(".")[0] for module in GRAPH} <= LAYER.keys()


def test_imports_go_down_the_layers() -> None:
    assert breaches(GRAPH) == []


def test_no_import_cycles() -> None:
    assert cycle({module: targets - {"__init__"} for module, targets in AT_IMPORT.items()}) == []


def test_the_checks_notice_a_breach_and_a_ring() -> None:
    assert breaches({"engine": {"nn.linear"}}) == ["engine imports nn.linear"]
    assert breaches({"optim": {"nn"}}) == ["optim imports nn"]
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


def test_files_are_short() -> None:
    lengths = {module_name(path): len(path.read_text().splitlines()) for path in FILES}
    assert lengths["engine"] <= 300
    assert {module: n for module, n in lengths.items() if n > 400} == {}


def test_functions_are_short() -> None:
    lengths = dict(pair for path in FILES for pair in functions(path))
    one_loop = "walking.py:walk_direct"  # a call for each input takes a seventh more to walk back
    assert {name for name, n in lengths.items() if n > 40} == {one_loop}
    assert lengths[one_loop] <= 80
    assert median(lengths.values()) <= 6


def test_lines_stay_within_120_columns() -> None:
    long = [
        f"{path}:{n}" for path in FILES for n, line in enumerate(path.read_text().splitlines(), 1) if len(line) > 120
    ]
    assert long == []


def public_objects() -> Iterator[tuple[str, object]]:
    for info in pkgutil.walk_packages([str(PACKAGE)], "tinygrad_edu."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        yield info.name, module
        for name in getattr(module, "__all__", ()):
            found = getattr(module, name)
            if callable(found) and getattr(found, "__module__", None) == info.name:
                yield f"{info.name}.{name}", found


def test_every_public_name_is_documented() -> None:
    assert [name for name, found in public_objects() if not (getattr(found, "__doc__", None) or "").strip()] == []


def test_every_module_says_what_it_offers() -> None:
    missing = [module_name(path) for path in FILES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert missing == []


@pytest.mark.parametrize("heavy", ["matplotlib", "sklearn", "hypothesis", "graphviz", "tqdm", "torch", "scipy"])
def test_importing_the_package_loads_nothing_heavy(heavy: str) -> None:
    code = f"import sys, tinygrad_edu; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
