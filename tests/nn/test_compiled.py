"""Every layer and loss in a compiled training step: outputs, gradients and state as in the eager one."""

import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.nn.cases import CASES, Case
from tests.nn.running import STEPS, flat, layer_of, upstream
from tinygrad_edu import Value, compile, manual_seed, nn
from tinygrad_edu.errors import GraphError, OutOfRangeError, SettingError, ShapeError

TOLERANCE = {np.float64: 1e-11, np.float32: 2e-4}
SHORTENS = "max_norm changes the weight at every call, which a trace can't follow"


def lived(case: Case, dtype: Any, way: Callable[[Any], Any]) -> dict[str, Any]:
    """What some steps in training and one in inference leave behind."""
    layer = layer_of(case, dtype)
    manual_seed(3)
    leaves = [Value(given.make(0, dtype)) if given.graded else None for given in case.inputs]

    def step(*constants: Any) -> Any:
        rest = iter(constants)
        outputs = flat(layer(*[next(rest) if leaf is None else leaf for leaf in leaves]))
        layer.zero_grad()
        for leaf in leaves:
            if leaf is not None:
                leaf.zero_grad()
        sum(np.sum(out * g) for out, g in zip(outputs, upstream(outputs, dtype), strict=True)).backward()
        return tuple(outputs)

    step, found = way(step), {}
    for number in range(STEPS + case.training):
        layer.train(number < STEPS and case.training)
        arrays = [given.make(10 * number + k, dtype) for k, given in enumerate(case.inputs)]
        for leaf, array in zip(leaves, arrays, strict=True):
            if leaf is not None:
                leaf.data = array
        outs = step(*[array for leaf, array in zip(leaves, arrays, strict=True) if leaf is None])
        found |= {f"{number} output {k}": np.array(out.data) for k, out in enumerate(outs)}
        found |= {f"{number} input {k}": np.array(leaf.grad) for k, leaf in enumerate(leaves) if leaf is not None}
        grads = {name: p.grad for name, p in layer.named_parameters() if p.grad is not None}
        found |= {f"{number} gradient {name}": np.array(grad) for name, grad in grads.items()}
        found |= {f"{number} state {name}": np.array(array) for name, array in layer.named_buffers()}
    return found


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_layer_is_compiled_as_it_is(case: Case, dtype: Any) -> None:
    wanted = lived(case, dtype, lambda step: step)
    for plan in (False, True) if dtype is np.float64 else (True,):
        if case.kind == "Embedding" and len(case.arguments) > 3:
            with pytest.raises(GraphError, match=SHORTENS):
                lived(case, dtype, partial(compile, plan=plan))
            continue
        found = lived(case, dtype, partial(compile, plan=plan))
        assert found.keys() == wanted.keys()
        for name, x in wanted.items():
            assert found[name].dtype == x.dtype, name
            np.testing.assert_allclose(
                found[name], x, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype], err_msg=f"{name}, plan={plan}"
            )


def test_the_comparison_sees_another_layer() -> None:
    relu, tanh = (next(case for case in CASES if case.kind == kind) for kind in ("ReLU", "Tanh"))
    a, b = (lived(case, np.float64, compile) for case in (relu, tanh))
    assert a.keys() == b.keys()
    assert not np.allclose(a["0 input 0"], b["0 input 0"])


SCORES, LABELS = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]]), np.array([2, 0])
CHECKED = {
    "probabilities": (lambda p, y: nn.BCELoss()(p, y), (SCORES[0], LABELS[:1] * [1, 0, 1]), 0, SettingError),
    "class numbers": (lambda s, y: nn.NLLLoss()(s, y), (SCORES, LABELS), 1, ShapeError),
    "smoothed labels": (lambda s, y: nn.CrossEntropyLoss(label_smoothing=0.1)(s, y), (SCORES, LABELS), 1, ShapeError),
    "rows": (lambda w, k: np.sum(nn.functional.embedding(k, w)), (SCORES, np.array([1, 0])), 1, OutOfRangeError),
    "variances": (lambda m, v: nn.GaussianNLLLoss()(m, 0 * m, v), (SCORES, SCORES + 1), 1, SettingError),
}


@pytest.mark.parametrize("name", CHECKED)
@pytest.mark.parametrize("plan", [False, True])
def test_a_program_refuses_what_the_function_refuses(name: str, plan: bool) -> None:
    f, arrays, wrong, error = CHECKED[name]
    program = compile(f, plan=plan)
    np.testing.assert_allclose(program(*arrays), f(*arrays), rtol=1e-14)
    bad = list(arrays)
    bad[wrong] = arrays[wrong] * -7 + 9 - 5 * (name == "variances")
    with pytest.raises(error) as eager:
        f(*bad)
    with pytest.raises(error, match=re.escape(str(eager.value))):
        program(*bad)


@pytest.mark.parametrize("name", CHECKED)
def test_such_a_program_runs_with_numpy_alone(name: str, tmp_path: Path) -> None:
    f, arrays, *_ = CHECKED[name]
    file = compile(f).trace(*arrays).save(tmp_path / "loss.py", test_data=arrays)
    run = f"import runpy, sys; sys.modules['tinygrad_edu'] = None; runpy.run_path({str(file)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False)
    assert (done.returncode, "as recorded" in done.stdout) == (0, True), done.stderr


def test_layers_that_pytorch_does_not_have_are_compiled_too() -> None:
    x, y = np.sin(np.arange(24.0)).reshape(6, 4), np.array([0, 3, 1, 2, 2, 0])
    makers: dict[str, tuple[Callable[[], nn.Module], tuple[Any, ...]]] = {
        "DropConnectLinear": (lambda: nn.DropConnectLinear(4, 3), ()),
        "GaussianNoise": (lambda: nn.GaussianNoise(0.1), ()),
        "Hardmax": (nn.Hardmax, ()),
        "HingeLoss": (nn.HingeLoss, (np.sign(x),)),
        "Maxout": (lambda: nn.Maxout(4, 3, 2), ()),
        "MultiClassHingeLoss": (nn.MultiClassHingeLoss, (y,)),
        "Neuron": (lambda: nn.Neuron(4), ()),
        "Residual": (lambda: nn.Residual(nn.Linear(4, 4)), ()),
    }
    for name, (make, more) in makers.items():
        ran = []
        for way in (lambda step: step, compile):
            manual_seed(0)
            layer, leaf = make(), Value(x)

            def step(*more: Any, layer: Any = layer, leaf: Any = leaf) -> Any:
                layer.zero_grad()
                leaf.zero_grad()
                out = layer(leaf, *more)
                (np.sum(out * out) + np.sum(leaf)).backward()
                return out

            step = way(step)
            outs = [np.array(getattr(step(*more), "data", None)) for _ in range(2)]
            ran.append([*outs, leaf.grad, *[p.grad for p in layer.parameters()]])
        for a, b in zip(*ran, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    ("layer", "name", "new"),
    [
        (nn.Dropout(0.5), "p", 0.0),
        (nn.LeakyReLU(0.1), "negative_slope", 0.9),
        (nn.CrossEntropyLoss(), "label_smoothing", 0.3),
        (nn.CrossEntropyLoss(), "reduction", "sum"),
        (nn.CrossEntropyLoss(), "ignore_index", 0),
        (nn.CrossEntropyLoss(), "weight", np.array([5.0, 1.0, 0.1])),
    ],
)
def test_a_setting_that_changes_is_noticed(layer: nn.Module, name: str, new: Any) -> None:
    program, more = compile(layer), () if "Loss" not in type(layer).__name__ else (LABELS,)
    program(-SCORES, *more)
    setattr(layer, name, new)
    np.testing.assert_allclose(program(-SCORES, *more), layer(-SCORES, *more), rtol=1e-14)
    before = repr(program)
    setattr(layer, name, new if isinstance(new, np.ndarray) else type(new)(new))
    program(-SCORES, *more)
    assert repr(program) == before


def test_what_a_layer_counts_while_it_runs_makes_no_new_programs() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            self.calls, self.scale = 0, 2.0

        def forward(self, x: Any) -> Any:
            self.calls += 1
            return x * self.scale

    layer = Counting()
    program = compile(layer)
    for _ in range(3):
        program(SCORES)
    assert (layer.calls, repr(program).endswith("1 program)")) == (1, True)
    layer.scale = 3.0
    np.testing.assert_array_equal(program(SCORES), SCORES * 3)


def test_one_hot_rows_are_made_anew_at_each_run() -> None:
    program = compile(lambda k: nn.functional.one_hot(k, 3))
    for labels in (LABELS, LABELS[::-1].copy()):
        np.testing.assert_array_equal(program(labels), nn.functional.one_hot(labels, 3))
    with pytest.raises(OutOfRangeError, match="labels run from 0 to 3, classes from 0 to 2"):
        program(LABELS + np.array([1, 0]))
    with pytest.raises(GraphError, match="while it is compiled"):
        compile(nn.functional.one_hot)(LABELS)


@pytest.mark.parametrize("first", [[2, -100], [2, 0]])
def test_ignored_labels_are_left_out_where_the_first_ones_have_some(first: list[int]) -> None:
    loss_of = nn.CrossEntropyLoss()
    program = compile(loss_of)
    np.testing.assert_allclose(program(SCORES, np.array(first)), loss_of(SCORES, np.array(first)), rtol=1e-14)
    if -100 in first:
        for labels in ([0, 1], [-100, 1]):
            wanted = loss_of(SCORES, np.array(labels))
            np.testing.assert_allclose(program(SCORES, np.array(labels)), wanted, rtol=1e-14)
    else:
        with pytest.raises(ValueError, match="label"):
            program(SCORES, np.array([-100, 1]))


def test_another_ignored_number_is_left_out_from_the_first() -> None:
    loss_of = nn.CrossEntropyLoss(ignore_index=-1)
    program = compile(loss_of)
    for labels in ([0, 1], [-1, 1], [2, -1]):
        wanted = loss_of(SCORES, np.array(labels))
        np.testing.assert_allclose(program(SCORES, np.array(labels)), wanted, rtol=1e-14)
